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

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from abcrnn.grammar.transition_tables import Masks

#: Characters drawn by one call.
STRETCH = 128
#: Most streams drawn side by side.
WIDEST = 64
_BUCKETS = (1, 16, WIDEST)  # rows: each of these is compiled at most once
_PATIENCE = 8  # one row in so many may wait while the others are drawn
_FREE = -1  # marks a character that is drawn, not given by the prompt
_COLDEST = 1e-30  # a temperature below this is none to 32 bits, and nothing can be divided by it


class Standing(NamedTuple):
    """Where masked streams stand; one, or an array of them, shape (batch,), int32.

    Parameters
    ----------
    tune, pitch
        Numbers of states of :class:`abcrnn.grammar.transition_tables.Masks`.
    room
        Characters there may still be, the closing blank line with them.
    """

    tune: Any
    pitch: Any
    room: Any


class Tables:
    """The tables of masks on the device, where new rows are written as they are learned."""

    def __init__(self, masks: Masks) -> None:
        self._masks = masks
        self._size = 0
        self._load()

    def learn(self, states: NDArray[np.int32]) -> None:
        """Let the tables know what may come after these states."""
        masks = self._masks
        new = masks.learn(states)
        if len(masks.known) > self._size:
            self._load()
        elif len(new):
            tables: list[NDArray[Any]] = [masks.after, masks.needs, masks.known]
            for variable, table in zip(self._variables, tables, strict=True):
                variable.scatter_update(tf.IndexedSlices(table[new], new))

    def _load(self) -> None:
        masks = self._masks
        self._size = len(masks.known)
        self._variables = tuple(
            tf.Variable(table, trainable=False) for table in (masks.after, masks.needs, masks.known)
        )
        #: What may come, what it takes to end, what is known, and which pitches may come.
        self.tensors = (*self._variables, tf.constant(masks.pitch_after))


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
    masks : Masks, optional
        The characters to choose among, before temperature, top_k and top_p.
    """

    def __init__(
        self,
        model: Any,
        temperature: float,
        top_k: int | None,
        top_p: float | None,
        masks: Masks | None = None,
    ) -> None:
        self._model, self._tables = model, Tables(masks) if masks else None
        self._temperature, self._top_k, self._top_p = max(temperature, _COLDEST), top_k, top_p
        self._compiled = tf.function(self._stretch, jit_compile=True)

    def rows(
        self, given: NDArray[np.int32], streams: int, seed: int, standing: Standing | None = None
    ) -> Rows:
        """Return rows for so many streams, or for as many as go side by side.

        Parameters
        ----------
        given : ndarray, shape (characters,), int32
            What every stream begins with; at least one character.
        streams : int
        seed : int
        standing : Standing, optional
            Where masked streams stand after what is given.
        """
        size = next((size for size in _BUCKETS if streams <= size), WIDEST)
        return Rows(
            self._compiled,
            self._model.initial_state(size),
            given,
            size,
            seed,
            self._tables,
            standing,
        )

    def _stretch(
        self,
        ids: tf.Tensor,
        fresh: tf.Tensor,
        state: Any,
        forced: tf.Tensor,
        uniform: tf.Tensor,
        standing: Standing | tuple[()],
        tables: tuple[tf.Tensor, ...],
    ) -> tuple[Any, ...]:
        """Draw the next stretch of every row, or less where the tables do not know enough.

        Parameters
        ----------
        ids : Tensor, shape (batch,), int32
            The characters before.
        fresh : Tensor, shape (batch,), bool
            Rows in which a stream begins.
        state : State
            Before those characters were read.
        forced : Tensor, shape (batch, time), int32
            Characters to take instead of drawing, or -1.
        uniform : Tensor, shape (batch, time), float32
            Random numbers from 0 up to 1.
        standing : Standing, or () without masks
        tables : tuple of Tensor
            Of :class:`Tables`; () without masks.

        Returns
        -------
        drawn : Tensor, shape (time, batch), int32
            -1 where a row waited.
        count : Tensor, shape (batch,), int32
            Characters drawn in each row.
        ids, state, standing
            To go on from.
        """
        batch = ids.shape[0]

        def goes_on(t: tf.Tensor, count: Any, ids: Any, state: Any, standing: Any, _: Any) -> Any:
            if not tables:
                return t < STRETCH
            waiting = tf.math.count_nonzero(~_known(standing, tables))
            going = tf.math.count_nonzero(standing.tune)  # the others are at the end of their tune
            return (t < STRETCH) & (_PATIENCE * waiting <= going)

        def draw(
            t: tf.Tensor, count: Any, ids: Any, state: Any, standing: Any, drawn: Any
        ) -> tuple[Any, ...]:
            logits, after = self._model.step(ids, state)
            given = tf.gather(forced, count, batch_dims=1)
            if tables:
                logits = tf.where(_allowed(standing, tables), logits, -np.inf)
            chosen = self._draw(logits, tf.gather(uniform, count, batch_dims=1))
            chosen = tf.where(given == _FREE, chosen, given)
            if not tables:
                return t + 1, count + 1, chosen, after, standing, drawn.write(t, chosen)
            known = _known(standing, tables)
            state = tf.nest.map_structure(partial(_where, known), after, state)
            moves = known & (given == _FREE)
            standing = tf.nest.map_structure(
                partial(_where, moves), _moved(standing, tables, chosen), standing
            )
            drawn = drawn.write(t, tf.where(known, chosen, _FREE))
            count += tf.cast(known, tf.int32)
            return t + 1, count, tf.where(known, chosen, ids), state, standing, drawn

        first = self._model.initial_state(batch)
        state = tf.nest.map_structure(partial(_where, fresh), first, state)
        drawn = tf.TensorArray(tf.int32, size=STRETCH, element_shape=ids.shape)
        begin = (0, tf.zeros_like(ids), ids, state, standing, drawn)
        _, count, ids, state, standing, drawn = tf.while_loop(
            goes_on, draw, begin, maximum_iterations=STRETCH
        )
        return drawn.stack(), count, ids, state, standing

    def _draw(self, logits: tf.Tensor, uniform: tf.Tensor) -> tf.Tensor:
        """Draw an id a stream: logits (batch, vocab_size), uniform (batch,) -> ids (batch,)."""
        # The likeliest stands at 0, and stays there at any temperature.
        logits -= tf.reduce_max(logits, axis=1, keepdims=True)
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
        ids = tf.math.count_nonzero(cumulative <= threshold, axis=1, dtype=tf.int32)
        # Rounding may lead past the last that has a probability.
        last = probabilities.shape[1] - 1 - tf.argmax(probabilities[:, ::-1] > 0, 1, tf.int32)
        return tf.minimum(ids, last)


def _where(rows: tf.Tensor, new: tf.Tensor, old: tf.Tensor) -> tf.Tensor:
    """Take the new in these rows, and the old in the others."""
    return tf.where(tf.reshape(rows, (-1,) + (1,) * (new.shape.rank - 1)), new, old)


def _known(standing: Standing, tables: tuple[tf.Tensor, ...]) -> tf.Tensor:
    """Return which rows stand where the tables know what may follow, shape (batch,)."""
    return tf.gather(tables[2], standing.tune)


def _allowed(standing: Standing, tables: tuple[tf.Tensor, ...]) -> tf.Tensor:
    """Return which characters may come, shape (batch, vocab_size)."""
    after, needs, _, pitch_after = tables
    return (
        (tf.gather(after, standing.tune) >= 0)
        & (tf.gather(pitch_after, standing.pitch) >= 0)
        & (tf.cast(tf.gather(needs, standing.tune), tf.int32) < standing.room[:, None])
    )


def _moved(standing: Standing, tables: tuple[tf.Tensor, ...], ids: tf.Tensor) -> Standing:
    """Return where streams stand after one more character."""
    after, _, _, pitch_after = tables
    return Standing(
        tf.gather(tf.gather(after, standing.tune), ids, batch_dims=1),
        tf.gather(tf.gather(pitch_after, standing.pitch), ids, batch_dims=1),
        tf.maximum(standing.room - 1, 1),  # the one that is left behind the end is never used
    )


class Rows:
    """Streams being drawn; made by :meth:`Drawer.rows`."""

    def __init__(
        self,
        stretch: Any,
        state: Any,
        given: NDArray[np.int32],
        size: int,
        seed: int,
        tables: Tables | None,
        standing: Standing | None,
    ) -> None:
        self.size = size
        self._stretch, self._state, self._given, self._seed = stretch, state, given, seed
        self._ids = np.full(size, given[0], np.int32)
        self._fresh = np.ones(size, bool)
        self._read = np.zeros(size, np.int64)  # characters of the given text behind each row
        self._generators: dict[int, np.random.Generator] = {}
        self._uniform = np.zeros((size, STRETCH), np.float32)
        self._used = np.full(size, STRETCH)  # of the random numbers of each row
        self._tables, self._first = tables, standing
        # Rows without a stream stand at the end of a tune, where all is allowed.
        zeros = np.zeros(size, np.int32)
        ended = Standing(zeros.copy(), zeros.copy(), zeros + 1)
        self._standing: Any = ended if tables else ()

    def begin(self, row: int, stream: int) -> None:
        """Begin a stream in a row; what the row held before is over."""
        self._generators[row] = np.random.default_rng([self._seed, stream])
        self._ids[row], self._fresh[row], self._read[row] = self._given[0], True, 1
        self._used[row] = STRETCH
        if self._first:
            for places, place in zip(self._standing, self._first, strict=True):
                places[row] = place

    def draw(self) -> list[NDArray[np.int32]]:
        """Draw the next stretch: of each row STRETCH characters, or fewer if it had to wait.

        The first stretch of a stream goes on after the first given character.
        """
        forced = np.full((self.size, STRETCH), _FREE, np.int32)
        for row, generator in self._generators.items():
            piece = self._given[self._read[row] : self._read[row] + STRETCH]
            forced[row, : len(piece)] = piece
            left, used = STRETCH - self._used[row], self._used[row]
            self._uniform[row, :left] = self._uniform[row, used:]
            self._uniform[row, left:] = generator.random(used, dtype=np.float32)
        if self._tables:
            self._tables.learn(self._standing.tune)
        drawn, count, ids, self._state, standing = self._stretch(
            self._ids,
            self._fresh,
            self._state,
            forced,
            self._uniform,
            self._standing,
            self._tables.tensors if self._tables else (),
        )
        self._ids, self._fresh = ids.numpy().copy(), np.zeros(self.size, bool)
        self._standing = tf.nest.map_structure(lambda places: places.numpy().copy(), standing)
        self._used = count.numpy()
        self._read += self._used
        rows = zip(drawn.numpy().T, self._used, strict=True)
        return [ids[ids != _FREE][:count] for ids, count in rows]
