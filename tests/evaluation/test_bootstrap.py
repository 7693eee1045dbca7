import numpy as np
import pytest

from abcrnn.evaluation import bootstrap
from abcrnn.evaluation.bootstrap import interval, resampled_ratios


def books(seed, tunes, models=1):
    """Bits and characters of random tunes whose bits per character differ, of mean 2."""
    rng = np.random.default_rng(seed)
    characters = rng.integers(50, 500, size=tunes)
    bits = characters * rng.normal(2, 0.3, size=(models, tunes))
    return bits, np.tile(characters, (models, 1))


def test_the_ratios_are_those_of_a_loop_over_resamples():
    bits, characters = books(0, tunes=7, models=2)
    ratios = resampled_ratios(bits, characters, resamples=30, seed=5)
    rng = np.random.default_rng(5)
    for resample in range(30):
        chosen = [int(index) for index in rng.integers(7, size=7)]
        for model in range(2):
            total = sum(bits[model][index] for index in chosen)
            expected = total / sum(characters[model][index] for index in chosen)
            assert ratios[model, resample] == pytest.approx(expected, rel=1e-12)


def test_the_size_of_a_chunk_changes_nothing(monkeypatch):
    bits, characters = books(0, tunes=7)
    whole = resampled_ratios(bits, characters, resamples=30, seed=5)
    monkeypatch.setattr(bootstrap, "_CHUNK", 20)
    np.testing.assert_array_equal(resampled_ratios(bits, characters, 30, 5), whole)
    assert not np.array_equal(resampled_ratios(bits, characters, 30, 6), whole)


def test_an_interval_leaves_out_as_much_on_both_sides():
    assert interval(np.arange(1001.0)) == pytest.approx((25, 975))
    assert interval(np.arange(1001.0), confidence=0.8) == pytest.approx((100, 900))


def test_the_interval_contains_the_true_value_as_often_as_it_says():
    inside = 0
    for seed in range(300):
        bits, characters = books(seed, tunes=60)
        low, high = interval(resampled_ratios(bits, characters, 400, seed)[0])
        inside += low <= 2 <= high
    assert 0.90 <= inside / 300 <= 0.98


def test_a_difference_is_paired():
    """A model that needs 1 % more bits for every tune is worse, though the intervals overlap."""
    bits, characters = books(1, tunes=60)
    both = np.concatenate([bits, 1.01 * bits]), np.concatenate([characters, characters])
    ratios = resampled_ratios(*both, resamples=500, seed=0)
    assert interval(ratios[1])[0] < interval(ratios[0])[1]
    low, high = interval(ratios[1] - ratios[0])
    assert 0.015 < low < high < 0.025
