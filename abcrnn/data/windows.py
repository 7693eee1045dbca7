"""Ids of tunes as batches for training: contiguous streams and random windows.

Tunes are joined by a blank line. A window is an int32 array of shape
(rows, seq_length + 1): all columns but the last are inputs, all but the first are
targets. The batches of an epoch depend on the seed and the number of the epoch
only, so a run can resume in the middle of any epoch.

The joined text is never built: several batches at a time are read from the tunes,
in memory or in a file. Batches of whole tunes are in :mod:`abcrnn.data.tune_batches`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from abcrnn.data.store import BOUNDARY, StoredTunes, TuneIds, id_dtype
from abcrnn.data.vocabulary import Vocabulary

Ids = NDArray[np.int32]

_READ_AHEAD = 2**16  # characters read at a time: many batches share the cost of reading


class Batch(NamedTuple):
    """One batch: the input of one training step.

    Parameters
    ----------
    window : ndarray, shape (rows, time + 1, ...)
        The rows of this process. ``[:, :-1]`` are inputs, ``[:, 1:]`` are targets. In
        batches of whole tunes, -1 is padding.
    begins : bool
        Whether all rows are read from the initial state. Otherwise each row continues
        the same row of the batch before.
    predictions : ndarray, shape (batch_size,), int64
        Number of predictions in each row, also in the rows of other processes.
    """

    window: NDArray[Any]
    begins: bool
    predictions: NDArray[np.int64]


class EpochSize(NamedTuple):
    """Number of batches of an epoch, and of predictions in all of its batches."""

    batches: int
    predictions: int


class EncodedTunes:
    """Tunes as ids of a vocabulary, each followed by a blank line.

    Parameters
    ----------
    source : TuneIds
    indices : ndarray, shape (tunes,), uint32
        Tunes of the source, in order.
    table : ndarray, int32
        The vocabulary's id for each id of the source.
    """

    def __init__(self, source: TuneIds, indices: NDArray[np.uint32], table: Ids) -> None:
        self.source, self.indices, self.table = source, indices, table

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of characters of each tune, shape (tunes,)."""
        return self.source.lengths(self.indices)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, number: int) -> Ids:
        ids: Ids = self.table[self.source.read_tunes(self.indices[[number]])]
        return ids


def encode_tunes(
    vocabulary: Vocabulary, tunes: Sequence[str], allow_unknown: bool = False
) -> EncodedTunes:
    """Encode each tune and the blank line after it.

    Parameters
    ----------
    vocabulary : Vocabulary
    tunes : sequence of str
    allow_unknown : bool
        Whether to encode characters outside the vocabulary as -1.

    Returns
    -------
    EncodedTunes
        One array of ids for each tune, in order.

    Raises
    ------
    ValueError
        If a character is not in the vocabulary and ``allow_unknown`` is False; names the
        tune and the position.
    """
    if isinstance(tunes, StoredTunes):
        return _translate(vocabulary, tunes, allow_unknown)
    if allow_unknown:
        return _encode_with_unknown(vocabulary, tunes)
    dtype = id_dtype(len(vocabulary))
    encoded = [ids.astype(dtype) for ids in _encode_each(vocabulary, tunes)]
    return _joined(encoded, dtype, np.arange(len(vocabulary), dtype=np.int32))


def _encode_with_unknown(vocabulary: Vocabulary, tunes: Sequence[str]) -> EncodedTunes:
    # The ids in memory are unsigned: one above those of the vocabulary is -1.
    dtype, size = id_dtype(len(vocabulary) + 1), len(vocabulary)
    lookups = (vocabulary.lookup(tune + BOUNDARY) for tune in tunes)
    encoded = [np.where(ids < 0, size, ids).astype(dtype) for ids in lookups]
    return _joined(encoded, dtype, np.append(np.arange(size, dtype=np.int32), np.int32(-1)))


def _joined(encoded: list[NDArray[Any]], dtype: np.dtype[Any], table: Ids) -> EncodedTunes:
    offsets = np.cumsum([0, *map(len, encoded)])
    source = TuneIds(b"".join(map(bytes, encoded)), dtype, offsets)
    indices = np.arange(len(encoded), dtype=np.uint32)
    return EncodedTunes(source, indices, table)


def _encode_each(vocabulary: Vocabulary, tunes: Sequence[str]) -> Iterator[Ids]:
    for number, tune in enumerate(tunes, start=1):
        try:
            yield vocabulary.encode(tune + BOUNDARY)
        except ValueError as error:
            first_lines = tune[:40].replace("\n", " ")
            raise ValueError(f"tune {number} of {len(tunes)} ({first_lines!r}): {error}") from None


def _translate(vocabulary: Vocabulary, tunes: StoredTunes, allow_unknown: bool) -> EncodedTunes:
    store = tunes.store
    id_of = {character: number for number, character in enumerate(vocabulary.characters)}
    table = np.array([id_of.get(character, -1) for character in store.alphabet], np.int32)
    if table.min() < 0 and not allow_unknown:
        for _ in _encode_each(vocabulary, tunes):
            pass  # raises, unless only other tunes of the store have unknown characters
    return EncodedTunes(store.ids, tunes.indices, table)


class _JoinedText:
    """Tunes joined in a given order, read at any position.

    Parameters
    ----------
    source : TuneIds
    tunes : ndarray, shape (tunes,)
        Indices of tunes of the source, in order.
    """

    def __init__(self, source: TuneIds, tunes: NDArray[np.uint32]) -> None:
        self._source, self._tunes = source, tunes
        ends = source.lengths(tunes)
        self._ends = np.cumsum(ends, out=ends)  # position in the joined text where each tune ends

    def read(self, begins: NDArray[np.int64], length: int) -> NDArray[np.unsignedinteger]:
        """Return ``length`` ids from each of the given positions on, shape (begins, length)."""
        first = np.searchsorted(self._ends, begins, side="right")
        last = np.searchsorted(self._ends, begins + length - 1, side="right")
        pieces = last - first + 1  # number of tunes in each range
        after = np.cumsum(pieces)
        number = np.arange(after[-1]) + np.repeat(first - (after - pieces), pieces)
        tunes, offsets = self._tunes[number], self._source.offsets
        starts, stops = offsets[tunes], offsets[tunes + 1]
        # The first and the last piece of a range can be parts of their tunes.
        stops[after - 1] -= self._ends[last] - (begins + length)
        whole = offsets[self._tunes[first] + 1] - offsets[self._tunes[first]]
        starts[after - pieces] += begins - (self._ends[first] - whole)
        return self._source.read(starts, stops).reshape(len(begins), length)


class Streams:
    """Batches of contiguous streams: each row continues the same row of the batch before.

    In each epoch the tunes are shuffled, joined, and cut into ``batch_size`` streams
    of equal length. The characters after the last whole batch are left out.

    Parameters
    ----------
    tunes : EncodedTunes
        From :func:`encode_tunes`.
    batch_size : int
        Number of streams.
    seq_length : int
        Number of predictions in each row of a batch.
    seed : int
        Seed of the order of the tunes.
    rows : range, optional
        Yield only these rows of each batch, and read only what they need; the default
        is all rows.
    choose : callable, optional
        Returns for the number of an epoch the indices into ``tunes`` that are read in
        this epoch, shape (read,). It must depend on its argument only. The default is
        all tunes.

    Attributes
    ----------
    windows : int
        Number of batches in the first epoch; in all epochs without ``choose``.

    Raises
    ------
    ValueError
        If the text is shorter than one batch.
    """

    def __init__(
        self,
        tunes: EncodedTunes,
        batch_size: int,
        seq_length: int,
        seed: int,
        rows: range | None = None,
        choose: Callable[[int], NDArray[np.integer]] | None = None,
    ) -> None:
        self._tunes, self._seq_length, self._seed = tunes, seq_length, seed
        self._choose = choose
        self._rows = np.arange(batch_size)[_slice(rows)]
        self._predictions = np.full(batch_size, seq_length, np.int64)
        self.windows = self._count_windows(self._chosen(0))

    def size(self, number: int, stop: int | None = None) -> EpochSize:
        """Return the size of an epoch, or of its first ``stop`` batches."""
        if stop is not None:
            batches = stop
        elif self._choose is None:
            batches = self.windows
        else:
            batches = self._count_windows(self._chosen(number))
        return EpochSize(batches, batches * int(self._predictions.sum()))

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, beginning with batch ``start``.

        Parameters
        ----------
        number : int
            Number of the epoch.
        start : int
            Index of the first batch.

        Yields
        ------
        Batch
            Windows of shape (rows, seq_length + 1), int32.
        """
        chosen = self._chosen(number)
        order = np.random.default_rng([self._seed, number]).permutation(len(chosen))
        text = _JoinedText(self._tunes.source, chosen[order])
        del order, chosen
        all_windows = self.size(number).batches
        time = self._seq_length
        at_once = max(1, _READ_AHEAD // (len(self._rows) * time))
        for first in range(start, all_windows, at_once):
            windows = min(at_once, all_windows - first)
            begins = (self._rows * all_windows + first) * time
            ids = text.read(begins, windows * time + 1)
            for index in range(windows):
                window = self._tunes.table[ids[:, index * time : (index + 1) * time + 1]]
                yield Batch(window, first + index == 0, self._predictions)

    def _chosen(self, number: int) -> NDArray[np.uint32]:
        """Return the tunes of the source that are read in an epoch."""
        indices = self._tunes.indices
        return indices if self._choose is None else indices[self._choose(number)]

    def _count_windows(self, chosen: NDArray[np.uint32]) -> int:
        total = int(self._tunes.source.lengths(chosen).sum())
        needed = int(self._predictions.sum())
        _require(total, needed + 1, f"{len(self._predictions)} x {self._seq_length} + 1")
        return (total - 1) // needed


class RandomWindows:
    """Batches from random positions in the text; each row is read from the initial state.

    Parameters
    ----------
    tunes : EncodedTunes
        From :func:`encode_tunes`; joined in their order.
    batch_size : int
        Number of positions in a batch.
    seq_length : int
        Number of predictions in each row of a batch.
    seed : int
        Seed of the positions.
    steps : int
        Number of batches in an epoch.
    rows : range, optional
        Yield only these rows of each batch; the default is all rows.

    Attributes
    ----------
    windows : int
        Number of batches in an epoch: ``steps``.

    Raises
    ------
    ValueError
        If the text is shorter than one row.
    """

    def __init__(
        self,
        tunes: EncodedTunes,
        batch_size: int,
        seq_length: int,
        seed: int,
        steps: int,
        rows: range | None = None,
    ) -> None:
        self._last = int(tunes.lengths.sum()) - seq_length
        _require(self._last + seq_length, seq_length + 1, f"{seq_length} + 1")
        self._text = _JoinedText(tunes.source, tunes.indices)
        self.windows = steps
        self._table, self._seq_length, self._seed = tunes.table, seq_length, seed
        self._batch_size, self._rows = batch_size, _slice(rows)
        self._predictions = np.full(batch_size, seq_length, np.int64)

    def size(self, _number: int = 0, stop: int | None = None) -> EpochSize:
        """Return the size of any epoch, or of its first ``stop`` batches."""
        batches = self.windows if stop is None else stop
        return EpochSize(batches, batches * int(self._predictions.sum()))

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, beginning with batch ``start``.

        Parameters
        ----------
        number : int
            Number of the epoch.
        start : int
            Index of the first batch.

        Yields
        ------
        Batch
            Windows of shape (rows, seq_length + 1), int32.
        """
        begins = np.random.default_rng([self._seed, number]).integers(
            self._last, size=(self.windows, self._batch_size)
        )[:, self._rows]
        time = self._seq_length + 1
        at_once = max(1, _READ_AHEAD // (begins.shape[1] * time))
        for first in range(start, self.windows, at_once):
            these = begins[first : first + at_once]
            for ids in self._text.read(these.ravel(), time).reshape(*these.shape, time):
                yield Batch(self._table[ids], True, self._predictions)


def _slice(rows: range | None) -> slice:
    return slice(None) if rows is None else slice(rows.start, rows.stop, rows.step)


def _require(total: int, needed: int, product: str) -> None:
    if total < needed:
        raise ValueError(
            f"the tunes have {total} characters in all, but one window needs {needed} "
            f"({product}): use a smaller batch_size or seq_length, or more tunes"
        )
