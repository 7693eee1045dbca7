"""Tunes as scores in files: SVG, one for each tune, and PDF to print. Verovio draws them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import islice

from abcrnn.export.heading import WIDTH, heading, title_line
from abcrnn.export.html.engraving import Engraved, engrave, music_font, uses_music_font
from abcrnn.export.pdf import pdf
from abcrnn.export.svg_reader import SHAPES, STYLES, Drawing, Words, read_systems
from abcrnn.notation.errors import ABCError
from abcrnn.storage.atomic import require_writable, write_bytes, write_text
from abcrnn.storage.validation import require_tunes

_AT_ONCE = 50  # tunes that are drawn before they are written
_SYSTEM = re.compile(r'<svg class="abcrnn-system" viewBox="0 0 (\S+) (\S+)"')


def to_svg(tune: str, path: str | os.PathLike[str]) -> None:
    r"""Write the score of one tune as SVG, with its title and composer.

    Parameters
    ----------
    tune : str
        One tune of ABC with its header.
    path : path-like
        The file to write. It is written completely or not at all.

    Raises
    ------
    ABCError
        If the tune cannot be read, or Verovio cannot draw it.
    ImportError
        If Verovio is not installed: ``pip install "abcrnn[pages]"``.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> to_svg("X:1\nT:Scale\nM:4/4\nK:D\nDEFG ABcd|", getfixture("tmp_path") / "scale.svg")
    """
    write_score(tune, next(scores([tune])), path)


def to_pdf(
    tunes: Iterable[str], path: str | os.PathLike[str], title: str | None = None
) -> list[ABCError | None]:
    r"""Write the scores of tunes to one PDF file on A4, to be printed.

    A tune that does not fit on the rest of a page begins on the next.

    Parameters
    ----------
    tunes : iterable of str
        Each is one tune of ABC with its header.
    path : path-like
        The file to write. It is written completely or not at all.
    title : str, optional
        Title of the document; the default is the title of the first tune.

    Returns
    -------
    list of ABCError or None
        For each tune, the reason why it is not in the file, or None if it is. Without any
        tune, the file is not written.

    Raises
    ------
    TypeError
        If ``tunes`` is one string, or has an item that is not a string.
    ImportError
        If Verovio is not installed: ``pip install "abcrnn[pages]"``.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> tunes = ["X:1\nT:Scale\nM:4/4\nK:D\nDEFG ABcd|", "X:2\nT:No notes\nK:D\n"]
    >>> to_pdf(tunes, getfixture("tmp_path") / "tunes.pdf")
    [None, ABCError('line 1, column 1: the tune has no notes')]
    """
    tunes = require_tunes("tunes", tunes)
    require_writable(path)
    problems: list[ABCError | None] = []
    if title is None:
        title = title_line(tunes[0]) if tunes else ""
    document = pdf(_drawings(tunes, problems), title)
    if None in problems:
        write_bytes(path, document)
    return problems


def _drawings(tunes: Sequence[str], problems: list[ABCError | None]) -> Iterator[list[Drawing]]:
    """Yield heading and systems of each tune, and collect why the others have none."""
    for tune, score in zip(tunes, scores(tunes), strict=True):
        problems.append(problem_of(score))
        if score.svg:
            yield [heading(tune), *read_systems(score.svg)]


def scores(tunes: Iterable[str]) -> Iterator[Engraved]:
    """Yield the score of each tune; some are drawn at a time, so that memory is bounded."""
    remaining = iter(tunes)
    while some := list(islice(remaining, _AT_ONCE)):
        yield from engrave(some, [""] * len(some))


def problem_of(score: Engraved) -> ABCError | None:
    """Return why a tune has no score; None if it has one."""
    return ABCError(score.problem) if score.problem else None


def write_score(tune: str, score: Engraved, path: str | os.PathLike[str]) -> None:
    """Write the score of a tune as SVG; an ABCError says why there is none."""
    if problem := problem_of(score):
        raise problem
    head = heading(tune)
    top = head.height

    def place(found: re.Match[str]) -> str:
        nonlocal top
        width, height = found[1], found[2]
        placed = (
            f'<svg y="{top:g}" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        )
        top += float(height)
        return placed

    systems = _SYSTEM.sub(place, score.svg)
    font = music_font() if uses_music_font(score.svg) else ""
    rules = "".join(f".{name}{{{key}:{value}}}" for name, (key, value) in STYLES.items())
    rules += f"{','.join(SHAPES)}{{stroke:currentColor}}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top:g}" '
        f'width="{WIDTH / 20:g}" height="{top / 20:g}" font-family="Times, serif">',
        f"<title>{escape(title_line(tune))}</title>",
        f"<style>{escape(font + rules, quote=False)}</style>",
        *(_text(words) for words in head.words),
        systems,
        "</svg>\n",
    ]
    write_text(path, "\n".join(parts))


def _text(words: Words) -> str:
    (run,) = words.runs
    weight, style = "bold" if run.bold else "normal", "italic" if run.italic else "normal"
    return (
        f'<text x="{words.x:g}" y="{words.y:g}" text-anchor="{words.anchor}" '
        f'font-size="{run.size:g}px" font-weight="{weight}" font-style="{style}">'
        f"{escape(run.text)}</text>"
    )
