"""Exponential moving average of the weights of a model in training.

After step t (from 1), the average moves towards the weights by 1 - min(decay, (1 + t) /
(10 + t)): at the beginning quickly, so that it does not remember the initial weights.
Keras's own average (``Adam(use_ema=True)``) does not warm up, and only
``optimizer.apply`` updates it, which several processes do not call.

References
----------
Polyak and Juditsky, Acceleration of Stochastic Approximation by Averaging, 1992.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from abcrnn.storage.archive import Arrays


class WeightAverage:
    """The average of the trainable weights of a model.

    Parameters
    ----------
    model : TrainableModel
    decay : float
        Upper bound of the share of the old average that a step keeps: above 0, below 1.

    Attributes
    ----------
    variables : list of tf.Variable
        One for each trainable weight, in order. Create them in the scope of a
        ``tf.distribute`` strategy that trains the model.
    """

    def __init__(self, model: Any, decay: float) -> None:
        self._model, self._decay = model, decay
        self.variables = [
            tf.Variable(weight.numpy(), trainable=False) for weight in model.trainable_variables
        ]

    def rate(self, step: tf.Tensor) -> tf.Tensor:
        """Return how far the average moves towards the weights after a step, from 0 to 1."""
        step = tf.cast(step, tf.float32)
        return 1 - tf.minimum(self._decay, (1 + step) / (10 + step))

    def update(self, step: tf.Tensor) -> None:
        """Move the average towards the weights after a step, which is counted from 1."""
        rate = self.rate(step)
        weights = [weight.value for weight in self._model.trainable_variables]
        for average, weight in zip(self.variables, weights, strict=True):
            move(average, weight, rate)

    def arrays(self) -> Arrays:
        """Return a copy of the average by names for a checkpoint."""
        return {
            f"average/{n}": np.array(average.numpy()) for n, average in enumerate(self.variables)
        }

    def assign(self, arrays: Arrays) -> None:
        """Set the average to the arrays of :meth:`arrays`; other arrays are ignored."""
        for number, average in enumerate(self.variables):
            average.assign(arrays[f"average/{number}"])

    def into_model(self) -> None:
        """Set the weights of the model to the average."""
        for weight, average in zip(self._model.trainable_variables, self.variables, strict=True):
            weight.assign(average.numpy())

    @contextlib.contextmanager
    def in_model(self) -> Iterator[None]:
        """Give the model the average as its weights inside the block."""
        weights = self._model.trainable_variables
        trained = [np.array(weight.numpy()) for weight in weights]
        self.into_model()
        try:
            yield
        finally:
            for weight, array in zip(weights, trained, strict=True):
                weight.assign(array)


def move(average: tf.Variable, weight: tf.Tensor, rate: tf.Tensor) -> None:
    """Move one variable towards a weight."""
    average.assign_add(rate * (tf.convert_to_tensor(weight) - average))
