"""One suite for every model that claims a protocol of abcrnn.models.base."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers.oracles import (
    char_lstm_oracle,
    ensemble_oracle,
    gru_oracle,
    note_lstm_oracle,
    note_window_lstm_oracle,
)

from abcrnn import CharacterModel, CharLSTM, Ensemble, Vocabulary, load_model
from abcrnn.data.time_grid import TimeGrid
from abcrnn.events import NoteModel, load_note_model
from abcrnn.models import SequenceModel, TrainableModel, where_active
from abcrnn.models.memory_entries import NONE, MemoryState

VOCABULARY = Vocabulary.from_text("X:1\nK:D abcdefg|")
GRID = TimeGrid(np.array([0.0, 0.25, 0.5]), np.array([0.25, 0.5, 1.0, 2.0]))
BATCH, TIME = 4, 9


def example():
    """The module examples/own_model.py."""
    path = Path(__file__).parents[2] / "examples" / "own_model.py"
    spec = importlib.util.spec_from_file_location("own_model", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GRUModel = example().GRUModel


class Bigrams(CharacterModel):
    """A state with leaves of several ranks and types: a count, the last ids, a table of pairs."""

    def __init__(self, vocabulary, window=3):
        super().__init__(vocabulary, window=window)
        self.window = window
        self.embedding = keras.layers.Embedding(len(vocabulary), 5, dtype="float32")
        self.head = keras.layers.Dense(len(vocabulary), dtype="float32")
        self.build()

    def initial_state(self, batch_size):
        size = len(self.vocabulary)
        return {
            "count": tf.zeros((batch_size,)),
            "last": tf.zeros((batch_size, self.window), tf.int32),
            "pairs": tf.zeros((batch_size, size, size)),
        }

    def step(self, ids, state, active=None):
        size = len(self.vocabulary)
        pair = tf.one_hot(state["last"][:, -1], size)[:, :, None] * tf.one_hot(ids, size)[:, None]
        after = {
            "count": state["count"] + 1,
            "last": tf.concat([state["last"][:, 1:], ids[:, None]], axis=1),
            "pairs": state["pairs"] + pair,
        }
        mean = tf.reduce_mean(self.embedding(after["last"]), axis=1)
        seen = tf.gather(after["pairs"], ids, axis=1, batch_dims=1)
        logits = self.head(mean) + seen / (1 + after["count"][:, None])
        return logits, where_active(active, after, state)

    def unroll(self, ids, state, dropout_seed=None):
        outputs = []
        for t in range(ids.shape[1] or 1):
            logits, state = self.step(ids[:, t], state)
            outputs.append(logits)
        return tf.stack(outputs, axis=1), state


def random_ids(rng, shape):
    return rng.integers(len(VOCABULARY), size=shape).astype(np.int32)


def tune_ids(rng, shape):
    """Ids of which every third is a line end."""
    ids = random_ids(rng, shape)
    return np.where(rng.random(shape) < 1 / 3, VOCABULARY.encode("\n")[0], ids).astype(np.int32)


def few_ids(rng, shape):
    """Ids of two characters, so that most sequences return, and some blank lines."""
    two = rng.integers(1, 3, size=shape)
    return np.where(rng.random(shape) < 1 / 4, VOCABULARY.encode("\n")[0], two).astype(np.int32)


def random_rows(rng, shape):
    """Rows of notes whose step and duration are classes."""
    return rng.integers([128, 3, 4], size=(*shape, 3)).astype(np.int32)


def random_note_rows(rng, shape):
    """Rows of notes whose step and duration are seconds."""
    return (rng.random((*shape, 3)) * [127, 1, 2]).round(3).astype(np.float32)


def mean_square(model, inputs, dropout_seed):
    outputs, _ = model.unroll(inputs, model.initial_state(BATCH), dropout_seed=dropout_seed)
    return tf.reduce_mean(outputs**2)


def note_loss(model, inputs, dropout_seed):
    return model.network.objective(inputs, model.initial_state(BATCH), dropout_seed)[0]


@dataclass(frozen=True)
class Case:
    """A model and how to call it."""

    build: Callable[[], Any]
    load: Callable[[Path], Any] = load_model
    #: From weight arrays and inputs (batch, time): the outputs, computed in float64 NumPy.
    oracle: Callable[..., Any] | None = None
    #: From a generator of random numbers and a shape (batch, time).
    inputs: Callable[..., Any] = random_ids
    #: A number to differentiate, from the model, inputs and a dropout seed.
    loss: Callable[..., Any] = mean_square
    has_dropout: bool = False


def char_lstm(**config):
    return lambda: CharLSTM(VOCABULARY, **{"embedding_dim": 6, "units": 8, "seed": 1, **config})


def ensemble():
    members = [char_lstm(num_layers=1, dropout=0.4)(), char_lstm(units=5, dropout=0.4)()]
    return Ensemble(members, weights=[3, 1])


def with_memory(
    heads, characters, capacity, match_length=0, log_mixing=False, inputs=tune_ids, **config
):
    """A case of a CharLSTM with a tune memory; its inputs have many blank lines."""
    details = {
        "heads": heads,
        "characters": characters,
        "capacity": capacity,
        "match_length": match_length,
        "log_mixing": log_mixing,
    }
    sizes = {f"memory_{name}": number for name, number in details.items()}
    return Case(
        char_lstm(memory_dim=3, num_layers=2, **sizes, **config),
        oracle=lambda weights, ids: char_lstm_oracle(
            weights, ids, {**details, "line_end": VOCABULARY.encode("\n")[0]}
        ),
        inputs=inputs,
        has_dropout=True,
    )


def of_class(model_class):
    return {
        "build": lambda: model_class(VOCABULARY),
        "load": lambda path: load_model(path, model_class=model_class),
    }


CASES = {
    "one LSTM layer": Case(char_lstm(num_layers=1, dropout=0), oracle=char_lstm_oracle),
    "three LSTM layers": Case(
        char_lstm(num_layers=3, dropout=0.4), oracle=char_lstm_oracle, has_dropout=True
    ),
    "glorot": Case(
        char_lstm(recurrent_initializer="glorot_uniform", num_layers=2, dropout=0),
        oracle=char_lstm_oracle,
    ),
    "more than 512 units": Case(
        char_lstm(num_layers=1, units=520, dropout=0), oracle=char_lstm_oracle
    ),
    "memory": with_memory(heads=1, characters=0, capacity=64),
    "memory of two heads that is full": with_memory(heads=2, characters=2, capacity=3),
    "memory of two entries": with_memory(heads=1, characters=1, capacity=2),
    "memory with match lengths": with_memory(2, 1, capacity=64, match_length=4, inputs=few_ids),
    "full memory with match lengths": with_memory(
        2, 0, capacity=5, match_length=8, log_mixing=True, inputs=few_ids
    ),
    "memory with log mixing": with_memory(1, 2, capacity=64, log_mixing=True),
    "memory, fixed dropout masks": with_memory(2, 1, 5, variational_dropout=True),
    "GRU of the example": Case(**of_class(GRUModel), oracle=gru_oracle),
    "ensemble": Case(
        ensemble,
        oracle=lambda weights, ids: ensemble_oracle(weights, ids, shares=[0.75, 0.25]),
        has_dropout=True,
    ),
    "notes as classes": Case(
        lambda: NoteModel(
            "classes", GRID, {"pitch_dim": 5, "time_dim": 4, "units": 7, "num_layers": 2}
        ),
        load=load_note_model,
        oracle=note_lstm_oracle,
        inputs=random_rows,
        loss=note_loss,
        has_dropout=True,
    ),
    "windows of notes": Case(
        lambda: NoteModel("window", GRID, {"units": 7, "seq_length": 4}),
        load=load_note_model,
        oracle=lambda weights, rows: note_window_lstm_oracle(weights, rows, seq_length=4),
        inputs=random_note_rows,
        loss=note_loss,
    ),
    "state of several ranks": Case(**of_class(Bigrams)),
}


#: Cases that differ from another in little: slow tests.
SLOW = ("three LSTM layers", "memory of two entries", "memory, fixed dropout masks")


@pytest.fixture(
    scope="module",
    params=[pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in CASES],
)
def case(request):
    """A case, by the name that parametrize gives."""
    return CASES[request.param]


@pytest.fixture(scope="module")
def model(case):
    """The model with random weights: layers start with zero biases, which would hide errors."""
    model = case.build()
    rng = np.random.default_rng(0)
    model.set_weight_arrays(
        {
            name: rng.normal(scale=len(array) ** -0.5, size=array.shape).astype(np.float32)
            for name, array in model.weight_arrays().items()
        }
    )
    return model


@pytest.fixture(scope="module")
def inputs(case):
    return case.inputs(np.random.default_rng(1), (BATCH, TIME))


def leaves(state):
    """The tensors of a state as arrays; what an empty entry of a memory holds is not compared."""
    return [np.asarray(tensor) for tensor in tf.nest.flatten(cleaned(state))]


def cleaned(state):
    if isinstance(state, MemoryState):
        empty = (np.asarray(state.following) == NONE)[:, :, None]
        return state._replace(keys=np.where(empty, 0, state.keys))
    if isinstance(state, tuple):
        return tuple(map(cleaned, state))
    return state


def read(model, inputs, state):
    """Read a window step by step: outputs (batch, time, ...) and the state after it."""
    outputs = []
    for t in range(inputs.shape[1]):
        output, state = model.step(inputs[:, t], state)
        outputs.append(output)
    return np.stack(outputs, axis=1), state


def assert_rows_equal(one, other, rows):
    for a, b in zip(leaves(one), leaves(other), strict=True):
        np.testing.assert_array_equal(a[rows], b[rows])


def test_it_implements_both_protocols(model):
    assert isinstance(model, SequenceModel)
    assert isinstance(model, TrainableModel)


def test_the_batch_is_the_first_axis(model, inputs):
    state = model.initial_state(BATCH)
    assert {leaf.shape[0] for leaf in leaves(state)} == {BATCH}
    outputs, after = model.unroll(inputs, state)
    assert outputs.shape[:2] == (BATCH, TIME)
    output, stepped = model.step(inputs[:, 0], state)
    assert output.shape == (BATCH, *outputs.shape[2:])
    for leaf, unrolled, once in zip(leaves(state), leaves(after), leaves(stepped), strict=True):
        assert leaf.shape == unrolled.shape == once.shape
        assert leaf.dtype == unrolled.dtype == once.dtype


def test_stepwise_equals_unrolled(model, inputs):
    whole, last = model.unroll(inputs, model.initial_state(BATCH))
    outputs, state = read(model, inputs, model.initial_state(BATCH))
    np.testing.assert_allclose(outputs, whole, atol=1e-5)
    for got, wanted in zip(leaves(state), leaves(last), strict=True):
        np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_two_windows_equal_one(model, inputs):
    whole, last = model.unroll(inputs, model.initial_state(BATCH))
    first, state = model.unroll(inputs[:, :4], model.initial_state(BATCH))
    second, state = model.unroll(inputs[:, 4:], state)
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), whole, atol=1e-5)
    for got, wanted in zip(leaves(state), leaves(last), strict=True):
        np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_a_window_state_is_an_initial_state(model, inputs):
    if not isinstance(model, CharacterModel):
        pytest.skip("models over notes have no other state")
    whole, last = model.unroll(inputs, model.initial_state(BATCH))
    outputs, after = model.unroll(inputs, model.window_state(BATCH))
    np.testing.assert_allclose(outputs, whole, atol=1e-5)
    for got, wanted in zip(leaves(after), leaves(last), strict=True):
        np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_outputs_depend_on_what_was_read_before(model, inputs):
    whole, _ = model.unroll(inputs, model.initial_state(BATCH))
    fresh, _ = model.unroll(inputs[:, -1:], model.initial_state(BATCH))
    assert not np.allclose(whole[:, -1], fresh[:, 0])


def test_a_row_changes_no_bit_of_another(case, model, inputs):
    others = [0, 2, 3]
    _, state = model.unroll(inputs, model.initial_state(BATCH))
    changed = inputs.copy()
    changed[1] = case.inputs(np.random.default_rng(2), (1, TIME))[0]
    assert (changed[1] != inputs[1]).any()
    _, changed_state = model.unroll(changed, model.initial_state(BATCH))
    assert_rows_equal(changed_state, state, others)
    before, _ = model.unroll(inputs, state)
    after, _ = model.unroll(changed, changed_state)
    assert_rows_equal(after, before, others)
    assert not np.array_equal(after[1], before[1])
    before, _ = model.step(inputs[:, 0], state)
    after, _ = model.step(changed[:, 0], changed_state)
    assert_rows_equal(after, before, others)


def test_a_fresh_row_equals_a_new_batch(model, inputs):
    """The decoder starts a tune in a row while the others continue theirs."""
    _, running = model.unroll(inputs, model.initial_state(BATCH))
    fresh = model.initial_state(BATCH)
    row = tf.constant([False, False, True, False])
    mixed, _ = read(model, inputs, where_active(row, fresh, running))
    new, _ = read(model, inputs, fresh)
    continued, _ = read(model, inputs, running)
    np.testing.assert_array_equal(mixed[2], new[2])
    np.testing.assert_array_equal(mixed[[0, 1, 3]], continued[[0, 1, 3]])
    alone, _ = read(model, inputs[2:3], model.initial_state(1))
    np.testing.assert_allclose(mixed[2], alone[0], atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("compiled", [False, True])
def test_only_active_rows_change(model, inputs, compiled):
    step = tf.function(model.step, jit_compile=True) if compiled else model.step
    _, state = model.unroll(inputs, model.initial_state(BATCH))
    active = tf.constant([True, False, True, False])
    outputs, after = step(inputs[:, 0], state, active)
    all_outputs, all_after = step(inputs[:, 0], state, tf.ones((BATCH,), tf.bool))
    assert_rows_equal(after, state, [1, 3])
    assert_rows_equal(after, all_after, [0, 2])
    assert_rows_equal(outputs, all_outputs, [0, 2])
    assert any(
        (a[[0, 2]] != b[[0, 2]]).any() for a, b in zip(leaves(after), leaves(state), strict=True)
    )


def test_without_active_all_rows_change(model, inputs):
    _, state = model.unroll(inputs, model.initial_state(BATCH))
    every_row = model.step(inputs[:, 0], state, tf.ones((BATCH,), tf.bool))
    assert_rows_equal(model.step(inputs[:, 0], state), every_row, slice(None))


@pytest.mark.parametrize(
    "case", [name for name, case in CASES.items() if case.oracle is not None], indirect=True
)
def test_numpy_computes_the_same(case, model, inputs):
    outputs, _ = model.unroll(inputs, model.initial_state(BATCH))
    np.testing.assert_allclose(outputs, case.oracle(model.weight_arrays(), inputs), atol=2e-5)


def test_every_weight_has_a_gradient(case, model, inputs):
    with tf.GradientTape() as tape:
        loss = case.loss(model, inputs, tf.constant([1, 2, 0]))
    for gradient in tape.gradient(loss, model.trainable_variables):
        assert np.abs(tf.convert_to_tensor(gradient)).max() > 0
    assert len(model.trainable_variables) == len(model.weight_arrays())


def test_dropout_depends_on_its_seed_alone(case, model, inputs):
    def outputs(*seed):
        seed = tf.constant(seed) if seed else None
        return np.asarray(model.unroll(inputs, model.initial_state(BATCH), dropout_seed=seed)[0])

    np.testing.assert_array_equal(outputs(5, 6, 0), outputs(5, 6, 0))
    for other in [(5, 7, 0), ()]:
        assert np.array_equal(outputs(5, 6, 0), outputs(*other)) != case.has_dropout


def test_saved_and_loaded_it_computes_the_same_bits(case, model, inputs, tmp_path):
    model.about = {"epoch": 3}
    model.save(tmp_path / "one.abcrnn")
    loaded = case.load(tmp_path / "one.abcrnn")
    assert type(loaded) is type(model)
    assert loaded.config == model.config
    assert loaded.about == {"epoch": 3}
    for name, array in model.weight_arrays().items():
        np.testing.assert_array_equal(loaded.weight_arrays()[name], array)
    assert_rows_equal(
        loaded.unroll(inputs, loaded.initial_state(BATCH)),
        model.unroll(inputs, model.initial_state(BATCH)),
        slice(None),
    )
    loaded.save(tmp_path / "two.abcrnn")
    assert (tmp_path / "one.abcrnn").read_bytes() == (tmp_path / "two.abcrnn").read_bytes()


def test_weights_of_other_names_shapes_or_types_are_refused(model):
    arrays = model.weight_arrays()
    name, array = next(iter(arrays.items()))
    for wrong, message in [
        ({**arrays, "more": array}, "do not fit the configuration: more"),
        ({n: a for n, a in arrays.items() if n != name}, f"do not fit the configuration: {name}"),
        ({**arrays, name: array[1:]}, f"the weight {name} is float32 of shape"),
        ({**arrays, name: array.astype(np.float64)}, f"the weight {name} is float64"),
    ]:
        with pytest.raises(ValueError, match=message):
            model.set_weight_arrays(wrong)


def test_a_class_without_step_is_no_sequence_model():
    assert not isinstance(keras.Sequential(), SequenceModel)
    assert not isinstance(keras.Sequential(), TrainableModel)
