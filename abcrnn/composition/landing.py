"""The end of a tune that reaches its maximum length: after whole phrases, on the tonic chord.

Under the constraint every tune ends within its maximum length. Near it, the last bars are
those that need the fewest characters. Such a tune is cut where it can end better.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from abcrnn.composition.requests import Requests
from abcrnn.composition.tune_form import split_sections
from abcrnn.evaluation.tune_metrics import Ending, measure
from abcrnn.grammar import END, State, TuneAutomaton
from abcrnn.notation import read_tune

#: A tune that ends within this many characters of the maximum length may have been cut short.
NEAR_LIMIT = 60

_PHRASE = 4  # bars
_SHORTEST = 0.5  # of the maximum length: the least that remains of a tune
_CLOSING = ("", "|]", "||", ":|")  # in order of preference; empty after a bar line that ends
_BLANK_LINE = "\n\n"


class _Place(NamedTuple):
    """A possible end of a tune; a larger one is better.

    Parameters
    ----------
    whole_bar : bool
        Whether its last bar is full, or completes the pickup.
    whole_phrases : bool
        Whether the tune has a multiple of four bars, counted as written.
    whole_section : bool
        Whether its last section has.
    on_chord : bool
        Whether its last note belongs to the tonic chord.
    length : int
        Characters.
    text : str
    """

    whole_bar: bool
    whole_phrases: bool
    whole_section: bool
    on_chord: bool
    length: int
    text: str

    @property
    def is_phrase_end(self) -> bool:
        """Whether the tune ends after whole phrases."""
        return self.whole_bar and self.whole_phrases and self.whole_section


class Landing:
    """Shorten tunes that end because of their maximum length.

    Parameters
    ----------
    characters : str
        Characters of the vocabulary.
    requests : Requests
        With a requested form or number of bars, tunes stay unchanged.
    max_length : int
        Characters.
    """

    def __init__(self, characters: str, requests: Requests, max_length: int) -> None:
        self._characters, self._requests, self._max_length = characters, requests, max_length

    def land(self, tune: str, prompt: str) -> str:
        """Return a tune, shortened if it ends near the maximum length inside a phrase.

        Parameters
        ----------
        tune : str
            Sampled under the constraint.
        prompt : str
            Text that it begins with; it is not shortened.

        Returns
        -------
        str
            A valid tune with the same beginning. It has a multiple of four bars if that is
            possible without removing half of it, and ends on a note of the tonic chord if
            the tune has such a note at the end of a phrase.
        """
        fixed = self._requests.form or self._requests.bars or not tune.startswith(prompt)
        if fixed or len(tune) <= self._max_length - NEAR_LIMIT:
            return tune
        whole = _judged(tune)
        if whole.is_phrase_end:
            return tune
        least = max(len(prompt) + 1, int(_SHORTEST * self._max_length))
        best = whole
        for text in reversed(list(self._shortened(tune, prompt, least))):
            best = max(best, _judged(text))
            if best.is_phrase_end and best.on_chord:
                break
        return best.text

    @cached_property
    def _automaton(self) -> TuneAutomaton:
        requests = self._requests
        return TuneAutomaton(
            self._characters,
            values=requests.header_values(),
            ending=requests.ending,
            pitches=requests.notes(),
        )

    def _shortened(self, tune: str, prompt: str, least: int) -> Iterator[str]:
        """Yield the beginnings of a tune after which a bar line can end it, with that bar line."""
        (state, _), before = self._automaton.follow(prompt), ""
        for length, c in enumerate(tune):
            if length >= least and _may_be_place(before, c):
                closing = self._closing(state)
                if closing is not None and length + len(closing) <= self._max_length:
                    yield tune[:length] + closing
            if length >= len(prompt):
                after = self._automaton.step(state, c)
                if after is None:
                    return
                state, before = after, c

    def _closing(self, state: State) -> str | None:
        """Return the bar line that ends a tune here; empty if it may end without another one."""
        for closing in _CLOSING:
            text = closing + _BLANK_LINE
            if self._automaton.follow(text, state) == (END, len(text)):
                return closing
        return None


def _may_be_place(before: str, c: str) -> bool:
    """Whether a bar line may begin between two characters of music, or has ended there."""
    if before in "|]":
        return c not in "|:]["
    return c in " |:\n" and before not in " :\n"


def _judged(text: str) -> _Place:
    tune = read_tune(text)
    bars, sections = tune.voices[0].bars, split_sections(tune)
    meter, last = bars[-1].meter.length, bars[-1].length
    return _Place(
        meter in (last, last + bars[0].length),
        sum(section.bars for section in sections) % _PHRASE == 0,
        sections[-1].bars % _PHRASE == 0,
        measure(tune).ending in (Ending.TONIC, Ending.CHORD),
        len(text),
        text,
    )
