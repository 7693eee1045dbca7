import numpy as np
import pytest
import tensorflow as tf

from abcrnn import CharLSTM, Vocabulary
from abcrnn.models.recipes import RECIPES

VOCABULARY = Vocabulary.from_text("X:1\nK:D abcdefg|")


@pytest.fixture(scope="module")
def model():
    return CharLSTM(VOCABULARY, embedding_dim=6, units=8, num_layers=2, dropout=0.5, seed=1)


@pytest.fixture
def ids():
    return np.random.default_rng(0).integers(len(VOCABULARY), size=(3, 20)).astype(np.int32)


def of_size(n):
    return Vocabulary("".join(chr(32 + i) for i in range(n)))


@pytest.mark.parametrize(
    ("name", "size", "count"), [("mit", 83, 5_353_299), ("jigs", 86, 1_904_214)]
)
def test_recipes_have_the_published_number_of_parameters(name, size, count):
    assert CharLSTM.from_recipe(name, of_size(size)).count_params() == count


def test_recipe_can_be_overridden_and_unknown_ones_are_refused():
    assert CharLSTM.from_recipe("mit", VOCABULARY, units=4).config["units"] == 4
    with pytest.raises(
        ValueError, match=f"no recipe 'mti'; available are {', '.join(sorted(RECIPES))}"
    ):
        CharLSTM.from_recipe("mti", VOCABULARY)


def test_stepwise_logits_equal_the_full_windows(model, ids):
    whole = model(ids)
    assert whole.shape == (3, 20, len(VOCABULARY))
    state = model.initial_state(3)
    for t in range(20):
        logits, state = model.step(ids[:, t], state)
        np.testing.assert_allclose(logits, whole[:, t], atol=1e-5)


def test_state_carried_over_equals_one_window(model, ids):
    whole, last = model.unroll(ids, model.initial_state(3))
    first, state = model.unroll(ids[:, :7], model.initial_state(3))
    second, state = model.unroll(ids[:, 7:], state)
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), whole, atol=1e-5)
    for got, wanted in zip(tf.nest.flatten(state), tf.nest.flatten(last), strict=True):
        np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_call_drops_in_training_only(model, ids):
    np.testing.assert_array_equal(model(ids), model(ids))
    assert not np.array_equal(model(ids, training=True), model(ids))


@pytest.mark.parametrize(
    ("argument", "value"),
    [("units", 0), ("num_layers", -1), ("embedding_dim", 2.5), ("dropout", 1.0), ("dropout", -0.1),
     ("recurrent_initializer", "zeros"), ("units", True)],
)  # fmt: skip
def test_bad_arguments_are_named(argument, value):
    with pytest.raises(ValueError, match=f"{argument} must be.*not {value!r}"):
        CharLSTM(VOCABULARY, **{argument: value})
