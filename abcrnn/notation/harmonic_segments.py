"""The bars and half bars of a voice that get a chord each."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from abcrnn.notation.fields import Key, Meter
from abcrnn.notation.harmony import Segment, SoundingNote, triads_of
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


class Form(NamedTuple):
    """Where the sections of a voice begin and end.

    Parameters
    ----------
    starts : frozenset of int
        Indices of the bars with which a section or an ending begins.
    later_endings : frozenset of int
        Indices of the bars that do not follow the bar before: the first bars of later endings.
    cadences : frozenset of int
        Indices of the bars with which a section or an ending closes.
    """

    starts: frozenset[int]
    later_endings: frozenset[int]
    cadences: frozenset[int]


def segments_of(voice: Voice) -> list[PlacedSegment]:
    """Return the segments of a voice in order.

    Pickups, bars of rest, bars in a key without tonic, long bars without meter and percussion
    have none.
    """
    form = form_of(voice.bars)
    placed: list[PlacedSegment] = []
    fresh, missing = True, Fraction(0)  # what the bar before lacks
    for index, bar in enumerate(voice.bars):
        fresh = fresh or index in form.later_endings
        length = bar.meter.length or bar.length
        offset = Fraction(0)
        if bar.length < length and (index in form.starts or bar.length == missing):
            offset = length - bar.length  # a pickup, or the rest of a divided bar
        missing = length - bar.length - offset
        groups = _groups(bar, offset, length)
        sounding = frozenset(p.midi % 12 for event in bar.events for p in event.pitches)
        for number, (position, events) in enumerate(groups, start=1):
            segment = Segment(
                key=_key_at(voice, bar, events[0].onset - bar.onset),
                notes=_notes(events, bar, offset),
                in_same_bar=sounding,
                in_bar=position > 0,
                fresh=fresh,
                cadence=number == len(groups) and index in form.cadences,
            )
            if segment.notes and triads_of(segment.key):
                placed.append(PlacedSegment(segment, events[0], index))
                fresh = False
    return placed


def form_of(bars: Sequence[Bar]) -> Form:
    """Return where the sections of a voice begin and end."""
    starts, later, ends = set(), set(), set()
    for section in split_sections(bars):
        starts.add(section.start)
        ends.add(section.end - 1)
        for ending in section.endings:
            starts.add(ending.start)
            ends.add(ending.end - 1)
            if 1 not in ending.numbers:
                later.add(ending.start)
    for index in range(1, len(bars)):
        if is_double(bars[index - 1].closes):
            starts.add(index)
    cadences = {_bar_of_cadence(bars, index) for index in ends}
    return Form(frozenset(starts), frozenset(later), frozenset(cadences))


def beat_of(meter: Meter, length: Fraction) -> Fraction:
    """Return the length of a beat, in whole notes."""
    if not meter.beats:
        return min(length, Fraction(1, 4))
    if meter.compound and meter.unit >= 8:
        return Fraction(3, meter.unit)
    if meter.length == Fraction(3, 8):
        return Fraction(3, 8)
    return Fraction(1, meter.unit)


def _bar_of_cadence(bars: Sequence[Bar], index: int) -> int:
    """Return the last bar up to an index that has notes and is not a pickup."""
    while index > 0:
        bar = bars[index]
        is_pickup = 2 * bar.length < (bar.meter.length or 0)
        if not is_pickup and any(event.pitches for event in bar.events):
            break
        index -= 1
    return index


def _groups(bar: Bar, offset: Fraction, length: Fraction) -> list[tuple[Fraction, list[Event]]]:
    """Return the position in the bar and the events of each segment of a bar.

    A segment begins at a bound where a note or a rest begins. In a pickup, which begins at
    ``offset``, the music before the first bound has no chord.
    """
    is_percussion = bar.clef is not None and bar.clef.sign == "percussion"
    if is_percussion or (not bar.meter.beats and bar.length > _LONGEST_FREE_BAR):
        return []
    if offset and 2 * bar.length <= length:
        return []
    groups: list[tuple[Fraction, list[Event]]] = []
    bounds = _bounds(bar.meter, length)
    for event in bar.events:
        position = event.onset - bar.onset + offset
        if position in bounds:
            groups.append((position, []))
        if groups:
            groups[-1][1].append(event)
    return groups


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


def _key_at(voice: Voice, bar: Bar, position: Fraction) -> Key:
    """Return the key at a position in a bar; for pipes, by the last note of the voice."""
    key = bar.key
    for change in bar.changes:
        if isinstance(change.value, Key) and change.offset <= position:
            key = change.value
    return _key_of_pipes(voice) if key.name == "HP" else key


def _key_of_pipes(voice: Voice) -> Key:
    """Return the key of a tune for Highland pipes (``K:HP``), which have two sharps."""
    pitches = (event.pitches for bar in reversed(voice.bars) for event in reversed(bar.events))
    last = next(filter(None, pitches), None)
    return Key({"D": "D maj", "B": "B min"}.get(last[0].step if last else "", "A mix"), 2)
