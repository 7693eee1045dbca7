"""Reading a tune memory: attention over its entries gives distributions of the next character.

Nothing here has weights.
"""

from __future__ import annotations

import math

import tensorflow as tf

from abcrnn.models.memory_entries import NONE, MemoryState

#: Score of an entry that is not visible.
MASKED = -1e9
#: Entries that a step reads at a time. It reads no further than the longest tune so far.
_BLOCK = 64


def attention(scores: tf.Tensor, visible: tf.Tensor) -> tf.Tensor:
    """Return the softmax of scores over the visible entries; zeros if there are none."""
    weights = tf.nn.softmax(tf.where(visible, scores, MASKED))
    return tf.where(visible, weights, 0.0)


def copied_in_step(
    queries: tf.Tensor, state: MemoryState, vocab_size: int, bonus: tf.Tensor | None
) -> tf.Tensor:
    """Return each head's distribution of the next character.

    Entries are read block by block, as far as the longest memory reaches. The softmax is
    computed on the way: the sums so far are scaled down when a larger score appears.

    Parameters
    ----------
    queries : Tensor, shape (batch, heads, dim)
    state : MemoryState
    vocab_size : int
    bonus : Tensor, shape (1 + limit, heads), optional
        Added to the score of an entry, for each match length.

    Returns
    -------
    Tensor, shape (batch, heads, vocab_size)
        Zeros for a row without entries.
    """
    batch, heads, dim = queries.shape
    capacity = state.following.shape[1]
    block = math.gcd(capacity, _BLOCK)
    used = tf.minimum(tf.reduce_max(state.written), capacity)
    rows = tf.repeat(tf.range(batch), block)

    def read(
        first: tf.Tensor, largest: tf.Tensor, total: tf.Tensor, copied: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        keys = tf.slice(state.keys, [0, first, 0], [batch, block, heads * dim])
        following = tf.slice(state.following, [0, first], [batch, block])
        # A product for each head: XLA computes it faster than one product of all heads.
        parts = zip(tf.split(keys, heads, axis=2), tf.unstack(queries, axis=1), strict=True)
        scores = tf.stack([tf.linalg.matvec(key, query) for key, query in parts], axis=2)
        if bonus is not None:
            lengths = tf.slice(state.matches, [0, first], [batch, block])
            scores += tf.gather(bonus, lengths)
        visible = following[:, :, None] != NONE
        scores = tf.where(visible, scores, MASKED)
        before, largest = largest, tf.maximum(largest, tf.reduce_max(scores, axis=1))
        scale = tf.exp(before - largest)
        weights = tf.where(visible, tf.exp(scores - largest[:, None]), 0.0)
        index = tf.stack([rows, tf.reshape(tf.maximum(following, 0), [-1])], axis=1)
        copied = tf.tensor_scatter_nd_add(
            copied * scale[:, None], index, tf.reshape(weights, (-1, heads))
        )
        total = total * scale + tf.reduce_sum(weights, axis=1)
        return first + block, largest, total, copied

    shape = (batch, heads)
    start = (0, tf.fill(shape, MASKED), tf.zeros(shape), tf.zeros((batch, vocab_size, heads)))
    _, _, total, copied = tf.while_loop(lambda first, *_: first < used, read, start)
    return tf.transpose(tf.math.divide_no_nan(copied, total[:, None]), (0, 2, 1))
