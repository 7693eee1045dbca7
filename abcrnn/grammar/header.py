"""The fields of a tune, character by character (sections 2.2 and 3 of ABC 2.1)."""

from __future__ import annotations

from abcrnn.grammar.rules import Rules
from abcrnn.grammar.states import Header, State
from abcrnn.grammar.terminals import steps_of
from abcrnn.notation.fields import default_unit, parse_key, parse_meter, parse_unit

_DIGITS = frozenset("0123456789")
_TEXTS = frozenset("ABCDFGHNORSTYZ%")  # lines that say nothing of the music
_WORDS = "words"  # some were read
_LONGEST_NUMBER, _LONGEST_VALUE = 6, 60


class FieldGrammar:
    """Reads fields: those above the music, and those between its lines."""

    def __init__(self, rules: Rules) -> None:
        self._rules, self._strict = rules, rules.strict
        self.steps = {
            "number": self._number,
            "line": self._line,
            "field": self._field,
            "text": self._text,
            "value": self._value,
        }

    def _number(self, state: State, c: str) -> State | None:
        """Read the first line, such as ``X:1``."""
        text = state.text
        if text in ("", "X"):
            return state._replace(text=text + c) if c == "X:"[len(text)] else None
        if c == "\n":
            return State("line") if text != "X:" else None
        if c == " " and text == "X:":
            return state
        fine = c in _DIGITS and len(text) < len("X:") + _LONGEST_NUMBER
        return state._replace(text=text + "1") if fine else None  # which digit is all one

    def _line(self, state: State, c: str) -> State | None:
        """Begin a line: ``M:`` and ``L:`` come once, and ``K:`` only when there is a meter."""
        header = state.header
        music = {"M": not header.meter, "L": not header.unit, "K": bool(header.meter)}
        fine = music.get(c, c in _TEXTS or (c == "Q" and not self._strict))
        return state._replace(at="field", text=c) if fine else None

    def _field(self, state: State, c: str) -> State | None:
        if state.text == "%":  # a comment; %% would be a word to some program
            return state._replace(at="text", text=_WORDS) if c not in "%\n" else None
        if c != ":":
            return None
        if state.text in self._rules.values:
            return state._replace(at="value", text=state.text + c)
        return state._replace(at="text", text="")

    def _text(self, state: State, c: str) -> State | None:
        if c == "\n":
            return state._replace(at="line", text="")
        if (c in ":|" and not state.text) or (c in "\\%" and self._strict):
            return None  # a letter and :: or :| is music
        return state._replace(text=_WORDS)

    def _value(self, state: State, c: str) -> State | None:
        letter, value = state.text[0], state.text[2:]
        if c == "\n":
            known = not self._strict or value in self._rules.values[letter].words
            return self._after_value(state, letter, value) if known else None
        if c == " " and not value:
            return state
        if self._strict:
            fine = self._rules.values[letter].may_become(value + c)
        else:
            fine = len(value) < _LONGEST_VALUE
        return state._replace(text=state.text + c) if fine else None

    def _after_value(self, state: State, letter: str, value: str) -> State | None:
        if letter == "P":
            return _music(state, letter)
        if letter == "K":
            if parse_key(value) is None:
                return None
            return self._begin_music(state) if state.in_header else _music(state, letter)
        header = _changed(state.header, letter, value)
        if header is None:
            return None
        if state.in_header:
            return state._replace(at="line", text="", header=header)
        return self._change(state, letter, header)

    def _begin_music(self, state: State) -> State | None:
        meter = parse_meter(state.header.meter)
        if meter is None:
            return None
        header = state.header._replace(unit=state.header.unit or str(default_unit(meter)))
        whole = self._whole(header)
        if whole is None:
            return None
        return State("music", "\n", self._rules.sections.beginning(whole), header=header)

    def _change(self, state: State, letter: str, header: Header) -> State | None:
        """Change meter or unit where nothing hangs over from before."""
        place = state.place
        if place.pickup and not (place.begun or place.opened):
            begun = self._begin_music(state._replace(header=header))
            return _music(begun, letter) if begun else None
        hangs = place.filled or place.opened or place.ending or place.back or place.pickup
        whole = self._whole(header)
        if whole is None or (hangs and whole != place.whole):
            return None
        changed = state._replace(place=place._replace(whole=whole, explicit="meter"), header=header)
        return _music(changed, letter)

    def _whole(self, header: Header) -> int | None:
        """Return the steps of a full bar; None if they are no whole number, or cannot be filled."""
        meter, unit = parse_meter(header.meter), parse_unit(header.unit)
        whole = steps_of(meter.length, unit) if meter and meter.length and unit else None
        return whole if whole and self._rules.fitting.can_fill(whole) else None


def _changed(header: Header, letter: str, value: str) -> Header | None:
    if letter == "M":
        meter = parse_meter(value)
        return header._replace(meter=value) if meter and meter.length else None
    return header._replace(unit=value) if parse_unit(value) else None


def _music(state: State, letter: str) -> State:
    """Go on with music, which has to come: a tune does not end with a field."""
    return state._replace(at="music", text=letter)
