"""Entries of a tune memory (:mod:`abcrnn.models.tune_memory`): storing, reading, dropping.

Nothing here has weights.
"""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

#: In place of an id: an entry that is empty, or a character before the first one.
NONE = -1


class MemoryState(NamedTuple):
    """State of a tune memory; the batch is the first axis.

    Parameters
    ----------
    keys : Tensor, shape (batch, capacity, heads * dim), float32
    following : Tensor, shape (batch, capacity), int32
        The character that followed each key; :data:`NONE` in an empty entry.
    written : Tensor, shape (batch,), int32
        Number of entries written since the tune began. The next is written at
        ``written % capacity``.
    recent : Tensor, shape (batch, 2), int32
        The last characters read, the latest first; :data:`NONE` before the first.
    matches : Tensor, shape (batch, capacity), int32
        Match length of each entry (:mod:`abcrnn.models.memory_matches`); an empty tuple in
        a memory that does not use them.
    """

    keys: tf.Tensor
    following: tf.Tensor
    written: tf.Tensor
    recent: tf.Tensor
    matches: tf.Tensor | tuple[()] = ()


class Window(NamedTuple):
    """Characters of a window and what precedes each of them; shapes are (batch, time)."""

    ids: tf.Tensor
    latest: tf.Tensor  # the character before; NONE before the first
    second: tf.Tensor  # the one before that
    tune: tf.Tensor  # number of tunes that began in the window so far
    begins: tf.Tensor  # bool: whether a tune begins after this character


class Entries(NamedTuple):
    """Entries of a state and of the window after it, from the oldest to the newest."""

    keys: tf.Tensor  # (batch, held + time, heads * dim)
    following: tf.Tensor  # (batch, held + time)
    tune: tf.Tensor  # (batch, held + time): as in Window; 0 for those of the state
    held: int  # number of entries of the state


def ends_blank_line(ids: tf.Tensor, latest: tf.Tensor, line_end: int) -> tf.Tensor:
    """Return whether a character and the one before are line ends: a tune begins after them."""
    return (ids == line_end) & (latest == line_end) & (ids != NONE)


def read_window(ids: tf.Tensor, recent: tf.Tensor, line_end: int) -> Window:
    """Return the characters of a window with those before them.

    Parameters
    ----------
    ids : Tensor, shape (batch, time), int32
    recent : Tensor, shape (batch, 2), int32
        The last characters before the window, the latest first.
    line_end : int

    Returns
    -------
    Window
    """
    latest = tf.concat([recent[:, :1], ids[:, :-1]], axis=1)
    second = tf.concat([recent[:, ::-1], ids[:, :-2]], axis=1)[:, : tf.shape(ids)[1]]
    begins = ends_blank_line(ids, latest, line_end)
    return Window(ids, latest, second, tf.cumsum(tf.cast(begins, tf.int32), axis=1), begins)


def join(state: MemoryState, keys: tf.Tensor, window: Window) -> Entries:
    """Return the entries of a state and of the window after it.

    Parameters
    ----------
    state : MemoryState
    keys : Tensor, shape (batch, time, heads * dim)
        Key before each character of the window.
    window : Window

    Returns
    -------
    Entries
    """
    # From the oldest to the newest; empty ones of a memory that is not full come first.
    held = state.keys.shape[1]
    order = (state.written[:, None] + tf.range(held)) % max(held, 1)
    old_keys, old_following = (
        tf.gather(array, order, batch_dims=1) for array in (state.keys, state.following)
    )
    following = tf.where((window.latest == NONE) | window.begins, NONE, window.ids)
    return Entries(
        tf.concat([old_keys, keys], axis=1),
        tf.concat([old_following, following], axis=1),
        tf.pad(window.tune, [[0, 0], [held, 0]]),
        held,
    )


def visible_entries(entries: Entries, capacity: int) -> tf.Tensor:
    """Return which entries each character of the window sees.

    Parameters
    ----------
    entries : Entries
    capacity : int

    Returns
    -------
    Tensor, shape (batch, time, entries), bool
        True for those of its own tune that are not newer than the character, and among
        the newest ``capacity``.
    """
    number = tf.range(tf.shape(entries.following)[1])
    age = number[entries.held :, None] - number
    same_tune = entries.tune[:, None] == entries.tune[:, entries.held :, None]
    return (entries.following[:, None] != NONE) & same_tune & (age >= 0) & (age < capacity)


def last_state(
    entries: Entries,
    window: Window,
    written: tf.Tensor,
    capacity: int,
    matches: tf.Tensor | None = None,
) -> MemoryState:
    """Return the state after a window.

    Parameters
    ----------
    entries : Entries
    window : Window
    written : Tensor, shape (batch,), int32
        Of the state before the window.
    capacity : int
    matches : Tensor, shape (batch, entries), int32, optional
        Match lengths after the last character.

    Returns
    -------
    MemoryState
    """
    time, total = tf.shape(window.ids)[1], tf.shape(entries.following)[1]
    tune = window.tune[:, -1:]
    last_beginning = tf.math.count_nonzero(window.tune < tune, axis=1, dtype=tf.int32)
    written = tf.where(tune[:, 0] > 0, time - 1 - last_beginning, written + time)
    # The newest entry of each slot, counted from the beginning of the tune.
    newest = written[:, None] - 1
    newest -= tf.math.floormod(newest - tf.range(capacity), capacity)
    index = tf.maximum(total - written[:, None] + newest, 0)
    filled = newest >= 0
    keys = tf.gather(entries.keys, index, batch_dims=1)
    following = tf.gather(entries.following, index, batch_dims=1)
    recent = tf.stack([window.ids[:, -1], window.latest[:, -1]], axis=1)
    return MemoryState(
        tf.where(filled[:, :, None], keys, 0.0),
        tf.where(filled, following, NONE),
        written,
        recent,
        () if matches is None else tf.where(filled, tf.gather(matches, index, batch_dims=1), 0),
    )
