"""Constraints on the characters that may be sampled, for the loop in :mod:`.decoder`.

A constraint object lives in the compiled function. Its state is a nest of tensors
with one row per stream, which the loop carries along:

- ``proceeds(state)``: whether enough streams have transitions to continue the loop;
- ``active(state)``: the rows that have transitions; None if all rows have them;
- ``mask(logits, state)``: the logits, -inf for characters that are not allowed;
- ``advance(state, ids, sampled, log_mass)``: the state after one more character.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from abcrnn.grammar import State
from abcrnn.grammar.transition_tables import Numbering, TransitionTables
from abcrnn.models.base import where_active

#: The loop returns to Python when more than one in this many streams wait.
_STREAMS_PER_WAITING = 8
# Rows of the pitch table are padded to a multiple of this, so that a requested range does
# not compile the loop again.
_PITCH_ROWS = 512
_LOWEST_LOG = -1e30


class Start(NamedTuple):
    """The state of the constraint at the beginning of a stream.

    Parameters
    ----------
    tune : State
        State of the tune automaton after the prompt.
    pitch : int
        Number of the pitch state.
    remaining : int
        Characters that the tune may still have, including the blank line that closes it.
    """

    tune: State
    pitch: int
    remaining: int


class ConstraintState(NamedTuple):
    """The state of many streams: arrays of shape (batch,).

    Parameters
    ----------
    tune, pitch : int32
        State numbers of :class:`abcrnn.grammar.transition_tables.TransitionTables`.
    remaining : int32
        Characters that the tune may still have, including the blank line that closes it.
    log_mass : float32
        Sum over the sampled characters of the natural logarithm of the probability of
        all allowed characters; 0 unless it is computed.
    """

    tune: Any
    pitch: Any
    remaining: Any
    log_mass: Any


class DeviceTables(NamedTuple):
    """Transition tables as tensors; see TransitionTables for their contents."""

    row_of: Any
    next_tune: Any
    chars_to_end: Any
    next_pitch: Any


class ReadyTables(NamedTuple):
    """Tables that have the transitions of some tune states.

    Parameters
    ----------
    tables : DeviceTables
    numbers : ndarray, shape (batch,), int32
        The states in ``numbering``.
    numbering : Numbering
        The numbering of ``tables``.
    """

    tables: DeviceTables
    numbers: NDArray[np.int32]
    numbering: Numbering


class TableCopy:
    """A copy of transition tables on the device, updated when new rows are computed.

    Several copies of the same tables may exist: each records which rows it has.
    """

    def __init__(self, source: TransitionTables) -> None:
        self.source = source
        with source.lock:
            self._copy_all()

    def compute(
        self,
        numbers: NDArray[np.int32],
        numbering: Numbering,
        starting: Mapping[int, State],
        last_ids: NDArray[np.int32],
    ) -> ReadyTables:
        """Return the tables with the transitions of tune states.

        The arguments are those of
        :meth:`abcrnn.grammar.transition_tables.TransitionTables.compute`.
        """
        source = self.source
        with source.lock:
            numbers = source.compute(numbers, numbering, starting, last_ids)
            if source.numbering is not self._numbering:
                self._copy_all()
            self._copy_new()
            return ReadyTables(self._tables, numbers, self._numbering)

    def _copy_new(self) -> None:
        source, first = self.source, self._copied
        new = np.array(source.computed_states[first:], np.int32)
        if len(new):
            rows = np.arange(first, first + len(new), dtype=np.int32)
            tables = self._tables
            tables.next_tune.scatter_update(tf.IndexedSlices(source.next_tune[rows], rows))
            tables.chars_to_end.scatter_update(tf.IndexedSlices(source.chars_to_end[rows], rows))
            tables.row_of.scatter_update(tf.IndexedSlices(rows, new))
            self._copied += len(new)

    def _copy_all(self) -> None:
        source = self.source
        padding = -len(source.next_pitch) % _PITCH_ROWS
        self._tables = DeviceTables(
            tf.Variable(source.row_of, trainable=False),
            tf.Variable(source.next_tune, trainable=False),
            tf.Variable(source.chars_to_end, trainable=False),
            tf.constant(np.pad(source.next_pitch, ((0, padding), (0, 0)))),
        )
        self._copied, self._numbering = len(source.computed_states), source.numbering


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

    def advance(
        self, state: tuple[()], ids: tf.Tensor, sampled: tf.Tensor, log_mass: None
    ) -> tuple[()]:
        """Return the state unchanged."""
        return state


class TableConstraint:
    """The characters that transition tables allow, and no more than ``remaining`` of them."""

    def __init__(self, tables: DeviceTables) -> None:
        self._tables = tables

    def proceeds(self, state: ConstraintState) -> tf.Tensor:
        """Whether streams are unfinished, and at most one in eight of them waits."""
        waiting = tf.math.count_nonzero(~self.active(state))
        unfinished = tf.math.count_nonzero(state.tune)  # tune state 0 is the end
        return (unfinished > 0) & (_STREAMS_PER_WAITING * waiting <= unfinished)

    def active(self, state: ConstraintState) -> tf.Tensor:
        """Return the rows whose transitions are computed, shape (batch,), bool."""
        return tf.gather(self._tables.row_of, state.tune) >= 0

    def mask(self, logits: tf.Tensor, state: ConstraintState) -> tf.Tensor:
        """Return logits, shape (batch, vocab_size), with -inf for characters not allowed."""
        rows = self._rows(state)
        to_end = tf.cast(tf.gather(self._tables.chars_to_end, rows), tf.int32)
        allowed = (
            (tf.gather(self._tables.next_tune, rows) >= 0)
            & (tf.gather(self._tables.next_pitch, state.pitch) >= 0)
            & (to_end < state.remaining[:, None])
        )
        return tf.where(allowed, logits, -np.inf)

    def advance(
        self,
        state: ConstraintState,
        ids: tf.Tensor,
        sampled: tf.Tensor,
        log_mass: tf.Tensor | None,
    ) -> ConstraintState:
        """Return the state after one more character.

        Parameters
        ----------
        state : ConstraintState
        ids : Tensor, shape (batch,), int32
            Id of the character of each row.
        sampled : Tensor, shape (batch,), bool
            Whether the character was sampled. Other rows keep their state.
        log_mass : Tensor, shape (batch,), float32, optional
            Logarithm of the probability of the allowed characters.

        Returns
        -------
        ConstraintState

        Notes
        -----
        Characters of a prompt change nothing: the state of a new stream is the one
        after its prompt. Waiting rows have no transitions and keep their state.
        """
        rows = self._rows(state)
        after = ConstraintState(
            tf.gather(tf.gather(self._tables.next_tune, rows), ids, batch_dims=1),
            tf.gather(tf.gather(self._tables.next_pitch, state.pitch), ids, batch_dims=1),
            tf.maximum(state.remaining - 1, 1),  # at least 1: after the end all is allowed
            self._add_log_mass(state, log_mass),
        )
        moves = sampled & self.active(state)
        return ConstraintState(
            *(where_active(moves, new, old) for new, old in zip(after, state, strict=True))
        )

    def _add_log_mass(self, state: ConstraintState, log_mass: tf.Tensor | None) -> tf.Tensor:
        if log_mass is None:
            return state.log_mass
        return state.log_mass + tf.where(state.tune > 0, log_mass, 0.0)  # not after the end

    def _rows(self, state: ConstraintState) -> tf.Tensor:
        return tf.maximum(tf.gather(self._tables.row_of, state.tune), 0)


def log_allowed_mass(
    logits: tf.Tensor, masked: tf.Tensor, temperature: tf.Tensor | float
) -> tf.Tensor:
    """Return the logarithm of the probability of the allowed characters.

    Parameters
    ----------
    logits, masked : Tensor, shape (batch, vocab_size), float32
        Logits before and after :meth:`TableConstraint.mask`.
    temperature : Tensor, scalar, float32, or float
        Divides the logits.

    Returns
    -------
    Tensor, shape (batch,), float32
        At most 0, and finite.
    """
    highest = tf.reduce_max(logits, axis=1, keepdims=True)
    allowed = tf.reduce_logsumexp((masked - highest) * (1.0 / temperature), axis=1)
    everything = tf.reduce_logsumexp((logits - highest) * (1.0 / temperature), axis=1)
    return tf.clip_by_value(allowed - everything, _LOWEST_LOG, 0.0)
