"""Notes read from MIDI files.

A note table is a structured array of dtype :data:`NOTE`, sorted by start and then by
pitch. All times are in seconds. ``step`` is the time since the start of the note
before, so 0 within a chord.
"""

from __future__ import annotations

import io
import os
import warnings
from collections import Counter
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from abcrnn.storage.extras import import_pretty_midi
from abcrnn.storage.paths import as_path

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
_Part = tuple[int, list[Any]]  # General MIDI program, notes of pretty_midi
Instruments = Literal["merged", "programs"]

#: Values of ``instruments``.
INSTRUMENTS = ("merged", "programs")

#: Number of MIDI pitches.
PITCHES = 128
#: Pitch of the row that separates two pieces; a network reads it before the first note.
START = PITCHES

#: Notes as a network reads them, shape (..., 3): pitch, step, duration.
Rows = NDArray[Any]

#: Largest MIDI file that is read, in bytes: about 250,000 notes, read within a minute.
MAX_BYTES = 2**21


class Piece(NamedTuple):
    """A piece of music: the notes of a MIDI file or of one instrument in it.

    Parameters
    ----------
    name : str
        Name of the file.
    program : int
        General MIDI program, from 0; that of most notes if instruments are merged.
    tempo : float
        Quarter notes per minute at the start of the file; 120 if it gives none.
    notes : ndarray, shape (notes,), NOTE
    """

    name: str
    program: int
    tempo: float
    notes: Notes

    def __repr__(self) -> str:
        return f"Piece({self.name!r}, program={self.program}, notes={len(self.notes)})"


def make_notes(
    pitches: NDArray[Any], starts: NDArray[Any], ends: NDArray[Any], velocities: NDArray[Any]
) -> Notes:
    """Return notes as a sorted table; the first has step 0.

    Parameters
    ----------
    pitches, velocities : ndarray, shape (notes,), int
    starts, ends : ndarray, shape (notes,), float
        In seconds.

    Returns
    -------
    ndarray, shape (notes,), NOTE
    """
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
    """Return notes given by their steps as a table; the first begins after its step.

    Parameters
    ----------
    pitches : ndarray, shape (notes,), int
    steps, durations : ndarray, shape (notes,), float
        In seconds.
    velocity : int

    Returns
    -------
    ndarray, shape (notes,), NOTE
    """
    table = np.zeros(len(pitches), NOTE)
    table["pitch"], table["step"], table["duration"] = pitches, steps, durations
    table["start"] = np.cumsum(steps, dtype=np.float64)
    table["end"] = table["start"] + durations
    table["velocity"] = velocity
    return table


def read_midi(path: str | os.PathLike[str], instruments: Instruments = "merged") -> list[Piece]:
    """Read the notes of a MIDI file without drums.

    Parameters
    ----------
    path : path-like
    instruments : {"merged", "programs"}
        All notes as one piece, or one piece for each General MIDI program.

    Returns
    -------
    list of Piece
        In the order of programs; empty if the file has no notes except drums.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If it is not a MIDI file, is truncated or damaged, or is larger than 2 MiB.
    ImportError
        If pretty_midi is not installed; the message names the extra.
    """
    path = as_path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; expected a MIDI file")
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise ValueError(
            f"{path} has {size:,} bytes; MIDI files of at most {MAX_BYTES:,} bytes "
            "(about 250,000 notes) are read: divide it into smaller files"
        )
    return read_midi_bytes(path.read_bytes(), str(path), instruments)


def read_midi_bytes(data: bytes, name: str, instruments: Instruments = "merged") -> list[Piece]:
    """Read the notes of the content of a MIDI file; see :func:`read_midi`.

    Parameters
    ----------
    data : bytes
    name : str
        Name of the file, for the pieces and for messages.
    instruments : {"merged", "programs"}
    """
    if instruments not in INSTRUMENTS:
        raise ValueError(f"instruments must be 'merged' or 'programs', not {instruments!r}")
    if not data.startswith(b"MThd"):
        raise ValueError(f"{name} is no MIDI file: it does not begin with MThd")
    midi = _parse(data, name)
    tempo = round(float(midi.get_tempo_changes()[1][0]), 3)
    parts = [(int(i.program), i.notes) for i in midi.instruments if not i.is_drum and i.notes]
    group = _group_by_program if instruments == "programs" else _merge
    return [Piece(name, program, tempo, _table(notes, name)) for program, notes in group(parts)]


def _group_by_program(parts: list[_Part]) -> list[_Part]:
    programs = sorted({program for program, _ in parts})
    return [(p, [note for q, notes in parts if q == p for note in notes]) for p in programs]


def _merge(parts: list[_Part]) -> list[_Part]:
    counts: Counter[int] = Counter()
    for program, notes in parts:
        counts[program] += len(notes)
    merged = [note for _, notes in parts for note in notes]
    return [(counts.most_common(1)[0][0], merged)] if merged else []


def _parse(data: bytes, name: str) -> Any:
    """Parse with pretty_midi; ``ValueError`` for any error in the file."""
    pretty_midi = import_pretty_midi()
    import mido

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as tempo changes on a later track
            file = mido.MidiFile(file=io.BytesIO(data))
            if file.ticks_per_beat <= 0:
                raise ValueError(f"it has {file.ticks_per_beat} ticks per beat")
            return pretty_midi.PrettyMIDI(mido_object=file)
    except Exception as error:  # of many types, from EOFError to KeySignatureError
        reason = str(error) or ("it ends too early" if isinstance(error, EOFError) else "")
        reason = reason or type(error).__name__
        raise ValueError(f"{name} is not a valid MIDI file: {reason[:200]}") from error


def _table(notes: list[Any], name: str) -> Notes:
    columns = np.array([(n.pitch, n.start, n.end, n.velocity) for n in notes], np.float64).T
    pitches, starts, ends, velocities = columns
    if not np.isfinite(columns).all() or starts.min() < 0 or (ends < starts).any():
        raise ValueError(f"{name} is not a valid MIDI file: the times of its notes are invalid")
    if pitches.min() < 0 or pitches.max() >= PITCHES:
        raise ValueError(f"{name} is not a valid MIDI file: it has pitches beyond 0 to 127")
    return make_notes(pitches, starts, ends, velocities)
