"""Mixing the distribution of a network with those that the heads of a tune memory copy.

Nothing here has weights.
"""

from __future__ import annotations

import tensorflow as tf

from abcrnn.models.memory_reading import MASKED

#: Added to the probabilities of the mixture before the logarithm.
_TINY = 1e-20
#: Added to a head's probabilities before the logarithm, so that it does not rule out the rest.
_FLOOR = 1e-3


def shares_of(gates: tf.Tensor, visible: tf.Tensor) -> tf.Tensor:
    """Return the shares of the network and of each head in a mixture.

    Parameters
    ----------
    gates : Tensor, shape (..., heads)
        Logits, where that of the network is 0.
    visible : Tensor, shape (..., entries), bool
        Where there is no entry to copy from, the share of the network is 1.

    Returns
    -------
    Tensor, shape (..., 1 + heads)
    """
    gates = tf.where(tf.reduce_any(visible, axis=-1, keepdims=True), gates, MASKED)
    return tf.nn.softmax(tf.concat([tf.zeros_like(gates[..., :1]), gates], axis=-1))


def factors_of(gates: tf.Tensor, visible: tf.Tensor) -> tf.Tensor:
    """Return the factors of each head's log-probabilities, (..., heads); 0 without entries."""
    can_copy = tf.reduce_any(visible, axis=-1, keepdims=True)
    return tf.where(can_copy, tf.nn.softplus(gates), 0.0)


def divide_among_factors(shares: tf.Tensor, factors: tf.Tensor) -> tf.Tensor:
    """Return shares in which the network's share is divided by the exponents of its product.

    The product of distributions that log mixing computes has the exponents 1, for the
    network, and ``factors``. Its share is divided in their proportions.

    Parameters
    ----------
    shares : Tensor, shape (..., 1 + heads)
    factors : Tensor, shape (..., heads)

    Returns
    -------
    Tensor, shape (..., 1 + heads)
    """
    exponents = tf.concat([tf.ones_like(factors[..., :1]), factors], axis=-1)
    exponents /= tf.reduce_sum(exponents, axis=-1, keepdims=True)
    own = tf.concat([tf.zeros_like(shares[..., :1]), shares[..., 1:]], axis=-1)
    return shares[..., :1] * exponents + own


def mixture(
    logits: tf.Tensor, copied: tf.Tensor, shares: tf.Tensor, factors: tf.Tensor | None = None
) -> tf.Tensor:
    """Return the log-probabilities of a mixture.

    Parameters
    ----------
    logits : Tensor, shape (..., vocab_size)
    copied : Tensor, shape (..., heads, vocab_size)
        Distribution of each head.
    shares : Tensor, shape (..., 1 + heads)
    factors : Tensor, shape (..., heads), optional
        With log mixing: each head's log-probabilities times its factor are added to the
        logits first.

    Returns
    -------
    Tensor, shape (..., vocab_size)
    """
    if factors is not None:
        logits += _weighted_sum(factors, tf.math.log(copied + _FLOOR))
    copied = _weighted_sum(shares[..., 1:], copied)
    return tf.math.log(shares[..., :1] * tf.nn.softmax(logits) + copied + _TINY)


def _weighted_sum(weights: tf.Tensor, distributions: tf.Tensor) -> tf.Tensor:
    """Return the sum over the heads; XLA computes it faster than small matrix products."""
    return tf.reduce_sum(weights[..., None] * distributions, axis=-2)
