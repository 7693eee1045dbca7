"""Writes the stores that :mod:`abcrnn.data.store` reads.

A store is written under a temporary name and renamed when it is complete. What a
killed process left behind is removed a day later.
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
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from abcrnn.data.registry import cache_folder
from abcrnn.data.splits import body_digest
from abcrnn.data.store import (
    BOUNDARY,
    FORMAT,
    StoredTunes,
    TuneStore,
    codes_of,
    id_dtype,
    id_name,
)
from abcrnn.notation import Block, drop_fields
from abcrnn.storage.atomic import write_text
from abcrnn.storage.progress import progress_bar

_logger = logging.getLogger(__name__)

_MAX_FRAGMENTS = 100  # fragments that are kept; the others are only counted
_CHARACTERS_PER_WRITE = 2**20
_MAX_AGE = 24 * 3600  # seconds, after which a temporary folder is certainly abandoned
_UNICODE_SIZE = 0x110000  # number of code points


def open_store(folder: Path) -> TuneStore | None:
    """Open a store; a damaged one is removed, with a warning in the log.

    Returns
    -------
    TuneStore or None
        None if there is no valid store.
    """
    if not folder.is_dir():
        return None
    try:
        return TuneStore(folder)
    except ValueError as error:
        _logger.warning("%s; it is written again", error)
        shutil.rmtree(folder)
        return None


def store_tunes(folder: Path, blocks: Iterable[Block]) -> TuneStore:
    """Write a store, completely or not at all.

    Parameters
    ----------
    folder : Path
        Folder of the store, named by the content of the files. If another process
        has written it in the meantime, that store is used.
    blocks : iterable of Block
        At least one tune. Fragments are counted, and the first of them are kept.

    Returns
    -------
    TuneStore

    Raises
    ------
    OSError
        If the store cannot be written; no partial files remain.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(folder.parent)
    prefix = f".{folder.name}."
    with tempfile.TemporaryDirectory(prefix=prefix, suffix=".part", dir=folder.parent) as parent:
        temporary = Path(parent) / "store"
        temporary.mkdir()
        _write(temporary, blocks)
        try:
            temporary.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    return TuneStore(folder)


def store_without_fields(tunes: StoredTunes, letters: str) -> StoredTunes:
    """Return stored tunes without some fields, in a store that all parts of a corpus share.

    Parameters
    ----------
    tunes : StoredTunes
    letters : str
        As for :func:`abcrnn.notation.drop_fields`.

    Raises
    ------
    OSError
        If the store cannot be written.
    """
    change = f"without {''.join(sorted(set(letters)))}"
    return store_changed(tunes, change, lambda tune: drop_fields(tune, letters))


def store_changed(tunes: StoredTunes, change: str, rewrite: Callable[[str], str]) -> StoredTunes:
    """Return stored tunes with another text, in a store that all parts of a corpus share.

    Parameters
    ----------
    tunes : StoredTunes
    change : str
        Name of the change; the same name and tunes give the same store.
    rewrite : callable
        Returns the new text of a tune.

    Raises
    ------
    OSError
        If the store cannot be written.
    """
    key = f"{FORMAT}\0{tunes.store.fingerprint}\0{change}"
    folder = cache_folder() / "stored" / hashlib.sha256(key.encode()).hexdigest()
    store = open_store(folder)
    if store is None:
        whole = progress_bar(StoredTunes(tunes.store), desc="encoding", unit="tune", leave=False)
        store = store_tunes(folder, (Block(rewrite(tune), 0) for tune in whole))
    return StoredTunes(store, None if tunes.is_whole else tunes.indices)


def _remove_abandoned(folder: Path) -> None:
    for path in folder.glob(".*.part"):
        with contextlib.suppress(FileNotFoundError):  # another process may remove it too
            if time.time() - path.stat().st_mtime > _MAX_AGE:
                shutil.rmtree(path)


def _write(folder: Path, blocks: Iterable[Block]) -> None:
    writer = _Writer(folder)
    try:
        for block in blocks:
            writer.add(block)
        writer.finish()
    finally:
        writer.close()


class _Writer:
    """Writes the files of a store; tunes are buffered and encoded many at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._buffer: list[str] = []
        self._buffer_size = 0
        self._fragments: list[Block] = []
        self._fragment_count = 0
        self._size = 0
        self._end = 0
        self._alphabet: list[int] = []  # code points in the order of their ids
        self._id_of = np.full(_UNICODE_SIZE, -1, np.int32)
        self._counts = np.zeros(_UNICODE_SIZE, np.int64)
        self._digest = hashlib.sha256()
        self._dtype = id_dtype(0)
        self._ids = self._open(id_name(self._dtype))
        self._offsets = self._open("offsets")
        self._bodies = self._open("bodies")
        np.zeros(1, "<i8").tofile(self._offsets)

    def add(self, block: Block) -> None:
        if not block.is_tune:
            self._fragment_count += 1
            if len(self._fragments) < _MAX_FRAGMENTS:
                self._fragments.append(block)
            return
        self._buffer.append(block.text)
        self._buffer_size += len(block.text)
        if self._buffer_size >= _CHARACTERS_PER_WRITE:
            self._write_buffer()

    def finish(self) -> None:
        if self._buffer:
            self._write_buffer()
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

    def _write_buffer(self) -> None:
        tunes, self._buffer, self._buffer_size = self._buffer, [], 0
        codes = codes_of(BOUNDARY.join([*tunes, ""]))
        counts = np.bincount(codes, minlength=_UNICODE_SIZE)
        self._counts += counts
        self._extend_alphabet(np.flatnonzero(counts))
        self._id_of[codes].astype(self._dtype).tofile(self._ids)
        ends = self._end + np.cumsum([len(tune) + len(BOUNDARY) for tune in tunes])
        ends.astype("<i8").tofile(self._offsets)
        self._bodies.write(b"".join(map(body_digest, tunes)))
        joined = (BOUNDARY if self._size else "") + BOUNDARY.join(tunes)
        self._digest.update(joined.encode("utf-8", "surrogatepass"))
        self._size += len(tunes)
        self._end = int(ends[-1])

    def _extend_alphabet(self, codes: NDArray[np.intp]) -> None:
        new = codes[self._id_of[codes] < 0]
        self._id_of[new] = len(self._alphabet) + np.arange(len(new), dtype=np.int32)
        self._alphabet += new.tolist()
        if self._dtype != (dtype := id_dtype(len(self._alphabet))):
            self._widen(dtype)

    def _widen(self, dtype: np.dtype[Any]) -> None:
        """Rewrite the ids with more bytes each, because the alphabet has grown too large."""
        narrow, self._ids = self._ids, self._open(id_name(dtype))
        narrow.seek(0)
        while len(ids := np.fromfile(narrow, self._dtype, _CHARACTERS_PER_WRITE)):
            ids.astype(dtype).tofile(self._ids)
        narrow.close()
        (self._folder / id_name(self._dtype)).unlink()
        self._dtype = dtype
