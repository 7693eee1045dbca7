"""Stores: tunes kept as ids in files, for corpora that do not fit into memory.

A store is a folder. ``ids.u1`` holds the ids of the tunes one after the other, each
followed by a blank line, with 1 byte for each character if there are at most 256
distinct characters (otherwise ``ids.u2`` or ``ids.u4``). ``offsets`` holds the start
of each tune, ``bodies`` the digest of each body, and ``about.json`` the characters
that the ids stand for.
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

#: Separator of tunes: models read it before the first and after each tune.
BOUNDARY = "\n\n"

#: Format name in ``about.json``.
FORMAT = "abcrnn tunes 1"

_READS_PER_RELEASE = 32  # each read may map 64 KiB or more
_TUNES_PER_READ = 1024
_UTF32 = "utf-32-le"  # a fixed width for each character, so that NumPy can translate them at once


class MappedFile:
    """A memory-mapped file of which only the pages read last stay resident.

    Mapped pages count as memory of the process. They are released after every few
    dozen reads, before one batch of training can map tens of megabytes.

    Parameters
    ----------
    path : path-like
        A file that is not empty.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        with open(path, "rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._reads = 0

    def __len__(self) -> int:
        return len(self._map)

    def __getitem__(self, index: slice) -> bytes:
        self._reads += 1
        if self._reads % _READS_PER_RELEASE == 0 and hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)
        return self._map[index]


class TuneIds:
    """Ids of tunes one after the other, in memory or in a file.

    Parameters
    ----------
    source : bytes or MappedFile
    dtype : dtype
        Unsigned integer type of the ids.
    offsets : ndarray, shape (tunes + 1,), int64
        Start of each tune in characters, and the end of the last one.
    """

    def __init__(
        self, source: bytes | MappedFile, dtype: np.dtype[Any], offsets: NDArray[np.int64]
    ) -> None:
        self._source, self.dtype, self.offsets = source, dtype, offsets

    def read(self, starts: NDArray[np.int64], stops: NDArray[np.int64]) -> NDArray[Any]:
        """Return the ids of ranges of characters, concatenated.

        Parameters
        ----------
        starts, stops : ndarray, shape (ranges,), int64
            Positions in characters.

        Returns
        -------
        ndarray, shape (characters,)
            Of the type ``dtype``.
        """
        source, size = self._source, self.dtype.itemsize
        bounds = zip((starts * size).tolist(), (stops * size).tolist(), strict=True)
        return np.frombuffer(b"".join([source[start:stop] for start, stop in bounds]), self.dtype)

    def read_tunes(self, tunes: NDArray[np.uint32]) -> NDArray[Any]:
        """Return the ids of whole tunes with the blank line after each: (characters,)."""
        return self.read(self.offsets[tunes], self.offsets[tunes + 1])

    def lengths(self, tunes: NDArray[np.uint32]) -> NDArray[np.int64]:
        """Return the number of characters of each tune and its blank line: (tunes,)."""
        lengths = self.offsets[tunes + 1]
        lengths -= self.offsets[tunes]
        return lengths


class TuneStore:
    """An open store, written by :func:`abcrnn.data.store_writer.store_tunes`.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    ValueError
        If the store is damaged or was written by another version.
    """

    def __init__(self, folder: Path) -> None:
        try:
            about = json.loads((folder / "about.json").read_text("utf-8"))
            _validate(about)
            self.folder = folder
            self.alphabet: str = about["alphabet"]
            self.counts = Counter(dict(zip(self.alphabet, about["counts"], strict=True)))
            self.fingerprint: str = about["fingerprint"]
            self.fragments: list[tuple[str, int, list[int]]] = about["fragments"]
            self.fragment_count: int = about["fragment_count"]
            self.size: int = about["tunes"]
            self.ids = self._open_ids()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{folder} is not a valid store of tunes: {error}") from error
        self.codes = codes_of(self.alphabet)

    def body_digests(self) -> NDArray[np.uint64]:
        """Read the digest of each tune's body, shape (tunes,), uint64."""
        return np.fromfile(self.folder / "bodies", "<u8")

    def _open_ids(self) -> TuneIds:
        dtype = id_dtype(len(self.alphabet))
        source = MappedFile(self.folder / id_name(dtype))
        offsets = np.asarray(np.memmap(self.folder / "offsets", "<i8", "r"))
        if (
            len(offsets) != self.size + 1
            or len(source) != offsets[-1] * dtype.itemsize
            or (self.folder / "bodies").stat().st_size != 8 * self.size
        ):
            raise ValueError("the sizes of its files do not match")
        return TuneIds(source, dtype, offsets)


class StoredTunes(Sequence[str]):
    """A sequence of tunes in a store, decoded when they are read.

    Parameters
    ----------
    store : TuneStore
    indices : ndarray, shape (tunes,), uint32, optional
        Indices of the tunes in the store; all tunes by default.
    """

    def __init__(self, store: TuneStore, indices: NDArray[np.uint32] | None = None) -> None:
        self.store = store
        self.is_whole = indices is None
        self.indices = np.arange(store.size, dtype=np.uint32) if indices is None else indices

    def body_digests(self) -> NDArray[np.uint64]:
        """Return the digest of each tune's body, shape (tunes,), uint64."""
        digests = self.store.body_digests()
        return digests if self.is_whole else digests[self.indices]

    @cached_property
    def counts(self) -> Counter[str]:
        """Number of occurrences of each character in the tunes and the blank lines after them."""
        if self.is_whole:
            return self.store.counts
        ids = self.store.ids
        counts = np.zeros(len(self.store.alphabet), np.int64)
        for indices in self._batches():
            counts += np.bincount(ids.read_tunes(indices), minlength=len(counts))
        pairs = zip(self.store.alphabet, counts.tolist(), strict=True)
        return Counter({character: count for character, count in pairs if count})

    def __len__(self) -> int:
        return len(self.indices)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> StoredTunes: ...
    def __getitem__(self, index: int | slice) -> str | StoredTunes:
        if isinstance(index, slice):
            return StoredTunes(self.store, self.indices[index])
        return self._decode(self.indices[[index]])[0]

    def __iter__(self) -> Iterator[str]:
        for indices in self._batches():
            yield from self._decode(indices)

    def _batches(self) -> Iterator[NDArray[np.uint32]]:
        for start in range(0, len(self), _TUNES_PER_READ):
            yield self.indices[start : start + _TUNES_PER_READ]

    def _decode(self, indices: NDArray[np.uint32]) -> list[str]:
        ids = self.store.ids.read_tunes(indices)
        if len(ids) and ids.max() >= len(self.store.codes):
            raise ValueError(f"{self.store.folder} is damaged: it has ids of no character")
        text = text_of(self.store.codes[ids])
        edges = [0, *np.cumsum(self.store.ids.lengths(indices)).tolist()]
        return [text[start : stop - len(BOUNDARY)] for start, stop in pairwise(edges)]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StoredTunes):
            return NotImplemented
        same_store = self.store.folder == other.store.folder
        return same_store and np.array_equal(self.indices, other.indices)

    __hash__ = None  # type: ignore[assignment]


def _validate(about: Any) -> None:
    """Raise ``ValueError`` unless ``about.json`` has values of the types that are used."""
    if about["format"] != FORMAT:
        raise ValueError(f"its format is {about['format']!r:.80}")
    for name, kind in (
        ("alphabet", str),
        ("fingerprint", str),
        ("counts", list),
        ("fragments", list),
    ):
        if not isinstance(about[name], kind):
            raise ValueError(f"its {name} is {about[name]!r:.80}")
    numbers = [about["tunes"], about["fragment_count"], *about["counts"]]
    for text, line, lines in about["fragments"]:
        if not isinstance(text, str) or not isinstance(lines, list):
            raise ValueError(f"it has a fragment {text!r:.80}")
        numbers += [line, *lines]
    if not all(type(number) is int and 0 <= number < 2**63 for number in numbers):
        raise ValueError("its numbers must be whole numbers of at least 0")


def id_dtype(alphabet_size: int) -> np.dtype[Any]:
    """Return the narrowest unsigned integer type for the ids of an alphabet."""
    return np.min_scalar_type(max(alphabet_size - 1, 0)).newbyteorder("<")


def id_name(dtype: np.dtype[Any]) -> str:
    """Return the name of the file of ids of a type."""
    return f"ids.u{dtype.itemsize}"


def codes_of(text: str) -> NDArray[np.uint32]:
    """Return the code point of each character, shape (characters,)."""
    return np.frombuffer(text.encode(_UTF32, "surrogatepass"), "<u4")


def text_of(codes: NDArray[np.uint32]) -> str:
    """Return the text with the given code points, as :func:`codes_of` returns them."""
    return codes.tobytes().decode(_UTF32, "surrogatepass")
