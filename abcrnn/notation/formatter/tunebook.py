"""A tunebook with every tune formatted; all other text stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from abcrnn.notation.errors import ABCError
from abcrnn.notation.formatter.explicit_repeats import write_repeats
from abcrnn.notation.formatter.repairs import Repair, repair
from abcrnn.notation.formatter.tune import (
    DEFAULT_LAYOUT,
    Layout,
    WithSettings,
    require_same_tune,
    tidy_with_settings,
)
from abcrnn.notation.lines import BYTE_ORDER_MARK, LINE_END
from abcrnn.notation.tunebook import Block, lines_of_titles, read_blocks, tune_title


class Skipped(NamedTuple):
    """A tune that was not formatted.

    Parameters
    ----------
    number : int
        Of the tune in its tunebook, from 1.
    title : str
        As written; empty if there is none.
    line, column : int
        Position in the tunebook of the notation that cannot be formatted.
    message : str
    """

    number: int
    title: str
    line: int
    column: int
    message: str


class TidiedBook(NamedTuple):
    """A formatted tunebook.

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


def tidy_tunebook(
    text: str,
    layout: Layout = DEFAULT_LAYOUT,
    as_read: Callable[[str], str] = lambda text: text,
) -> TidiedBook:
    """Format every tune of a tunebook.

    The file header, text between tunes and tunes that cannot be formatted stay as they are. A
    tune keeps the line end of its first line.

    Parameters
    ----------
    text : str
        With any line ends.
    layout : Layout
    as_read : callable
        Returns a text as it is read for training, such as with other characters for bytes that
        are not valid UTF-8. The formatted tune is the same in this form, too.
    """
    lines = _split(text)
    blocks = list(read_blocks(content for content, _ in lines))
    pieces: list[str] = []
    skipped: list[Skipped] = []
    repairs: list[Repair] = []
    done = number = changed = 0
    for block in blocks:
        if not block.is_tune:
            continue
        number += 1
        tune = _BookTune(block, lines)
        try:
            formatted = tune.tidy(layout, as_read)
        except ABCError as error:
            line = tune.line_in_book(error.line)
            title = tune_title(block.text)
            skipped.append(Skipped(number, title, line, error.column or 1, error.message))
            continue
        repairs += [found._replace(line=tune.line_in_book(found.line)) for found in tune.repairs]
        changed += formatted != tune.written
        pieces += [_join(lines[done : tune.first - 1]), formatted]
        done = tune.last
    result = "".join(pieces) + _join(lines[done:])
    if _outline(result) != [_outline_of(block) for block in blocks]:
        message = "the tunes cannot be formatted without changing where they begin"
        return TidiedBook(text, number, 0, (Skipped(0, "", 1, 1, message),))
    return TidiedBook(result, number, changed, tuple(skipped), tuple(repairs))


class _BookTune:
    """A tune in a tunebook.

    Attributes
    ----------
    first, last : int
        Numbers of its lines in the tunebook, from 1.
    written : str
        Its text with the line ends of the tunebook.
    repairs : list of Repair
        After :meth:`tidy`.
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
        self.repairs: list[Repair] = []
        self._contents = [content for content, _ in own]
        self._line_end, self._last_end = own[0][1] or "\n", own[-1][1]

    def tidy(self, layout: Layout, as_read: Callable[[str], str]) -> str:
        """Return the formatted tune; ``ABCError`` if it cannot be formatted."""
        for number, content in enumerate(self._contents, start=1):
            if BYTE_ORDER_MARK in content:
                column = content.index(BYTE_ORDER_MARK) + 1
                raise ABCError("a byte order mark inside a tunebook", number, column)
        before = self._with_settings("\n".join(self._contents))
        if layout.fix:
            text, self.repairs = repair(*before)
            before = text, before[1]
        if layout.repeats:
            before = write_repeats(*before), before[1]
            layout = layout._replace(repeats=False)  # they are written
        formatted = tidy_with_settings(before, layout, self._with_settings)
        if as_read(before[0]) != before[0]:
            after = self._with_settings(formatted)
            require_same_tune(as_read(before[0]), as_read(after[0]), layout.unit is not None)
        return formatted.replace("\n", self._line_end) + self._last_end

    def _with_settings(self, text: str) -> WithSettings:
        lines = text.split("\n")
        titles = lines_of_titles(lines)
        numbers = range(titles + 1, titles + 1 + len(self._settings))
        completed = [*lines[:titles], *self._settings, *lines[titles:]]
        return "\n".join(completed), frozenset(numbers)

    def line_in_book(self, line: int) -> int:
        """Return the number in the tunebook of a line of the tune with the settings."""
        titles = lines_of_titles(self._contents)
        if line > titles:
            line = max(titles, line - len(self._settings))
        return self.first + max(line, 1) - 1


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
