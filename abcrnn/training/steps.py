"""One training step: gradients, clipping, Adam; in one process or in several.

In one process a step is a single compiled program. In several, each has some
rows of every window and a copy of the weights; the gradients are added up over
all of them, so every copy takes the same update.

Both kinds of step keep one contract, so the Trainer never asks which it has.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from abcrnn.models.lstm import on_gpu
from abcrnn.training.settings import TrainingSettings

Window = NDArray[Any]

#: What is to be made small: of model, window, state and dropout seed, it gives the mean loss, how
#: many were guessed right, and the state after.
Objective = Callable[[Any, tf.Tensor, Any, tf.Tensor], tuple[tf.Tensor, tf.Tensor, Any]]


def make_step(
    model: Any, settings: TrainingSettings, strategy: tf.distribute.Strategy | None
) -> Step | DistributedStep:
    """Return the step for one process, or with a strategy the one for several.

    Raises
    ------
    ValueError
        If the batch cannot be shared out evenly, or the model was not built in
        the strategy's scope.
    """
    if strategy is None:
        return Step(model, settings)
    return DistributedStep(model, settings, strategy)


class Step:
    """A step of the only process there is.

    Parameters
    ----------
    model : CharLSTM
        Or anything with ``initial_state``, ``unroll`` and ``trainable_variables``.
    settings : TrainingSettings
    objective : callable, optional
        See :data:`Objective`; by default the cross-entropy of the next id.
    """

    #: Whether this process writes files, shows progress and scores.
    is_chief = True

    def __init__(
        self, model: Any, settings: TrainingSettings, objective: Objective | None = None
    ) -> None:
        self._model, self._settings = model, settings
        self._objective = objective or next_id
        #: The rows of every window that this process reads.
        self.rows = range(settings.batch_size)
        self._compiled = tf.function(self._train, jit_compile=not on_gpu())

    def prepare(self, windows: int) -> None:
        """Make the optimizer, for epochs of so many windows."""
        self.optimizer = _adam(self._model, self._settings, windows)

    def initial_state(self) -> Any:
        """Return the state of all rows before anything was read."""
        return self._model.initial_state(self._settings.batch_size)

    def __call__(self, window: Window, state: Any) -> tuple[float, int, Any]:
        """Take a step.

        Parameters
        ----------
        window : ndarray, shape (rows, time + 1), int32
        state : State

        Returns
        -------
        loss : float
            Mean over all rows and times, in nats a character.
        correct : int
            Characters guessed right.
        state : State
        """
        loss, correct, state = self._compiled(window, state)
        return float(loss), int(correct), state

    def agree(self, wishes: Sequence[bool]) -> list[bool]:
        """Return which wishes of any process are to be followed now, by all of them."""
        return list(wishes)

    def share(self, value: float) -> float:
        """Return the chief's value in every process."""
        return value

    def whole(self, state: Any) -> list[NDArray[Any]]:
        """Return the state of all rows, as arrays."""
        return [np.asarray(tensor) for tensor in tf.nest.flatten(state)]

    def own(self, arrays: list[NDArray[Any]]) -> Any:
        """Return the state that :meth:`whole` gave, as this process needs it."""
        return tf.nest.pack_sequence_as(self.initial_state(), [tf.constant(a) for a in arrays])

    def _train(self, window: tf.Tensor, state: Any) -> tuple[tf.Tensor, tf.Tensor, Any]:
        seed = _dropout_seed(self._settings, self.optimizer, first_row=0)
        gradients, loss, correct, state = _gradients(
            self._objective, self._model, window, state, seed
        )
        gradients, _ = tf.clip_by_global_norm(gradients, self._settings.clip_norm)
        self.optimizer.apply(gradients, self._model.trainable_variables)
        return loss, correct, state


class DistributedStep:
    """A step shared by the replicas of a ``tf.distribute`` strategy.

    Parameters are those of :class:`Step`, and the strategy, in whose scope the
    model was built.
    """

    def __init__(
        self, model: Any, settings: TrainingSettings, strategy: tf.distribute.Strategy
    ) -> None:
        replicas = strategy.num_replicas_in_sync
        if settings.batch_size % replicas:
            raise ValueError(
                f"batch_size must be a multiple of the {replicas} replicas that share it, "
                f"not {settings.batch_size}"
            )
        if not all(map(strategy.extended.variable_created_in_scope, _raw_variables(model))):
            raise ValueError(
                "the model was built outside the strategy: build it in 'with strategy.scope():'"
            )
        self._model, self._settings, self._strategy = model, settings, strategy
        self._share_of_batch = settings.batch_size // replicas
        ids = strategy.experimental_local_results(
            strategy.experimental_distribute_values_from_function(_replica)
        )
        self._first, self._last = int(min(ids)), int(max(ids))
        self.is_chief = self._first == 0
        self.rows = range(
            self._first * self._share_of_batch, (self._last + 1) * self._share_of_batch
        )
        self._wishes = [0.0, 0.0]
        self._granted = [False, False]
        self._compiled_gradients = tf.function(
            functools.partial(_gradients, next_id, model), jit_compile=not on_gpu()
        )
        self._compiled = tf.function(self._run)
        self._gather = tf.function(self._gather_rows)
        self._add_up = tf.function(self._add)

    def prepare(self, windows: int) -> None:
        """As :meth:`Step.prepare`."""
        with self._strategy.scope():
            self.optimizer = _adam(self._model, self._settings, windows)

    def initial_state(self) -> Any:
        """As :meth:`Step.initial_state`, for the rows of each replica here."""
        return self._place(lambda _: self._model.initial_state(self._share_of_batch))

    def __call__(self, window: Window, state: Any) -> tuple[float, int, Any]:
        """As :meth:`Step.__call__`; the window has the rows of this process alone.

        Raises
        ------
        ConnectionError
            If another process of the run is gone.
        """
        windows = self._place(lambda replica: tf.constant(window[self._rows_of(replica)]))
        wishes = self._place(lambda _: tf.constant(self._wishes) / (self._last - self._first + 1))
        with _all_there():
            sums, state = self._compiled(windows, state, wishes)
            loss, correct, *granted = self._any(sums).numpy()
        self._granted = [wish > 0 for wish in granted]
        return float(loss), round(float(correct)), state

    def agree(self, wishes: Sequence[bool]) -> list[bool]:
        """As :meth:`Step.agree`: what was wished before the last step is followed after it."""
        self._wishes = [float(wish) for wish in wishes]
        return self._granted

    def share(self, value: float) -> float:
        """As :meth:`Step.share`."""
        values = self._place(lambda replica: tf.constant(0.0 if replica else value, tf.float64))
        with _all_there():
            return float(self._add_up(values))

    def whole(self, state: Any) -> list[NDArray[Any]]:
        """As :meth:`Step.whole`: every process gets all rows, and all have to ask."""
        with _all_there():
            return [np.asarray(tensor) for tensor in self._gather(state)]

    def own(self, arrays: list[NDArray[Any]]) -> Any:
        """As :meth:`Step.own`."""
        like = self._model.initial_state(1)

        def part(replica: int) -> Any:
            first = replica * self._share_of_batch
            rows = [tf.constant(array[first : first + self._share_of_batch]) for array in arrays]
            return tf.nest.pack_sequence_as(like, rows)

        return self._place(part)

    def _run(self, windows: Any, states: Any, wishes: Any) -> Any:
        return self._strategy.run(self._train, args=(windows, states, wishes))

    def _train(self, window: tf.Tensor, state: Any, wishes: tf.Tensor) -> tuple[Any, Any]:
        context = tf.distribute.get_replica_context()
        first_row = context.replica_id_in_sync_group * self._share_of_batch
        seed = _dropout_seed(self._settings, self.optimizer, first_row)
        gradients, loss, correct, state = self._compiled_gradients(window, state, seed)
        share = 1.0 / self._strategy.num_replicas_in_sync
        sums = tf.concat([[loss * share, tf.cast(correct, tf.float32)], wishes], axis=0)
        *gradients, sums = context.all_reduce(
            tf.distribute.ReduceOp.SUM, [*[g * share for g in gradients], sums]
        )
        gradients, _ = tf.clip_by_global_norm(gradients, self._settings.clip_norm)
        context.merge_call(self._update, args=(gradients,))
        return sums, state

    def _update(self, strategy: tf.distribute.Strategy, gradients: list[Any]) -> None:
        # Not by the optimizer's own ``apply``, which would add the gradients up once more.
        rate = tf.convert_to_tensor(self.optimizer.learning_rate)
        for gradient, variable in zip(gradients, _raw_variables(self._model), strict=True):
            strategy.extended.update(
                variable,
                lambda variable, gradient: self.optimizer.update_step(gradient, variable, rate),
                args=(gradient,),
                group=False,
            )
        self.optimizer.iterations.assign_add(1)

    def _rows_of(self, replica: int) -> slice:
        first = (replica - self._first) * self._share_of_batch
        return slice(first, first + self._share_of_batch)

    def _place(self, make: Any) -> Any:
        return self._strategy.experimental_distribute_values_from_function(
            lambda context: make(_replica(context))
        )

    def _gather_rows(self, states: Any) -> list[tf.Tensor]:
        def gather(state: Any) -> list[tf.Tensor]:
            context = tf.distribute.get_replica_context()
            return [
                context.all_gather(tf.identity(tensor), axis=0) for tensor in tf.nest.flatten(state)
            ]

        return [self._any(rows) for rows in self._strategy.run(gather, args=(states,))]

    def _add(self, values: Any) -> tf.Tensor:
        def add(value: tf.Tensor) -> tf.Tensor:
            context = tf.distribute.get_replica_context()
            return context.all_reduce(tf.distribute.ReduceOp.SUM, tf.identity(value))

        return self._any(self._strategy.run(add, args=(values,)))

    def _any(self, alike: Any) -> tf.Tensor:
        return self._strategy.experimental_local_results(alike)[0]


def _replica(context: tf.distribute.DistributedValues) -> int:
    return int(context.replica_id_in_sync_group)


def _dropout_seed(
    settings: TrainingSettings, optimizer: keras.optimizers.Adam, first_row: int | tf.Tensor
) -> tf.Tensor:
    return tf.stack([settings.seed % 2**31, tf.cast(optimizer.iterations, tf.int32), first_row])


def next_id(
    model: Any, window: tf.Tensor, state: Any, seed: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, Any]:
    """Return the mean cross-entropy of each next id, ids guessed right, and the state after."""
    inputs, targets = window[:, :-1], window[:, 1:]
    logits, state = model.unroll(inputs, state, dropout_seed=seed)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits))
    guesses = tf.argmax(logits, axis=2, output_type=tf.int32)
    return loss, tf.math.count_nonzero(guesses == targets), state


def _gradients(
    objective: Objective, model: Any, window: tf.Tensor, state: Any, seed: tf.Tensor
) -> tuple[list[tf.Tensor], tf.Tensor, tf.Tensor, Any]:
    """Return gradients, mean loss, how many were guessed right, and the state after a window."""
    with tf.GradientTape() as tape:
        loss, correct, state = objective(model, window, state, seed)
    return tape.gradient(loss, model.trainable_variables), loss, correct, state


def _adam(model: Any, settings: TrainingSettings, windows: int) -> keras.optimizers.Adam:
    optimizer = keras.optimizers.Adam(settings.schedule(windows))
    optimizer.build(model.trainable_variables)
    return optimizer


def _raw_variables(model: Any) -> list[tf.Variable]:
    return [variable.value for variable in model.trainable_variables]


@contextlib.contextmanager
def _all_there() -> Iterator[None]:
    """Say in words that what needed every worker has failed, as it does when one is gone."""
    try:
        yield
    except tf.errors.OpError as error:
        raise ConnectionError(
            "a worker of this run is gone, so the others stop too: start them all again "
            f"with the same command to go on from the newest checkpoint ({_brief(error)})"
        ) from error


def _brief(error: tf.errors.OpError) -> str:
    # The last line: those before it say where in the graph, which tells a user nothing.
    lines = [line.strip() for line in str(error.message).splitlines() if line.strip()]
    return next((line for line in lines if "ollective" in line or "onnect" in line), lines[0])[:200]
