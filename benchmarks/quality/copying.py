"""A copy baseline: characters that followed the longest match in the same tune.

Two predictions are mixed. The first is an interpolated n-gram model of the training
tunes (Witten-Bell smoothing). The second is the character that followed the most
recent of the longest matches of the text so far with an earlier passage of the same
tune. Its weight depends on the length of the match and is fitted on the validation
tunes by expectation maximisation.

References
----------
Witten and Bell, The Zero-Frequency Problem, 1991.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abcrnn.data.store import BOUNDARY
from benchmarks.quality.data import Data
from benchmarks.quality.options import Options
from benchmarks.quality.outcome import Outcome, mean_bits

_MAX_MATCH = 32  # characters; longer matches count as this length
_ITERATIONS = 50


def run(data: Data, settings: dict[str, Any], _options: Options) -> Outcome:
    """Score the test tunes; order and weights are those that fit the validation tunes best."""
    start = time.perf_counter()
    model = CopyModel(data.train.tunes, len(data.vocabulary), settings["max_order"])
    validation = {}
    for model.order in range(settings["max_order"] + 1):
        model.fit_weights(data.validation.tunes)
        validation[model.order] = mean_bits([model.costs(tune) for tune in data.validation.tunes])
    model.order = min(validation, key=validation.__getitem__)
    model.fit_weights(data.validation.tunes)
    costs = [model.costs(tune) for tune in data.test.tunes]
    about = {"validation": round(validation[model.order], 5), "order": model.order}
    return Outcome(costs, time.perf_counter() - start, about)


class CopyModel:
    """A mixture of an n-gram model with copies from the same tune.

    Parameters
    ----------
    tunes : sequence of str
        Training tunes.
    vocab_size : int
        Number of characters that may occur, all equally likely without any context.
    order : int
        Number of characters before the predicted one that are counted.

    Attributes
    ----------
    order : int
        Number of characters before the predicted one that are used; at most those
        that are counted.
    """

    def __init__(self, tunes: Sequence[str], vocab_size: int, order: int) -> None:
        self.order, self._vocab_size = order, vocab_size
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for tune in tunes:
            text = BOUNDARY + tune + BOUNDARY
            for end in range(len(BOUNDARY), len(text)):
                for start in range(max(0, end - order), end + 1):
                    self._counts[text[start:end]][text[end]] += 1
        self._weights = np.zeros(_MAX_MATCH + 1)

    def costs(self, tune: str) -> NDArray[np.float64]:
        """Return the cost of each character of a tune and of its closing blank line, in bits."""
        return -np.log2(self._mix(*self._predictions(tune)))

    def fit_weights(self, tunes: Sequence[str]) -> None:
        """Fit the weight of copying at each length of the match."""
        parts = [self._predictions(tune) for tune in tunes]
        ngram, right, lengths = (np.concatenate(column) for column in zip(*parts, strict=True))
        counts = np.bincount(lengths, minlength=_MAX_MATCH + 1)
        self._weights = np.where(np.arange(_MAX_MATCH + 1) > 0, 0.5, 0.0)
        for _ in range(_ITERATIONS):
            copied = self._weights[lengths] * right / self._mix(ngram, right, lengths)
            sums = np.bincount(lengths, weights=copied, minlength=_MAX_MATCH + 1)
            # One imagined success and failure each keep the weights away from 0 and 1.
            self._weights = np.where(counts > 0, (sums + 1) / (counts + 2), 0.5)
            self._weights[0] = 0.0  # no match, nothing to copy

    def _mix(
        self, ngram: NDArray[np.float64], right: NDArray[np.bool_], lengths: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        weights = self._weights[lengths]
        mixed: NDArray[np.float64] = weights * right + (1 - weights) * ngram
        return mixed

    def _predictions(
        self, tune: str
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]:
        """Return for each character its n-gram probability, and if copying predicts it.

        Returns
        -------
        ngram : ndarray, float64
        right : ndarray, bool
            Whether the character after the longest match is the right one.
        lengths : ndarray, int64
            Length of the longest match, at most 32; 0 without a match.
        """
        text = BOUNDARY + tune + BOUNDARY
        ends = range(len(BOUNDARY), len(text))
        copies = [longest_match(text, end) for end in ends]
        return (
            np.array([self._probability(text, end) for end in ends]),
            np.array([text[end] == copied for end, (copied, _) in zip(ends, copies, strict=True)]),
            np.array([length for _, length in copies]),
        )

    def _probability(self, text: str, end: int) -> float:
        """Return the n-gram probability of ``text[end]`` after the text before it."""
        probability = 1 / self._vocab_size
        for start in range(end, max(0, end - self.order) - 1, -1):
            counts = self._counts.get(text[start:end])
            if counts is None:
                break
            total, distinct = counts.total(), len(counts)
            probability = (counts[text[end]] + distinct * probability) / (total + distinct)
        return probability


def longest_match(text: str, end: int) -> tuple[str, int]:
    """Return what followed the longest match of ``text[:end]`` with an earlier passage.

    Parameters
    ----------
    text : str
    end : int

    Returns
    -------
    character : str
        The character after the most recent of the longest matches; empty without a match.
    length : int
        Number of characters that match, at most 32; 0 without a match.
    """
    character, length = "", 0
    while length < min(_MAX_MATCH, end):
        found = text.rfind(text[end - length - 1 : end], 0, end - 1)
        if found < 0:
            break
        length += 1
        character = text[found + length]
    return character, length
