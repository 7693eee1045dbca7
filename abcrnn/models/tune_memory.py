"""Tune memory: a pointer to the earlier characters of the tune.

After each character the network can copy the character that followed at a similar
place earlier in the same tune. The output y of the top LSTM layer gives a query and a
key for each head. The attention weights of a head are the softmax of query times key
over all earlier places of the tune; they are weights on the characters that followed
there. A gate mixes the distributions of the heads with the one over the vocabulary.

An entry is a key and the character that followed it. There is one entry for each
character of the tune but the first. The entries are cleared where a blank line ends,
which is where a tune begins. When the memory is full, the oldest entry is overwritten.

References
----------
Vinyals et al., Pointer Networks, 2015; Merity et al., Pointer Sentinel Mixture Models,
2016; See et al., Get To The Point: Summarization with Pointer-Generator Networks, 2017.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import tensorflow as tf

from abcrnn.models.backend import keras

#: In place of an id: an entry that is empty, or a character before the first one.
NONE = -1
#: Largest number of characters that a key can depend on directly.
MAX_KEY_CHARACTERS = 2
#: Largest capacity.
MAX_CAPACITY = 2**16
#: Logit of each gate at the beginning of training: the network is preferred to copying.
_GATE_BIAS = -2.0
#: Added to probabilities before the logarithm.
_TINY = 1e-20
#: Score of an entry that is not visible, and gate where there is nothing to copy.
_MASKED = -1e9
#: Entries that a step reads at a time. It reads no further than the longest tune so far.
_BLOCK = 64


class MemoryState(NamedTuple):
    """State of a tune memory; the batch is the first axis.

    Parameters
    ----------
    keys : Tensor, shape (batch, capacity, heads * dim), float32
    following : Tensor, shape (batch, capacity), int32
        The character that followed each key; :data:`NONE` in an empty entry.
    written : Tensor, shape (batch,), int32
        Number of entries written since the tune began. The next is written at
        ``written % capacity``.
    recent : Tensor, shape (batch, 2), int32
        The last characters read, the latest first; :data:`NONE` before the first.
    """

    keys: tf.Tensor
    following: tf.Tensor
    written: tf.Tensor
    recent: tf.Tensor


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
    """

    def __init__(
        self, dim: int, heads: int, capacity: int, key_characters: int, line_end: int, seed: int
    ) -> None:
        super().__init__(dtype="float32")
        self.heads, self.capacity = heads, capacity
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
        for name, shape, number in [
            ("query", (units, width), 1),
            ("key", (inputs, width), 2),
            ("gate", (units, self.heads), 3),
        ]:
            glorot = keras.initializers.GlorotUniform(seed=self._seed + number)
            kernel = self.add_weight(name=f"{name}_kernel", shape=shape, initializer=glorot)
            setattr(self, f"{name}_kernel", kernel)
        self.query_bias = self.add_weight(name="query_bias", shape=(width,), initializer="zeros")
        self.gate_bias = self.add_weight(
            name="gate_bias",
            shape=(self.heads,),
            initializer=keras.initializers.Constant(_GATE_BIAS),
        )
        self.built = True

    def initial_state(self, batch_size: int) -> MemoryState:
        """Return an empty memory."""
        return MemoryState(
            tf.zeros((batch_size, self.capacity, self.heads * self._dim)),
            tf.fill((batch_size, self.capacity), NONE),
            tf.zeros((batch_size,), tf.int32),
            tf.fill((batch_size, MAX_KEY_CHARACTERS), NONE),
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
        clears = active & self._ends_blank_line(ids, latest)
        recent = tf.stack([ids, latest], axis=1)
        return MemoryState(
            tf.tensor_scatter_nd_update(state.keys, slot, key),
            tf.where(clears[:, None], NONE, following),
            tf.where(clears, 0, state.written + tf.cast(active, tf.int32)),
            tf.where(active[:, None], recent, state.recent),
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
        visible = state.following[:, None] != NONE
        weights = self._attention(self._scores_of_step(output, state), visible)
        shares = self._shares(output, tf.reduce_any(visible, axis=2))
        copied = tf.reduce_sum(shares[:, 1:, None] * weights, axis=1)
        one_hot = tf.one_hot(state.following, logits.shape[-1])
        copied = tf.reduce_sum(copied[:, :, None] * one_hot, axis=1)
        return _mixture(logits, shares[:, 0], copied)

    def _scores_of_step(self, output: tf.Tensor, state: MemoryState) -> tf.Tensor:
        """Return query times key of every entry in use: (batch, heads, capacity)."""
        queries = self._queries(output)[:, None]
        batch, block = queries.shape[0], math.gcd(self.capacity, _BLOCK)
        used = tf.minimum(tf.reduce_max(state.written), self.capacity)

        def read(number: tf.Tensor, blocks: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            keys = tf.slice(state.keys, [0, number * block, 0], [batch, block, queries.shape[2]])
            # XLA computes the sum of a product faster than a batch of small matrix products.
            products = tf.reshape(keys * queries, (batch, block, self.heads, self._dim))
            return number + 1, blocks.write(number, tf.reduce_sum(products, axis=3))

        shape = (batch, block, self.heads)
        blocks = tf.TensorArray(tf.float32, self.capacity // block, element_shape=shape)
        _, blocks = tf.while_loop(lambda number, _: number * block < used, read, (0, blocks))
        scores = tf.transpose(blocks.stack(), (1, 3, 0, 2))
        return tf.reshape(scores, (batch, self.heads, self.capacity))

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
        entries = self._entries(ids, outputs, before, table, state)
        visible = self._visible(entries)
        weights = self._attention(self._scores_of_window(outputs, entries), visible[:, None])
        shares = self._shares(outputs, tf.reduce_any(visible, axis=2, keepdims=True))
        copied = tf.einsum("bth,bhte->bte", shares[..., 1:], weights)
        copied = copied @ tf.one_hot(entries.following, logits.shape[-1])
        return _mixture(logits, shares[..., 0], copied), self._last_state(ids, entries, state)

    def _entries(
        self,
        ids: tf.Tensor,
        outputs: tf.Tensor,
        before: tf.Tensor,
        table: tf.Tensor,
        state: MemoryState,
    ) -> _Entries:
        """Return the entries of the state and of the window."""
        latest = tf.concat([state.recent[:, :1], ids[:, :-1]], axis=1)
        second = tf.concat([state.recent[:, ::-1], ids[:, :-2]], axis=1)[:, : tf.shape(ids)[1]]
        clears = self._ends_blank_line(ids, latest)
        keys = self._keys(
            tf.concat([before[:, None], outputs[:, :-1]], axis=1), [latest, second], table
        )
        following = tf.where((latest == NONE) | clears, NONE, ids)
        # From the oldest to the newest; empty ones of a memory that is not full come first.
        order = (state.written[:, None] + tf.range(self.capacity)) % self.capacity
        old_following = tf.gather(state.following, order, batch_dims=1)
        return _Entries(
            tf.concat([tf.gather(state.keys, order, batch_dims=1), keys], axis=1),
            tf.concat([old_following, following], axis=1),
            tf.cumsum(tf.cast(clears, tf.int32), axis=1),
        )

    def _visible(self, entries: _Entries) -> tf.Tensor:
        """Return which entries each character sees: (batch, time, entries), bool."""
        time = tf.range(tf.shape(entries.tune)[1])[:, None]
        age = tf.range(tf.shape(entries.following)[1]) - time
        tune = tf.pad(entries.tune, [[0, 0], [self.capacity, 0]])
        return (
            (entries.following[:, None] != NONE)
            & (tune[:, None] == entries.tune[:, :, None])
            & (age > 0)
            & (age <= self.capacity)
        )

    def _scores_of_window(self, outputs: tf.Tensor, entries: _Entries) -> tf.Tensor:
        """Return query times key: (batch, heads, time, entries)."""
        queries, keys = (
            tf.transpose(
                tf.reshape(x, (*tf.unstack(tf.shape(x)[:2]), self.heads, self._dim)), (0, 2, 1, 3)
            )
            for x in (self._queries(outputs), entries.keys)
        )
        return tf.matmul(queries, keys, transpose_b=True)

    def _last_state(self, ids: tf.Tensor, entries: _Entries, state: MemoryState) -> MemoryState:
        time = tf.shape(ids)[1]
        tune = entries.tune[:, -1:]
        first = tf.math.count_nonzero(entries.tune < tune, axis=1, dtype=tf.int32)
        written = tf.where(tune[:, 0] > 0, time - 1 - first, state.written + time)
        # The newest entry of each slot, counted from the beginning of the tune.
        newest = written[:, None] - 1
        newest -= tf.math.floormod(newest - tf.range(self.capacity), self.capacity)
        index = tf.maximum(self.capacity + time - written[:, None] + newest, 0)
        filled = newest >= 0
        keys = tf.gather(entries.keys, index, batch_dims=1)
        recent = tf.concat([state.recent[:, ::-1], ids], axis=1)[:, :-3:-1]
        return MemoryState(
            tf.where(filled[:, :, None], keys, 0.0),
            tf.where(filled, tf.gather(entries.following, index, batch_dims=1), NONE),
            written,
            recent,
        )

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

    def _attention(self, scores: tf.Tensor, visible: tf.Tensor) -> tf.Tensor:
        """Return the softmax over visible entries; zeros if there are none."""
        weights = tf.nn.softmax(tf.where(visible, scores, _MASKED))
        return tf.where(visible, weights, 0.0)

    def _shares(self, outputs: tf.Tensor, can_copy: tf.Tensor) -> tf.Tensor:
        """Return the shares of the network and of each head in the mixture.

        Parameters
        ----------
        outputs : Tensor, shape (..., units)
        can_copy : Tensor, shape (..., 1), bool
            Whether there is an entry to copy from.

        Returns
        -------
        Tensor, shape (..., 1 + heads)
        """
        gates = tf.tensordot(outputs, tf.convert_to_tensor(self.gate_kernel), axes=1)
        gates = tf.where(can_copy, gates + self.gate_bias, _MASKED)
        return tf.nn.softmax(tf.concat([tf.zeros_like(gates[..., :1]), gates], axis=-1))

    def _ends_blank_line(self, ids: tf.Tensor, previous: tf.Tensor) -> tf.Tensor:
        return (ids == self._line_end) & (previous == self._line_end) & (ids != NONE)


class _Entries(NamedTuple):
    """Entries of a state and of the window after it, from the oldest to the newest."""

    keys: tf.Tensor  # (batch, capacity + time, heads * dim)
    following: tf.Tensor  # (batch, capacity + time)
    tune: tf.Tensor  # (batch, time): number of tunes that began in the window so far


def _mixture(logits: tf.Tensor, share: tf.Tensor, copied: tf.Tensor) -> tf.Tensor:
    """Return the logarithm of the network's share of its distribution plus the copied one."""
    return tf.math.log(share[..., None] * tf.nn.softmax(logits) + copied + _TINY)
