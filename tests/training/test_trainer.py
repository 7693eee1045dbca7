"""The Trainer: resumed runs equal uninterrupted ones, bit for bit; scores, callbacks, errors."""

import csv
import json
import logging
import math
import shutil
import signal

import numpy as np
import pytest
import tensorflow as tf

import abcrnn
from abcrnn import CharLSTM, Trainer, Vocabulary, load_model
from abcrnn.data.corpus import Corpus
from abcrnn.training.callbacks import log_to_tensorboard, sample_every
from abcrnn.training.records import EpochRecord
from abcrnn.training.run_folder import RunFolder
from abcrnn.training.steps import Step

SMALL = {"embedding_dim": 8, "units": 16, "num_layers": 1, "dropout": 0.3}
SETTINGS = {"batch_size": 4, "seq_length": 32, "learning_rate": 1e-2, "seed": 5}
RANDOM = {"windows": "random", "steps_per_epoch": 30}
TIMING = {"seconds", "chars_per_second"}


@pytest.fixture(scope="module")
def parts(few_tunes):
    return few_tunes.split(validation=0.2, test=0, seed=0)


def trainer(parts, run_dir=None, model=None, validated=False, **settings):
    """A small trainer, without validation unless requested, since compiling takes time."""
    whole = "".join(part.text for part in parts if part.tunes)
    model = model or CharLSTM(Vocabulary.from_text(whole), **SMALL)
    return Trainer(
        model,
        parts[0],
        validation=parts[1] if validated else None,
        run_dir=run_dir,
        **{**SETTINGS, **settings},
    )


def weights(t):
    return t.model.weight_arrays()


def untimed(history):
    return [
        {name: value for name, value in record._asdict().items() if name not in TIMING}
        for record in history
    ]


def assert_same_run(one, other):
    assert untimed(one.history) == untimed(other.history)
    for name, array in weights(one).items():
        np.testing.assert_array_equal(array, weights(other)[name], err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("extra", [{}, RANDOM, {"decay_epochs": 4}])
def test_four_epochs_are_two_and_a_resume_of_two(parts, tmp_path, extra):
    extra = {"validated": not extra, **extra}
    whole = trainer(parts, tmp_path / "whole", **extra)
    whole.fit(4)
    trainer(parts, tmp_path / "halves", **extra).fit(2)
    resumed = trainer(parts, tmp_path / "halves", **extra)
    resumed.fit(4)
    assert_same_run(whole, resumed)
    assert [record.epoch for record in resumed.history] == [1, 2, 3, 4]


@pytest.mark.slow
def test_fit_resumes_without_a_run_folder(parts):
    whole, halves = trainer(parts, validated=True), trainer(parts, validated=True)
    whole.fit(3)
    halves.fit(1)
    halves.fit(3)
    assert_same_run(whole, halves)


@pytest.mark.slow
def test_fit_after_a_failed_fit_resumes_from_the_last_checkpoint(parts, monkeypatch):
    """As in a notebook, after a second Ctrl-C in the middle of a step."""
    whole, failed = trainer(parts), trainer(parts)
    whole.fit(2)
    step, steps, windows = Step.__call__, [], failed._batches.windows

    def fail_after_a_step(*arguments):
        steps.append(1)
        results = step(*arguments)
        if len(steps) in (5, windows + 8):
            raise KeyboardInterrupt
        return results

    monkeypatch.setattr(Step, "__call__", fail_after_a_step)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            failed.fit(2)
    failed.fit(2)
    assert_same_run(whole, failed)
    assert len(steps) == 5 + windows + 3 + windows  # the first epoch was not trained a third time


@pytest.mark.slow
def test_settings_of_checkpoints_can_change_when_a_run_is_resumed(parts, tmp_path):
    trainer(parts, tmp_path, checkpoint_epochs=2).fit(1)
    saved = RunFolder(tmp_path).newest_checkpoint(like=trainer(parts)._capture().arrays)
    assert saved.position.epoch == 1  # the last epoch is always saved
    changed = {"checkpoint_minutes": 1, "keep_every": 1}
    trainer(parts, tmp_path, **changed).fit(1)


def test_a_run_interrupted_within_an_epoch_resumes_bit_for_bit(parts, tmp_path, monkeypatch):
    whole = trainer(parts, tmp_path / "whole")
    whole.fit(2)
    stopped = trainer(parts, tmp_path / "stopped")
    step, steps = Step.__call__, []

    def interrupt_at_step_7(*arguments):
        steps.append(1)
        if len(steps) == 7:
            signal.raise_signal(signal.SIGINT)
        return step(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Step, "__call__", interrupt_at_step_7)
        with pytest.raises(KeyboardInterrupt):
            stopped.fit(2)
    assert len(steps) == 7
    resumed = trainer(parts, tmp_path / "stopped")
    resumed.fit(2)
    assert_same_run(whole, resumed)


@pytest.mark.slow
def test_checkpoints_by_the_minute_are_saved_within_an_epoch(parts, tmp_path, step_clock):
    made = trainer(parts, tmp_path, checkpoint_minutes=0.5)
    made.fit(1)
    checkpoint = RunFolder(tmp_path).newest_checkpoint(like=made._capture().arrays)
    assert checkpoint.position.epoch == 1
    names = sorted(p.name for p in (tmp_path / "checkpoints").iterdir())
    assert len(names) == 3
    steps = [int(name[5:14]) for name in names]
    last = made.history[0].steps
    assert steps == [last - 2, last - 1, last]


@pytest.mark.slow
def test_bits_per_char_and_accuracy_improve(parts):
    history = trainer(parts, validated=True).fit(12)
    assert history[-1].bits_per_char < 0.8 * history[0].bits_per_char
    assert history[-1].validation_bits_per_char < history[0].validation_bits_per_char
    assert history[-1].accuracy > history[0].accuracy


@pytest.mark.slow
def test_the_first_step_is_adam_with_clipping(parts):
    """The first update by NumPy: Adam (Kingma and Ba, end of section 2) on clipped gradients."""
    model = CharLSTM(Vocabulary.from_text(parts[0].text + parts[1].text), **{**SMALL, "dropout": 0})
    made = trainer(parts, model=model, clip_norm=0.05)
    batch = next(made._batches.epoch(0))
    window = batch.window
    before = [v.numpy().astype(np.float64) for v in model.trainable_variables]
    with tf.GradientTape() as tape:
        logits, _ = model.unroll(window[:, :-1], model.initial_state(4))
        likelihood = tf.nn.log_softmax(logits)
        loss = -tf.reduce_mean(tf.gather(likelihood, window[:, 1:], batch_dims=2))
    gradients = tape.gradient(loss, [v.value for v in model.trainable_variables])
    gradients = [np.asarray(tf.convert_to_tensor(g), np.float64) for g in gradients]
    norm = math.sqrt(sum(float((g**2).sum()) for g in gradients))
    assert norm > 0.05
    made._step(batch, model.initial_state(4))
    for variable, old, gradient in zip(model.trainable_variables, before, gradients, strict=True):
        clipped = gradient * 0.05 / norm
        m, v = 0.1 * clipped, 0.001 * clipped**2
        rate = 1e-2 * math.sqrt(1 - 0.999) / (1 - 0.9)
        expected = old - rate * m / (np.sqrt(v) + 1e-7)
        np.testing.assert_allclose(variable.numpy(), expected, atol=2e-4)


@pytest.mark.slow
def test_the_best_model_is_saved_and_restored(parts, tmp_path):
    made = trainer(parts, tmp_path, validated=True, learning_rate=0.05, keep_every=2)
    history = made.fit(6)
    best = min(history, key=lambda record: record.validation_bits_per_char)
    kept = load_model(tmp_path / "best.abcrnn")
    assert kept.about["epoch"] == best.epoch
    for name, array in kept.weight_arrays().items():
        np.testing.assert_array_equal(array, weights(made)[name])
    scores = abcrnn.evaluate(kept, parts[1])
    assert scores["bits_per_char"] == pytest.approx(best.validation_bits_per_char, abs=1e-6)
    assert sorted(p.name for p in tmp_path.glob("epoch-*")) == [
        "epoch-0002.abcrnn", "epoch-0004.abcrnn", "epoch-0006.abcrnn",
    ]  # fmt: skip


@pytest.mark.slow
def test_the_model_has_digests_of_training_and_validation_tunes(parts, tmp_path):
    made = trainer(parts, tmp_path, validated=True, **RANDOM)
    made.fit(1)
    expected = {int(d) for part in parts[:2] for d in part.body_digests()}
    saved = load_model(tmp_path / "best.abcrnn").trained_digests
    assert set(saved.tolist()) == set(made.model.trained_digests.tolist()) == expected


@pytest.mark.slow
def test_patience_stops_a_run_that_no_longer_improves(parts):
    history = trainer(parts, validated=True, learning_rate=0.3, patience=2).fit(50)
    bits = [record.validation_bits_per_char for record in history]
    assert len(history) < 50
    assert len(history) - 1 - bits.index(min(bits)) == 2


@pytest.mark.slow
def test_learning_rate_falls_along_half_a_cosine(parts):
    made = trainer(parts, decay_epochs=5)
    rates = [record.learning_rate for record in made.fit(6)]
    assert rates[:5] == sorted(rates[:5], reverse=True)
    assert rates[4:] == pytest.approx([1e-4, 1e-4])


@pytest.mark.slow
def test_history_csv_has_the_records(parts, tmp_path):
    history = trainer(parts, tmp_path).fit(2)
    with open(tmp_path / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["loss"]) for row in rows] == [record.loss for record in history]
    assert history[0].bits_per_char == pytest.approx(history[0].loss / math.log(2))
    run = json.loads((tmp_path / "run.json").read_text())
    assert run["training"]["learning_rate"] == 1e-2
    assert run["versions"]["tensorflow"] == tf.__version__


@pytest.mark.slow
def test_without_validation_the_last_model_is_kept(parts, tmp_path):
    model = CharLSTM(Vocabulary.from_text(parts[0].text), **SMALL)
    history = Trainer(model, parts[0], run_dir=tmp_path, **SETTINGS).fit(2)
    assert history[0].validation_bits_per_char is None
    assert load_model(tmp_path / "best.abcrnn").about["epoch"] == 2


# Callbacks ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_callbacks_are_called_after_each_epoch(parts):
    seen = []
    Trainer(
        trainer(parts).model,
        parts[0],
        callbacks=[lambda t, record: seen.append(record)],
        **SETTINGS,
    ).fit(2)
    assert [type(record) for record in seen] == [EpochRecord] * 2


@pytest.mark.slow
def test_sampling_while_training(parts, capsys):
    made = trainer(parts)
    made._callbacks.append(sample_every(2, length=30))
    made.fit(3)
    assert capsys.readouterr().out.count("after epoch") == 1


def test_tensorboard_logs(parts, tmp_path):
    pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")
    made = trainer(parts)
    made._callbacks.append(log_to_tensorboard(tmp_path))
    made.fit(1)
    assert list(tmp_path.glob("events.out.tfevents.*"))


# Errors ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_run_folder_with_other_settings_is_refused(parts, tmp_path):
    trainer(parts, tmp_path).fit(1)
    with pytest.raises(ValueError, match="its training learning_rate is 0.01, not 0.02"):
        trainer(parts, tmp_path, learning_rate=0.02).fit(2)
    other = CharLSTM(trainer(parts).model.vocabulary, **{**SMALL, "units": 17})
    with pytest.raises(ValueError, match="its model units is 16, not 17"):
        trainer(parts, tmp_path, model=other).fit(2)
    wider = Vocabulary.from_text(parts[0].text + parts[1].text + "\u4e2d")
    with pytest.raises(ValueError, match="holds another run: its vocabulary is"):
        trainer(parts, tmp_path, model=CharLSTM(wider, **SMALL)).fit(2)
    with pytest.raises(ValueError, match="its corpus name is 'few/train', not 'few/validation'"):
        trainer((parts[1], parts[1]), tmp_path, model=trainer(parts).model).fit(2)


@pytest.mark.parametrize("content", ["", "{}", "[1]", "\x00"])
def test_a_damaged_run_file_is_named(parts, tmp_path, content):
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(ValueError, match="run.json is damaged"):
        trainer(parts, tmp_path).fit(1)


@pytest.mark.slow
def test_a_damaged_newest_checkpoint_is_skipped_with_a_warning(parts, tmp_path, caplog):
    whole = trainer(parts, tmp_path / "whole")
    whole.fit(3)
    trainer(parts, tmp_path / "damaged").fit(2)
    newest = sorted((tmp_path / "damaged" / "checkpoints").iterdir())[-1]
    newest.write_bytes(newest.read_bytes()[:-100])
    resumed = trainer(parts, tmp_path / "damaged")
    with caplog.at_level(logging.WARNING):
        resumed.fit(3)
    assert f"{newest.name} is not a valid abcrnn checkpoint file" in caplog.text
    assert "resuming from an earlier one, step-" in caplog.text
    assert_same_run(whole, resumed)


@pytest.mark.slow
def test_a_full_disk_changes_no_file_of_the_run(parts, tmp_path, full_disk):
    whole = trainer(parts, tmp_path / "whole")
    whole.fit(2)
    run = tmp_path / "run"
    trainer(parts, run).fit(1)
    shutil.copytree(run, tmp_path / "before")
    with full_disk, pytest.raises(OSError, match="No space left"):
        trainer(parts, run).fit(2)

    def contents(folder):
        return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}

    assert contents(run) == contents(tmp_path / "before")
    resumed = trainer(parts, run)
    resumed.fit(2)
    assert_same_run(whole, resumed)


def test_a_loss_that_is_not_finite_stops_the_run(parts):
    model = trainer(parts).model
    model.head.bias.assign(np.full(len(model.vocabulary), np.nan))
    with pytest.raises(
        FloatingPointError, match="loss is nan in epoch 1, window 1: use a smaller learning_rate"
    ):
        trainer(parts, model=model).fit(1)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1, not 0"),
        ({"seq_length": 1.5}, "seq_length must be"),
        ({"learning_rate": -1}, "learning_rate must be a positive number, not -1"),
        ({"learning_rate": math.nan}, "learning_rate must be a positive number"),
        ({"patience": 0}, "patience must be"),
        ({"windows": "sliding"}, "windows must be 'streams', 'random' or 'tunes', not 'sliding'"),
        ({"windows": "random"}, "steps_per_epoch is required with windows='random'"),
        ({"steps_per_epoch": 3}, "steps_per_epoch is required with windows='random'"),
        ({"seed": -1}, "seed must be"),
        ({"seq_length": 100_000}, "one window needs 400001"),
    ],
)
def test_invalid_settings_are_named(parts, setting, message):
    with pytest.raises(ValueError, match=message):
        trainer(parts, **setting)
    with pytest.raises(ValueError, match="epochs must be"):
        trainer(parts).fit(0)


def test_a_character_outside_the_vocabulary_is_named(parts):
    with pytest.raises(ValueError, match=r"tune 1 of 1.*the character 'é' at line 2, column 3"):
        foreign = Corpus("foreign", ("X:1\nT:é\nK:C\nc",))
        Trainer(trainer(parts).model, foreign, **SETTINGS)


def test_a_model_built_outside_the_strategy_is_refused(parts):
    strategy = tf.distribute.MirroredStrategy(["/cpu:0"])
    with pytest.raises(ValueError, match="build it in 'with strategy.scope"):
        trainer(parts, strategy=strategy)


def test_a_batch_size_that_replicas_cannot_share_is_refused(parts, monkeypatch):
    strategy = tf.distribute.MirroredStrategy(["/cpu:0"])
    monkeypatch.setattr(type(strategy), "num_replicas_in_sync", 3)
    with pytest.raises(ValueError, match="a multiple of the 3 replicas that share it, not 4"):
        trainer(parts, strategy=strategy)


@pytest.mark.parametrize("collective", ["_compiled", "_gather", "_sum"])
def test_a_lost_worker_raises_in_every_collective_operation(parts, monkeypatch, collective):
    def gone(*_):
        raise tf.errors.UnavailableError(None, None, "Connection refused")

    strategy = tf.distribute.MirroredStrategy(["/cpu:0"])
    with strategy.scope():
        model = CharLSTM(Vocabulary.from_text(parts[0].text), **SMALL)
    made = Trainer(model, parts[0], strategy=strategy, **SETTINGS)
    monkeypatch.setattr(made._step, collective, gone)
    with pytest.raises(ConnectionError, match="a worker of this run has ended.*Connection refused"):
        made.fit(1)


@pytest.mark.slow
def test_fit_says_that_there_is_nothing_to_train(parts, tmp_path, caplog):
    first = trainer(parts, tmp_path, validated=True)
    history = first.fit(2)
    assert not caplog.records
    assert first.fit(np.int64(1)) == history
    [record] = caplog.records
    assert record.getMessage() == (
        "nothing to train: epochs=1 counts the whole run, and epoch 2 is finished"
    )


@pytest.mark.slow
def test_an_epoch_is_a_line_where_no_bar_is_visible(parts, capsys):
    [record] = trainer(parts, validated=True).fit(1)
    line = capsys.readouterr().err
    assert line == f"epoch 1/1: {record.summary()}, {record.seconds:.0f} s\n"
    assert "training 5." in line and ", validation " in line


@pytest.mark.slow
def test_settings_of_numpy(parts, tmp_path):
    numbers = {"batch_size": np.int64(4), "learning_rate": np.float32(0.5), "seed": np.uint8(5)}
    trainer(parts, tmp_path, **numbers).fit(np.int32(1))
    recorded = json.loads((tmp_path / "run.json").read_text())["training"]
    assert (recorded["batch_size"], recorded["learning_rate"], recorded["seed"]) == (4, 0.5, 5)
    with pytest.raises(ValueError, match="batch_size must be a whole number of at least 1, not"):
        trainer(parts, batch_size=np.True_)


@pytest.mark.slow
def test_worse_than_chance(parts, caplog):
    exploded = trainer(parts, learning_rate=1000.0, validated=True)
    exploded.fit(1)
    message = exploded.worse_than_chance()
    assert message in caplog.text and message.startswith("worse than chance (")
    bits = math.log2(len(exploded.model.vocabulary))
    assert f"uniform is {bits:.3f}): use a smaller learning_rate (it is 1000)" in message
    trained = trainer(parts)
    trained.fit(1)
    assert trained.worse_than_chance() is None
