"""Tunebooks split into tunes (ABC 2.1, section 2.2).

A tune begins at a line ``X:`` and ends at the next empty line, at the next
``X:`` or at the end of the text. Text outside tunes is returned as fragments, so
that every line that is not empty is in exactly one block. Fields and directives of the
file header, before the first tune, are copied into each tune that they apply to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from abcrnn.notation.directives import Directive, parse_directive
from abcrnn.notation.fields import parse_meter, parse_unit
from abcrnn.notation.lines import (
    Line,
    header_field,
    lines_of_tunebook,
    mark_text_blocks,
    starts_tune,
    without_comment,
)

# Fields of a file header that change a tune or describe it (the table in section 3). The
# others, such as B: or Z:, describe the book.
_FILE_FIELDS = "CILMORUm"
_MOST_SETTINGS = 100  # they are copied into each tune


class Block(NamedTuple):
    """A tune, or text outside tunes: lines of a tunebook without empty ones.

    Parameters
    ----------
    text : str
    line : int
        Number of the first line, from 1.
    line_numbers : tuple of int
        Number of each line. Empty if the lines are consecutive in the tunebook.
    """

    text: str
    line: int
    line_numbers: tuple[int, ...] = ()

    @property
    def is_tune(self) -> bool:
        """Whether the block is a tune; if not, it is text outside tunes."""
        return starts_tune(self.text)

    def line_in_book(self, line: int) -> int:
        """Return the number in the tunebook of a line of the block, both from 1."""
        if 1 <= line <= len(self.line_numbers):
            return self.line_numbers[line - 1]
        return self.line + line - 1


def read_blocks(lines: Iterable[str]) -> Iterator[Block]:
    """Split a tunebook, line by line, into tunes and the text between them.

    Only one block is in memory at a time, so the tunebook may have any size.

    Parameters
    ----------
    lines : iterable of str
        With or without the line end.
    """
    held: list[Line] = []
    settings: dict[str, Line] = {}  # of the file header
    in_file_header = True
    for line in lines_of_tunebook(lines):
        is_empty = not line.text.strip()
        starts = not line.in_text_block and starts_tune(line.text)
        if held and (starts or (is_empty and not line.in_text_block)):
            yield _block(held, settings)
            if in_file_header and not starts_tune(held[0].text):
                settings |= _settings_of(held)
            held = []
        in_file_header = in_file_header and not starts
        if not is_empty:
            held.append(line)
    if held:
        yield _block(held, settings)


def split_tunebook(text: str) -> tuple[list[Block], list[Block]]:
    r"""Split a tunebook into tunes and fragments.

    Parameters
    ----------
    text : str
        Lines end in ``\n``.

    Returns
    -------
    tunes : list of Block
        Blocks that begin with ``X:``.
    fragments : list of Block
        Blocks outside tunes: free text, comments, music without a header.
    """
    blocks = list(read_blocks(text.split("\n")))
    return [b for b in blocks if b.is_tune], [b for b in blocks if not b.is_tune]


def block_of(lines: Iterable[tuple[int, str]]) -> Block:
    """Return the block of numbered lines, of which there is at least one."""
    numbers, texts = zip(*lines, strict=True)
    first = numbers[0]
    consecutive = numbers == tuple(range(first, first + len(numbers)))
    return Block("\n".join(texts), first, () if consecutive else numbers)


# Fields of a header ------------------------------------------------------------------------


class HeaderLine(NamedTuple):
    """A line of a tune's header.

    Parameters
    ----------
    letter : str
        Of its field; ``+`` if the line continues a field, empty for a comment or directive.
    value : str
    begin, end : int
        Indices in the text of the tune. The line end is included.
    """

    letter: str
    value: str
    begin: int
    end: int


def header_lines(tune: str) -> Iterator[HeaderLine]:
    """Yield the lines of a tune up to the first ``K:``, which ends the header (section 2.2.1)."""
    in_history = False
    for begin, text, in_text_block in mark_text_blocks(_lines_by_index(tune)):
        is_code = not in_text_block and not text.startswith("%")
        field = header_field(text) if is_code else None
        if field is None and is_code and in_history and text.strip():
            field = ("+", text.strip())
        letter, value = field or ("", "")
        yield HeaderLine(letter, value, begin, begin + len(text))
        if letter == "K":
            return
        in_history = letter == "H" or (in_history and letter in ("+", ""))


def _lines_by_index(tune: str) -> Iterator[Line]:
    """Yield each line with its line end, numbered by the index of its first character."""
    begin = 0
    while begin < len(tune):
        end = (tune.find("\n", begin) + 1) or len(tune)
        yield Line(begin, tune[begin:end])
        begin = end


def tune_body(tune: str) -> str:
    """Return the text after the first ``K:`` line, which ends the header (section 2.2.1).

    Parameters
    ----------
    tune : str

    Returns
    -------
    str
        Empty if there is no such line.
    """
    *_, last = [HeaderLine("", "", 0, 0), *header_lines(tune)]
    return tune[last.end :].lstrip("\n") if last.letter == "K" else ""


def tune_title(tune: str) -> str:
    """Return the first title of a tune (``T:``) as written; empty if there is none.

    Parameters
    ----------
    tune : str

    Returns
    -------
    str
    """
    titles = (without_comment(line.value) for line in header_lines(tune) if line.letter == "T")
    return next(titles, "").strip()


def renumber(tune: str, number: int) -> str:
    """Return a tune with another reference number (section 3.1.1), otherwise unchanged.

    Parameters
    ----------
    tune : str
    number : int

    Returns
    -------
    str
    """
    _, newline, rest = tune.partition("\n")
    return f"X:{number}{newline}{rest}" if starts_tune(tune) else tune


def drop_fields(tune: str, letters: str) -> str:
    """Return a tune without some header fields and the lines that continue them (section 3).

    Parameters
    ----------
    tune : str
    letters : str
        Letters of the fields, such as ``"BNSZ"``.

    Returns
    -------
    str
    """
    kept, done, dropping = [], 0, False
    for line in header_lines(tune):
        if line.letter not in ("", "+"):  # a line that continues a field is dropped with it
            dropping = line.letter in letters
        if not dropping or not line.letter:
            kept.append(tune[line.begin : line.end])
        done = line.end
    return "".join(kept) + tune[done:]


# The file header (section 2.2.2) -----------------------------------------------------------


def _block(lines: list[Line], settings: Mapping[str, Line]) -> Block:
    numbered = [(line.number, line.text) for line in lines]
    if settings and starts_tune(lines[0].text):
        numbered = _with_settings(numbered, settings)
    return block_of(numbered)


def _with_settings(
    tune: list[tuple[int, str]], settings: Mapping[str, Line]
) -> list[tuple[int, str]]:
    """Insert what the file header sets, and the tune does not, after the titles of a tune."""
    header = header_lines("\n".join(text for _, text in tune))
    own = {_setting(f"{line.letter}:{line.value}") if line.letter else "" for line in header}
    own |= {_setting(text) for _, text in tune if text.startswith("%%")}
    added = [(line.number, line.text) for name, line in settings.items() if name not in own]
    added = added[:_MOST_SETTINGS]
    titles = lines_of_titles([text for _, text in tune])
    return [*tune[:titles], *added, *tune[titles:]]


def lines_of_titles(lines: Sequence[str]) -> int:
    """Return the number of lines up to the last title at the beginning of a tune.

    The settings of the file header follow them.
    """
    titles = 1
    while titles < len(lines) and (header_field(lines[titles]) or "?")[0] in "T+":
        titles += 1
    return titles


def _settings_of(block: list[Line]) -> dict[str, Line]:
    """Return the lines of text before the first tune that apply to all tunes, by what they set."""
    lines = [line for line in block if not line.in_text_block]
    if any((header_field(line.text) or "?")[0] == "K" for line in lines):
        return {}  # a tune without X:
    return {name: line for line in lines if (name := _setting(line.text))}


def _setting(text: str) -> str:
    """Return what a line of a file header sets; empty if it does not apply to tunes."""
    field = ("I", text[2:]) if text.startswith("%%") else header_field(without_comment(text))
    if not field or field[0] not in _FILE_FIELDS:
        return ""
    letter, value = field
    if letter == "I":
        if parse_directive(value) == Directive():
            return ""  # it changes only the layout
        words = value.lower().split()
        return " ".join(words[: 2 if words[0] == "midi" else 1])
    if letter in "Um":
        return f"{letter}:{value.split('=')[0].strip()}"
    is_valid = {"M": parse_meter(value), "L": parse_unit(value)}.get(letter, value)
    return f"{letter}:" if is_valid else ""
