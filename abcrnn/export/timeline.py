"""The music of a tune as played: notes, grace notes, chord symbols and tempos with exact times.

Times are fractions of a whole note from the beginning of the tune.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from abcrnn.export.tempos import initial_speed, speed_of
from abcrnn.notation.chord_symbols import parse_chord_symbol
from abcrnn.notation.errors import ABCError
from abcrnn.notation.fields import Tempo
from abcrnn.notation.playing import played_bars, played_notes
from abcrnn.notation.repeats import is_double
from abcrnn.notation.tune import Bar, Event, Tune, Voice

# Real tunes stay far below these bounds.
_MOST_PLAYED = 20_000  # notes and bars of all voices, repeats played
_LONGEST = 4_096  # whole notes: over two hours; a MIDI file cannot hold a pause of 6,658

_GRACE = Fraction(1, 32)  # longest duration of a grace note, in whole notes


class TimedNote(NamedTuple):
    """A note with its start and end in whole notes and its MIDI pitch."""

    start: Fraction
    end: Fraction
    pitch: int


class PlayedVoice(NamedTuple):
    """A voice as played.

    Parameters
    ----------
    voice : Voice
    bars : list of (Fraction, Bar)
        Its bars with their onsets in whole notes; repeats are written out.
    """

    voice: Voice
    bars: list[tuple[Fraction, Bar]]

    @property
    def length(self) -> Fraction:
        """The length in whole notes, rests included."""
        return self.bars[-1][0] + self.bars[-1][1].length if self.bars else Fraction(0)


def play_voices(tune: Tune) -> list[PlayedVoice]:
    """Return the voices of a tune as they are played.

    Raises
    ------
    ABCError
        If there is too much to play.
    """
    return [PlayedVoice(voice, list(_with_onsets(tune, voice))) for voice in tune.voices]


def _with_onsets(tune: Tune, voice: Voice) -> Iterator[tuple[Fraction, Bar]]:
    now = Fraction(0)
    size = 0
    for bar in played_bars(voice, tune.parts):
        yield now, bar
        now += bar.length
        size += 1 + sum(1 + len(event.pitches) + len(event.graces) for event in bar.events)
        if now > _LONGEST or size > 2 * _MOST_PLAYED:
            raise _too_long(bar)


def voice_notes(tune: Tune, played: Sequence[PlayedVoice]) -> list[list[TimedNote]]:
    """Return the notes of each voice, without those of chord symbols.

    Parameters
    ----------
    tune : Tune
    played : sequence of PlayedVoice
        Its voices, from :func:`play_voices`.

    Raises
    ------
    ABCError
        If there is too much to play.
    """
    voices = []
    size = 0
    for voice in played:
        notes = _notes_of_voice(tune, voice)
        size += len(notes) + len(voice.voice.bars)
        if size > _MOST_PLAYED:
            raise _too_long(voice.voice.bars[0])
        voices.append(notes)
    return voices


def chord_symbol_notes(played: Sequence[PlayedVoice]) -> list[TimedNote]:
    """Return the notes of the chord symbols of all voices.

    A chord sounds until the next chord symbol, also one that is not understood, or until the
    end of its section: a double bar, a repeat, a part or the end of the tune. Where two voices
    have a chord symbol at the same time, that of the first is played.
    """
    chords: dict[Fraction, list[int]] = {}  # by onset: pitches; empty for silence
    for voice in played:
        if any(event.chord_symbol for bar in voice.voice.bars for event in bar.events):
            for onset, pitches in _chord_changes(voice).items():
                chords[onset] = chords.get(onset) or pitches
    if not chords:
        return []
    ordered = [*sorted(chords.items()), (max(voice.length for voice in played), [])]
    return [
        TimedNote(start, end, pitch)
        for (start, pitches), (end, _) in pairwise(ordered)
        for pitch in pitches
        if end > start
    ]


def tempo_changes(tune: Tune, played: Sequence[PlayedVoice]) -> list[tuple[Fraction, Fraction]]:
    """Return the times at which the speed changes, with the speed in whole notes a minute.

    A ``Q:`` of any voice applies to all of them.

    Parameters
    ----------
    tune : Tune
    played : sequence of PlayedVoice
        Its voices, from :func:`play_voices`.

    Returns
    -------
    list of (Fraction, Fraction)
        Time and speed. The first time is 0.
    """
    first = initial_speed(tune)
    changes = {Fraction(0): first}
    for voice in played:
        for number, (time, speed) in enumerate(_tempos_of_voice(tune, voice)):
            if number or speed != first:  # a voice without a Q: of its own begins at the first
                changes[time] = speed
    ordered = sorted(changes.items())
    kept = ordered[:1]
    return kept + [new for old, new in pairwise(ordered) if new[1] != old[1]]


def _tempos_of_voice(tune: Tune, voice: PlayedVoice) -> list[tuple[Fraction, Fraction]]:
    """Return the changes of speed in one voice; a repeat restores the speed at its beginning."""
    speed = initial_speed(tune)
    by_bar: dict[int, list[tuple[Fraction, Fraction]]] = {}  # times are from the bar's beginning
    for bar in voice.voice.bars:
        speed = (speed_of(bar.tempo) if bar.tempo else None) or speed
        speeds = [(Fraction(0), speed)]
        for change in bar.changes:
            if isinstance(change.value, Tempo):
                speed = speed_of(change.value) or speed
                speeds.append((change.offset, speed))
        by_bar[id(bar)] = speeds
    changes: list[tuple[Fraction, Fraction]] = []
    for now, bar in voice.bars:
        for offset, speed in by_bar[id(bar)]:
            if not changes or speed != changes[-1][1]:
                changes.append((now + offset, speed))
    return changes


def in_midi_range(pitch: int) -> int:
    """Return a MIDI number from 0 to 127, moved by octaves where a transposition left it."""
    while pitch > 127:
        pitch -= 12
    while pitch < 0:
        pitch += 12
    return pitch


def _chord_changes(voice: PlayedVoice) -> dict[Fraction, list[int]]:
    """Return the pitches of the chord symbol at each onset; an empty list ends a chord."""
    changes: dict[Fraction, list[int]] = {}
    for now, bar in voice.bars:
        if bar.part:
            changes.setdefault(now, [])
        for event in bar.events:
            if event.chord_symbol:
                chord = parse_chord_symbol(event.chord_symbol)
                pitches = [p + event.transpose for p in chord.pitches] if chord else []
                changes[now + event.onset - bar.onset] = pitches
        if is_double(bar.closes):
            changes[now + bar.length] = []
    return changes


def _notes_of_voice(tune: Tune, voice: PlayedVoice) -> list[TimedNote]:
    notes = []
    delays: dict[Fraction, Fraction] = {}  # by onset: the time that grace notes take there
    for now, bar in voice.bars:
        for event in bar.events:
            if event.graces:
                onset = now + event.onset - bar.onset
                graces = list(grace_notes(event, onset))
                delays[onset] = _grace_duration(event) * len(event.graces)
                notes += graces
    for onset, duration, pitch in played_notes(tune, voice.voice):
        notes.append(TimedNote(onset + delays.get(onset, 0), onset + duration, pitch))
    return notes


def _grace_duration(event: Event) -> Fraction:
    """Return the duration of each grace note; all of them take at most half of the event."""
    return min(_GRACE, event.duration / (2 * len(event.graces)))


def grace_notes(event: Event, onset: Fraction) -> Iterator[TimedNote]:
    """Yield the grace notes of an event that is played at ``onset``."""
    each = _grace_duration(event)
    for n, (pitch, _) in enumerate(event.graces):
        yield TimedNote(onset + n * each, onset + (n + 1) * each, pitch.midi + event.transpose)


def _too_long(bar: Bar) -> ABCError:
    most = f"{_MOST_PLAYED} notes and bars or {_LONGEST} whole notes"
    return ABCError(f"more than {most} to play", bar.line, bar.column)
