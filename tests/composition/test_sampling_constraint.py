"""What a model is not forced to do, although it is requested."""

import pytest

from abcrnn import CharLSTM, Vocabulary, load_model
from abcrnn.composition.composer import compose
from abcrnn.composition.reproduction import reproduce_all
from abcrnn.composition.request_checks import unmet_requests
from abcrnn.composition.requests import Requests, constraint_for
from abcrnn.composition.sampling_constraint import sampling_constraint_for
from abcrnn.composition.tune_form import split_sections
from abcrnn.notation import read_tune

PROMPT = "X:1\nM:6/8\nL:1/8\nK:D\n"


@pytest.fixture(scope="module")
def model():
    vocabulary = Vocabulary.from_text("X:1234\nM6/8RjigLKEDGABcde|")
    return CharLSTM(vocabulary, embedding_dim=8, units=16, num_layers=1, dropout=0)


@pytest.mark.parametrize(
    ("form", "max_length", "bars"),
    [
        ("AABB", 1000, 16),
        ("ABC", 1000, 24),
        ("AABB", 200, 8),
        ("ABCDEFGH", 1000, 32),
        ("AB", 60, 2),
    ],
)
def test_the_bars_of_a_section(model, form, max_length, bars):
    constraint = sampling_constraint_for(model, Requests(form=form), PROMPT, max_length)
    assert constraint is constraint_for(model, Requests(form=form, bars=bars))
    requested = Requests(form=form, bars=len(set(form)))
    constraint = sampling_constraint_for(model, requested, PROMPT, max_length)
    assert constraint is constraint_for(model, requested)


def test_a_section_that_is_longer_or_has_no_room(model):
    form, any_length = Requests(form="AB"), constraint_for(model, Requests(form="AB"))
    assert sampling_constraint_for(model, form, PROMPT, 50) is any_length
    long_section = PROMPT + "G3A3|" * 9
    assert sampling_constraint_for(model, form, long_section, 1000) is any_length


def test_an_ending_is_not_part_of_the_constraint(model):
    requested = Requests(meter="6/8", bars=4, ending="tonic")
    constraint = sampling_constraint_for(model, requested, PROMPT, 1000)
    assert constraint is constraint_for(model, Requests(meter="6/8", bars=4))


@pytest.mark.slow
def test_a_form_of_the_packaged_model():
    """Before, some sections had sixty bars."""
    made = compose(load_model("folk"), 6, seed=5, form="AABBCC")
    read = [read_tune(tune) for tune in made.tunes]
    assert [[section.bars for section in split_sections(tune)] for tune in read] == [[8] * 3] * 6


@pytest.mark.slow
def test_an_ending_of_the_packaged_model():
    """It selects tunes of the model, whose last note is seldom the shortest of the tune."""
    folk = load_model("folk")
    requests = {"key": "G", "meter": "6/8", "form": "AABB", "bars": 16, "ending": "tonic"}
    made = compose(folk, 8, seed=3, **requests)
    assert all(unmet_requests(Requests(**requests), tune) == [] for tune in made.tunes)
    assert made.report.refused["not the requested ending"] > 0
    read = map(read_tune, made.tunes)
    assert sum(tune.voices[0].bars[-1].events[-1].duration < tune.unit for tune in read) <= 1
    assert reproduce_all(made.tunes, folk) == made.tunes
