"""Types that describe a position in the music of a tune between two bar lines.

Lengths are counted in steps: :data:`abcrnn.grammar.terminals.STEPS` of them make a
unit note length.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple

#: The requested sections in order: number of bars (None for any) and whether it is repeated.
Form = tuple[tuple[int | None, bool], ...]


class Effect(StrEnum):
    """What a bar line does to the structure of a tune (sections 4.8 and 4.9 of ABC 2.1)."""

    NEXT_BAR = "next bar"
    END_SECTION = "end section"
    CLOSE_REPEAT = "close repeat"
    OPEN_REPEAT = "open repeat"
    FIRST_ENDING = "first ending"
    SECOND_ENDING = "second ending"


class Ending(IntEnum):
    """The first or second ending at a position."""

    NONE = 0
    FIRST = 1
    SECOND_DUE = 2  # the first was closed, and [2 must follow at once
    SECOND = 3


class Ambiguity(IntEnum):
    """Why programs disagree about the start, or the length, of a repeat without ``|:``."""

    NONE = 0
    METER = 1  # the meter or unit note length has changed
    ENDINGS = 2  # a first and second ending have come
    DOUBLE_BAR = 3  # a double bar cuts another piece of a bar than the beginning of the tune


class Closed(IntEnum):
    """What the previous bar line closed."""

    NOTHING = 0
    SECTION = 1  # only |: may follow
    TUNE = 2  # the tune may end here


class Slur(IntEnum):
    """The slur that is open at a position."""

    NONE = 0
    OPEN = 1  # no note has come in it
    NOTE = 2  # one note
    NOTES = 3  # two or more notes
    OVER = 4  # at least one note before a bar line, and none after it
    OVER_NOTES = 5  # notes on both sides of a bar line


#: Value of :attr:`Repeats.remainder` where no ``:|`` may come before the next ``|:``.
NO_REPEAT = -1


class Bar(NamedTuple):
    """The bar that is being written.

    Parameters
    ----------
    length : int
        Steps in a full bar; 0 in the header.
    filled : int
        Steps filled, including the piece of the bar that is played before it.
    has_event : bool
        Whether a note, chord or rest was written in it.
    is_first : bool
        Whether it is the first bar of the tune, which may be a pickup.
    """

    length: int
    filled: int = 0
    has_event: bool = False
    is_first: bool = False

    @property
    def is_short_pickup(self) -> bool:
        """Whether a bar line here would make this bar a pickup."""
        return self.is_first and self.has_event and self.filled < self.length


class Repeats(NamedTuple):
    """Repeats and endings up to a position.

    Parameters
    ----------
    remainder : int
        Steps that must be filled at a ``:|``, so that the piece of a bar it goes back to
        completes the bar. 0 if it goes back to a full bar, and before the first bar line;
        :data:`NO_REPEAT` if no ``:|`` may come before the next ``|:``.
    is_open : bool
        Whether a ``|:`` waits for its ``:|``.
    ending : Ending
    any_closed : bool
        Whether a ``:|`` has come.
    ambiguity : Ambiguity
    """

    remainder: int = 0
    is_open: bool = False
    ending: Ending = Ending.NONE
    any_closed: bool = False
    ambiguity: Ambiguity = Ambiguity.NONE


class Run(IntEnum):
    """Complete bars since the line or the section began, whichever was later."""

    LINE_PIECE = -3  # as PIECE, at the start of a line
    PIECE = -2  # none; the section began in a bar, the rest of which is not complete
    LINE = -1  # none; the line began, and perhaps a section with it
    SECTION = 0  # none; the section began in the line
    ONE = 1
    MORE = 2


class Progress(NamedTuple):
    """Sections and bars written so far, counted only as far as the rules need them.

    Parameters
    ----------
    sections : int
        Sections closed, with a requested form.
    bar : int
        Number of the current bar in its section (with a form) or tune (with a number of
        bars); a pickup is bar 0 or part of bar 1.
    run : Run
    """

    sections: int = 0
    bar: int = 0
    run: Run = Run.SECTION


class Position(NamedTuple):
    """A position in the music of a tune.

    Parameters
    ----------
    bar : Bar
    repeats : Repeats
    progress : Progress
    closed : Closed
    has_note : bool
        Whether the tune has a note.
    slur : Slur
    """

    bar: Bar
    repeats: Repeats = Repeats()
    progress: Progress = Progress()
    closed: Closed = Closed.NOTHING
    has_note: bool = False
    slur: Slur = Slur.NONE


#: The position in a header.
NO_MUSIC = Position(Bar(0))
