"""One tune of ABC text to MIDI (as it is heard) or MusicXML (as it is written).

abcrnn reads the tune; music21 only writes. Its own ABC parser takes hours, gigabytes
or the wrong notes over texts that a character model writes every day, its stream
translator costs twenty times what the events of a MIDI file cost, and both reach for
temporary files; none of them is used.

Conventions: lengths and onsets are exact fractions of a whole note until they become
ticks, which are counted from the beginning of the tune, so that nothing drifts.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from abcrnn.export.musicxml import musicxml, printable, read_chord
from abcrnn.notation.errors import ABCError
from abcrnn.notation.playing import played_bars, played_notes
from abcrnn.notation.reader import read_tune
from abcrnn.notation.tune import Bar, Tune, Voice
from abcrnn.notation.tunebook import split_tunebook
from abcrnn.storage.atomic import write_bytes

if TYPE_CHECKING:
    from music21 import midi

# Real tunes stay far inside; beyond, music21 would need more than a few seconds.
_MOST_CHARACTERS = 50_000
_MOST_PLAYED = 20_000  # notes and bars of all voices, repeats played
_LONGEST = 4_096  # whole notes: over two hours; MIDI cannot hold a wait of 6,658

_TICKS = 4 * 10_080  # a whole note; 10,080 a quarter is music21's own measure
_GRACE = Fraction(1, 32)
_CHANNELS = (*range(1, 10), *range(11, 16))  # the tenth is percussion, the last is for chords
_CHORD_CHANNEL = 16
_LOUD, _SOFT = 90, 60


def to_midi(tune: str, path: str | os.PathLike[str], *, chords: bool = True) -> None:
    """Write one tune as a MIDI file, repeats as they are played.

    Parameters
    ----------
    tune : str
        One tune of ABC, its header included.
    path : path-like
        Where the file shall stand. It is written whole or not at all, and no
        other file is opened for writing but the one renamed to it.
    chords : bool
        Whether chord symbols are heard; see :func:`to_midi_bytes`.

    Raises
    ------
    ABCError
        If the text is not one tune that can be played; see :func:`to_midi_bytes`.
    OSError
        If the disk refuses.
    """
    write_bytes(path, to_midi_bytes(tune, chords=chords))


def to_midi_bytes(tune: str, *, chords: bool = True) -> bytes:
    """Play one tune into the bytes of a MIDI file.

    Parameters
    ----------
    tune : str
        One tune of ABC, its header included.
    chords : bool
        Whether chord symbols such as ``"Am7"`` are heard, in a track of their
        own: each to the next or to the end of its bar. An unreadable one is not.

    Returns
    -------
    bytes
        A standard MIDI file: a track of title, tempo, meter and key, one for
        each voice, one of chords if there are any; 10,080 ticks a quarter note,
        which lasts half a second unless ``Q:`` says otherwise. A grace note
        takes 1/32 from the note after it, all of them at most half of it.
        Equal tunes give equal bytes.

    Raises
    ------
    ABCError
        If the text has no ``K:`` field, no notes or more than one tune, or if
        it is longer than any tune. What is merely unsound, such as a bar too
        long or a chord that is not closed, is played as far as it can be read.

    References
    ----------
    The ABC music standard 2.1: sections 4.8 to 4.11 (repeats, endings, ties),
    4.12 (grace notes) and 4.18 (chord symbols).
    """
    return _midi(_one_tune(tune), chords)


def to_musicxml(tune: str, path: str | os.PathLike[str]) -> None:
    """Write one tune as MusicXML: bars, repeats, endings and chord symbols as written.

    Parameters
    ----------
    tune : str
        One tune of ABC, its header included.
    path : path-like
        Where the file shall stand; it is written whole or not at all.

    Raises
    ------
    ABCError
        As :func:`to_midi_bytes` does; the bounds are narrower, since MusicXML costs more.
    OSError
        If the disk refuses.
    """
    score = _one_tune(tune)
    try:
        data = musicxml(score)
    except ABCError:
        raise
    except Exception as error:  # music21 raises anything; one tune must not lose a tunebook
        raise ABCError(f"music21 cannot write this tune as MusicXML: {error}") from error
    write_bytes(path, data)


def _one_tune(text: str) -> Tune:
    if len(text) > _MOST_CHARACTERS:
        raise ABCError(f"{len(text)} characters are no single tune; at most {_MOST_CHARACTERS}")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    found, _ = split_tunebook(text)
    if len(found) > 1:
        raise ABCError("a second tune begins; convert one at a time", found[1].line, 1)
    if found:  # an empty line for each above it, so that lines are counted in the text as given
        text = "\n" * (found[0].line - 1) + found[0].text
    first = found[0].line if found else 1
    tune = read_tune(text)
    if not any(letter == "K" for letter, _ in tune.fields):
        raise ABCError("the tune has no K: field, such as K:D, to close its header", first, 1)
    if not any(event.pitches for bar in tune.bars() for event in bar.events):
        raise ABCError("the tune has no notes", first, 1)
    return tune


# MIDI ----------------------------------------------------------------------------------------


class _Sound(NamedTuple):
    """A note in ticks."""

    start: int
    end: int
    pitch: int


class _Message(NamedTuple):
    """A MIDI event before music21 has it; at one tick they go by ``order``, then as given."""

    tick: int
    order: int
    kind: str
    data: bytes | tuple[int, int]


def _midi(tune: Tune, chords: bool) -> bytes:
    from music21.midi import MidiFile

    tracks = [_track(0, 1, _conductor(tune))]
    size = 0
    for number, voice in enumerate(tune.voices):
        sounds = _voice_sounds(tune, voice)
        size += len(sounds) + len(voice.bars)
        if size > _MOST_PLAYED:
            raise _too_long(voice.bars[0])
        name = voice.name if len(tune.voices) > 1 else "melody"
        channel = _CHANNELS[number % len(_CHANNELS)]
        tracks.append(_track(len(tracks), channel, _messages(name, sounds, _LOUD)))
    symbols = _chord_sounds(tune) if chords else []
    if symbols:
        tracks.append(_track(len(tracks), _CHORD_CHANNEL, _messages("chords", symbols, _SOFT)))
    file = MidiFile()
    file.ticksPerQuarterNote = _TICKS // 4
    file.tracks = tracks
    data: bytes = file.writestr()
    return data


def _heard(tune: Tune, voice: Voice) -> Iterator[tuple[Fraction, Bar]]:
    """Yield each bar as often as it is heard, with its onset then."""
    now = Fraction(0)
    size = 0
    for bar in played_bars(voice, tune.parts):
        yield now, bar
        now += bar.length
        size += 1 + sum(1 + len(event.pitches) + len(event.graces) for event in bar.events)
        if now > _LONGEST or size > 2 * _MOST_PLAYED:
            raise _too_long(bar)


def _too_long(bar: Bar) -> ABCError:
    most = f"{_MOST_PLAYED} notes and bars or {_LONGEST} whole notes"
    return ABCError(f"more than {most} to play", bar.line, bar.column)


def _conductor(tune: Tune) -> list[_Message]:
    """Make the track of what concerns all voices: as the first voice has it."""
    messages = [_Message(0, 0, "SEQUENCE_TRACK_NAME", _utf8(tune.title))]
    if tune.field("C"):
        messages.append(_Message(0, 0, "TEXT_EVENT", _utf8(f"composer: {tune.field('C')}")))
    voice = tune.voices[0]
    tempos = _tempos(tune, voice)
    force: dict[str, bytes] = {}
    for now, bar in _heard(tune, voice):
        data = {"SET_TEMPO": tempos[id(bar)], "KEY_SIGNATURE": _key_data(bar)}
        if bar.meter.length:
            data["TIME_SIGNATURE"] = _meter_data(bar)
        messages += [_Message(_ticks(now), 0, k, d) for k, d in data.items() if force.get(k) != d]
        force.update(data)
    return messages


def _tempos(tune: Tune, voice: Voice) -> dict[int, bytes]:
    """By bar, the microseconds a quarter lasts, as written: a repeat takes the old tempo back."""
    tempos = {}
    now = tune.tempo
    speed = Fraction(30)  # whole notes a minute
    for bar in voice.bars:
        now = bar.tempo or now
        speed = (now.whole_notes_per_minute if now else None) or speed
        microseconds = min(max(1, round(15_000_000 / speed)), 0xFFFFFF)
        tempos[id(bar)] = microseconds.to_bytes(3, "big")
    return tempos


def _meter_data(bar: Bar) -> bytes:
    meter = bar.meter
    clocks = 96 * (3 if meter.compound else 1) // meter.unit  # a click of the metronome
    return bytes([sum(meter.beats), meter.unit.bit_length() - 1, max(1, clocks), 8])


def _key_data(bar: Bar) -> bytes:
    mode = bar.key.name.rpartition(" ")[2]
    fifths = (bar.key.fifths + 6) % 12 - 6 if abs(bar.key.fifths) > 7 else bar.key.fifths
    return bytes([fifths % 256, mode in ("m", "min", "aeo")])


def _voice_sounds(tune: Tune, voice: Voice) -> list[_Sound]:
    sounds = []
    late: dict[Fraction, Fraction] = {}  # onset -> the time that grace notes take there
    for now, bar in _heard(tune, voice):
        for event in bar.events:
            if event.graces:
                onset = now + event.onset - bar.onset
                each = min(_GRACE, event.duration / (2 * len(event.graces)))
                late[onset] = each * len(event.graces)
                for n, (pitch, _) in enumerate(event.graces):
                    sounds.append(_sound(onset + n * each, onset + (n + 1) * each, pitch.midi))
    for onset, duration, number in played_notes(tune, voice):
        sounds.append(_sound(onset + late.get(onset, 0), onset + duration, number))
    return _without_clashes(sounds)


def _chord_sounds(tune: Tune) -> list[_Sound]:
    """Make the chords of the first voice that has any."""
    for voice in tune.voices:
        if not any(event.chord_symbol for bar in voice.bars for event in bar.events):
            continue
        sounds = []
        for now, bar in _heard(tune, voice):
            marks = [(e.onset - bar.onset, e.chord_symbol) for e in bar.events if e.chord_symbol]
            marks.append((bar.length, ""))
            for (onset, symbol), (end, _) in pairwise(marks):
                chord = read_chord(symbol)
                for pitch in chord.pitches if chord else ():
                    sounds.append(_sound(now + onset, now + end, pitch))
        return _without_clashes(sounds)
    return []


def _ticks(time: Fraction) -> int:
    return (2 * time.numerator * _TICKS + time.denominator) // (2 * time.denominator)


def _sound(onset: Fraction, end: Fraction, pitch: int) -> _Sound:
    start = _ticks(onset)
    return _Sound(start, max(_ticks(end), start + 1), pitch)


def _without_clashes(sounds: Iterable[_Sound]) -> list[_Sound]:
    """Let go of each note before its pitch is struck again; of two at once keep the longer."""
    kept: list[_Sound] = []
    last: dict[int, int] = {}
    for sound in sorted(sounds):
        before = last.get(sound.pitch)
        if before is not None and kept[before].end > sound.start:
            kept[before] = kept[before]._replace(end=sound.start)
        last[sound.pitch] = len(kept)
        kept.append(sound)
    return [sound for sound in kept if sound.end > sound.start]


def _messages(name: str, sounds: Sequence[_Sound], velocity: int) -> list[_Message]:
    messages = [_Message(0, 0, "SEQUENCE_TRACK_NAME", _utf8(name))]
    messages += [_Message(sound.start, 2, "NOTE_ON", (sound.pitch, velocity)) for sound in sounds]
    messages += [_Message(sound.end, 1, "NOTE_OFF", (sound.pitch, 0)) for sound in sounds]
    return sorted(messages, key=lambda message: message[:2])


def _track(index: int, channel: int, messages: Sequence[_Message]) -> midi.MidiTrack:
    from music21.midi import ChannelVoiceMessages, DeltaTime, MetaEvents, MidiEvent, MidiTrack

    track = MidiTrack(index)
    kinds = {**MetaEvents.__members__, **ChannelVoiceMessages.__members__}
    now = 0
    for tick, _, kind, data in [*messages, _Message(messages[-1].tick, 3, "END_OF_TRACK", b"")]:
        event = MidiEvent(track, type=kinds[kind], channel=channel)
        if isinstance(data, bytes):
            event.data = data
        else:
            event.parameter1, event.parameter2 = data
        track.events += [DeltaTime(track, time=tick - now), event]
        now = tick
    return track


def _utf8(text: str) -> bytes:
    return printable(text).encode()
