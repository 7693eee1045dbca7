"""Confidence intervals of bits per character, by resampling tunes.

The characters of a tune depend on each other, the tunes do not, or much less. So a
resample takes as many tunes as there are, at random and with replacement, and its value
is the bits of these tunes divided by their characters. An interval is the range between
two percentiles of the values of many resamples.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Number of indices that are drawn at a time, to bound the memory.
_CHUNK = 2_000_000

Values = NDArray[np.float64]


def resampled_ratios(
    bits: Values, characters: NDArray[np.int64], resamples: int, seed: int
) -> Values:
    """Return the bits per character of resamples of tunes.

    Parameters
    ----------
    bits : ndarray, shape (models, tunes), float64
        Cost of each tune for each model.
    characters : ndarray, shape (models, tunes), int64
    resamples : int
    seed : int

    Returns
    -------
    ndarray, shape (models, resamples), float64
        A resample has the same tunes for every model, so differences are paired.
    """
    tunes = bits.shape[1]
    generator = np.random.default_rng(seed)
    ratios = np.empty((len(bits), resamples))
    step = max(1, _CHUNK // tunes)
    for first in range(0, resamples, step):
        rows = slice(first, min(first + step, resamples))
        chosen = generator.integers(tunes, size=(rows.stop - rows.start, tunes))
        for model in range(len(bits)):
            total = bits[model][chosen].sum(axis=1)
            ratios[model, rows] = total / characters[model][chosen].sum(axis=1)
    return ratios


def interval(values: Values, confidence: float = 0.95) -> tuple[float, float]:
    """Return the percentiles between which a share of the values lies.

    Parameters
    ----------
    values : ndarray, shape (resamples,), float64
    confidence : float
        The share; as much is left out below the interval as above it.

    Returns
    -------
    low, high : float
    """
    outside = (1 - confidence) / 2
    low, high = np.quantile(values, [outside, 1 - outside])
    return float(low), float(high)
