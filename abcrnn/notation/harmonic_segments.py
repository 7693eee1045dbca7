"""The bars and half bars of a voice that get a chord each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from abcrnn.notation.fields import Key, Meter
from abcrnn.notation.harmony import Segment, SoundingNote
from abcrnn.notation.repeats import is_double, split_sections
from abcrnn.notation.tune import Bar, Event, Voice

_LONGEST_FREE_BAR = Fraction(2)  # whole notes; a longer one is music without bars


class PlacedSegment(NamedTuple):
    """A segment and the place of its chord symbol.

    Parameters
    ----------
    segment : Segment
    event : Event
        The note or rest with which it begins.
    bar : int
        Index of its bar in the voice.
    """

    segment: Segment
    event: Event
    bar: int


def segments_of(voice: Voice) -> list[PlacedSegment]:
    """Return the segments of a voice in order.

    Pickups, bars of rest, bars in a key without tonic and long bars without meter have none.
    """
    section_starts, later_endings, cadences = _form(voice.bars)
    placed: list[PlacedSegment] = []
    fresh = True
    previous = Fraction(0)  # length of the bar before, if it is not complete
    for index, bar in enumerate(voice.bars):
        length = bar.meter.length or bar.length
        missing = length - bar.length
        begins = index in section_starts or previous + bar.length == length
        offset = missing if begins and missing > 0 else Fraction(0)
        previous = bar.length if 0 < bar.length < length and not offset else Fraction(0)
        fresh = fresh or index in later_endings
        groups = list(_groups(bar, offset, length))
        for number, (start, events) in enumerate(groups):
            is_last = number == len(groups) - 1
            notes = _notes(events, bar, offset)
            if not notes:
                continue
            segment = Segment(
                key=_key_at(bar, events[0].onset - bar.onset),
                notes=notes,
                in_bar=start > 0,
                fresh=fresh,
                cadence=is_last and index in cadences,
            )
            placed.append(PlacedSegment(segment, events[0], index))
            fresh = False
    return placed


def beat_of(meter: Meter, length: Fraction) -> Fraction:
    """Return the length of a beat, in whole notes."""
    if not meter.beats:
        return min(length, Fraction(1, 4))
    if meter.compound and meter.unit >= 8:
        return Fraction(3, meter.unit)
    if meter.length == Fraction(3, 8):
        return Fraction(3, 8)
    return Fraction(1, meter.unit)


def _form(bars: Sequence[Bar]) -> tuple[set[int], set[int], set[int]]:
    """Return the first bars of sections, those of later endings, and the bars of cadences."""
    starts, later, cadences = set(), set(), set()
    for section in split_sections(bars):
        starts.add(section.start)
        for ending in section.endings:
            if 1 not in ending.numbers:
                later.add(ending.start)
            cadences.add(ending.end - 1)
        cadences.add(section.end - 1)
    starts |= {index for index in range(1, len(bars)) if is_double(bars[index - 1].closes)}
    return starts, later, {_with_notes(bars, index) for index in cadences}


def _with_notes(bars: Sequence[Bar], index: int) -> int:
    """Return the bar of the last notes up to a bar; a bar shorter than half is not a cadence."""
    while index > 0:
        bar = bars[index]
        is_pickup = 2 * bar.length < (bar.meter.length or 0)
        if not is_pickup and any(event.pitches for event in bar.events):
            break
        index -= 1
    return index


def _groups(bar: Bar, offset: Fraction, length: Fraction) -> Iterator[tuple[Fraction, list[Event]]]:
    """Yield the position in the bar and the events of each segment of a bar."""
    if not bar.meter.beats and bar.length > _LONGEST_FREE_BAR:
        return
    if offset and 2 * bar.length <= length:
        return  # a pickup
    group: list[Event] = []
    start, bounds = Fraction(0), _bounds(bar.meter, length)
    for event in bar.events:
        position = event.onset - bar.onset + offset
        if position in bounds or (not group and not offset):
            if group:
                yield start, group
            group, start = [], position
            offset = offset or Fraction(0)
        if group or position in bounds:
            group.append(event)
    if group:
        yield start, group


def _bounds(meter: Meter, length: Fraction) -> set[Fraction]:
    """Return the positions in a bar at which a chord may begin."""
    beat = beat_of(meter, length)
    beats = length / beat
    if beats.denominator == 1 and beats % 2 == 0 and meter.beats:
        return {Fraction(0), length / 2}
    if meter.beats == (9,):
        return {Fraction(0), 2 * beat}
    return {Fraction(0)}


def _notes(events: Sequence[Event], bar: Bar, offset: Fraction) -> tuple[SoundingNote, ...]:
    beat = beat_of(bar.meter, bar.length)
    notes = []
    for event in events:
        position = event.onset - bar.onset + offset
        on_beat = (position / beat).denominator == 1
        for pitch in event.pitches:
            share = event.duration / beat / len(event.pitches)
            notes.append(SoundingNote(pitch.midi % 12, share, on_beat))
    return tuple(notes)


def _key_at(bar: Bar, position: Fraction) -> Key:
    """Return the key at a position in a bar."""
    key = bar.key
    for change in bar.changes:
        if isinstance(change.value, Key) and change.offset <= position:
            key = change.value
    return key
