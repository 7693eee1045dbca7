"""A short way from any state to the end of a tune, one character at a time."""

from __future__ import annotations

from collections.abc import Callable

from abcrnn.grammar.bar_filling import Gap
from abcrnn.grammar.body import BodyGrammar
from abcrnn.grammar.endings import EndingGrammar
from abcrnn.grammar.field_text import closing_sign
from abcrnn.grammar.positions import Effect, Ending
from abcrnn.grammar.rules import CLOSABLE, Rules
from abcrnn.grammar.states import Before, Kind, State
from abcrnn.grammar.terminals import BAR_LINES

_LETTERS = "ABCDEFGabcdefg"
# Before music only: the tune cannot end on such a line.
_NOT_LAST = frozenset(Before) - {Before.NOTHING, Before.NOTE, Before.LINE_START}


class Completion:
    """Choose the next character of a short completion of a tune.

    Parameters
    ----------
    alphabet : str
    rules : Rules
    body : BodyGrammar
    step : callable
        As :meth:`abcrnn.grammar.TuneAutomaton.step`.
    ending : EndingGrammar, optional
        Of a requested ending.
    """

    def __init__(
        self,
        alphabet: str,
        rules: Rules,
        body: BodyGrammar,
        step: Callable[[State, str], State | None],
        ending: EndingGrammar | None = None,
    ) -> None:
        self._rules, self._body, self._step, self._ending = rules, body, step, ending
        self._letter = next((c for c in alphabet if c in _LETTERS), "")
        self._mark = next((c for c in ",'" if c in alphabet), "")
        self._choices: dict[Kind, Callable[[State], str]] = {
            Kind.NUMBER: lambda state: "X:1\n"[min(len(state.token.text.rstrip()), 3)],
            Kind.LINE: lambda state: "K" if state.header.meter else "M",
            Kind.FIELD: lambda state: " " if state.token.text == "%" else ":",
            **dict.fromkeys((Kind.TEXT, Kind.NAME, Kind.RHYTHM), self._in_text),
            Kind.LINE_END: lambda state: "\n",
            Kind.VALUE: self._in_value,
            Kind.QUOTE: self._in_quote,
            Kind.GRACE: lambda state: self._in_group(state, "}"),
            Kind.CHORD: lambda state: self._in_group(state, "]"),
            Kind.PAREN: self._in_bracket,
            Kind.BRACKET: self._in_bracket,
            Kind.ACCIDENTAL: self._note,
            Kind.BROKEN: self._note,
            Kind.BAR_LINE: self._in_bar_line,
            Kind.OPENING_BAR_LINE: self._in_opening_bar_line,
            Kind.MUSIC: self._in_music,
            **dict.fromkeys(
                (Kind.NOTE, Kind.FIRST_NOTE, Kind.REST, Kind.FIRST_REST, Kind.CHORD_END),
                self._in_event,
            ),
        }

    def next_character(self, state: State) -> str:
        """Return a character that leads to the end of the tune; empty if none is known."""
        return self._choices[state.token.kind](state)

    def _note(self, state: State) -> str:
        return self._ending.note(state) if self._ending else self._letter

    def _ends_well(self, state: State) -> bool:
        """Whether the last note is one that a requested ending allows."""
        return self._ending is None or state.ending.met

    def _next_goal(self, state: State) -> tuple[int, Effect]:
        """Return how far to fill the bar, and the effect of the bar line after it.

        A full bar after which the tune may not end is followed by another bar.
        """
        position, sections = state.position, self._rules.sections
        target, effect = sections.next_goal(position)
        is_full = position.bar.filled >= target
        if is_full and not self._ends_well(state) and sections.after(position, (Effect.NEXT_BAR,)):
            return target, Effect.NEXT_BAR
        return target, effect

    def _in_text(self, state: State) -> str:
        if self._step(state, "\n"):
            return "\n"
        is_name = state.token.kind == Kind.NAME
        return (closing_sign(state.token.text) if is_name else "") or self._note(state)

    def _in_value(self, state: State) -> str:
        letter, value = state.token.text[0], state.token.text[2:].lstrip()
        words = self._rules.words(letter, state.header)
        return (words.next_character(value) if words.is_prefix(value) else "") or "\n"

    def _in_quote(self, state: State) -> str:
        chords, text = self._rules.chords, state.token.text
        return (chords.next_character(text) if chords.is_prefix(text) else "") or '"'

    def _in_group(self, state: State, closing: str) -> str:
        may_close = state.token.notes and state.token.text != "^"
        return closing if may_close else self._note(state)

    def _in_bracket(self, state: State) -> str:
        choices = [*self._note(state), *"123456"]
        return next((c for c in choices if self._step(state, c)), "")

    def _in_music(self, state: State) -> str:
        position, pending, sections = state.position, state.pending, self._rules.sections
        bar, room = position.bar, self._rules.room(position)
        if position.repeats.ending == Ending.SECOND_DUE:
            return "["
        if state.before not in _NOT_LAST and sections.may_end(position) and self._ends_well(state):
            return "\n"
        if state.before == Before.FULL_BAR:
            return "|"
        if not (bar.has_event or room):
            return self._bar_line(state, "", Effect.OPEN_REPEAT)
        target, effect = self._next_goal(state)
        if pending.must_continue or bar.filled < target or (pending.tied and room):
            return self._note(state)
        if position.slur in CLOSABLE:
            return ")"
        if position.slur:
            may_cross = self._rules.may_cross_bar_line(position)
            return self._note(state) if room else "|" if may_cross else ")"
        return self._bar_line(state, "", effect)

    def _in_event(self, state: State) -> str:
        """Choose the length that fills the bar soonest, and continue after it."""
        kind, text = state.token.kind, state.token.text
        if kind in (Kind.NOTE, Kind.FIRST_NOTE) and not text and self._mark:
            return self._mark  # a tie may require the octave mark, so the bound includes one
        position, pending = state.position, state.pending
        start, most = text.lstrip("'"), self._rules.room(position)
        target, _ = self._rules.sections.next_goal(position)
        filled, filling = position.bar.filled, self._rules.filling(state.header.unit)
        must_continue = self._rules.continues(state)
        rooms = (min(target - filled, most), most)
        # Before another ending, leave room for a better last note in this bar.
        kinds = (must_continue,) if self._ends_well(state) else (True, must_continue)
        choices = ((Gap(room, filled), more) for more in kinds for room in rooms)
        found = (filling.shortest(gap, pending, start, more) for gap, more in choices)
        length = next((length for length in found if length is not None), None)
        if length is None:
            return ""
        if length != start:
            return length[len(start)]
        after = self._body.after_token(state)
        return self._in_music(after) if after else ""

    def _in_bar_line(self, state: State) -> str:
        _, effect = self._next_goal(state)
        c = self._bar_line(state, state.token.text, effect)
        after = None if c else self._body.after_token(state)
        return self._in_music(after) if after else c

    def _in_opening_bar_line(self, state: State) -> str:
        return ":" if state.position.bar.has_event else self._in_music(state.between())

    def _bar_line(self, state: State, start: str, effect: Effect) -> str:
        """Return the next character of an allowed bar line, if possible one with this effect."""
        lines = [
            line
            for line in self._rules.bar_lines.words
            if line.startswith(start) and self._rules.after_bar_line(state.position, line)
        ]
        best = min(lines, key=lambda s: (BAR_LINES[s] != (effect,), len(s), s), default=start)
        return best[len(start) : len(start) + 1]
