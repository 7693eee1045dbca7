"""Match lengths: how many characters before two positions of a tune agree.

A tune memory (:mod:`abcrnn.models.tune_memory`) with match lengths knows for each of its
entries how many characters before the entry equal the last characters read, counted
backwards up to a limit. The longer the match, the more likely the character that
followed there follows here too. Nothing here has weights.

References
----------
Cleary and Witten, Data Compression Using Adaptive Coding and Partial String Matching,
1984; Mahoney, Adaptive Weighing of Context Models for Lossless Data Compression, 2005.
"""

from __future__ import annotations

from itertools import accumulate

import tensorflow as tf

from abcrnn.models.memory_entries import NONE, Entries, MemoryState

#: Longest match length that is counted.
MAX_MATCH = 32


def window_matches(entries: Entries, time: tf.Tensor, capacity: int, limit: int) -> tf.Tensor:
    """Return the match lengths of the characters of a window.

    Parameters
    ----------
    entries : Entries
        Of a state and of the window after it.
    time : Tensor, shape (), int32
        Number of characters of the window.
    capacity : int
        Characters that are older than the newest ``capacity`` are not compared.
    limit : int
        Largest match length that is counted.

    Returns
    -------
    Tensor, shape (batch, time, entries), int32
        Of no meaning where the character does not see the entry.
    """
    # A match ends where the tune begins: there the entry has no character, the later one has.
    following, held = entries.following, entries.held
    preceding = tf.pad(following[:, :-1], [[0, 0], [1, 0]], constant_values=NONE)

    def read(lengths: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
        longer = tf.pad(lengths[:, :-1], [[0, 0], [1, 0]]) + 1
        return tf.where(preceding == ids[:, None], tf.minimum(longer, limit), 0)

    # The last characters of the state are read again, because matches reach back into them.
    first = max(held - limit, 0)
    lengths = tf.scan(read, tf.transpose(following[:, first:]), tf.zeros_like(following))
    age = tf.range(held, held + time)[:, None] - tf.range(tf.shape(following)[1])
    lengths = tf.transpose(lengths[held - first :], (1, 0, 2))
    return tf.minimum(lengths, tf.maximum(capacity - 1 - age, 0))


def next_matches(before: MemoryState, ids: tf.Tensor, limit: int) -> tf.Tensor:
    """Return the match lengths after a character is read.

    A match of an entry is one longer than the match of the entry before it was, if the
    character of that one is read now.

    Parameters
    ----------
    before : MemoryState
        Before the character.
    ids : Tensor, shape (batch,), int32
        The character.
    limit : int
        Largest match length that is counted.

    Returns
    -------
    Tensor, shape (batch, capacity), int32
        For each slot of the memory.
    """
    capacity = before.following.shape[1]
    agrees = tf.roll(before.following == ids[:, None], 1, axis=1)
    lengths = tf.where(agrees, tf.roll(before.matches, 1, axis=1) + 1, 0)
    age = (before.written % capacity)[:, None] - tf.range(capacity)
    age = tf.where(age < 0, age + capacity, age)
    return tf.minimum(lengths, tf.minimum(capacity - 1 - age, limit))


def ramp_widths(limit: int) -> list[int]:
    """Return the widths of the ranges of match lengths in which the features rise.

    Each range is as wide as all before it, except the first and the last: 1, 1, 2, 4, 8
    and so on, with the sum ``limit``.
    """
    widths: list[int] = []
    while limit > sum(widths):
        widths.append(min(max(sum(widths), 1), limit - sum(widths)))
    return widths


def ramps(lengths: tf.Tensor, limit: int) -> tf.Tensor:
    """Return features of match lengths, of which a sum with weights is piecewise linear.

    Parameters
    ----------
    lengths : Tensor, int32
        At most ``limit``.
    limit : int

    Returns
    -------
    Tensor, shape (..., ranges), float32
        Each rises from 0 to 1 in one of the ranges of :func:`ramp_widths`.
    """
    widths = ramp_widths(limit)
    starts = list(accumulate(widths[:-1], initial=0))
    rise = tf.cast(lengths, tf.float32)[..., None] - tf.constant(starts, tf.float32)
    return tf.clip_by_value(rise / tf.constant(widths, tf.float32), 0.0, 1.0)
