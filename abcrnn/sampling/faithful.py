"""Choose among candidates by their importance weights.

Under a constraint, each character is sampled from the allowed ones only. The
probability of a whole tune is then that of the model divided by the product, over its
characters, of the probability of all allowed characters. This product is the importance
weight of the tune. Of several candidates, one is chosen with probability in proportion
to its weight: the more candidates, the closer the tunes are to the model's own
distribution, conditioned on being allowed.

References
----------
Park et al., Grammar-Aligned Decoding, 2024; Gonzalez et al., Constrained Sampling for
Language Models Should Be Easy: An MCMC Perspective, 2025.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Largest number of candidates for a tune.
MAX_FAITHFUL = 1000

_NO_WEIGHT = -np.inf


class Candidate(NamedTuple):
    """A sampled tune.

    Parameters
    ----------
    stream : int
        Number of its stream.
    tune : str or None
        None if it is not complete.
    log_weight : float
        Natural logarithm of its importance weight.
    """

    stream: int
    tune: str | None
    log_weight: float = 0.0


class Selected(NamedTuple):
    """The candidate chosen for a tune.

    Parameters
    ----------
    number : int
        Of the tune.
    stream : int
        Number of the chosen stream.
    tune : str or None
        None if no candidate is complete.
    log_weight : float
        Of the chosen candidate.
    effective_size : float
        Effective number of the candidates, as from :func:`effective_size`.
    """

    number: int
    stream: int
    tune: str | None
    log_weight: float
    effective_size: float


class Selection:
    """Assigns ``size`` consecutive streams to each tune, and chooses one of them.

    Parameters
    ----------
    size : int
        Number of candidates of each tune.
    seed : int
        A choice depends on the seed, the number of the tune, and the weights.
    next_tune : callable
        Returns the number of the next tune to start, or None to start none now.
    """

    def __init__(self, size: int, seed: int, next_tune: Callable[[], int | None]) -> None:
        self._size, self._seed, self._next_tune = size, seed, next_tune
        self._to_start: deque[int] = deque()
        self._ended: dict[int, list[Candidate]] = {}  # by the number of the tune

    def next_stream(self) -> int | None:
        """Return the number of the next stream to start, or None to start none now."""
        if not self._to_start:
            number = self._next_tune()
            if number is None:
                return None
            self._to_start.extend(range(number * self._size, (number + 1) * self._size))
        return self._to_start.popleft()

    def add(self, candidate: Candidate) -> Selected | None:
        """Add a candidate; return the choice for its tune once all of them are known."""
        number = candidate.stream // self._size
        ended = self._ended.setdefault(number, [])
        ended.append(candidate)
        if len(ended) < self._size:
            return None
        candidates = sorted(self._ended.pop(number))
        log_weights = np.array([_weight(candidate) for candidate in candidates])
        # The third number makes this generator another than that of a stream.
        uniform = np.random.default_rng([self._seed, number, self._size]).random()
        chosen = candidates[choose(log_weights, uniform)]
        return Selected(number, *chosen, effective_size(log_weights))


def choose(log_weights: Sequence[float] | NDArray[np.float64], uniform: float) -> int:
    """Return an index with probability in proportion to its weight.

    Parameters
    ----------
    log_weights : array_like, shape (candidates,)
        If none is finite, the first index is returned.
    uniform : float
        Random number from 0 up to 1.
    """
    cumulative = np.cumsum(_relative(log_weights))
    index = int(np.searchsorted(cumulative, uniform * cumulative[-1], "right"))
    return min(index, len(cumulative) - 1)


def effective_size(log_weights: Sequence[float] | NDArray[np.float64]) -> float:
    """Return the effective sample size: from 1 (one weight dominates) to their number.

    Parameters
    ----------
    log_weights : array_like, shape (candidates,)

    Returns
    -------
    float
        Square of the sum of the weights, divided by the sum of their squares.
    """
    weights = _relative(log_weights)
    return float(weights.sum() ** 2 / (weights**2).sum())


def _weight(candidate: Candidate) -> float:
    return _NO_WEIGHT if candidate.tune is None else candidate.log_weight


def _relative(log_weights: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights divided by the largest one."""
    logs = np.asarray(log_weights, np.float64)
    highest = logs.max()
    if highest == _NO_WEIGHT:
        logs, highest = np.where(np.arange(len(logs)) == 0, 0.0, _NO_WEIGHT), 0.0
    relative: NDArray[np.float64] = np.exp(logs - highest)
    return relative
