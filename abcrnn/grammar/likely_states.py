"""Which states are likely to come next, judged by the characters sampled so far."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import count

import numpy as np
from numpy.typing import NDArray

_LEAST = 0.15  # probability of a state that is worth computing ahead


class LikelyStates:
    """Counts pairs of characters, to predict the states that follow a state.

    Parameters
    ----------
    vocab_size : int
    """

    def __init__(self, vocab_size: int) -> None:
        self._counts = np.zeros((vocab_size, vocab_size), np.int64)

    def count(self, ids: NDArray[np.int32]) -> None:
        """Count the pairs in a sequence of ids, shape (characters,); -1 separates sequences."""
        first, second = ids[:-1], ids[1:]
        are_ids = (first >= 0) & (second >= 0)
        np.add.at(self._counts, (first[are_ids], second[are_ids]), 1)

    def search(self, first: int, last_id: int) -> Search:
        """Return a search for the states that are likely to follow a state.

        Parameters
        ----------
        first : int
            Number of the state.
        last_id : int
            Id of the character before it.
        """
        distribution = np.zeros(len(self._counts))
        distribution[last_id] = 1
        return Search(self._counts, first, distribution)


class Search:
    """States in the order of their probability, the likeliest first, each once."""

    def __init__(self, counts: NDArray[np.int64], first: int, last: NDArray[np.float64]) -> None:
        self._counts = counts
        # Minus the probability of a state, the order in which it was added, its number, and
        # the distribution of the id before it.
        self._order = count()
        self._waiting = [(-1.0, next(self._order), first, last)]
        self._found = {first}

    def __iter__(self) -> Iterator[int]:
        """Yield numbers of states; :meth:`add` adds those that follow the last one."""
        while self._waiting:
            probability, _, number, self._last = heapq.heappop(self._waiting)
            self._probability = -probability
            yield number

    def add(self, row: NDArray[np.int32]) -> None:
        """Add the states that follow, from a row of transitions, shape (vocab_size,)."""
        ids = np.flatnonzero(row > 0)
        following = (self._last @ self._counts)[ids]
        total = following.sum()
        if not total:
            return
        states, which = np.unique(row[ids], return_inverse=True)
        shares = np.bincount(which, following) / total
        for state, share in enumerate(shares):
            if self._probability * share >= _LEAST and int(states[state]) not in self._found:
                self._found.add(int(states[state]))
                last = np.zeros(len(self._counts))
                last[ids[which == state]] = following[which == state] / (share * total)
                item = -self._probability * share, next(self._order), int(states[state]), last
                heapq.heappush(self._waiting, item)
