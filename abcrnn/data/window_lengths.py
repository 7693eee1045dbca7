"""Lengths of the windows in which whole tunes are read.

A training step is compiled for each length, which takes seconds, and every row of a
window that is shorter than its length ends in padding. Few lengths compile faster;
lengths that suit the tunes leave less padding.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Number of lengths of :func:`fitted_lengths`.
FITTED = 5
#: Number of lengths of :func:`even_lengths`.
EVEN = 8

_LEAST_UNIT = 8
_MAX_CANDIDATES = 64


def even_lengths(seq_length: int) -> NDArray[np.int64]:
    """Return the multiples of an eighth of ``seq_length``, rounded up; the last is ``seq_length``.

    Parameters
    ----------
    seq_length : int

    Returns
    -------
    ndarray, shape (lengths,), int64
        Ascending; at most :data:`EVEN`.
    """
    unit = -(-seq_length // EVEN)
    return np.minimum(np.arange(unit, seq_length + unit, unit), seq_length)


def fitted_lengths(predictions: NDArray[np.int64], seq_length: int) -> NDArray[np.int64]:
    """Return the lengths with which the windows of tunes have the least padding.

    Every tune alone is read in as few windows of at most ``seq_length`` as possible, all
    equally long. The lengths are multiples of 8, or of ``seq_length / 64`` if that is
    more, chosen by dynamic programming.

    Parameters
    ----------
    predictions : ndarray, shape (tunes,), int64
        Number of predictions in each tune, at least 1.
    seq_length : int
        Maximum length of a window.

    Returns
    -------
    ndarray, shape (lengths,), int64
        Ascending; at most :data:`FITTED`. The last is enough for every window.

    Examples
    --------
    >>> fitted_lengths(np.array([90, 95, 96, 200, 1000]), 512)
    array([ 96, 200, 504])
    """
    unit = max(_LEAST_UNIT, -(-seq_length // _MAX_CANDIDATES))
    windows = -(-predictions // seq_length)
    needed = -(-predictions // windows)
    candidates, index = np.unique(
        np.minimum(-(-needed // unit) * unit, seq_length), return_inverse=True
    )
    # Windows that need at most each length.
    below = np.cumsum(np.bincount(index, weights=windows))
    # padded[i, j]: the size of windows that need more than candidate i, and at most j.
    padded = (below[None, :] - below[:, None]) * candidates[None, :]
    padded[np.tril_indices(len(candidates))] = np.inf
    size, chosen = below * candidates, []  # of all windows up to each candidate
    for _ in range(min(FITTED, len(candidates)) - 1):
        sizes = size[:, None] + padded
        chosen.append(sizes.argmin(axis=0))
        size = sizes.min(axis=0)
    lengths = [len(candidates) - 1]
    for before in reversed(chosen):
        lengths.append(int(before[lengths[-1]]))
    return candidates[lengths[::-1]]
