"""A tunebook cut into its tunes (ABC 2.1, section 2.2).

A tune begins at a line ``X:`` and ends at the next blank line, at the next
``X:`` or with the text. What stands outside tunes is kept too, as fragments:
nothing of the text is lost and nothing is given twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Block(NamedTuple):
    """A piece of a tunebook: its text without the closing line end, and its first line, from 1."""

    text: str
    line: int

    @property
    def is_tune(self) -> bool:
        """Whether it begins as a tune does; else it stands outside tunes."""
        return self.text.startswith("X:")


_KEY_FIELD = re.compile(r"^K:.*$", re.MULTILINE)


def read_blocks(lines: Iterable[str]) -> Iterator[Block]:
    """Cut a tunebook, line by line, into its tunes and what stands between them.

    Only one block is held at a time, so a book of any size takes little memory.

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
    r"""Cut a tunebook into tunes and fragments.

    Parameters
    ----------
    text : str
        Lines end in ``\n``.

    Returns
    -------
    tunes : list of Block
        Each begins with ``X:``.
    fragments : list of Block
        The runs of lines outside tunes: free text, comments, lost bodies.
    """
    blocks = list(read_blocks(text.split("\n")))
    return [b for b in blocks if b.is_tune], [b for b in blocks if not b.is_tune]


def tune_body(tune: str) -> str:
    """Return what follows the first ``K:`` line, the last of the header (section 2.2.1)."""
    key = _KEY_FIELD.search(tune)
    return tune[key.end() :].lstrip("\n") if key else ""


def renumber(tune: str, number: int) -> str:
    """Give a tune another reference number (section 3.1.1); the rest stays to the letter."""
    first, newline, rest = tune.partition("\n")
    return f"X:{number}{newline}{rest}" if first.startswith("X:") else tune


def drop_fields(tune: str, letters: str) -> str:
    """Leave header fields out of a tune (section 3), such as ``"BNSZ"``; the body stays."""
    key = _KEY_FIELD.search(tune)
    end = key.start() if key else len(tune)
    header = tune[:end].splitlines(keepends=True)
    kept = [line for line in header if not (line[1:2] == ":" and line[0] in letters)]
    return "".join(kept) + tune[end:]
