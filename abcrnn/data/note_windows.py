"""Notes laid out as windows for training.

Windows for the network that looks at a window, each beginning at any note; and
contiguous streams for the one that carries its state. What an epoch holds
depends on the seed and the epoch's number alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from abcrnn.data.notes import START, Rows
from abcrnn.data.store import TuneIds
from abcrnn.data.windows import EncodedTunes, Streams

_BUFFER = 2**17  # windows among which the next is chosen; a place each, not the notes


class Windows:
    """Every ``seq_length`` notes in a row and the one after, in batches, shuffled.

    Parameters
    ----------
    rows : sequence of ndarray, shape (notes, 3)
        Of each piece, as a network encodes it; those too short for a window are left out.
    batch_size, seq_length : int
    seed : int

    Raises
    ------
    ValueError
        If there are not enough notes for one batch.
    """

    carries_state = False

    def __init__(self, rows: Sequence[Rows], batch_size: int, seq_length: int, seed: int) -> None:
        ends = np.cumsum([0, *map(len, rows)])
        begins = [
            np.arange(end - len(piece), end - seq_length)
            for piece, end in zip(rows, ends[1:], strict=True)
        ]
        self._begins = np.concatenate(begins)
        self.windows = len(self._begins) // batch_size
        if not self.windows:
            raise ValueError(
                f"the pieces have {len(self._begins)} windows of {seq_length} notes and the one "
                f"after, but a batch needs {batch_size}: take a smaller batch_size or "
                "seq_length, or more or longer pieces"
            )
        self._rows, self._places = np.concatenate(rows), np.arange(seq_length + 1)
        self._batch_size, self._seed = batch_size, seed

    def epoch(self, number: int, start: int = 0) -> Iterator[Rows]:
        """Yield the batches of an epoch, (batch, seq_length + 1, 3), from batch ``start`` on."""
        seed = int(np.random.default_rng([self._seed, number]).integers(2**62))
        rows, places = tf.constant(self._rows), tf.constant(self._places)
        batches = (
            tf.data.Dataset.from_tensor_slices(self._begins)
            .shuffle(min(_BUFFER, len(self._begins)), seed, reshuffle_each_iteration=False)
            .batch(self._batch_size, drop_remainder=True)
            .skip(start)
            .map(lambda begins: tf.gather(rows, begins[:, None] + places))
            .prefetch(tf.data.AUTOTUNE)
        )
        yield from batches.as_numpy_iterator()


def note_streams(rows: Sequence[Rows], batch_size: int, seq_length: int, seed: int) -> Streams:
    """Lay pieces out as contiguous streams, :data:`START` before each.

    Parameters
    ----------
    rows : sequence of ndarray, shape (notes, 3), int32
    batch_size, seq_length : int
    seed : int

    Returns
    -------
    Streams
        Its windows have shape (batch, seq_length + 1, 3).
    """
    start = np.array([[START, 0, 0]], np.int32)
    closed = [part for piece in rows for part in (piece, start)]
    needed = batch_size * seq_length + 1
    if (total := sum(map(len, closed))) < needed:
        raise ValueError(
            f"the pieces have {total} notes in all, but one window needs {needed} "
            f"({batch_size} x {seq_length} + 1): take a smaller batch_size or seq_length, "
            "or more pieces"
        )
    # Characters are ids, looked up in a table; here the ids are places, and the table the notes.
    table = np.concatenate(closed)
    offsets = np.cumsum([0, *(len(piece) + 1 for piece in rows)])
    places: NDArray[np.uint32] = np.arange(len(table), dtype="<u4")
    source = TuneIds(places.tobytes(), places.dtype, offsets)
    pieces = np.arange(len(rows), dtype=np.uint32)
    return Streams(EncodedTunes(source, pieces, table), batch_size, seq_length, seed)
