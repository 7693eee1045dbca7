"""The compiled sampling loop.

The loop stays on the device: one call samples the next :data:`STEPS_PER_CALL` elements
of every row at most. An element is what the model reads in one step: an id, or a row of
three numbers for a note.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from abcrnn.models.base import where_active
from abcrnn.sampling.constraint import (
    DeviceTables,
    TableConstraint,
    Unconstrained,
    log_allowed_mass,
)

#: Elements per row that one call samples at most.
STEPS_PER_CALL = 128
#: In place of an element, where a row waited.
WAITED = -1


class Sampled(NamedTuple):
    """What one call of the loop returns.

    Parameters
    ----------
    elements : shape (time, batch, ...)
        -1 where a row waited for transitions.
    visited : shape (time, batch), int32, or () without a constraint
        Tune state before each element.
    count : shape (batch,), int32
        Number of elements of each row: fewer than the steps if the row waited, or if the
        loop ended because too many rows waited or all were finished.
    """

    elements: Any
    visited: Any
    count: Any


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
    steps: tf.Tensor,
    tables: DeviceTables | tuple[()],
    parameters: Mapping[str, tf.Tensor],
    weigh: bool = False,
) -> tuple[Sampled, Carry]:
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
    steps : Tensor, scalar, int32
        Elements to sample, at most :data:`STEPS_PER_CALL`.
    tables : DeviceTables, or () without a constraint
    parameters : mapping of str to Tensor
        Parameters of the choice.
    weigh : bool
        Whether to compute the probability of the allowed elements.

    Returns
    -------
    sampled : Sampled
    carry : Carry
        To continue from.
    """
    constraint = TableConstraint(tables) if tables else Unconstrained()

    def proceeds(t: tf.Tensor, carry: Carry, sampled: Sampled) -> tf.Tensor:
        return (t < steps) & constraint.proceeds(carry.constraint)

    def step(t: tf.Tensor, carry: Carry, sampled: Sampled) -> tuple[Any, ...]:
        count = sampled.count
        active = constraint.active(carry.constraint)
        # Without a constraint, also models whose step has no argument `active` are sampled.
        rows = {} if active is None else {"active": active}
        outputs, state = model.step(carry.inputs, carry.state, **rows)
        allowed = constraint.mask(outputs, carry.constraint)
        temperature = parameters.get("temperature", 1.0)
        log_mass = log_allowed_mass(outputs, allowed, temperature) if weigh else None
        chosen = choose(allowed, tf.gather(uniform, count, batch_dims=1), parameters)
        in_prompt = count < prompt_length
        chosen = where_active(in_prompt, tf.gather(prompt, count, batch_dims=1), chosen)
        after = Carry(
            where_active(active, chosen, carry.inputs),
            state,
            constraint.advance(carry.constraint, chosen, ~in_prompt, log_mass),
        )
        written = where_active(active, chosen, tf.fill(chosen.shape, WAITED))
        visited = sampled.visited
        sampled = Sampled(
            sampled.elements.write(t, written),
            visited.write(t, carry.constraint.tune) if tables else visited,
            count + (1 if active is None else tf.cast(active, tf.int32)),
        )
        return t + 1, after, sampled

    sampled = Sampled(
        _array_like(carry.inputs),
        _array_like(carry.constraint.tune) if tables else (),
        tf.zeros_like(prompt_length),
    )
    _, carry, sampled = tf.while_loop(
        proceeds, step, (0, carry, sampled), maximum_iterations=STEPS_PER_CALL
    )
    visited = sampled.visited.stack() if tables else ()
    return Sampled(sampled.elements.stack(), visited, sampled.count), carry


def _array_like(rows: tf.Tensor) -> tf.TensorArray:
    return tf.TensorArray(rows.dtype, size=STEPS_PER_CALL, element_shape=rows.shape)
