"""What all parts of the grammar share: word lists, fitting lengths and bar lines."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache, lru_cache, partial

from abcrnn.grammar.bar_filling import BarFilling, Gap
from abcrnn.grammar.positions import Effect, Form, Position, Slur
from abcrnn.grammar.rhythms import suits
from abcrnn.grammar.sections import Sections
from abcrnn.grammar.states import Before, Header, Kind, State
from abcrnn.grammar.terminals import (
    BAR_LINES,
    CHORDS,
    KEYS,
    METERS,
    RARE_BAR_LINES,
    TEMPOS,
    TUPLETS,
    TWO_BAR_LINES,
    UNITS,
    WordList,
)

#: Returns the state after one more character; None if it is not allowed.
Step = Callable[[State, str], State | None]

RESTS = frozenset((Kind.REST, Kind.FIRST_REST))

#: Slurs that may be closed: over at least two notes.
CLOSABLE = frozenset((Slur.NOTES, Slur.OVER_NOTES))

_PARTS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MOST_REMEMBERED = 20_000  # bar lines at a position
#: Positions after a space within a line of music.
SPACES = frozenset((Before.SPACE, Before.NOTE_SPACE, Before.LETTER_SPACE))
#: Positions after a note that may be tied.
NOTES = frozenset((Before.NOTE, Before.NOTE_SPACE))
#: Positions at the start of a line of music.
LINE_STARTS = frozenset(Before) - {Before.NOTHING} - NOTES - SPACES


class Rules:
    """The word lists of an alphabet, and the rules that apply to all tokens.

    Parameters
    ----------
    alphabet, strict, form, bars, values
        As in :class:`abcrnn.grammar.TuneAutomaton`.
    """

    def __init__(
        self,
        alphabet: str,
        strict: bool,
        form: Form,
        bars: int | None,
        values: Mapping[str, Collection[str]],
    ) -> None:
        self.strict, self._alphabet = strict, alphabet
        self._meters = cache(self._meters_for)
        self._after_bar_line = lru_cache(_MOST_REMEMBERED)(self._compute_after_bar_line)
        self.sections = Sections(form, bars, strict)
        self.filling = cache(partial(BarFilling, alphabet, strict))
        self.values = {
            "K": WordList(values.get("K", KEYS), alphabet),
            "M": WordList(values.get("M", METERS), alphabet),
            "L": WordList(UNITS, alphabet),
            "P": WordList(_PARTS, alphabet),
            "Q": WordList(TEMPOS, alphabet),
        }
        self.tuplets = "3" if strict else "".join(TUPLETS)
        self.chords = WordList(CHORDS, alphabet)
        lines = BAR_LINES.keys() - RARE_BAR_LINES if strict else BAR_LINES.keys()
        self.bar_lines = WordList(lines, alphabet)

    def words(self, letter: str, header: Header) -> WordList:
        """Return the values that a field may have: a meter suits the rhythm, if one does."""
        return self._meters(header.rhythm) if letter == "M" else self.values[letter]

    def _meters_for(self, rhythm: str) -> WordList:
        meters = self.values["M"]
        suitable = [meter for meter in meters.words if suits(rhythm, meter)]
        return WordList(suitable, self._alphabet) if suitable else meters

    def lengths(self, state: State) -> Mapping[str, int]:
        """Return the lengths that the next event may have: steps by spelling."""
        position = state.position
        gap = Gap(self.room(position), position.bar.filled)
        return self.filling(state.header.unit).lengths(gap, state.pending, self.continues(state))

    def continues(self, state: State) -> bool:
        """Whether another note must follow the next event in the bar, to close a slur after it."""
        slur, is_rest = state.position.slur, state.token.kind in RESTS
        if not self.strict or slur in CLOSABLE or not slur:
            return False
        if slur == Slur.OPEN and is_rest:
            return True
        if slur == Slur.OVER:
            return is_rest
        return (slur == Slur.OPEN or is_rest) and not self.may_cross_bar_line(state.position)

    def may_cross_bar_line(self, position: Position) -> bool:
        """Whether a slur may lead across the next bar line."""
        return position.slur < Slur.OVER and self.sections.may_reach_next_bar(position)

    def room(self, position: Position) -> int:
        """Return the steps left in the bar."""
        return self.sections.bar_limit(position) - position.bar.filled

    def after_bar_line(self, position: Position, line: str) -> Position | None:
        """Return the position after a bar line; None if it is not allowed here."""
        return self._after_bar_line(position, line)

    def _compute_after_bar_line(self, position: Position, line: str) -> Position | None:
        bar = position.bar
        unclear = position.repeats.any_closed or not bar.has_event or bar.is_short_pickup
        if self.strict and line == "||:" and unclear:
            return None  # abc2midi then finds no |: in it
        if self.strict and line in TWO_BAR_LINES and position.bar.filled != position.bar.length:
            return None
        return self.sections.after(position, BAR_LINES[line])

    def allows_tie_over_bar_line(self, position: Position) -> bool:
        """Whether a plain bar line may come here, across which a tie can lead."""
        if self.strict and position.slur and not self.may_cross_bar_line(position):
            return False
        return self.sections.after(position, (Effect.NEXT_BAR,)) is not None


class TokenGrammar:
    """Base class of the grammars of a group of tokens in the music of a tune.

    Parameters
    ----------
    rules : Rules
    start_token : callable
        Reads a character that ends a token and begins the next; see :data:`Step`.

    Attributes
    ----------
    starts : dict of str to callable
        Reads the first character of a token, by that character.
    steps : dict of Kind to callable
        Reads one more character while a token is being read, by the kind of the token.
    """

    starts: dict[str, Step]
    steps: dict[Kind, Step]

    def __init__(self, rules: Rules, start_token: Step) -> None:
        self._rules, self._strict, self._start_token = rules, rules.strict, start_token
