"""Training on whole tunes: the loss ignores padding, and runs resume bit for bit."""

import io
import math
import signal

import numpy as np
import pytest
import tensorflow as tf
from tqdm import tqdm

from abcrnn import CharLSTM, Corpus, Trainer, Vocabulary
from abcrnn.training import loop
from abcrnn.training.settings import TrainingSettings
from abcrnn.training.steps import Step

SMALL = {"embedding_dim": 8, "units": 16, "num_layers": 1, "dropout": 0.3}
#: Long tunes in short windows, so that all have one length and a step is compiled once.
SETTINGS = {"windows": "tunes", "batch_size": 6, "seq_length": 48, "learning_rate": 1e-2, "seed": 5}


@pytest.fixture(scope="module")
def parts(few_tunes):
    return few_tunes.split(validation=0.2, test=0, seed=0)


def trainer(parts, run_dir=None, **settings):
    dropout = settings.pop("dropout", SMALL["dropout"])
    vocabulary = Vocabulary.from_text(parts[0].text + parts[1].text)
    model = CharLSTM(vocabulary, **{**SMALL, "dropout": dropout})
    return Trainer(model, parts[0], run_dir=run_dir, **{**SETTINGS, **settings})


def costs_of(model, tunes):
    """Cost in nats of each predicted character of each tune, read alone without padding."""
    costs = []
    for tune in tunes:
        ids = model.vocabulary.encode(f"\n\n{tune}\n\n")[None]
        logits, _ = model.unroll(ids[:, :-1], model.initial_state(1))
        costs.append(tf.nn.sparse_softmax_cross_entropy_with_logits(ids[:, 1:], logits)[0])
    return costs


def tunes_of(model, window):
    texts = [model.vocabulary.decode(row[row >= 0]) for row in window]
    return [text[2:-2] for text in texts if text]


@pytest.mark.slow
def test_loss_and_gradients_of_a_batch_are_those_of_its_tunes_read_alone(parts):
    made = trainer(parts, seq_length=4000, dropout=0, batch_size=5)
    model, task = made.model, made._task
    found = list(made._batches.epoch(0))
    assert all(batch.begins for batch in found)
    batch = min(found, key=lambda batch: (batch.predictions > 0).sum())
    assert batch.predictions.min() == 0  # a row without a tune
    with tf.GradientTape() as tape:
        loss, correct, _ = task.objective(
            batch.window, model.initial_state(5), tf.zeros(3, tf.int32)
        )
    gradients = tape.gradient(loss, model.trainable_variables)
    with tf.GradientTape() as tape:
        costs = tf.concat(costs_of(model, tunes_of(model, batch.window)), axis=0)
        expected = tf.reduce_sum(costs) / len(costs)
    assert len(costs) == batch.predictions.sum()
    assert float(loss) == pytest.approx(float(expected), rel=1e-5)
    assert 0 <= int(correct) <= len(costs)
    for one, other in zip(
        gradients, tape.gradient(expected, model.trainable_variables), strict=True
    ):
        np.testing.assert_allclose(
            tf.convert_to_tensor(one), tf.convert_to_tensor(other), rtol=1e-3, atol=1e-6
        )


def test_padding_is_never_predicted_correctly_nor_read(parts, monkeypatch):
    made, read = trainer(parts, dropout=0), []
    batch = next(b for b in made._batches.epoch(0) if (b.window < 0).any())
    unroll = CharLSTM.unroll

    def watched(model, ids, *arguments, **options):
        read.append(ids)
        return unroll(model, ids, *arguments, **options)

    monkeypatch.setattr(CharLSTM, "unroll", watched)
    state = made.model.initial_state(6)
    _, correct, _ = made._task.objective(batch.window, state, tf.zeros(3, tf.int32))
    assert tf.reduce_min(read) >= 0
    logits, _ = unroll(made.model, read[0], state)
    right = np.argmax(logits, axis=2) == batch.window[:, 1:]
    assert int(correct) == (right & (batch.window[:, 1:] >= 0)).sum()


@pytest.mark.slow
def test_the_loss_of_an_epoch_is_the_mean_over_all_characters(parts):
    eight = Corpus("eight", parts[0].tunes[:8])  # the second batch has rows without a tune
    made = trainer((eight, parts[1]), dropout=0, learning_rate=1e-12)
    costs = np.concatenate([cost.numpy() for cost in costs_of(made.model, eight.tunes)])
    (record,) = made.fit(1)
    assert record.loss == pytest.approx(costs.mean(), rel=1e-5)
    assert record.bits_per_char == pytest.approx(costs.mean() / math.log(2), rel=1e-5)
    assert 0 < record.accuracy < 0.5


def interrupt_at(number, monkeypatch):
    """Interrupt training in the step of this number."""
    step, steps = Step.__call__, []

    def interrupt(*arguments):
        steps.append(1)
        if len(steps) == number:
            signal.raise_signal(signal.SIGINT)
        return step(*arguments)

    monkeypatch.setattr(Step, "__call__", interrupt)


@pytest.mark.slow
def test_a_run_interrupted_within_a_long_tune_resumes_bit_for_bit(parts, tmp_path, monkeypatch):
    whole = trainer(parts, tmp_path / "whole")
    begins = [batch.begins for epoch in (0, 1) for batch in whole._batches.epoch(epoch)]
    stop = next(n for n in range(3, len(begins)) if not begins[n])  # the next window continues
    whole.fit(2)
    with monkeypatch.context() as patch:
        interrupt_at(stop, patch)
        with pytest.raises(KeyboardInterrupt):
            trainer(parts, tmp_path / "stopped").fit(2)
    resumed = trainer(parts, tmp_path / "stopped")
    resumed.fit(2)
    assert [r[:-2] for r in whole.history] == [r[:-2] for r in resumed.history]
    for name, array in whole.model.weight_arrays().items():
        np.testing.assert_array_equal(array, resumed.model.weight_arrays()[name], err_msg=name)


def test_the_window_of_whole_tunes_is_longer_by_default():
    assert TrainingSettings(windows="tunes").seq_length == 512
    assert TrainingSettings().seq_length == 64


def test_other_windows_than_the_recipes_do_not_take_its_seq_length(parts):
    model = trainer(parts).model
    made = Trainer.from_recipe("mit", model, parts[0], windows="tunes")
    assert (made.settings.seq_length, made.settings.steps_per_epoch) == (512, None)
    assert Trainer.from_recipe("mit", model, parts[0]).settings.seq_length == 100
    assert Trainer.from_recipe("jigs", model, parts[0], windows="streams").settings.seq_length == 64
    given = Trainer.from_recipe("jigs", model, parts[0], windows="tunes", seq_length=200)
    assert given.settings.seq_length == 200


@pytest.mark.slow
def test_progress_ends_at_its_total(parts, monkeypatch):
    bars = []

    def visible(show, **options):
        bars.append(tqdm(file=io.StringIO(), **options))
        return bars[0]

    monkeypatch.setattr(loop, "progress_bar", visible)
    trainer(parts).fit(2)
    assert bars[0].n == bars[0].total == 2 * sum(len(tune) + 3 for tune in parts[0].tunes)


@pytest.mark.slow  # compiles a step for each length
def test_tunes_of_many_lengths_train_without_warnings_of_tensorflow(caplog):
    tunes = tuple(f"X:1\nK:C\n{'cdef ' * bars}c" for bars in range(1, 56, 8))
    corpus = Corpus("lengths", tunes)
    model = CharLSTM(corpus.vocabulary, **SMALL)
    made = Trainer(model, corpus, **{**SETTINGS, "batch_size": 1, "seq_length": 400})
    tf.get_logger().addHandler(caplog.handler)
    try:
        made.fit(1)
    finally:
        tf.get_logger().removeHandler(caplog.handler)
    lengths = {batch.window.shape for batch in made._batches.epoch(0)}
    assert len(lengths) > 5  # TensorFlow warns from five on
    assert "retracing" not in caplog.text
