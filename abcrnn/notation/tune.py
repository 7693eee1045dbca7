"""A parsed tune: its header, voices, bars and events.

Lengths and onsets are exact fractions of a whole note. Pitches as played are MIDI numbers
(middle C, written ``C``, is 60). Lines and columns are counted from 1 in the text of the tune.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from abcrnn.notation.clefs import Clef
from abcrnn.notation.fields import Key, Meter, Tempo


class Problem(NamedTuple):
    """A problem in a tune.

    Parameters
    ----------
    line, column : int
    kind : str
        Such as ``bar`` or ``chord``.
    message : str
    """

    line: int
    column: int
    kind: str
    message: str


class Pitch(NamedTuple):
    """A pitch as written, in the octave that the clef and ``octave=`` give it.

    Parameters
    ----------
    step : str
        A letter from A to G.
    alter : int
        Alteration in semitones: 1 for a sharp, -1 for a flat.
    octave : int
        Middle C has octave 4.
    """

    step: str
    alter: int
    octave: int

    @property
    def midi(self) -> int:
        """MIDI number."""
        return 12 * (self.octave + 1) + _SEMITONES[self.step] + self.alter


_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


class Syllable(NamedTuple):
    """A syllable of the lyrics (section 5.1).

    Parameters
    ----------
    verse : int
        Number of the verse, from 1.
    text : str
        Empty where the syllable before is held.
    follows, continues : bool
        Whether a hyphen joins it to the syllable before, and to the next one.
    held : bool
        Whether a line extends it over the notes that follow, or it is such a line.
    """

    verse: int
    text: str
    follows: bool = False
    continues: bool = False
    held: bool = False


class Event(NamedTuple):
    """A note, chord or rest.

    Parameters
    ----------
    line, column : int
    onset : Fraction
        Time from the beginning of the voice, as written.
    duration : Fraction
    pitches : tuple of Pitch
        Empty for a rest; several for a chord.
    tied : tuple of bool
        For each pitch, whether it is tied to the next event.
    graces : tuple of (Pitch, Fraction)
        Grace notes before it, with their lengths as written.
    chord_symbol : str
        Such as ``Am7``; empty if there is none.
    annotations, decorations : tuple of str
        Decorations as written: ``T`` or ``trill``; a symbol that ``U:`` defines by its meaning.
    transpose : int
        Semitones that its pitches and grace notes sound higher than written (``transpose=``).
    placements : tuple of str
        For each annotation, its sign ``^``, ``_``, ``<``, ``>`` or ``@``, or an empty string.
    slur_starts, slur_ends : int
        Number of slurs that begin with this event, and that end with it.
    spaced : bool
        Whether white space separates it from the event before, so that no beam joins them.
    grace_slash : bool
        Whether its grace notes are written ``{/``, as an acciaccatura.
    invisible : bool
        Whether it is an invisible rest, ``x`` or ``X``.
    whole_bar : bool
        Whether it is a rest for a whole bar, ``Z`` or ``X``.
    lyrics : tuple of Syllable
        At most one of each verse.
    tuplet_left : int
        Number of events of its tuplet from this one on: 1 for the last; 0 outside a tuplet.
    grace_slurs : int
        How many of the slurs that begin here begin with the first grace note.
    """

    line: int
    column: int
    onset: Fraction
    duration: Fraction
    pitches: tuple[Pitch, ...] = ()
    tied: tuple[bool, ...] = ()
    graces: tuple[tuple[Pitch, Fraction], ...] = ()
    chord_symbol: str = ""
    annotations: tuple[str, ...] = ()
    decorations: tuple[str, ...] = ()
    transpose: int = 0
    placements: tuple[str, ...] = ()
    slur_starts: int = 0
    slur_ends: int = 0
    spaced: bool = False
    grace_slash: bool = False
    invisible: bool = False
    whole_bar: bool = False
    lyrics: tuple[Syllable, ...] = ()
    tuplet_left: int = 0
    grace_slurs: int = 0


class Program(NamedTuple):
    """A General MIDI program, 0 to 127 (``%%MIDI program``)."""

    number: int


class Change(NamedTuple):
    """A key, meter, tempo, clef or MIDI program that begins inside a bar.

    Parameters
    ----------
    offset : Fraction
        Time from the beginning of the bar, as written, in whole notes.
    value : Key, Meter, Tempo, Clef or Program
    """

    offset: Fraction
    value: Key | Meter | Tempo | Clef | Program


class Mark(NamedTuple):
    """A mark between notes or on a bar line.

    Parameters
    ----------
    offset : Fraction
        Time from the beginning of the bar, as written, in whole notes.
    text : str
        The name of a decoration, such as ``segno``, or the text of an annotation.
    placement : str, optional
        The sign of an annotation, or an empty string; None for a decoration.
    """

    offset: Fraction
    text: str
    placement: str | None = None


class Bar(NamedTuple):
    """The music between two bar lines.

    Parameters
    ----------
    line, column : int
        Position of the first token of the bar in the text, from 1.
    onset, length : Fraction
        In whole notes, as written. The onset is from the beginning of the voice.
    meter : Meter
        The meter at the beginning of the bar.
    key : Key
    events : tuple of Event
    opens, closes : str
        The bar lines before and after it, such as ``|:``; empty if there is none.
    ending : frozenset of int
        Numbers of the ending that begins here; empty if none does.
    part : str
        The part that begins here, such as ``A``; empty if none does.
    tempo : Tempo, optional
        The tempo, if it changes at the beginning of this bar.
    marks : tuple of str
        Marks such as ``D.C.``; they are not played.
    changes : tuple of Change
        Keys, meters, tempos, clefs and programs that begin inside the bar.
    clef : Clef, optional
        The clef at the beginning of the bar; None if the tune gives none.
    program : int, optional
        The General MIDI program at the beginning of the bar, 0 to 127; None if the tune gives none.
    placed_marks : tuple of Mark
        ``marks`` with their positions, and decorations and annotations on the bar line that
        closes the bar.
    new_system : bool
        Whether a new line of the score begins with this bar.
    title : str
        A title (``T:``) in the body above this bar: the next tune of a set begins here.
    """

    line: int
    column: int
    onset: Fraction
    length: Fraction
    meter: Meter
    key: Key
    events: tuple[Event, ...]
    opens: str
    closes: str
    ending: frozenset[int] = frozenset()
    part: str = ""
    tempo: Tempo | None = None
    marks: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    clef: Clef | None = None
    program: int | None = None
    placed_marks: tuple[Mark, ...] = ()
    new_system: bool = False
    title: str = ""

    @property
    def begins_repeat(self) -> bool:
        """Whether a repeat begins with this bar."""
        return self.opens.endswith(":")

    @property
    def repeats(self) -> int:
        """Number of times that the section ending here is played again: one for ``:|``."""
        closing = _CLOSING_COLONS.match(self.closes)
        if closing:
            return len(closing[1])
        # Of colons alone, half close a repeat and half open one.
        return (len(self.closes) + 1) // 2 if self.closes.startswith("::") else 0


# An invisible bar line [|] may precede the colons.
_CLOSING_COLONS = re.compile(r"(?:\[\|\])?(:+)(?=[|\]\[])")


@dataclass(frozen=True)
class Voice:
    """One voice of a tune.

    Parameters
    ----------
    name : str
        As in the field ``V:``.
    bars : tuple of Bar
    full_name, short_name : str
        Names before the first and the other lines of a score (``name=``, ``snm=``), or empty.
    """

    name: str
    bars: tuple[Bar, ...]
    full_name: str = ""
    short_name: str = ""


class Note(NamedTuple):
    """A note as played, with ties joined.

    Parameters
    ----------
    onset, duration : Fraction
        In whole notes.
    pitch : int
        MIDI number.
    """

    onset: Fraction
    duration: Fraction
    pitch: int


@dataclass(frozen=True)
class Tune:
    """A parsed tune.

    Parameters
    ----------
    fields : tuple of (str, str)
        The header's fields in order, such as ``("T", "The Lost Byte")``.
    meter : Meter
    unit : Fraction
        Unit note length.
    key : Key
    tempo : Tempo, optional
        Meter, unit, key and tempo are those at the beginning of the music.
    parts : str
        The order in which parts are played, such as ``AABB``; empty if none is given.
    voices : tuple of Voice
    problems : tuple of Problem
        What the parser found: notation that is not closed, not opened or not supported.
    words : tuple of str
        The lines of the fields ``W:``.
    parts_position : tuple of int
        Line and column of the order of parts.
    """

    fields: tuple[tuple[str, str], ...]
    meter: Meter
    unit: Fraction
    key: Key
    tempo: Tempo | None
    parts: str
    voices: tuple[Voice, ...]
    problems: tuple[Problem, ...] = field(default=(), compare=False)
    words: tuple[str, ...] = ()
    parts_position: tuple[int, int] = field(default=(1, 1), compare=False)

    def field(self, letter: str) -> str:
        """Return the first value of a header field, or an empty string."""
        return next((value for name, value in self.fields if name == letter), "")

    @property
    def title(self) -> str:
        """The first title."""
        return self.field("T")

    def bars(self) -> Iterator[Bar]:
        """Yield all bars, voice after voice."""
        for voice in self.voices:
            yield from voice.bars
