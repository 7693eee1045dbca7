"""CharLSTM: an embedding, a stack of LSTM layers, and a dense layer over the vocabulary.

A state is a tuple with one ``(h, c)`` pair for each layer, both of shape (batch, units).
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from abcrnn.data.vocabulary import Vocabulary
from abcrnn.models.backend import keras
from abcrnn.models.base import where_active
from abcrnn.models.character_model import CharacterModel
from abcrnn.models.dropout import drop
from abcrnn.models.lstm import LSTM, LSTMState
from abcrnn.models.model_archive import CHARACTERS
from abcrnn.models.recipes import recipe
from abcrnn.storage.suggestions import suggests_arguments
from abcrnn.storage.validation import require_count, require_dropout

State = tuple[LSTMState, ...]


class CharLSTM(CharacterModel, file_format=CHARACTERS):
    """A stack of LSTM layers that predicts the next character.

    It is an ordinary Keras model: ``model(ids)`` returns logits, and ``summary``,
    ``compile`` and ``fit``, ``get_weights`` and callbacks work. All weights exist as soon
    as the model is constructed. It computes in float32 whatever the global dtype policy.

    Parameters
    ----------
    vocabulary : Vocabulary
    embedding_dim : int
        Size of the vector that represents a character.
    units : int
        Size of each LSTM layer.
    num_layers : int
    dropout : float
        Share of each layer's outputs that training drops: at least 0, less than 1.
    recurrent_initializer : {"orthogonal", "glorot_uniform"}
    seed : int
        Seed of the initial weights.

    Raises
    ------
    ValueError
        If an argument is of another type or out of range.

    Examples
    --------
    >>> import numpy as np
    >>> model = CharLSTM(Vocabulary.from_text("abc"), units=8)
    >>> model(np.array([[0, 1, 2, 1]])).shape
    TensorShape([1, 4, 3])
    """

    @suggests_arguments
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
        config = _validated(config)
        seed, units = config["seed"], config["units"]
        super().__init__(vocabulary, **config)
        self.dropout = config["dropout"]
        self.embedding = keras.layers.Embedding(
            len(vocabulary),
            config["embedding_dim"],
            embeddings_initializer=keras.initializers.RandomUniform(seed=seed),
            dtype="float32",
        )
        self.embedding.build((None, None))
        layers: list[LSTM] = []
        for number in range(config["num_layers"]):
            # Built one by one: a false num_layers in a file ends at the first layer too many.
            layers.append(LSTM(units, recurrent_initializer, seed=seed + 2 * number + 1))
            layers[-1].build((None, None, units if number else config["embedding_dim"]))
        self.recurrent = layers
        self.head = keras.layers.Dense(
            len(vocabulary),
            kernel_initializer=keras.initializers.GlorotUniform(seed=seed),
            dtype="float32",
        )
        self.head.build((None, None, units))
        self.built = True

    @classmethod
    def from_recipe(cls, name: str, vocabulary: Vocabulary, **overrides: Any) -> CharLSTM:
        """Build an untrained model with the arguments of a recipe.

        Parameters
        ----------
        name : str
            Name of the recipe, from :mod:`abcrnn.models.recipes`.
        vocabulary : Vocabulary
        **overrides
            Arguments of the class that replace those of the recipe.

        Returns
        -------
        CharLSTM

        Raises
        ------
        ValueError
            If there is no such recipe, or an argument is out of range.
        """
        return cls(vocabulary, **{**recipe(name).model, **overrides})

    def initial_state(self, batch_size: int) -> State:
        """Return zeros: output and cell, (batch, units) each, of every layer."""
        return tuple(layer.initial_state(batch_size) for layer in self.recurrent)

    def step(
        self, ids: tf.Tensor, state: State, active: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, State]:
        """Read one character of each row.

        Parameters
        ----------
        ids : Tensor, shape (batch,), int32
        state : State
        active : Tensor, shape (batch,), bool, optional
            Rows that are False keep their state.

        Returns
        -------
        logits : Tensor, shape (batch, vocab_size), float32
            Unnormalised log-probabilities of the next character.
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
        """Read a window of characters.

        Parameters
        ----------
        ids : Tensor, shape (batch, time), int32
        state : State
        dropout_seed : Tensor, shape (3,), int32, optional
            Seed, step, and number of the first row (:func:`abcrnn.models.dropout.drop`).
            Without it nothing is dropped.

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

    def _first_projection(self) -> tf.Tensor:
        # The first layer reads rows of the embedding, one for each character: projecting
        # the embedding costs less than projecting the rows of a window.
        return self.recurrent[0].project(tf.convert_to_tensor(self.embedding.embeddings))


def _validated(config: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration with plain numbers, which a model file can hold."""
    sizes = ("embedding_dim", "units", "num_layers")
    checked = {
        **config,
        **{name: require_count(name, config[name]) for name in sizes},
        "seed": require_count("seed", config["seed"], least=0),
        "dropout": require_dropout(config["dropout"]),
    }
    if config["recurrent_initializer"] not in ("orthogonal", "glorot_uniform"):
        raise ValueError(
            "recurrent_initializer must be 'orthogonal' or 'glorot_uniform', "
            f"not {config['recurrent_initializer']!r}"
        )
    return checked
