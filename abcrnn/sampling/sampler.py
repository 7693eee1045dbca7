"""Sampler: text and whole tunes drawn from a model."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from abcrnn.data.store import BOUNDARY
from abcrnn.grammar.transition_tables import Masks
from abcrnn.notation import split_tunebook, tune_body
from abcrnn.sampling.decoder import STRETCH, WIDEST, Drawer, Rows, Standing
from abcrnn.storage.validation import require_count

_logger = logging.getLogger(__name__)


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
    constraint : {"bars"} or Masks, optional
        Draw sound tunes only: whatever the model is like, every tune that
        :meth:`tunes` gives ends within ``max_length``, its bars add up, its repeats
        and endings pair, and its ties lead to their note. With
        :class:`abcrnn.grammar.transition_tables.Masks`, orders are kept to as well.

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
        constraint: Literal["bars"] | Masks | None = None,
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
        if not (constraint is None or constraint == "bars" or isinstance(constraint, Masks)):
            raise ValueError(f"constraint must be 'bars', masks or None, not {constraint!r}")
        self._model = model
        self._seed = seed
        self._masks = Masks(model.vocabulary.characters) if constraint == "bars" else constraint
        self._drawer = Drawer(model, temperature, top_k, top_p, self._masks)

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
            If a number is below 1 or the prompt has characters that the model does not know;
            or if there is a constraint, under which only whole tunes are drawn.
        """
        if self._masks:
            raise ValueError("under a constraint, tunes() draws whole tunes; sample() does not")
        require_count("length", length)
        require_count("n", n)
        given = self._encode(prompt)
        lead = len(given) - len(prompt)
        texts = []
        stretches = -(-(len(given) + length - 1) // STRETCH)
        for first in range(0, n, WIDEST):
            streams = range(first, min(n, first + WIDEST))
            rows = self._rows(given, len(streams))
            for row, stream in enumerate(streams):
                rows.begin(row, stream)
            drawn = [rows.draw() for _ in range(stretches)]
            for row in range(len(streams)):
                ids = np.concatenate([given[:1], *(stretch[row] for stretch in drawn)])
                text = self._model.vocabulary.decode(ids)
                texts.append(text[lead : len(given) + length])
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
            As :meth:`sample`; or if the prompt does not begin with ``X:``, or holds a
            blank line; or, under a constraint, if no sound tune begins so, or none that
            is so short.
        """
        require_count("n", n)
        require_count("max_length", max_length)
        if not prompt.startswith("X:"):
            raise ValueError(
                f"a tune begins with X:, and so must its prompt, such as 'X:1\\nK:D\\n'; "
                f"not {prompt!r}"
            )
        if BOUNDARY in prompt:
            raise ValueError(
                f"the prompt must not hold a blank line, which would end the tune; not {prompt!r}"
            )
        complete, failed = self._draw_tunes(n, prompt, max_length)
        if failed:
            _logger.warning(
                "%d of %d tunes begun had no end within %d characters, or no music%s",
                failed,
                failed + len(complete),
                max_length,
                "; others took their place"
                if len(complete) == n
                else f": {len(complete)} of {n} "
                "are complete; train longer, or try a lower temperature or a larger max_length",
            )
        return complete

    def _draw_tunes(self, n: int, prompt: str, max_length: int) -> tuple[list[str], int]:
        """Draw until n tunes are complete, and count those begun in vain.

        Streams are begun in the order of their numbers and none without need, so
        which tunes are found does not depend on how many are drawn side by side.
        """
        found: dict[int, str | None] = {}  # by stream
        begun = complete = 0
        with tqdm(total=n, unit="tune", disable=None, leave=False) as bar:

            def following() -> int | None:
                nonlocal begun
                at_work = begun - len(found)
                if complete + at_work >= n or begun >= 4 * n + 16:
                    return None
                begun += 1
                return begun - 1

            for number, tune in self.streams(prompt, max_length, following, n):
                found[number] = tune
                complete += tune is not None
                bar.update(tune is not None)
        return [t for _, t in sorted(found.items()) if t is not None], len(found) - complete

    def _stand(self, prompt: str, max_length: int) -> Standing | None:
        """Tell where a prompt leads to under the constraint."""
        if not self._masks:
            return None
        position = self._masks.position(prompt)
        if position.read < len(prompt):
            before = prompt[: position.read]
            line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
            raise ValueError(
                f"the prompt cannot become a sound tune: line {line}, column {column}: "
                f"{prompt[position.read]!r} cannot stand there"
            )
        room = max_length + len(BOUNDARY) - len(prompt)
        if self._masks.need(position) > room:
            raise ValueError(
                f"max_length must be at least {max_length + self._masks.need(position) - room} "
                f"for a tune that begins so, not {max_length}"
            )
        return Standing(position.tune, position.pitch, room)

    def streams(
        self, prompt: str, max_length: int, following: Callable[[], int | None], width: int
    ) -> Iterator[tuple[int, str | None]]:
        """Draw a tune from each of many streams, in whatever order they end.

        A stream is a function of the seed and its number alone.

        Parameters
        ----------
        prompt, max_length
            As in :meth:`tunes`.
        following : callable
            Gives the number of the next stream to begin, or None for none now.
        width : int
            How many to draw side by side, if there is room for so many.

        Yields
        ------
        number : int
        tune : str or None
            None if it came to no end, or has no music.

        Raises
        ------
        ValueError
            As :meth:`tunes`.
        """
        given = self._encode(prompt, boundary_needed=True)
        rows = self._rows(given, width, self._stand(prompt, max_length))
        at_work: dict[int, tuple[int, str]] = {}  # by row: the stream and its text so far
        while True:
            for row in sorted(set(range(rows.size)) - at_work.keys()):
                number = following()
                if number is None:
                    break
                rows.begin(row, number)
                at_work[row] = number, self._model.vocabulary.decode(given[:1])
            if not at_work:
                return
            drawn = rows.draw()
            for row, (number, text) in list(at_work.items()):
                text += self._model.vocabulary.decode(drawn[row])
                ended, tune = _end(text, len(given), max_length)
                at_work[row] = number, text
                if ended:
                    del at_work[row]
                    yield number, tune

    def _rows(
        self, given: NDArray[np.int32], streams: int, standing: Standing | None = None
    ) -> Rows:
        seed = secrets.randbits(63) if self._seed is None else self._seed
        return self._drawer.rows(given, streams, seed, standing)

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


def _end(text: str, given: int, max_length: int) -> tuple[bool, str | None]:
    """Say whether a stream has come to its end, and give its tune if that is whole."""
    lead = len(BOUNDARY)
    end = text.find(BOUNDARY, max(lead, given - 1))
    if end < 0:
        return len(text) >= max_length + 2 * lead, None
    tunes, fragments = split_tunebook(text[lead:end])
    if len(tunes) != 1 or fragments or end - lead > max_length or not tune_body(tunes[0].text):
        return True, None
    return True, tunes[0].text
