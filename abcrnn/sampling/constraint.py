"""Constraints on the characters that may be sampled, for the loop in :mod:`.decoder`.

A constraint object lives in the compiled function. Its state is a nest of tensors
with one row per stream, which the loop carries along:

- ``proceeds(state)``: whether enough streams have transitions to continue the loop;
- ``active(state)``: the rows that have transitions; None if all rows have them;
- ``mask(logits, state)``: the logits, -inf for characters that are not allowed;
- ``advance(state, ids, sampled)``: the state after one more character.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from abcrnn.grammar.transition_tables import TransitionTables
from abcrnn.models.base import where_active

#: The loop returns to Python when more than one in this many streams wait.
_STREAMS_PER_WAITING = 8


class ConstraintState(NamedTuple):
    """The state of one stream, or of many: arrays of shape (batch,), int32.

    Parameters
    ----------
    tune, pitch
        State numbers of :class:`abcrnn.grammar.transition_tables.TransitionTables`.
    remaining
        Characters that the tune may still have, including the blank line that closes it.
    """

    tune: Any
    pitch: Any
    remaining: Any


class DeviceTables(NamedTuple):
    """Transition tables as tensors; see TransitionTables for their contents."""

    next_tune: Any
    chars_to_end: Any
    computed: Any
    next_pitch: Any


class TableCopy:
    """A copy of transition tables on the device, updated when new rows are computed.

    Several copies of the same tables may exist: each records which rows it has.
    """

    def __init__(self, source: TransitionTables) -> None:
        self._source = source
        self._tables = self._copy_all()

    def ensure_rows(self, numbers: NDArray[np.int32]) -> DeviceTables:
        """Return the tables with the transitions of these tune states, shape (batch,), int32."""
        source = self._source
        source.compute(numbers)
        if len(source.computed) > self._tables.computed.shape[0]:
            self._tables = self._copy_all()
        new = np.array(source.computed_rows[self._copied :], np.int32)
        if len(new):
            for name in ("next_tune", "chars_to_end", "computed"):
                rows = tf.IndexedSlices(getattr(source, name)[new], new)
                getattr(self._tables, name).scatter_update(rows)
            self._copied += len(new)
        return self._tables

    def _copy_all(self) -> DeviceTables:
        source = self._source
        self._copied = len(source.computed_rows)
        return DeviceTables(
            tf.Variable(source.next_tune, trainable=False),
            tf.Variable(source.chars_to_end, trainable=False),
            tf.Variable(source.computed, trainable=False),
            tf.constant(source.next_pitch),
        )


class Unconstrained:
    """All characters are allowed. The state is ()."""

    def proceeds(self, state: tuple[()]) -> bool:
        """Return True."""
        return True

    def active(self, state: tuple[()]) -> None:
        """Return None: all rows are active."""
        return

    def mask(self, logits: tf.Tensor, state: tuple[()]) -> tf.Tensor:
        """Return the logits unchanged."""
        return logits

    def advance(self, state: tuple[()], ids: tf.Tensor, sampled: tf.Tensor) -> tuple[()]:
        """Return the state unchanged."""
        return state


class TableConstraint:
    """The characters that transition tables allow, and no more than ``remaining`` of them."""

    def __init__(self, tables: DeviceTables) -> None:
        self._tables = tables

    def proceeds(self, state: ConstraintState) -> tf.Tensor:
        """Whether at most one in eight of the unfinished streams waits for transitions."""
        waiting = tf.math.count_nonzero(~self.active(state))
        unfinished = tf.math.count_nonzero(state.tune)  # tune state 0 is the end
        return _STREAMS_PER_WAITING * waiting <= unfinished

    def active(self, state: ConstraintState) -> tf.Tensor:
        """Return the rows whose transitions are computed, shape (batch,), bool."""
        return tf.gather(self._tables.computed, state.tune)

    def mask(self, logits: tf.Tensor, state: ConstraintState) -> tf.Tensor:
        """Return logits, shape (batch, vocab_size), with -inf for characters not allowed."""
        to_end = tf.cast(tf.gather(self._tables.chars_to_end, state.tune), tf.int32)
        allowed = (
            (tf.gather(self._tables.next_tune, state.tune) >= 0)
            & (tf.gather(self._tables.next_pitch, state.pitch) >= 0)
            & (to_end < state.remaining[:, None])
        )
        return tf.where(allowed, logits, -np.inf)

    def advance(
        self, state: ConstraintState, ids: tf.Tensor, sampled: tf.Tensor
    ) -> ConstraintState:
        """Return the state after one more character.

        Parameters
        ----------
        state : ConstraintState
        ids : Tensor, shape (batch,), int32
            Id of the character of each row.
        sampled : Tensor, shape (batch,), bool
            Whether the character was sampled. Other rows keep their state.

        Returns
        -------
        ConstraintState

        Notes
        -----
        Characters of a prompt change nothing: the state of a new stream is the one
        after its prompt. Waiting rows have no transitions and keep their state.
        """
        after = ConstraintState(
            tf.gather(tf.gather(self._tables.next_tune, state.tune), ids, batch_dims=1),
            tf.gather(tf.gather(self._tables.next_pitch, state.pitch), ids, batch_dims=1),
            tf.maximum(state.remaining - 1, 1),  # at least 1: after the end all is allowed
        )
        moves = sampled & self.active(state)
        return ConstraintState(*map(partial(where_active, moves), after, state))
