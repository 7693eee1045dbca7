"""Tunes beyond memory: encoded once, into the folder that ``stored.py`` reads.

A store is written aside and renamed, so there is a whole one or none; what a
killed process left is removed a day later.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from abcrnn.data.store import BOUNDARY, FORMAT, TuneStore, codes_of, id_dtype, id_name
from abcrnn.notation import Block, tune_body
from abcrnn.storage.atomic import write_text

_logger = logging.getLogger(__name__)

_KEPT_FRAGMENTS = 100  # of a book of any size; the others are only counted
_PIECE = 2**20  # characters encoded at once
_DAY = 24 * 3600  # seconds: what was begun so long ago is not being written any more
_CODES = 0x110000  # there are so many characters in Unicode


def body_digest(tune: str) -> bytes:
    """Return 8 bytes that stand for a tune's body, white space aside."""
    body = "".join(tune_body(tune).split())
    return hashlib.blake2b(body.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def open_store(folder: Path) -> TuneStore | None:
    """Open a store; a damaged one is taken away, which is said in the log."""
    if not folder.is_dir():
        return None
    try:
        return TuneStore(folder)
    except ValueError as error:
        _logger.warning("%s; it is made anew", error)
        shutil.rmtree(folder)
        return None


def store_tunes(folder: Path, blocks: Iterable[Block]) -> TuneStore:
    """Write a store whole or not at all.

    Parameters
    ----------
    folder : Path
        Named by what the tunes come from: where another process made the same
        meanwhile, that one is taken.
    blocks : iterable of Block
        At least one tune. What are none are counted, and the first kept.

    Raises
    ------
    OSError
        If the disk refuses; nothing half is left behind.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep(folder.parent)
    name = f".{folder.name}."
    with tempfile.TemporaryDirectory(prefix=name, suffix=".part", dir=folder.parent) as aside:
        made = Path(aside) / "store"
        made.mkdir()
        _write(made, blocks)
        try:
            made.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    return TuneStore(folder)


def _sweep(folder: Path) -> None:
    for left in folder.glob(".*.part"):
        with contextlib.suppress(FileNotFoundError):  # another process sweeps too
            if time.time() - left.stat().st_mtime > _DAY:
                shutil.rmtree(left)


def _write(folder: Path, blocks: Iterable[Block]) -> None:
    writer = _Writer(folder)
    try:
        for block in blocks:
            writer.add(block)
        writer.finish()
    finally:
        writer.close()


class _Writer:
    """Writes the files of a store, piece by piece."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: list[str] = []
        self._held_size = 0
        self._fragments: list[Block] = []
        self._fragment_count = 0
        self._size = 0
        self._end = 0
        self._alphabet: list[int] = []  # codes, in the order of their ids
        self._id_of = np.full(_CODES, -1, np.int32)
        self._counts = np.zeros(_CODES, np.int64)
        self._digest = hashlib.sha256()
        self._dtype = id_dtype(0)
        self._ids = self._open(id_name(self._dtype))
        self._offsets = self._open("offsets")
        self._bodies = self._open("bodies")
        np.zeros(1, "<i8").tofile(self._offsets)

    def add(self, block: Block) -> None:
        if not block.is_tune:
            self._fragment_count += 1
            if len(self._fragments) < _KEPT_FRAGMENTS:
                self._fragments.append(block)
            return
        self._held.append(block.text)
        self._held_size += len(block.text)
        if self._held_size >= _PIECE:
            self._write_held()

    def finish(self) -> None:
        if self._held:
            self._write_held()
        self._digest.update(b"\n")
        for file in (self._ids, self._offsets, self._bodies):
            file.flush()
            os.fsync(file.fileno())
        about = {
            "format": FORMAT,
            "tunes": self._size,
            "alphabet": "".join(map(chr, self._alphabet)),
            "counts": self._counts[self._alphabet].tolist(),
            "fingerprint": self._digest.hexdigest(),
            "fragments": self._fragments,
            "fragment_count": self._fragment_count,
        }
        write_text(self._folder / "about.json", json.dumps(about))

    def close(self) -> None:
        for file in (self._ids, self._offsets, self._bodies):
            file.close()

    def _open(self, name: str) -> IO[bytes]:
        return open(self._folder / name, "w+b")

    def _write_held(self) -> None:
        tunes, self._held, self._held_size = self._held, [], 0
        codes = codes_of(BOUNDARY.join([*tunes, ""]))
        counts = np.bincount(codes, minlength=_CODES)
        self._counts += counts
        self._learn(np.flatnonzero(counts))
        self._id_of[codes].astype(self._dtype).tofile(self._ids)
        ends = self._end + np.cumsum([len(tune) + len(BOUNDARY) for tune in tunes])
        ends.astype("<i8").tofile(self._offsets)
        self._bodies.write(b"".join(map(body_digest, tunes)))
        joined = (BOUNDARY if self._size else "") + BOUNDARY.join(tunes)
        self._digest.update(joined.encode("utf-8", "surrogatepass"))
        self._size += len(tunes)
        self._end = int(ends[-1])

    def _learn(self, met: NDArray[np.intp]) -> None:
        new = met[self._id_of[met] < 0]
        self._id_of[new] = len(self._alphabet) + np.arange(len(new), dtype=np.int32)
        self._alphabet += new.tolist()
        if self._dtype != (dtype := id_dtype(len(self._alphabet))):
            self._widen(dtype)

    def _widen(self, dtype: np.dtype[Any]) -> None:
        """Write the ids anew with more bytes each: their alphabet has outgrown the old ones."""
        narrow, self._ids = self._ids, self._open(id_name(dtype))
        narrow.seek(0)
        while len(ids := np.fromfile(narrow, self._dtype, _PIECE)):
            ids.astype(dtype).tofile(self._ids)
        narrow.close()
        (self._folder / id_name(self._dtype)).unlink()
        self._dtype = dtype
