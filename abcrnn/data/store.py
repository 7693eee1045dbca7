"""Tunes beyond memory: kept as ids in a file, and read from it piece by piece.

A store is a folder. ``ids.u1`` has the tunes one after the other, each closed by
a blank line, 1 byte a character while there are at most 256 distinct ones (else
``ids.u2`` or ``ids.u4``); ``offsets`` says where each begins, ``bodies`` what its
body hashes to, and ``about.json`` what the ids mean.
"""

from __future__ import annotations

import json
import mmap
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

#: What stands between two tunes, and so also what a tune begins and ends with.
BOUNDARY = "\n\n"

#: What ``about.json`` says of itself.
FORMAT = "abcrnn tunes 1"

_READS = 256  # between two times that pages are given back: each read may map 64 KiB
_TUNES = 1024  # decoded at once, one after the other
_UTF32 = "utf-32-le"  # one fixed-width code unit a character: NumPy can look them all up at once


class MappedFile:
    """A file mapped into memory, of which only what was read last stays resident.

    Pages that were read count as the process's own until the system takes them
    back; they are given back here, every so many reads.

    Parameters
    ----------
    path : path-like
        Of a file that is not empty.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        with open(path, "rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._reads = 0

    def __len__(self) -> int:
        return len(self._map)

    def __getitem__(self, place: slice) -> bytes:
        self._reads += 1
        if self._reads % _READS == 0 and hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)
        return self._map[place]


class TuneIds:
    """Ids of tunes one after the other, in memory or in a file.

    Parameters
    ----------
    source : bytes or MappedFile
    dtype : dtype
        Of an id in it, unsigned.
    offsets : ndarray, shape (tunes + 1,), int64
        Where each tune begins, in characters, and where the last one ends.
    """

    def __init__(
        self, source: bytes | MappedFile, dtype: np.dtype[Any], offsets: NDArray[np.int64]
    ) -> None:
        self._source, self.dtype, self.offsets = source, dtype, offsets

    def read(self, begins: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[Any]:
        """Return the ids of stretches, given in characters, one after the other."""
        source, size = self._source, self.dtype.itemsize
        bounds = zip((begins * size).tolist(), (ends * size).tolist(), strict=True)
        return np.frombuffer(b"".join([source[begin:end] for begin, end in bounds]), self.dtype)

    def read_tunes(self, tunes: NDArray[np.uint32]) -> NDArray[Any]:
        """Return the ids of whole tunes with their closing blank lines, one after the other."""
        return self.read(self.offsets[tunes], self.offsets[tunes + 1])

    def lengths(self, tunes: NDArray[np.uint32]) -> NDArray[np.int64]:
        """Return how many characters each of these tunes has, its blank line counted."""
        lengths = self.offsets[tunes + 1]
        lengths -= self.offsets[tunes]
        return lengths


class TuneStore:
    """A folder that :func:`abcrnn.data.store_writer.store_tunes` wrote.

    Raises
    ------
    ValueError
        If it is damaged, or was written by another version.
    """

    def __init__(self, folder: Path) -> None:
        try:
            about = json.loads((folder / "about.json").read_text("utf-8"))
            if about["format"] != FORMAT:
                raise ValueError(f"its format is {about['format']!r}")
            self.folder = folder
            self.alphabet: str = about["alphabet"]
            self.counts = Counter(dict(zip(self.alphabet, about["counts"], strict=True)))
            self.fingerprint: str = about["fingerprint"]
            self.fragments: list[tuple[str, int]] = about["fragments"]
            self.fragment_count: int = about["fragment_count"]
            self.size: int = about["tunes"]
            dtype = id_dtype(len(self.alphabet))
            source = MappedFile(folder / id_name(dtype))
            offsets = np.asarray(np.memmap(folder / "offsets", "<i8", "r"))
            bodies = (folder / "bodies").stat().st_size
            if (
                len(offsets) != self.size + 1
                or len(source) != offsets[-1] * dtype.itemsize
                or bodies != 8 * self.size
            ):
                raise ValueError("its files have not the sizes that they should have")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{folder} is not a valid store of tunes: {error}") from error
        self.ids = TuneIds(source, dtype, offsets)
        self.codes = codes_of(self.alphabet)

    def bodies(self) -> NDArray[np.uint64]:
        """Read the 64-bit hashes of the tunes' bodies, shape (tunes,)."""
        return np.fromfile(self.folder / "bodies", "<u8")


class StoredTunes(Sequence[str]):
    """Tunes of a store, decoded when they are asked for.

    Parameters
    ----------
    store : TuneStore
    places : ndarray, shape (tunes,), uint32, optional
        Which of them, in this order; all without it.
    """

    def __init__(self, store: TuneStore, places: NDArray[np.uint32] | None = None) -> None:
        self.store = store
        self.is_whole = places is None
        self.places = np.arange(store.size, dtype=np.uint32) if places is None else places

    def bodies(self) -> NDArray[np.uint64]:
        """Return the 64-bit hash of each tune's body, shape (tunes,)."""
        bodies = self.store.bodies()
        return bodies if self.is_whole else bodies[self.places]

    @cached_property
    def counts(self) -> Counter[str]:
        """How often each character comes, in the tunes and their closing blank lines."""
        if self.is_whole:
            return self.store.counts
        ids = self.store.ids
        found = np.zeros(len(self.store.alphabet), np.int64)
        for tunes in self._some_at_once():
            found += np.bincount(ids.read_tunes(tunes), minlength=len(found))
        pairs = zip(self.store.alphabet, found.tolist(), strict=True)
        return Counter({character: count for character, count in pairs if count})

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> StoredTunes: ...
    def __getitem__(self, place: int | slice) -> str | StoredTunes:
        if isinstance(place, slice):
            return StoredTunes(self.store, self.places[place])
        return self._decode(self.places[[place]])[0]

    def __iter__(self) -> Iterator[str]:
        for tunes in self._some_at_once():
            yield from self._decode(tunes)

    def _some_at_once(self) -> Iterator[NDArray[np.uint32]]:
        for first in range(0, len(self), _TUNES):
            yield self.places[first : first + _TUNES]

    def _decode(self, tunes: NDArray[np.uint32]) -> list[str]:
        codes = self.store.codes[self.store.ids.read_tunes(tunes)]
        text = text_of(codes)
        ends = [0, *np.cumsum(self.store.ids.lengths(tunes)).tolist()]
        return [text[begin : end - len(BOUNDARY)] for begin, end in pairwise(ends)]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StoredTunes):
            return NotImplemented
        same_store = self.store.folder == other.store.folder
        return same_store and np.array_equal(self.places, other.places)

    __hash__ = None  # type: ignore[assignment]


def id_dtype(alphabet_size: int) -> np.dtype[Any]:
    """Return the narrowest unsigned type for the ids of so many characters."""
    return np.min_scalar_type(max(alphabet_size - 1, 0)).newbyteorder("<")


def id_name(dtype: np.dtype[Any]) -> str:
    """Name the file of ids of this type."""
    return f"ids.u{dtype.itemsize}"


def codes_of(text: str) -> NDArray[np.uint32]:
    """Return the code point of each character."""
    return np.frombuffer(text.encode(_UTF32, "surrogatepass"), "<u4")


def text_of(codes: NDArray[np.uint32]) -> str:
    """Return the text of which :func:`codes_of` gave the code points."""
    return codes.tobytes().decode(_UTF32, "surrogatepass")
