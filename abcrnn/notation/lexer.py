"""ABC text split into tokens, each with its line and column (sections 2.2, 3 and 4).

One regular expression describes all tokens of music code. It never backtracks over text it
has read, so the time is proportional to the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from abcrnn.notation.decorations import KNOWN, is_decoration, is_direction
from abcrnn.notation.errors import ABCError, NotOneTuneError
from abcrnn.notation.lines import (
    Line,
    body_field,
    first_column,
    header_field,
    is_music,
    lines_of_tune,
    starts_tune,
    without_comment,
)
from abcrnn.notation.plain_text import is_text_line, is_text_word


class Token(NamedTuple):
    """A token of a tune: its kind, its text, and the line and column of its start (from 1).

    Kinds are the group names of the regular expression below, ``field`` (text: letter, colon,
    value), ``directive`` (``%%``) and ``text`` (a line of a header that is neither a field nor
    music). ``other`` is a character without meaning.
    """

    kind: str
    text: str
    line: int
    column: int


#: Note lengths: ``3``, ``3/2``, ``/``, ``//`` (section 4.3).
LENGTH = r"\d*(?:/\d*)*"

#: A note's accidental, letter, octave marks and length (sections 4.1 to 4.3).
NOTE = re.compile(rf"(\^{{1,2}}|_{{1,2}}|=)?([A-Ga-g])([,']*)({LENGTH})")

_ENDING = r"[1-9]\d?(?:[,-][1-9]\d?)*+(?!\d)"

# Web pages and word processors leave other spaces than " ", and characters without width.
_SPACE = r"[\s\u200b-\u200f\u2060\ufeff\u00ad]"

# Notes between two signs +, a chord of ABC 1.6; +f+ to +ffff+ are decorations.
_OLD_CHORD = rf"(?:(?:\^{{1,2}}|_{{1,2}}|=)?[A-Ga-g][,']*+(?:{LENGTH})-?)++"

# HTML, except tags that are broken rhythm, such as A<b>c.
_TAG = (
    r"</?(?:html|head|body|div|span|p|br|hr|pre|code|font|img|table|t[rdh]|h[1-6]|i|ul|li|strong"
    r"|em)\b[^<>|]{0,200}>|<a\s+(?:href|name|id|class|target)\b[^<>|]{0,200}>|</[a-z]{1,6}>"
)
_ENTITY = r"&(?:[A-Za-z]{2,8}|\#\d{1,6});"
_URL = r"(?:https?://|www\.)\S{1,200}"

_JUMP = r"(?:D\.\s?[CS]\.|(?i:Da\s+Capo|Dal\s+Segno))(?i:\s+al(?:la)?\s+(?:fine|coda|segno))?"

_WORD = r"(?P<word>(?<![^\s|:!>\](])[^\W\d_]{2,40}(?=[\s.,;:!?|<()/]|$)) |"


def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(
        rf"""(?P<space>{_SPACE}+)
        | (?P<text>(?<![^\s|:!])(?:{_URL}|{_JUMP}(?=\s|\||$))|{_TAG}|{_ENTITY})
        | {word} (?P<note>{NOTE.pattern})
        | (?P<quoted>"(?:[^"\\]|\\.)*+") | (?P<unquoted>"(?:[^"\\]|\\.)*+)
        | (?P<bar>\.?(?:\[(?=\|)|\||:(?=[|:\]]|\[\|))(?:[|:\]]|\[(?=\|)){{0,60}}(?:{_ENDING})?)
        | (?P<ending>\[{_ENDING})
        | (?P<inline>\[[A-Za-z]:(?![|:])[^\[\]]*+\])
        | (?P<open_field>\[[A-Za-z]:(?![|:])[^\s\[\]|]*+)
        | (?P<label>\["[^"\[\]|]*"(?![^\[\]|]*+\]))
        | (?P<chord>\[) | (?P<chord_end>\]{LENGTH})
        | (?P<old_chord>\+(?!f{{1,4}}\+){_OLD_CHORD}\+{LENGTH})
        | (?P<rest>[xz]{LENGTH}) | (?P<bar_rest>[XZ]\d*) | (?P<spacer>y\d*)
        | (?P<tuplet>\(\d+(?::\d*)?(?::\d*)?)
        | (?P<overlay>\(&|&+\)?) | (?P<slur>\() | (?P<slur_end>\))
        | (?P<grace>\{{/?) | (?P<grace_end>\}})
        | (?P<broken>>+|<+) | (?P<tie>-)
        | (?P<direction>![A-Za-z][^!|":\[\]]{{0,30}}\s[^!|":\[\]]{{0,30}}!)
        | (?P<decoration>![^!|\s":\[\]]{{1,32}}!|\+[a-zA-Z0-9.<>()^_]{{1,32}}\+
            |\.(?![\s\d|]|$)|[~H-Wh-w])
        | (?P<open_decoration>[!+][A-Za-z]{{3,20}}(?=\s|\||$))
        | (?P<microtone>[\^_]\d+(?:/\d*)?|[\^_]/\d*) | (?P<accidental>[\^_=]+)
        | (?P<number>[\d/]+) | (?P<backslash>\\(?!\s*$))
        | (?P<typographic>[\u201c-\u201f\u00ab\u00bb][^\u201c-\u201f\u00ab\u00bb"|]{{0,60}}
            [\u201c-\u201f\u00ab\u00bb"])
        | (?P<other>.)""",
        re.VERBOSE,
    )


_MUSIC, _SIGN = _pattern(_WORD), _pattern("")
_SYMBOL = re.compile(r"^\s*U:\s*([H-Wh-w])")

#: Message about a second tune in a text.
ANOTHER_TUNE = "another tune begins here; only one tune is accepted"


def tokens(tune: str) -> Iterator[Token]:
    """Yield the tokens of one tune.

    Parameters
    ----------
    tune : str
        The text of the tune, from its ``X:`` line on.

    Raises
    ------
    ABCError
        If the text is empty, another tune begins in it, or a line has a NUL byte.
    """
    in_header, in_history = True, False
    defined: frozenset[str] = frozenset()  # letters with a U: field
    for number, line, in_text_block in _lines_of_one_tune(tune):
        if "\0" in line:
            raise ABCError("a NUL byte; ABC is text", number, line.index("\0") + 1)
        if in_text_block:
            continue
        if line.startswith("%%"):
            yield Token("directive", line[2:].strip(), number, 1)
            continue
        code = without_comment(line)
        field = header_field(code) if in_header else body_field(code)
        if field:
            yield Token("field", f"{field[0]}:{field[1]}", number, first_column(code))
            defined |= frozenset(_SYMBOL.findall(code))
            in_header = in_header and field[0] != "K"
            in_history = in_header and (field[0] == "H" or (in_history and field[0] == "+"))
        elif in_history and code.strip():
            # In older tunebooks a history (H:) has several lines, without +: in front.
            yield Token("field", f"+:{code.strip()}", number, first_column(code))
        elif code.strip() and (not is_music(code) if in_header else is_text_line(code, defined)):
            yield Token("text", code.strip(), number, first_column(code))
        else:
            yield from _music(code, number, defined)


def _lines_of_one_tune(text: str) -> Iterator[Line]:
    """Yield the lines of a text; raise NotOneTuneError if it is empty or has another tune."""
    if not text.strip():
        raise NotOneTuneError("the text is empty; a tune begins with its number, such as X:1", 1, 1)
    has_begun = False
    for line in lines_of_tune(text):
        if not line.in_text_block and starts_tune(line.text):
            if has_begun:
                raise NotOneTuneError(ANOTHER_TUNE, line.number, 1)
            has_begun = True
        yield line


def _music(code: str, number: int, defined: frozenset[str], column: int = 1) -> Iterator[Token]:
    position = 0
    while found := _MUSIC.match(code, position):
        kind, text = found.lastgroup or "other", found[0]
        if kind == "word":
            if is_text_word(text, defined):
                kind = "text"
            else:
                found = _SIGN.match(code, position) or found
                kind, text = found.lastgroup or "other", found[0]
        elif kind in ("direction", "decoration", "open_decoration"):
            kind, text = _decoration(kind, text)
        if kind == "old_chord":
            yield from _old_chord(text, number, column + position)
        elif kind != "space":
            yield Token(kind, text, number, column + position)
        position += len(text)


def _decoration(kind: str, text: str) -> tuple[str, str]:
    """Return kind and text of a decoration; ``!`` before music is a line break (section 4.14)."""
    if len(text) == 1:
        return kind, text
    name = text.strip("!+") or text[0]
    if kind == "open_decoration":
        return (kind, text) if name in KNOWN else ("other", text[0])
    if kind == "direction":
        words = re.findall(r"[^\W\d_]{2,}", name)
        is_text = is_direction(name) or any(is_text_word(word, frozenset()) for word in words)
    else:
        is_text = is_decoration(name)
    return ("decoration", text) if is_text else ("other", text[0])


def _old_chord(text: str, number: int, column: int) -> Iterator[Token]:
    notes, length = text[1:].split("+")
    yield Token("chord", "+", number, column)
    yield from _music(notes, number, frozenset(), column + 1)
    yield Token("chord_end", f"+{length}", number, column + 1 + len(notes))
