"""One tune of ABC text as a MIDI file, as it is played."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from abcrnn.export.instruments import program_number
from abcrnn.export.tempos import initial_speed, parse_speed, quarter_microseconds
from abcrnn.export.ticks import TickNote, choose_division, to_tick, without_overlaps
from abcrnn.export.timeline import (
    PlayedVoice,
    TimedNote,
    chord_symbol_notes,
    in_midi_range,
    play_voices,
    tempo_changes,
    voice_notes,
)
from abcrnn.export.tune_text import parse_single_tune, printable
from abcrnn.notation.checks import require_music
from abcrnn.notation.errors import ABCError
from abcrnn.notation.fields import Key, Meter
from abcrnn.notation.tune import Program, Tune
from abcrnn.storage.atomic import write_bytes

_CHANNELS = (*range(9), *range(10, 15))  # from 0; 9 is percussion, 15 is for chord symbols
_CHORD_CHANNEL = 15
_VELOCITY, _CHORD_VELOCITY = 90, 60

# From seven flats to seven sharps.
_MAJOR_KEYS = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
_MINOR_KEYS = (
    "Abm", "Ebm", "Bbm", "Fm", "Cm", "Gm", "Dm", "Am",
    "Em", "Bm", "F#m", "C#m", "G#m", "D#m", "A#m",
)  # fmt: skip


def to_midi(
    tune: str,
    path: str | os.PathLike[str],
    *,
    chords: bool = True,
    tempo: float | str | None = None,
    instrument: str | int | None = None,
) -> None:
    """Write one tune as a MIDI file, with its repeats played.

    Parameters
    ----------
    tune : str
        One tune of ABC with its header.
    path : path-like
        The file to write. It is written completely or not at all.
    chords : bool
        Whether to play chord symbols.
    tempo : float or str, optional
    instrument : str or int, optional
        See :func:`to_midi_bytes`.

    Raises
    ------
    ABCError
        If the text is not one tune that can be played; see :func:`to_midi_bytes`.
    ValueError
        If ``tempo`` or ``instrument`` is not valid.
    OSError
        If the file cannot be written.
    """
    write_bytes(path, to_midi_bytes(tune, chords=chords, tempo=tempo, instrument=instrument))


def to_midi_bytes(
    tune: str,
    *,
    chords: bool = True,
    tempo: float | str | None = None,
    instrument: str | int | None = None,
) -> bytes:
    r"""Return one tune as the bytes of a MIDI file, with its repeats played.

    Parameters
    ----------
    tune : str
        One tune of ABC with its header.
    chords : bool
        Whether to play chord symbols such as ``"Am7"``, in a track of their own. Each sounds
        until the next one or the end of its section. Symbols that are not understood are
        silent.
    tempo : float or str, optional
        Quarter notes a minute at the beginning, or a beat and its speed as in ``Q:``, such as
        ``"3/8=116"``; later changes of tempo keep their ratio to it. The default is that of
        ``Q:``; without ``Q:``, a customary tempo for the rhythm (``R:``) and meter.
    instrument : str or int, optional
        A General MIDI instrument name or part of one, such as ``"flute"``, or its number from 0,
        for all voices. The default is that of ``%%MIDI program``, or a piano. Chord symbols are
        played by a piano.

    Returns
    -------
    bytes
        A standard MIDI file: a track with title, tempo, meter and key, a track for each
        voice, and a track for chord symbols if there are any. Every track ends where the
        tune ends. A quarter note has 480 or 960 ticks; where these do not represent all times
        exactly, more, up to 32,767. Times that need still more are rounded to the nearest tick. A
        grace note takes 1/32 of the note after it, and all grace notes together at most half
        of it. Equal tunes give equal bytes.

    Raises
    ------
    ABCError
        If the text has no ``K:`` field, nothing to play or more than one tune, or is too long.
        Tunes that are only invalid, with a bar too long or a chord that is not closed, are
        played as far as they can be read.
    ValueError
        If ``tempo`` or ``instrument`` is not valid.

    References
    ----------
    The ABC music standard 2.1: sections 4.8 to 4.11 (repeats, endings, ties),
    4.12 (grace notes) and 4.18 (chord symbols).

    Examples
    --------
    >>> data = to_midi_bytes("X:1\nT:Scale\nM:4/4\nK:D\nDEFG ABcd|", instrument="fiddle")
    >>> data[:4]
    b'MThd'
    """
    speed = None if tempo is None else parse_speed(tempo)
    program = None if instrument is None else program_number(instrument)
    return _midi_file(parse_single_tune(tune), chords, speed, program)


def validate_playable(tune: str | Tune) -> None:
    """Raise ABCError if :func:`to_midi_bytes` does, for one tune of ABC; write no file.

    Parameters
    ----------
    tune : str or Tune
        Text is as for :func:`to_midi_bytes`.

    Raises
    ------
    ABCError
        If the text is not one tune that can be played.
    """
    if isinstance(tune, str):
        tune = parse_single_tune(tune)
    else:
        require_music(tune, chords=True)
    timed_notes(tune, chords=True)


class _Timed(NamedTuple):
    """A mido message at a time in whole notes; at the same time, sorted by ``order``."""

    time: Fraction
    order: int
    message: Any


def _midi_file(tune: Tune, chords: bool, speed: Fraction | None, program: int | None) -> bytes:
    import mido

    played, voices, symbols = timed_notes(tune, chords)
    ends = [note.end for notes in [*voices, symbols] for note in notes]
    length = max(*ends, *(voice.length for voice in played))
    conductor = _conductor_messages(tune, played, speed)
    programs = [_programs(voice, program) for voice in played]
    times = [timed.time for messages in [conductor, *programs] for timed in messages]
    times += [time for notes in [*voices, symbols] for note in notes for time in note[:2]]
    division = choose_division([*times, length], length)
    file = mido.MidiFile(ticks_per_beat=division, charset="utf-8")
    file.tracks.append(_track(conductor, [], length, division))
    for number, (voice, notes) in enumerate(zip(tune.voices, voices, strict=True)):
        name = voice.full_name or voice.name if len(tune.voices) > 1 else "melody"
        channel = _CHANNELS[number % len(_CHANNELS)]
        for timed in programs[number]:
            timed.message.channel = channel
        messages = [_track_name(name), *programs[number]]
        sounds = _note_messages(notes, channel, _VELOCITY, division)
        file.tracks.append(_track(messages, sounds, length, division))
    if symbols:
        sounds = _note_messages(symbols, _CHORD_CHANNEL, _CHORD_VELOCITY, division)
        file.tracks.append(_track([_track_name("chords")], sounds, length, division))
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def timed_notes(
    tune: Tune, chords: bool
) -> tuple[list[PlayedVoice], list[list[TimedNote]], list[TimedNote]]:
    """Return the voices as played, the notes of each, and the notes of chord symbols.

    Raises
    ------
    ABCError
        If there are no notes, or too many.
    """
    played = play_voices(tune)
    voices = voice_notes(tune, played)
    symbols = chord_symbol_notes(played) if chords else []
    _require_music(tune, [*voices, symbols])
    return played, voices, symbols


def _require_music(tune: Tune, tracks: Sequence[Sequence[TimedNote]]) -> None:
    """Raise ABCError if there are no notes: a MIDI file without music helps nobody."""
    if any(tracks):
        return
    first = next(tune.bars())
    if any(event.pitches for bar in tune.bars() for event in bar.events):
        order = f"the order of parts P:{tune.parts[:40]}" if tune.parts else "its repeats"
        raise ABCError(f"no note of the tune is played in {order}", first.line, first.column)
    raise ABCError("the tune has no notes", first.line, first.column)


def _track(
    messages: Sequence[_Timed], played: Sequence[tuple[int, int, Any]], length: Fraction,
    division: int,
) -> Any:  # fmt: skip
    """Return a track of messages, each with the ticks since the one before, up to the end."""
    import mido

    timed = [(to_tick(time, division), order, message) for time, order, message in messages]
    track = mido.MidiTrack()
    now = 0
    for tick, _, message in sorted([*timed, *played], key=lambda entry: entry[:2]):
        message.time = tick - now
        track.append(message)
        now = tick
    end = max(now, to_tick(length, division))
    track.append(mido.MetaMessage("end_of_track", time=end - now))
    return track


def _track_name(name: str) -> _Timed:
    from mido import MetaMessage

    return _Timed(Fraction(0), 0, MetaMessage("track_name", name=printable(name)))


def _note_messages(
    notes: Sequence[TimedNote], channel: int, velocity: int, division: int
) -> list[tuple[int, int, Any]]:
    """Return tick, order and message of the start and end of each note."""
    from mido import Message

    ticks = [
        TickNote(to_tick(start, division), to_tick(end, division), in_midi_range(pitch))
        for start, end, pitch in notes
    ]
    messages = []
    for start, end, pitch in without_overlaps(ticks):
        on = Message("note_on", channel=channel, note=pitch, velocity=velocity)
        off = Message("note_off", channel=channel, note=pitch, velocity=0)
        messages += [(start, 3, on), (end, 1, off)]
    return messages


# Programs, tempos, meters and keys ------------------------------------------------------------


def _programs(voice: PlayedVoice, program: int | None) -> list[_Timed]:
    """Return the changes of program of a voice; one requested for all voices comes first."""
    from mido import Message

    if program is not None:
        return [_Timed(Fraction(0), 2, Message("program_change", program=program))]
    changes: list[_Timed] = []
    before: int | None = None
    for now, bar in voice.bars:
        inside = [(c.offset, c.value.number) for c in bar.changes if isinstance(c.value, Program)]
        for offset, number in [(Fraction(0), bar.program), *inside]:
            number = 0 if number is None and before else number  # the piano of bars without one
            if number is not None and number != before:
                message = Message("program_change", program=number)
                changes.append(_Timed(now + offset, 2, message))
                before = number
    return changes


def _conductor_messages(
    tune: Tune, played: Sequence[PlayedVoice], speed: Fraction | None
) -> list[_Timed]:
    """Return title, composer, tempo, and the meter and key of the first voice."""
    from mido import MetaMessage

    start = Fraction(0)
    messages = [_track_name(tune.title)]
    if tune.field("C"):
        text = printable(f"composer: {tune.field('C')}")
        messages.append(_Timed(start, 0, MetaMessage("text", text=text)))
    factor = speed / initial_speed(tune) if speed else Fraction(1)
    for time, quarters in tempo_changes(tune, played):
        microseconds = quarter_microseconds(quarters * factor)
        messages.append(_Timed(time, 0, MetaMessage("set_tempo", tempo=microseconds)))
    before: dict[str, dict[str, Any]] = {}
    for time, value in _keys_and_meters(played[0]):
        kind, values = _signature(value)
        if values and before.get(kind) != values:
            messages.append(_Timed(time, 0, MetaMessage(kind, **values)))
            before[kind] = values
    return messages


def _keys_and_meters(voice: PlayedVoice) -> Iterator[tuple[Fraction, Key | Meter]]:
    for now, bar in voice.bars:
        yield now, bar.key
        yield now, bar.meter
        for change in bar.changes:
            if isinstance(change.value, Key | Meter):
                yield now + change.offset, change.value


def _signature(value: Key | Meter) -> tuple[str, dict[str, Any]]:
    """Return the kind and values of a meta message; no values for a free meter."""
    if isinstance(value, Key):
        return "key_signature", {"key": _key_name(value)}
    if value.length is None:
        return "time_signature", {}
    clocks = 96 * (3 if value.compound else 1) // value.unit  # of a beat; 24 in a quarter note
    return "time_signature", {
        "numerator": sum(value.beats),
        "denominator": value.unit,
        "clocks_per_click": min(max(1, clocks), 255),
        "notated_32nd_notes_per_beat": 8,
    }


def _key_name(key: Key) -> str:
    mode = key.name.rpartition(" ")[2]
    fifths = (key.fifths + 6) % 12 - 6 if abs(key.fifths) > 7 else key.fifths
    keys = _MINOR_KEYS if mode in ("m", "min", "aeo") else _MAJOR_KEYS
    return keys[fifths + 7]
