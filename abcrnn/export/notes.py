"""Notes as a MIDI file, with a chosen instrument and tempo."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np

from abcrnn.data.notes import Notes
from abcrnn.export.instruments import program_number as program_number
from abcrnn.export.tempos import FASTEST, SLOWEST
from abcrnn.export.ticks import LAST_TICK, TickNote, without_overlaps
from abcrnn.storage.atomic import write_bytes

_DIVISION = 480  # ticks in a quarter note


def write_notes(
    notes: Notes,
    path: str | os.PathLike[str],
    instrument: str | int = 0,
    tempo: float = 120.0,
) -> None:
    """Write notes as a MIDI file, completely or not at all.

    A note ends where its pitch starts again. Of two notes of a pitch that start together, the
    longer is written.

    Parameters
    ----------
    notes : ndarray of NOTE
    path : path-like
    instrument : str or int
        A General MIDI instrument name or part of one, such as ``"flute"``, or its number from 0.
    tempo : float
        Quarter notes a minute, stored in the file; it does not change the times of the notes.

    Raises
    ------
    ValueError
        If a note is out of range, or the instrument or tempo is unknown.
    OSError
        If the file cannot be written; an existing file then stays unchanged.
    """
    import mido

    _validate_notes(notes)
    require_tempo(tempo)
    quarter = round(60_000_000 / float(tempo))  # microseconds, as the file stores it
    track = mido.MidiTrack(
        [
            mido.MetaMessage("set_tempo", tempo=quarter),
            mido.Message("program_change", program=program_number(instrument)),
        ]
    )
    quarters = float(notes["end"].max()) * 1e6 / quarter
    division = _DIVISION if quarters * _DIVISION < LAST_TICK else int(LAST_TICK / quarters)
    if not division:
        raise ValueError(f"notes must end within {LAST_TICK} quarter notes, not {quarters:.0f}")
    now = 0
    for tick, message in _messages(notes, 1e6 / quarter * division):
        message.time = tick - now
        track.append(message)
        now = tick
    track.append(mido.MetaMessage("end_of_track", time=1))
    buffer = io.BytesIO()
    mido.MidiFile(ticks_per_beat=division, type=0, tracks=[track]).save(file=buffer)
    write_bytes(path, buffer.getvalue())


def _messages(notes: Notes, per_second: float) -> list[tuple[int, Any]]:
    """Return the tick and message of the start and end of each note, in order.

    A note ends before its pitch starts again: note-on and note-off of overlapping notes of a
    pitch would be paired wrongly.
    """
    from mido import Message

    starts, ends = (np.rint(notes[name] * per_second).astype(np.int64) for name in ("start", "end"))
    velocities: dict[tuple[int, int], int] = {}  # by start and pitch
    rows = []
    for start, end, pitch, velocity in zip(
        starts.tolist(), ends.tolist(), notes["pitch"].tolist(), notes["velocity"].tolist(),
        strict=True,
    ):  # fmt: skip
        rows.append(TickNote(start, end, pitch))
        velocities[start, pitch] = max(1, velocity)  # a velocity of 0 would end the note
    messages = []
    for start, end, pitch in without_overlaps(rows):
        velocity = velocities[start, pitch]
        messages.append((start, 1, Message("note_on", note=pitch, velocity=velocity)))
        messages.append((end, 0, Message("note_off", note=pitch, velocity=0)))
    return [(tick, message) for tick, _, message in sorted(messages, key=lambda m: m[:2])]


def require_tempo(tempo: float) -> None:
    """Raise ``ValueError`` unless the tempo is one that a MIDI file can hold."""
    if not SLOWEST <= tempo <= FASTEST:
        raise ValueError(
            f"tempo must be from {SLOWEST} to {FASTEST} quarter notes per minute, not {tempo:g}"
        )


def scale_times(notes: Notes, factor: float) -> Notes:
    """Return a copy of notes with all times multiplied by ``factor``.

    Parameters
    ----------
    notes : ndarray of NOTE
        Times in seconds.
    factor : float
        Above 1, the notes are played slower.

    Returns
    -------
    ndarray of NOTE
    """
    scaled = notes.copy()
    for name in ("start", "end", "step", "duration"):
        scaled[name] *= factor
    return scaled


def _validate_notes(notes: Notes) -> None:
    if not len(notes):
        raise ValueError("there are no notes to write")
    times = np.stack([notes[name] for name in ("start", "end")])
    if not np.isfinite(times).all() or times.min() < 0 or (notes["end"] < notes["start"]).any():
        raise ValueError("notes must have finite times from 0 and must not end before they start")
    if notes["pitch"].min() < 0 or notes["pitch"].max() > 127:
        raise ValueError("pitches must be from 0 to 127")
    if notes["velocity"].min() < 0 or notes["velocity"].max() > 127:
        raise ValueError("velocities must be from 0 to 127")
