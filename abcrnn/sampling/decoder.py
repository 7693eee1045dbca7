"""Many streams sampled in parallel, for characters and notes alike.

The model enters the loop (:mod:`abcrnn.sampling.loop`) as its ``step``, the strategy as a
:class:`abcrnn.sampling.choice.Choice`, and what is allowed as a constraint
(:mod:`abcrnn.sampling.constraint`).

Random numbers are an argument of the loop. They depend on the seed and the number of
the stream only. Logits also depend on the number of rows, by rounding: a stream that is
sampled with another number of rows (1, 16 or 64) may differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from abcrnn.grammar import State
from abcrnn.grammar.transition_tables import TransitionTables
from abcrnn.models.base import where_active
from abcrnn.models.compilation import compile_once
from abcrnn.sampling.cancellation import require_not_cancelled
from abcrnn.sampling.choice import Choice
from abcrnn.sampling.constraint import ConstraintState, DeviceTables, Start, TableCopy
from abcrnn.sampling.loop import STEPS_PER_CALL, WAITED, Carry, Sampled, decode

#: Largest number of streams that are sampled in parallel.
MAX_BATCH = 64
_SEPARATOR = np.full(1, -1, np.int32)
_BATCH_SIZES = (1, 16, MAX_BATCH)  # few, because each of them is compiled


class Decoder:
    """Samples elements from a model; compiled once per model, batch size and constraint or none.

    Parameters
    ----------
    model : SequenceModel
    choice : Choice
    tables : TransitionTables, optional
        Constrains what is sampled. Characters only.
    element_shape : tuple of int
        Shape of what the model reads in one step, and of the random numbers to choose
        it: () for ids, (3,) for notes.
    dtype : numpy dtype
        Type of an element.
    xla : bool, optional
        Argument of :func:`abcrnn.models.compilation.compile_once`.
    weigh : bool
        Whether to compute the weights of streams; see :meth:`Streams.log_weight`. Needs
        ``tables``.
    """

    def __init__(
        self,
        model: Any,
        choice: Choice,
        tables: TransitionTables | None = None,
        element_shape: tuple[int, ...] = (),
        dtype: Any = np.int32,
        xla: bool | None = True,
        weigh: bool = False,
    ) -> None:
        self.model, self.element_shape, self.dtype, self.weighs = model, element_shape, dtype, weigh
        self.tables = None if tables is None else TableCopy(tables)
        self._parameters = {n: tf.convert_to_tensor(v) for n, v in choice.parameters.items()}
        key = ("decode", choice.key, tables is not None, weigh)
        function = partial(decode, model, choice, weigh=weigh)
        self._decode = compile_once(model, key, function, xla=xla, parts=(choice,))

    def __call__(
        self,
        carry: Carry,
        prompt: NDArray[Any],
        prompt_length: NDArray[np.int32],
        uniform: NDArray[np.float32],
        steps: int,
        tables: DeviceTables | tuple[()],
    ) -> tuple[Sampled, Carry]:
        """Sample the next elements of every row; see :func:`decode`.

        All that is returned are NumPy arrays, except for the state of the model.
        """
        sampled, after = self._decode(
            carry, prompt, prompt_length, uniform, tf.constant(steps), tables, self._parameters
        )
        inputs, constraint = tf.nest.map_structure(
            lambda rows: rows.numpy().copy(), (after.inputs, after.constraint)
        )
        sampled = tf.nest.map_structure(lambda rows: rows.numpy(), sampled)
        return sampled, Carry(inputs, after.state, constraint)

    def sample(self, prompts: Sequence[NDArray[Any]], length: int, seed: int) -> list[NDArray[Any]]:
        """Sample the same number of elements after each prompt, without a constraint.

        Parameters
        ----------
        prompts : sequence of ndarray, shape (prompt length, ...)
            Prompt of each stream, in the order of stream numbers. At least one element.
        length : int
            Elements to sample after each prompt.
        seed : int

        Returns
        -------
        list of ndarray, shape (length, ...)
            The sampled elements, without the prompt.
        """
        sampled = []
        for first in range(0, len(prompts), MAX_BATCH):
            group = prompts[first : first + MAX_BATCH]
            streams = Streams(self, len(group), seed)
            for row, prompt in enumerate(group):
                streams.start(row, first + row, prompt)
            steps = max(map(len, group)) - 1 + length  # the first element is given
            parts = [streams.advance() for _ in range(-(-steps // STEPS_PER_CALL))]
            for row, prompt in enumerate(group):
                elements = np.concatenate([part[row] for part in parts])
                sampled.append(elements[len(prompt) - 1 :][:length])
        return sampled


class Streams:
    """Streams that are sampled in parallel, one per row.

    Parameters
    ----------
    decoder : Decoder
    n : int
        Number of streams to sample in parallel. There are at least as many rows, up to
        :data:`MAX_BATCH`.
    seed : int

    Attributes
    ----------
    batch_size : int
        Number of rows.
    """

    def __init__(self, decoder: Decoder, n: int, seed: int) -> None:
        self.batch_size = next((size for size in _BATCH_SIZES if n <= size), MAX_BATCH)
        self._decoder, self._seed = decoder, seed
        shape = (self.batch_size, *decoder.element_shape)
        zeros = np.zeros(self.batch_size, np.int32)
        end: Any = ()
        if decoder.tables:
            # Rows without a stream are at the end of a tune (tune state 0): all is allowed.
            mass = np.zeros(self.batch_size, np.float32)
            end = ConstraintState(zeros.copy(), zeros.copy(), zeros + 1, mass)
            self._numbering = decoder.tables.source.numbering
        self._starting: dict[int, State] = {}  # by row: tune state of a new stream
        state = decoder.model.initial_state(self.batch_size)
        self._carry = Carry(np.zeros(shape, decoder.dtype), state, end)
        self._used_rows = False
        self._new_rows = np.zeros(self.batch_size, bool)
        self._prompts: dict[int, NDArray[Any]] = {}  # by row: what the model has not read yet
        self._generators: dict[int, np.random.Generator] = {}
        self._uniform = np.zeros((shape[0], STEPS_PER_CALL, *shape[1:]), np.float32)
        self._unused = zeros.copy()  # random numbers left from before

    def start(
        self,
        row: int,
        stream: int,
        prompt: NDArray[Any],
        constraint: Start | None = None,
    ) -> None:
        """Start a stream in a row, in place of the stream that was there.

        Parameters
        ----------
        row : int
        stream : int
            Number of the stream. It selects the random numbers.
        prompt : ndarray, shape (prompt length, ...)
            At least one element.
        constraint : Start, optional
            State after the prompt; required under a constraint.
        """
        self._generators[row] = np.random.default_rng([self._seed, stream])
        self._unused[row] = 0
        self._carry.inputs[row], self._prompts[row] = prompt[0], prompt[1:]
        self._new_rows[row] = True
        if constraint is not None:
            self._starting[row] = constraint.tune
            state = self._carry.constraint
            state.pitch[row], state.remaining[row] = constraint.pitch, constraint.remaining
            state.log_mass[row] = 0

    def log_weight(self, row: int) -> float:
        """Return the logarithm of the importance weight of what was sampled in a row.

        It is the sum of the logarithms of the probability of all allowed elements at
        each step. The decoder must have been created with ``weigh``.
        """
        return float(self._carry.constraint.log_mass[row])

    def advance(self, steps: int = STEPS_PER_CALL) -> list[NDArray[Any]]:
        """Return the next elements of each row.

        Parameters
        ----------
        steps : int
            Maximum number of elements, at most :data:`STEPS_PER_CALL`.

        Returns
        -------
        list of ndarray, shape (count, ...)
            One array for each row of the batch. ``count`` is the number of steps, or less
            if the row waited for transitions or all streams have ended. A prompt is
            included except for its first element.
        """
        require_not_cancelled()
        self._reset_new_rows()
        prompt, prompt_length = self._next_of_prompts()
        self._draw_uniform()
        tables, before = self._compute_transitions(), self._carry.inputs
        sampled, self._carry = self._decoder(
            self._carry, prompt, prompt_length, self._uniform, steps, tables
        )
        count = sampled.count
        self._unused = STEPS_PER_CALL - count
        self._prompts = {row: rest[count[row] :] for row, rest in self._prompts.items()}
        rows = list(sampled.elements.swapaxes(0, 1))
        if self._decoder.tables:
            rows = [row[row != WAITED] for row in rows]
        rows = [row[:length] for row, length in zip(rows, count, strict=True)]
        if self._decoder.tables:
            ids = _joined(before, rows)
            self._decoder.tables.source.record(sampled.visited, self._numbering, ids)
        return rows

    def _compute_transitions(self) -> DeviceTables | tuple[()]:
        """Return tables with the transitions of all rows; their states get current numbers."""
        if not self._decoder.tables:
            return ()
        state = self._carry.constraint
        tables, state.tune[:], self._numbering = self._decoder.tables.compute(
            state.tune, self._numbering, self._starting, self._last_ids()
        )
        self._starting = {}
        return tables

    def _last_ids(self) -> NDArray[np.int32]:
        """Return the id before the constraint's state of each row: the end of its prompt."""
        ids: NDArray[np.int32] = self._carry.inputs.copy()
        for row, rest in self._prompts.items():
            ids[row] = rest[-1] if len(rest) else ids[row]
        return ids

    def _reset_new_rows(self) -> None:
        if self._used_rows and self._new_rows.any():
            initial = self._decoder.model.initial_state(self.batch_size)
            state = where_active(self._new_rows, initial, self._carry.state)
            self._carry = self._carry._replace(state=state)
        self._new_rows[:] = False
        self._used_rows = True

    def _next_of_prompts(self) -> tuple[NDArray[Any], NDArray[np.int32]]:
        """Return the next elements of each prompt, padded, and their number."""
        prompt = np.zeros(self._uniform.shape, self._decoder.dtype)
        length = np.zeros(self.batch_size, np.int32)
        for row, rest in self._prompts.items():
            length[row] = min(len(rest), STEPS_PER_CALL)
            prompt[row, : length[row]] = rest[: length[row]]
        return prompt, length

    def _draw_uniform(self) -> None:
        """Move the random numbers that were not used to the front, and draw the others."""
        for row, generator in self._generators.items():
            unused = self._unused[row]
            self._uniform[row, :unused] = self._uniform[row, STEPS_PER_CALL - unused :]
            shape = (STEPS_PER_CALL - unused, *self._decoder.element_shape)
            self._uniform[row, unused:] = generator.random(shape, dtype=np.float32)


def _joined(before: NDArray[np.int32], rows: list[NDArray[np.int32]]) -> NDArray[np.int32]:
    """Return the ids of all rows, each after the id before them and followed by -1."""
    parts = [part for n, row in enumerate(rows) for part in (before[n : n + 1], row, _SEPARATOR)]
    return np.concatenate(parts)
