"""Tunebooks split into tunes (ABC 2.1, section 2.2).

A tune begins at a line ``X:`` and ends at the next blank line, at the next
``X:`` or at the end of the text. Text outside tunes is returned as fragments, so
that every line that is not blank is in exactly one block.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Block(NamedTuple):
    """Consecutive lines of a tunebook: a tune, or text outside tunes.

    Parameters
    ----------
    text : str
    line : int
        Number of the first line, from 1.
    """

    text: str
    line: int

    @property
    def is_tune(self) -> bool:
        """Whether the block is a tune; if not, it is text outside tunes."""
        return self.text.startswith("X:")


_KEY_FIELD = re.compile(r"^K:.*$", re.MULTILINE)


def read_blocks(lines: Iterable[str]) -> Iterator[Block]:
    """Split a tunebook, line by line, into tunes and the text between them.

    Only one block is in memory at a time, so the tunebook may have any size.

    Parameters
    ----------
    lines : iterable of str
        With or without the line end.
    """
    held: list[str] = []
    first = 1
    for number, line in enumerate(lines, start=1):
        line = line.rstrip("\n")
        if held and (not line.strip() or line.startswith("X:")):
            yield Block("\n".join(held), first)
            held = []
        if line.strip():
            if not held:
                first = number
            held.append(line)
    if held:
        yield Block("\n".join(held), first)


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
    key = _KEY_FIELD.search(tune)
    return tune[key.end() :].lstrip("\n") if key else ""


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
    first, newline, rest = tune.partition("\n")
    return f"X:{number}{newline}{rest}" if first.startswith("X:") else tune


def drop_fields(tune: str, letters: str) -> str:
    """Return a tune without some header fields (section 3).

    Parameters
    ----------
    tune : str
    letters : str
        Letters of the fields, such as ``"BNSZ"``.

    Returns
    -------
    str
    """
    key = _KEY_FIELD.search(tune)
    end = key.start() if key else len(tune)
    header = tune[:end].splitlines(keepends=True)
    kept = [line for line in header if not (line[1:2] == ":" and line[0] in letters)]
    return "".join(kept) + tune[end:]
