"""Lines of ABC text: fields, beginnings of tunes, text blocks, lines of music (section 2.2)."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

#: A byte order mark. Programs that concatenate files leave it inside a tunebook.
BYTE_ORDER_MARK = "\ufeff"

#: An end of a line.
LINE_END = re.compile(r"\r\n?|\n")

#: Fields that a tune may have below its key (the table in section 3).
BODY_FIELDS = frozenset("IKLMmNPQRrsTUVWw+")

# ``X:|`` is a bar of rest in a line of music, not the beginning of a tune.
_TUNE_START = re.compile(r"[ \t]*X[ \t]*:(?![ \t]*[|:\]])")
_HEADER_FIELD = re.compile(r"[ \t]*([A-Za-z+])[ \t]*:(.*)")
_BODY_FIELD = re.compile(r"\s*([A-Za-z+]):(?![|:])(.*)")
_TEXT_BLOCK = re.compile(r"%%\s*begin(\w+)", re.IGNORECASE)
_MOST_LINES = 2000  # of a text block; a longer one counts as not closed

_COMMENT = re.compile(r"(?<!\\)%")
_NOT_NOTES = re.compile(r'"[^"]*"|![^!\s]*!|\[[A-Za-z]:[^\[\]]*\]|(?<!\\)%.*')
_FIELD_LINE = re.compile(r"[ \t]*[A-Za-z+][ \t]*:(?![ \t]*[|:\]])")
_DECORATED = re.compile(r"[HLMOPSTuv](?=[\^_=]*[A-Ga-gz])")
_NOTE_SIGNS = re.compile(r"[A-Ga-gzx][,'\d/<>]|[\^_=][A-Ga-g]|\b[A-Ga-g]+[A-G]|\([2-9][A-Ga-g]")


class Line(NamedTuple):
    """A line of a tunebook, without its line end.

    Parameters
    ----------
    number : int
        From 1.
    text : str
    in_text_block : bool
        Whether it is part of a text block, such as ``%%begintext`` to ``%%endtext``.
    """

    number: int
    text: str
    in_text_block: bool = False


def lines_of_tune(tune: str) -> Iterator[Line]:
    """Yield the lines of a tune; a byte order mark becomes a space, so that columns are kept."""
    texts = LINE_END.split(tune.replace(BYTE_ORDER_MARK, " "))
    return mark_text_blocks(Line(number, text) for number, text in enumerate(texts, start=1))


def lines_of_tunebook(lines: Iterable[str]) -> Iterator[Line]:
    """Yield the lines of a tunebook without byte order marks.

    Parameters
    ----------
    lines : iterable of str
        With or without the line end.
    """
    return mark_text_blocks(_numbered(lines))


def without_comment(text: str) -> str:
    r"""Return a line up to its comment; ``\%`` begins none (section 2.2.3)."""
    return _COMMENT.split(text, maxsplit=1)[0]


def first_column(line: str) -> int:
    """Return the column of the first character that is not a space, from 1."""
    return len(line) - len(line.lstrip()) + 1


def starts_tune(text: str) -> bool:
    """Return whether a line is the field ``X:``, which begins a tune."""
    return bool(_TUNE_START.match(text))


def header_field(text: str) -> tuple[str, str] | None:
    """Return the letter and the value of a line of a header; None if it is not a field."""
    found = _HEADER_FIELD.match(text)
    return (found[1], found[2].strip()) if found else None


def begins_text_block(text: str) -> bool:
    """Return whether a line begins a text block (sections 11.4.1 and 11.4.3)."""
    return bool(_TEXT_BLOCK.match(text))


def body_field(code: str) -> tuple[str, str] | None:
    """Return the letter and the value of a field below the key; None for music.

    Tunebooks have more fields there than the standard allows, such as ``Z:``. A line that
    begins with the letter of a note and a colon, such as ``d: |``, is music unless the rest
    cannot be.
    """
    found = _BODY_FIELD.match(code)
    if found is None:
        return None
    letter, value = found[1], found[2].strip()
    if letter in BODY_FIELDS or (letter.isupper() and letter not in "ABCDEFG"):
        return letter, value
    if letter.islower() or "|" in value or is_music(value) or value[:1] in ("", "[", "]"):
        return None
    return letter, value


def is_music(text: str) -> bool:
    """Return whether a line looks like music rather than like prose."""
    if text.startswith("%") or _FIELD_LINE.match(text):
        return False
    bare = _DECORATED.sub("", _NOT_NOTES.sub(" ", text))
    letters = [sign for sign in bare if sign.isalpha()]
    if not letters:
        return "|" in bare or bool(re.match(r"\s*\[[KLMPQV]:", text))
    notes = sum(sign in "ABCDEFGabcdefgzxZX" for sign in letters)
    if "|" in bare:
        return 4 * notes >= 3 * len(letters)
    return notes == len(letters) and bool(_NOTE_SIGNS.search(bare))


def _numbered(lines: Iterable[str]) -> Iterator[Line]:
    for number, text in enumerate(lines, start=1):
        first, *others = text.rstrip("\r\n").split(BYTE_ORDER_MARK)
        for other in others:
            if starts_tune(other) and first.strip():  # files were joined without a line end
                yield Line(number, first)
                first = other
            else:
                first += other
        yield Line(number, first)


def mark_text_blocks(lines: Iterator[Line]) -> Iterator[Line]:
    """Mark the lines of text blocks. A block without an end is not marked.

    Looking for an end stops at the next beginning, so a line is read ahead at most once.
    """
    ahead: deque[Line] = deque()
    while line := ahead.popleft() if ahead else next(lines, None):
        begin = _TEXT_BLOCK.match(line.text)
        if not begin:
            yield line
            continue
        block, closed = [line], False
        end = re.compile(rf"%%\s*end{begin[1]}\b", re.IGNORECASE)
        while len(block) < _MOST_LINES and (item := _next(ahead, lines)):
            if _TEXT_BLOCK.match(item.text):
                ahead.appendleft(item)
                break
            block.append(item)
            if closed := bool(end.match(item.text)):
                break
        if closed:
            yield from (item._replace(in_text_block=True) for item in block)
        else:
            yield line
            ahead.extendleft(reversed(block[1:]))


def _next(ahead: deque[Line], lines: Iterator[Line]) -> Line | None:
    return ahead.popleft() if ahead else next(lines, None)
