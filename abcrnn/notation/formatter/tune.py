"""One tune, formatted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from typing import NamedTuple

from abcrnn.notation.directives import parse_directive
from abcrnn.notation.errors import ABCError
from abcrnn.notation.fields import parse_unit
from abcrnn.notation.formatter.comparison import require_same_music, require_same_text
from abcrnn.notation.formatter.explicit_repeats import write_repeats
from abcrnn.notation.formatter.header import format_header
from abcrnn.notation.formatter.line_breaks import break_lines, join_items
from abcrnn.notation.formatter.spacing import Arranger, Item
from abcrnn.notation.formatter.text_lines import LineKind, TextLine, read_lines
from abcrnn.notation.formatter.units import respell_unit
from abcrnn.notation.lines import LINE_END
from abcrnn.notation.reader import read_tune
from abcrnn.notation.tune import Tune
from abcrnn.notation.tunebook_edits import WithSettings

#: Number of the rules of this layout; runs record it.
LAYOUT = 2

#: Most bars of a line.
BARS_PER_LINE = 4

_MOST_PASSES = 4  # until the text stays the same; nearly every tune needs one
_ALIGNED = ("w", "s")  # fields that belong to the line of music above them
_TO_LINE_END = ("unquoted", "open_field", "typographic")  # tokens that a next line would change


class Layout(NamedTuple):
    """The choices of a user.

    Parameters
    ----------
    bars_per_line : int
        Most bars of a line, at least 1.
    unit : Fraction, optional
        Unit note length of the formatted tune; None to keep that of each tune.
    fix : bool
        Whether tunes of a tunebook are repaired first.
    repeats : bool
        Whether repeats are written as all programs read them.
    """

    bars_per_line: int = BARS_PER_LINE
    unit: Fraction | None = None
    fix: bool = False
    repeats: bool = False


#: The layout of :func:`tidy` without arguments.
DEFAULT_LAYOUT = Layout()


def layout_of(
    bars_per_line: int = BARS_PER_LINE,
    unit: str | Fraction | None = None,
    repeats: bool = False,
) -> Layout:
    """Return a checked layout; see :func:`tidy` for the parameters and errors."""
    if isinstance(bars_per_line, bool) or not isinstance(bars_per_line, int) or bars_per_line < 1:
        raise ValueError(
            f"bars_per_line must be a whole number of at least 1, not {bars_per_line!r}"
        )
    if not isinstance(repeats, bool):
        raise TypeError(f"repeats must be True or False, not {repeats!r:.80}")
    if unit is None:
        return Layout(bars_per_line, repeats=repeats)
    is_length = isinstance(unit, str | Fraction)
    length = parse_unit(str(unit)) if is_length else None
    if length is None:
        raise ValueError(f"unit must be a length from 1/512 to 1, such as '1/8', not {unit!r:.80}")
    return Layout(bars_per_line, length, repeats=repeats)


def tidy(
    tune: str,
    bars_per_line: int = BARS_PER_LINE,
    unit: str | Fraction | None = None,
    repeats: bool = False,
) -> str:
    r"""Format one tune; its music, fields, comments and text stay the same.

    The header is in the order of the standard. One space separates beams, none is next to a bar
    line. Note lengths have their shortest spelling. A line has at most ``bars_per_line`` bars and
    ends after this number of bars or at the end of a section, never inside a tie or a tuplet.
    The line breaks of a tune with lyrics stay. See docs/tidy.md.

    Parameters
    ----------
    tune : str
        One tune, from its ``X:`` line on.
    bars_per_line : int
        At least 1. A pickup is not counted.
    unit : str or Fraction, optional
        Unit note length, such as ``"1/8"``, in which all lengths are written. By default, the
        tune keeps its own.
    repeats : bool
        Write ``|:`` also where a tune leaves it out, except in its first repeat, and ``:||`` as
        ``:|``. Programs read these differently; the tune is played as before.

    Returns
    -------
    str
        With the line end of the first line of ``tune``. Formatting it again changes nothing.

    Raises
    ------
    ABCError
        If the tune has no ``X:`` or no ``K:``, cannot be parsed, is followed by another, or has
        notation that cannot be formatted without changing the music.
    TypeError
        If ``tune`` is not a string.
    ValueError
        If ``bars_per_line`` or ``unit`` is out of range.

    Examples
    --------
    >>> print(tidy("X:1\nL:1/8\nT: Scale\nK: D\nD1/2E/2 F2G2A2 | B2c2d4|"))
    X:1
    T:Scale
    L:1/8
    K:D
    D/E/ F2G2A2|B2c2d4|
    """
    if not isinstance(tune, str):
        raise TypeError(f"tune must be a string, such as corpus.tunes[0], not {tune!r:.80}")
    layout = layout_of(bars_per_line, unit, repeats)
    return tidy_with_settings((tune, frozenset()), layout, lambda text: (text, frozenset()))


def tidy_with_settings(
    tune: WithSettings, layout: Layout, insert: Callable[[str], WithSettings]
) -> str:
    """Format a tune to which the settings of a file header apply.

    Parameters
    ----------
    tune : tuple of str and frozenset of int
        The tune with the settings, and the numbers of the lines that are settings.
    layout : Layout
    insert : callable
        Inserts the settings into a formatted tune.

    Returns
    -------
    str
        The formatted tune without the settings.

    Raises
    ------
    ABCError
        See :func:`tidy`.
    """
    read = _read(tune)
    _require_header(read)
    if layout.repeats:
        tune = write_repeats(*tune), tune[1]
        read = _read(tune)
    if layout.unit is not None:
        text, settings = tune
        before, read = read, _read((respell_unit(text, layout.unit, settings), settings))
        require_same_music(before.music, read.music, other_unit=True)
    for lines in (_Lines(True, layout.bars_per_line), _Lines(True), _Lines(False)):
        try:
            return _stable(read, lines, insert)
        except ABCError as error:
            failure = error
    raise failure


def require_same_tune(before: str, after: str, other_unit: bool) -> None:
    """Raise ``ABCError`` unless two texts are the same tune in different layouts.

    Parameters
    ----------
    before, after : str
    other_unit : bool
        Whether the unit note length may differ.
    """
    require_same_music(read_tune(before), read_tune(after), other_unit)


class _Lines(NamedTuple):
    r"""How lines of music are divided.

    Parameters
    ----------
    join : bool
        Whether lines that ``\`` continues are joined.
    bars : int
        Most bars of a line; 0 to keep the other lines.
    """

    join: bool
    bars: int = 0


class _Read(NamedTuple):
    """A tune as text and as music."""

    lines: tuple[list[TextLine], list[TextLine]]
    settings: frozenset[int]
    music: Tune
    line_end: str


def _read(tune: WithSettings) -> _Read:
    text, settings = tune
    found = LINE_END.search(text)
    return _Read(read_lines(text), settings, read_tune(text), found[0] if found else "\n")


def _require_header(read: _Read) -> None:
    header = read.lines[0]
    if header[0].letter != "X":
        raise ABCError("the tune must begin with its number, such as X:1", 1, 1)
    if header[-1].letter != "K":
        raise ABCError("the header has no key, such as K:D", 1, 1)


def _stable(read: _Read, lines: _Lines, insert: Callable[[str], WithSettings]) -> str:
    """Format until the text stays the same; ABCError unless the tune is the same, too."""
    current, formatted = read, None
    for _ in range(_MOST_PASSES):
        before, formatted = formatted, _format(current, lines)
        if formatted == before:
            return formatted
        current = _read(insert(formatted))
        require_same_text(read.lines, current.lines)
        require_same_music(read.music, current.music)
    raise ABCError("the layout changes whenever the tune is formatted again", 1, 1)


def _format(read: _Read, how: _Lines) -> str:
    """Return the text of a tune in another layout."""
    header, body = read.lines
    texts = format_header(header, read.settings)
    if any(line.letter in _ALIGNED for line in body):
        how = how._replace(bars=0)
    music = _MusicFormatter(read.music, _line_break_signs((*header, *body)), how)
    for is_music, lines in groupby(body, lambda line: line.kind == LineKind.MUSIC):
        if is_music:
            for run in _runs(lines, how):
                texts += music.format(run)
        else:
            texts += [line.written for line in lines]
    return read.line_end.join(texts)


def _runs(lines: Iterable[TextLine], how: _Lines) -> Iterator[list[TextLine]]:
    """Yield the lines of music that are joined."""
    run: list[TextLine] = []
    for line in lines:
        run.append(line)
        last = line.tokens[-1]
        is_open = last.text == "\\" or (how.bars > 0 and last.kind not in _TO_LINE_END)
        if line.comment or not (how.join and is_open):
            yield run
            run = []
    if run:
        yield run


def _line_break_signs(lines: Iterable[TextLine]) -> frozenset[str] | None:
    """Return what ends a line of the score (``I:linebreak``); None if the tune does not say."""
    signs = None
    for line in lines:
        if line.letter == "I" or line.kind == LineKind.DIRECTIVE:
            found = parse_directive(line.text[2:]).line_breaks
            signs = signs if found is None else frozenset(found)
    return signs


class _MusicFormatter:
    """Formats lines of music.

    Parameters
    ----------
    music : Tune
    signs : frozenset of str, optional
        What ends a line of the score, if the tune says.
    how : _Lines
    """

    def __init__(self, music: Tune, signs: frozenset[str] | None, how: _Lines) -> None:
        bars = list(music.bars())
        self._events = {(event.line, event.column): event for bar in bars for event in bar.events}
        self._pickups = frozenset(
            id(bar.events[0])
            for bar in bars
            if bar.meter.length is not None and bar.length < bar.meter.length
        )
        self._bars_per_line = how.bars
        self._layout = "!$" if how.bars else ""
        if how.join and not how.bars and "!" not in (signs or ()):
            self._layout = "!"
        self._line_end = ""
        if how.bars and signs is not None and "<EOL>" not in signs:
            self._line_end = next((sign for sign in "$!" if sign in signs), "")

    def format(self, run: Sequence[TextLine]) -> list[str]:
        """Return lines of music that are joined, and broken again."""
        arranger = Arranger(self._events, self._layout)
        for line in run:
            arranger.add_line(line.tokens)
        texts = [join_items(items) + self._line_end for items in self._broken(arranger.finish())]
        if comment := run[-1].comment:
            texts[-1] = f"{texts[-1]} {comment}".lstrip()
        return [text for text in texts if text]

    def _broken(self, items: list[Item]) -> list[list[Item]]:
        if not self._bars_per_line or not items:
            return [items]
        return break_lines(items, self._bars_per_line, self._pickups)
