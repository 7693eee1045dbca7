"""The loop of training: epochs, checkpoints, the best kept; to the bit the same when resumed.

It is its own and not ``model.fit``: state is carried from window to window, a
run may stop and go on at any step, and everything random is drawn from the seed
and the step's number alone. What is learned, and how it is scored, is for the
classes derived from it to say.
"""

from __future__ import annotations

import contextlib
import logging
import math
import signal
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import FrameType
from typing import Any

import tensorflow as tf
from tqdm import tqdm

from abcrnn.storage.archive import Arrays
from abcrnn.storage.validation import require_count
from abcrnn.training.run_folder import Checkpoint, Position, RunFolder
from abcrnn.training.settings import TrainingSettings

_logger = logging.getLogger(__name__)


class TrainingLoop(ABC):
    """Trains a model, window by window.

    Parameters
    ----------
    model : object
        With ``weight_arrays``, ``set_weight_arrays``, ``save`` and ``about``.
    settings : TrainingSettings
    step : Step or DistributedStep
        From :mod:`abcrnn.training.steps`.
    batches : object
        With ``windows`` (how many an epoch has), ``epoch(number, start)`` and
        ``carries_state``.
    folder : RunFolder, optional
        Without it nothing is written.
    validates : bool
        Whether each epoch is scored on validation data, and the best one kept.
    callbacks : sequence of callable
        Each is called with the loop and the epoch's record after each epoch.
    """

    #: What is counted in the progress bar, and how many numbers :meth:`_score` gives.
    _unit, _score_count = "char", 1

    def __init__(
        self,
        model: Any,
        settings: TrainingSettings,
        step: Any,
        batches: Any,
        folder: RunFolder | None,
        validates: bool,
        callbacks: Sequence[Callable[[Any, Any], None]] = (),
    ) -> None:
        self.model, self.settings = model, settings
        self.history: list[Any] = []
        #: Whether this process writes the run folder: the only one, or the first of several.
        self.is_chief = step.is_chief
        self._step, self._batches, self._validates = step, batches, validates
        self._folder, self._callbacks = folder, list(callbacks)
        self._writer = folder if self.is_chief else None
        self._step.prepare(batches.windows)
        self._position = Position()
        self._state = self._step.initial_state()
        self._best: Arrays = model.weight_arrays() if validates else {}
        self._parked: Checkpoint | None = None  # where fit goes on from
        self._checkpointed = time.monotonic()

    def fit(self, epochs: int) -> list[Any]:
        """Train until so many epochs are done in all.

        A run goes on from the newest checkpoint in its folder. Afterwards the
        model has the weights that were best on the validation data, or the
        last ones where there are none.

        Parameters
        ----------
        epochs : int
            In all, those before a resume counted in.

        Returns
        -------
        list
            A record for each epoch.

        Raises
        ------
        KeyboardInterrupt
            On Ctrl-C, after a checkpoint was written.
        FloatingPointError
            If the loss is no longer a number.
        ValueError
            If the run folder holds a run of something else.
        BlockingIOError
            If another process is training in the run folder.
        OSError
            If the disk refuses; the checkpoints before stay as they are.
        """
        require_count("epochs", epochs)
        with self._writer.held() if self._writer else contextlib.nullcontext():
            self._go_on_where_it_stopped()
            with _interrupts() as interrupted, self._progress(epochs) as bar:
                while self._position.epoch < epochs and not self._stalled():
                    self._run_epoch(bar, interrupted)
            if self._parked and self._parked.position != self._position:
                # The last epochs were no multiple of checkpoint_epochs.
                self._checkpoint()
        self._give_back_the_best()
        return list(self.history)

    # For derived classes to say ------------------------------------------------------------

    @abstractmethod
    def _score(self) -> list[float]:
        """Give ``_score_count`` numbers for the validation data; the first is to be least."""

    @abstractmethod
    def _record(self, loss: float, accuracy: float, scores: list[float | None]) -> Any:
        """Sum an epoch up in a named tuple with ``epoch`` among its names."""

    @abstractmethod
    def _describe_run(self) -> dict[str, Any]:
        """Say what must not change within a run."""

    @abstractmethod
    def _describe_model(self, record: Any) -> dict[str, Any]:
        """Say what is saved with the weights about their training."""

    @abstractmethod
    def _window_size(self) -> int:
        """Count what is learned from one window."""

    @abstractmethod
    def _postfix(self, loss: float) -> str:
        """Say how it goes, behind the progress bar."""

    # One epoch ---------------------------------------------------------------------------

    def _run_epoch(self, bar: tqdm, interrupted: threading.Event) -> None:
        position, settings = self._position, self.settings
        size = self._window_size()
        started = time.monotonic()
        before = position.seconds
        for window in self._batches.epoch(position.epoch, start=position.window):
            if not self._batches.carries_state:
                self._state = self._step.initial_state()
            loss, correct, self._state = self._step(window, self._state)
            position.loss_sum += self._finite(loss)
            position.correct += correct
            position.window += 1
            now = time.monotonic()
            position.seconds = before + now - started
            bar.set_postfix_str(self._postfix(loss), refresh=False)
            bar.update(size)
            due = now - self._checkpointed > 60 * settings.checkpoint_minutes
            stop, save = self._step.agree([interrupted.is_set(), self.is_chief and due])
            if stop:
                self._checkpoint()
                raise KeyboardInterrupt
            if save:
                self._checkpoint()
        self._finish_epoch()

    def _finish_epoch(self) -> None:
        position, windows = self._position, self._batches.windows
        scores = self._validate()
        accuracy = position.correct / (windows * self._window_size())
        record = self._record(position.loss_sum / windows, accuracy, scores)
        self.history.append(record)
        _logger.info("%s", record)
        self._position = Position(
            epoch=record.epoch, best_score=position.best_score, best_epoch=position.best_epoch
        )
        self._state = self._step.initial_state()
        self._keep_the_best(record, scores[0])
        self._write_epoch(record)
        if self.is_chief:
            for callback in self._callbacks:
                callback(self, record)

    def _validate(self) -> list[float | None]:
        """Score the validation data: the chief's scores, in every process."""
        if not self._validates:
            return [None] * self._score_count
        found = self._score() if self.is_chief else [0.0] * self._score_count
        return [self._step.share(score) for score in found]

    def _keep_the_best(self, record: Any, score: float | None) -> None:
        self.model.about = self._describe_model(record)
        if score is not None and score < self._position.best_score:
            self._position.best_score, self._position.best_epoch = score, record.epoch
            self._best = self.model.weight_arrays()
            if self._writer:
                self.model.save(self._writer.best)
        elif score is None and self._writer:
            self.model.save(self._writer.best)

    def _write_epoch(self, record: Any) -> None:
        # The checkpoint last: a run killed before it does this epoch, and these files, again.
        if self._writer:
            self._writer.write_history(self.history)
            if _is_multiple(record.epoch, self.settings.keep_every):
                self.model.save(self._writer.path / f"epoch-{record.epoch:04}.abcrnn")
        if _is_multiple(record.epoch, self.settings.checkpoint_epochs):
            self._checkpoint()

    def _finite(self, loss: float) -> float:
        if math.isfinite(loss):
            return loss
        raise FloatingPointError(
            f"the loss is {loss} in epoch {self._position.epoch + 1}, window "
            f"{self._position.window + 1}: take a smaller learning_rate (it is "
            f"{self.settings.learning_rate}) or clip_norm (it is {self.settings.clip_norm})"
        )

    def _stalled(self) -> bool:
        patience, position = self.settings.patience, self._position
        return bool(
            patience and position.best_epoch and position.epoch - position.best_epoch >= patience
        )

    def _learning_rate(self) -> float:
        return float(tf.convert_to_tensor(self._step.optimizer.learning_rate))

    # Stopping and going on ----------------------------------------------------------------

    def _capture(self) -> Checkpoint:
        arrays = {f"model/{name}": array for name, array in self.model.weight_arrays().items()}
        for number, variable in enumerate(self._step.optimizer.variables):
            arrays[f"optimizer/{number}"] = variable.numpy()
        for number, array in enumerate(self._step.whole(self._state)):
            arrays[f"state/{number}"] = array
        arrays |= {f"best/{name}": array for name, array in self._best.items()}
        steps, history = self._steps_taken(), list(self.history)
        return Checkpoint(steps, replace(self._position), history, arrays)

    def _restore(self, checkpoint: Checkpoint) -> None:
        arrays = checkpoint.arrays
        self._position = replace(checkpoint.position)
        self.history = list(checkpoint.history)
        self.model.set_weight_arrays(_under("model/", arrays))
        self._best = _under("best/", arrays)
        for number, variable in enumerate(self._step.optimizer.variables):
            variable.assign(arrays[f"optimizer/{number}"])
        self._state = self._step.own(list(_under("state/", arrays).values()))

    def _steps_taken(self) -> int:
        return int(self._step.optimizer.iterations.numpy())

    def _checkpoint(self) -> None:
        self._parked = self._capture()  # by every process: each has a part of the state
        if self._writer:
            self._writer.save_checkpoint(self._parked)
        self._checkpointed = time.monotonic()

    def _go_on_where_it_stopped(self) -> None:
        found, begun = self._parked, self._capture()
        if self._writer:
            self._writer.open(self._describe_run())
        if self._folder:
            found = self._folder.newest_checkpoint(like=begun.arrays) or found
        if found:
            self._restore(found)
        if self._step.share(self._steps_taken()) != self._steps_taken():
            raise ValueError(
                "this worker and the chief found different checkpoints: give run_dir a folder "
                "that all of them see"
            )
        # Also at the beginning: a fit that fails may be called again, in whatever state it left.
        self._parked = found or begun
        self._checkpointed = time.monotonic()

    def _give_back_the_best(self) -> None:
        if self._position.best_epoch:
            self.model.set_weight_arrays(self._best)
        # Of the best epoch, counted from 1; or of the last, when none is known to be best.
        self.model.about = self._describe_model(self.history[self._position.best_epoch - 1])

    def _progress(self, epochs: int) -> tqdm:
        size = self._window_size()
        done = self._position.epoch * self._batches.windows + self._position.window
        self._epochs = epochs
        return tqdm(
            total=epochs * self._batches.windows * size,
            initial=done * size,
            unit=self._unit,
            unit_scale=True,
            disable=None if self.is_chief else True,  # None: quiet when not a terminal
            dynamic_ncols=True,
        )


def _is_multiple(number: int, of: int | None) -> bool:
    return of is not None and number % of == 0


@contextlib.contextmanager
def _interrupts() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C into a flag, so that it never falls in the middle of a step."""
    requested = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield requested  # signals reach the main thread only
        return

    def request(_number: int, _frame: FrameType | None) -> None:
        if requested.is_set():
            raise KeyboardInterrupt  # the second Ctrl-C does not wait
        requested.set()

    previous = signal.signal(signal.SIGINT, request)
    try:
        yield requested
    finally:
        signal.signal(signal.SIGINT, previous)


def _under(prefix: str, arrays: Arrays) -> Arrays:
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
