"""Dropout masks, and that they depend on position, step and seed alone."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from abcrnn.models.dropout import drop

SHAPE = (64, 33, 31)  # time, batch, units


def dropped(rate=0.3, layer=0, seed=(5, 6, 0), shape=SHAPE):
    return drop(tf.ones(shape), rate, layer, tf.constant(seed)).numpy()


def murmur(number):
    """The finaliser of MurmurHash3, one number at a time in plain Python."""
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        number = ((number ^ number >> shift) * factor) % 2**32
    return number ^ number >> 16


def test_the_mask_is_the_hash_of_position_and_key():
    time, batch, units = 3, 4, 5
    key = murmur(murmur(murmur(7) ^ 8) ^ 2)
    expected = np.zeros((time, batch, units))
    for t, b, u in np.ndindex(time, batch, units):
        position = ((b + 9) * time + t) * units + u
        if murmur(murmur(position) ^ key) >= 0.4 * 2**32:
            expected[t, b, u] = 1 / 0.6
    found = dropped(0.4, layer=2, seed=(7, 8, 9), shape=(time, batch, units))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_the_share_dropped_is_the_rate_and_the_mean_stays(rate):
    outputs = dropped(rate)
    assert np.mean(outputs == 0) == pytest.approx(rate, abs=0.01)
    assert outputs.mean() == pytest.approx(1, abs=0.05)
    assert len(np.unique(outputs)) == 2


def test_masks_of_other_steps_seeds_and_layers_are_independent():
    masks = [
        dropped(seed=seed, layer=layer) == 0
        for seed, layer in (((5, 6, 0), 0), ((5, 7, 0), 0), ((6, 6, 0), 0), ((5, 6, 0), 1))
    ]
    for one, other in itertools.combinations(masks, 2):
        # Independent masks coincide in 0.3 * 0.3 of the positions.
        assert np.mean(one & other) == pytest.approx(0.09, abs=0.005)


def test_neighbours_in_a_mask_are_independent():
    mask = dropped() == 0
    for one, other in (
        (mask[1:], mask[:-1]),
        (mask[:, 1:], mask[:, :-1]),
        (mask[..., 1:], mask[..., :-1]),
    ):
        assert np.mean(one & other) == pytest.approx(0.09, abs=0.005)


def test_a_worker_with_some_rows_drops_the_same_as_with_all_rows():
    whole = dropped()
    part = dropped(seed=(5, 6, 11), shape=(64, 22, 31))
    np.testing.assert_array_equal(part, whole[:, 11:])
