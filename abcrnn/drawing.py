"""Characters drawn from a model, many streams side by side.

The loop over characters is compiled and stays on the device: one call draws the
next stretch of every row. The random numbers are drawn outside, from the seed
and the stream's number alone, so that a stream's text does not depend on how
many others are drawn beside it. A row whose stream has ended begins another.

References
----------
Fan et al., Hierarchical Neural Story Generation, 2018 (top_k); Holtzman et al.,
The Curious Case of Neural Text Degeneration, 2020, section 3.1 (top_p).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

#: Characters drawn by one call.
STRETCH = 128
#: Most streams drawn side by side.
WIDEST = 64
_BUCKETS = (1, 16, WIDEST)  # rows: each of these is compiled at most once
_FREE = -1  # marks a character that is drawn, not given by the prompt


class Drawer:
    """Draws characters from a model; compiled once for each number of rows.

    Parameters
    ----------
    model : CharLSTM
        Or anything with ``initial_state(batch_size)`` and ``step(ids, state)``.
    temperature : float
    top_k : int, optional
    top_p : float, optional
        As in :class:`abcrnn.Sampler`.
    """

    def __init__(
        self, model: Any, temperature: float, top_k: int | None, top_p: float | None
    ) -> None:
        self._model = model
        self._temperature, self._top_k, self._top_p = float(temperature), top_k, top_p
        self._compiled = tf.function(self._stretch, jit_compile=True)

    def rows(self, given: NDArray[np.int32], streams: int, seed: int) -> Rows:
        """Return rows for so many streams, or for as many as go side by side.

        Parameters
        ----------
        given : ndarray, shape (characters,), int32
            What every stream begins with; at least one character.
        streams : int
        seed : int
        """
        size = next((size for size in _BUCKETS if streams <= size), WIDEST)
        return Rows(self._compiled, self._model.initial_state(size), given, size, seed)

    def _stretch(
        self, ids: tf.Tensor, fresh: tf.Tensor, state: Any, forced: tf.Tensor, uniform: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, Any]:
        """Draw the next stretch of every row.

        Parameters
        ----------
        ids : Tensor, shape (batch,), int32
            The characters before.
        fresh : Tensor, shape (batch,), bool
            Rows in which a stream begins.
        state : State
            Before those characters were read.
        forced : Tensor, shape (time, batch), int32
            Characters to take instead of drawing, or -1.
        uniform : Tensor, shape (time, batch), float32
            Random numbers from 0 up to 1.

        Returns
        -------
        drawn : Tensor, shape (time, batch), int32
        ids, state
            To go on from.
        """

        def draw(t: tf.Tensor, ids: tf.Tensor, state: Any, drawn: Any) -> tuple[Any, ...]:
            logits, state = self._model.step(ids, state)
            ids = tf.where(forced[t] == _FREE, self._draw(logits, uniform[t]), forced[t])
            return t + 1, ids, state, drawn.write(t, ids)

        def begun_anew(first: tf.Tensor, after: tf.Tensor) -> tf.Tensor:
            return tf.where(tf.reshape(fresh, (-1,) + (1,) * (after.shape.rank - 1)), first, after)

        first = self._model.initial_state(ids.shape[0])
        state = tf.nest.map_structure(begun_anew, first, state)
        drawn = tf.TensorArray(tf.int32, size=STRETCH, element_shape=ids.shape)
        _, ids, state, drawn = tf.while_loop(
            lambda t, *_: t < STRETCH, draw, (0, ids, state, drawn), maximum_iterations=STRETCH
        )
        return drawn.stack(), ids, state

    def _draw(self, logits: tf.Tensor, uniform: tf.Tensor) -> tf.Tensor:
        """Draw an id a stream: logits (batch, vocab_size), uniform (batch,) -> ids (batch,)."""
        probabilities = tf.nn.softmax(logits / self._temperature)
        if self._top_k is not None or self._top_p is not None:
            # [b, i, j]: is j likelier than i? Ranks without a sort, which is slow under XLA.
            likelier = probabilities[:, None, :] > probabilities[:, :, None]
            if self._top_k is not None:
                rank = tf.math.count_nonzero(likelier, axis=2, dtype=tf.int32)
                probabilities = tf.where(rank < self._top_k, probabilities, 0.0)
            if self._top_p is not None:
                above = tf.reduce_sum(tf.where(likelier, probabilities[:, None, :], 0.0), axis=2)
                enough = self._top_p * tf.reduce_sum(probabilities, axis=1, keepdims=True)
                probabilities = tf.where(above < enough, probabilities, 0.0)
        cumulative = tf.cumsum(probabilities, axis=1)
        threshold = uniform[:, None] * cumulative[:, -1:]
        return tf.math.count_nonzero(cumulative <= threshold, axis=1, dtype=tf.int32)


class Rows:
    """Streams being drawn; made by :meth:`Drawer.rows`."""

    def __init__(
        self, stretch: Any, state: Any, given: NDArray[np.int32], size: int, seed: int
    ) -> None:
        self.size = size
        self._stretch, self._state, self._given, self._seed = stretch, state, given, seed
        self._ids = np.full(size, given[0], np.int32)
        self._fresh = np.ones(size, bool)
        self._read = np.zeros(size, np.int64)  # characters of the given text behind each row
        self._generators: dict[int, np.random.Generator] = {}

    def begin(self, row: int, stream: int) -> None:
        """Begin a stream in a row; what the row held before is over."""
        self._generators[row] = np.random.default_rng([self._seed, stream])
        self._ids[row], self._fresh[row], self._read[row] = self._given[0], True, 1

    def draw(self) -> NDArray[np.int32]:
        """Draw the next stretch, shape (rows, STRETCH).

        The first stretch of a stream goes on after the first given character.
        """
        forced = np.full((STRETCH, self.size), _FREE, np.int32)
        uniform = np.zeros((STRETCH, self.size), np.float32)
        for row, generator in self._generators.items():
            piece = self._given[self._read[row] : self._read[row] + STRETCH]
            forced[: len(piece), row] = piece
            uniform[:, row] = generator.random(STRETCH, dtype=np.float32)
        drawn, ids, self._state = self._stretch(
            self._ids, self._fresh, self._state, forced, uniform
        )
        self._ids, self._fresh = ids.numpy().copy(), np.zeros(self.size, bool)
        self._read += STRETCH
        return np.asarray(drawn).T
