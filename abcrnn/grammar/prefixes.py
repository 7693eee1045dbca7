"""Prefixes of a note: slurs, tuplets, grace notes, decorations and chord symbols.

Sections 4.11 to 4.14, 4.18 and 4.19 of ABC 2.1.
"""

from __future__ import annotations

from abcrnn.grammar.groups import may_close_group, read_group
from abcrnn.grammar.positions import Slur
from abcrnn.grammar.rules import CLOSABLE, LINE_STARTS, SPACES, Rules, Step, TokenGrammar
from abcrnn.grammar.states import Kind, Pending, Prefix, State, Tuplet
from abcrnn.grammar.terminals import TUPLETS, chord_letter

#: Decorations in at least 1 of 200 tunes of irish, jigs, oneills, airds and ryans; H is not
#: generated, because some programs play a longer note.
_COMMON = frozenset(".~Tuv")
_DECORATIONS = _COMMON | frozenset("HLMOPS")
_BOWS = frozenset("uv")
_PREFIXES = {"~": Prefix.ROLL, ".": Prefix.SHORTENED, "T": Prefix.SHORTENED}
_LENGTH = frozenset("0123456789/")
_MOST_GRACES, _LONGEST_QUOTE = 3, 60


class PrefixGrammar(TokenGrammar):
    """Read what is written in front of notes.

    The parameters are those of :class:`abcrnn.grammar.rules.TokenGrammar`.
    """

    def __init__(self, rules: Rules, start_token: Step) -> None:
        super().__init__(rules, start_token)
        self.starts = {
            **dict.fromkeys(_DECORATIONS, self._decoration),
            "(": self._start_paren,
            ")": self._close_slur,
            "{": self._start_grace,
            '"': self._start_quote,
        }
        self.steps = {
            Kind.PAREN: self._paren,
            Kind.GRACE: self._grace,
            Kind.QUOTE: self._quote,
        }

    def _start_paren(self, state: State, c: str) -> State | None:
        if self._strict and state.pending.prefix >= Prefix.DECORATION:
            return None
        return state.reading(Kind.PAREN) if self._rules.lengths(state) else None

    def _paren(self, state: State, c: str) -> State | None:
        """Begin a tuplet or a slur."""
        position, pending = state.position, state.pending
        if c in self._rules.tuplets:
            allowed = not self._strict or pending.prefix <= Prefix.GRACE
            if pending.tuplet or pending.broken or not allowed:
                return None
            tuplet = Tuplet(int(c), 0, *TUPLETS[c])
            after = state.with_pending(pending._replace(tuplet=tuplet))
            return after if self._rules.lengths(after) else None
        if position.slur and self._strict:
            return None
        after = state._replace(position=position._replace(slur=Slur.OPEN))
        return self._start_token(_with_prefix(after, Prefix.SLUR), c)

    def _close_slur(self, state: State, c: str) -> State | None:
        position = state.position
        if self._strict and (
            state.before in LINE_STARTS | SPACES
            or not position.slur
            or state.pending._replace(broken=0) != Pending()
            or self._must_continue_slur(state)
        ):
            return None
        return state.at(position._replace(slur=Slur.NONE))

    def _must_continue_slur(self, state: State) -> bool:
        """Whether another note must come in a slur, unless a prompt leaves no room for it."""
        position = state.position
        may_continue = self._rules.lengths(state) or self._rules.may_cross_bar_line(position)
        return position.slur not in CLOSABLE and bool(may_continue)

    def _decoration(self, state: State, c: str) -> State | None:
        """Read a decoration, which is a single character."""
        pending = state.pending
        if self._strict:
            allowed = c in _COMMON and pending.prefix < Prefix.DECORATION
            if not allowed or pending.tied or (pending.broken and c not in _BOWS):
                return None
            if c == "~":
                if pending.graces:
                    return None  # abc2midi plays both as grace notes
                state = state.with_pending(pending._replace(graces=1))
            elif c == "." and pending.graces:  # abc2midi plays half of the note
                state = state.with_pending(pending._replace(graces=2 * pending.graces))
        prefix = _PREFIXES.get(c, Prefix.DECORATION)
        return _with_prefix(state, prefix) if self._rules.lengths(state) else None

    def _start_grace(self, state: State, c: str) -> State | None:
        pending = state.pending
        if pending.tied or (pending.broken and self._strict):
            return None
        if not self._may_follow(pending, Prefix.GRACE) or not self._rules.lengths(state):
            return None
        return state.reading(Kind.GRACE)

    def _grace(self, state: State, c: str) -> State | None:
        if c == "}" and may_close_group(state):
            after = _with_prefix(state, Prefix.GRACE)
            if not self._strict:
                return after
            after = after.with_pending(after.pending._replace(graces=state.token.notes))
            position = after.position
            if position.slur == Slur.OPEN:  # the grace notes are its first note
                after = after.at(position._replace(slur=Slur.NOTE))
            return after
        if c in _LENGTH and state.token.notes and not self._strict:
            return state
        # abc2midi expects grace notes of the unit note length in a tuplet.
        may_be_short = state.token.notes and not state.pending.tuplet
        if c == "/" and may_be_short and state.token.text in ("", "'"):
            return state.reading(Kind.GRACE, c, state.token.notes)  # a shorter grace note
        return read_group(state, c, _MOST_GRACES)

    def _start_quote(self, state: State, c: str) -> State | None:
        pending = state.pending
        if self._strict:
            if pending.broken or pending.prefix > Prefix.CHORD_SYMBOL:
                return None
            if not self._rules.lengths(state):
                return None
        return state.reading(Kind.QUOTE)

    def _quote(self, state: State, c: str) -> State | None:
        """Read a chord symbol or, if not strict, any text in quotes."""
        text = state.token.text
        if not self._strict:
            if c == '"':
                return state.between()
            allowed = c not in "\n%" and len(text) < _LONGEST_QUOTE
            return state.reading(Kind.QUOTE, text + c) if allowed else None
        if c == '"':
            if text not in self._rules.chords.words:
                return None
            is_second = state.pending.prefix == Prefix.CHORD_SYMBOL
            return _with_prefix(
                state, Prefix.TWO_CHORD_SYMBOLS if is_second else Prefix.CHORD_SYMBOL
            )
        text += chord_letter(text, c)
        return state.reading(Kind.QUOTE, text) if self._rules.chords.is_prefix(text) else None

    def _may_follow(self, pending: Pending, prefix: Prefix) -> bool:
        """Whether a prefix may follow the prefixes read so far.

        In strict mode they must be in the order of :class:`Prefix`, each at most once.
        """
        return pending.prefix < prefix or not self._strict


def _with_prefix(state: State, prefix: Prefix) -> State:
    pending = state.pending
    if prefix > pending.prefix:
        pending = pending._replace(prefix=prefix)
    return state.with_pending(pending)
