"""Weights of a model by name, for training and for the model file."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abcrnn.storage.archive import require_shapes


class NamedWeights:
    """Gives a Keras model ``weight_arrays`` and ``set_weight_arrays``."""

    def weight_arrays(self) -> dict[str, NDArray[np.float32]]:
        """Return a copy of every weight by its name.

        Raises
        ------
        ValueError
            If a weight is not float32.
        """
        arrays = {name: weight.numpy() for name, weight in self._named_weights().items()}
        for name, array in arrays.items():
            if array.dtype != np.float32:
                raise ValueError(
                    f"the weight {name} is {array.dtype}: create its layer with dtype='float32'"
                )
        return arrays

    def set_weight_arrays(self, arrays: dict[str, NDArray[np.float32]]) -> None:
        """Set every weight; ``ValueError`` if a name, shape or type does not match."""
        weights = self._named_weights()
        require_shapes({name: tuple(w.shape) for name, w in weights.items()}, arrays)
        for name, weight in weights.items():
            weight.assign(arrays[name])

    @abstractmethod
    def _named_weights(self) -> dict[str, Any]:
        """Return the Keras variable of each weight by its name."""
