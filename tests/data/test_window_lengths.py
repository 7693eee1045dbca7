"""Lengths of windows against all possible choices."""

from itertools import combinations

import numpy as np
import pytest

from abcrnn.data.window_lengths import EVEN, FITTED, even_lengths, fitted_lengths


def padded_size(predictions, lengths, seq_length):
    """The characters of all windows, with padding, if each tune is read alone."""
    total = 0
    for count in predictions:
        windows = -(-count // seq_length)
        total += windows * min(length for length in lengths if length * windows >= count)
    return total


@pytest.mark.parametrize("seq_length", [20, 64, 100])
@pytest.mark.parametrize("seed", range(4))
def test_no_other_lengths_have_less_padding(seq_length, seed):
    rng = np.random.default_rng(seed)
    predictions = rng.integers(1, 3 * seq_length, 30)
    found = fitted_lengths(predictions, seq_length)
    candidates = sorted({min(n, seq_length) for n in range(8, seq_length + 8, 8)})
    assert set(found.tolist()) <= set(candidates)
    assert (np.diff(found) > 0).all() and len(found) <= FITTED
    best = min(
        padded_size(predictions, choice, seq_length)
        for count in range(1, FITTED + 1)
        for choice in combinations(candidates, count)
        if all(max(choice) * -(-n // seq_length) >= n for n in predictions)
    )
    assert padded_size(predictions, found, seq_length) == best


@pytest.mark.parametrize("seq_length", [1, 7, 512, 100_000])
def test_every_window_is_long_enough(seq_length):
    predictions = np.random.default_rng(1).integers(1, 5 * seq_length + 1, 500)
    for lengths in (fitted_lengths(predictions, seq_length), even_lengths(seq_length)):
        needed = -(-predictions // -(-predictions // seq_length))
        assert lengths[-1] >= needed.max() and lengths[-1] <= seq_length
        assert lengths.dtype == np.int64


def test_few_different_tunes_have_few_lengths():
    assert fitted_lengths(np.array([96, 96]), 512).tolist() == [96]
    assert fitted_lengths(np.array([1000, 96, 95, 200, 90]), 512).tolist() == [96, 200, 504]


@pytest.mark.parametrize(
    ("seq_length", "expected"),
    [(512, range(64, 513, 64)), (100, [13, 26, 39, 52, 65, 78, 91, 100]), (5, range(1, 6))],
)
def test_even_lengths(seq_length, expected):
    assert even_lengths(seq_length).tolist() == list(expected)
    assert len(expected) <= EVEN
