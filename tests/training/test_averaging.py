"""Averaged weights: their value, when they are kept, and exact resume."""

import numpy as np
import pytest

import abcrnn
from abcrnn import CharLSTM, Trainer, Vocabulary, load_model
from abcrnn.cli import main
from abcrnn.training.averaging import WeightAverage
from abcrnn.training.steps import Step

SMALL = {"embedding_dim": 8, "units": 16, "num_layers": 1, "dropout": 0.3}
SETTINGS = {"batch_size": 4, "seq_length": 32, "learning_rate": 1e-2, "seed": 5, "average": 0.9}


@pytest.fixture(scope="module")
def parts(few_tunes):
    return few_tunes.split(validation=0.2, test=0, seed=0)


def trainer(parts, run_dir=None, validated=True, **settings):
    model = CharLSTM(Vocabulary.from_text(parts[0].text + parts[1].text), **SMALL)
    validation = parts[1] if validated else None
    options = {**SETTINGS, **settings}
    return Trainer(model, parts[0], validation=validation, run_dir=run_dir, **options)


def weights(made):
    return [variable.numpy() for variable in made.model.trainable_variables]


def averages(made):
    return [variable.numpy() for variable in made._step.average.variables]


def assert_equal(one, other):
    for array, expected in zip(one, other, strict=True):
        np.testing.assert_array_equal(array, expected)


@pytest.mark.slow
def test_the_average_is_that_of_the_formula(parts):
    made = trainer(parts)
    expected = [array.astype(np.float64) for array in weights(made)]
    state = made._step.initial_state()
    for step, batch in enumerate(made._batches.epoch(0), start=1):
        _, _, state = made._step(batch, state)
        decay = min(0.9, (1 + step) / (10 + step))
        expected = [
            decay * old + (1 - decay) * new
            for old, new in zip(expected, weights(made), strict=True)
        ]
    assert step > 80  # the decay has reached 0.9
    for array, value in zip(averages(made), expected, strict=True):
        np.testing.assert_allclose(array, value, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_the_trained_weights_do_not_change(parts):
    """Training with an average takes the same steps as without."""
    made, plain = trainer(parts, validated=False), trainer(parts, validated=False, average=None)
    for one in (made, plain):
        state = one._step.initial_state()
        for batch in one._batches.epoch(0):
            _, _, state = one._step(batch, state)
    for array, expected in zip(weights(made), weights(plain), strict=True):
        np.testing.assert_allclose(array, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("learning_rate", [0.1, 1e-3])
def test_the_better_weights_of_an_epoch_are_scored_and_kept(parts, tmp_path, learning_rate):
    made, better = trainer(parts, tmp_path, learning_rate=learning_rate), []
    keep = made._keep_best

    def compare(record, score):
        current = abcrnn.evaluate(made.model, parts[1])["bits_per_char"]
        assert current == pytest.approx(score, abs=1e-6)
        with made._weights(True):
            averaged = abcrnn.evaluate(made.model, parts[1])["bits_per_char"]
        better.append(averaged == pytest.approx(score, abs=1e-6))
        assert averaged >= score - 1e-6
        keep(record, score)

    made._keep_best = compare
    history = made.fit(3)
    # Noisy steps gain from the average; slow steps only lag behind.
    assert all(better) if learning_rate == 0.1 else not any(better)
    best = min(record.validation_bits_per_char for record in history)
    kept = load_model(tmp_path / "best.abcrnn")
    assert abcrnn.evaluate(kept, parts[1])["bits_per_char"] == pytest.approx(best, abs=1e-6)
    assert_equal(weights(made), [v.numpy() for v in kept.trainable_variables])


def test_without_validation_the_averaged_weights_are_kept(parts, tmp_path):
    made = trainer(parts, tmp_path, validated=False)
    made.fit(1)
    assert_equal(weights(made), averages(made))
    kept = load_model(tmp_path / "best.abcrnn")
    assert_equal(weights(made), [v.numpy() for v in kept.trainable_variables])


@pytest.mark.slow
@pytest.mark.parametrize("validated", [False, True])
def test_a_resumed_run_has_the_same_average(parts, tmp_path, monkeypatch, validated):
    whole = trainer(parts, tmp_path / "whole", validated)
    whole.fit(2)
    stopped = trainer(parts, tmp_path / "stopped", validated, checkpoint_minutes=1e-9)
    step, steps = Step.__call__, []

    def fail_at_step_100(*arguments):
        steps.append(1)
        if len(steps) == 100:
            raise RuntimeError
        return step(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Step, "__call__", fail_at_step_100)
        with pytest.raises(RuntimeError):
            stopped.fit(2)
    resumed = trainer(parts, tmp_path / "stopped", validated)
    resumed.fit(2)
    assert [r[:-2] for r in whole.history] == [r[:-2] for r in resumed.history]
    assert_equal(averages(whole), averages(resumed))
    assert_equal(weights(whole), weights(resumed))
    again = trainer(parts, tmp_path / "whole", validated)
    again.fit(3)  # from the trained weights, not from the averaged ones
    resumed.fit(3)
    assert_equal(averages(again), averages(resumed))


@pytest.mark.slow
def test_a_run_without_average_is_not_resumed_with_one(parts, tmp_path):
    trainer(parts, tmp_path, validated=False, average=None).fit(1)
    with pytest.raises(ValueError, match=r"its training average is unset, not 0\.9"):
        trainer(parts, tmp_path, validated=False).fit(2)


def test_an_error_in_the_block_gives_the_trained_weights_back(parts):
    made = trainer(parts)
    trained = weights(made)
    average = WeightAverage(made.model, 0.9)
    average.assign({f"average/{n}": array + 1 for n, array in enumerate(trained)})
    with pytest.raises(RuntimeError), average.in_model():
        assert_equal(weights(made), [array + 1 for array in trained])
        raise RuntimeError
    assert_equal(weights(made), trained)


@pytest.mark.parametrize("value", [0, 1, 1.5, -0.1, float("nan"), "0.9", True])
def test_an_invalid_decay_is_named(parts, value):
    with pytest.raises(ValueError, match="average must be above 0 and below 1, not "):
        trainer(parts, average=value)


def test_the_command_line_refuses_a_decay_of_one(capsys):
    with pytest.raises(SystemExit) as error:
        main(["train", "jigs", "--out", "run", "--average", "1"])
    assert error.value.code == 2
    assert "--average: must be above 0 and below 1" in capsys.readouterr().err
