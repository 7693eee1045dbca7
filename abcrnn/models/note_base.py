"""What both networks of notes have in common: the contract, weights by name, drawing.

Notes come to a network as *rows*, shape (..., 3): pitch, step, duration, as
``encode`` makes them. ``initial_state(batch_size)``; ``advance(rows, state)``
reads one note a stream; ``draw(state, temperature, noise)`` gives the next rows;
``objective(...)`` is what training makes small. Trainer and sampler speak only
this, so they never ask which network they hold.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from abcrnn.data.time_grid import TimeGrid
from abcrnn.storage.archive import require_shapes

State = tuple[Any, ...]
Shapes = dict[str, tuple[int, ...]]


class Network(keras.Model):  # type: ignore[misc]  # keras has no hints
    """Weights by name, and a configuration.

    Parameters
    ----------
    grid : TimeGrid
        Of the pieces it is trained on.
    config : dict
        Arguments of the class, but for the grid.
    parts : dict
        The layers that have weights, by name.
    """

    def __init__(self, grid: TimeGrid, config: dict[str, Any], parts: dict[str, Any]) -> None:
        super().__init__()
        self.grid, self.config, self.parts = grid, config, parts
        self.built = True

    def weight_arrays(self) -> dict[str, NDArray[np.float32]]:
        """Return a copy of every weight by its name."""
        return {name: weight.numpy() for name, weight in self._by_name().items()}

    def set_weight_arrays(self, arrays: dict[str, NDArray[np.float32]]) -> None:
        """Set every weight; ``ValueError`` if a name, shape or type is not this network's."""
        weights = self._by_name()
        require_shapes({name: tuple(w.shape) for name, w in weights.items()}, arrays)
        for name, weight in weights.items():
            weight.assign(arrays[name])

    def _by_name(self) -> dict[str, Any]:
        return {
            f"{place}/{weight.name}": weight
            for place, layer in self.parts.items()
            for weight in layer.weights
        }


def choose(logits: tf.Tensor, temperature: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
    """Draw from softmax(logits / temperature) by adding Gumbel noise, of at least that width."""
    sharpened = (logits - tf.reduce_max(logits, axis=-1, keepdims=True)) / temperature
    return tf.argmax(sharpened + noise[..., : logits.shape[-1]], axis=-1, output_type=tf.int32)


def lstm_shapes(name: str, width: int, units: int) -> Shapes:
    """Return the shapes of an LSTM layer's weights."""
    return {
        f"{name}/kernel": (width, 4 * units),
        f"{name}/recurrent_kernel": (units, 4 * units),
        f"{name}/bias": (4 * units,),
    }


def dense_shapes(name: str, width: int, units: int) -> Shapes:
    """Return the shapes of a dense layer's weights."""
    return {f"{name}/kernel": (width, units), f"{name}/bias": (units,)}


def dense(units: int, seed: int, activation: str | None = None) -> Any:
    """Make a dense layer whose weights begin as its seed says."""
    start = keras.initializers.GlorotUniform(seed=seed)
    return keras.layers.Dense(units, activation=activation, kernel_initializer=start)
