"""The music of a tune, character by character (section 4 of ABC 2.1)."""

from __future__ import annotations

from collections.abc import Mapping

from abcrnn.grammar.rules import Rules
from abcrnn.grammar.states import (
    DECORATED,
    END,
    GRACED,
    GROUPED,
    QUOTED,
    Run,
    State,
    Tuplet,
)
from abcrnn.grammar.terminals import BAR_LINES, TUPLETS, chord_letter

_LETTERS = frozenset("ABCDEFGabcdefg")
_ACCIDENTALS = frozenset("^_=")
_MARKS = frozenset(",'")
_OPENING = {"opening": "note", "opening rest": "rest"}
_LENGTH = frozenset("0123456789/")
_DECORATIONS = frozenset(".~LMPTuv")
_PLAYED_DECORATIONS = frozenset("HOS")  # which some programs play by other lengths or orders
_FIELDS = "MLKP"  # those that may stand between two lines of music, in this order
_BROKEN = frozenset((2, 4, 8, 16))  # steps of notes that can be broken into what can be drawn
#: The characters that may be part of a token that has been begun, by its kind; any other
#: ends it, and may follow as after :meth:`MusicGrammar.behind` it.
PARTS_OF = {
    "note": ",'0123456789/<>",
    "opening": ",'0123456789/<>:",
    "rest": "0123456789/<>",
    "opening rest": "0123456789/<>:",
    "chord end": "0123456789/<>",
    "broken": "<>",
    "bar line": "|:][12",
}
# The text between two tokens: how the line began, or that a note may be tied.
LINE_BEGUN = ("\n", "\\", " ", *_FIELDS)  # new, after a continuation, a space, or a field
AFTER_NOTE = "n"
_MOST_GRACES, _MOST_NOTES, _LONGEST_QUOTE = 3, 4, 60


class MusicGrammar:
    """Reads notes, what stands around them, and bar lines."""

    def __init__(self, rules: Rules) -> None:
        self._rules, self._strict = rules, rules.strict
        self.steps = {
            "music": self._music,
            "accidental": self._accidental,
            "opening": self._opening,
            "opening rest": self._opening,
            "note": self._event,
            "rest": self._event,
            "chord end": self._event,
            "broken": self._broken,
            "paren": self._paren,
            "bracket": self._bracket,
            "chord": self._chord,
            "grace": self._grace,
            "quote": self._quote,
            "bar line": self._bar_line,
            "margin": self._margin,
            "line end": lambda state, c: self._new_line(state) if c == "\n" else None,
        }

    def behind(self, state: State) -> State | None:
        """Return the state in music behind the token that is being read, if it may end here."""
        if state.at == "broken":
            return state._replace(at="music", text="")
        if state.at == "bar line":
            return self._after_bar_line(state, state.text) if state.text in BAR_LINES else None
        event = state._replace(at=_OPENING.get(state.at, state.at))
        steps = self._lengths(event).get(event.text.lstrip("'"))
        return None if steps is None else after_event(event, steps)

    def _music(self, state: State, c: str) -> State | None:
        """Begin a token, or pass over what stands between two."""
        if c in _LETTERS:
            return self._note(state, "opening" if state.text in LINE_BEGUN else "note")
        if c == "z" and state.text in LINE_BEGUN and self._strict:
            rest = self._sign(state._replace(text=""), c)
            return rest._replace(at="opening rest") if rest else None
        if c == " ":
            return self._space(state)
        if c == "|" and state.text in LINE_BEGUN and not state.place.begun:
            return state._replace(at="margin", text=c)
        if c in "|:":
            fine = self._may_break(state) and not (self._strict and state.text == " ")
            return self._bar_line(state._replace(at="bar line", text=""), c) if fine else None
        if c == "\n":
            return self._new_line(state)
        if state.text in LINE_BEGUN and state.text != " " and c in _FIELDS:
            return self._field(state, c)
        if self._strict and state.text in LINE_BEGUN and c in ")!\\":
            return None
        after_note = state.text == AFTER_NOTE
        state = state._replace(text="") if state.text else state
        if c == "-":
            return self._tie(state) if after_note or not self._strict else None
        if c in _ACCIDENTALS:
            fine = not (state.run.tied and self._strict) and self._fits(state)
            text = "" if self._strict else c  # which may be doubled
            return state._replace(at="accidental", text=text) if fine else None
        return self._sign(state, c)

    def _sign(self, state: State, c: str) -> State | None:
        """Begin what is neither a note nor a bar line."""
        run = state.run
        if c == ")":
            closes = state.place.slurred and run == Run()
            if not closes and self._strict:
                return None
            return state._replace(place=state.place._replace(slurred=False))
        if c == "[":
            alone = not (run.tied or run.tuplet or run.owed > GROUPED) or not self._strict
            return state._replace(at="bracket") if alone else None
        if c in "!\\":
            return state._replace(at="line end", text=c) if self._may_end_line(state) else None
        if c == '"' and not self._strict:
            return state._replace(at="quote")
        if not self._fits(state):
            return None
        if c == "(":
            before = run.owed != DECORATED or not self._strict
            return state._replace(at="paren") if before else None
        if run.broken and self._strict:
            return None
        if c == '"':
            return state._replace(at="quote") if run.owed <= QUOTED else None
        if not self._strict and c in _DECORATIONS | _PLAYED_DECORATIONS:
            return self._owing(state, DECORATED)
        if run.tied:
            return None
        if c == "z":
            fine = not (run.broken or run.owed > QUOTED)
            return state._replace(at="rest") if fine else None
        if c in _DECORATIONS and self._owes(run, DECORATED):
            return self._owing(state, DECORATED)
        if c == "{" and self._owes(run, GRACED):
            return state._replace(at="grace", text="0")
        return None

    def _space(self, state: State) -> State | None:
        waits = state.run.broken or state.run.owed > QUOTED
        if self._strict and (waits or (state.place.slurred and not self._fits(state))):
            return None
        return state._replace(text=" ") if state.text in LINE_BEGUN else state

    # Events (sections 4.1 to 4.4, 4.17) ---------------------------------------------------------

    def _note(self, state: State, at: str) -> State | None:
        if not self._fits(state):
            return None
        # Of what stood before it, only this still matters.
        owed = state.run.owed if state.run.owed == DECORATED else 0
        return state._replace(at=at, text="", run=state.run._replace(tied=False, owed=owed))

    def _accidental(self, state: State, c: str) -> State | None:
        if c in _LETTERS:
            return self._note(state, "note")
        doubled = c == state.text and c != "="
        return state._replace(text=c * 2) if doubled else None

    def _opening(self, state: State, c: str) -> State | None:
        """Go on after the first letter of a line: with a colon, some take it for a field."""
        return self._event(state._replace(at=_OPENING[state.at]), c) if c != ":" else None

    def _event(self, state: State, c: str) -> State | None:
        """Read the octave mark and the length of a note, rest or chord."""
        if state.at == "note" and c in _MARKS:
            marked = state.text == "" or (state.text == "'" and not self._strict)
            return state._replace(text="'") if marked else None
        if c in _LENGTH:
            text = state.text.lstrip("'") + c
            longer = any(length.startswith(text) for length in self._lengths(state))
            return state._replace(text=text) if longer else None
        after = self.behind(state)
        if after is None:
            return None
        return self._break_rhythm(state, after, c) if c in "<>" else self._music(after, c)

    def _break_rhythm(self, state: State, after: State, c: str) -> State | None:
        steps = self._lengths(state)[state.text.lstrip("'")]
        run = after.run._replace(broken=steps)
        inside = bool(state.run.tuplet) == bool(run.tuplet)
        # A decorated note may be staccato, which some programs play as a shorter one and a rest.
        plain = steps in _BROKEN and not run.tuplet and state.run.owed != DECORATED
        fine = (
            state.at != "rest" and not state.run.broken and inside and (plain or not self._strict)
        )
        if not fine or not self._rules.fits(after.place, run):
            return None
        return after._replace(at="broken", text=c, run=run)

    def _broken(self, state: State, c: str) -> State | None:
        behind = state._replace(at="music", text="")
        return behind if c == state.text else self._music(behind, c)  # >> and no more

    def _tie(self, state: State) -> State | None:
        leads_on = self._fits(state) or self._rules.may_cross(state.place)
        return state._replace(run=state.run._replace(tied=True)) if leads_on else None

    def _chord(self, state: State, c: str) -> State | None:
        """Read the notes of a chord."""
        if c == "]" and _may_close(state):
            return state._replace(at="chord end", text="")
        return _one_more(state, c, _MOST_NOTES)

    # What stands before a note (sections 4.11 to 4.14, 4.18, 4.19) -------------------------------

    def _paren(self, state: State, c: str) -> State | None:
        """Begin a tuplet or a slur."""
        if c in self._rules.tuplets:
            if state.run.tuplet or state.run.broken or not self._owes(state.run, GRACED):
                return None
            run = state.run._replace(tuplet=Tuplet(int(c), 0, *TUPLETS[c]))
            begun = state._replace(at="music", run=run)
            return begun if self._fits(begun) else None
        if state.place.slurred and self._strict:
            return None
        place = state.place._replace(slurred=True)
        return self._music(self._owing(state._replace(place=place), GROUPED), c)

    def _grace(self, state: State, c: str) -> State | None:
        """Read grace notes."""
        if c == "}" and _may_close(state):
            return self._owing(state, GRACED)
        if c in _LENGTH and state.text[0] != "0" and not self._strict:
            return state
        return _one_more(state, c, _MOST_GRACES)

    def _quote(self, state: State, c: str) -> State | None:
        text = state.text
        if c == '"':
            known = not self._strict or text in self._rules.chords.words
            if not known:
                return None
            free = state._replace(at="music", text="")
            return self._owing(free, QUOTED) if self._strict else free
        if self._strict:
            c = chord_letter(text, c)
            fine = self._rules.chords.may_become(text + c)
        else:
            fine = c not in "\n%" and len(text) < _LONGEST_QUOTE
        return state._replace(text=text + c) if fine else None

    # Bar lines and lines (sections 4.8 to 4.10, 6.1) ---------------------------------------------

    def _bar_line(self, state: State, c: str) -> State | None:
        if self._leads_on(state, state.text + c):
            return state._replace(text=state.text + c)
        after = self.behind(state)
        return self._music(after, c) if after and (state.text, c) != ("|]", "[") else None

    def _margin(self, state: State, c: str) -> State | None:
        """Read the bar line before repeated where a line begins; it does nothing more."""
        if c == "|" and state.text == "|" and state.place.closed:
            return state._replace(text="||")
        if c == ":":
            return self._bar_line(state._replace(at="bar line"), c)
        if c in "12":
            return self._after_bar_line(state, "[" + c)
        place = state.place
        hangs = place.pickup or place.filled or place.ending == "due"
        if self._strict and hangs and state.text != "||":
            return None  # some count an empty bar before it
        if not self._goes_on(state):
            return None
        # More music has to come: a tune does not end with it.
        after = state._replace(at="music", text="", place=place._replace(closed=""))
        return self._music(after, c)

    def _leads_on(self, state: State, begun: str) -> bool:
        return any(
            self._after_bar_line(state, text) is not None
            for text in self._rules.bar_lines.words
            if text.startswith(begun)
        )

    def _after_bar_line(self, state: State, text: str) -> State | None:
        deeds = BAR_LINES[text]
        if state.run.tied and deeds != ("plain",):
            return None
        if state.place.slurred and self._strict:
            return None
        place = self._rules.after_bar_line(state.place, text)
        return state._replace(at="music", text="", place=place) if place else None

    def _bracket(self, state: State, c: str) -> State | None:
        """Begin an ending or a chord."""
        if c in "12":
            return self._after_bar_line(state, "[" + c) if self._may_break(state) else None
        return self._chord(state._replace(at="chord", text="0"), c) if self._fits(state) else None

    def _new_line(self, state: State) -> State | None:
        if state.at == "music" and state.text in LINE_BEGUN:  # a blank line
            over = state.text == "\n" and not state.run.tied
            return END if over and self._rules.sections.may_end(state.place) else None
        if not self._may_end_line(state):
            return None
        return state._replace(at="music", text="\n" if state.text != "\\" else "\\")

    def _may_break(self, state: State) -> bool:
        run = state.run
        return not (run.owed or run.broken or run.tuplet)

    def _may_end_line(self, state: State) -> bool:
        return self._may_break(state) and not (self._strict and state.run.tied)

    def _field(self, state: State, c: str) -> State | None:
        place = state.place
        opens = self._rules.sections.after(place, ("open",)) is not None
        between = not (place.begun or state.run.tied) and (opens or self._goes_on(state))
        if self._strict:
            ordered = _FIELDS.find(c) > _FIELDS.find(state.text)
            part = c != "P" or place.closed or place.pickup
            between = between and ordered and part and place.ending != "due"
        return state._replace(at="field", text=c) if between else None

    # --------------------------------------------------------------------------------------------

    def _goes_on(self, state: State) -> bool:
        """Whether there may be more music, if only the second ending."""
        return self._rules.room(state.place) > 0 or state.place.ending == "due"

    def _fits(self, state: State) -> bool:
        return bool(self._lengths(state))

    def _lengths(self, state: State) -> Mapping[str, int]:
        return self._rules.fits(state.place, state.run)

    def _owes(self, run: Run, kind: int) -> bool:
        """Whether what stands before a note may be joined by more of this kind."""
        return run.owed < kind or not self._strict

    def _owing(self, state: State, kind: int) -> State:
        run = state.run._replace(owed=max(state.run.owed, kind))
        return state._replace(at="music", text="", run=run)


def _one_more(state: State, c: str, most: int) -> State | None:
    """Read the notes of a chord or of graces; the text counts them, and says what came last."""
    count, last = int(state.text[0]), state.text[1:]
    if c in _LETTERS and count < most:
        return state._replace(text=f"{count + 1}")
    if c in _ACCIDENTALS and last != "^" and count < most:
        return state._replace(text=f"{count}^")
    if c in _MARKS and count and not last:
        return state._replace(text=f"{count}'")
    return None


def _may_close(state: State) -> bool:
    return state.text[0] != "0" and state.text[1:] != "^"


def after_event(state: State, steps: int) -> State:
    """Return the state after an event of so many steps, as it is written."""
    place, tuplet = state.place, state.run.tuplet
    if tuplet:
        written = tuplet._replace(left=tuplet.left - 1, steps=tuplet.steps + steps)
        tuplet = written if written.left else None
        steps = 0 if tuplet else written.steps * written.q // written.p
    place = place._replace(
        filled=place.filled + steps,
        begun=True,
        sounded=place.sounded or state.at != "rest",
    )
    tieable = state.at == "note" and state.run.owed != DECORATED and not state.run.tuplet
    text = AFTER_NOTE if tieable else ""
    return state._replace(at="music", text=text, place=place, run=Run(tuplet=tuplet))
