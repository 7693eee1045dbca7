"""One training step in a single process: gradients, clipping, Adam.

:class:`Step` and :class:`abcrnn.training.distributed_step.DistributedStep` have the
same methods, so the loop does not know how many processes there are. For a single
process the methods that exchange data between processes return their argument.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from abcrnn.data.windows import Batch
from abcrnn.models.backend import keras
from abcrnn.models.base import State, window_state
from abcrnn.models.compilation import may_need_autograph
from abcrnn.models.lstm import on_gpu
from abcrnn.training.averaging import WeightAverage
from abcrnn.training.settings import TrainingSettings
from abcrnn.training.task import Task

#: Gradients, mean loss, number of correct predictions, state after the window.
Gradients = tuple[list[tf.Tensor], tf.Tensor, tf.Tensor, State]


class Step:
    """A training step in the only process of a run, compiled as one program.

    Parameters
    ----------
    task : Task
    settings : TrainingSettings
    """

    #: Whether this process writes files, shows progress and scores validation data.
    is_chief = True

    def __init__(self, task: Task, settings: TrainingSettings) -> None:
        self._model, self._settings = task.model, settings
        self._gradients = gradients_of(task)
        #: Rows of every batch that this process reads.
        self.rows = range(settings.batch_size)
        self._compiled = tf.function(
            self._train, autograph=may_need_autograph(self._model), jit_compile=not on_gpu()
        )
        self._programs: dict[tuple[Any, ...], Any] = {}  # by the shapes of the arguments

    def build_optimizer(self, batches: int) -> None:
        """Create the optimizer for epochs of about ``batches`` batches, and the average."""
        self.optimizer = make_adam(self._model, self._settings, batches)
        #: The averaged weights, or None.
        self.average = make_average(self._model, self._settings)

    def initial_state(self) -> State:
        """Return the state of all rows before anything is read."""
        return self._model.initial_state(self._settings.batch_size)

    def window_state(self) -> State:
        """Return the state before a batch that begins in the initial state."""
        return state_before_batch(self._model, self._settings, self._settings.batch_size)

    def __call__(self, batch: Batch, state: State) -> tuple[float, int, State]:
        """Take one step.

        Parameters
        ----------
        batch : Batch
            With the rows that this process reads.
        state : State
            Before the batch.

        Returns
        -------
        loss : float
            Mean of the objective over all predictions of the whole batch.
        correct : int
            Number of correct predictions in the whole batch.
        state : State
            After the batch.
        """
        window = tf.constant(batch.window)
        loss, correct, state = self._program(window, state)(window, state)
        return float(loss), int(correct), state

    def any_process(self, flags: Sequence[bool]) -> list[bool]:
        """Return for each flag whether any process has set it."""
        return list(flags)

    def from_chief(self, value: float) -> float:
        """Return the chief's value in every process."""
        return value

    def gather_state(self, state: State) -> list[NDArray[Any]]:
        """Return the state of all rows as arrays."""
        return [np.asarray(tensor) for tensor in tf.nest.flatten(state)]

    def scatter_state(self, arrays: list[NDArray[Any]]) -> State:
        """Return this process's part of the arrays of :meth:`gather_state`."""
        return tf.nest.pack_sequence_as(self.initial_state(), [tf.constant(a) for a in arrays])

    def _program(self, window: tf.Tensor, state: State) -> Any:
        """Return the compiled step for windows and states of these shapes.

        TensorFlow warns of frequent tracing when a function compiles for a handful of
        shapes, as whole tunes have. Functions that it has traced by request do not warn.
        """
        shapes = tuple(tuple(array.shape) for array in tf.nest.flatten((window, state)))
        if shapes not in self._programs:
            self._programs[shapes] = self._compiled.get_concrete_function(window, state)
        return self._programs[shapes]

    def _train(self, window: tf.Tensor, state: State) -> tuple[tf.Tensor, tf.Tensor, State]:
        seed = dropout_seed(self._settings, self.optimizer, first_row=0)
        gradients, loss, correct, state = self._gradients(window, state, seed)
        gradients, _ = tf.clip_by_global_norm(gradients, self._settings.clip_norm)
        self.optimizer.apply(gradients, self._model.trainable_variables)
        if self.average:
            self.average.update(self.optimizer.iterations)
        return loss, correct, state


def gradients_of(task: Task) -> Callable[[tf.Tensor, State, tf.Tensor], Gradients]:
    """Return the function of window, state and dropout seed that computes the gradients."""

    def gradients(window: tf.Tensor, state: State, seed: tf.Tensor) -> Gradients:
        with tf.GradientTape() as tape:
            loss, correct, state = task.objective(window, state, seed)
        return tape.gradient(loss, task.model.trainable_variables), loss, correct, state

    return gradients


def state_before_batch(model: Any, settings: TrainingSettings, rows: int) -> State:
    """Return the state before a batch that begins in the initial state.

    Streams always take the whole initial state: one step is compiled for all batches.
    """
    if settings.windows == "streams":
        return model.initial_state(rows)
    return window_state(model, rows)


def dropout_seed(
    settings: TrainingSettings, optimizer: keras.optimizers.Adam, first_row: int | tf.Tensor
) -> tf.Tensor:
    """Return the seed of the dropout masks of a step: shape (3,), int32.

    The three numbers are the seed of the run, the number of the step, and the number of
    the first row of this process in the batch.
    """
    return tf.stack([settings.seed % 2**31, tf.cast(optimizer.iterations, tf.int32), first_row])


def make_adam(model: Any, settings: TrainingSettings, batches: int) -> keras.optimizers.Adam:
    """Return an Adam optimizer with moments for the weights of a model.

    Parameters
    ----------
    model : TrainableModel
    settings : TrainingSettings
        With the schedule of the learning rate.
    batches : int
        Number of batches in an epoch.
    """
    optimizer = keras.optimizers.Adam(settings.schedule(batches))
    optimizer.build(model.trainable_variables)
    return optimizer


def make_average(model: Any, settings: TrainingSettings) -> WeightAverage | None:
    """Return the average of the weights that the settings request, or None."""
    return None if settings.average is None else WeightAverage(model, settings.average)
