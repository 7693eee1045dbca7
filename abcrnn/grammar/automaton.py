"""Which characters may come next in a tune that is to be sound.

After every beginning :class:`TuneAutomaton` knows the characters after which the
tune can still be ended soundly, and in how few: it always has a way to the end in
mind, so that whatever is drawn among them, there is no dead end.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType

from abcrnn.grammar.body import LINE_BEGUN, PARTS_OF, MusicGrammar
from abcrnn.grammar.header import FieldGrammar
from abcrnn.grammar.rules import Rules
from abcrnn.grammar.sections import Form
from abcrnn.grammar.states import END, START, State
from abcrnn.grammar.terminals import BAR_LINES

_NOTES = "ABCDEFGabcdefg"
# Kinds of token in which every letter of a note leads to the same state.
_BLIND = frozenset(
    ("music", "accidental", "opening", "opening rest", "note", "rest", "chord end", "broken",
     "paren", "bracket", "chord", "grace", "bar line", "margin")
)  # fmt: skip
_LONGEST_WAY = 10_000


class TuneAutomaton:
    """Tells after every beginning of a tune which characters may follow.

    Parameters
    ----------
    alphabet : str
        The characters there are.
    strict : bool
        Leave out what is sound and yet makes some programs stumble: for tunes to be
        drawn. Else what tunebooks write is followed, as far as it is sound.
    form : Form
        Sections to keep to; empty for any.
    bars : int, optional
        Bars of the tune, if there is no form.
    values : mapping of str to collection of str
        Of the fields ``K`` and ``M``: the values to keep to, in every spelling of them.
    """

    def __init__(
        self,
        alphabet: str,
        strict: bool = True,
        form: Form = (),
        bars: int | None = None,
        values: Mapping[str, Collection[str]] = MappingProxyType({}),
    ) -> None:
        self._rules = Rules(alphabet, strict, form, bars, values)
        self._music = MusicGrammar(self._rules)
        self._grammar: dict[str, Callable[[State, str], State | None]] = {
            **FieldGrammar(self._rules).steps,
            **self._music.steps,
            "end": lambda state, c: state,
        }
        self._alphabet = alphabet
        self._notes = "".join(c for c in alphabet if c in _NOTES)
        self._mark = next((c for c in ",'" if c in alphabet), "")
        self._needs: dict[State, int | None] = {END: 0}
        self._rows: dict[State, dict[str, State]] = {}

    def step(self, state: State, character: str) -> State | None:
        """Return the state after one more character; None if no sound tune goes on so."""
        return self._grammar[state.at](state, character)

    def follow(self, text: str, state: State = START) -> tuple[State, int]:
        """Read text as far as a sound tune may go so.

        Returns
        -------
        state : State
            After the characters read.
        count : int
            How many they are: all, or as many as stand before one that may not come.
        """
        for count, character in enumerate(text):
            after = self.step(state, character)
            if after is None:
                return state, count
            state = after
        return state, len(text)

    def successors(self, state: State) -> dict[str, State]:
        """Return the states after each character that may come."""
        if state.at not in PARTS_OF:
            return self._stepped(state, self._alphabet)
        parts = PARTS_OF[state.at]
        own = self._stepped(state, [c for c in self._alphabet if c in parts])
        behind = self._music.behind(state)
        if behind is None:
            return own
        if behind not in self._rows:  # many tokens lead to the same state
            self._rows[behind] = self._stepped(behind, self._alphabet)
        shared = self._rows[behind].items()
        return {c: reached for c, reached in shared if c not in parts} | own

    def _stepped(self, state: State, characters: Iterable[str]) -> dict[str, State]:
        after: dict[str, State] = {}
        first = self._notes[:1]
        for c in characters:
            if state.at in _BLIND and c in _NOTES and c != first:
                reached = after.get(first)
            else:
                reached = self.step(state, c)
                if reached is not None and self.need(reached) is None:
                    reached = None
            if reached is not None:
                after[c] = reached
        return after

    def need(self, state: State) -> int | None:
        """Return how many characters an end of the tune takes at most; None if there is none."""
        way: list[State] = []
        while state not in self._needs:
            way.append(state)
            c = self._towards_the_end(state)
            after = self.step(state, c) if c and c in self._alphabet else None
            if after is None or len(way) > _LONGEST_WAY:
                self._needs[state] = None
                break
            state = after
        need = self._needs[state]
        for passed in reversed(way):
            if passed not in self._needs:
                need = None if need is None else need + 1
                self._needs[passed] = need
        return need

    # The way to the end ---------------------------------------------------------------------

    def _towards_the_end(self, state: State) -> str:
        """Return a character that leads to the end of the tune, and soon."""
        match state.at:
            case "number":
                return "X:1\n"[min(len(state.text), 3)]
            case "line":
                return "K" if state.header.meter else "M"
            case "field":
                return ":" if state.text != "%" else " "
            case "text" | "line end":
                return "\n"
            case "value":
                words, value = self._rules.values[state.text[0]], state.text[2:]
                return (words.ends(value) if words.may_become(value) else "") or "\n"
            case "quote":
                known = self._rules.chords.may_become(state.text)
                return (self._rules.chords.ends(state.text) if known else "") or '"'
            case "grace" | "chord":
                done = state.text[0] != "0" and state.text[1:] != "^"
                return ("}" if state.at == "grace" else "]") if done else self._notes[:1]
            case "paren" | "bracket":
                choices = [*self._notes[:1], *"123456"]
                return next((c for c in choices if self.step(state, c)), "")
            case "accidental" | "broken":
                return self._notes[:1]
            case "bar line":
                return self._out_of_bar_line(state)
            case "note" | "opening" | "rest" | "opening rest" | "chord end":
                return self._out_of_event(state)
            case _:
                return self._in_music(state._replace(text=state.text.strip("|")))

    def _in_music(self, state: State) -> str:
        place, run = state.place, state.run
        if place.ending == "due":
            return "["
        if self._rules.sections.may_end(place) and state.text not in LINE_BEGUN[1:]:
            return "\n"
        if not (place.begun or self._rules.room(place)):
            return self._bar_line(state, "", "open")
        target, deed = self._rules.sections.goal(place)
        waits = run.owed or run.broken or run.tuplet
        if waits or place.filled < target or (run.tied and self._rules.room(place)):
            return self._notes[:1]
        if place.slurred:
            return ")"
        return self._bar_line(state, "", deed)

    def _out_of_event(self, state: State) -> str:
        """Choose the length that fills the bar soonest, and go on after it."""
        if state.at in ("note", "opening") and not state.text and self._mark:
            return self._mark  # counted in, for a tie may ask for it
        place, text = state.place, state.text.lstrip("'")
        target, _ = self._rules.sections.goal(place)
        most = self._rules.room(place)
        for room in (min(target - place.filled, most), most):
            length = self._rules.fitting.shortest(room, state.run, text)
            if length is not None:
                break
        else:
            return ""
        if length != text:
            return length[len(text)]
        behind = self._music.behind(state)
        return self._in_music(behind) if behind else ""

    def _out_of_bar_line(self, state: State) -> str:
        c = self._bar_line(state, state.text, self._rules.sections.goal(state.place)[1])
        behind = None if c else self._music.behind(state)
        return self._in_music(behind) if behind else c

    def _bar_line(self, state: State, begun: str, deed: str) -> str:
        """Return the next character of a bar line, one that does the deed if there still is one."""
        words = [
            word
            for word in self._rules.bar_lines.words
            if word.startswith(begun) and self._rules.after_bar_line(state.place, word)
        ]
        word = min(words, key=lambda w: (BAR_LINES[w] != (deed,), len(w), w), default=begun)
        return word[len(begun) : len(begun) + 1]
