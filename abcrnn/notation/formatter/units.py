"""The lengths of a tune in another unit note length (section 3.1.7)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property

from abcrnn.notation.errors import ABCError
from abcrnn.notation.field_reader import FieldReader
from abcrnn.notation.fields import Tempo, parse_tempo
from abcrnn.notation.formatter.spelling import respell
from abcrnn.notation.lexer import Token, tokens
from abcrnn.notation.lines import LINE_END, without_comment

_LENGTH_OF_NOTE = re.compile(r"[\d/]+$")


def respell_unit(tune: str, unit: Fraction, settings: frozenset[int] = frozenset()) -> str:
    """Return a tune with all lengths in another unit note length, and the same music.

    Its header has one field ``L:``, its body none. A tempo in unit note lengths (``Q:120``)
    becomes one in whole notes (``Q:1/8=120``).

    Parameters
    ----------
    tune : str
    unit : Fraction
        In whole notes.
    settings : frozenset of int
        Numbers of the lines of the file header, which stay unchanged.

    Raises
    ------
    ABCError
        If the tune has macros (``m:``), which would have another meaning.
    """
    found = list(tokens(tune))
    speller = _UnitSpeller(unit, found)
    text = _Edited(tune)
    has_unit = False
    for index, token in enumerate(found):
        in_header = not speller.voices
        new = speller.spell(index)
        if token.line in settings:
            continue
        letter = token.text[0] if token.kind == "field" else ""
        has_unit = has_unit or (letter == "L" and in_header)
        if letter == "K" and in_header and not has_unit:
            text.insert_line(token, f"L:{unit}")
        if letter == "L" and not in_header:
            text.remove_line(token)
        else:
            text.replace(token, new)
    return text.result()


class _Edited:
    """A text that is edited from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self._text = text
        ends = list(LINE_END.finditer(text))
        self._starts = [0, *(end.end() for end in ends), len(text)]
        self._line_end = ends[0][0] if ends else "\n"
        self._pieces: list[str] = []
        self._done = 0

    def insert_line(self, token: Token, line: str) -> None:
        """Insert a line above that of a token."""
        self._copy_until(self._starts[token.line - 1])
        self._pieces.append(line + self._line_end)

    def remove_line(self, token: Token) -> None:
        """Remove the line of a field, but not its comment."""
        start, end = self._starts[token.line - 1 : token.line + 1]
        self._copy_until(start)
        line = self._text[start:end]
        comment = line[len(without_comment(line)) :]
        self._pieces.append(comment)
        self._done = end

    def replace(self, token: Token, new: str) -> None:
        """Replace a token; the value of a field is the first text that is equal."""
        old, start = token.text, self._starts[token.line - 1] + token.column - 1
        if old == new:
            return
        if token.kind == "field":  # spaces around the value are not in the token
            old, new, start = old[2:], new[2:], start + 2
        start = self._text.index(old, start)
        self._copy_until(start)
        self._pieces.append(new)
        self._done = start + len(old)

    def result(self) -> str:
        """Return the edited text."""
        return "".join([*self._pieces, self._text[self._done :]])

    def _copy_until(self, end: int) -> None:
        self._pieces.append(self._text[self._done : end])
        self._done = end


class _UnitSpeller(FieldReader):
    """Follows the unit note length of each voice, as the parser does."""

    def __init__(self, unit: Fraction, found: Sequence[Token]) -> None:
        super().__init__()
        self._new_unit = unit
        self._tokens = found
        self._scaled_end = -1  # index of the end of a chord whose notes have no lengths
        self._in_grace = False

    def spell(self, index: int) -> str:
        """Return the new text of a token; call it for each in order."""
        token = self._tokens[index]
        if token.kind in ("field", "inline", "directive"):
            return self._field(token)
        if not self.voices:
            return token.text
        factor = self.voice.unit / self._new_unit
        if token.kind in ("grace", "grace_end", "bar"):
            self._in_grace = token.kind == "grace"
        if token.kind == "chord" and not self._in_grace:
            self._scaled_end = self._end_without_lengths(index)
        if token.kind == "chord_end" and index == self._scaled_end:
            return token.text[0] + respell(token._replace(kind="rest"), factor)[1:]
        if index < self._scaled_end and token.kind == "note":
            return token.text
        return respell(token, factor)

    def _end_without_lengths(self, index: int) -> int:
        """Return the index of the end of a chord, or -1 if one of its notes has a length."""
        for end in range(index + 1, len(self._tokens)):
            token = self._tokens[end]
            if token.kind == "chord_end":
                return end
            if token.kind in ("bar", "chord", "grace", "rest") or (
                token.kind == "note" and _LENGTH_OF_NOTE.search(token.text)
            ):
                return -1
        return -1

    def _field(self, token: Token) -> str:
        text = token.text
        letter = text[1] if token.kind == "inline" else text[0]
        new = text
        if letter == "L" and token.kind == "field":
            new = f"L:{self._new_unit}"
        elif letter == "L" and token.kind == "inline":
            new = ""
        elif letter == "Q" and token.kind != "directive":
            new = text.replace(value := text[3:-1] if text[0] == "[" else text[2:],
                               self._tempo(value))  # fmt: skip
        elif letter == "m" and token.kind != "directive":
            raise ABCError("the lengths of macros (m:) cannot change", token.line, token.column)
        getattr(self, f"_on_{token.kind}")(token)
        return new

    def _tempo(self, value: str) -> str:
        """Return a tempo that does not depend on the unit note length."""
        unit = self.voice.unit if self.voices else self._header_unit
        tempo = parse_tempo(value, unit)
        if tempo.beat is None or _same_speed(tempo, parse_tempo(value, self._new_unit)):
            return value
        words = f'"{tempo.words}" ' if tempo.words else ""
        return f"{words}{tempo.beat}={_number(tempo)}"

    @cached_property
    def _header_unit(self) -> Fraction:
        """Return the unit note length at the end of the header."""
        reader = FieldReader()
        for token in self._tokens:
            if token.kind in ("field", "directive"):
                getattr(reader, f"_on_{token.kind}")(token)
            if reader.voices:
                break
        return reader._initial_meter_and_unit()[1]


def _same_speed(first: Tempo, second: Tempo) -> bool:
    return first.whole_notes_per_minute == second.whole_notes_per_minute


def _number(tempo: Tempo) -> str:
    number = Fraction(tempo.per_minute or 0)
    return str(number) if number.denominator == 1 else f"{float(number):.3f}".rstrip("0")
