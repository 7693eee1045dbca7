"""Every tune of a tunebook edited; all other text stays unchanged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from abcrnn.notation.errors import ABCError
from abcrnn.notation.formatter.repairs import Repair
from abcrnn.notation.lines import BYTE_ORDER_MARK, LINE_END
from abcrnn.notation.tunebook import Block, lines_of_titles, read_blocks, tune_title

#: A text with the settings of the file header, and the numbers of their lines, from 1.
WithSettings = tuple[str, frozenset[int]]


class Skipped(NamedTuple):
    """A tune that was not edited.

    Parameters
    ----------
    number : int
        Of the tune in its tunebook, from 1.
    title : str
        As written; empty if there is none.
    line, column : int
        Position in the tunebook of the notation that prevents it.
    message : str
    """

    number: int
    title: str
    line: int
    column: int
    message: str


class EditedBook(NamedTuple):
    """An edited tunebook.

    Parameters
    ----------
    text : str
    tunes : int
        Number of tunes.
    changed : int
        Number of tunes whose text has changed.
    skipped : tuple of Skipped
        Tunes that keep their text.
    repairs : tuple of Repair
        What was replaced, with its line and column in the tunebook.
    """

    text: str
    tunes: int
    changed: int
    skipped: tuple[Skipped, ...]
    repairs: tuple[Repair, ...] = ()


class BookTune:
    """A tune in a tunebook.

    Attributes
    ----------
    first, last : int
        Numbers of its lines in the tunebook, from 1.
    written : str
        Its text with the line ends of the tunebook.
    text : str
        Its text with line feeds.
    """

    def __init__(self, block: Block, lines: Sequence[tuple[str, str]]) -> None:
        numbers = block.line_numbers or range(block.line, block.line + block.text.count("\n") + 1)
        texts = block.text.split("\n")
        self.first, self.last = block.line, max(numbers)
        self._settings = [
            text for number, text in zip(numbers, texts, strict=True) if number < self.first
        ]
        own = lines[self.first - 1 : self.last]
        self.written = _join(own)
        self._contents = [content for content, _ in own]
        self.text = "\n".join(self._contents)
        self._line_ends = [end for _, end in own]

    def require_no_mark(self) -> None:
        """Raise ABCError if the tune has a byte order mark."""
        for number, content in enumerate(self._contents, start=1):
            if BYTE_ORDER_MARK in content:
                column = content.index(BYTE_ORDER_MARK) + 1
                raise ABCError("a byte order mark inside a tunebook", number, column)

    def with_settings(self, text: str) -> WithSettings:
        """Return a text of the tune with the settings of the file header."""
        lines = text.split("\n")
        titles = lines_of_titles(lines)
        numbers = range(titles + 1, titles + 1 + len(self._settings))
        completed = [*lines[:titles], *self._settings, *lines[titles:]]
        return "\n".join(completed), frozenset(numbers)

    def with_line_ends(self, text: str) -> str:
        """Return a text of as many lines as the tune has, each with the line end it had."""
        lines = text.split("\n")
        return "".join(line + end for line, end in zip(lines, self._line_ends, strict=True))

    def with_first_line_end(self, text: str) -> str:
        """Return a text in which every line ends as the first line of the tune."""
        return text.replace("\n", self._line_ends[0] or "\n") + self._line_ends[-1]

    def line_in_book(self, line: int) -> int:
        """Return the number in the tunebook of a line of the tune with the settings."""
        titles = lines_of_titles(self._contents)
        if line > titles:
            line = max(titles, line - len(self._settings))
        return self.first + max(line, 1) - 1


def edit_tunebook(text: str, edit: Callable[[BookTune], str], verb: str) -> EditedBook:
    """Edit every tune of a tunebook.

    The file header, text between tunes and tunes that cannot be edited stay unchanged.

    Parameters
    ----------
    text : str
        With any line ends.
    edit : callable
        Returns the new text of a tune, with its line ends and without the settings of the file
        header; raises ABCError, with a line of the text with settings, to keep the tune.
    verb : str
        A participle for the message about a tunebook that cannot be edited, such as
        ``formatted``.
    """
    lines = _split(text)
    blocks = list(read_blocks(content for content, _ in lines))
    pieces: list[str] = []
    skipped: list[Skipped] = []
    done = number = changed = 0
    for block in blocks:
        if not block.is_tune:
            continue
        number += 1
        tune = BookTune(block, lines)
        try:
            tune.require_no_mark()
            new = edit(tune)
        except ABCError as error:
            line = tune.line_in_book(error.line)
            title = tune_title(block.text)
            skipped.append(Skipped(number, title, line, error.column or 1, error.message))
            continue
        changed += new != tune.written
        pieces += [_join(lines[done : tune.first - 1]), new]
        done = tune.last
    result = "".join(pieces) + _join(lines[done:])
    if _outline(result) != [_outline_of(block) for block in blocks]:
        message = f"the tunes cannot be {verb} without changing where they begin"
        return EditedBook(text, number, 0, (Skipped(0, "", 1, 1, message),))
    return EditedBook(result, number, changed, tuple(skipped))


def _split(text: str) -> list[tuple[str, str]]:
    """Return the lines of a text, each with its line end."""
    lines, done = [], 0
    for found in LINE_END.finditer(text):
        lines.append((text[done : found.start()], found[0]))
        done = found.end()
    return [*lines, (text[done:], "")] if done < len(text) else lines


def _join(lines: Sequence[tuple[str, str]]) -> str:
    return "".join(content + end for content, end in lines)


def _outline(text: str) -> list[str]:
    return [_outline_of(block) for block in read_blocks(content for content, _ in _split(text))]


def _outline_of(block: Block) -> str:
    """Return the first line of a tune, or the text of another block."""
    return "X:" if block.is_tune else block.text
