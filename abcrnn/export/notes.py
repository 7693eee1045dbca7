"""Notes as a MIDI file, with a chosen instrument and tempo."""

from __future__ import annotations

import io
import os

import numpy as np

from abcrnn.data.notes import Notes
from abcrnn.storage.atomic import write_bytes
from abcrnn.storage.extras import import_pretty_midi

_RESOLUTION = 480  # ticks in a quarter note
_SHORTEST = 0.001  # seconds: a note of no length is silent and lost when the file is read


def program_number(instrument: str | int) -> int:
    """Return the General MIDI program, 0 to 127, for a number or an instrument name.

    Raises
    ------
    ValueError
        If no instrument, or more than one, has that name; the message lists some.
    """
    if isinstance(instrument, int) or instrument.isdecimal():
        if 0 <= int(instrument) <= 127:
            return int(instrument)
        raise ValueError(f"instrument must be a number from 0 to 127 or a name, not {instrument}")
    names = import_pretty_midi().constants.INSTRUMENT_MAP
    wanted = instrument.lower()
    found = [n for n in names if wanted in n.lower()]
    exact = [name for name in found if name.lower() == wanted]
    if len(exact or found) == 1:
        return int(names.index((exact or found)[0]))
    some = ", ".join(found or names)
    raise ValueError(
        f"{len(found) or 'no'} instruments of General MIDI are called {instrument!r}; "
        f"take one name or number: {some[:160]}"
    )


def write_notes(
    notes: Notes,
    path: str | os.PathLike[str],
    instrument: str | int = 0,
    tempo: float = 120.0,
) -> None:
    """Write notes as a MIDI file, completely or not at all.

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
        If the file cannot be written; an existing file then stays as it was.
    """
    _validate_notes(notes)
    require_tempo(tempo)
    pretty_midi = import_pretty_midi()
    music = pretty_midi.PrettyMIDI(resolution=_RESOLUTION, initial_tempo=float(tempo))
    player = pretty_midi.Instrument(program_number(instrument))
    for note in notes:
        start = float(note["start"])
        end = max(float(note["end"]), start + _SHORTEST)
        player.notes.append(pretty_midi.Note(int(note["velocity"]), int(note["pitch"]), start, end))
    music.instruments.append(player)
    buffer = io.BytesIO()
    music.write(buffer)
    write_bytes(path, buffer.getvalue())


def require_tempo(tempo: float) -> None:
    """Raise ``ValueError`` unless the tempo is one that a MIDI file can hold."""
    if not 5 <= tempo <= 1000:
        raise ValueError(f"tempo must be from 5 to 1000 quarter notes a minute, not {tempo:g}")


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
