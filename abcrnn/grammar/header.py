"""The header of a tune, and the fields between its lines of music.

Sections 2.2 and 3 of ABC 2.1.
"""

from __future__ import annotations

from collections.abc import Callable

from abcrnn.grammar.field_text import ANY_TEXT, may_end, read_name, read_text
from abcrnn.grammar.positions import Ambiguity
from abcrnn.grammar.rhythms import RhythmText
from abcrnn.grammar.rules import Rules
from abcrnn.grammar.states import Before, Header, Kind, State, Token
from abcrnn.grammar.terminals import steps_of
from abcrnn.notation.fields import default_unit, parse_key, parse_meter, parse_unit

#: Fields that may come between two lines of music, and what the position after them is called.
BODY_FIELDS = {"M": Before.METER, "L": Before.UNIT, "K": Before.KEY, "P": Before.PART}

_DIGITS = frozenset("0123456789")
_TEXT_FIELDS = frozenset("ABCDFGHNOQRSTYZ%")  # fields and comments that do not change bars
_NAMES = frozenset("ACOT")  # text fields that name the tune, its author or its origin
_MOST_DIGITS, _LONGEST_VALUE = 6, 60


class HeaderGrammar:
    """Read fields: those of the header and those between lines of music."""

    def __init__(self, rules: Rules) -> None:
        self._rules, self._strict = rules, rules.strict
        self._rhythms = RhythmText(rules.strict)
        self.steps = {
            Kind.NUMBER: self._number,
            Kind.LINE: self._line,
            Kind.FIELD: self._field,
            Kind.TEXT: self._text,
            Kind.NAME: self._name,
            Kind.RHYTHM: self._rhythm,
            Kind.VALUE: self._value,
        }

    def _number(self, state: State, c: str) -> State | None:
        """Read the first line, such as ``X:1``."""
        text = state.token.text
        if text in ("", "X"):
            return state.reading(Kind.NUMBER, text + c) if c == "X:"[len(text)] else None
        if c == " " and self._allows_space_before_value(text):
            return state.reading(Kind.NUMBER, "X: ")
        text = text.rstrip()
        if c == "\n":
            return State(Token(Kind.LINE)) if text != "X:" else None
        if c not in _DIGITS or len(text) >= len("X:") + _MOST_DIGITS:
            return None
        return state.reading(Kind.NUMBER, text + "1")  # represents any digit

    def _line(self, state: State, c: str) -> State | None:
        """Begin a header line: ``M:`` and ``L:`` come once, ``K:`` only after ``M:``."""
        header = state.header
        if c == "M":
            allowed = not header.meter
        elif c == "L":
            allowed = not header.unit
        elif c == "K":
            allowed = bool(header.meter)
        else:
            allowed = c in _TEXT_FIELDS
        return state.reading(Kind.FIELD, c) if allowed else None

    def _field(self, state: State, c: str) -> State | None:
        letter = state.token.text
        if letter == "%":  # a comment; a program may read %% as a directive
            if c in "%\n" or not self._allows_in_text(c, is_first=False):
                return None
            after = read_text("", c) if self._strict else ANY_TEXT
            return state.reading(Kind.TEXT, after) if after else None
        if c != ":":
            return None
        if letter in self._rules.values and (self._strict or letter != "Q"):
            return state.reading(Kind.VALUE, letter + c)
        if letter == "R":
            return state.reading(Kind.RHYTHM, state.header.rhythm + ":")
        return state.reading(Kind.NAME if letter in _NAMES else Kind.TEXT)

    def _text(self, state: State, c: str) -> State | None:
        return self._read(state, c, read_text)

    def _name(self, state: State, c: str) -> State | None:
        return self._read(state, c, read_name)

    def _read(self, state: State, c: str, read: Callable[[str, str], str | None]) -> State | None:
        """Read a character of a field that does not change the music."""
        text = state.token.text
        if c == "\n":
            return state.reading(Kind.LINE) if may_end(text) or not self._strict else None
        if not self._allows_in_text(c, text == ""):
            return None
        after = read(text, c)
        if after is None and not self._strict:
            after = ANY_TEXT
        return None if after is None else state.reading(state.token.kind, after)

    def _rhythm(self, state: State, c: str) -> State | None:
        text, header = state.token.text, state.header
        meters = (header.meter,) if header.meter else self._rules.values["M"].words
        if c == "\n":
            kinds = self._rhythms.kinds(text, meters)
            if kinds is None:
                return None
            # Of no more use if the meter is known.
            header = header._replace(rhythm="" if header.meter else kinds)
            return State(Token(Kind.LINE), header=header)
        if not self._allows_in_text(c, text.endswith(":")):
            return None
        after = self._rhythms.read(text, c, meters)
        return None if after is None else state.reading(Kind.RHYTHM, after)

    def _allows_in_text(self, c: str, is_first: bool) -> bool:
        if self._strict and c in "\\%":
            return False
        return not (is_first and c in ":|")  # a letter and :: or :| is music

    def _value(self, state: State, c: str) -> State | None:
        text = state.token.text
        if c == " " and self._allows_space_before_value(text):
            return state.reading(Kind.VALUE, text[:2] + " ")
        letter, value = text[0], text[2:].lstrip()
        if c == "\n":
            is_known = not self._strict or value in self._rules.words(letter, state.header).words
            return self._after_value(state, letter, value) if is_known else None
        if self._strict:
            allowed = self._rules.words(letter, state.header).is_prefix(value + c)
        else:
            allowed = len(value) < _LONGEST_VALUE
        return state.reading(Kind.VALUE, f"{letter}:{value}{c}") if allowed else None

    def _allows_space_before_value(self, text: str) -> bool:
        """Whether a space may follow the text of a field; in strict mode, one after the colon."""
        return text[1:] == ":" or (text[1:] == ": " and not self._strict)

    def _after_value(self, state: State, letter: str, value: str) -> State | None:
        if letter == "P":
            return _after_body_field(state, letter)
        if letter == "Q":
            return state.reading(Kind.LINE)
        if letter == "K":
            if parse_key(value) is None:
                return None
            in_header = state.in_header
            return self._begin_music(state) if in_header else _after_body_field(state, letter)
        header = _changed(state.header, letter, value)
        if header is None:
            return None
        if state.in_header:
            return State(Token(Kind.LINE), header=header)
        return self._change_meter_or_unit(state, letter, header)

    def _begin_music(self, state: State) -> State | None:
        """Return the state after ``K:``, which ends the header."""
        meter = parse_meter(state.header.meter)
        if meter is None:
            return None
        header = state.header._replace(unit=state.header.unit or str(default_unit(meter)))
        length = self._bar_length(header)
        if length is None:
            return None
        position = self._rules.sections.start(length)
        return State(Token(Kind.MUSIC), Before.LINE_START, position, header=header)

    def _change_meter_or_unit(self, state: State, letter: str, header: Header) -> State | None:
        """Change meter or unit note length where no bar or repeat is incomplete."""
        position = state.position
        bar, repeats = position.bar, position.repeats
        if bar.is_first and not (bar.has_event or repeats.is_open):
            restarted = self._begin_music(state._replace(header=header))
            return _after_body_field(restarted, letter) if restarted else None
        incomplete = (
            bar.filled or bar.is_first or repeats.is_open or repeats.ending or repeats.remainder
        )
        if letter == "M" and bar.filled and self._strict:
            return None  # abc2midi counts the piece of a bar before it once more
        length = self._bar_length(header)
        if length is None or (incomplete and length != bar.length):
            return None
        position = position._replace(
            bar=bar._replace(length=length), repeats=repeats._replace(ambiguity=Ambiguity.METER)
        )
        return _after_body_field(state._replace(position=position, header=header), letter)

    def _bar_length(self, header: Header) -> int | None:
        """Return the steps of a full bar; None if notes cannot fill it exactly."""
        meter, unit = parse_meter(header.meter), parse_unit(header.unit)
        length = steps_of(meter.length, unit) if meter and meter.length and unit else None
        return length if length and self._rules.filling(header.unit).can_fill(length) else None


def _changed(header: Header, letter: str, value: str) -> Header | None:
    """Return the header with another ``M:`` or ``L:``; None if the value is not valid."""
    if letter == "M":
        meter = parse_meter(value)
        return header._replace(meter=value, rhythm="") if meter and meter.length else None
    return header._replace(unit=value) if parse_unit(value) else None


def _after_body_field(state: State, letter: str) -> State:
    """Return the state after a field; music must follow, a tune does not end with a field."""
    return state.between(BODY_FIELDS[letter])
