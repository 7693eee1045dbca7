"""Notes out of MIDI files: what a piece is in this wing.

A note table is a structured array of dtype :data:`NOTE`, in the order of starts
and, where these are equal, of pitches. ``step`` is the time since the start of
the note before, so 0 within a chord; all times are in seconds.
"""

from __future__ import annotations

import io
import os
import warnings
from collections import Counter
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from abcrnn.storage.extras import import_pretty_midi

#: One row of a note table.
NOTE = np.dtype(
    [
        ("pitch", "<i4"),
        ("start", "<f8"),
        ("end", "<f8"),
        ("step", "<f8"),
        ("duration", "<f8"),
        ("velocity", "<i4"),
    ]
)

Notes = NDArray[Any]
Instruments = Literal["merged", "programs"]

#: What ``instruments`` may be.
INSTRUMENTS = ("merged", "programs")

#: Pitches of MIDI.
PITCHES = 128
#: Stands for a pitch between two pieces: what is read before the first note.
START = PITCHES

#: Notes as a network reads them, shape (..., 3): pitch, step, duration.
Rows = NDArray[Any]

MOST_BYTES = 2**21  # some 250,000 notes: more than any piece has, and read within a minute


class Piece(NamedTuple):
    """Notes that belong together.

    Parameters
    ----------
    name : str
        Of the file they come from.
    program : int
        Of General MIDI, from 0; that of most notes where several are merged.
    tempo : float
        Quarter notes a minute, as the file begins; 120 if it says none.
    notes : ndarray of NOTE
    """

    name: str
    program: int
    tempo: float
    notes: Notes


def make_notes(
    pitches: NDArray[Any], starts: NDArray[Any], ends: NDArray[Any], velocities: NDArray[Any]
) -> Notes:
    """Sort notes into a table, with the steps between them; the first has step 0."""
    order = np.lexsort((pitches, starts))
    table = np.zeros(len(order), NOTE)
    table["pitch"], table["velocity"] = pitches[order], velocities[order]
    table["start"], table["end"] = starts[order], ends[order]
    table["step"] = np.diff(table["start"], prepend=table["start"][:1])
    table["duration"] = table["end"] - table["start"]
    return table


def notes_of_steps(
    pitches: NDArray[Any], steps: NDArray[Any], durations: NDArray[Any], velocity: int = 80
) -> Notes:
    """Lay notes out one after the other: the first begins after its step."""
    table = np.zeros(len(pitches), NOTE)
    table["pitch"], table["step"], table["duration"] = pitches, steps, durations
    table["start"] = np.cumsum(steps, dtype=np.float64)
    table["end"] = table["start"] + durations
    table["velocity"] = velocity
    return table


def read_midi(path: str | os.PathLike[str], instruments: Instruments = "merged") -> list[Piece]:
    """Read the notes of a MIDI file; drums are set aside.

    Parameters
    ----------
    path : path-like
    instruments : {"merged", "programs"}
        All notes as one piece, or a piece for each program of General MIDI.

    Returns
    -------
    list of Piece
        In the order of programs; none if only drums play.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no MIDI file, is cut short or damaged, or is larger than any piece.
    ImportError
        If pretty_midi is not there; names the extra.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; a MIDI file was expected there")
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise ValueError(
            f"{path} has {size:,} bytes; a MIDI file may have {MOST_BYTES:,} here "
            "(some 250,000 notes): cut it into pieces"
        )
    return read_midi_bytes(path.read_bytes(), str(path), instruments)


def read_midi_bytes(data: bytes, name: str, instruments: Instruments = "merged") -> list[Piece]:
    """As :func:`read_midi`, of what stands in a file of that name."""
    if instruments not in INSTRUMENTS:
        raise ValueError(f"instruments must be 'merged' or 'programs', not {instruments!r}")
    if not data.startswith(b"MThd"):
        raise ValueError(f"{name} is no MIDI file: it does not begin with MThd")
    played = _parse(data, name)
    parts = [(int(i.program), i.notes) for i in played.instruments if not i.is_drum and i.notes]
    if instruments == "programs":
        programs = sorted({program for program, _ in parts})
        groups = [(p, [n for q, notes in parts if q == p for n in notes]) for p in programs]
    else:
        most: Counter[int] = Counter()
        for program, notes in parts:
            most[program] += len(notes)
        merged = [note for _, notes in parts for note in notes]
        groups = [(most.most_common(1)[0][0], merged)] if merged else []
    tempo = round(float(played.get_tempo_changes()[1][0]), 3)
    return [Piece(name, program, tempo, _table(notes, name)) for program, notes in groups]


def _parse(data: bytes, name: str) -> Any:
    """Parse with pretty_midi; whatever goes wrong there is said of the file."""
    pretty_midi = import_pretty_midi()
    import mido

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # tempo marks on a later track, and the like
            file = mido.MidiFile(file=io.BytesIO(data))
            if file.ticks_per_beat <= 0:
                raise ValueError(f"it has {file.ticks_per_beat} ticks a beat")
            return pretty_midi.PrettyMIDI(mido_object=file)
    except Exception as error:  # theirs are of many kinds, from EOFError to KeySignatureError
        said = str(error) or ("it ends too early" if isinstance(error, EOFError) else "")
        said = said or type(error).__name__
        raise ValueError(f"{name} is not a valid MIDI file: {said[:200]}") from error


def _table(notes: list[Any], name: str) -> Notes:
    columns = np.array([(n.pitch, n.start, n.end, n.velocity) for n in notes], np.float64).T
    pitches, starts, ends, velocities = columns
    sound = np.isfinite(columns).all() and starts.min() >= 0 and (ends >= starts).all()
    if not (sound and pitches.min() >= 0 and pitches.max() <= 127):
        raise ValueError(f"{name} is not a valid MIDI file: it has notes outside of time or pitch")
    return make_notes(pitches, starts, ends, velocities)
