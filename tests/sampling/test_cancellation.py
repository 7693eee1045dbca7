"""Sampling that is ended from outside."""

import pytest

from abcrnn import CharLSTM, Sampler, Vocabulary, compose, rewrite
from abcrnn.sampling.cancellation import cancelled_by
from abcrnn.sampling.loop import STEPS_PER_CALL

TUNE = "X:1\nT:A\nM:2/4\nL:1/8\nK:C\nCDEF|GABc|dcBA|GFED|]"


class StopError(Exception):
    """Raised by the check of a test."""


@pytest.fixture(scope="module")
def model():
    return CharLSTM(
        Vocabulary.from_text(TUNE), embedding_dim=8, units=16, num_layers=1, dropout=0, seed=0
    )


def stop_at(stretch):
    """Return a check that raises before a stretch, and the list of its calls."""
    calls = []

    def check():
        calls.append(1)
        if len(calls) == stretch:
            raise StopError

    return check, calls


def test_sampling_ends_before_the_next_stretch(model):
    check, calls = stop_at(3)
    with cancelled_by(check), pytest.raises(StopError):
        Sampler(model, seed=1).sample("X:1\n", 10 * STEPS_PER_CALL)
    assert len(calls) == 3
    Sampler(model, seed=1).sample("X:1\n", 2)  # outside, the check is not called
    assert len(calls) == 3


@pytest.mark.slow
def test_a_check_ends_each_way_to_generate_within_one_tune(model):
    def generate_one():
        compose(model, 1, max_copied_bars=None, bars=32, max_length=4000, seed=1)

    for generate in (generate_one, lambda: rewrite(model, TUNE, 2, 2, seed=1)):
        check, calls = stop_at(2)
        with cancelled_by(check), pytest.raises(StopError):
            generate()
        assert len(calls) == 2


@pytest.mark.slow
def test_a_check_does_not_change_the_tunes_of_a_seed(model):
    before = compose(model, 2, max_copied_bars=None, bars=4, seed=1).tunes
    with cancelled_by(lambda: None):
        assert compose(model, 2, max_copied_bars=None, bars=4, seed=1).tunes == before
