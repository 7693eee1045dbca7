"""The machine's peak: the rate of a product of large square float32 matrices."""

from __future__ import annotations

import tensorflow as tf

from benchmarks.clock import Timing, timed


class Peak:
    """A product of two square matrices in TensorFlow. Its amount is in operations."""

    parameters = 0

    def __init__(self, size: int) -> None:
        self._size = size
        self._matrix = tf.random.normal((size, size), seed=0)
        self._product = tf.function(lambda matrix: matrix @ matrix)

    def warm_up(self) -> None:
        """Multiply once."""
        self.run()

    def run(self) -> Timing:
        """Multiply once, timed."""
        return timed(2.0 * self._size**3, lambda: self._product(self._matrix).numpy())
