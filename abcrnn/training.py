"""Trainer: truncated back-propagation through time, to the bit the same when resumed.

The loop is its own and not ``model.fit``: state is carried from window to
window, a run may stop and go on at any step, and everything random is drawn
from the seed and the step's number alone.

References
----------
Williams and Peng, An Efficient Gradient-Based Algorithm for On-Line Training of
Recurrent Network Trajectories, 1990 (truncation); Kingma and Ba, Adam, 2015;
Pascanu et al., On the Difficulty of Training Recurrent Neural Networks, 2013
(clipping); Loshchilov and Hutter, SGDR, 2017 (cosine decay).
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from types import FrameType
from typing import Any

import tensorflow as tf
from tqdm import tqdm

from abcrnn.archive import Arrays
from abcrnn.arguments import require_count
from abcrnn.batches import EncodedTunes, RandomWindows, Streams, encode_tunes
from abcrnn.corpus import Corpus
from abcrnn.recipes import recipe
from abcrnn.runs import Checkpoint, EpochRecord, Position, RunFolder
from abcrnn.scoring import Scorer
from abcrnn.settings import TrainingSettings
from abcrnn.steps import make_step

_logger = logging.getLogger(__name__)

Callback = Callable[["Trainer", EpochRecord], None]


class Trainer:
    """Trains a model on a corpus.

    Parameters
    ----------
    model : CharLSTM
        Or anything with ``vocabulary``, ``initial_state``, ``unroll``,
        ``weight_arrays``, ``set_weight_arrays`` and ``save``.
    train : Corpus
    validation : Corpus, optional
        Scored after each epoch; the best model by it is kept.
    run_dir : path-like, optional
        The run folder. Without it nothing is written.
    callbacks : sequence of callable
        Each is called with the trainer and the epoch's record after each epoch,
        when all is saved: a run killed just then goes on without that call.
    strategy : tf.distribute.Strategy, optional
        To share each batch among several devices or machines (docs/scaling.md);
        the model must have been built in its scope.
    **settings
        See :class:`abcrnn.settings.TrainingSettings`.

    Raises
    ------
    ValueError
        If a setting is out of range, a tune has characters that the model does
        not know, or the corpus is shorter than one window.
    """

    def __init__(
        self,
        model: Any,
        train: Corpus,
        *,
        validation: Corpus | None = None,
        run_dir: str | os.PathLike[str] | None = None,
        callbacks: Sequence[Callback] = (),
        strategy: tf.distribute.Strategy | None = None,
        **settings: Any,
    ) -> None:
        self.model = model
        self.settings = TrainingSettings(**settings)
        self.history: list[EpochRecord] = []
        self._train, self._validation = train, validation
        self._callbacks = list(callbacks)
        self._step = make_step(model, self.settings, strategy)
        #: Whether this process writes the run folder: the only one, or the first of several.
        self.is_chief = self._step.is_chief
        self._batches = _batches(
            encode_tunes(model.vocabulary, train.tunes), self.settings, self._step.rows
        )
        self._scorer = Scorer(model)
        if validation is not None:
            encode_tunes(model.vocabulary, validation.tunes)  # refused now, not an epoch later
        self._folder = RunFolder(run_dir) if run_dir is not None else None
        self._writer = self._folder if self.is_chief else None
        self._step.prepare(self._batches.windows)
        self._position = Position()
        self._state = self._step.initial_state()
        self._best: Arrays = model.weight_arrays() if validation is not None else {}
        self._parked: Checkpoint | None = None  # where fit goes on from
        self._checkpointed = time.monotonic()

    @classmethod
    def from_recipe(cls, name: str, model: Any, train: Corpus, **options: Any) -> Trainer:
        """Train as a recipe says; ``options`` are arguments of the class and win."""
        return cls(model, train, **{**recipe(name).training, **options})

    def fit(self, epochs: int) -> list[EpochRecord]:
        """Train until so many epochs are done in all.

        A run goes on from the newest checkpoint in its folder. Afterwards the
        model has the weights that were best on the validation tunes, or the
        last ones where there are none.

        Parameters
        ----------
        epochs : int
            In all, those before a resume counted in.

        Returns
        -------
        list of EpochRecord

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

    # One epoch ---------------------------------------------------------------------------

    def _run_epoch(self, bar: tqdm, interrupted: threading.Event) -> None:
        position, settings = self._position, self.settings
        characters = settings.batch_size * settings.seq_length
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
            bar.update(characters)
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
        characters = windows * self.settings.batch_size * self.settings.seq_length
        bits, accuracy = self._validate()
        loss = position.loss_sum / windows
        record = EpochRecord(
            epoch=position.epoch + 1,
            steps=self._steps_taken(),
            loss=loss,
            bits_per_char=loss / math.log(2),
            accuracy=position.correct / characters,
            validation_bits_per_char=bits,
            validation_accuracy=accuracy,
            learning_rate=float(tf.convert_to_tensor(self._step.optimizer.learning_rate)),
            seconds=position.seconds,
            chars_per_second=characters / max(position.seconds, 1e-9),
        )
        self.history.append(record)
        _logger.info("%s", record)
        self._position = Position(
            epoch=record.epoch, best_bits=position.best_bits, best_epoch=position.best_epoch
        )
        self._state = self._step.initial_state()
        self._keep_the_best(record)
        self._write_epoch(record)
        if self.is_chief:
            for callback in self._callbacks:
                callback(self, record)

    def _validate(self) -> tuple[float | None, float | None]:
        """Bits per character and accuracy on the validation tunes, the chief's in every process."""
        if self._validation is None:
            return None, None
        found = [0.0, 0.0]
        if self.is_chief:
            scores = self._scorer.score(self._validation.tunes)
            found = [scores.bits_per_char, scores.accuracy]
        bits, accuracy = map(self._step.share, found)
        return bits, accuracy

    def _keep_the_best(self, record: EpochRecord) -> None:
        self.model.about = self._describe_model(record)
        bits = record.validation_bits_per_char
        if bits is not None and bits < self._position.best_bits:
            self._position.best_bits, self._position.best_epoch = bits, record.epoch
            self._best = self.model.weight_arrays()
            if self._writer:
                self.model.save(self._writer.best)
        elif bits is None and self._writer:
            self.model.save(self._writer.best)

    def _write_epoch(self, record: EpochRecord) -> None:
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

    # What is written beside the weights ----------------------------------------------------

    def _describe_run(self) -> dict[str, Any]:
        return {
            "vocabulary": self.model.vocabulary.characters,
            "model": self.model.config,
            "training": asdict(self.settings),
            "corpus": self._train.describe(),
            "validation": self._validation.describe() if self._validation else None,
        }

    def _describe_model(self, record: EpochRecord) -> dict[str, Any]:
        return {
            "corpus": self._train.describe(),
            "epoch": record.epoch,
            "validation_bits_per_char": record.validation_bits_per_char,
        }

    def _progress(self, epochs: int) -> tqdm:
        window = self.settings.batch_size * self.settings.seq_length
        done = self._position.epoch * self._batches.windows + self._position.window
        self._epochs = epochs
        return tqdm(
            total=epochs * self._batches.windows * window,
            initial=done * window,
            unit="char",
            unit_scale=True,
            disable=None if self.is_chief else True,  # None: quiet when not a terminal
            dynamic_ncols=True,
        )

    def _postfix(self, loss: float) -> str:
        text = f"epoch {self._position.epoch + 1}/{self._epochs}, loss {loss:.3f}, "
        text += f"{loss / math.log(2):.3f} bits/char"
        if math.isfinite(self._position.best_bits):
            text += f", best validation {self._position.best_bits:.3f}"
        return text


def _is_multiple(number: int, of: int | None) -> bool:
    return of is not None and number % of == 0


def _batches(
    tunes: EncodedTunes, settings: TrainingSettings, rows: range
) -> Streams | RandomWindows:
    shape = settings.batch_size, settings.seq_length, settings.seed
    if settings.steps_per_epoch is not None:
        return RandomWindows(tunes, *shape, steps=settings.steps_per_epoch, rows=rows)
    return Streams(tunes, *shape, rows=rows)


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
