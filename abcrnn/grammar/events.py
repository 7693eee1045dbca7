"""Notes, rests and chords, character by character (sections 4.1 to 4.5, 4.11 and 4.17)."""

from __future__ import annotations

from abcrnn.grammar.groups import may_close_group, read_group
from abcrnn.grammar.positions import Slur
from abcrnn.grammar.rules import LINE_STARTS, NOTES, RESTS, Rules, Step, TokenGrammar
from abcrnn.grammar.states import Before, Kind, Pending, Prefix, State

_LETTERS = frozenset("ABCDEFGabcdefg")
_ACCIDENTALS = frozenset("^_=")
_MARKS = frozenset(",'")
_LENGTH = frozenset("0123456789/")
_BREAKABLE = frozenset((2, 4, 8, 16))  # steps of notes that stay plain lengths when broken
_NOT_FIRST = {Kind.FIRST_NOTE: Kind.NOTE, Kind.FIRST_REST: Kind.REST}
_MOST_NOTES = 4
_AFTER_NOTE = {
    Slur.OPEN: Slur.NOTE,
    Slur.NOTE: Slur.NOTES,
    Slur.NOTES: Slur.NOTES,
    Slur.OVER: Slur.OVER_NOTES,
    Slur.OVER_NOTES: Slur.OVER_NOTES,
}


class EventGrammar(TokenGrammar):
    """Read events: notes, rests and chords with their lengths, ties and broken rhythm.

    The parameters are those of :class:`abcrnn.grammar.rules.TokenGrammar`.
    """

    def __init__(self, rules: Rules, start_token: Step) -> None:
        super().__init__(rules, start_token)
        self.starts = {
            **dict.fromkeys(_LETTERS, self._start_note),
            **dict.fromkeys(_ACCIDENTALS, self._start_accidental),
            "z": self._start_rest,
            "-": self._tie,
        }
        self.steps = {
            Kind.ACCIDENTAL: self._accidental,
            Kind.FIRST_NOTE: self._first_event,
            Kind.FIRST_REST: self._first_event,
            Kind.NOTE: self._event,
            Kind.REST: self._event,
            Kind.CHORD: self._chord,
            Kind.CHORD_END: self._event,
            Kind.BROKEN: self._broken,
        }

    def after_event(self, state: State) -> State | None:
        """Return the state after the event that is being read; None if it may not end here."""
        steps = self._rules.lengths(state).get(state.token.text.lstrip("'"))
        return None if steps is None else _after_event(state, steps)

    def _start_note(self, state: State, c: str) -> State | None:
        is_first = state.before in LINE_STARTS
        return self._note(state, Kind.FIRST_NOTE if is_first else Kind.NOTE)

    def _note(self, state: State, kind: Kind) -> State | None:
        if not self._rules.lengths(state):
            return None
        pending = state.pending
        if pending.tied or pending.prefix:  # of the prefixes, only such a decoration still matters
            prefix = pending.prefix if pending.prefix >= Prefix.ROLL else Prefix.NONE
            state = state._replace(pending=pending._replace(tied=False, prefix=prefix))
        return state.reading(kind)

    def _start_rest(self, state: State, c: str) -> State | None:
        pending = state.pending
        if pending.tied or pending.broken or pending.prefix > Prefix.TWO_CHORD_SYMBOLS:
            return None
        if not self._rules.lengths(state):
            return None
        is_first = self._strict and state.before in LINE_STARTS
        return state.reading(Kind.FIRST_REST if is_first else Kind.REST)

    def _start_accidental(self, state: State, c: str) -> State | None:
        if (state.pending.tied and self._strict) or not self._rules.lengths(state):
            return None
        return state.reading(Kind.ACCIDENTAL, "" if self._strict else c)  # c may be doubled

    def _accidental(self, state: State, c: str) -> State | None:
        if c in _LETTERS:
            return self._note(state, Kind.NOTE)
        is_doubled = c == state.token.text and c != "="
        return state.reading(Kind.ACCIDENTAL, c * 2) if is_doubled else None

    def _first_event(self, state: State, c: str) -> State | None:
        """Read on after the first letter of a line: with a colon, it could be a field.

        A space between the two makes no difference to some programs.
        """
        if c == ":":
            return None
        after = self._event(state, c)
        if after and self._strict and c == " " and not state.token.text:
            return after._replace(before=Before.LETTER_SPACE)
        return after

    def _event(self, state: State, c: str) -> State | None:
        """Read the octave mark and the length of a note, rest or chord."""
        kind, text = state.token.kind, state.token.text
        kind = _NOT_FIRST.get(kind, kind)
        if kind == Kind.NOTE and c in _MARKS:
            may_follow = text == "" or (text == "'" and not self._strict)
            return state.reading(kind, "'") if may_follow else None
        if c in _LENGTH:
            text = text.lstrip("'") + c
            is_possible = any(length.startswith(text) for length in self._rules.lengths(state))
            return state.reading(kind, text) if is_possible else None
        after = self.after_event(state)
        if after is None:
            return None
        return self._break_rhythm(state, after, c) if c in "<>" else self._start_token(after, c)

    def _break_rhythm(self, state: State, after: State, c: str) -> State | None:
        if state.token.kind in RESTS or state.pending.broken:
            return None
        if bool(state.pending.tuplet) != bool(after.pending.tuplet):
            return None  # the tuplet ends between the two notes
        steps = self._rules.lengths(state)[state.token.text.lstrip("'")]
        if self._strict and (
            steps not in _BREAKABLE
            or after.pending.tuplet
            # A program may play a staccato note as a shorter note and a rest.
            or state.pending.prefix == Prefix.SHORTENED
        ):
            return None
        graces = state.pending.graces
        if c == "<" and graces and steps // 2 <= graces:
            return None  # the grace notes would be longer than the note
        pending = after.pending._replace(broken=steps)
        if not self._rules.lengths(after._replace(pending=pending)):
            return None
        return after._replace(pending=pending).reading(Kind.BROKEN, c)

    def _broken(self, state: State, c: str) -> State | None:
        after = state.between()
        doubled = c == state.token.text and not (self._strict and c == "<")  # << is in no tune
        return after if doubled else self._start_token(after, c)  # at most >> or <<

    def _tie(self, state: State, c: str) -> State | None:
        position = state.position
        if self._strict and (state.before not in NOTES or position.slur == Slur.NOTE):
            return None
        if not (self._rules.lengths(state) or self._rules.allows_tie_over_bar_line(position)):
            return None
        return state.with_pending(state.pending._replace(tied=True))

    def _chord(self, state: State, c: str) -> State | None:
        if c == "]" and may_close_group(state):
            return state.reading(Kind.CHORD_END)
        return read_group(state, c, _MOST_NOTES)


def _after_event(state: State, steps: int) -> State:
    """Return the state after an event written with that many steps."""
    position, pending, kind = state.position, state.pending, state.token.kind
    tuplet = pending.tuplet
    if tuplet:
        written = tuplet._replace(left=tuplet.left - 1, steps=tuplet.steps + steps)
        tuplet = written if written.left else None
        steps = 0 if tuplet else written.steps * written.q // written.p
    bar, slur = position.bar, position.slur
    if slur and kind not in RESTS:
        slur = _AFTER_NOTE[slur]
    position = position._replace(
        bar=bar._replace(filled=bar.filled + steps, has_event=True),
        slur=slur,
        has_note=position.has_note or kind not in RESTS,
    )
    may_be_tied = (
        kind in (Kind.NOTE, Kind.FIRST_NOTE) and pending.prefix < Prefix.ROLL and not pending.tuplet
    )
    before = Before.NOTE if may_be_tied else Before.NOTHING
    return state._replace(pending=Pending(tuplet=tuplet), position=position).between(before)
