"""A folder of MIDI files as pieces, read once and kept in the cache.

What was read is kept by the SHA-256 of each file's content, so a folder may be
moved, and a file added, without reading the others again.
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
from tqdm import tqdm

from abcrnn.data.notes import (
    MOST_BYTES,
    NOTE,
    Instruments,
    Notes,
    Piece,
    read_midi,
    read_midi_bytes,
)
from abcrnn.data.registry import cache_folder
from abcrnn.storage.archive import read_archive, write_archive
from abcrnn.storage.validation import require_shares

_logger = logging.getLogger(__name__)

_FORMAT = "abcrnn notes 1"
_ENDINGS = (".mid", ".midi")


class Collection(NamedTuple):
    """The pieces of a folder, and why files were passed over.

    Parameters
    ----------
    name : str
    pieces : tuple of Piece
        In the order of file names.
    problems : tuple of str
        One line for each file that could not be read, or that has no notes.
    """

    name: str
    pieces: tuple[Piece, ...]
    problems: tuple[str, ...]

    @property
    def tempo(self) -> float:
        """Quarter notes a minute, of most pieces."""
        return Counter(piece.tempo for piece in self.pieces).most_common(1)[0][0]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all notes, in hexadecimal."""
        digest = hashlib.sha256()
        for piece in self.pieces:
            digest.update(len(piece.notes).to_bytes(8, "little") + piece.notes.tobytes())
        return digest.hexdigest()


def load_pieces(path: str | os.PathLike[str], instruments: Instruments = "merged") -> Collection:
    """Read a MIDI file, or all those in a folder and the folders in it.

    Parameters
    ----------
    path : path-like
    instruments : {"merged", "programs"}
        All notes of a file as one piece, or a piece for each program.

    Returns
    -------
    Collection
        Broken files are told of in the log and in ``problems``, and passed over.

    Raises
    ------
    FileNotFoundError
        If there is no such path.
    ValueError
        If no file there can be read, or the only one is broken.
    ImportError
        If pretty_midi is not there; names the extra.
    """
    path = Path(path)
    if path.is_file():
        return Collection(path.name, tuple(_require(read_midi(path, instruments), path)), ())
    if not path.is_dir():
        raise FileNotFoundError(f"{path}: no such file or folder; MIDI files were expected there")
    files = sorted(f for f in path.rglob("*") if f.suffix.lower() in _ENDINGS and f.is_file())
    if not files:
        raise ValueError(f"{path} holds no MIDI file: their names end in .mid or .midi")
    kept = _Cache(instruments, path)
    pieces: list[Piece] = []
    problems: list[str] = []
    try:
        bar = tqdm(files, desc="reading MIDI", unit="file", disable=None, leave=False)
        for file in bar:
            try:
                name = str(file.relative_to(path))
                pieces += [p._replace(name=name) for p in _require(kept.read(file), file)]
            except (ValueError, OSError) as error:
                problems.append(str(error))
    finally:
        kept.write()
    for problem in problems:
        _logger.warning("passed over: %s", problem)
    if not pieces:
        raise ValueError(f"{path}: none of its {len(files)} MIDI files could be read")
    return Collection(path.name or str(path), tuple(pieces), tuple(problems))


def _require(pieces: list[Piece], file: Path) -> list[Piece]:
    if not pieces:
        raise ValueError(f"{file} has no notes but drums, if any")
    return pieces


class _Cache:
    """What was read of files in a folder: in one file of the cache folder."""

    def __init__(self, instruments: Instruments, folder: Path) -> None:
        self._instruments = instruments
        key = hashlib.sha256(f"{instruments}\0{folder.resolve()}".encode()).hexdigest()[:32]
        self._file = cache_folder() / "notes" / f"{key}.notes"
        self._known: dict[str, list[Piece]] = {}
        self._used: set[str] = set()
        self._grown = False
        if self._file.exists():
            self._open()

    def read(self, file: Path) -> list[Piece]:
        """Return the pieces of a file, read now or before."""
        if file.stat().st_size > MOST_BYTES:
            return read_midi(file)  # which says so
        data = file.read_bytes()
        key = hashlib.sha256(data).hexdigest()
        if key not in self._known:
            self._known[key] = read_midi_bytes(data, str(file), self._instruments)
            self._grown = True
        self._used.add(key)
        return self._known[key]

    def write(self) -> None:
        """Keep what was read; a disk that refuses costs only the time to read again."""
        if not self._grown:
            return
        kept = [(key, piece) for key in sorted(self._used) for piece in self._known[key]]
        about = {"pieces": [[key, p.program, p.tempo, len(p.notes)] for key, p in kept]}
        notes = np.concatenate([np.zeros(0, NOTE), *(piece.notes for _, piece in kept)])
        try:
            write_archive(self._file, _FORMAT, about, {"notes": notes})
        except OSError as error:
            _logger.warning("what was read could not be kept: %s", error)

    def _open(self) -> None:
        try:
            about, arrays = read_archive(self._file, _FORMAT)
            ends = np.cumsum([0, *(length for *_, length in about["pieces"])])
            if arrays["notes"].dtype != NOTE or len(arrays["notes"]) != ends[-1]:
                raise ValueError("its notes are not as many as it says")
            for (key, program, tempo, _), (first, last) in zip(
                about["pieces"], pairwise(ends), strict=True
            ):
                piece = Piece("", program, tempo, arrays["notes"][first:last])
                self._known.setdefault(key, []).append(piece)
        except (ValueError, KeyError, TypeError, IndexError, OSError) as error:
            _logger.warning("%s is of no use (%s): reading again", self._file, error)
            self._known = {}


def split_pieces(
    pieces: Iterable[Piece], validation: float = 0.1, test: float = 0.1, seed: int = 0
) -> tuple[list[Piece], list[Piece], list[Piece]]:
    """Split by file: pieces of one file, and files with the same notes, stay together.

    Parameters
    ----------
    pieces : iterable of Piece
    validation, test : float
        Shares of the files, from 0; together less than 1.
    seed : int

    Returns
    -------
    train, validation, test : list of Piece

    Raises
    ------
    ValueError
        If a share is out of range, or there are too few files for it.
    """
    require_shares(validation, test)
    groups = _alike(list(pieces))
    order = np.random.default_rng(seed).permutation(len(groups))
    held, unseen = round(validation * len(groups)), round(test * len(groups))
    if held < (validation > 0) or unseen < (test > 0) or held + unseen >= len(groups):
        raise ValueError(
            f"there are {len(groups)} different MIDI files, too few to set "
            f"{validation:g} of them aside for validation and {test:g} for test"
        )
    parts = (order[held + unseen :], order[:held], order[held : held + unseen])
    train, first, second = ([p for g in sorted(part) for p in groups[g]] for part in parts)
    return train, first, second


def _alike(pieces: list[Piece]) -> list[list[Piece]]:
    """Group pieces by file, and files by the notes they have."""
    files: dict[str, list[Piece]] = {}
    for piece in pieces:
        files.setdefault(piece.name, []).append(piece)
    groups: dict[bytes, list[Piece]] = {}
    for parts in files.values():
        music = b"".join(_music(part.notes) for part in parts)
        groups.setdefault(hashlib.sha256(music).digest(), []).extend(parts)
    return list(groups.values())


def _music(notes: Notes) -> bytes:
    times = np.stack([notes["step"], notes["duration"]]).round(3)
    return notes["pitch"].tobytes() + times.tobytes()
