"""The training loop: epochs, checkpoints, the best model.

The loop is not Keras's ``model.fit``: the state is carried from window to window, a
run can stop and resume at any step, and everything random depends on the seed and
the number of the step alone, so a resumed run equals an uninterrupted one bit for
bit. What is trained on what is in a :class:`abcrnn.training.task.Task`.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

import tensorflow as tf

from abcrnn.storage.archive import Arrays
from abcrnn.storage.progress import progress_bar, write_line
from abcrnn.storage.validation import require_count
from abcrnn.training.distributed_step import make_step
from abcrnn.training.interrupts import catch_interrupts
from abcrnn.training.records import EpochTotals
from abcrnn.training.run_folder import Checkpoint, Position, RunFolder
from abcrnn.training.settings import TrainingSettings
from abcrnn.training.task import Task

_logger = logging.getLogger(__name__)


class TrainingLoop:
    """Trains the model of a task.

    Parameters
    ----------
    task : Task
    settings : TrainingSettings
    run_dir : path-like, optional
        The run folder. Without it nothing is written.
    callbacks : sequence of callable
        Each is called with the loop and the epoch's record after each epoch.
    strategy : tf.distribute.Strategy, optional
        Shares each batch among several devices or processes.
    """

    #: Returns the time in seconds; tests replace it by one that counts calls.
    _clock: Callable[[], float] = staticmethod(time.monotonic)

    def __init__(
        self,
        task: Task,
        settings: TrainingSettings,
        *,
        run_dir: str | os.PathLike[str] | None = None,
        callbacks: Sequence[Callable[[Any, Any], None]] = (),
        strategy: tf.distribute.Strategy | None = None,
    ) -> None:
        self.model, self.settings = task.model, settings
        #: One record for each finished epoch.
        self.history: list[Any] = []
        self._task = task
        self._step = make_step(task, settings, strategy)
        #: Whether this process writes the run folder: the only process, or the first of several.
        self.is_chief = self._step.is_chief
        self._batches = task.make_batches(self._step.rows)
        self._step.build_optimizer(self._batches.size(0).batches)
        self._callbacks = list(callbacks)
        self._folder = RunFolder(run_dir, task.record_type) if run_dir is not None else None
        self._writer = self._folder if self.is_chief else None
        self._position = Position()
        self._state = self._step.initial_state()
        self._best: Arrays = self.model.weight_arrays() if task.validates else {}
        self._newest: Checkpoint | None = None  # where the next fit resumes
        self._saved_at = self._clock()
        self._stop_requested = threading.Event()

    def stop(self) -> None:
        """Stop ``fit`` after the step in progress, as Ctrl-C does.

        Call it from another thread, such as a timer: ``fit`` writes a checkpoint and raises
        ``KeyboardInterrupt``.
        """
        self._stop_requested.set()

    def fit(self, epochs: int) -> list[Any]:
        """Train until ``epochs`` epochs are finished in all.

        A run resumes from the newest checkpoint in its folder. Afterwards the model has
        the weights with the best validation score, or without validation data the last
        weights.

        Parameters
        ----------
        epochs : int
            Includes the epochs of a run that is resumed.

        Returns
        -------
        list
            A record for each epoch.

        Raises
        ------
        KeyboardInterrupt
            On Ctrl-C, after a checkpoint is written.
        FloatingPointError
            If the loss is infinite or not a number.
        ValueError
            If the run folder holds a different run.
        BlockingIOError
            If another process is training in the run folder.
        OSError
            If a file cannot be written; earlier checkpoints stay unchanged.
        """
        epochs = require_count("epochs", epochs)
        with self._writer.held() if self._writer else contextlib.nullcontext():
            self._resume()
            self._warn_if_finished(epochs)
            with (
                catch_interrupts(self._stop_requested) as interrupted,
                self._progress(epochs) as bar,
            ):
                while self._position.epoch < epochs and not self._out_of_patience():
                    self._run_epoch(bar, interrupted, epochs)
            if self._newest and self._newest.position != self._position:
                # The number of epochs is not a multiple of checkpoint_epochs.
                self._checkpoint()
        self._restore_best()
        return list(self.history)

    # One epoch ---------------------------------------------------------------------------

    def _run_epoch(self, bar: Any, interrupted: threading.Event, epochs: int) -> None:
        position = self._position
        started, earlier = self._clock(), position.seconds
        size = self._batches.size(position.epoch)
        bar.n, bar.total = self._progress_counts(epochs)
        for batch in self._batches.epoch(position.epoch, start=position.window):
            if batch.begins:
                self._state = self._step.window_state()
            loss, correct, self._state = self._step(batch, self._state)
            predictions = int(batch.predictions.sum())
            # The weight is exactly 1 if all batches have equally many predictions.
            weight = predictions * size.batches / size.predictions
            position.loss_sum += weight * self._require_finite(loss)
            position.correct += correct
            position.window += 1
            now = self._clock()
            position.seconds = earlier + now - started
            bar.set_postfix_str(self._progress_text(loss, epochs), refresh=False)
            bar.update(predictions)
            due = now - self._saved_at > 60 * self.settings.checkpoint_minutes
            stop, save = self._step.any_process([interrupted.is_set(), self.is_chief and due])
            if stop or save:
                self._checkpoint()
            if stop:
                raise KeyboardInterrupt
        record = self._finish_epoch()
        if self.is_chief and bar.disable:  # in a pipe or a log
            seconds = f"{record.seconds:.0f} s"
            write_line(f"epoch {record.epoch}/{epochs}: {record.summary()}, {seconds}")

    def _finish_epoch(self) -> Any:
        position = self._position
        scores, averaged = self._validate()
        if scores[0] is not None:
            self._require_finite(scores[0], "validation score")
        record = self._task.record(self._totals(), scores)
        self.history.append(record)
        _logger.info("%s", record)
        self._position = Position(
            epoch=record.epoch, best_score=position.best_score, best_epoch=position.best_epoch
        )
        self._state = self._step.initial_state()
        with self._weights(averaged):
            self._keep_best(record, scores[0])
            self._write_epoch(record)
        if _is_multiple(record.epoch, self.settings.checkpoint_epochs):
            # It comes last: a run that is killed before it repeats the epoch and writes
            # the same files again.
            self._checkpoint()
        if self.is_chief:
            for callback in self._callbacks:
                callback(self, record)
        return record

    def _totals(self) -> EpochTotals:
        position = self._position
        batches, items = self._batches.size(position.epoch)
        return EpochTotals(
            epoch=position.epoch + 1,
            steps=self._steps_taken(),
            loss=position.loss_sum / batches,
            accuracy=position.correct / items,
            learning_rate=float(tf.convert_to_tensor(self._step.optimizer.learning_rate)),
            seconds=position.seconds,
            items_per_second=items / max(position.seconds, 1e-9),
        )

    def _validate(self) -> tuple[list[float | None], bool]:
        """Return the validation scores, and whether they are those of the averaged weights.

        They are the better scores of the two. Without validation data the averaged
        weights are taken.
        """
        has_average = self._step.average is not None
        if not self._task.validates:
            return [None] * self._task.score_count, has_average
        scores = self._score()
        if has_average:
            with self._weights(averaged=True):
                of_average = self._score()
            if of_average[0] < scores[0]:
                return [*of_average], True
        return [*scores], False

    def _score(self) -> list[float]:
        """Return the chief's validation scores of the model, in every process."""
        scores = self._task.score() if self.is_chief else [0.0] * self._task.score_count
        return [self._step.from_chief(score) for score in scores]

    def _weights(self, averaged: bool) -> contextlib.AbstractContextManager[None]:
        """Return a context in which the model has the averaged weights, if requested."""
        average = self._step.average
        return average.in_model() if averaged and average else contextlib.nullcontext()

    def _keep_best(self, record: Any, score: float | None) -> None:
        self.model.about = self._task.describe_model(record)
        if score is not None and score < self._position.best_score:
            self._position.best_score, self._position.best_epoch = score, record.epoch
            self._best = self.model.weight_arrays()
            if self._writer:
                self.model.save(self._writer.best)
        elif score is None and self._writer:
            self.model.save(self._writer.best)

    def _write_epoch(self, record: Any) -> None:
        if self._writer:
            self._writer.write_history(self.history)
            if _is_multiple(record.epoch, self.settings.keep_every):
                self.model.save(self._writer.path / f"epoch-{record.epoch:04}.abcrnn")

    def _require_finite(self, value: float, name: str = "loss") -> float:
        if math.isfinite(value):
            return value
        raise FloatingPointError(
            f"the {name} is {value} in epoch {self._position.epoch + 1}, window "
            f"{self._position.window + 1}: use a smaller learning_rate "
            f"(it is {self.settings.learning_rate:g})"
        )

    def worse_than_chance(self) -> str | None:
        """Return a message if the best epoch is worse than guessing at random, otherwise None.

        Compares validation scores, or without validation data the training loss of the
        last epoch.
        """
        found = self._task.worse_than_chance(self._best_record()) if self.history else None
        if found is None:
            return None
        return (
            f"worse than chance ({found}): use a smaller learning_rate "
            f"(it is {self.settings.learning_rate:g})"
        )

    def _best_record(self) -> Any:
        return self.history[self._position.best_epoch - 1]  # without a best epoch, the last one

    def _warn_if_finished(self, epochs: int) -> None:
        finished = self._position.epoch
        if finished >= epochs:
            _logger.warning(
                "nothing to train: epochs=%d counts the whole run, and epoch %d is finished",
                epochs,
                finished,
            )
        elif self._out_of_patience():
            _logger.warning(
                "nothing to train: the run stopped after epoch %d, because the validation score "
                "had not improved (patience: %d)",
                finished,
                self.settings.patience,
            )

    def _out_of_patience(self) -> bool:
        patience, position = self.settings.patience, self._position
        return bool(
            patience and position.best_epoch and position.epoch - position.best_epoch >= patience
        )

    # Stopping and resuming -----------------------------------------------------------------

    def _capture(self) -> Checkpoint:
        arrays = {f"model/{name}": array for name, array in self.model.weight_arrays().items()}
        for number, variable in enumerate(self._step.optimizer.variables):
            arrays[f"optimizer/{number}"] = variable.numpy()
        for number, array in enumerate(self._step.gather_state(self._state)):
            arrays[f"state/{number}"] = array
        arrays |= {f"best/{name}": array for name, array in self._best.items()}
        if self._step.average:
            arrays |= self._step.average.arrays()
        position, history = replace(self._position), list(self.history)
        return Checkpoint(self._steps_taken(), position, history, arrays)

    def _restore(self, checkpoint: Checkpoint) -> None:
        arrays = checkpoint.arrays
        self._position = replace(checkpoint.position)
        self.history = list(checkpoint.history)
        self.model.set_weight_arrays(_under("model/", arrays))
        self._best = _under("best/", arrays)
        for number, variable in enumerate(self._step.optimizer.variables):
            variable.assign(arrays[f"optimizer/{number}"])
        if self._step.average:
            self._step.average.assign(arrays)
        self._state = self._step.scatter_state(list(_under("state/", arrays).values()))

    def _steps_taken(self) -> int:
        return int(self._step.optimizer.iterations.numpy())

    def _checkpoint(self) -> None:
        self._newest = self._capture()  # in every process: each has a part of the state
        if self._writer:
            self._writer.save_checkpoint(self._newest)
        self._saved_at = self._clock()

    def _resume(self) -> None:
        found, present = self._newest, self._capture()
        if self._writer:
            self._writer.open(self._describe_run())
        if self._folder:
            found = self._folder.newest_checkpoint(like=present.arrays) or found
        if found:
            self._restore(found)
        if self._step.from_chief(self._steps_taken()) != self._steps_taken():
            raise ValueError(
                "this worker found a different checkpoint from the chief's: run_dir must be a "
                "folder that all workers share"
            )
        # Kept at the start too: after a fit that fails, the next one resumes from here.
        self._newest = found or present
        self._saved_at = self._clock()

    def _restore_best(self) -> None:
        if self._position.best_epoch:
            self.model.set_weight_arrays(self._best)
        elif self._step.average and not self._task.validates:
            self._step.average.into_model()
        self.model.about = self._task.describe_model(self._best_record())
        if message := self.worse_than_chance():
            _logger.warning("%s", message)

    def _describe_run(self) -> dict[str, Any]:
        return {**self._task.describe_run(), "training": asdict(self.settings)}

    # Progress ------------------------------------------------------------------------------

    def _progress(self, epochs: int) -> Any:
        done, total = self._progress_counts(epochs)
        return progress_bar(
            show=self.is_chief,
            total=total,
            initial=done,
            unit=self._task.unit,
            unit_scale=True,
            dynamic_ncols=True,
        )

    def _progress_counts(self, epochs: int) -> tuple[int, int]:
        """Return the number of predictions done, and of all epochs.

        They are exact in the last epoch. The other epochs count as much as the current
        one: their batches may have a few predictions more or less.
        """
        epoch, batch = min(self._position.epoch, epochs - 1), self._position.window
        size = self._batches.size(epoch).predictions
        done = self._position.epoch * size + self._batches.size(epoch, batch).predictions
        return done, epochs * size

    def _progress_text(self, loss: float, epochs: int) -> str:
        text = f"epoch {self._position.epoch + 1}/{epochs}, {self._task.progress_text(loss)}"
        if math.isfinite(self._position.best_score):
            text += f", best validation {self._position.best_score:.3f}"
        return text


def _is_multiple(number: int, of: int | None) -> bool:
    return of is not None and number % of == 0


def _under(prefix: str, arrays: Arrays) -> Arrays:
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
