"""Tunes that a command reads, each with its file and line for messages."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
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
        print(f"{self.place(line)}:{column}: {self.name} {what}: {message}", file=sys.stderr)

    def place(self, line: int) -> str:
        """Return the file and the line in it of a line of the tune, from 1."""
        return f"{self.file}:{self.block.line_in_book(line)}"

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

    with suggests_corpora(source):
        name, files = find_source(source)
    skipped = SkippedFiles()
    blocks = list(read_tunebooks(files, join_blank, skipped))
    tunes = list(number_tunes(blocks))
    fragments = [block for _, block in blocks if not block.is_tune]
    require_tunes(len(tunes), name, files)
    if source not in card_names():
        report_lost_music(name, fragments)
    return Source(name, tunes, fragments, skipped.count)


def number_tunes(blocks: Iterable[tuple[Path, Block]]) -> Iterator[SourceTune]:
    """Yield the tunes among the blocks of files, numbered in each file."""
    numbers = Counter[Path]()
    for file, block in blocks:
        if block.is_tune:
            numbers[file] += 1
            yield SourceTune(file, numbers[file], block)


@contextmanager
def suggests_corpora(source: str) -> Iterator[None]:
    """Context that adds the nearest name of a corpus to the error of an unknown source."""
    from abcrnn.data.registry import card_names

    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{error}{suggestion(source, card_names())}") from None


def shown(title: str, width: int = 60) -> str:
    """Return a title as printed: short, and without characters that control a terminal."""
    from abcrnn.notation.text import replace_unprintable

    title = replace_unprintable(title)
    return title if len(title) <= width else f"{title[: width - 3]}..."


def title_of(tune: str) -> str:
    """Return the title of a tune, or its first line if it has none."""
    from abcrnn.notation import decode_text
    from abcrnn.notation.tunebook import tune_title

    return decode_text(tune_title(tune)) or tune.split("\n")[0]
