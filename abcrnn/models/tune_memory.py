"""Tune memory: a pointer to the earlier characters of the tune.

After each character the network can copy the character that followed at a similar
place earlier in the same tune. The output y of the top LSTM layer gives a query and a
key for each head. The attention weights of a head are the softmax of query times key
over all earlier places of the tune; they are weights on the characters that followed
there. A gate mixes the distributions of the heads with the one over the vocabulary.
Scores and gates can also depend on match lengths (:mod:`abcrnn.models.memory_matches`):
how many characters before the entry equal the last ones read. With log mixing, each
head's log-probabilities, times a second gate, are first added to the logits of the
network, as experts whose distributions are multiplied.

An entry is a key and the character that followed it. There is one entry for each
character of the tune but the first. The entries are cleared where a blank line ends,
which is where a tune begins. When the memory is full, the oldest entry is overwritten.

References
----------
Vinyals et al., Pointer Networks, 2015; Merity et al., Pointer Sentinel Mixture Models,
2016; See et al., Get To The Point: Summarization with Pointer-Generator Networks, 2017;
Hinton, Training Products of Experts by Minimizing Contrastive Divergence, 2002.
"""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf

from abcrnn.models.backend import keras
from abcrnn.models.memory_entries import (
    NONE,
    Entries,
    MemoryState,
    Window,
    ends_blank_line,
    join,
    last_state,
    read_window,
    visible_entries,
)
from abcrnn.models.memory_matches import next_matches, ramp_widths, ramps, window_matches
from abcrnn.models.memory_mixing import (
    divide_among_factors,
    factors_of,
    mixture,
    shares_of,
)
from abcrnn.models.memory_reading import attention, copied_in_step

#: Largest number of characters that a key can depend on directly.
MAX_KEY_CHARACTERS = 2
#: Largest capacity.
MAX_CAPACITY = 2**16
#: Logit of each gate at the beginning of training: the network is preferred to copying.
_GATE_BIAS = -2.0
#: Initial rise of a score for each character of a match.
_MATCH_SLOPE = 0.3


class TuneMemory(keras.layers.Layer):  # type: ignore[misc]  # keras has no hints
    """Layer that mixes a distribution over the vocabulary with copying.

    Parameters
    ----------
    dim : int
        Size of the queries and keys of a head.
    heads : int
    capacity : int
        Largest number of entries.
    key_characters : int
        Number of characters, up to the one just read, that a key depends on directly:
        0, 1 or 2.
    line_end : int
        Id of the line end, two of which separate tunes; :data:`NONE` if the vocabulary
        has none.
    seed : int
        Seed of the initial weights.
    match_length : int
        Largest match length that scores and gates depend on; 0: they do not.
    log_mixing : bool
        Whether each head's log-probabilities, times a learned factor, are added to the
        logits of the network before the distributions are mixed.
    """

    def __init__(
        self,
        dim: int,
        heads: int,
        capacity: int,
        key_characters: int,
        line_end: int,
        seed: int,
        match_length: int = 0,
        log_mixing: bool = False,
    ) -> None:
        super().__init__(dtype="float32")
        self._log_mixing = log_mixing
        self.heads, self.capacity, self._match_length = heads, capacity, match_length
        self._dim, self._key_characters = dim, key_characters
        self._line_end, self._seed = line_end, seed

    def build(self, input_shape: tuple[int, int]) -> None:
        """Create the weights for outputs of ``units`` and embeddings of ``embedding_dim``.

        Parameters
        ----------
        input_shape : tuple of int
            ``(units, embedding_dim)``.
        """
        units, embedding_dim = input_shape
        width = self.heads * self._dim
        inputs = units + self._key_characters * embedding_dim
        self._add_kernel("query", (units, width), 1)
        self._add_kernel("key", (inputs, width), 2)
        self.query_bias = self.add_weight(name="query_bias", shape=(width,), initializer="zeros")
        self._add_gates("gate", units, 3)
        if self._log_mixing:
            self._add_gates("factor", units, 4)
        if self._match_length:
            widths = tf.constant(ramp_widths(self._match_length), tf.float32)
            slopes = tf.tile(_MATCH_SLOPE * widths[:, None], (1, self.heads))
            self.match_scores = self.add_weight(
                name="match_scores",
                shape=slopes.shape,
                initializer=lambda shape, dtype=None: tf.cast(slopes, dtype),
            )
        self.built = True

    def _add_kernel(self, name: str, shape: tuple[int, int], number: int) -> None:
        glorot = keras.initializers.GlorotUniform(seed=self._seed + number)
        kernel = self.add_weight(name=f"{name}_kernel", shape=shape, initializer=glorot)
        setattr(self, f"{name}_kernel", kernel)

    def _add_gates(self, name: str, units: int, number: int) -> None:
        """Create the weights of one gate for each head."""
        self._add_kernel(name, (units, self.heads), number)
        bias = keras.initializers.Constant(_GATE_BIAS)
        shapes: dict[str, tuple[tuple[int, ...], Any]] = {f"{name}_bias": ((self.heads,), bias)}
        if self._match_length:
            ranges = len(ramp_widths(self._match_length))
            shapes[f"match_{name}s"] = ((ranges, self.heads), keras.initializers.Zeros())
        for weight, (shape, initializer) in shapes.items():
            created = self.add_weight(name=weight, shape=shape, initializer=initializer)
            setattr(self, weight, created)

    def initial_state(self, batch_size: int, capacity: int | None = None) -> MemoryState:
        """Return an empty memory.

        Parameters
        ----------
        batch_size : int
        capacity : int, optional
            0 returns a memory without entries, for :meth:`unroll` only: it reads a window
            faster. By default the capacity of the layer.

        Returns
        -------
        MemoryState
        """
        capacity = self.capacity if capacity is None else capacity
        return MemoryState(
            tf.zeros((batch_size, capacity, self.heads * self._dim)),
            tf.fill((batch_size, capacity), NONE),
            tf.zeros((batch_size,), tf.int32),
            tf.fill((batch_size, MAX_KEY_CHARACTERS), NONE),
            tf.zeros((batch_size, capacity), tf.int32) if self._match_length else (),
        )

    # One character -------------------------------------------------------------------------

    def remember(
        self,
        ids: tf.Tensor,
        before: tf.Tensor,
        table: tf.Tensor,
        state: MemoryState,
        active: tf.Tensor | None = None,
    ) -> MemoryState:
        """Return the memory after a character is read.

        Parameters
        ----------
        ids : Tensor, shape (batch,), int32
            The character.
        before : Tensor, shape (batch, units)
            Output of the network before it read the character.
        table : Tensor, shape (vocab_size, embedding_dim)
            Embedding of each character.
        state : MemoryState
        active : Tensor, shape (batch,), bool, optional
            Rows that are False keep their memory.

        Returns
        -------
        MemoryState
        """
        active = tf.ones_like(ids, tf.bool) if active is None else active
        latest = state.recent[:, 0]
        slot = tf.stack([tf.range(tf.shape(ids)[0]), state.written % self.capacity], axis=1)
        # An inactive row writes what is there already, so that no other entry is copied.
        key = self._keys(before, tf.unstack(state.recent, axis=1), table)
        key = tf.where(active[:, None], key, tf.gather_nd(state.keys, slot))
        following = tf.where(latest == NONE, NONE, ids)
        following = tf.where(active, following, tf.gather_nd(state.following, slot))
        following = tf.tensor_scatter_nd_update(state.following, slot, following)
        clears = active & ends_blank_line(ids, latest, self._line_end)
        recent = tf.stack([ids, latest], axis=1)
        matches: tf.Tensor | tuple[()] = ()
        if self._match_length:
            matches = next_matches(state, ids, self._match_length)
            matches = tf.where(active[:, None], matches, state.matches)
            matches = tf.where(clears[:, None], 0, matches)
        return MemoryState(
            tf.tensor_scatter_nd_update(state.keys, slot, key),
            tf.where(clears[:, None], NONE, following),
            tf.where(clears, 0, state.written + tf.cast(active, tf.int32)),
            tf.where(active[:, None], recent, state.recent),
            matches,
        )

    def recall(self, output: tf.Tensor, logits: tf.Tensor, state: MemoryState) -> tf.Tensor:
        """Mix the network's prediction of the next character with copying.

        Parameters
        ----------
        output : Tensor, shape (batch, units)
            Output of the network after it read the last character.
        logits : Tensor, shape (batch, vocab_size)
            Prediction of the network.
        state : MemoryState
            After the last character; from :meth:`remember`.

        Returns
        -------
        Tensor, shape (batch, vocab_size)
            Log-probabilities of the next character.
        """
        queries = tf.reshape(self._queries(output), (-1, self.heads, self._dim))
        visible, matches, bonus = state.following != NONE, None, None
        if self._match_length:
            matches = state.matches
            bonus = self._of_matches(self.match_scores, tf.range(self._match_length + 1))
        copied = copied_in_step(queries, state, logits.shape[-1], bonus)
        return mixture(logits, copied, *self._shares_and_factors(output, visible, matches))

    # A window ------------------------------------------------------------------------------

    def unroll(
        self,
        ids: tf.Tensor,
        outputs: tf.Tensor,
        before: tf.Tensor,
        logits: tf.Tensor,
        table: tf.Tensor,
        state: MemoryState,
    ) -> tuple[tf.Tensor, MemoryState]:
        """Read a window: the same as :meth:`remember` and :meth:`recall` at each character.

        Parameters
        ----------
        ids : Tensor, shape (batch, time), int32
        outputs : Tensor, shape (batch, time, units)
            Output of the network after each character.
        before : Tensor, shape (batch, units)
            Its output before the first one.
        logits : Tensor, shape (batch, time, vocab_size)
            Its predictions.
        table : Tensor, shape (vocab_size, embedding_dim)
            Embedding of each character.
        state : MemoryState

        Returns
        -------
        log_probabilities : Tensor, shape (batch, time, vocab_size)
            Of the character after each character.
        state : MemoryState
            After the last character.
        """
        entries, window = self.entries(ids, outputs, before, table, state)
        weights, visible, matches = self._attend(outputs, entries)
        characters = tf.one_hot(entries.following, logits.shape[-1])
        copied = tf.einsum("bhte,bev->bthv", weights, characters)
        last_matches = None if matches is None else matches[:, -1]
        after = last_state(entries, window, state.written, self.capacity, last_matches)
        shares, factors = self._shares_and_factors(outputs, visible, matches)
        return mixture(logits, copied, shares, factors), after

    def entries(
        self,
        ids: tf.Tensor,
        outputs: tf.Tensor,
        before: tf.Tensor,
        table: tf.Tensor,
        state: MemoryState,
    ) -> tuple[Entries, Window]:
        """Return the entries of a state and of the window after it.

        The arguments are those of :meth:`unroll`.
        """
        window = read_window(ids, state.recent, self._line_end)
        outputs_before = tf.concat([before[:, None], outputs[:, :-1]], axis=1)
        keys = self._keys(outputs_before, [window.latest, window.second], table)
        return join(state, keys, window), window

    def attend(self, outputs: tf.Tensor, entries: Entries) -> tuple[tf.Tensor, tf.Tensor]:
        """Return how much each character of a window copies from each entry.

        Parameters
        ----------
        outputs : Tensor, shape (batch, time, units)
        entries : Entries

        Returns
        -------
        weights : Tensor, shape (batch, heads, time, entries)
            Attention of each head; each row sums to 1, or is 0 if there is no entry.
        shares : Tensor, shape (batch, time, 1 + heads)
            Shares of the network and of each head in the mixture. With log mixing, the
            network's share is divided by :func:`divide_among_factors`.
        """
        weights, visible, matches = self._attend(outputs, entries)
        shares, factors = self._shares_and_factors(outputs, visible, matches)
        if factors is not None:
            shares = divide_among_factors(shares, factors)
        return weights, shares

    def _attend(
        self, outputs: tf.Tensor, entries: Entries
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor | None]:
        """Return attention weights, which entries are visible, and match lengths if used."""
        visible, matches = visible_entries(entries, self.capacity), None
        scores = self._scores_of_window(outputs, entries.keys)
        if self._match_length:
            time = tf.shape(outputs)[1]
            matches = window_matches(entries, time, self.capacity, self._match_length)
            bonus = self._of_matches(self.match_scores, matches)
            scores += tf.transpose(bonus, (0, 3, 1, 2))
        return attention(scores, visible[:, None]), visible, matches

    def _scores_of_window(self, outputs: tf.Tensor, keys: tf.Tensor) -> tf.Tensor:
        """Return query times key: (batch, heads, time, entries)."""
        queries, keys = (
            tf.transpose(
                tf.reshape(x, (*tf.unstack(tf.shape(x)[:2]), self.heads, self._dim)), (0, 2, 1, 3)
            )
            for x in (self._queries(outputs), keys)
        )
        return tf.matmul(queries, keys, transpose_b=True)

    # Both ----------------------------------------------------------------------------------

    def _queries(self, outputs: tf.Tensor) -> tf.Tensor:
        queries = tf.tensordot(outputs, tf.convert_to_tensor(self.query_kernel), axes=1)
        return (queries + self.query_bias) / math.sqrt(self._dim)

    def _keys(self, outputs: tf.Tensor, recent: list[tf.Tensor], table: tf.Tensor) -> tf.Tensor:
        """Return keys from outputs and the characters read up to there, the latest first."""
        units, size = outputs.shape[-1], table.shape[1]
        kernel = tf.convert_to_tensor(self.key_kernel)
        keys = tf.tensordot(outputs, kernel[:units], axes=1)
        for number, ids in enumerate(recent[: self._key_characters]):
            part = kernel[units + number * size :][:size]
            of_character = tf.gather(table @ part, tf.maximum(ids, 0))
            keys += tf.where(ids[..., None] == NONE, 0.0, of_character)
        return keys

    def _of_matches(self, weights: tf.Variable, lengths: tf.Tensor) -> tf.Tensor:
        """Return the part of each head's score or gate that match lengths give: (..., heads)."""
        return tf.tensordot(
            ramps(lengths, self._match_length), tf.convert_to_tensor(weights), axes=1
        )

    def _shares_and_factors(
        self, outputs: tf.Tensor, visible: tf.Tensor, matches: tf.Tensor | None
    ) -> tuple[tf.Tensor, tf.Tensor | None]:
        """Return the shares of the mixture and, with log mixing, the factors of the heads."""
        longest = None
        if matches is not None:
            longest = tf.reduce_max(tf.where(visible, matches, 0), axis=-1)
        shares = shares_of(self._gates("gate", outputs, longest), visible)
        if not self._log_mixing:
            return shares, None
        return shares, factors_of(self._gates("factor", outputs, longest), visible)

    def _gates(self, name: str, outputs: tf.Tensor, longest: tf.Tensor | None) -> tf.Tensor:
        """Return the gates of a name, before their activation: (..., heads)."""
        gates = tf.tensordot(outputs, tf.convert_to_tensor(getattr(self, f"{name}_kernel")), axes=1)
        gates += getattr(self, f"{name}_bias")
        if longest is not None:
            gates += self._of_matches(getattr(self, f"match_{name}s"), longest)
        return gates
