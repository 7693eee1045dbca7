"""Times as ticks of a MIDI file: the division of a quarter note, and notes that do not overlap."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

_USUAL = (480, 960)
_FINEST = 32_767  # a MIDI file has 15 bits for the division
#: pretty_midi, and so abcrnn.events, reads no file with a later tick.
LAST_TICK = 9_999_000
# For tunes whose times no division represents: multiples of small numbers.
_ROUNDED = (30_240, 20_160, 15_120, 10_080, 5_040, 2_520, 1_680, 840, 480)


class TickNote(NamedTuple):
    """A note with its start and end in ticks and its MIDI pitch."""

    start: int
    end: int
    pitch: int


def choose_division(times: Iterable[Fraction], length: Fraction) -> int:
    """Return the number of ticks in a quarter note.

    Parameters
    ----------
    times : iterable of Fraction
        All times of the file, in whole notes.
    length : Fraction
        Time of the end, in whole notes.

    Returns
    -------
    int
        480 or 960 if every time is a whole number of such ticks. Otherwise the smallest
        division of at least 480 for which this holds, or below that the largest, if the
        file would have more than ten million ticks. If there is none up to 32,767, at most
        30,240: times are then rounded to the nearest tick.

    Examples
    --------
    >>> choose_division([Fraction(1, 8), Fraction(1, 12)], Fraction(1))
    480
    >>> choose_division([Fraction(1, 28)], Fraction(1))
    483
    """
    finest = min(_FINEST, int(LAST_TICK / (4 * length))) if length else _FINEST
    needed = 1
    for denominator in {time.denominator for time in times}:
        needed = math.lcm(needed, denominator // math.gcd(denominator, 4))  # of a quarter note
        if needed > finest:
            return next((d for d in _ROUNDED if d <= finest), finest)
    for usual in _USUAL:
        if usual % needed == 0 and usual <= finest:
            return usual
    multiple = -(-_USUAL[0] // needed)
    return needed * min(multiple, finest // needed)


def to_tick(time: Fraction, division: int) -> int:
    """Return a time in whole notes as ticks, rounded to the nearest."""
    whole = 4 * division
    return (2 * time.numerator * whole + time.denominator) // (2 * time.denominator)


def without_overlaps(notes: Iterable[TickNote]) -> list[TickNote]:
    """Make notes that note-on and note-off messages of one channel can represent.

    Each note ends before its pitch starts again and lasts at least one tick. Of two notes of
    a pitch that start together, the longer is kept.

    Parameters
    ----------
    notes : iterable of TickNote

    Returns
    -------
    list of TickNote
        Sorted by start.
    """
    kept: list[TickNote] = []
    last: dict[int, int] = {}  # by pitch: index of its last note
    for note in sorted(notes):
        note = note._replace(end=max(note.end, note.start + 1))
        before = last.get(note.pitch)
        if before is not None and kept[before].end > note.start:
            kept[before] = kept[before]._replace(end=note.start)
        last[note.pitch] = len(kept)
        kept.append(note)
    return [note for note in kept if note.end > note.start]
