"""The lines of a tune: header, fields, comments, music and text that is kept as it is."""

from __future__ import annotations

from collections import defaultdict
from enum import Enum
from typing import NamedTuple

from abcrnn.notation.lexer import Token, tokens
from abcrnn.notation.lines import header_field, lines_of_tune, without_comment


class LineKind(Enum):
    """What a line of a tune is."""

    FIELD = "field"
    CONTINUATION = "continuation"  # of a field: "+:", or a line of a history (H:)
    DIRECTIVE = "directive"
    COMMENT = "comment"  # or an empty line
    BLOCK = "block"  # in a text block
    TEXT = "text"  # neither a field nor music; in a header, music too
    MUSIC = "music"


class TextLine(NamedTuple):
    """A line of a tune.

    Parameters
    ----------
    number : int
        From 1.
    kind : LineKind
    text : str
        The line without white space at its end; a field as ``letter:value``; empty for music.
    tokens : list of Token
        Of music.
    comment : str
        The comment at the end of a field or a line of music, with its ``%``, or an empty string.
    """

    number: int
    kind: LineKind
    text: str
    tokens: list[Token]
    comment: str = ""

    @property
    def letter(self) -> str:
        """The letter of a field; empty for other lines."""
        return self.text[0] if self.kind == LineKind.FIELD else ""

    @property
    def written(self) -> str:
        """The line as it is written, for all but music."""
        return f"{self.text} {self.comment}".rstrip() if self.comment else self.text


def read_lines(tune: str) -> tuple[list[TextLine], list[TextLine]]:
    """Return the lines of the header of a tune, including its first ``K:``, and those below.

    Raises
    ------
    ABCError
        If a line has a NUL byte.
    """
    found = defaultdict(list)
    for token in tokens(tune):
        found[token.line].append(token)
    header: list[TextLine] = []
    body: list[TextLine] = []
    in_header = True
    for number, text, in_text_block in lines_of_tune(tune):
        line = _read_line(number, text, found.get(number, []), in_text_block)
        if in_header and line.kind == LineKind.MUSIC:
            line = TextLine(number, LineKind.TEXT, text.rstrip(), [])
        (header if in_header else body).append(line)
        in_header = in_header and line.letter != "K"
    return header, body


def _read_line(number: int, text: str, found: list[Token], in_text_block: bool) -> TextLine:
    code = without_comment(text)
    comment = text[len(code) :].rstrip()
    if in_text_block:
        return TextLine(number, LineKind.BLOCK, text.rstrip(), [])
    if text.startswith("%%"):
        return TextLine(number, LineKind.DIRECTIVE, text.rstrip(), [])
    if not found:
        return TextLine(number, LineKind.COMMENT, text.rstrip(), [])
    first = found[0]
    if first.kind == "field":
        written = header_field(code)
        if first.text.startswith("+"):
            shown = first.text if written and written[0] == "+" else code.rstrip()
            return TextLine(number, LineKind.CONTINUATION, shown, [], comment)
        return TextLine(number, LineKind.FIELD, _written_field(first.text), [], comment)
    if first.kind == "text" and len(found) == 1 and first.text == code.strip():
        return TextLine(number, LineKind.TEXT, text.rstrip(), [])
    return TextLine(number, LineKind.MUSIC, "", found, comment)


def _written_field(text: str) -> str:
    """Return a field without a space after its colon, except where ``::`` would be music."""
    letter, _, value = text.rstrip().partition(":")
    return f"{letter}: {value}" if value.startswith((":", "|")) else f"{letter}:{value}"
