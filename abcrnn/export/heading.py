"""The heading of a score in a file: title and composers, in as many lines as they need."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from abcrnn.export.pdf import room_for
from abcrnn.export.svg_reader import Drawing, Run, Words
from abcrnn.export.tune_text import printable_line
from abcrnn.notation.tunebook import header_lines, tune_title

_MOST_CHARACTERS = 200  # of the title, and of the composers
# Units of the drawings, of which ten are a pixel at first.
WIDTH = 16000
_TITLE, _COMPOSER = 560.0, 400.0  # sizes of text
_TITLE_LINE, _COMPOSER_LINE, _INDENT = 750.0, 550.0, 220.0


def heading(tune: str) -> Drawing:
    """Return title and composers as a drawing; its height is 0 if there are none.

    Parameters
    ----------
    tune : str
        One tune of ABC with its header.

    Returns
    -------
    Drawing
        No line is wider than the score.
    """
    title = Run(title_line(tune), _TITLE, True, False, False)
    composer = Run(_composers(tune), _COMPOSER, False, True, False)
    words, height = [], 0.0
    for line in _lines(title):
        height += _TITLE_LINE
        words.append(Words(WIDTH / 2, height - _INDENT, "middle", (line,)))
    for line in _lines(composer):
        height += _COMPOSER_LINE
        words.append(Words(WIDTH - _INDENT, height - _INDENT, "end", (line,)))
    return Drawing(WIDTH, height, (), tuple(words))


def title_line(tune: str) -> str:
    """Return the title of a tune as one printable line; empty if there is none."""
    return printable_line(tune_title(tune), _MOST_CHARACTERS)


def _composers(tune: str) -> str:
    names = [line.value for line in header_lines(tune) if line.letter == "C"]
    return printable_line(", ".join(names), _MOST_CHARACTERS)


def _lines(run: Run) -> Iterator[Run]:
    """Split a run into lines that fit: at spaces, or inside a word that is wider than a line."""
    text = run.text
    while text:
        end = _fitting(run._replace(text=text))
        if end < len(text) and (space := text.rfind(" ", 0, end + 1)) > 0:
            end = space
        yield run._replace(text=text[:end])
        text = text[end:].lstrip()


def _fitting(run: Run) -> int:
    """Return how many characters of a run fit into a line, at least one."""

    def width(end: int) -> float:
        return room_for(run._replace(text=run.text[:end]))

    most = WIDTH - 2 * _INDENT
    return max(1, bisect_right(range(len(run.text) + 1), most, key=width) - 1)
