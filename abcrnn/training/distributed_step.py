"""One training step that several processes or devices take together.

Each replica has a copy of the weights and some rows of every batch. Gradients are
summed over all replicas, so every copy makes the same update.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from abcrnn.data.windows import Batch
from abcrnn.models.base import State
from abcrnn.models.compilation import may_need_autograph
from abcrnn.models.lstm import on_gpu
from abcrnn.training.averaging import move
from abcrnn.training.settings import TrainingSettings
from abcrnn.training.steps import (
    Step,
    dropout_seed,
    gradients_of,
    make_adam,
    make_average,
    state_before_batch,
)
from abcrnn.training.task import Task


def make_step(
    task: Task, settings: TrainingSettings, strategy: tf.distribute.Strategy | None
) -> Step | DistributedStep:
    """Return the step for one process, or with a strategy the step for several.

    Raises
    ------
    ValueError
        If the batch size is not a multiple of the replicas, or the model was not built
        in the strategy's scope.
    """
    if strategy is None:
        return Step(task, settings)
    return DistributedStep(task, settings, strategy)


class DistributedStep:
    """A training step over the replicas of a ``tf.distribute`` strategy.

    The methods are those of :class:`Step`. Each is a collective operation: every
    process of the run has to call it.

    Parameters
    ----------
    task : Task
        Its model must have been built in the scope of the strategy.
    settings : TrainingSettings
    strategy : tf.distribute.Strategy
    """

    def __init__(
        self, task: Task, settings: TrainingSettings, strategy: tf.distribute.Strategy
    ) -> None:
        replicas = strategy.num_replicas_in_sync
        if settings.batch_size % replicas:
            raise ValueError(
                f"batch_size must be a multiple of the {replicas} replicas that share it, "
                f"not {settings.batch_size}"
            )
        if not all(map(strategy.extended.variable_created_in_scope, _variables(task.model))):
            raise ValueError(
                "the model was built outside the strategy: build it in 'with strategy.scope():'"
            )
        self._model, self._settings, self._strategy = task.model, settings, strategy
        self._rows_per_replica = settings.batch_size // replicas
        local = strategy.experimental_local_results(
            strategy.experimental_distribute_values_from_function(_replica_number)
        )
        self._first, self._last = int(min(local)), int(max(local))
        #: Whether this process writes files, shows progress and scores validation data.
        self.is_chief = self._first == 0
        #: Rows of every batch that this process reads.
        self.rows = range(
            self._first * self._rows_per_replica, (self._last + 1) * self._rows_per_replica
        )
        self._own_flags = [0.0, 0.0]
        self._any_flags = [False, False]
        self._compiled_gradients = tf.function(
            gradients_of(task), autograph=may_need_autograph(task.model), jit_compile=not on_gpu()
        )
        self._compiled = tf.function(self._run, autograph=False)
        self._gather = tf.function(self._gather_rows, autograph=False)
        self._sum = tf.function(self._sum_over_replicas, autograph=False)

    def build_optimizer(self, batches: int) -> None:
        """Create the optimizer for epochs of about ``batches`` batches, and the average."""
        with self._strategy.scope():
            self.optimizer = make_adam(self._model, self._settings, batches)
            self.average = make_average(self._model, self._settings)

    def initial_state(self) -> Any:
        """Return the state of the rows of each replica here before anything is read."""
        return self._per_replica(lambda _: self._model.initial_state(self._rows_per_replica))

    def window_state(self) -> Any:
        """Return the state before a batch that begins in the initial state."""
        return self._per_replica(
            lambda _: state_before_batch(self._model, self._settings, self._rows_per_replica)
        )

    def __call__(self, batch: Batch, state: Any) -> tuple[float, int, Any]:
        """Take one step; see :meth:`Step.__call__`.

        Raises
        ------
        ConnectionError
            If another process of the run has ended.
        """
        windows = self._per_replica(
            lambda number: tf.constant(batch.window[self._rows_of(number, self._first)])
        )
        shares = self._per_replica(lambda number: tf.constant(self._share(batch, number)))
        here = self._last - self._first + 1
        flags = self._per_replica(lambda _: tf.constant(self._own_flags) / here)
        with _report_lost_worker():
            sums, state = self._compiled(windows, state, shares, flags)
            loss, correct, *flag_sums = self._first_result(sums).numpy()
        self._any_flags = [flag > 0 for flag in flag_sums]
        return float(loss), round(float(correct)), state

    def any_process(self, flags: Sequence[bool]) -> list[bool]:
        """Return for each flag whether any process had set it before the last step.

        Flags travel with the sums of the next step, which costs no message of their
        own, so all processes see a flag one step later.
        """
        self._own_flags = [float(flag) for flag in flags]
        return self._any_flags

    def from_chief(self, value: float) -> float:
        """Return the chief's value in every process."""
        values = self._per_replica(lambda number: tf.constant(0.0 if number else value, tf.float64))
        with _report_lost_worker():
            return float(self._sum(values))

    def gather_state(self, state: Any) -> list[NDArray[Any]]:
        """Return the state of all rows as arrays, in every process."""
        with _report_lost_worker():
            return [np.asarray(tensor) for tensor in self._gather(state)]

    def scatter_state(self, arrays: list[NDArray[Any]]) -> Any:
        """Return the parts of the replicas here of the arrays of :meth:`gather_state`."""
        structure = self._model.initial_state(1)

        def part(number: int) -> State:
            first = number * self._rows_per_replica
            rows = [tf.constant(array[first : first + self._rows_per_replica]) for array in arrays]
            return tf.nest.pack_sequence_as(structure, rows)

        return self._per_replica(part)

    # Compiled ------------------------------------------------------------------------------

    def _run(self, *arguments: Any) -> Any:
        return self._strategy.run(self._train, args=arguments)

    def _train(
        self, window: tf.Tensor, state: State, share: tf.Tensor, flags: tf.Tensor
    ) -> tuple[Any, State]:
        context = tf.distribute.get_replica_context()
        first_row = context.replica_id_in_sync_group * self._rows_per_replica
        seed = dropout_seed(self._settings, self.optimizer, first_row)
        gradients, loss, correct, state = self._compiled_gradients(window, state, seed)
        sums = tf.concat([[loss * share, tf.cast(correct, tf.float32)], flags], axis=0)
        dense = [g * share for g in gradients if not _is_sparse(g)]
        *dense, sums = context.all_reduce(tf.distribute.ReduceOp.SUM, [*dense, sums])
        gradients = [
            _gather_sparse(context, g, share) if _is_sparse(g) else dense.pop(0) for g in gradients
        ]
        gradients, _ = tf.clip_by_global_norm(gradients, self._settings.clip_norm)
        context.merge_call(self._update, args=(gradients,))
        return sums, state

    def _update(self, strategy: tf.distribute.Strategy, gradients: list[Any]) -> None:
        # optimizer.apply would sum the gradients over the replicas a second time.
        rate = tf.convert_to_tensor(self.optimizer.learning_rate)
        for gradient, variable in zip(gradients, _variables(self._model), strict=True):
            strategy.extended.update(
                variable,
                lambda variable, gradient: self.optimizer.update_step(gradient, variable, rate),
                args=(gradient,),
                group=False,
            )
        self.optimizer.iterations.assign_add(1)
        if self.average:
            rate = self.average.rate(self.optimizer.iterations)
            for average, weight in zip(
                self.average.variables, _variables(self._model), strict=True
            ):
                strategy.extended.update(average, move, args=(weight, rate), group=False)

    def _gather_rows(self, states: Any) -> list[tf.Tensor]:
        def gather(state: State) -> list[tf.Tensor]:
            context = tf.distribute.get_replica_context()
            return [
                context.all_gather(tf.identity(tensor), axis=0) for tensor in tf.nest.flatten(state)
            ]

        return [self._first_result(rows) for rows in self._strategy.run(gather, args=(states,))]

    def _sum_over_replicas(self, values: Any) -> tf.Tensor:
        def add(value: tf.Tensor) -> tf.Tensor:
            context = tf.distribute.get_replica_context()
            return context.all_reduce(tf.distribute.ReduceOp.SUM, tf.identity(value))

        return self._first_result(self._strategy.run(add, args=(values,)))

    # Values of replicas --------------------------------------------------------------------

    def _rows_of(self, number: int, first_replica: int = 0) -> slice:
        """Return the rows of a replica, counted from those of ``first_replica``."""
        first = (number - first_replica) * self._rows_per_replica
        return slice(first, first + self._rows_per_replica)

    def _share(self, batch: Batch, number: int) -> float:
        """Return a replica's share of the predictions of a batch.

        The objective is the mean over the predictions of the replica. Its shares of loss
        and gradients add up to the mean over the predictions of the whole batch.
        """
        own = batch.predictions[self._rows_of(number)].sum()
        return float(own / batch.predictions.sum())

    def _per_replica(self, make: Any) -> Any:
        """Return a distributed value: what ``make`` returns for the number of each replica."""
        return self._strategy.experimental_distribute_values_from_function(
            lambda context: make(_replica_number(context))
        )

    def _first_result(self, equal: Any) -> tf.Tensor:
        """Return one of the replicas' values, which are equal."""
        return self._strategy.experimental_local_results(equal)[0]


def _replica_number(context: Any) -> int:
    return int(context.replica_id_in_sync_group)


def _is_sparse(gradient: Any) -> bool:
    return isinstance(gradient, tf.IndexedSlices)


def _gather_sparse(context: Any, gradient: tf.IndexedSlices, share: tf.Tensor) -> tf.IndexedSlices:
    """Return the rows of an embedding's gradient from all replicas.

    They are not summed: Keras's Adam squares each row before it adds up rows of the same
    index, so a sum would lead to another update than that of a single process.
    """
    values = context.all_gather(gradient.values * share, axis=0)
    indices = context.all_gather(gradient.indices, axis=0)
    return tf.IndexedSlices(values, indices, gradient.dense_shape)


def _variables(model: Any) -> list[tf.Variable]:
    return [variable.value for variable in model.trainable_variables]


@contextlib.contextmanager
def _report_lost_worker() -> Iterator[None]:
    """Raise ``ConnectionError`` for a failed collective operation.

    TensorFlow's own error does not say that another process has ended.
    """
    try:
        yield
    except tf.errors.OpError as error:
        raise ConnectionError(
            "a worker of this run has ended, so the others stop too: start all workers again "
            f"with the same command to resume from the newest checkpoint ({_brief(error)})"
        ) from error


def _brief(error: tf.errors.OpError) -> str:
    # The first lines name nodes of the graph, which do not help a user.
    lines = [line.strip() for line in str(error.message).splitlines() if line.strip()]
    return next((line for line in lines if "ollective" in line or "onnect" in line), lines[0])[:200]
