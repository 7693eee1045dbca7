"""Which note lengths still fit into a bar, so that the rest of it can be filled too."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache

from abcrnn.grammar.states import Run, Tuplet
from abcrnn.grammar.terminals import lengths

_NOTE = 2  # characters of a note at most, its length apart: a letter and an octave mark
_NEVER = 10**6


class Fitting:
    """What fits, and in how few characters the rest can be filled.

    Parameters
    ----------
    alphabet : str
        The characters that lengths can be spelt with.
    strict : bool
        Keep to lengths that every program can draw, and in a tuplet to equal ones.
    """

    def __init__(self, alphabet: str, strict: bool) -> None:
        characters, self._strict = set(alphabet), strict
        spelt = lengths(strict)
        self._lengths = {
            text: steps for text, steps in spelt.items() if characters.issuperset(text)
        }
        self.lengths = cache(self._lengths_that_fit)
        self.cost = cache(self._cost)

    def can_fill(self, room: int) -> bool:
        """Whether so many steps can be filled with notes."""
        return self.cost(room, None) < _NEVER

    def shortest(self, room: int, run: Run, begun: str) -> str | None:
        """Return the spelling, of those that begin so, that leads to a full bar soonest."""
        fits = self.lengths(room, run.tuplet, run.broken)
        return min(
            (text for text in fits if text.startswith(begun)),
            key=lambda text: (len(text) + self._rest(room, run.tuplet, fits[text]), text),
            default=None,
        )

    def _lengths_that_fit(self, room: int, tuplet: Tuplet | None, broken: int) -> Mapping[str, int]:
        """Return the lengths of an event that leave what can be filled: steps by spelling."""
        return {
            text: steps
            for text, steps in self._lengths.items()
            if (not broken or steps == broken) and self._rest(room, tuplet, steps) < _NEVER
        }

    def _rest(self, room: int, tuplet: Tuplet | None, steps: int) -> int:
        """Characters it takes to fill the bar after an event of so many steps."""
        if tuplet is None:
            return self.cost(room - steps, None)
        if (
            self._strict
            and tuplet.left < tuplet.p
            and steps * (tuplet.p - tuplet.left) != tuplet.steps
        ):
            return _NEVER
        written = tuplet._replace(left=tuplet.left - 1, steps=tuplet.steps + steps)
        if written.left:
            return self.cost(room, written)
        played = Fraction(written.steps * written.q, written.p)
        return self.cost(room - int(played), None) if played.denominator == 1 else _NEVER

    def _cost(self, room: int, tuplet: Tuplet | None) -> int:
        if room < 0:
            return _NEVER
        if room == 0 and tuplet is None:
            return 0
        if tuplet and tuplet.steps * tuplet.q > room * tuplet.p:
            return _NEVER
        return min(
            _NOTE + len(text) + self._rest(room, tuplet, steps)
            for text, steps in self._lengths.items()
        )
