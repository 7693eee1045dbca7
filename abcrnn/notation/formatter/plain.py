"""A tune as its melody alone, without the marks of one edition."""

from __future__ import annotations

from collections.abc import Sequence

from abcrnn.notation.formatter.text_lines import LineKind, TextLine, read_lines
from abcrnn.notation.formatter.tune import tidy
from abcrnn.notation.lexer import Token
from abcrnn.notation.lines import LINE_END

#: Number of the rules of :func:`plain`; runs record it.
PLAIN_RULES = 1

_HEADER, _BODY = tuple("TRMLK"), tuple("MLK")
# Text in quotes, such as a fingering or a chord symbol; bowing, ornaments, phrases.
_MARKS = (
    *("quoted", "unquoted", "typographic", "text"),
    *("decoration", "direction", "open_decoration", "slur", "slur_end"),
)
_RHYTHMS = {"slipjig": "slip jig"}


def plain(tune: str) -> str:
    r"""Return the melody of a tune, formatted as :func:`abcrnn.tidy` with explicit repeats.

    The first title and the fields ``R:``, ``M:``, ``L:`` and ``K:`` are kept. Other fields,
    comments, directives, text in quotes, decorations and slurs are left out. The reference
    number is 1, the rhythm is in lower case, and a title in capitals is not.

    Parameters
    ----------
    tune : str
        One tune, from its ``X:`` line on.

    Returns
    -------
    str

    Raises
    ------
    ABCError
        If the tune cannot be read.

    Examples
    --------
    >>> print(plain('X:7\nT:Jig\nT:Other\nZ:Me\nM:6/8\nK:G\n("4"GAB) .d3|uG6|]'), end="")
    X:1
    T:Jig
    M:6/8
    K:G
    GAB d3|G6|]
    """
    header, body = read_lines(tune)
    texts = LINE_END.split(tune)
    lines = ["X:1", *_header_fields(header)]
    for line in body:
        if line.kind == LineKind.MUSIC:
            lines.append(_without_marks(texts[line.number - 1], line.tokens))
        elif line.letter in _BODY:
            lines.append(line.text)
    return tidy("\n".join(lines) + "\n", repeats=True)


def _header_fields(header: Sequence[TextLine]) -> list[str]:
    fields: dict[str, str] = {}
    for line in header:
        if line.letter == "T":
            fields.setdefault("T", f"T:{_title(line.text[2:])}")
        elif line.letter == "R":
            rhythm = line.text[2:].strip().lower()
            fields["R"] = f"R:{_RHYTHMS.get(rhythm, rhythm)}"
        elif line.letter in _HEADER:
            fields[line.letter] = line.text
    return [fields[letter] for letter in _HEADER if fields.get(letter, "R:") != "R:"]


def _title(text: str) -> str:
    # Ryan's titles end with their rhythm, such as " -- Reel", and Aird's with a full stop.
    before = text.rpartition(" -- ")[0]
    title = (before or text).strip().rstrip(" .") or text.strip()
    return title.title().replace("'S", "'s") if title.isupper() else title


def _without_marks(text: str, tokens: Sequence[Token]) -> str:
    """Return a line of music without the tokens that are marks, and without its comment."""
    kept, end = [], 0
    for token in tokens:
        begin = token.column - 1
        kept.append(text[end:begin])  # space
        end = begin + len(token.text)
        if token.kind not in _MARKS:
            kept.append(text[begin:end])
    return "".join(kept).replace("\\", "") if tokens else ""
