"""Models to start another training from: the same weights, more characters."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from abcrnn.data.vocabulary import Vocabulary
from abcrnn.models.character_model import CharacterModel

Model = TypeVar("Model", bound=CharacterModel)


def extend_vocabulary(model: Model, vocabulary: Vocabulary) -> Model:
    """Return a copy of a model that also knows the characters of a vocabulary.

    The weights are those of the model. In each weight with an axis for the characters,
    such as the embedding and the output layer, a new character has the mean of the known
    characters; in a bias it has their minimum, so that it is unlikely at first. The
    model's predictions of known characters therefore hardly change.

    Parameters
    ----------
    model : CharacterModel
    vocabulary : Vocabulary
        Of the tunes to train on.

    Returns
    -------
    CharacterModel
        Of the same class and architecture. Novelty index and digests of the training
        tunes are kept. ``about["base"]`` names the model, and is saved with models that
        are trained from it.

    Raises
    ------
    ValueError
        If a weight depends on the size of the vocabulary in another way.

    Examples
    --------
    >>> base = load_model("irish.abcrnn")  # doctest: +SKIP
    >>> model = extend_vocabulary(base, train.vocabulary)  # doctest: +SKIP
    >>> Trainer(model, train, learning_rate=5e-4).fit(epochs=8)  # doctest: +SKIP
    """
    known = model.vocabulary.characters
    characters = "".join(sorted({*known, *vocabulary.characters}))
    extended = type(model)(Vocabulary(characters), **model.config)
    new_ids = np.array([characters.index(character) for character in known])
    arrays = model.weight_arrays()
    shapes = {name: array.shape for name, array in extended.weight_arrays().items()}
    extended.set_weight_arrays(
        {
            name: _extended(name, array, shapes[name], new_ids, len(characters))
            for name, array in arrays.items()
        }
    )
    extended.novelty = model.novelty
    extended.trained_digests = model.trained_digests
    extended.validated_digests = model.validated_digests
    corpus = model.about.get("corpus") or {}
    extended.about = {
        "base": {"fingerprint": model.fingerprint, "corpus": str(corpus.get("name", ""))}
    }
    return extended


def _extended(
    name: str,
    array: NDArray[np.float32],
    shape: tuple[int, ...],
    new_ids: NDArray[np.int64],
    size: int,
) -> NDArray[np.float32]:
    """Return a weight for a larger vocabulary.

    Parameters
    ----------
    name : str
    array : ndarray
    shape : tuple of int
        Shape for the larger vocabulary.
    new_ids : ndarray, shape (known,), int64
        New id of each known character.
    size : int
        Size of the larger vocabulary.
    """
    for axis, (before, after) in enumerate(zip(array.shape, shape, strict=True)):
        if before == after:
            continue
        if (before, after) != (len(new_ids), size):
            raise ValueError(
                f"the weight {name} of shape {array.shape} has shape {shape} for {size} characters"
            )
        fill = array.min if array.ndim == 1 else array.mean
        new = np.repeat(fill(axis=axis, keepdims=True), size, axis=axis)
        new[(slice(None),) * axis + (new_ids,)] = array
        array = new
    return array
