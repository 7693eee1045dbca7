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
        return Search(self._counts, first, last_id)


class Search:
    """States in the order of their probability, the likeliest first, each once."""

    def __init__(self, counts: NDArray[np.int64], first: int, last_id: int) -> None:
        self._counts = counts
        # Minus the probability of a state, the order in which it was added, its number, and
        # the ids that may be before it, each with a probability.
        self._order = count()
        before = np.array([last_id]), np.ones(1)
        self._waiting = [(-1.0, next(self._order), first, before)]
        self._found = {first}

    def __iter__(self) -> Iterator[int]:
        """Yield numbers of states; :meth:`add` adds those that follow the last one."""
        while self._waiting:
            probability, _, number, self._before = heapq.heappop(self._waiting)
            self._probability = -probability
            yield number

    def add(self, row: NDArray[np.int32]) -> None:
        """Add the states that follow, from a row of transitions, shape (vocab_size,)."""
        ids, weights = self._before
        following = np.where(row > 0, weights @ self._counts[ids], 0)
        total = following.sum()
        if not total:
            return
        by_state: dict[int, list[int]] = {}
        for character in np.flatnonzero(following).tolist():
            by_state.setdefault(int(row[character]), []).append(character)
        for state, characters in by_state.items():
            counts = following[characters]
            share = self._probability * counts.sum() / total
            if share >= _LEAST and state not in self._found:
                self._found.add(state)
                before = np.array(characters), counts / counts.sum()
                heapq.heappush(self._waiting, (-share, next(self._order), state, before))
