"""Requests whose constraint would make tunes longer than those of the model."""

import pytest

from abcrnn import CharLSTM, Vocabulary, load_model
from abcrnn.composition.composer import compose
from abcrnn.composition.reproduction import reproduce_all
from abcrnn.composition.request_checks import unmet_requests
from abcrnn.composition.requests import Requests, constraint_for
from abcrnn.composition.sampling_constraint import sampling_constraint_for, usual_bars
from abcrnn.composition.tune_form import split_sections
from abcrnn.evaluation.metric_distributions import recorded_metrics
from abcrnn.notation import read_tune

PROMPT = "X:1\nM:6/8\nL:1/8\nK:D\n"


@pytest.fixture
def model():
    vocabulary = Vocabulary.from_text("X:1234\nM6/8RjigLKEDGABcde|")
    return CharLSTM(vocabulary, embedding_dim=8, units=16, num_layers=1, dropout=0)


def recorded(*numbers_of_bars):
    return recorded_metrics([PROMPT + "G3A3|" * bars for bars in numbers_of_bars])


def test_the_number_of_bars_is_the_most_frequent_one_that_the_sections_divide(model):
    model.about["tune_metrics"] = recorded(16, 16, 15, 15, 15, 18)
    assert usual_bars(model, Requests(form="AABB")) == 16
    assert usual_bars(model, Requests(form="AABBC")) == 15
    assert usual_bars(model, Requests(form="ABCDEFG")) == 56  # of no training tune
    model.about["tune_metrics"] = recorded(12, 16)
    assert usual_bars(model, Requests(form="AB")) == 12  # the shorter of two
    del model.about["tune_metrics"]
    assert usual_bars(model, Requests(form="AABB")) == 16


def test_a_form_gets_sections_of_equal_length(model):
    constraint = sampling_constraint_for(model, Requests(form="AB"), PROMPT, 1000)
    assert constraint is constraint_for(model, Requests(form="AB", bars=16))
    four = Requests(form="AB", bars=4)
    assert sampling_constraint_for(model, four, PROMPT, 1000) is constraint_for(model, four)


def test_a_form_keeps_any_length_where_the_usual_one_is_impossible(model):
    form, any_length = Requests(form="AB"), constraint_for(model, Requests(form="AB"))
    assert sampling_constraint_for(model, form, PROMPT, 60) is any_length
    long_section = PROMPT + "G3A3|" * 9
    assert sampling_constraint_for(model, form, long_section, 1000) is any_length


def test_an_ending_is_part_of_the_constraint_only_with_a_number_of_bars(model):
    def constraint(**requests):
        return sampling_constraint_for(model, Requests(**requests), PROMPT, 1000)

    assert constraint(meter="6/8", ending="tonic") is constraint(meter="6/8")
    with_bars = Requests(bars=4, ending="tonic")
    assert constraint(bars=4, ending="tonic") is constraint_for(model, with_bars)
    assert constraint(form="AB", ending="tonic") is constraint(form="AB", bars=16, ending="tonic")


@pytest.mark.slow
def test_a_form_of_the_packaged_model():
    """Before, some sections had sixty bars."""
    made = compose(load_model("folk"), 8, seed=5, form="AABB")
    read = [read_tune(tune) for tune in made.tunes]
    assert [[section.bars for section in split_sections(tune)] for tune in read] == [[8, 8]] * 8


@pytest.mark.slow
def test_an_ending_selects_among_the_tunes_of_a_model():
    made = compose(load_model("folk"), 4, seed=5, ending="tonic")
    assert all(unmet_requests(Requests(ending="tonic"), tune) == [] for tune in made.tunes)
    assert made.report.refused["not the requested ending"] > 0
    assert reproduce_all(made.tunes, load_model("folk")) == made.tunes
