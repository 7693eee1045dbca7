"""CharLSTM as a Keras model: what Keras users call, compared with NumPy and with Keras layers."""

import copy
import json
import pickle

import keras
import numpy as np
import pytest
from helpers.oracles import char_lstm_oracle

from abcrnn import CharLSTM, NoveltyIndex, Vocabulary, load_model
from abcrnn.evaluation.scoring import Scorer
from abcrnn.models.compilation import count_traces

# Keras 3.15 converts its own variables in a way that NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

TUNE = "X:1\nM:4/4\nL:1/8\nK:D\nFABA d2A2|BdAF E2D2|]"
VOCABULARY = Vocabulary.from_text(TUNE)
SIZE = len(VOCABULARY)


def new_model(**config):
    config = {"embedding_dim": 6, "units": 8, "num_layers": 2, "dropout": 0, "seed": 1} | config
    return CharLSTM(VOCABULARY, **config)


def compiled(model, learning_rate=0.01):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(learning_rate), loss=loss)
    return model


def cross_entropy(model, ids, next_ids):
    """Nats per character by NumPy."""
    logits = char_lstm_oracle(model.weight_arrays(), ids)
    chosen = np.take_along_axis(logits, next_ids[..., None], axis=2)[..., 0]
    return np.mean(np.log(np.exp(logits).sum(axis=2)) - chosen)


@pytest.fixture(scope="module")
def windows():
    ids = np.random.default_rng(0).integers(SIZE, size=(12, 10)).astype(np.int32)
    return ids[:, :-1], ids[:, 1:]


def test_a_call_returns_the_logits_of_every_next_character(windows):
    model = new_model()
    logits = model(windows[0])
    assert logits.shape == (12, 9, SIZE)
    np.testing.assert_allclose(
        logits, char_lstm_oracle(model.weight_arrays(), windows[0]), atol=1e-5
    )
    np.testing.assert_allclose(model.predict(windows[0], verbose=0), logits, atol=1e-6)


def test_the_summary_counts_the_parameters_of_each_layer():
    lines = []
    new_model().summary(print_fn=lines.append)
    text = "\n".join(lines)
    lstm = [4 * 8 * (6 + 8 + 1), 4 * 8 * (8 + 8 + 1)]
    expected = [SIZE * 6, *lstm, (8 + 1) * SIZE]
    rows = [line for line in text.splitlines() if "Embedding" in line or "(LSTM)" in line
            or "(Dense)" in line]  # fmt: skip
    assert [int(row.split("│")[-2].replace(",", "")) for row in rows] == expected
    assert f"Total params: {sum(expected):,}" in text
    assert f"(None, None, {SIZE})" in rows[-1]


@pytest.mark.slow
def test_fit_trains_as_the_same_layers_of_keras_do(windows):
    ours = new_model()
    theirs = keras.Sequential(
        [
            keras.layers.Embedding(SIZE, 6),
            keras.layers.LSTM(8, return_sequences=True),
            keras.layers.LSTM(8, return_sequences=True),
            keras.layers.Dense(SIZE),
        ]
    )
    theirs.build((None, None))
    theirs.set_weights(ours.get_weights())
    before = cross_entropy(ours, *windows)
    settings = {"epochs": 3, "batch_size": 12, "shuffle": False, "verbose": 0}
    losses = [
        compiled(model, 0.5).fit(*windows, **settings).history["loss"] for model in (ours, theirs)
    ]
    assert losses[0][0] == pytest.approx(before, abs=1e-5)
    np.testing.assert_allclose(*losses, atol=1e-5)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    assert ours.evaluate(*windows, verbose=0) == pytest.approx(
        cross_entropy(ours, *windows), abs=1e-5
    )
    assert cross_entropy(ours, *windows) < before - 0.01


def test_fit_applies_dropout(windows):
    model = compiled(new_model(dropout=0.9), 0.0)
    history = model.fit(*windows, epochs=3, batch_size=12, verbose=0).history["loss"]
    assert len(set(history)) == 3  # the weights stay the same, the masks do not


def test_the_configuration_builds_the_same_model(windows):
    model = new_model(recurrent_initializer="glorot_uniform")
    config = json.loads(json.dumps(model.get_config()))
    assert config == {
        "vocabulary": VOCABULARY.characters, "embedding_dim": 6, "units": 8, "num_layers": 2,
        "dropout": 0, "recurrent_initializer": "glorot_uniform", "seed": 1,
    }  # fmt: skip
    for again in (CharLSTM.from_config(config), keras.models.clone_model(model)):
        assert again.vocabulary == VOCABULARY
        assert again.fingerprint == model.fingerprint
        np.testing.assert_array_equal(again(windows[0]), model(windows[0]))


def test_weights_are_read_and_set_as_a_list(windows):
    model, other = new_model(), new_model(seed=2)
    weights = model.get_weights()
    assert sum(array.size for array in weights) == model.count_params()
    assert not np.array_equal(other(windows[0]), model(windows[0]))
    other.set_weights(weights)
    np.testing.assert_array_equal(other(windows[0]), model(windows[0]))


@pytest.mark.slow
def test_model_checkpoint_saves_weights(windows, tmp_path):
    model, path = compiled(new_model(), 0.5), tmp_path / "last.weights.h5"
    Scorer(model).score([TUNE])  # leaves a compiled function in the model
    checkpoint = keras.callbacks.ModelCheckpoint(path, save_weights_only=True)
    model.fit(*windows, epochs=2, verbose=0, callbacks=[checkpoint])
    other = new_model(seed=2)
    other.load_weights(path)
    for name, array in model.weight_arrays().items():
        np.testing.assert_array_equal(other.weight_arrays()[name], array)


def test_early_stopping_restores_the_best_weights(windows):
    model = compiled(new_model())
    # From the third epoch on, steps far too large.
    rates = keras.callbacks.LearningRateScheduler(lambda epoch, _: 0.5 if epoch < 2 else 500.0)
    ends = []
    keep = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: ends.append((logs["val_loss"], model.get_weights()))
    )
    stop = keras.callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True)
    model.fit(*windows, validation_data=windows, epochs=9, verbose=0, callbacks=[rates, keep, stop])
    best = min(range(len(ends)), key=lambda epoch: ends[epoch][0])
    assert best + 3 == len(ends) < 9
    for one, other in zip(model.get_weights(), ends[best][1], strict=True):
        np.testing.assert_array_equal(one, other)


def test_keras_files_are_refused(windows, tmp_path):
    model = compiled(new_model())
    for name in ("m.keras", "m.h5", "M.KERAS", "m.weights.h5", "m.hdf5"):
        with pytest.raises(ValueError, match=f"{name} has the ending of a Keras file.*abcrnn"):
            model.save(tmp_path / name)
    checkpoint = keras.callbacks.ModelCheckpoint(tmp_path / "m.keras")
    with pytest.raises(ValueError, match=r"give a path that ends in \.abcrnn"):
        model.fit(*windows, verbose=0, callbacks=[checkpoint])
    assert not list(tmp_path.iterdir())


def test_a_file_is_replaced_unless_overwrite_is_false(tmp_path):
    new_model().save(tmp_path / "m.abcrnn")
    with pytest.raises(FileExistsError, match="m.abcrnn exists already"):
        new_model(seed=2).save(tmp_path / "m.abcrnn", overwrite=False)
    assert load_model(tmp_path / "m.abcrnn").config["seed"] == 1
    new_model(seed=2).save(tmp_path / "m.abcrnn")
    assert load_model(tmp_path / "m.abcrnn").config["seed"] == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))]  # noqa: S301
)  # fmt: skip
def test_a_copy_is_equal_and_independent(duplicate, windows):
    model = compiled(new_model(), 0.5)
    model.fit(*windows, verbose=0)
    bits = Scorer(model).score([TUNE]).bits
    assert count_traces(model) > 0
    model.about = {"epoch": 3, "corpus": {"origin": {"without": "C"}}}
    model.novelty, model.trained_digests = NoveltyIndex([TUNE]), np.array([7], np.uint64)
    twin = duplicate(model)
    assert type(twin) is CharLSTM
    assert twin.fingerprint == model.fingerprint
    assert twin.about == model.about
    assert twin.trained_digests.tolist() == [7]
    assert twin.novelty.compare(TUNE) == model.novelty.compare(TUNE)
    assert count_traces(twin) == 0
    np.testing.assert_array_equal(Scorer(twin).score([TUNE]).bits, bits)
    before = model.weight_arrays()
    compiled(twin, 0.5).fit(*windows, verbose=0)
    twin.about["epoch"] = 4
    assert model.about == {"epoch": 3, "corpus": {"origin": {"without": "C"}}}
    for name, array in model.weight_arrays().items():
        np.testing.assert_array_equal(array, before[name])
        assert not np.array_equal(array, twin.weight_arrays()[name])


@pytest.fixture
def number_format():
    policy, floatx = keras.config.dtype_policy(), keras.config.floatx()
    yield
    keras.config.set_dtype_policy(policy)
    keras.config.set_floatx(floatx)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("setting", "value"),
    [("dtype_policy", "mixed_float16"), ("dtype_policy", "mixed_bfloat16"),
     ("dtype_policy", "float16"), ("floatx", "float64"), ("floatx", "float16")],
)  # fmt: skip
def test_global_number_formats_change_nothing(number_format, setting, value, windows, tmp_path):
    def results():
        model = new_model()
        state = model.initial_state(12)
        logits, after = model.unroll(windows[0], state)
        stepped, _ = model.step(windows[0][:, 0], after)
        called = model(windows[0])
        if setting == "dtype_policy":  # floatx is also the type of Keras's losses
            compiled(model, 0.5).fit(*windows, batch_size=12, shuffle=False, verbose=0)
        model.save(tmp_path / "m.abcrnn")
        loaded = load_model(tmp_path / "m.abcrnn")
        arrays = [logits, stepped, called, *model.get_weights(), loaded(windows[0])]
        return [np.asarray(array) for array in arrays]

    expected = results()
    getattr(keras.config, f"set_{setting}")(value)
    for got, wanted in zip(results(), expected, strict=True):
        assert got.dtype == np.float32
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("vocabulary", ["abc", None, ["a", "b"]])
def test_something_else_than_a_vocabulary_is_refused(vocabulary):
    with pytest.raises(ValueError, match=r"vocabulary must be an abcrnn.Vocabulary, such as"):
        CharLSTM(vocabulary)
