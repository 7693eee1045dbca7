"""Which note lengths fit into a bar such that notes can also fill the rest of it."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from abcrnn.grammar.states import Pending, Tuplet
from abcrnn.grammar.terminals import STEPS, note_lengths
from abcrnn.notation.fields import parse_unit

_NOTE = 2  # upper bound on the characters of a note without length: letter and octave mark
_IMPOSSIBLE = 10**6
_LONGEST_BAR = 4096  # steps: 32 whole notes in units of 1/32; each step takes time to compute
_LONGEST_GRID = Fraction(1, 8)


class Gap(NamedTuple):
    """The rest of a bar.

    Parameters
    ----------
    room : int
        Steps left in the bar.
    filled : int
        Steps filled; only the rest of a division by :attr:`BarFilling.grid` matters.
    """

    room: int
    filled: int = 0


class BarFilling:
    """Compute which lengths fit into a bar and how few characters fill the rest.

    Parameters
    ----------
    alphabet : str
        The characters that lengths are spelled with.
    strict : bool
        Use only lengths that musicians write: those of
        :func:`abcrnn.grammar.terminals.note_lengths`, equal ones in a tuplet, and none
        that begins between two notes of its own length, as in ``d/ef/``.
    unit : str
        The unit note length, such as ``1/8``.

    Attributes
    ----------
    grid : int
        Steps of the unit note length or an eighth note, whichever is shorter. Notes that
        leave this grid return to it with their last part.
    """

    def __init__(self, alphabet: str, strict: bool, unit: str = "1/8") -> None:
        characters, self._strict = set(alphabet), strict
        length = parse_unit(unit) or _LONGEST_GRID
        self.grid = max(int(STEPS * min(length, _LONGEST_GRID) / length), 1) if strict else 1
        self._lengths = {
            text: steps
            for text, steps in note_lengths(length if strict else None).items()
            if characters.issuperset(text)
        }
        self._fitting = cache(self._fitting_lengths)
        self._cost = cache(self._compute_cost)

    def can_fill(self, steps: int) -> bool:
        """Whether notes can fill a bar of that many steps."""
        if steps > _LONGEST_BAR:
            return False
        for shorter in range(steps):  # so that the recursion stays shallow
            for offset in range(self.grid):
                self._cost(Gap(shorter, offset), None)
        return self._cost(Gap(steps), None) < _IMPOSSIBLE

    def lengths(self, gap: Gap, pending: Pending, continues: bool = False) -> Mapping[str, int]:
        """Return the lengths of an event after which the bar can be filled.

        Parameters
        ----------
        gap : Gap
        pending : Pending
            Restrictions of the event.
        continues : bool
            Whether another event must follow in the bar.

        Returns
        -------
        mapping of str to int
            Steps by spelling.
        """
        gap = gap._replace(filled=gap.filled % self.grid)
        fitting = self._fitting(gap, pending.tuplet, pending.broken, continues)
        if not pending.graces:
            return fitting
        if pending.tuplet is None:
            return {text: steps for text, steps in fitting.items() if steps > pending.graces}
        # abc2midi expects notes of the unit note length in such a tuplet.
        played = Fraction(STEPS * pending.tuplet.q, pending.tuplet.p)
        fits = played > pending.graces
        return {text: steps for text, steps in fitting.items() if fits and steps == STEPS}

    def shortest(
        self, gap: Gap, pending: Pending, start: str, continues: bool = False
    ) -> str | None:
        """Return the length that leads to a full bar with the fewest characters.

        Parameters
        ----------
        gap, pending, continues
            As in :meth:`lengths`.
        start : str
            Characters of the length that are already written.

        Returns
        -------
        str or None
            The whole length, which begins with ``start``; None if none fits.
        """
        fitting = self.lengths(gap, pending, continues)
        return min(
            (text for text in fitting if text.startswith(start)),
            key=lambda text: (
                len(text) + self._cost_of_rest(gap, pending.tuplet, fitting[text]),
                text,
            ),
            default=None,
        )

    def _fitting_lengths(
        self, gap: Gap, tuplet: Tuplet | None, broken: int, continues: bool
    ) -> Mapping[str, int]:
        costs = {
            text: self._cost_of_rest(gap, tuplet, steps)
            for text, steps in self._lengths.items()
            if not broken or steps == broken
        }
        return {
            text: self._lengths[text]
            for text, cost in costs.items()
            if int(continues) <= cost < _IMPOSSIBLE
        }

    def _cost_of_rest(self, gap: Gap, tuplet: Tuplet | None, steps: int) -> int:
        """Return how many characters fill the bar after an event of that many steps."""
        if tuplet is None:
            return self._cost_after(gap, steps)
        if self._strict and not self._fits_tuplet(tuplet, steps):
            return _IMPOSSIBLE
        written = tuplet._replace(left=tuplet.left - 1, steps=tuplet.steps + steps)
        if written.left:
            return self._cost(gap, written)
        played = Fraction(written.steps * written.q, written.p)
        return self._cost_after(gap, int(played)) if played.denominator == 1 else _IMPOSSIBLE

    def _cost_after(self, gap: Gap, steps: int) -> int:
        """Return how many characters fill the bar after ``steps`` more of it are filled."""
        if self._alignment(steps) > self._alignment(gap.filled):
            return _IMPOSSIBLE
        after = Gap(gap.room - steps, (gap.filled + steps) % self.grid)
        return self._cost(after, None)

    def _alignment(self, steps: int) -> int:
        """Return the grid, halved until it divides ``steps``."""
        part = self.grid
        while steps % part:
            part //= 2
        return part

    def _fits_tuplet(self, tuplet: Tuplet, steps: int) -> bool:
        """Whether an event has the length of those before it, a plain one."""
        written = tuplet.p - tuplet.left
        if written:
            return steps * written == tuplet.steps
        return self.grid // 2 <= steps <= 2 * self.grid and steps & (steps - 1) == 0

    def _compute_cost(self, gap: Gap, tuplet: Tuplet | None) -> int:
        """Return how many characters fill the rest of a bar, ``_IMPOSSIBLE`` if none do."""
        if gap.room < 0:
            return _IMPOSSIBLE
        if gap.room == 0 and tuplet is None:
            return 0
        if tuplet and tuplet.steps * tuplet.q > gap.room * tuplet.p:
            return _IMPOSSIBLE
        return min(
            _NOTE + len(text) + self._cost_of_rest(gap, tuplet, steps)
            for text, steps in self._lengths.items()
        )
