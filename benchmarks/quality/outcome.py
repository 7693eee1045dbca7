"""What a row of the benchmark returns, and the figures computed from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.regions import REGIONS, classify

Costs = Sequence[NDArray[np.float64]]


@dataclass(frozen=True)
class Outcome:
    """What a row returns.

    Parameters
    ----------
    costs : sequence of ndarray, shape (characters + 2,), float64
        For each test tune the cost of each character and of the closing blank line, in
        bits. The tune is read from a fresh state, after a blank line.
    seconds : float
        Time of the training and of choosing the best epoch.
    about : dict
        What else is recorded, such as ``parameters``, ``epochs``, ``best_epoch``,
        ``validation`` (bits per character).
    """

    costs: Costs
    seconds: float
    about: dict[str, Any]


def mean_bits(costs: Costs) -> float:
    """Return the bits per character over all tunes."""
    return float(sum(cost.sum() for cost in costs) / sum(map(len, costs)))


def figures(tunes: Sequence[str], costs: Costs) -> dict[str, Any]:
    """Return the figures of a row.

    Parameters
    ----------
    tunes : sequence of str
    costs : sequence of ndarray, shape (characters + 2,), float64
        Cost of each character of each tune and of its closing blank line, in bits.

    Returns
    -------
    dict
        ``bits_per_char``; ``header``, ``first`` and ``repeated``, the same for each
        kind of character; ``characters``, their numbers; ``tune_bits`` and
        ``tune_characters``, one entry for each tune.
    """
    kinds = np.concatenate([classify(tune) for tune in tunes])
    bits = np.concatenate(list(costs))
    counts = np.bincount(kinds, minlength=len(REGIONS))
    sums = np.bincount(kinds, weights=bits, minlength=len(REGIONS))
    return {
        "bits_per_char": round(float(bits.mean()), 5),
        **{
            name: round(float(total / max(1, count)), 5)
            for name, total, count in zip(REGIONS, sums, counts, strict=True)
        },
        "characters": dict(zip(REGIONS, counts.tolist(), strict=True)),
        "tune_bits": [round(float(cost.sum()), 1) for cost in costs],
        "tune_characters": [len(cost) for cost in costs],
    }


def interval(bits: Sequence[float], characters: Sequence[int]) -> tuple[float, float]:
    """Return a 95 % interval of bits per character: 10,000 bootstrap samples of the tunes.

    Parameters
    ----------
    bits, characters : sequence
        One entry for each tune.

    Returns
    -------
    low, high : float
    """
    sums, counts = np.array(bits), np.array(characters)
    drawn = np.random.default_rng(0).integers(len(sums), size=(10_000, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
