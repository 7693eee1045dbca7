"""Tunes that a command reads, each with its file and line for messages."""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from abcrnn.cli.parser import suggestion

if TYPE_CHECKING:
    from abcrnn.notation import ABCError
    from abcrnn.notation.tunebook import Block

_PLACE = re.compile(r"line (\d+), column (\d+): ")  # begins the problem of a tune


class SourceTune(NamedTuple):
    """A tune of a file.

    Parameters
    ----------
    file : Path
    number : int
        Of the tune in the file, from 1.
    block : Block
    """

    file: Path
    number: int
    block: Block

    def report(self, what: str, problem: ABCError | str) -> None:
        """Print a problem of the tune, with the place in its file."""
        text = str(problem)
        place = _PLACE.match(text)
        line, column = map(int, place.groups()) if place else (1, 1)
        message = text[place.end() :] if place else text
        where = f"{self.file}:{self.block.line_in_book(line)}:{column}"
        print(f"{where}: {self.name} {what}: {message}", file=sys.stderr)

    @property
    def name(self) -> str:
        """The number of the tune, and its title if it has one."""
        title = shown(title_of(self.block.text))
        return f"tune {self.number} ({title})"


class Source(NamedTuple):
    """The tunes of a corpus, a file, a folder or a pattern.

    Parameters
    ----------
    name : str
    tunes : list of SourceTune
    fragments : list of Block
        Text outside tunes.
    skipped : int
        Number of files that could not be read, which were reported.
    """

    name: str
    tunes: list[SourceTune]
    fragments: list[Block]
    skipped: int

    @property
    def texts(self) -> list[str]:
        """The tunes as text."""
        return [tune.block.text for tune in self.tunes]


class SkippedFiles:
    """Prints a message about each file that is skipped, and counts them."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, message: str) -> None:
        """Print a message."""
        print(f"abcrnn: {message}", file=sys.stderr)
        self.count += 1


def read_source(source: str, join_blank: bool = False) -> Source:
    """Read the tunes of a corpus by name or path.

    Raises
    ------
    FileNotFoundError, ValueError, OSError
        As :func:`abcrnn.load_corpus`.
    """
    from abcrnn.data.corpus_sources import find_source, report_lost_music, require_tunes
    from abcrnn.data.registry import card_names
    from abcrnn.data.tunebook_files import read_tunebooks

    try:
        name, files = find_source(source)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{error}{suggestion(source, card_names())}") from None
    skipped, numbers = SkippedFiles(), Counter[Path]()
    tunes: list[SourceTune] = []
    fragments: list[Block] = []
    for file, block in read_tunebooks(files, join_blank, skipped):
        if block.is_tune:
            numbers[file] += 1
            tunes.append(SourceTune(file, numbers[file], block))
        else:
            fragments.append(block)
    require_tunes(len(tunes), name, files)
    if source not in card_names():
        report_lost_music(name, fragments)
    return Source(name, tunes, fragments, skipped.count)


def shown(title: str, width: int = 60) -> str:
    """Return a title as printed: short, and without characters that control a terminal."""
    from abcrnn.notation.text import printable

    title = printable(title)
    return title if len(title) <= width else f"{title[: width - 3]}..."


def title_of(tune: str) -> str:
    """Return the title of a tune, or its first line if it has none."""
    from abcrnn.notation import decode_text
    from abcrnn.notation.tunebook import tune_title

    return decode_text(tune_title(tune)) or tune.split("\n")[0]
