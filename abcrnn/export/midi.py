"""One tune of ABC text as a MIDI file, as it is played."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from abcrnn.export.timeline import (
    TICKS_PER_QUARTER,
    TimedNote,
    chord_symbol_notes,
    played_with_onsets,
    ticks,
    voice_notes,
)
from abcrnn.export.tune_text import parse_single_tune, printable
from abcrnn.notation.tune import Bar, Tune, Voice
from abcrnn.storage.atomic import write_bytes

_CHANNELS = (*range(9), *range(10, 15))  # from 0; 9 is percussion, 15 is for chord symbols
_CHORD_CHANNEL = 15
_VELOCITY, _CHORD_VELOCITY = 90, 60
_DEFAULT_SPEED = Fraction(30)  # whole notes a minute: a quarter note lasts half a second
_LONGEST_QUARTER = 0xFFFFFF  # microseconds: a MIDI file has three bytes for it

# From seven flats to seven sharps.
_MAJOR_KEYS = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
_MINOR_KEYS = (
    "Abm", "Ebm", "Bbm", "Fm", "Cm", "Gm", "Dm", "Am",
    "Em", "Bm", "F#m", "C#m", "G#m", "D#m", "A#m",
)  # fmt: skip


def to_midi(tune: str, path: str | os.PathLike[str], *, chords: bool = True) -> None:
    """Write one tune as a MIDI file, with its repeats played.

    Parameters
    ----------
    tune : str
        One tune of ABC with its header.
    path : path-like
        The file to write. It is written completely or not at all.
    chords : bool
        Whether to play chord symbols; see :func:`to_midi_bytes`.

    Raises
    ------
    ABCError
        If the text is not one tune that can be played; see :func:`to_midi_bytes`.
    OSError
        If the file cannot be written.
    """
    write_bytes(path, to_midi_bytes(tune, chords=chords))


def to_midi_bytes(tune: str, *, chords: bool = True) -> bytes:
    r"""Return one tune as the bytes of a MIDI file, with its repeats played.

    Parameters
    ----------
    tune : str
        One tune of ABC with its header.
    chords : bool
        Whether to play chord symbols such as ``"Am7"``, in a track of their own: each to
        the next one or to the end of its bar. Unknown symbols are silent.

    Returns
    -------
    bytes
        A standard MIDI file: a track with title, tempo, meter and key, a track for each
        voice, and a track for chord symbols if there are any. A quarter note has 10,080
        ticks and lasts half a second unless ``Q:`` sets another tempo. A grace note takes
        1/32 of the note after it, and all grace notes together at most half of it. Equal
        tunes give equal bytes.

    Raises
    ------
    ABCError
        If the text has no ``K:`` field, no notes or more than one tune, or is too long.
        Tunes that are only invalid, with a bar too long or a chord that is not closed, are
        played as far as they can be read.

    References
    ----------
    The ABC music standard 2.1: sections 4.8 to 4.11 (repeats, endings, ties),
    4.12 (grace notes) and 4.18 (chord symbols).

    Examples
    --------
    >>> data = to_midi_bytes("X:1\nT:Scale\nM:4/4\nK:D\nDEFG ABcd|")
    >>> data[:4]
    b'MThd'
    """
    return _midi_file(parse_single_tune(tune), chords)


class _Timed(NamedTuple):
    """A mido message at a tick; at the same tick, messages are sorted by ``order``."""

    tick: int
    order: int
    message: Any


def _midi_file(tune: Tune, chords: bool) -> bytes:
    import mido

    file = mido.MidiFile(ticks_per_beat=TICKS_PER_QUARTER, charset="utf-8")
    file.tracks.append(_track(_conductor_messages(tune)))
    for number, (voice, notes) in enumerate(zip(tune.voices, voice_notes(tune), strict=True)):
        name = voice.name if len(tune.voices) > 1 else "melody"
        channel = _CHANNELS[number % len(_CHANNELS)]
        file.tracks.append(_track(_note_messages(name, notes, channel, _VELOCITY)))
    if symbols := chord_symbol_notes(tune) if chords else []:
        messages = _note_messages("chords", symbols, _CHORD_CHANNEL, _CHORD_VELOCITY)
        file.tracks.append(_track(messages))
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def _track(messages: Sequence[_Timed]) -> Any:
    """Return a track of the messages, each with the ticks since the one before."""
    import mido

    track = mido.MidiTrack()
    now = 0
    for tick, _, message in messages:
        message.time = tick - now
        track.append(message)
        now = tick
    track.append(mido.MetaMessage("end_of_track"))
    return track


def _note_messages(
    name: str, notes: Sequence[TimedNote], channel: int, velocity: int
) -> list[_Timed]:
    from mido import Message, MetaMessage

    messages = [_Timed(0, 0, MetaMessage("track_name", name=printable(name)))]
    for start, end, pitch in notes:
        on = Message("note_on", channel=channel, note=pitch, velocity=velocity)
        off = Message("note_off", channel=channel, note=pitch, velocity=0)
        messages += [_Timed(start, 2, on), _Timed(end, 1, off)]
    return sorted(messages, key=lambda timed: timed[:2])


def _conductor_messages(tune: Tune) -> list[_Timed]:
    """Return title, composer, tempo, meter and key, as the first voice has them."""
    from mido import MetaMessage

    messages = [_Timed(0, 0, MetaMessage("track_name", name=printable(tune.title)))]
    if tune.field("C"):
        text = printable(f"composer: {tune.field('C')}")
        messages.append(_Timed(0, 0, MetaMessage("text", text=text)))
    voice = tune.voices[0]
    tempos = _tempos(tune, voice)
    in_force: dict[str, dict[str, Any]] = {}
    for now, bar in played_with_onsets(tune, voice):
        settings = {"set_tempo": {"tempo": tempos[id(bar)]}, "key_signature": _key_signature(bar)}
        if bar.meter.length:
            settings["time_signature"] = _time_signature(bar)
        for kind, values in settings.items():
            if in_force.get(kind) != values:
                messages.append(_Timed(ticks(now), 0, MetaMessage(kind, **values)))
        in_force |= settings
    return messages


def _tempos(tune: Tune, voice: Voice) -> dict[int, int]:
    """Return the microseconds of a quarter note by bar, as written: a repeat restores them."""
    tempos = {}
    tempo = tune.tempo
    speed = _DEFAULT_SPEED
    for bar in voice.bars:
        tempo = bar.tempo or tempo
        speed = (tempo.whole_notes_per_minute if tempo else None) or speed
        tempos[id(bar)] = min(max(1, round(15_000_000 / speed)), _LONGEST_QUARTER)
    return tempos


def _time_signature(bar: Bar) -> dict[str, Any]:
    meter = bar.meter
    clocks = 96 * (3 if meter.compound else 1) // meter.unit  # of a beat; 24 in a quarter note
    return {
        "numerator": sum(meter.beats),
        "denominator": meter.unit,
        "clocks_per_click": max(1, clocks),
        "notated_32nd_notes_per_beat": 8,
    }


def _key_signature(bar: Bar) -> dict[str, Any]:
    mode = bar.key.name.rpartition(" ")[2]
    fifths = (bar.key.fifths + 6) % 12 - 6 if abs(bar.key.fifths) > 7 else bar.key.fifths
    keys = _MINOR_KEYS if mode in ("m", "min", "aeo") else _MAJOR_KEYS
    return {"key": keys[fifths + 7]}
