"""Batches of whole tunes for training.

Each row of a batch is one tune, read from the initial state as blank line + tune +
blank line, as :mod:`abcrnn.evaluation.scoring` reads it. Tunes of similar length
share a batch; shorter rows end in padding (-1). A group of ``batch_size`` tunes that
is longer than ``seq_length`` is read in several windows, and each row of a window
continues the same row of the window before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from abcrnn.data.window_lengths import even_lengths, fitted_lengths
from abcrnn.data.windows import Batch, EncodedTunes, EpochSize, Ids


class _Plan(NamedTuple):
    """The groups of an epoch.

    Parameters
    ----------
    number : int
        Number of the epoch.
    tunes : ndarray, shape (groups, batch_size), int64
        Index of the tune in each row; -1 in rows without a tune.
    predictions : ndarray, shape (groups, batch_size), int64
        Number of predictions in each row.
    times : ndarray, shape (groups,), int64
        Number of predictions in each row of the windows of a group, with padding.
    first_windows : ndarray, shape (groups + 1,), int64
        Number of windows before each group, and in all groups.
    """

    number: int
    tunes: NDArray[np.int64]
    predictions: NDArray[np.int64]
    times: NDArray[np.int64]
    first_windows: NDArray[np.int64]

    def locate(self, index: int) -> tuple[int, int]:
        """Return the group of a window, and the predictions of a row before the window."""
        group = int(np.searchsorted(self.first_windows, index, side="right")) - 1
        inside = index - int(self.first_windows[group])
        return group, inside * int(self.times[group]) if inside else 0


class TuneBatches:
    """Batches of whole tunes of similar length, in random order.

    Every tune is read once in each epoch. If the number of tunes is not a multiple of
    ``batch_size``, one batch, which changes from epoch to epoch, has rows without a tune.

    Parameters
    ----------
    tunes : EncodedTunes
        From :func:`abcrnn.data.windows.encode_tunes`.
    boundary : ndarray, shape (characters,), int32
        Ids of the blank line that is read before each tune.
    batch_size : int
        Number of tunes in a group.
    seq_length : int
        Maximum number of predictions in each row of a window. The windows of a longer
        group are equally long. Lengths are rounded up to one of a few lengths: see
        :mod:`abcrnn.data.window_lengths`.
    seed : int
        Seed of the order.
    rows : range, optional
        Yield only these rows of each batch, and read only their tunes; the default is
        all rows.
    choose : callable, optional
        Returns for the number of an epoch the indices into ``tunes`` that are read in
        this epoch, shape (read,), such as one variant of each tune. It must depend on
        its argument only. The default is all tunes.
    fit_lengths : bool
        Whether the lengths of windows suit the tunes: all of ``tunes``, so that they are
        the same in every epoch. If not, they are multiples of an eighth of
        ``seq_length``.

    Raises
    ------
    ValueError
        If there are no tunes.
    """

    def __init__(
        self,
        tunes: EncodedTunes,
        boundary: Ids,
        batch_size: int,
        seq_length: int,
        seed: int,
        rows: range | None = None,
        choose: Callable[[int], NDArray[np.integer]] | None = None,
        fit_lengths: bool = False,
    ) -> None:
        if not len(tunes):
            raise ValueError("there are no tunes to train on")
        self._tunes, self._boundary, self._choose = tunes, boundary, choose
        self._batch_size, self._seq_length, self._seed = batch_size, seq_length, seed
        self._fits, self._lengths = fit_lengths, even_lengths(seq_length)
        if fit_lengths:
            self._lengths = fitted_lengths(self._predictions(np.arange(len(tunes))), seq_length)
        self._rows = np.arange(batch_size) if rows is None else np.asarray(rows)
        self._plan: _Plan | None = None

    def size(self, number: int, stop: int | None = None) -> EpochSize:
        """Return the size of an epoch, or of its first ``stop`` batches."""
        plan = self._planned(number)
        batches = int(plan.first_windows[-1]) if stop is None else stop
        group, first = plan.locate(batches)
        predictions = plan.predictions[:group].sum()
        if first:
            predictions += np.minimum(plan.predictions[group], first).sum()
        return EpochSize(batches, int(predictions))

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, beginning with batch ``start``.

        Parameters
        ----------
        number : int
            Number of the epoch.
        start : int
            Index of the first batch. It may continue the rows of the batch before.

        Yields
        ------
        Batch
            Windows of shape (rows, time + 1), int32, with -1 for padding.
        """
        plan = self._planned(number)
        for index in range(start, int(plan.first_windows[-1])):
            group, first = plan.locate(index)
            time = int(plan.times[group])
            predictions = np.clip(plan.predictions[group] - first, 0, time)
            window = self._read(
                plan.tunes[group, self._rows], plan.predictions[group, self._rows], first, time
            )
            yield Batch(window, first == 0, predictions)

    def _planned(self, number: int) -> _Plan:
        if self._plan is None or self._plan.number != number:
            self._plan = self._make_plan(number)
        return self._plan

    def _make_plan(self, number: int) -> _Plan:
        chosen = np.arange(len(self._tunes)) if self._choose is None else self._choose(number)
        predictions = self._predictions(chosen)
        order = self._order(number, predictions)
        grouped = np.where(order < 0, 0, predictions[order])
        longest = grouped.max(axis=1)
        windows, times = self._windows(longest)
        return _Plan(
            number,
            np.where(order < 0, -1, chosen[order]),
            grouped,
            times,
            np.cumsum(np.concatenate([[0], windows])),
        )

    def _predictions(self, tunes: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the number of predictions in each tune."""
        lengths = self._tunes.source.lengths(self._tunes.indices[tunes])
        return lengths + (len(self._boundary) - 1)

    def _windows(self, predictions: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
        """Return the number of windows in which each row is read, and their length."""
        windows = -(-predictions // self._seq_length)
        needed = -(-predictions // windows)
        return windows, self._lengths[np.searchsorted(self._lengths, needed)]

    def _padded(self, predictions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the predictions in each row with its padding, if it is read alone."""
        if self._fits:
            windows, times = self._windows(predictions)
            return windows * times
        # Runs of earlier versions depend on this order: the size of long tunes is rounded up
        # as a whole.
        unit = int(self._lengths[0])
        return -(-predictions // unit) * unit

    def _order(self, number: int, predictions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the positions of the tunes of each group, (groups, batch_size); -1: no tune.

        Tunes that take equally long with padding are in random order.
        """
        rng = np.random.default_rng([self._seed, number])
        shuffled = rng.permutation(len(predictions))
        by_length = shuffled[np.argsort(self._padded(predictions[shuffled]), kind="stable")]
        groups = -(-len(predictions) // self._batch_size)
        empty = groups * self._batch_size - len(predictions)
        end = (int(rng.integers(groups)) + 1) * self._batch_size - empty
        order = np.insert(by_length, end, np.full(empty, -1)).reshape(groups, self._batch_size)
        return order[rng.permutation(groups)]

    def _read(
        self, tunes: NDArray[np.int64], predictions: NDArray[np.int64], first: int, time: int
    ) -> Ids:
        """Return the ids from ``first`` on of each row, (rows, time + 1), with padding."""
        before = len(self._boundary)
        lengths = np.where(tunes < 0, 0, predictions + 1)
        stops = np.clip(lengths - first, 0, time + 1)  # where padding begins
        starts = np.minimum(max(before - first, 0), stops)  # where the tune begins
        ids = np.full((len(tunes), time + 1), -1, np.int32)
        columns = np.arange(time + 1)
        opening = self._boundary[first : first + time + 1]
        ids[lengths > 0, : len(opening)] = opening
        source = self._tunes.source
        begins = source.offsets[self._tunes.indices[np.maximum(tunes, 0)]] + (first - before)
        read = source.read(begins + starts, begins + stops)
        ids[(columns >= starts[:, None]) & (columns < stops[:, None])] = self._tunes.table[read]
        return ids
