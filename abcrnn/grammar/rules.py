"""What all parts of the grammar share: word lists, fitting lengths and bar lines."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from abcrnn.grammar.bar_filling import BarFilling
from abcrnn.grammar.positions import Effect, Form, Position
from abcrnn.grammar.sections import Sections
from abcrnn.grammar.states import Before, Kind, State
from abcrnn.grammar.terminals import (
    BAR_LINES,
    CHORDS,
    KEYS,
    METERS,
    RARE_BAR_LINES,
    TUPLETS,
    TWO_BAR_LINES,
    UNITS,
    WordList,
)

#: Returns the state after one more character; None if it is not allowed.
Step = Callable[[State, str], State | None]

_PARTS = "ABCDEFGH"
#: Positions at the start of a line of music.
LINE_STARTS = frozenset(Before) - {Before.NOTHING, Before.NOTE}


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
        self.strict = strict
        self.sections = Sections(form, bars, strict)
        self.filling = BarFilling(alphabet, strict)
        self.values = {
            "K": WordList(values.get("K", KEYS), alphabet),
            "M": WordList(values.get("M", METERS), alphabet),
            "L": WordList(UNITS, alphabet),
            "P": WordList(_PARTS, alphabet),
        }
        self.tuplets = "3" if strict else "".join(TUPLETS)
        self.chords = WordList(CHORDS, alphabet)
        lines = BAR_LINES.keys() - RARE_BAR_LINES if strict else BAR_LINES.keys()
        self.bar_lines = WordList(lines, alphabet)

    def lengths(self, state: State) -> Mapping[str, int]:
        """Return the lengths that the next event may have: steps by spelling."""
        position, pending = state.position, state.pending
        return self.filling.lengths(self.room(position), pending.tuplet, pending.broken)

    def room(self, position: Position) -> int:
        """Return the steps left in the bar."""
        return self.sections.bar_limit(position) - position.bar.filled

    def after_bar_line(self, position: Position, line: str) -> Position | None:
        """Return the position after a bar line; None if it is not allowed here."""
        if self.strict and line == "||:" and position.repeats.any_closed:
            return None  # abc2midi then finds no |: in it
        if self.strict and line in TWO_BAR_LINES and position.bar.filled != position.bar.length:
            return None
        return self.sections.after(position, BAR_LINES[line])

    def allows_tie_over_bar_line(self, position: Position) -> bool:
        """Whether a plain bar line may come here, across which a tie can lead."""
        if position.in_slur:
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
