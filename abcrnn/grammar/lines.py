"""Bar lines, the ends of lines and fields between lines (sections 3, 4.8 to 4.10, 6.1)."""

from __future__ import annotations

from abcrnn.grammar.header import BODY_FIELDS
from abcrnn.grammar.positions import Closed, Effect, Ending, Position, Slur
from abcrnn.grammar.rules import LINE_STARTS, SPACES, Rules, Step, TokenGrammar
from abcrnn.grammar.states import END, Before, Kind, State
from abcrnn.grammar.terminals import BAR_LINES

_CROSSING = frozenset((Slur.NOTE, Slur.NOTES))  # slurs that may lead across a bar line


class LineGrammar(TokenGrammar):
    """Read bar lines, line ends and the letters of fields.

    The parameters are those of :class:`abcrnn.grammar.rules.TokenGrammar`.
    """

    def __init__(self, rules: Rules, start_token: Step) -> None:
        super().__init__(rules, start_token)
        self.starts = {
            **dict.fromkeys("|:", self._start_bar_line),
            **dict.fromkeys("!\\", self._start_line_end),
            "\n": self._end_line,
        }
        self.steps = {
            Kind.BAR_LINE: self._bar_line,
            Kind.OPENING_BAR_LINE: self._opening_bar_line,
            Kind.LINE_END: self._line_end,
        }

    def after_bar_line(self, state: State, text: str) -> State | None:
        """Return the state after a bar line.

        Parameters
        ----------
        state : State
            While the bar line is being read.
        text : str
            The bar line, such as ``":|"``: a key of :data:`BAR_LINES`.

        Returns
        -------
        State or None
            None if the bar line is not allowed here.
        """
        if state.pending.tied and BAR_LINES[text] != (Effect.NEXT_BAR,):
            return None
        slur = self._strict and state.position.slur
        if slur and (slur not in _CROSSING or BAR_LINES[text] != (Effect.NEXT_BAR,)):
            return None
        position = self._rules.after_bar_line(state.position, text)
        if position and slur:
            position = position._replace(slur=Slur.OVER)
        return state.at(position) if position else None

    def _start_bar_line(self, state: State, c: str) -> State | None:
        in_line_start = state.before in LINE_STARTS
        starts_bar = not state.position.bar.has_event
        if c == "|" and (state.before == Before.FULL_BAR or (in_line_start and starts_bar)):
            return state.reading(Kind.OPENING_BAR_LINE, c)
        if state.before == Before.FULL_BAR:
            return None
        if self._strict and starts_bar and not self._may_repeat_bar_line(state):
            return None
        if state.pending.must_continue or (c == ":" and state.before == Before.LETTER_SPACE):
            return None
        return self._bar_line(state.reading(Kind.BAR_LINE), c)

    def _may_repeat_bar_line(self, state: State) -> bool:
        """Whether a bar line may come where a bar begins: not after another one in its line."""
        if state.before in SPACES | {Before.INDENT}:
            return False
        position = state.position
        return state.before != Before.NOTHING or position.bar.is_first or bool(position.closed)

    def _bar_line(self, state: State, c: str) -> State | None:
        text = state.token.text
        if self._is_bar_line_prefix(state, text + c):
            return state.reading(Kind.BAR_LINE, text + c)
        after = self.after_bar_line(state, text) if text in BAR_LINES else None
        return self._start_token(after, c) if after and (text, c) != ("|]", "[") else None

    def _is_bar_line_prefix(self, state: State, text: str) -> bool:
        return any(
            self.after_bar_line(state, line) is not None
            for line in self._rules.bar_lines.words
            if line.startswith(text)
        )

    def _opening_bar_line(self, state: State, c: str) -> State | None:
        """Read on after ``|`` or ``||`` at the start of a line of music.

        It repeats the bar line that ended the line before, so no bar lies between the two.
        """
        text, position = state.token.text, state.position
        bar = position.bar
        if c == "|" and text == "|" and position.closed and not bar.has_event:
            return state.reading(Kind.OPENING_BAR_LINE, "||")
        if c == ":":
            return self._bar_line(state, c)
        if c in "12":
            return self.after_bar_line(state, "[" + c)
        incomplete = bar.is_first or bar.filled or position.repeats.ending == Ending.SECOND_DUE
        if self._strict and ((incomplete and text != "||") or c in "\n!\\"):
            return None  # some programs count an empty bar before it
        if not self._may_continue(state):
            return None
        # More music must follow: a tune does not end with this bar line.
        return self._start_token(state.at(position._replace(closed=Closed.NOTHING)), c)

    def _start_line_end(self, state: State, c: str) -> State | None:
        """Begin the mark ``!`` or a backslash at the end of a line."""
        if self._strict:
            # A continued line is of use only where a bar is cut in two.
            needless = state.before in SPACES if c == "!" else not state.position.bar.has_event
            if state.before in LINE_STARTS or needless:
                return None
        return state.reading(Kind.LINE_END, c) if self._may_end_line(state) else None

    def _line_end(self, state: State, c: str) -> State | None:
        if c != "\n" or not self._may_end_line(state):
            return None
        is_continued = state.token.text == "\\"
        return self._begin_line(state, Before.CONTINUATION if is_continued else Before.LINE_START)

    def _end_line(self, state: State, c: str) -> State | None:
        if self._strict and state.before in SPACES:
            return None
        if state.before not in LINE_STARTS:
            return self._begin_line(state) if self._may_end_line(state) else None
        # A blank line ends the tune.
        may_end = state.before == Before.LINE_START and not state.pending.tied
        return END if may_end and self._rules.sections.may_end(state.position) else None

    def _may_end_line(self, state: State) -> bool:
        pending, position = state.pending, state.position
        if pending.must_continue or (self._strict and pending.tied):
            return False
        if self._strict and self._is_full(position):  # a bar line would begin the next line
            return self._rules.sections.after(position, (Effect.OPEN_REPEAT,)) is not None
        return self._rules.sections.may_end_line(position)

    def _is_full(self, position: Position) -> bool:
        """Whether only a bar line is missing in the bar."""
        return position.bar.has_event and not self._rules.room(position)

    def _begin_line(self, state: State, before: Before = Before.LINE_START) -> State:
        if self._strict and self._is_full(state.position):
            return state.between(Before.FULL_BAR)
        return state.at(self._rules.sections.begin_line(state.position))._replace(before=before)

    def start_field(self, state: State, c: str) -> State | None:
        """Begin a field between two lines of music."""
        position, repeats = state.position, state.position.repeats
        if position.bar.has_event or state.pending.tied or (self._strict and position.slur):
            return None
        opens = self._rules.sections.after(position, (Effect.OPEN_REPEAT,)) is not None
        if not opens and not self._may_continue(state):
            return None
        if self._strict:
            in_order = BODY_FIELDS[c] > state.before
            begins_bar = position.bar.is_first or not position.bar.filled
            allowed_part = c != "P" or position.closed or begins_bar
            if not in_order or not allowed_part or repeats.ending == Ending.SECOND_DUE:
                return None
        return state.reading(Kind.FIELD, c)

    def _may_continue(self, state: State) -> bool:
        """Whether more music may follow, if only the second ending."""
        position = state.position
        return self._rules.room(position) > 0 or position.repeats.ending == Ending.SECOND_DUE
