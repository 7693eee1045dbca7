"""One process of a distributed run: python tests/helpers/worker.py OUT [--notes] ...

TF_CONFIG says which process it is, as always with TensorFlow. Without TF_CONFIG it trains
alone, or with --mirrored N on N devices of its own. Writes its final weights and scores to
the file OUT.
"""

import argparse
import os
import signal
import sys
from typing import Any

import numpy as np
import tensorflow as tf

#: One checkpoint in about ten steps, counted and not timed: see StepClock.
MINUTES = 9.5


def chosen_strategy(mirrored: int | None) -> tf.distribute.Strategy | None:
    if mirrored:
        cpu = tf.config.list_physical_devices("CPU")[0]
        parts = [tf.config.LogicalDeviceConfiguration()] * mirrored
        tf.config.set_logical_device_configuration(cpu, parts)
        return tf.distribute.MirroredStrategy([f"/cpu:{number}" for number in range(mirrored)])
    if "TF_CONFIG" in os.environ:
        return tf.distribute.MultiWorkerMirroredStrategy()
    return None


class CountedStep:
    """A training step that ends this process with SIGKILL before its call of a number."""

    def __init__(self, step: Any, number: int | None) -> None:
        self._step, self._number, self._calls = step, number, 0

    def __call__(self, *arguments: Any) -> Any:
        self._calls += 1
        if self._calls == self._number:
            os.kill(os.getpid(), signal.SIGKILL)
        return self._step(*arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._step, name)


#: A tune memory that is full in every tune.
MEMORY = {"memory_dim": 4, "memory_heads": 2, "memory_characters": 2, "memory_capacity": 48}
#: Whole tunes in windows of one length, in several keys, with averaged weights. A training
#: step is compiled twice: for windows that begin tunes, and for those that continue them.
WHOLE_TUNES = {"windows": "tunes", "seq_length": 64, "transpose": True, "average": 0.9}


def tune_trainer(
    strategy: tf.distribute.Strategy | None, run_dir: str | None, whole_tunes: bool
) -> Any:
    import abcrnn
    from abcrnn.data.corpus import Corpus

    few = Corpus("few", abcrnn.load_corpus("oneills").tunes[:50])
    train, validation, _ = few.split(0.1, 0, seed=0)
    vocabulary = abcrnn.Vocabulary.from_text(few.text)
    with (strategy or tf.distribute.get_strategy()).scope():
        model = abcrnn.CharLSTM(
            vocabulary,
            embedding_dim=8,
            units=32,
            num_layers=2,
            dropout=0.3,
            **(MEMORY if whole_tunes else {}),
        )
    return abcrnn.Trainer(
        model,
        train,
        validation=validation,
        run_dir=run_dir,
        callbacks=[lambda _, record: print("epoch", record.epoch, flush=True)],
        strategy=strategy,
        batch_size=8,
        checkpoint_minutes=MINUTES,
        seed=4,
        **(WHOLE_TUNES if whole_tunes else {"seq_length": 64}),
    )


def note_trainer(recipe: str, strategy: tf.distribute.Strategy | None, run_dir: str | None) -> Any:
    from abcrnn.data.notes import Piece, notes_of_steps
    from abcrnn.events import NoteModel, NoteTrainer

    rng = np.random.default_rng(7)
    pieces = [
        Piece(f"{n}.mid", 0, 120.0, notes_of_steps(*(rng.choice(c, 120) for c in CHOICES)))
        for n in range(8)
    ]
    sizes = {
        "default": {"pitch_dim": 8, "time_dim": 4, "units": 16, "head_units": 8, "dropout": 0.3},
        "tutorial": {"units": 16, "seq_length": 8},
    }
    with (strategy or tf.distribute.get_strategy()).scope():
        model = NoteModel.from_recipe(recipe, pieces[:6], seed=2, **sizes[recipe])
    options = {"seq_length": 8, "batch_size": 16 if recipe == "tutorial" else 4}
    return NoteTrainer.from_recipe(
        recipe, model, pieces[:6], validation=pieces[6:], run_dir=run_dir, strategy=strategy,
        checkpoint_minutes=MINUTES, seed=4, **options,
    )  # fmt: skip


#: Pitches, steps and durations of random notes.
CHOICES = ([60, 62, 64, 65, 67], [0.0, 0.25, 0.5], [0.25, 0.5])


def scores(record: Any) -> list[float]:
    """Everything in a record but the times."""
    return [float(value) for value in record[:-2]]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--notes", choices=("default", "tutorial"), metavar="RECIPE")
    parser.add_argument("--whole-tunes", action="store_true")
    parser.add_argument("--run-dir")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--mirrored", type=int)
    parser.add_argument("--kill-before-step", type=int)
    options = parser.parse_args()
    strategy = chosen_strategy(options.mirrored)

    from abcrnn.training.loop import TrainingLoop
    from helpers.clock import StepClock

    TrainingLoop._clock = StepClock()
    if options.notes:
        trainer = note_trainer(options.notes, strategy, options.run_dir)
    else:
        trainer = tune_trainer(strategy, options.run_dir, options.whole_tunes)
    trainer._step = CountedStep(trainer._step, options.kill_before_step)
    history = trainer.fit(options.epochs)
    assert history[-1].steps >= 20
    history = [scores(record) for record in history]
    np.savez(options.out, history=history, **trainer.model.weight_arrays())


if __name__ == "__main__":
    sys.exit(main())
