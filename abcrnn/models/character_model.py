"""CharacterModel: what every model over the characters of a vocabulary shares.

A network derives from it and defines ``__init__``, ``initial_state``, ``step`` and
``unroll`` (:mod:`abcrnn.models.base`). Everything else comes from its Keras variables:
named weights, the model file, the fingerprint, and the behaviour of a Keras model.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from itertools import count
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from abcrnn.data.novelty import NoveltyIndex
from abcrnn.data.vocabulary import Vocabulary
from abcrnn.models.backend import keras
from abcrnn.models.base import State
from abcrnn.models.model_archive import (
    CUSTOM,
    model_path,
    require_precision,
    round_weights,
    validate_digests,
)
from abcrnn.models.named_weights import NamedWeights
from abcrnn.storage.archive import write_archive

#: Names of arrays in a model file besides weights: of the novelty index (a prefix), and of
#: the digests of the training tunes, and of those that were used for validation only.
NOVELTY, DIGESTS, VALIDATED = "novelty/", "trained/digests", "validated/digests"

#: Attributes that are saved with a model besides its configuration and weights.
SAVED = ("about", "novelty", "trained_digests", "validated_digests")


class CharacterModel(NamedWeights, keras.Model):  # type: ignore[misc]  # keras has no hints
    """Base class of models that predict the next character.

    A derived class takes a vocabulary and keyword arguments, passes them on to
    ``super().__init__``, creates its layers, and calls ``self.build()`` at the end.

    Parameters
    ----------
    vocabulary : Vocabulary
    **config
        The arguments of the derived class: numbers, strings, and lists of these. They
        are saved in the model file and passed to the class when the file is loaded.

    Raises
    ------
    ValueError
        If ``vocabulary`` is not a :class:`abcrnn.Vocabulary`.

    Examples
    --------
    ``examples/own_model.py`` is a complete example.
    """

    #: Format of the model files of this class.
    file_format: ClassVar[str] = CUSTOM

    def __init_subclass__(cls, file_format: str = CUSTOM, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.file_format = file_format  # not inherited: another class, another network

    def __init__(self, vocabulary: Vocabulary, **config: Any) -> None:
        if not isinstance(vocabulary, Vocabulary):
            raise ValueError(
                "vocabulary must be an abcrnn.Vocabulary, such as "
                f"Vocabulary.from_text(corpus.text), not {type(vocabulary).__name__}"
            )
        # Explicit, so that a global dtype policy does not change what the model computes.
        super().__init__(dtype="float32")
        self.vocabulary = vocabulary
        self.config = config
        #: What the training run records: corpus, split, epoch. Saved with the model.
        self.about: dict[str, Any] = {}
        #: Index of the training tunes, to find what a tune copies. Saved with the model.
        self.novelty: NoveltyIndex | None = None
        #: 64-bit digests of the training and validation tunes, shape (tunes,); None if they
        #: are not known. Saved with the model.
        self.trained_digests: NDArray[np.uint64] | None = None
        #: Those of them that only validated the model, in no training. Saved with the model.
        self.validated_digests: NDArray[np.uint64] | None = None

    # For derived classes to define ---------------------------------------------------------

    def initial_state(self, batch_size: int) -> State:
        """Return the initial state of a batch.

        Parameters
        ----------
        batch_size : int

        Returns
        -------
        State
            A tensor or nest of tensors with the batch as first axis.
        """
        raise NotImplementedError(f"{type(self).__name__} must define initial_state")

    def step(
        self, ids: tf.Tensor, state: State, active: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, State]:
        """Read one character of each row.

        Parameters
        ----------
        ids : Tensor, shape (batch,), int32
        state : State
        active : Tensor, shape (batch,), bool, optional
            Rows that are False keep their state; their logits are not used. All rows are
            active by default. :func:`abcrnn.models.base.where_active` implements it.

        Returns
        -------
        logits : Tensor, shape (batch, vocab_size), float32
            Logits of the next character.
        state : State
        """
        raise NotImplementedError(f"{type(self).__name__} must define step")

    def unroll(
        self, ids: tf.Tensor, state: State, dropout_seed: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, State]:
        """Read a window of characters; equal to one :meth:`step` after the other.

        Parameters
        ----------
        ids : Tensor, shape (batch, time), int32
        state : State
        dropout_seed : Tensor, shape (3,), int32, optional
            Turns dropout on; see :func:`abcrnn.models.dropout.drop`.

        Returns
        -------
        logits : Tensor, shape (batch, time, vocab_size), float32
            Logits of the character after each character.
        state : State
            After the last character.
        """
        raise NotImplementedError(f"{type(self).__name__} must define unroll")

    def window_state(self, batch_size: int) -> State:
        """Return the initial state for :meth:`unroll` only; it can be smaller.

        The state after the window has the shapes of :meth:`initial_state`.

        Parameters
        ----------
        batch_size : int

        Returns
        -------
        State
        """
        return self.initial_state(batch_size)

    # The Keras model -----------------------------------------------------------------------

    def build(self, input_shape: Any = (None, None)) -> None:
        """Create the weights of layers that have none yet, by tracing :meth:`unroll`."""

        @tf.function
        def trace(ids: tf.Tensor) -> Any:
            return self.unroll(ids, self.initial_state(tf.shape(ids)[0]))

        trace.get_concrete_function(tf.TensorSpec(input_shape, tf.int32))

    def call(self, ids: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return the logits of windows that are read from the initial state.

        Parameters
        ----------
        ids : Tensor, shape (batch, time), int32
        training : bool
            Whether to apply dropout.

        Returns
        -------
        Tensor, shape (batch, time, vocab_size), float32
        """
        seed = tf.random.uniform((3,), maxval=2**31 - 1, dtype=tf.int32) if training else None
        return self.unroll(ids, self.initial_state(tf.shape(ids)[0]), dropout_seed=seed)[0]

    def get_config(self) -> dict[str, Any]:
        """Return the characters of the vocabulary and the arguments of the class."""
        return {"vocabulary": self.vocabulary.characters, **self.config}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> CharacterModel:
        """Build a model with new weights from what :meth:`get_config` returned."""
        arguments = dict(config)
        return cls(Vocabulary(arguments.pop("vocabulary")), **arguments)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle configuration, weights, ``about``, novelty index and digests.

        Compiled functions, and what :meth:`compile` was given, are not copied.
        """
        attributes = {name: getattr(self, name) for name in SAVED}
        attributes["about"] = untracked(self.about)
        return _rebuild, (type(self), self.get_config(), self.weight_arrays(), attributes)

    # Weights and the model file ------------------------------------------------------------

    def save(
        self, path: str | os.PathLike[str], overwrite: bool = True, precision: str = "single"
    ) -> None:
        """Save vocabulary, configuration and weights as one file.

        Parameters
        ----------
        path : path-like
            Usually ends in ``.abcrnn``. Any ending, or none, is accepted, except those
            of Keras's own files: ``.keras``, ``.h5`` and ``.hdf5``.
        overwrite : bool
            Whether to replace a file that exists.
        precision : {"single", "half"}
            Precision of the weights in the file. ``"half"`` makes the file about half as
            large. Its weights are rounded to 11 significant bits, so a model loaded from it
            has another :attr:`fingerprint` and slightly different scores.

        Raises
        ------
        ValueError
            If the path ends as Keras's own files do, the precision is unknown, or a weight
            is too large for it.
        FileExistsError
            If the file exists and ``overwrite`` is False.
        OSError
            If writing fails; a file that existed before is kept.
        """
        require_precision(precision)
        path = model_path(path)
        if not overwrite and path.exists():
            raise FileExistsError(f"{path} exists already")
        contents = self._file_contents()
        arrays = round_weights(dict(self.weight_arrays()), precision)
        if self.novelty is not None:
            arrays |= {NOVELTY + name: a for name, a in self.novelty.to_arrays().items()}
        if self.trained_digests is not None:
            arrays[DIGESTS] = validate_digests(self.trained_digests)
        if self.validated_digests is not None:
            arrays[VALIDATED] = validate_digests(self.validated_digests)
        write_archive(path, self.file_format, contents, arrays)

    def _file_contents(self) -> dict[str, Any]:
        """Return what the model file holds besides arrays."""
        return {
            "vocabulary": self.vocabulary.characters,
            "config": self.config,
            "about": self.about,
        }

    @property
    def fingerprint(self) -> str:
        """SHA-256 of vocabulary, configuration and weights, in hexadecimal."""
        digest = hashlib.sha256(self.vocabulary.characters.encode("utf-8", "surrogatepass"))
        digest.update(json.dumps(self.config, sort_keys=True).encode())
        for name, array in sorted(self.weight_arrays().items()):
            digest.update(name.encode() + array.tobytes())
        return digest.hexdigest()

    def _named_weights(self) -> dict[str, Any]:
        # The attribute that has the layer, the index for a list of layers, and the weight's
        # own name: ``recurrent.0/kernel``.
        if not self.built:
            raise ValueError(
                f"{type(self).__name__} has no weights yet: call self.build() at the end of "
                "its __init__"
            )
        named: dict[str, Any] = {}
        known: set[int] = set()
        for prefix, layer in self._named_layers():
            for weight in layer.weights:
                if id(weight) not in known:
                    known.add(id(weight))
                    named[_free_name(f"{prefix}/{weight.name}", named)] = weight
        for weight in self.weights:  # those that belong to no layer
            if id(weight) not in known:
                named[_free_name(weight.name, named)] = weight
        return named

    def _named_layers(self) -> Iterator[tuple[str, keras.layers.Layer]]:
        for name, value in vars(self).items():
            if name == "_layers":  # Keras's own list of all of them
                continue
            if isinstance(value, keras.layers.Layer):
                yield name, value
            elif isinstance(value, list | tuple):
                for number, layer in enumerate(value):
                    if isinstance(layer, keras.layers.Layer):
                        yield f"{name}.{number}", layer


def untracked(value: Any) -> Any:
    """Return nested dicts and lists as plain ones: Keras's refer to the model that has them."""
    if isinstance(value, dict):
        return {key: untracked(item) for key, item in value.items()}
    return [untracked(item) for item in value] if isinstance(value, list) else value


def _free_name(name: str, taken: dict[str, Any]) -> str:
    """Return a name, with a number if it is taken: a Bidirectional layer has two kernels."""
    free = (f"{name}.{number}" for number in count(2))
    return name if name not in taken else next(other for other in free if other not in taken)


def _rebuild(
    model_class: type[CharacterModel],
    config: dict[str, Any],
    arrays: dict[str, NDArray[np.float32]],
    attributes: dict[str, Any],
) -> CharacterModel:
    model = model_class.from_config(config)
    model.set_weight_arrays(arrays)
    for name, value in attributes.items():
        setattr(model, name, value)
    return model
