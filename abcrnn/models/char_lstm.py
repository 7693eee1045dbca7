"""CharLSTM: an embedding, a stack of LSTM layers, and a dense layer over the vocabulary.

With a tune memory (:mod:`abcrnn.models.tune_memory`), the model can also copy earlier
characters of the tune.

A state is a tuple with one ``(h, c)`` pair for each layer, both of shape (batch, units),
and the state of the memory if there is one.
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
from abcrnn.models.memory_matches import MAX_MATCH
from abcrnn.models.model_archive import CHARACTERS
from abcrnn.models.recipes import recipe
from abcrnn.models.tune_memory import MAX_CAPACITY, MAX_KEY_CHARACTERS, TuneMemory
from abcrnn.storage.suggestions import suggests_arguments
from abcrnn.storage.validation import require_bool, require_count, require_dropout

#: (h, c) of each layer, and a MemoryState if the model has a memory.
State = tuple[Any, ...]
#: Arguments that a model file does not have if they have their defaults.
OPTIONAL_ARGUMENTS = (
    "memory_dim",
    "memory_heads",
    "memory_characters",
    "memory_capacity",
    "memory_match_length",
    "memory_log_mixing",
    "variational_dropout",
    "embedding_initializer",
)
_INITIALIZERS = {
    "recurrent_initializer": ("orthogonal", "glorot_uniform"),
    "embedding_initializer": ("uniform", "normal"),
}


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
    memory_dim : int
        Size of the keys of the tune memory. 0: no memory.
    memory_heads : int
        Number of heads of the memory.
    memory_characters : int
        Number of characters that a key depends on directly: 0, 1 or 2.
    memory_capacity : int
        Number of characters that the memory holds, at most 65,536; a multiple of 64 is
        fast. The oldest are dropped. The memory is part of the state: 4 * ``memory_dim`` *
        ``memory_heads`` bytes for each character and row.
    memory_match_length : int
        Largest number of characters that are compared before the current position and
        before an entry of the memory; the longer they agree, the more likely the entry is
        copied. 0: they are not compared; at most 32.
    memory_log_mixing : bool
        Whether the memory also multiplies its distributions with that of the network, each
        with a learned exponent, and not only adds them with learned shares.
    variational_dropout : bool
        Whether training drops the same outputs at every character of a window (Gal and
        Ghahramani, 2016).
    embedding_initializer : {"uniform", "normal"}
        Initializer of the embedding: Keras's default, from -0.05 to 0.05, or the standard
        normal distribution, with which the first epochs learn much faster.

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
        memory_dim: int = 0,
        memory_heads: int = 1,
        memory_characters: int = 0,
        memory_capacity: int = 1024,
        memory_match_length: int = 0,
        memory_log_mixing: bool = False,
        variational_dropout: bool = False,
        embedding_initializer: str = "uniform",
    ) -> None:
        config: dict[str, Any] = {
            "embedding_dim": embedding_dim,
            "units": units,
            "num_layers": num_layers,
            "dropout": dropout,
            "recurrent_initializer": recurrent_initializer,
            "seed": seed,
        }
        memory = {
            "memory_dim": memory_dim,
            "memory_heads": memory_heads,
            "memory_characters": memory_characters,
            "memory_capacity": memory_capacity,
            "memory_match_length": memory_match_length,
        }
        config = _validated(config) | _validated_memory(memory)
        if require_bool("memory_log_mixing", memory_log_mixing) and "memory_dim" in config:
            config["memory_log_mixing"] = True
        if require_bool("variational_dropout", variational_dropout):
            config["variational_dropout"] = True
        if _require_initializer("embedding_initializer", embedding_initializer) != "uniform":
            config["embedding_initializer"] = embedding_initializer
        seed, units = config["seed"], config["units"]
        super().__init__(vocabulary, **config)
        self.dropout, self._fixed_masks = config["dropout"], variational_dropout
        self.embedding = keras.layers.Embedding(
            len(vocabulary),
            config["embedding_dim"],
            embeddings_initializer=_embedding_initializer(embedding_initializer, seed),
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
        self.memory = None
        if "memory_dim" in config:
            self.memory = _build_memory(config, vocabulary)
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
        """Return zeros, (batch, units), for each layer's output and cell, and an empty memory."""
        states = tuple(layer.initial_state(batch_size) for layer in self.recurrent)
        return states if self.memory is None else (*states, self.memory.initial_state(batch_size))

    def window_state(self, batch_size: int) -> State:
        """Return the initial state for :meth:`unroll`, without room for entries of a memory.

        The window is read faster than from :meth:`initial_state`, with the same results.
        """
        states = tuple(layer.initial_state(batch_size) for layer in self.recurrent)
        if self.memory is None:
            return states
        return *states, self.memory.initial_state(batch_size, capacity=0)

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
            Unnormalised log-probabilities of the next character. With a memory they are
            normalised.
        state : State
        """
        projected = tf.gather(self._first_projection(), ids)
        states: list[LSTMState] = []
        for number, layer in enumerate(self.recurrent):
            if number:
                projected = layer.project(states[-1][0])
            states.append(layer.step(projected, state[number]))
        output, layers = states[-1][0], len(states)
        logits = self.head(output)
        after: State = where_active(active, tuple(states), tuple(state[:layers]))
        if self.memory is None:
            return logits, after
        memory = self.memory.remember(ids, state[-2][0], self._table(), state[-1], active)
        return self.memory.recall(output, logits, memory), (*after, memory)

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
        outputs, states = self._run_layers(ids, state, dropout_seed)
        logits = tf.transpose(self.head(outputs), (1, 0, 2))
        if self.memory is None:
            return logits, states
        outputs, before = tf.transpose(outputs, (1, 0, 2)), state[-2][0]
        logits, memory = self.memory.unroll(ids, outputs, before, logits, self._table(), state[-1])
        return logits, (*states, memory)

    def copy_weights(self, ids: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return what the memory copies while it reads windows from the initial state.

        Parameters
        ----------
        ids : Tensor, shape (batch, time), int32

        Returns
        -------
        weights : Tensor, shape (batch, heads, time, time), float32
            Attention of each head after each character on each character of the window. A
            row sums to 1, or to 0 if there is nothing to copy.
        shares : Tensor, shape (batch, time, 1 + heads), float32
            Shares of the network and of each head in the prediction after each character.

        Raises
        ------
        ValueError
            If the model has no memory.
        """
        if self.memory is None:
            raise ValueError("the model has no tune memory: its memory_dim is 0")
        state = self.window_state(tf.shape(ids)[0])
        outputs = tf.transpose(self._run_layers(ids, state)[0], (1, 0, 2))
        entries, _ = self.memory.entries(ids, outputs, state[-2][0], self._table(), state[-1])
        return self.memory.attend(outputs, entries)

    def _run_layers(
        self, ids: tf.Tensor, state: State, dropout_seed: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tuple[LSTMState, ...]]:
        """Return the outputs of the top layer, (time, batch, units), and the last states."""
        outputs, table = tf.transpose(ids), self._table()
        states: list[LSTMState] = []
        for number, layer in enumerate(self.recurrent):
            outputs, after = layer.run(outputs, state[number], None if number else table)
            states.append(after)
            if dropout_seed is not None and self.dropout:
                fixed = self._fixed_masks
                outputs = drop(outputs, self.dropout, number, dropout_seed, fixed=fixed)
        return outputs, tuple(states)

    def _table(self) -> tf.Tensor:
        return tf.convert_to_tensor(self.embedding.embeddings)

    def _first_projection(self) -> tf.Tensor:
        # The first layer reads rows of the embedding, one for each character: projecting
        # the embedding costs less than projecting the rows of a window.
        return self.recurrent[0].project(self._table())


def _validated(config: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration with plain numbers, which a model file can hold."""
    sizes = ("embedding_dim", "units", "num_layers")
    checked = {
        **config,
        **{name: require_count(name, config[name]) for name in sizes},
        "seed": require_count("seed", config["seed"], least=0),
        "dropout": require_dropout(config["dropout"]),
    }
    _require_initializer("recurrent_initializer", config["recurrent_initializer"])
    return checked


def _require_initializer(name: str, value: str) -> str:
    accepted = _INITIALIZERS[name]
    if value not in accepted:
        raise ValueError(f"{name} must be {accepted[0]!r} or {accepted[1]!r}, not {value!r}")
    return value


def _embedding_initializer(name: str, seed: int) -> Any:
    if name == "normal":
        return keras.initializers.RandomNormal(stddev=1.0, seed=seed)
    return keras.initializers.RandomUniform(seed=seed)


def _validated_memory(config: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of the memory; none of them without a memory.

    Then the configuration of a model without a memory, and so its file and fingerprint,
    are the same as before there were memories.
    """
    limits = dict.fromkeys(config, 0) | {"memory_heads": 1, "memory_capacity": 1}
    checked = {
        name: require_count(name, config[name], least=least) for name, least in limits.items()
    }
    most = {
        "memory_characters": MAX_KEY_CHARACTERS,
        "memory_capacity": MAX_CAPACITY,
        "memory_match_length": MAX_MATCH,
    }
    for name, limit in most.items():
        if checked[name] > limit:
            raise ValueError(f"{name} must be at most {limit}, not {checked[name]}")
    if not checked["memory_dim"]:
        return {}
    if not checked["memory_match_length"]:  # as before there were match lengths
        del checked["memory_match_length"]
    return checked


def _build_memory(config: dict[str, Any], vocabulary: Vocabulary) -> TuneMemory:
    memory = TuneMemory(
        config["memory_dim"],
        config["memory_heads"],
        config["memory_capacity"],
        config["memory_characters"],
        line_end=vocabulary.characters.find("\n"),  # -1 (NONE) if it has no line end
        seed=config["seed"],
        match_length=config.get("memory_match_length", 0),
        log_mixing=config.get("memory_log_mixing", False),
    )
    memory.build((config["units"], config["embedding_dim"]))
    return memory
