"""The notes of a tune as played, in MIDI ticks: repeats, grace notes, ties, chord symbols.

Lengths and onsets are exact fractions of a whole note until they become ticks. Ticks are
counted from the beginning of the tune, so rounding errors do not add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from abcrnn.notation.chord_symbols import parse_chord_symbol
from abcrnn.notation.errors import ABCError
from abcrnn.notation.playing import played_bars, played_notes
from abcrnn.notation.tune import Bar, Event, Tune, Voice

TICKS_PER_QUARTER = 10_080

# Real tunes stay far below these bounds.
_MOST_PLAYED = 20_000  # notes and bars of all voices, repeats played
_LONGEST = 4_096  # whole notes: over two hours; a MIDI file cannot hold a pause of 6,658

_GRACE = Fraction(1, 32)  # longest duration of a grace note, in whole notes


class TimedNote(NamedTuple):
    """A note with its start and end in ticks and its MIDI pitch."""

    start: int
    end: int
    pitch: int


def played_with_onsets(tune: Tune, voice: Voice) -> Iterator[tuple[Fraction, Bar]]:
    """Yield the bars of a voice as they are played, with repeats written out.

    Parameters
    ----------
    tune : Tune
        Its field ``P:`` may give the order of the parts.
    voice : Voice
        A voice of the tune.

    Yields
    ------
    onset : Fraction
        In whole notes from the beginning of the tune.
    bar : Bar

    Raises
    ------
    ABCError
        If there is too much to play.
    """
    now = Fraction(0)
    size = 0
    for bar in played_bars(voice, tune.parts):
        yield now, bar
        now += bar.length
        size += 1 + sum(1 + len(event.pitches) + len(event.graces) for event in bar.events)
        if now > _LONGEST or size > 2 * _MOST_PLAYED:
            raise _too_long(bar)


def voice_notes(tune: Tune) -> list[list[TimedNote]]:
    """Return the notes of each voice.

    Raises
    ------
    ABCError
        If there is too much to play.
    """
    voices = []
    size = 0
    for voice in tune.voices:
        notes = _notes_of_voice(tune, voice)
        size += len(notes) + len(voice.bars)
        if size > _MOST_PLAYED:
            raise _too_long(voice.bars[0])
        voices.append(notes)
    return voices


def chord_symbol_notes(tune: Tune) -> list[TimedNote]:
    """Return the notes of the chord symbols, of the first voice that has any.

    Each chord lasts to the next one or to the end of its bar. Unknown symbols are silent.
    """
    for voice in tune.voices:
        if any(event.chord_symbol for bar in voice.bars for event in bar.events):
            return _chord_symbol_notes(tune, voice)
    return []


def ticks(time: Fraction) -> int:
    """Return a time in ticks, rounded; ``time`` is in whole notes."""
    whole = 4 * TICKS_PER_QUARTER
    return (2 * time.numerator * whole + time.denominator) // (2 * time.denominator)


def _notes_of_voice(tune: Tune, voice: Voice) -> list[TimedNote]:
    notes = []
    delays: dict[Fraction, Fraction] = {}  # by onset: the time that grace notes take there
    for now, bar in played_with_onsets(tune, voice):
        for event in bar.events:
            if event.graces:
                onset = now + event.onset - bar.onset
                graces = list(_grace_notes(event, onset))
                delays[onset] = _grace_duration(event) * len(event.graces)
                notes += graces
    for onset, duration, pitch in played_notes(tune, voice):
        notes.append(_timed(onset + delays.get(onset, 0), onset + duration, pitch))
    return _without_overlaps(notes)


def _grace_duration(event: Event) -> Fraction:
    """Return the duration of each grace note; all of them take at most half of the event."""
    return min(_GRACE, event.duration / (2 * len(event.graces)))


def _grace_notes(event: Event, onset: Fraction) -> Iterator[TimedNote]:
    each = _grace_duration(event)
    for n, (pitch, _) in enumerate(event.graces):
        yield _timed(onset + n * each, onset + (n + 1) * each, pitch.midi)


def _chord_symbol_notes(tune: Tune, voice: Voice) -> list[TimedNote]:
    notes = []
    for now, bar in played_with_onsets(tune, voice):
        marks = [(e.onset - bar.onset, e.chord_symbol) for e in bar.events if e.chord_symbol]
        marks.append((bar.length, ""))
        for (onset, symbol), (end, _) in pairwise(marks):
            chord = parse_chord_symbol(symbol)
            for pitch in chord.pitches if chord else ():
                notes.append(_timed(now + onset, now + end, pitch))
    return _without_overlaps(notes)


def _timed(onset: Fraction, end: Fraction, pitch: int) -> TimedNote:
    start = ticks(onset)
    return TimedNote(start, max(ticks(end), start + 1), pitch)


def _without_overlaps(notes: Iterable[TimedNote]) -> list[TimedNote]:
    """End each note before its pitch starts again; of two that start together keep the longer."""
    kept: list[TimedNote] = []
    last: dict[int, int] = {}  # by pitch: index of its last note
    for note in sorted(notes):
        before = last.get(note.pitch)
        if before is not None and kept[before].end > note.start:
            kept[before] = kept[before]._replace(end=note.start)
        last[note.pitch] = len(kept)
        kept.append(note)
    return [note for note in kept if note.end > note.start]


def _too_long(bar: Bar) -> ABCError:
    most = f"{_MOST_PLAYED} notes and bars or {_LONGEST} whole notes"
    return ABCError(f"more than {most} to play", bar.line, bar.column)
