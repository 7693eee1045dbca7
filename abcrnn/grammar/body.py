"""The music of a tune, character by character (section 4 of ABC 2.1)."""

from __future__ import annotations

from abcrnn.grammar.events import EventGrammar
from abcrnn.grammar.header import BODY_FIELDS
from abcrnn.grammar.lines import LineGrammar
from abcrnn.grammar.prefixes import PrefixGrammar
from abcrnn.grammar.rules import LINE_STARTS, NOTES, SPACES, Rules, Step
from abcrnn.grammar.states import Before, Kind, Prefix, State
from abcrnn.grammar.terminals import BAR_LINES

#: Characters that may continue a token, by its kind; any other character ends the token and
#: is read in the state that :meth:`BodyGrammar.after_token` returns.
CONTINUATIONS = {
    Kind.NOTE: ",'0123456789/<>",
    Kind.FIRST_NOTE: ",'0123456789/<>: ",
    Kind.REST: "0123456789/<>",
    Kind.FIRST_REST: "0123456789/<>: ",
    Kind.CHORD_END: "0123456789/<>",
    Kind.BROKEN: "<>",
    Kind.BAR_LINE: "|:][12",
}


class BodyGrammar:
    """Read music code: notes, their prefixes, bar lines and line ends.

    Parameters
    ----------
    rules : Rules

    Attributes
    ----------
    steps : dict
        By kind of token: the function that returns the state after one more character.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules, self._strict = rules, rules.strict
        self._events = EventGrammar(rules, self._start_token)
        self._prefixes = PrefixGrammar(rules, self._start_token)
        self._lines = LineGrammar(rules, self._start_token)
        self.steps: dict[Kind, Step] = {
            **self._events.steps,
            **self._prefixes.steps,
            **self._lines.steps,
            Kind.MUSIC: self._start_token,
            Kind.BRACKET: self._bracket,
        }
        self._starts: dict[str, Step] = {
            **self._events.starts,
            **self._prefixes.starts,
            **self._lines.starts,
            **dict.fromkeys(BODY_FIELDS, self._field_or_decoration),
            "[": self._start_bracket,
            " ": self._space,
        }

    def after_token(self, state: State) -> State | None:
        """Return the state after the token that is being read; None if it may not end here."""
        kind, text = state.token.kind, state.token.text
        if kind == Kind.BROKEN:
            return state.between()
        if kind == Kind.BAR_LINE:
            return self._lines.after_bar_line(state, text) if text in BAR_LINES else None
        return self._events.after_event(state)

    def _start_token(self, state: State, c: str) -> State | None:
        start = self._starts.get(c)
        return start(state, c) if start else None

    def _start_bracket(self, state: State, c: str) -> State | None:
        pending = state.pending
        if self._strict and (pending.tied or pending.tuplet or pending.prefix > Prefix.SLUR):
            return None
        return state.reading(Kind.BRACKET)

    def _bracket(self, state: State, c: str) -> State | None:
        """Begin an ending or a chord."""
        if c in "12":
            must_continue = state.pending.must_continue
            return None if must_continue else self._lines.after_bar_line(state, "[" + c)
        if not self._rules.lengths(state):
            return None
        return self.steps[Kind.CHORD](state.reading(Kind.CHORD), c)

    def _field_or_decoration(self, state: State, c: str) -> State | None:
        if state.before in LINE_STARTS and state.before != Before.INDENT:
            return self._lines.start_field(state, c)
        return self._prefixes.starts[c](state, c) if c in self._prefixes.starts else None

    def _space(self, state: State, c: str) -> State | None:
        if self._strict and not self._allows_space(state):
            return None
        if state.before in LINE_STARTS:
            return state._replace(before=Before.INDENT)
        after_note = state.before in NOTES
        return state._replace(before=Before.NOTE_SPACE if after_note else Before.SPACE)

    def _allows_space(self, state: State) -> bool:
        """Whether a space separates two groups of notes here, or a group and a bar line."""
        pending, tuplet = state.pending, state.pending.tuplet
        if state.before in LINE_STARTS | SPACES:
            return False
        if pending.broken or pending.prefix > Prefix.TWO_CHORD_SYMBOLS:
            return False
        if tuplet and tuplet.left == tuplet.p:
            return False
        return (
            not state.position.slur
            or bool(self._rules.lengths(state))
            or self._rules.may_cross_bar_line(state.position)
        )
