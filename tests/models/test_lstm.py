"""The LSTM layer, compared with NumPy and with the layer of Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from abcrnn.models import lstm
from abcrnn.models.lstm import LSTM

TIME, BATCH, FEATURES, UNITS = 7, 3, 5, 4


@pytest.fixture(autouse=True, params=["rows", "columns"])
def layout(request, monkeypatch):
    """Both memory layouts, whatever the size of the kernel."""
    chosen = {"rows": lstm._ROWS, "columns": lstm._COLUMNS}[request.param]
    monkeypatch.setattr(lstm, "_layout", lambda kernel: chosen)


@pytest.fixture
def layer():
    layer = LSTM(UNITS, seed=3)
    layer.build((None, None, FEATURES))
    # The initial bias is zeros and ones, which would hide errors.
    layer.cell.bias.assign(np.random.default_rng(0).normal(size=4 * UNITS))
    return layer


@pytest.fixture
def window():
    return np.random.default_rng(1).normal(size=(TIME, BATCH, FEATURES)).astype(np.float32)


@pytest.fixture
def state():
    rng = np.random.default_rng(2)
    return tuple(rng.normal(size=(BATCH, UNITS)).astype(np.float32) for _ in range(2))


def numpy_lstm(inputs, kernel, recurrent_kernel, bias, h, c):
    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    outputs = []
    for x in inputs:
        i, f, g, o = np.split(x @ kernel + h @ recurrent_kernel + bias, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        outputs.append(h)
    return np.stack(outputs), h, c


def test_numpy_agrees(layer, window, state):
    weights = [w.numpy().astype(np.float64) for w in layer.weights]
    expected = numpy_lstm(window.astype(np.float64), *weights, *state)
    outputs, (h, c) = layer.run(window, state)
    for got, wanted in zip((outputs, h, c), expected, strict=True):
        np.testing.assert_allclose(got, wanted, atol=1e-6)


def test_stepwise_equals_unrolled(layer, window, state):
    outputs, last = layer.run(window, state)
    for t in range(TIME):
        state = layer.step(layer.project(window[t]), state)
        np.testing.assert_allclose(state[0], outputs[t], atol=1e-6)
    np.testing.assert_allclose(state[1], last[1], atol=1e-6)


@pytest.mark.parametrize("compiled", [False, True])
def test_outputs_and_gradients_are_those_of_keras(layer, window, state, compiled):
    theirs = keras.layers.LSTM(UNITS, return_sequences=True, return_state=True)
    theirs.build((BATCH, TIME, FEATURES))
    theirs.set_weights([w.numpy() for w in layer.weights])
    seen = np.random.default_rng(4).normal(size=(TIME, BATCH, UNITS)).astype(np.float32)

    def ours_run(x, h, c):
        outputs, after = layer.run(x, (h, c))
        return outputs, *after

    def theirs_run(x, h, c):
        outputs, *after = theirs(tf.transpose(x, (1, 0, 2)), initial_state=[h, c])
        return tf.transpose(outputs, (1, 0, 2)), *after

    def run(forward, weights):
        x, h, c = tf.constant(window), tf.constant(state[0]), tf.constant(state[1])
        with tf.GradientTape() as tape:
            tape.watch([x, h, c])
            outputs, last_h, last_c = forward(x, h, c)
            # A gradient through each of them: the outputs and both last states.
            loss = tf.reduce_sum(outputs * seen) + tf.reduce_sum(last_h * last_c)
        return [outputs, last_h, last_c, *tape.gradient(loss, [x, h, c, *weights])]

    ours = tf.function(run, jit_compile=True) if compiled else run
    for got, wanted in zip(
        ours(ours_run, [w.value for w in layer.weights]),
        run(theirs_run, [w.value for w in theirs.weights]),
        strict=True,
    ):
        np.testing.assert_allclose(got, wanted, atol=2e-5)


def test_a_table_and_ids_equal_the_rows_that_they_select(layer, state):
    rng = np.random.default_rng(5)
    table = tf.constant(rng.normal(size=(9, FEATURES)).astype(np.float32))
    ids = rng.integers(9, size=(TIME, BATCH)).astype(np.int32)

    def run(from_ids):
        with tf.GradientTape() as tape:
            tape.watch(table)
            rows = (ids, state, table) if from_ids else (tf.gather(table, ids), state)
            outputs, _ = layer.run(*rows)
            loss = tf.reduce_sum(outputs * outputs)
        gradients = tape.gradient(loss, [table, *[w.value for w in layer.weights]])
        return [outputs, *map(tf.convert_to_tensor, gradients)]

    for folded, plain in zip(run(from_ids=True), run(from_ids=False), strict=True):
        np.testing.assert_allclose(folded, plain, atol=1e-5)


def test_the_path_for_a_gpu_computes_the_same(layer, window, state, monkeypatch):
    here = layer.run(window, state)
    monkeypatch.setattr(lstm, "on_gpu", lambda: True)
    handed = layer.run(window, state)
    for got, wanted in zip(tf.nest.flatten(handed), tf.nest.flatten(here), strict=True):
        np.testing.assert_allclose(got, wanted, atol=1e-6)


def test_the_initial_forget_bias_is_one():
    layer = LSTM(UNITS)
    layer.build((None, None, FEATURES))
    theirs = keras.layers.LSTM(UNITS)
    theirs.build((None, TIME, FEATURES))
    np.testing.assert_array_equal(layer.cell.bias, theirs.weights[2])


def test_initial_weights_come_from_the_seed():
    def kernels(seed):
        layer = LSTM(UNITS, "glorot_uniform", seed=seed)
        layer.build((None, None, FEATURES))
        return layer.cell.kernel.numpy(), layer.cell.recurrent_kernel.numpy()

    np.testing.assert_array_equal(kernels(1)[1], kernels(1)[1])
    assert not np.array_equal(kernels(1)[0], kernels(2)[0])
