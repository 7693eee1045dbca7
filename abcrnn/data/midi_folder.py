"""Folders of MIDI files as pieces, and their split into parts.

The notes of each file are cached by the SHA-256 of its content. Files may be renamed
and new ones added without reading the others again.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from abcrnn.data.notes import (
    MAX_BYTES,
    NOTE,
    Instruments,
    Notes,
    Piece,
    read_midi,
    read_midi_bytes,
)
from abcrnn.data.registry import cache_folder
from abcrnn.data.splits import Subject, assign_parts, digest_array
from abcrnn.storage.archive import read_archive, write_archive
from abcrnn.storage.paths import as_path
from abcrnn.storage.progress import progress_bar

_logger = logging.getLogger(__name__)

_FORMAT = "abcrnn notes 1"
_SUFFIXES = (".mid", ".midi")


class Collection(NamedTuple):
    """The pieces of a folder of MIDI files.

    Parameters
    ----------
    name : str
    pieces : tuple of Piece
        In the order of file names.
    problems : tuple of str
        One line for each file that was skipped: it is invalid or has no notes.
    """

    name: str
    pieces: tuple[Piece, ...]
    problems: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Collection({self.name!r}, pieces={len(self.pieces)})"

    @property
    def tempo(self) -> float:
        """The most frequent tempo of the pieces, in quarter notes per minute."""
        return Counter(piece.tempo for piece in self.pieces).most_common(1)[0][0]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all notes, in hexadecimal."""
        digest = hashlib.sha256()
        for piece in self.pieces:
            digest.update(len(piece.notes).to_bytes(8, "little") + piece.notes.tobytes())
        return digest.hexdigest()


def load_pieces(path: str | os.PathLike[str], instruments: Instruments = "merged") -> Collection:
    """Load a MIDI file, or all MIDI files in a folder and its subfolders.

    Parameters
    ----------
    path : path-like
    instruments : {"merged", "programs"}
        All notes of a file as one piece, or one piece for each General MIDI program.

    Returns
    -------
    Collection
        Invalid files in a folder are skipped, logged and listed in ``problems``.

    Raises
    ------
    FileNotFoundError
        If the path does not exist.
    ValueError
        If no file can be read.
    ImportError
        If pretty_midi is not installed; the message names the extra.
    """
    path = as_path(path)
    if path.is_file():
        pieces = _require_notes(read_midi(path, instruments), path)
        return Collection(path.name, tuple(pieces), ())
    if not path.is_dir():
        raise FileNotFoundError(f"{path}: no such file or folder; expected MIDI files")
    files = sorted(f for f in path.rglob("*") if f.suffix.lower() in _SUFFIXES and f.is_file())
    if not files:
        raise ValueError(f"{path} holds no MIDI file (.mid or .midi)")
    pieces, problems = _read_folder(path, files, instruments)
    for problem in problems:
        _logger.warning("skipped: %s", problem)
    if not pieces:
        raise ValueError(f"{path}: none of its {len(files)} MIDI files could be read")
    return Collection(path.name or str(path), tuple(pieces), tuple(problems))


def _read_folder(
    folder: Path, files: list[Path], instruments: Instruments
) -> tuple[list[Piece], list[str]]:
    cache = _Cache(instruments, folder)
    pieces: list[Piece] = []
    problems: list[str] = []
    try:
        for file in progress_bar(files, desc="reading MIDI", unit="file", leave=False):
            try:
                name = str(file.relative_to(folder))
                notes = _require_notes(cache.read(file), file)
                pieces += [piece._replace(name=name) for piece in notes]
            except (ValueError, OSError) as error:
                problems.append(str(error))
    finally:
        cache.write()
    return pieces, problems


def _require_notes(pieces: list[Piece], file: Path) -> list[Piece]:
    if not pieces:
        raise ValueError(f"{file} has no notes except drums")
    return pieces


class _Cache:
    """The notes of the files of a folder, kept in one file of the cache folder."""

    def __init__(self, instruments: Instruments, folder: Path) -> None:
        self._instruments = instruments
        key = hashlib.sha256(f"{instruments}\0{folder.resolve()}".encode()).hexdigest()[:32]
        self._file = cache_folder() / "notes" / f"{key}.notes"
        self._pieces: dict[str, list[Piece]] = {}  # by SHA-256 of the file's content
        self._used: set[str] = set()
        self._changed = False
        if self._file.exists():
            self._open()

    def read(self, file: Path) -> list[Piece]:
        """Return the pieces of a file, from the cache if they are there."""
        if file.stat().st_size > MAX_BYTES:
            return read_midi(file)  # raises the error
        data = file.read_bytes()
        key = hashlib.sha256(data).hexdigest()
        if key not in self._pieces:
            self._pieces[key] = read_midi_bytes(data, str(file), self._instruments)
            self._changed = True
        self._used.add(key)
        return self._pieces[key]

    def write(self) -> None:
        """Save the notes if any are new; an error is only logged."""
        if not self._changed:
            return
        pieces = [(key, piece) for key in sorted(self._used) for piece in self._pieces[key]]
        about = {"pieces": [[key, p.program, p.tempo, len(p.notes)] for key, p in pieces]}
        notes = np.concatenate([np.zeros(0, NOTE), *(piece.notes for _, piece in pieces)])
        try:
            write_archive(self._file, _FORMAT, about, {"notes": notes})
        except OSError as error:
            _logger.warning("the notes could not be cached: %s", error)

    def _open(self) -> None:
        try:
            about, arrays = read_archive(self._file, _FORMAT)
            edges = np.cumsum([0, *(length for *_, length in about["pieces"])])
            if arrays["notes"].dtype != NOTE or len(arrays["notes"]) != edges[-1]:
                raise ValueError("its number of notes is wrong")
            for (key, program, tempo, _), (start, stop) in zip(
                about["pieces"], pairwise(edges), strict=True
            ):
                if not 0 <= int(program) < 128 or not 0 < float(tempo) < float("inf"):
                    raise ValueError("it has a program or a tempo that no MIDI file has")
                piece = Piece("", int(program), float(tempo), arrays["notes"][start:stop])
                self._pieces.setdefault(key, []).append(piece)
        except (LookupError, ValueError, TypeError, ArithmeticError, OSError) as error:
            _logger.warning("%s cannot be used (%s); the files are read again", self._file, error)
            self._pieces = {}


# Parts ------------------------------------------------------------------------------------


def split_pieces(
    pieces: Iterable[Piece],
    validation: float = 0.1,
    test: float = 0.1,
    seed: int = 0,
    rule: str = "hash",
) -> tuple[list[Piece], list[Piece], list[Piece]]:
    """Split pieces by file. Files with the same notes are in the same part.

    With the default rule the part of a file depends only on its notes, the shares and
    the seed: files that are added later do not move the others. See
    :mod:`abcrnn.data.splits`.

    Parameters
    ----------
    pieces : iterable of Piece
    validation, test : float
        Shares of the files, from 0; together less than 1. The parts have about these
        shares.
    seed : int
    rule : {"hash", "shuffle"}
        ``"shuffle"`` is the earlier rule. Use it to resume a run whose ``run.json``
        records no rule.

    Returns
    -------
    train, validation, test : list of Piece

    Raises
    ------
    ValueError
        If an argument is out of range, or there are too few files for a part.
    """
    groups = _group_by_notes(list(pieces))
    part_of = assign_parts(
        np.array(list(groups), np.uint64),
        validation,
        test,
        seed,
        rule,
        subject=Subject(
            "the collection",
            "different MIDI files",
            "add files, or give validation=0 and test=0 to train on all",
        ),
        shuffle_order=("validation", "test"),
    )
    parts: tuple[list[Piece], list[Piece], list[Piece]] = ([], [], [])
    for group, part in zip(groups.values(), part_of.tolist(), strict=True):
        parts[part].extend(group)
    return parts


def piece_digests(pieces: Iterable[Piece]) -> NDArray[np.uint64]:
    """Return a 64-bit digest of the notes of each piece: pitches, steps and durations.

    Returns
    -------
    ndarray, shape (pieces,), uint64
    """
    return digest_array(_digest([piece]) for piece in pieces)


def _group_by_notes(pieces: list[Piece]) -> dict[int, list[Piece]]:
    """Group the pieces by file, and files with the same notes; keys are digests of the notes."""
    files: dict[str, list[Piece]] = {}
    for piece in pieces:
        files.setdefault(piece.name, []).append(piece)
    groups: dict[int, list[Piece]] = {}
    for parts in files.values():
        groups.setdefault(int.from_bytes(_digest(parts), "little"), []).extend(parts)
    return groups


def _digest(pieces: Iterable[Piece]) -> bytes:
    notes = b"".join(_music(piece.notes) for piece in pieces)
    return hashlib.blake2b(notes, digest_size=8).digest()


def _music(notes: Notes) -> bytes:
    times = np.stack([notes["step"], notes["duration"]]).round(3)
    return notes["pitch"].tobytes() + times.tobytes()
