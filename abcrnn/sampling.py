"""Sampler: text drawn from a model, many streams at a time.

The loop over characters is compiled and stays on the device: one call draws
the next stretch of every stream. The random numbers are drawn outside, from
the seed and the stream's number alone, so that a stream's text does not depend
on how many others were asked for.

References
----------
Fan et al., Hierarchical Neural Story Generation, 2018 (top_k); Holtzman et al.,
The Curious Case of Neural Text Degeneration, 2020, section 3.1 (top_p).
"""

from __future__ import annotations

import itertools
import logging
import secrets
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from abcrnn.arguments import require_count
from abcrnn.notation import split_tunebook, tune_body
from abcrnn.stored import BOUNDARY

_logger = logging.getLogger(__name__)

_STRETCH = 128  # characters drawn by one call
_BUCKETS = (1, 16, 64)  # streams drawn side by side: each of these is compiled at most once
_FREE = -1  # marks a character that is drawn, not given by the prompt


class Sampler:
    """Draws text from a model.

    Parameters
    ----------
    model : CharLSTM
        Or anything with ``vocabulary``, ``initial_state(batch_size)`` and
        ``step(ids, state)``.
    temperature : float
        Below 1 the likely characters become likelier; above 1 they become less so.
    top_k : int, optional
        Draw among the so many likeliest characters only (all that tie with the last).
    top_p : float, optional
        Draw among the fewest likeliest characters that together have this probability.
    seed : int, optional
        The same seed and call give the same text again; without one, each call differs.

    Raises
    ------
    ValueError
        If an argument is out of range.
    """

    def __init__(
        self,
        model: Any,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
    ) -> None:
        if not isinstance(temperature, int | float) or not 0 < temperature < float("inf"):
            raise ValueError(
                f"temperature must be a positive number, not {temperature!r} "
                "(for the likeliest character always, take top_k=1)"
            )
        if top_k is not None:
            require_count("top_k", top_k)
        if top_p is not None and (not isinstance(top_p, int | float) or not 0 < top_p <= 1):
            raise ValueError(f"top_p must be above 0 and at most 1, not {top_p!r}")
        if seed is not None:
            require_count("seed", seed, least=0)
        self._model = model
        self._temperature, self._top_k, self._top_p = float(temperature), top_k, top_p
        self._seed = seed
        self._compiled_stretch = tf.function(self._draw_stretch, jit_compile=True)

    def sample(self, prompt: str = "", length: int = 1000, n: int = 1) -> list[str]:
        """Draw text of a given length.

        Parameters
        ----------
        prompt : str
            What the text begins with.
        length : int
            Characters drawn after the prompt.
        n : int
            How many texts.

        Returns
        -------
        list of str
            Each ``len(prompt) + length`` characters long.

        Raises
        ------
        ValueError
            If a number is below 1 or the prompt has characters that the model does not know.
        """
        require_count("length", length)
        require_count("n", n)
        given = self._encode(prompt)
        lead = len(given) - len(prompt)
        texts = []
        for first in range(0, n, _BUCKETS[-1]):
            streams = range(first, min(n, first + _BUCKETS[-1]))
            parts: list[NDArray[np.int32]] = []
            drawn = 0
            for part in self._stretches(given, streams):
                parts.append(part)
                drawn += part.shape[1]
                if drawn >= len(given) + length:
                    break
            ids = np.concatenate(parts, axis=1)[: len(streams), lead : len(given) + length]
            texts += [self._model.vocabulary.decode(row) for row in ids]
        return texts

    def tunes(self, n: int, prompt: str = "X:", max_length: int = 2000) -> list[str]:
        r"""Draw complete tunes.

        A tune is complete when a blank line closes it and there is music below
        its ``K:`` line. Another takes the place of one that comes to no end within
        ``max_length`` characters, and the log says how many those were; after
        ``4 * n + 16`` streams the drawing stops.

        Parameters
        ----------
        n : int
        prompt : str
            What each tune begins with, such as ``"X:1\nM:6/8\nK:D\n"``.
        max_length : int
            Longest tune, prompt included, in characters.

        Returns
        -------
        list of str
            At most ``n`` tunes, without the blank line that closed them.

        Raises
        ------
        ValueError
            As :meth:`sample`; or if the prompt does not begin with ``X:``.
        """
        require_count("n", n)
        require_count("max_length", max_length)
        if not prompt.startswith("X:"):
            raise ValueError(
                f"a tune begins with X:, and so must its prompt, such as 'X:1\\nK:D\\n'; "
                f"not {prompt!r}"
            )
        given = self._encode(prompt, boundary_needed=True)
        complete: list[str] = []
        drawn = begun = 0
        limit = 4 * n + 16
        while len(complete) < n and drawn < limit:
            streams = range(drawn, min(limit, drawn + _bucket(n - len(complete))))
            drawn += len(streams)
            for tune in self._draw_tunes(given, streams, max_length):
                if len(complete) == n:
                    break  # the streams that only filled a bucket
                begun += 1
                if tune:
                    complete.append(tune)
        if begun > len(complete):
            _logger.warning(
                "%d of %d tunes begun had no end within %d characters, or no music%s",
                begun - len(complete),
                begun,
                max_length,
                "; others took their place"
                if len(complete) == n
                else f": {len(complete)} of {n} "
                "are complete; train longer, or try a lower temperature or a larger max_length",
            )
        return complete

    def _draw_tunes(
        self, given: NDArray[np.int32], streams: range, max_length: int
    ) -> list[str | None]:
        lead = len(BOUNDARY)
        texts = [""] * len(streams)
        ends = [-1] * len(streams)
        for part in self._stretches(given, streams):
            for row in range(len(streams)):
                if ends[row] < 0:
                    texts[row] += self._model.vocabulary.decode(part[row])
                    ends[row] = texts[row].find(BOUNDARY, max(lead, len(given) - 1))
            if all(end >= 0 for end in ends) or len(texts[0]) >= max_length + 2 * lead:
                break
        return [
            _whole_tune(text[lead:end], max_length) if end >= 0 else None
            for text, end in zip(texts, ends, strict=True)
        ]

    def _encode(self, prompt: str, boundary_needed: bool = False) -> NDArray[np.int32]:
        """Encode what every stream begins with: the blank line before a tune, and the prompt."""
        vocabulary = self._model.vocabulary
        ids: NDArray[np.int32] = vocabulary.encode(prompt)
        if "\n" in vocabulary.characters:
            before: NDArray[np.int32] = vocabulary.encode(BOUNDARY)
            return np.concatenate([before, ids])
        if boundary_needed:
            raise ValueError("this model was trained on text without lines: it knows no tunes")
        if not prompt:
            raise ValueError("this model knows no line end to begin with: give a prompt")
        return ids

    def _stretches(self, given: NDArray[np.int32], streams: range) -> Iterator[NDArray[np.int32]]:
        """Yield the characters of all streams, the given ones first, stretch by stretch."""
        rows = _bucket(len(streams))
        seed = secrets.randbits(63) if self._seed is None else self._seed
        generators = [np.random.default_rng([seed, stream]) for stream in streams]
        uniform = np.zeros((_STRETCH, rows), np.float32)
        state = self._model.initial_state(rows)
        ids = tf.fill((rows,), int(given[0]))
        yield np.full((rows, 1), given[0])
        for start in itertools.count(1, _STRETCH):
            piece = given[start : start + _STRETCH]
            forced = np.full((_STRETCH, rows), _FREE, np.int32)
            forced[: len(piece)] = piece[:, None]
            for row, generator in enumerate(generators):
                uniform[:, row] = generator.random(_STRETCH, dtype=np.float32)
            drawn, ids, state = self._compiled_stretch(ids, state, forced, uniform)
            yield drawn.numpy().T

    def _draw_stretch(
        self, ids: tf.Tensor, state: Any, forced: tf.Tensor, uniform: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, Any]:
        """Draw the next stretch of every stream.

        Parameters
        ----------
        ids : Tensor, shape (batch,), int32
            The characters before.
        state : State
            Before those characters were read.
        forced : Tensor, shape (time, batch), int32
            Characters to take instead of drawing, or -1.
        uniform : Tensor, shape (time, batch), float32
            Random numbers from 0 up to 1.

        Returns
        -------
        drawn : Tensor, shape (time, batch), int32
        ids, state
            To go on from.
        """

        def draw(t: tf.Tensor, ids: tf.Tensor, state: Any, drawn: Any) -> tuple[Any, ...]:
            logits, state = self._model.step(ids, state)
            ids = tf.where(forced[t] == _FREE, self._draw(logits, uniform[t]), forced[t])
            return t + 1, ids, state, drawn.write(t, ids)

        drawn = tf.TensorArray(tf.int32, size=_STRETCH, element_shape=ids.shape)
        _, ids, state, drawn = tf.while_loop(
            lambda t, *_: t < _STRETCH, draw, (0, ids, state, drawn), maximum_iterations=_STRETCH
        )
        return drawn.stack(), ids, state

    def _draw(self, logits: tf.Tensor, uniform: tf.Tensor) -> tf.Tensor:
        """Draw an id a stream: logits (batch, vocab_size), uniform (batch,) -> ids (batch,)."""
        probabilities = tf.nn.softmax(logits / self._temperature)
        if self._top_k is not None or self._top_p is not None:
            # [b, i, j]: is j likelier than i? Ranks without a sort, which is slow under XLA.
            likelier = probabilities[:, None, :] > probabilities[:, :, None]
            if self._top_k is not None:
                rank = tf.math.count_nonzero(likelier, axis=2, dtype=tf.int32)
                probabilities = tf.where(rank < self._top_k, probabilities, 0.0)
            if self._top_p is not None:
                above = tf.reduce_sum(tf.where(likelier, probabilities[:, None, :], 0.0), axis=2)
                enough = self._top_p * tf.reduce_sum(probabilities, axis=1, keepdims=True)
                probabilities = tf.where(above < enough, probabilities, 0.0)
        cumulative = tf.cumsum(probabilities, axis=1)
        threshold = uniform[:, None] * cumulative[:, -1:]
        return tf.math.count_nonzero(cumulative <= threshold, axis=1, dtype=tf.int32)


def header_prompt(
    title: str | None = None,
    rhythm: str | None = None,
    meter: str | None = None,
    key: str | None = None,
) -> str:
    """Build a prompt from header fields, in the order of ABC 2.1, section 3.

    ``K:`` closes a header: given a key, the model goes on with the music, and
    without one it writes the rest of the header itself.

    Raises
    ------
    ValueError
        If a field is more than one line.
    """
    lines = ["X:1"]
    fields = {"T": title, "R": rhythm, "M": meter, "K": key}
    for letter, value in fields.items():
        if value is None:
            continue
        if not value.strip() or "\n" in value:
            raise ValueError(f"the field {letter}: must be one line of text, not {value!r}")
        lines.append(f"{letter}:{value.strip()}")
    return "\n".join(lines) + "\n"


def _whole_tune(text: str, max_length: int) -> str | None:
    tunes, fragments = split_tunebook(text)
    if len(tunes) != 1 or fragments or len(text) > max_length:
        return None
    return tunes[0].text if tune_body(tunes[0].text) else None


def _bucket(streams: int) -> int:
    return next((size for size in _BUCKETS if streams <= size), _BUCKETS[-1])
