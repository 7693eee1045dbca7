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
        copied = self._copied_of_step(self._queries(output), logits.shape[-1], state)
        can_copy = tf.reduce_any(state.following != NONE, axis=1, keepdims=True)
        shares = self._shares(output, can_copy)
        return _mixture(logits, shares[:, 0], tf.reduce_sum(shares[:, None, 1:] * copied, axis=2))

    def _copied_of_step(self, queries: tf.Tensor, vocab_size: int, state: MemoryState) -> tf.Tensor:
        """Return each head's distribution of the next character: (batch, vocab_size, heads).

        Entries are read block by block, as far as the longest memory reaches. The softmax is
        computed on the way: the sums so far are scaled down when a larger score appears.
        """
        batch, block = queries.shape[0], math.gcd(self.capacity, _BLOCK)
        used = tf.minimum(tf.reduce_max(state.written), self.capacity)
        rows = tf.repeat(tf.range(batch), block)

        def read(
            first: tf.Tensor, largest: tf.Tensor, total: tf.Tensor, copied: tf.Tensor
        ) -> tuple[tf.Tensor, ...]:
            keys = tf.slice(state.keys, [0, first, 0], [batch, block, queries.shape[1]])
            following = tf.slice(state.following, [0, first], [batch, block])
            # XLA computes the sum of a product faster than a batch of small matrix products.
            products = tf.reshape(keys * queries[:, None], (batch, block, self.heads, self._dim))
            visible = following[:, :, None] != NONE
            scores = tf.where(visible, tf.reduce_sum(products, axis=3), _MASKED)
            before, largest = largest, tf.maximum(largest, tf.reduce_max(scores, axis=1))
            scale = tf.exp(before - largest)
            weights = tf.where(visible, tf.exp(scores - largest[:, None]), 0.0)
            index = tf.stack([rows, tf.reshape(tf.maximum(following, 0), [-1])], axis=1)
            copied = tf.tensor_scatter_nd_add(
                copied * scale[:, None], index, tf.reshape(weights, (-1, self.heads))
            )
            total = total * scale + tf.reduce_sum(weights, axis=1)
            return first + block, largest, total, copied

        shape = (batch, self.heads)
        start = (
            0,
            tf.fill(shape, _MASKED),
            tf.zeros(shape),
            tf.zeros((batch, vocab_size, shape[1])),
        )
        _, _, total, copied = tf.while_loop(lambda first, *_: first < used, read, start)
        return tf.math.divide_no_nan(copied, total[:, None])

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
        weights, shares = self.attend(outputs, entries)
        copied = tf.einsum("bth,bhte->bte", shares[..., 1:], weights)
        copied = copied @ tf.one_hot(entries.following, logits.shape[-1])
        after = last_state(entries, window, state.written, self.capacity)
        return _mixture(logits, shares[..., 0], copied), after

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
            Shares of the network and of each head in the mixture.
        """
        visible = visible_entries(entries, self.capacity)
        weights = self._attention(self._scores_of_window(outputs, entries.keys), visible[:, None])
        return weights, self._shares(outputs, tf.reduce_any(visible, axis=2, keepdims=True))

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


def _mixture(logits: tf.Tensor, share: tf.Tensor, copied: tf.Tensor) -> tf.Tensor:
    """Return the logarithm of the network's share of its distribution plus the copied one."""
    return tf.math.log(share[..., None] * tf.nn.softmax(logits) + copied + _TINY)
