"""Notes as batches for training.

Shuffled windows for a network that reads each window from its initial state, and
contiguous streams for one that carries its state. The batches of an epoch depend on
the seed and the number of the epoch only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from abcrnn.data.notes import START, Rows
from abcrnn.data.store import TuneIds
from abcrnn.data.windows import Batch, EncodedTunes, EpochSize, Streams

_BUFFER = 2**17  # windows among which the next one is chosen
_GRAPH_SEED = 87654321  # TensorFlow's, when no global seed is set


class NoteWindows:
    """All windows of ``seq_length`` notes and the note after, shuffled, in batches.

    Parameters
    ----------
    pieces : sequence of ndarray, shape (notes, 3)
        Rows of each piece. Pieces shorter than a window are left out.
    batch_size : int
        Number of windows in a batch.
    seq_length : int
        Number of notes in a window, without the note after.
    seed : int
        Seed of the order of the windows.
    rows : range, optional
        Yield only these rows of each batch; the default is all rows.

    Attributes
    ----------
    windows : int
        Number of batches in an epoch.

    Raises
    ------
    ValueError
        If there are not enough notes for one batch.
    """

    def __init__(
        self,
        pieces: Sequence[Rows],
        batch_size: int,
        seq_length: int,
        seed: int,
        rows: range | None = None,
    ) -> None:
        ends = np.cumsum([0, *map(len, pieces)])
        self._begins = np.concatenate(
            [np.arange(begin, end - seq_length) for begin, end in pairwise(ends)]
        )
        self.windows = len(self._begins) // batch_size
        if not self.windows:
            raise ValueError(
                f"the pieces have {len(self._begins)} windows of {seq_length} notes and the note "
                f"after, but a batch needs {batch_size}: use a smaller batch_size or "
                "seq_length, or more or longer pieces"
            )
        self._notes, self._offsets = np.concatenate(pieces), np.arange(seq_length + 1)
        self._batch_size, self._seed = batch_size, seed
        self._rows = np.arange(batch_size) if rows is None else np.asarray(rows)

    def size(self, _number: int = 0, stop: int | None = None) -> EpochSize:
        """Return the size of any epoch, or of its first ``stop`` batches.

        The network predicts one note of each window.
        """
        batches = self.windows if stop is None else stop
        return EpochSize(batches, batches * self._batch_size)

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, beginning with batch ``start``.

        Parameters
        ----------
        number : int
            Number of the epoch.
        start : int
            Index of the first batch.

        Yields
        ------
        Batch
            Windows of shape (rows, seq_length + 1, 3), of the type of the pieces.
        """
        seed = int(np.random.default_rng([self._seed, number]).integers(2**62))
        begins = self._begins[shuffled(len(self._begins), seed)]
        predictions = np.ones(self._batch_size, np.int64)
        for batch in range(start, self.windows):
            first = begins[batch * self._batch_size + self._rows]
            yield Batch(self._notes[first[:, None] + self._offsets], True, predictions)


def shuffled(count: int, seed: int) -> NDArray[np.int64]:
    """Return the numbers from 0 to ``count`` - 1 in the order of ``tf.data`` for a seed.

    The order of ``Dataset.shuffle(seed=seed)`` in a program that sets no global seed,
    which is the order of the first version of this package. The method itself also
    depends on ``tf.random.set_seed``, so a run could not resume in a program that calls it.
    """
    numbers = tf.data.Dataset.range(count)
    variant = tf.raw_ops.ShuffleDatasetV3(
        input_dataset=tf.data.experimental.to_variant(numbers),
        buffer_size=min(_BUFFER, count),
        seed=_GRAPH_SEED,
        seed2=seed % (2**31 - 1),  # as Dataset.shuffle does
        seed_generator=tf.raw_ops.DummySeedGenerator(),
        reshuffle_each_iteration=False,
        output_types=[tf.int64],
        output_shapes=[()],
    )
    dataset = tf.data.experimental.from_variant(variant, numbers.element_spec)
    order: NDArray[np.int64] = dataset.batch(count).get_single_element().numpy()
    return order


def note_streams(
    pieces: Sequence[Rows],
    batch_size: int,
    seq_length: int,
    seed: int,
    rows: range | None = None,
) -> Streams:
    """Return pieces as contiguous streams, with a :data:`START` row after each piece.

    Parameters
    ----------
    pieces : sequence of ndarray, shape (notes, 3), int32
    batch_size : int
        Number of streams.
    seq_length : int
        Number of predictions in each row of a batch.
    seed : int
        Seed of the order of the pieces.
    rows : range, optional
        Yield only these rows of each batch; the default is all rows.

    Returns
    -------
    Streams
        Yields batches of shape (rows, seq_length + 1, 3), int32.

    Raises
    ------
    ValueError
        If there are not enough notes for one batch.
    """
    separator = np.array([[START, 0, 0]], np.int32)
    closed = [part for piece in pieces for part in (piece, separator)]
    needed = batch_size * seq_length + 1
    if (total := sum(map(len, closed))) < needed:
        raise ValueError(
            f"the pieces have {total} notes in all, but one window needs {needed} "
            f"({batch_size} x {seq_length} + 1): use a smaller batch_size or seq_length, "
            "or more pieces"
        )
    # Streams looks up the ids of characters in a table. Here the table is the notes, and
    # the id of a note is its index.
    table = np.concatenate(closed)
    offsets = np.cumsum([0, *(len(piece) + 1 for piece in pieces)])
    indices: NDArray[np.uint32] = np.arange(len(table), dtype="<u4")
    source = TuneIds(indices.tobytes(), indices.dtype, offsets)
    order = np.arange(len(pieces), dtype=np.uint32)
    return Streams(EncodedTunes(source, order, table), batch_size, seq_length, seed, rows)
