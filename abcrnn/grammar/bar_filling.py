"""Which note lengths fit into a bar such that notes can also fill the rest of it."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache

from abcrnn.grammar.states import Pending, Tuplet
from abcrnn.grammar.terminals import note_lengths

_NOTE = 2  # upper bound on the characters of a note without length: letter and octave mark
_IMPOSSIBLE = 10**6
_LONGEST_BAR = 4096  # steps: 32 whole notes in units of 1/32; each step takes time to compute


class BarFilling:
    """Compute which lengths fit into a bar and how few characters fill the rest.

    Parameters
    ----------
    alphabet : str
        The characters that lengths are spelled with.
    strict : bool
        Use only lengths that one note sign can have, and equal lengths in a tuplet.
    """

    def __init__(self, alphabet: str, strict: bool) -> None:
        characters, self._strict = set(alphabet), strict
        self._lengths = {
            text: steps
            for text, steps in note_lengths(strict).items()
            if characters.issuperset(text)
        }
        self.lengths = cache(self._fitting_lengths)
        self._cost = cache(self._compute_cost)

    def can_fill(self, steps: int) -> bool:
        """Whether notes can fill a bar of that many steps."""
        if steps > _LONGEST_BAR:
            return False
        for shorter in range(steps):  # so that the recursion stays shallow
            self._cost(shorter, None)
        return self._cost(steps, None) < _IMPOSSIBLE

    def shortest(
        self, room: int, pending: Pending, start: str, leave_room: bool = False
    ) -> str | None:
        """Return the length that leads to a full bar with the fewest characters.

        Parameters
        ----------
        room : int
            Steps left in the bar.
        pending : Pending
            Restrictions of the next event.
        start : str
            Characters of the length that are already written.
        leave_room : bool
            Only lengths after which another event follows in the bar.

        Returns
        -------
        str or None
            The whole length, which begins with ``start``; None if none fits.
        """
        fitting = self.lengths(room, pending.tuplet, pending.broken)
        return min(
            (
                text
                for text, steps in fitting.items()
                if text.startswith(start)
                and (not leave_room or self._cost_of_rest(room, pending.tuplet, steps))
            ),
            key=lambda text: (
                len(text) + self._cost_of_rest(room, pending.tuplet, fitting[text]),
                text,
            ),
            default=None,
        )

    def _fitting_lengths(self, room: int, tuplet: Tuplet | None, broken: int) -> Mapping[str, int]:
        """Return the lengths of an event after which the bar can be filled: steps by spelling."""
        return {
            text: steps
            for text, steps in self._lengths.items()
            if (not broken or steps == broken)
            and self._cost_of_rest(room, tuplet, steps) < _IMPOSSIBLE
        }

    def _cost_of_rest(self, room: int, tuplet: Tuplet | None, steps: int) -> int:
        """Return how many characters fill the bar after an event of that many steps."""
        if tuplet is None:
            return self._cost(room - steps, None)
        if (
            self._strict
            and tuplet.left < tuplet.p
            and steps * (tuplet.p - tuplet.left) != tuplet.steps
        ):
            return _IMPOSSIBLE
        written = tuplet._replace(left=tuplet.left - 1, steps=tuplet.steps + steps)
        if written.left:
            return self._cost(room, written)
        played = Fraction(written.steps * written.q, written.p)
        return self._cost(room - int(played), None) if played.denominator == 1 else _IMPOSSIBLE

    def _compute_cost(self, room: int, tuplet: Tuplet | None) -> int:
        """Return how many characters fill ``room`` steps of a bar, ``_IMPOSSIBLE`` if none do."""
        if room < 0:
            return _IMPOSSIBLE
        if room == 0 and tuplet is None:
            return 0
        if tuplet and tuplet.steps * tuplet.q > room * tuplet.p:
            return _IMPOSSIBLE
        return min(
            _NOTE + len(text) + self._cost_of_rest(room, tuplet, steps)
            for text, steps in self._lengths.items()
        )
