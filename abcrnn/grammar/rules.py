"""What all parts of the grammar share: the words there are, what fits, what bar lines may do."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from abcrnn.grammar.bar_filling import Fitting
from abcrnn.grammar.sections import Form, Place, Sections
from abcrnn.grammar.states import Run
from abcrnn.grammar.terminals import (
    BAR_LINES,
    CHORDS,
    KEYS,
    METERS,
    ODD_BAR_LINES,
    REPEAT_AND_BAR,
    TUPLETS,
    UNITS,
    Words,
)

PARTS = "ABCDEFGH"


class Rules:
    """The words of an alphabet, and what bounds them.

    Parameters
    ----------
    alphabet, strict, form, bars, values
        As in :class:`abcrnn.notation.automaton.TuneAutomaton`.
    """

    def __init__(
        self,
        alphabet: str,
        strict: bool,
        form: Form,
        bars: int | None,
        values: Mapping[str, Collection[str]],
    ) -> None:
        self.strict = strict
        self.sections = Sections(form, bars, strict)
        self.fitting = Fitting(alphabet, strict)
        self.values = {
            "K": Words(values.get("K", KEYS), alphabet),
            "M": Words(values.get("M", METERS), alphabet),
            "L": Words(UNITS, alphabet),
            "P": Words(PARTS, alphabet),
        }
        self.tuplets = "3" if strict else "".join(TUPLETS)
        self.chords = Words(CHORDS, alphabet)
        lines = BAR_LINES.keys() - ODD_BAR_LINES if strict else BAR_LINES.keys()
        self.bar_lines = Words(lines, alphabet)

    def fits(self, place: Place, run: Run) -> Mapping[str, int]:
        """Return the lengths that the next event may have: steps by spelling."""
        return self.fitting.lengths(self.room(place), run.tuplet, run.broken)

    def room(self, place: Place) -> int:
        """Return the steps left in the bar."""
        return self.sections.limit(place) - place.filled

    def after_bar_line(self, place: Place, line: str) -> Place | None:
        """Return the place after a bar line; None if it may not stand here."""
        if self.strict and line == "||:" and place.repeated:
            return None  # abc2midi then reads no beginning in it
        if self.strict and line in REPEAT_AND_BAR and place.filled != place.whole:
            return None
        return self.sections.after(place, BAR_LINES[line])

    def may_cross(self, place: Place) -> bool:
        """Whether a plain bar line may stand here, over which a tie can lead."""
        return not place.slurred and self.sections.after(place, ("plain",)) is not None
