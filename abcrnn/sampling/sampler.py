"""Sampler: text and complete tunes from a character model."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from abcrnn.data.store import BOUNDARY
from abcrnn.grammar.transition_tables import TransitionTables
from abcrnn.models.base import require_character_model
from abcrnn.sampling.choice import Choice, RandomChoice
from abcrnn.sampling.constraint import ConstraintState
from abcrnn.sampling.decoder import Decoder, Streams
from abcrnn.sampling.tune_text import find_tune, require_tune_prompt
from abcrnn.storage.progress import progress_bar
from abcrnn.storage.suggestions import suggests_arguments
from abcrnn.storage.validation import require_count

_logger = logging.getLogger(__name__)

#: Maximum length of a line that :meth:`Sampler.lines` returns.
MAX_LINE = 60
_ENOUGH = 1000  # characters of a tune, in which a line fits under any constraint


class Sampler:
    r"""Samples text from a character model.

    Texts are numbered streams. Results depend on the seed, the stream index and the
    batch size (1, 16 or 64). With the same batch size, they do not depend on the other
    streams. With another batch size, rounding may change a text.

    Parameters
    ----------
    model : CharLSTM
        Or another :class:`abcrnn.models.base.SequenceModel` with a ``vocabulary``.
    temperature : float
        Divides the logits. Below 1, likely characters become likelier; above 1, less so.
    top_k : int, optional
        Sample only from the ``top_k`` likeliest characters, and those that tie with the
        last of them.
    top_p : float, optional
        Sample only from the fewest likeliest characters that together have this
        probability.
    seed : int, optional
        With a seed, each call returns the same text. Without a seed, each call returns a
        different text.
    constraint : {"bars"} or TransitionTables, optional
        Sample valid tunes only. Whatever the model is, every tune from :meth:`tunes`
        ends within ``max_length``, its bars add up, its repeats and endings pair, and
        each tie connects two notes of the same pitch.
        :class:`abcrnn.grammar.transition_tables.TransitionTables` can also enforce requests.
    min_p : float, optional
        Sample only from characters that are at least ``min_p`` times as likely as the
        likeliest one.
    choice : Choice, optional
        Another way to choose the next character, instead of temperature, top_k, top_p
        and min_p; see :class:`abcrnn.sampling.Choice`.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> sampler = Sampler(model, temperature=0.9, top_p=0.95, seed=1)  # doctest: +SKIP
    >>> sampler.tunes(8, prompt="X:1\nM:6/8\nK:D\n")  # doctest: +SKIP
    """

    @suggests_arguments
    def __init__(
        self,
        model: Any,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
        constraint: Literal["bars"] | TransitionTables | None = None,
        *,
        min_p: float | None = None,
        choice: Choice | None = None,
    ) -> None:
        require_character_model(model)
        if choice is None:
            choice = RandomChoice(temperature, top_k, top_p, min_p)
        elif not isinstance(choice, Choice):
            raise ValueError(f"choice must be an abcrnn.sampling.Choice, not {choice!r}")
        elif (temperature, top_k, top_p, min_p) != (1.0, None, None, None):
            raise ValueError("choice replaces temperature, top_k, top_p and min_p: give either")
        if seed is not None:
            seed = require_count("seed", seed, least=0)
        if constraint == "bars":
            constraint = TransitionTables(model.vocabulary.characters)
        if not isinstance(constraint, TransitionTables | None):
            raise ValueError(
                f"constraint must be 'bars', TransitionTables or None, not {constraint!r}"
            )
        self._model = model
        self._seed = seed
        self._tables = constraint
        self._decoder = Decoder(model, choice, constraint)

    def sample(self, prompt: str = "", length: int = 1000, n: int = 1) -> list[str]:
        """Sample text of a given length.

        Parameters
        ----------
        prompt : str
            Beginning of each text.
        length : int
            Number of characters to sample after the prompt.
        n : int
            Number of texts.

        Returns
        -------
        list of str
            Each ``len(prompt) + length`` characters long.

        Raises
        ------
        ValueError
            If a number is below 1 or the prompt has characters that the model does not
            know; or if there is a constraint, which needs complete tunes.
        """
        if self._tables:
            raise ValueError(
                "a sampler with a constraint samples complete tunes: use tunes(), not sample()"
            )
        length, n = require_count("length", length), require_count("n", n)
        prompt = self._model.vocabulary.normalize(prompt)
        texts = self._decoder.sample([self._encode(prompt)] * n, length, self._call_seed())
        return [prompt + self._model.vocabulary.decode(ids) for ids in texts]

    def tunes(
        self, n: int, prompt: str | Callable[[int], str] = "X:", max_length: int = 2000
    ) -> list[str]:
        r"""Sample complete tunes.

        A tune is complete when a blank line closes it and there is music below its
        ``K:`` line. A stream without a complete tune of at most ``max_length``
        characters is replaced by another stream and logged. At most ``4 * n + 16``
        streams are sampled.

        Parameters
        ----------
        n : int
        prompt : str or callable
            Beginning of each tune, such as ``"X:1\nM:6/8\nK:D\n"``; or a function that
            returns the beginning of a stream for its number.
        max_length : int
            Maximum number of characters of a tune, including the prompt.

        Returns
        -------
        list of str
            At most ``n`` tunes, without the blank line that closes them.

        Raises
        ------
        ValueError
            As :meth:`sample`; or if the prompt does not begin with ``X:``, or contains a
            blank line; or, under a constraint, if no valid tune begins with the prompt,
            or none that is short enough.
        """
        n, max_length = require_count("n", n), require_count("max_length", max_length)
        if not isinstance(prompt, str) and not callable(prompt):
            raise TypeError(f"prompt must be text, not {prompt!r:.80}")
        if isinstance(prompt, str):
            require_tune_prompt(prompt)
        complete, incomplete = self._sample_tunes(n, prompt, max_length)
        if incomplete:
            _logger.warning(
                "%d of %d sampled tunes did not end within %d characters, or had no music%s",
                incomplete,
                incomplete + len(complete),
                max_length,
                "; they were replaced"
                if len(complete) == n
                else f": {len(complete)} of {n} "
                "are complete; train longer, or try a lower temperature or a larger max_length",
            )
        return complete

    def _sample_tunes(
        self, n: int, prompt: str | Callable[[int], str], max_length: int
    ) -> tuple[list[str], int]:
        """Return the complete tunes in the order of their streams, and the number of others.

        Streams start in the order of their numbers, and only while complete tunes are
        missing. So which tunes are found does not depend on how many run in parallel.
        """
        found: dict[int, str | None] = {}  # by stream
        started = complete = 0
        with progress_bar(total=n, unit="tune", leave=False) as bar:

            def next_stream() -> int | None:
                nonlocal started
                running = started - len(found)
                if complete + running >= n or started >= 4 * n + 16:
                    return None
                started += 1
                return started - 1

            for number, tune in self.streams(prompt, max_length, next_stream, n):
                found[number] = tune
                complete += tune is not None
                bar.update(tune is not None)
        return [t for _, t in sorted(found.items()) if t is not None], len(found) - complete

    def streams(
        self,
        prompt: str | Callable[[int], str],
        max_length: int,
        next_stream: Callable[[], int | None],
        parallel: int,
    ) -> Iterator[tuple[int, str | None]]:
        """Sample one tune from each of many streams, and yield them in the order they end.

        A stream depends on the seed, its number and the number of rows. ``parallel``
        determines the number of rows: 1, 16 or 64.

        Parameters
        ----------
        prompt : str or callable
        max_length : int
            As in :meth:`tunes`.
        next_stream : callable
            Returns the number of the next stream to start, or None to start none now.
        parallel : int
            Number of streams to sample in parallel, at most 64.

        Yields
        ------
        number : int
            Of the stream.
        tune : str or None
            None if the tune is not complete within ``max_length`` characters.

        Raises
        ------
        ValueError
            As :meth:`tunes`.
        """
        begin = self._beginning(prompt, max_length)
        streams = Streams(self._decoder, parallel, self._call_seed())
        # By row: the stream, its text so far, and the length of the prompt.
        running: dict[int, tuple[int, str, int]] = {}
        while True:
            for row in sorted(set(range(streams.batch_size)) - running.keys()):
                number = next_stream()
                if number is None:
                    break
                ids, constraint = begin(number)
                streams.start(row, number, ids, constraint)
                running[row] = number, self._model.vocabulary.decode(ids[:1]), len(ids)
            if not running:
                return
            sampled = streams.advance()
            for row, (number, text, prompt_length) in list(running.items()):
                text += self._model.vocabulary.decode(sampled[row])
                ended, tune = find_tune(text, prompt_length, max_length)
                running[row] = number, text, prompt_length
                if ended:
                    del running[row]
                    yield number, tune

    def lines(self, prompt: str, streams: Sequence[int], parallel: int) -> list[str]:
        r"""Sample the rest of the line that a prompt begins.

        Parameters
        ----------
        prompt : str
            Such as ``"X:1\nT:"``.
        streams : sequence of int
            Numbers of the streams, as for :meth:`streams`.
        parallel : int
            Number of streams to sample in parallel, at most 64.

        Returns
        -------
        list of str
            One for each stream, without the line end, at most 60 characters long.

        Raises
        ------
        ValueError
            As :meth:`tunes`.
        """
        ids = self._encode(prompt, for_tunes=True)
        constraint = self._after_prompt(prompt, _ENOUGH)
        before = len(ids) - 1  # what is sampled includes the prompt except for its first id
        decoded = Streams(self._decoder, parallel, self._call_seed())
        found: list[str] = []
        for first in range(0, len(streams), decoded.batch_size):
            texts = dict.fromkeys(streams[first : first + decoded.batch_size], "")
            for row, number in enumerate(texts):
                decoded.start(row, number, ids, constraint)
            while not all(_has_line(text[before:]) for text in texts.values()):
                rows = decoded.advance()
                for row, number in enumerate(texts):
                    texts[number] += self._model.vocabulary.decode(rows[row])
            found += [text[before:].partition("\n")[0][:MAX_LINE] for text in texts.values()]
        return [line.strip() for line in found]

    def _beginning(
        self, prompt: str | Callable[[int], str], max_length: int
    ) -> Callable[[int], tuple[NDArray[np.int32], ConstraintState | None]]:
        """Return a function of the number of a stream: its first ids, and its constraint."""

        def begin(text: str) -> tuple[NDArray[np.int32], ConstraintState | None]:
            text = self._model.vocabulary.normalize(text)
            return self._encode(text, for_tunes=True), self._after_prompt(text, max_length)

        if callable(prompt):
            return lambda number: begin(prompt(number))
        beginning = begin(prompt)  # once for all streams
        return lambda number: beginning

    def _after_prompt(self, prompt: str, max_length: int) -> ConstraintState | None:
        """Return the state of the constraint after the prompt."""
        if not self._tables:
            return None
        prefix = self._tables.read_prefix(prompt)
        if prefix.length < len(prompt):
            before = prompt[: prefix.length]
            line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
            raise ValueError(
                f"no valid tune begins with the prompt: line {line}, column {column}: "
                f"{prompt[prefix.length]!r} is not allowed there"
            )
        remaining = max_length + len(BOUNDARY) - len(prompt)
        missing = self._tables.length_to_end(prefix) - remaining
        if missing > 0:
            raise ValueError(
                f"max_length must be at least {max_length + missing} "
                f"for a tune with this prompt, not {max_length}"
            )
        return ConstraintState(prefix.tune, prefix.pitch, remaining)

    def _call_seed(self) -> int:
        return secrets.randbits(63) if self._seed is None else self._seed

    def _encode(self, prompt: str, for_tunes: bool = False) -> NDArray[np.int32]:
        """Return the ids that every stream begins with: a blank line and the prompt."""
        vocabulary = self._model.vocabulary
        ids: NDArray[np.int32] = vocabulary.encode(prompt)
        if "\n" in vocabulary.characters:
            boundary: NDArray[np.int32] = vocabulary.encode(BOUNDARY)
            return np.concatenate([boundary, ids])
        if for_tunes:
            raise ValueError("the vocabulary of this model has no line end: it cannot write tunes")
        if not prompt:
            raise ValueError("the vocabulary of this model has no line end: give a prompt")
        return ids


def _has_line(text: str) -> bool:
    return "\n" in text or len(text) >= MAX_LINE
