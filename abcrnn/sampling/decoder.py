"""The sampling loop: many streams in parallel, for characters and notes alike.

The loop is compiled and stays on the device: one call samples the next
:data:`STEPS_PER_CALL` elements of every row. An element is what the model reads in one
step: an id, or a row of three numbers for a note. The model enters as its ``step``, the
strategy as a :class:`abcrnn.sampling.choice.Choice`, and what is allowed as a constraint
(:mod:`abcrnn.sampling.constraint`).

Random numbers are an argument of the loop. They depend on the seed and the number of
the stream only. Logits also depend on the number of rows, by rounding: a stream that is
sampled with another number of rows (1, 16 or 64) may differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from abcrnn.grammar.transition_tables import TransitionTables
from abcrnn.models.base import where_active
from abcrnn.models.compilation import compile_once
from abcrnn.sampling.choice import Choice
from abcrnn.sampling.constraint import (
    ConstraintState,
    DeviceTables,
    TableConstraint,
    TableCopy,
    Unconstrained,
)

#: Elements per row that one call samples.
STEPS_PER_CALL = 128
#: Largest number of streams that are sampled in parallel.
MAX_BATCH = 64
_BATCH_SIZES = (1, 16, MAX_BATCH)  # few, because each of them is compiled
_WAITED = -1  # in place of an element, where a row waited


class Carry(NamedTuple):
    """What the loop carries from one step to the next; arrays have the batch first.

    Parameters
    ----------
    inputs : shape (batch, ...)
        The last elements, which the model has not read yet.
    state : State
        State of the model before it reads ``inputs``.
    constraint : ConstraintState, or () without a constraint
    """

    inputs: Any
    state: Any
    constraint: Any


def decode(
    model: Any,
    choose: Callable[[tf.Tensor, tf.Tensor, Mapping[str, tf.Tensor]], tf.Tensor],
    carry: Carry,
    prompt: tf.Tensor,
    prompt_length: tf.Tensor,
    uniform: tf.Tensor,
    tables: DeviceTables | tuple[()],
    parameters: Mapping[str, tf.Tensor],
) -> tuple[tf.Tensor, tf.Tensor, Carry]:
    """Sample the next elements of every row.

    Parameters
    ----------
    model : SequenceModel
    choose : Choice
        Chooses the next element of each row from the outputs of the model.
    carry : Carry
    prompt : Tensor, shape (batch, time, ...)
        Elements to take instead of sampled ones.
    prompt_length : Tensor, shape (batch,), int32
        Number of elements in each row of ``prompt``; the rest is padding.
    uniform : Tensor, shape (batch, time, ...), float32
        Random numbers from 0 up to 1.
    tables : DeviceTables, or () without a constraint
    parameters : mapping of str to Tensor
        Parameters of the choice.

    Returns
    -------
    sampled : Tensor, shape (time, batch, ...)
        -1 where a row waited for transitions.
    count : Tensor, shape (batch,), int32
        Number of elements of each row: fewer than ``time`` if the row waited, or if the
        loop ended because too many rows waited.
    carry : Carry
        To continue from.
    """
    constraint = TableConstraint(tables) if tables else Unconstrained()

    def proceeds(t: tf.Tensor, count: tf.Tensor, carry: Carry, sampled: Any) -> tf.Tensor:
        return (t < STEPS_PER_CALL) & constraint.proceeds(carry.constraint)

    def step(t: tf.Tensor, count: tf.Tensor, carry: Carry, sampled: Any) -> tuple[Any, ...]:
        active = constraint.active(carry.constraint)
        # Without a constraint, also models whose step has no argument `active` are sampled.
        rows = {} if active is None else {"active": active}
        outputs, state = model.step(carry.inputs, carry.state, **rows)
        outputs = constraint.mask(outputs, carry.constraint)
        chosen = choose(outputs, tf.gather(uniform, count, batch_dims=1), parameters)
        in_prompt = count < prompt_length
        chosen = where_active(in_prompt, tf.gather(prompt, count, batch_dims=1), chosen)
        after = Carry(
            where_active(active, chosen, carry.inputs),
            state,
            constraint.advance(carry.constraint, chosen, ~in_prompt),
        )
        sampled = sampled.write(t, where_active(active, chosen, tf.fill(chosen.shape, _WAITED)))
        count += 1 if active is None else tf.cast(active, tf.int32)
        return t + 1, count, after, sampled

    inputs = carry.inputs
    sampled = tf.TensorArray(inputs.dtype, size=STEPS_PER_CALL, element_shape=inputs.shape)
    start = (0, tf.zeros_like(prompt_length), carry, sampled)
    _, count, carry, sampled = tf.while_loop(
        proceeds, step, start, maximum_iterations=STEPS_PER_CALL
    )
    return sampled.stack(), count, carry


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
    """

    def __init__(
        self,
        model: Any,
        choice: Choice,
        tables: TransitionTables | None = None,
        element_shape: tuple[int, ...] = (),
        dtype: Any = np.int32,
        xla: bool | None = True,
    ) -> None:
        self.model, self.element_shape, self.dtype = model, element_shape, dtype
        self.tables = None if tables is None else TableCopy(tables)
        self._parameters = {n: tf.convert_to_tensor(v) for n, v in choice.parameters.items()}
        key = ("decode", choice.key, tables is not None)
        self._decode = compile_once(model, key, partial(decode, model, choice), xla=xla)

    def __call__(
        self,
        carry: Carry,
        prompt: NDArray[Any],
        prompt_length: NDArray[np.int32],
        uniform: NDArray[np.float32],
    ) -> tuple[NDArray[Any], NDArray[np.int32], Carry]:
        """Sample the next elements of every row; see :func:`decode`.

        All that is returned are NumPy arrays, except for the state of the model.
        """
        tables = self.tables.ensure_rows(carry.constraint.tune) if self.tables else ()
        sampled, count, after = self._decode(
            carry, prompt, prompt_length, uniform, tables, self._parameters
        )
        inputs, constraint = tf.nest.map_structure(
            lambda rows: rows.numpy().copy(), (after.inputs, after.constraint)
        )
        return sampled.numpy(), count.numpy(), Carry(inputs, after.state, constraint)

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
        # Rows without a stream are at the end of a tune (tune state 0), where all is allowed.
        end = ConstraintState(zeros.copy(), zeros.copy(), zeros + 1) if decoder.tables else ()
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
        constraint: ConstraintState | None = None,
    ) -> None:
        """Start a stream in a row, in place of the stream that was there.

        Parameters
        ----------
        row : int
        stream : int
            Number of the stream. It selects the random numbers.
        prompt : ndarray, shape (prompt length, ...)
            At least one element.
        constraint : ConstraintState, optional
            State after the prompt; required under a constraint.
        """
        self._generators[row] = np.random.default_rng([self._seed, stream])
        self._unused[row] = 0
        self._carry.inputs[row], self._prompts[row] = prompt[0], prompt[1:]
        self._new_rows[row] = True
        if constraint is not None:
            for array, number in zip(self._carry.constraint, constraint, strict=True):
                array[row] = number

    def advance(self) -> list[NDArray[Any]]:
        """Return the next elements of each row.

        Returns
        -------
        list of ndarray, shape (count, ...)
            One array for each row of the batch. ``count`` is :data:`STEPS_PER_CALL`, or
            less if the row waited for transitions. A prompt is included except for its
            first element.
        """
        self._reset_new_rows()
        prompt, prompt_length = self._next_of_prompts()
        self._draw_uniform()
        sampled, count, self._carry = self._decoder(
            self._carry, prompt, prompt_length, self._uniform
        )
        self._unused = STEPS_PER_CALL - count
        self._prompts = {row: rest[count[row] :] for row, rest in self._prompts.items()}
        rows = list(sampled.swapaxes(0, 1))
        if self._decoder.tables:
            rows = [row[row != _WAITED] for row in rows]
        return [row[:length] for row, length in zip(rows, count, strict=True)]

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
