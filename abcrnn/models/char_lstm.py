"""CharLSTM: the network, and the one file it is saved in.

The contract that training, sampling and scoring share:
``initial_state(batch_size)``, ``step(ids, state)`` and ``unroll(ids, state)``.
A state is a tuple with one ``(h, c)`` pair, each (batch, units), for each layer.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from abcrnn.data.novelty import NoveltyIndex
from abcrnn.data.vocabulary import Vocabulary
from abcrnn.models.base import where_active
from abcrnn.models.dropout import drop
from abcrnn.models.lstm import LSTM, LSTMState
from abcrnn.models.recipes import recipe
from abcrnn.storage.archive import read_archive, require_shapes, write_archive
from abcrnn.storage.validation import require_count

State = tuple[LSTMState, ...]

_FORMAT = "abcrnn model 1"
_NOVELTY = "novelty/"  # prefix of the names of its arrays
_DIGESTS = "trained/digests"


class CharLSTM(keras.Model):  # type: ignore[misc]  # keras has no hints
    """A stack of LSTM layers that scores the next character.

    Built on construction: ``count_params()`` answers at once.

    Parameters
    ----------
    vocabulary : Vocabulary
    embedding_dim : int
        Numbers each character is turned into.
    units : int
        Size of each LSTM layer.
    num_layers : int
    dropout : float
        Share of each layer's outputs dropped in training, from 0 up to but not including 1.
    recurrent_initializer : {"orthogonal", "glorot_uniform"}
    seed : int
        Of the initial weights.

    Raises
    ------
    ValueError
        If a size is not a positive whole number, or dropout or the initialiser is not as above.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        embedding_dim: int = 64,
        units: int = 512,
        num_layers: int = 2,
        dropout: float = 0.5,
        recurrent_initializer: str = "orthogonal",
        seed: int = 0,
    ) -> None:
        config: dict[str, Any] = {
            "embedding_dim": embedding_dim,
            "units": units,
            "num_layers": num_layers,
            "dropout": dropout,
            "recurrent_initializer": recurrent_initializer,
            "seed": seed,
        }
        _validate(config)
        super().__init__(name="char_lstm")
        self.vocabulary = vocabulary
        self.config = config
        self.dropout = dropout
        #: What training says of itself, saved with the model: corpus, split, epoch.
        self.about: dict[str, Any] = {}
        #: What it was trained on, if it is to know what it copies; saved with the model.
        self.novelty: NoveltyIndex | None = None
        #: 64-bit digests of the training tunes, shape (tunes,); None if they are not known.
        #: Saved with the model.
        self.trained_digests: NDArray[np.uint64] | None = None
        self.embedding = keras.layers.Embedding(
            len(vocabulary),
            embedding_dim,
            embeddings_initializer=keras.initializers.RandomUniform(seed=seed),
        )
        self.recurrent = [
            LSTM(units, recurrent_initializer, seed=seed + 2 * layer + 1)
            for layer in range(num_layers)
        ]
        self.head = keras.layers.Dense(
            len(vocabulary), kernel_initializer=keras.initializers.GlorotUniform(seed=seed)
        )
        self.embedding.build(None)
        for layer, width in zip(
            self.recurrent, [embedding_dim, *[units] * (num_layers - 1)], strict=True
        ):
            layer.build((None, None, width))
        self.head.build((None, units))
        self.built = True

    @classmethod
    def from_recipe(cls, name: str, vocabulary: Vocabulary, **overrides: Any) -> CharLSTM:
        """Build the model of a recipe; ``overrides`` are arguments of the class."""
        return cls(vocabulary, **{**recipe(name).model, **overrides})

    def initial_state(self, batch_size: int) -> State:
        """Return the state before anything was read: zeros."""
        return tuple(layer.initial_state(batch_size) for layer in self.recurrent)

    def step(
        self, ids: tf.Tensor, state: State, active: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, State]:
        """Read one character a stream.

        Parameters
        ----------
        ids : Tensor, shape (batch,), int32
        state : State
        active : Tensor, shape (batch,), bool, optional
            Rows that are False keep their state.

        Returns
        -------
        logits : Tensor, shape (batch, vocab_size), float32
            Unnormalised log-probabilities of the character after.
        state : State
        """
        projected = tf.gather(self._first_projection(), ids)
        states: list[LSTMState] = []
        for number, layer in enumerate(self.recurrent):
            if number:
                projected = layer.project(states[-1][0])
            states.append(layer.step(projected, state[number]))
        return self.head(states[-1][0]), where_active(active, tuple(states), state)

    def unroll(
        self, ids: tf.Tensor, state: State, dropout_seed: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, State]:
        """Read a window.

        Parameters
        ----------
        ids : Tensor, shape (batch, time), int32
        state : State
        dropout_seed : Tensor, shape (3,), int32, optional
            Given, dropout is on: seed, step and number of the first row
            (see :func:`abcrnn.models.dropout.drop`).

        Returns
        -------
        logits : Tensor, shape (batch, time, vocab_size), float32
        state : State
            After the last character.
        """
        outputs, table = tf.transpose(ids), tf.convert_to_tensor(self.embedding.embeddings)
        states: list[LSTMState] = []
        for number, layer in enumerate(self.recurrent):
            outputs, after = layer.run(outputs, state[number], None if number else table)
            states.append(after)
            if dropout_seed is not None and self.dropout:
                outputs = drop(outputs, self.dropout, number, dropout_seed)
        return tf.transpose(self.head(outputs), (1, 0, 2)), tuple(states)

    def call(self, ids: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return the logits of a window read from the initial state."""
        seed = tf.random.uniform((3,), maxval=2**31 - 1, dtype=tf.int32) if training else None
        state = self.initial_state(tf.shape(ids)[0])
        return self.unroll(ids, state, dropout_seed=seed)[0]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save vocabulary, configuration and weights as one file, whole or not at all.

        Raises
        ------
        OSError
            If the disk refuses; a file that stood there before still does.
        """
        about = {
            "vocabulary": self.vocabulary.characters,
            "config": self.config,
            "about": self.about,
        }
        arrays = self.weight_arrays()
        if self.novelty is not None:
            arrays |= {_NOVELTY + name: a for name, a in self.novelty.to_arrays().items()}
        if self.trained_digests is not None:
            arrays[_DIGESTS] = _validate_digests(self.trained_digests)
        write_archive(path, _FORMAT, about, arrays)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of vocabulary, configuration and weights, in hexadecimal."""
        digest = hashlib.sha256(self.vocabulary.characters.encode("utf-8", "surrogatepass"))
        digest.update(json.dumps(self.config, sort_keys=True).encode())
        for name, array in sorted(self.weight_arrays().items()):
            digest.update(name.encode() + array.tobytes())
        return digest.hexdigest()

    def weight_arrays(self) -> dict[str, np.ndarray]:
        """Return a copy of every weight by its path, such as ``recurrent.0/kernel``."""
        return {name: weight.numpy() for name, weight in self._named_weights().items()}

    def set_weight_arrays(self, arrays: dict[str, np.ndarray]) -> None:
        """Set every weight; ``ValueError`` if a name, shape or type is not this model's."""
        weights = self._named_weights()
        require_shapes({name: tuple(w.shape) for name, w in weights.items()}, arrays)
        for name, weight in weights.items():
            weight.assign(arrays[name])

    def _named_weights(self) -> dict[str, Any]:
        layers = {"embedding": self.embedding, "head": self.head}
        layers |= {f"recurrent.{n}": layer for n, layer in enumerate(self.recurrent)}
        return {
            f"{prefix}/{weight.name}": weight
            for prefix, layer in layers.items()
            for weight in layer.weights
        }

    def _first_projection(self) -> tf.Tensor:
        # The first layer's inputs are rows of a table with one row a character:
        # projecting the table costs less than projecting the window.
        return self.recurrent[0].project(tf.convert_to_tensor(self.embedding.embeddings))


def load_model(path: str | os.PathLike[str]) -> CharLSTM:
    """Open a model file; safe whoever made it (see :mod:`abcrnn.storage.archive`).

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is cut short, altered, or not a model of abcrnn.
    """
    about, arrays = read_archive(path, _FORMAT)
    try:
        vocabulary = Vocabulary(about["vocabulary"])
        config = about["config"]
        _validate(config)
        known = {n.removeprefix(_NOVELTY): arrays.pop(n) for n in [*arrays] if _is_novelty(n)}
        digests = arrays.pop(_DIGESTS, None)
        # Before anything is built: the file's own arrays bound what it may ask for.
        require_shapes(_weight_shapes(len(vocabulary), config), arrays)
        model = CharLSTM(vocabulary, **config)
        model.set_weight_arrays(arrays)
        model.about = dict(about["about"])
        model.novelty = NoveltyIndex.from_arrays(known) if known else None
        model.trained_digests = None if digests is None else _validate_digests(digests)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a valid abcrnn model file: {error}") from error
    return model


def _validate_digests(digests: NDArray[Any]) -> NDArray[np.uint64]:
    if digests.dtype != np.uint64 or digests.ndim != 1:
        raise ValueError(
            "the digests of the training tunes must be one row of uint64, "
            f"not {digests.dtype} of shape {digests.shape}"
        )
    return digests


def _is_novelty(name: str) -> bool:
    return name.startswith(_NOVELTY)


def _validate(config: dict[str, Any]) -> None:
    for name in ("embedding_dim", "units", "num_layers"):
        require_count(name, config[name])
    require_count("seed", config["seed"], least=0)
    dropout = config["dropout"]
    if not isinstance(dropout, int | float) or not 0 <= dropout < 1:
        raise ValueError(f"dropout must be from 0 up to but not including 1, not {dropout!r}")
    if config["recurrent_initializer"] not in ("orthogonal", "glorot_uniform"):
        raise ValueError(
            "recurrent_initializer must be 'orthogonal' or 'glorot_uniform', "
            f"not {config['recurrent_initializer']!r}"
        )


def _weight_shapes(vocab_size: int, config: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    width, units = config["embedding_dim"], config["units"]
    shapes: dict[str, tuple[int, ...]] = {
        "embedding/embeddings": (vocab_size, width),
        "head/kernel": (units, vocab_size),
        "head/bias": (vocab_size,),
    }
    if config["num_layers"] > 1000:
        raise ValueError(f"num_layers is {config['num_layers']}, more than any model has")
    for number in range(config["num_layers"]):
        shapes |= {
            f"recurrent.{number}/kernel": (units if number else width, 4 * units),
            f"recurrent.{number}/recurrent_kernel": (units, 4 * units),
            f"recurrent.{number}/bias": (4 * units,),
        }
    return shapes
