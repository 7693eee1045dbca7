"""The protocols that a model implements.

Sampling and scoring need a :class:`SequenceModel`. Training and the model file need a
:class:`TrainableModel`. No code outside this package tests the class of a model.

Conventions: a state is any nest of tensors. The batch is the first axis of every
array and of every tensor of a state.

===========  =========================================  =======================================
             characters                                 notes
===========  =========================================  =======================================
inputs       ids, (batch,) or (batch, time), int32      rows, (batch, 3) or (batch, time, 3)
outputs      logits, (batch, [time,] vocab_size)        hidden vectors, (batch, [time,] units)
===========  =========================================  =======================================
"""

from __future__ import annotations

import os
from typing import Any, Protocol, runtime_checkable

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

#: A nest of tensors, batch first.
State = Any


@runtime_checkable
class SequenceModel(Protocol):
    """A model that reads a sequence step by step."""

    def initial_state(self, batch_size: int) -> State:
        """Return the initial state of a batch.

        Parameters
        ----------
        batch_size : int

        Returns
        -------
        State
            A tensor or nest of tensors with the batch as first axis.
        """
        ...

    def step(
        self, inputs: tf.Tensor, state: State, active: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, State]:
        """Read one element of each row.

        Parameters
        ----------
        inputs : Tensor, shape (batch,) or (batch, 3)
        state : State
        active : Tensor, shape (batch,), bool, optional
            Rows that are False keep their state; their outputs are not used. All
            rows are active by default. See :func:`where_active`.

        Returns
        -------
        outputs : Tensor, shape (batch, ...)
        state : State
        """
        ...

    def unroll(self, inputs: tf.Tensor, state: State) -> tuple[tf.Tensor, State]:
        """Read a window: the same as one :meth:`step` after the other.

        Parameters
        ----------
        inputs : Tensor, shape (batch, time) or (batch, time, 3)
        state : State

        Returns
        -------
        outputs : Tensor, shape (batch, time, ...)
        state : State
            After the last element.
        """
        ...


@runtime_checkable
class TrainableModel(SequenceModel, Protocol):
    """A model with weights that can be trained and saved."""

    #: Arguments of the class, as saved in the model file.
    config: dict[str, Any]
    #: What the training run records about itself: corpus, split, epoch.
    about: dict[str, Any]
    #: 64-bit digests of the data it was trained and validated on; None if not known.
    trained_digests: NDArray[np.uint64] | None

    @property
    def trainable_variables(self) -> list[Any]:
        """Variables that the optimizer updates."""
        ...

    def unroll(
        self, inputs: tf.Tensor, state: State, dropout_seed: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, State]:
        """Read a window, with dropout if ``dropout_seed`` is given.

        Parameters
        ----------
        inputs : Tensor, shape (batch, time) or (batch, time, 3)
        state : State
        dropout_seed : Tensor, shape (3,), int32, optional
            Turns dropout on; see :func:`abcrnn.models.dropout.drop`.

        Returns
        -------
        outputs : Tensor, shape (batch, time, ...)
        state : State
            After the last element.
        """
        ...

    def weight_arrays(self) -> dict[str, NDArray[np.float32]]:
        """Return a copy of every weight by its name."""
        ...

    def set_weight_arrays(self, arrays: dict[str, NDArray[np.float32]]) -> None:
        """Set every weight; ``ValueError`` if a name, shape or type does not match."""
        ...

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save the model as one file."""
        ...


def require_character_model(model: Any) -> None:
    """Raise ``TypeError`` unless a model reads and predicts the characters of a vocabulary."""
    if not all(hasattr(model, name) for name in ("vocabulary", "initial_state")):
        raise TypeError(
            "model must be a model over characters, such as abcrnn.CharLSTM or "
            f"abcrnn.load_model(path), not {model!r:.80}"
        )


def where_active(active: tf.Tensor | None, new: State, old: State) -> State:
    """Return the new state of active rows and the old state of the others.

    Parameters
    ----------
    active : Tensor, shape (batch,), bool, or None
        None: all rows are active, and ``new`` is returned as it is.
    new, old : State
        With tensors of the same shapes.

    Returns
    -------
    State
    """
    if active is None:
        return new

    def choose(after: tf.Tensor, before: tf.Tensor) -> tf.Tensor:
        rows = tf.reshape(active, (-1,) + (1,) * (after.shape.rank - 1))
        return tf.where(rows, after, before)

    return tf.nest.map_structure(choose, new, old)


def window_state(model: Any, batch_size: int) -> State:
    """Return a state from which ``model.unroll`` reads windows that begin in the initial state.

    It is what the model's own method ``window_state`` returns, which can be smaller than
    the initial state, and the initial state of a model without that method.

    Parameters
    ----------
    model : SequenceModel
    batch_size : int

    Returns
    -------
    State
    """
    state: State = getattr(model, "window_state", model.initial_state)(batch_size)
    return state
