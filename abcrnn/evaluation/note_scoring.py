"""How well a model foretells the notes of pieces, each from those before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from abcrnn.data.notes import START, Piece, Rows
from abcrnn.data.time_grid import nearest
from abcrnn.models.note_model import NoteModel
from abcrnn.models.note_window_lstm import WindowNetwork

_BATCH = 512  # windows looked at side by side
_ROWS, _TIME = 32, 128  # pieces side by side, and notes at a time


class NoteScores(NamedTuple):
    """How well notes are foretold; measured the same way for every model.

    ``pitch``, ``step`` and ``duration`` are the losses that the model itself is trained
    on, so they compare only between models of one kind; the others compare between all.
    """

    notes: int
    loss: float
    pitch: float
    step: float
    duration: float
    pitch_nats: float
    pitch_accuracy: float
    step_accuracy: float
    duration_accuracy: float


class NoteScorer:
    """Scores a model on pieces.

    Parameters
    ----------
    model : NoteModel
    """

    def __init__(self, model: NoteModel) -> None:
        self._model, network = model, model.network
        self._network: Any = network
        look = self._window_batch if isinstance(network, WindowNetwork) else self._stream_batch
        self._compiled = tf.function(look, jit_compile=True)

    def score(self, pieces: Sequence[Piece], after: int = 0) -> NoteScores:
        """Score pieces, of each the notes that come after so many.

        A model that looks at a window needs that many notes before the first it foretells.

        Raises
        ------
        ValueError
            If no piece is long enough.
        """
        network, grid = self._network, self._model.grid
        read = self._windows if isinstance(network, WindowNetwork) else self._streams
        found = [
            row for first, table in read([network.encode(p.notes) for p in pieces])
            for row in table[max(0, after - first):]
        ]  # fmt: skip
        if not found:
            raise ValueError("no piece is long enough for a note of it to be foretold")
        # Of each note: three losses, nats of pitch; the note, and the guess at it.
        table = np.array(found)
        pitch, step, duration = table[:, :3].mean(axis=0)
        truth, guess = network.decode(table[:, 4:7]), network.decode(table[:, 7:10])
        right = [truth[0] == guess[0]] + [
            nearest(centres, true) == nearest(centres, guessed)
            for centres, true, guessed in zip(grid, truth[1:], guess[1:], strict=True)
        ]
        return NoteScores(
            len(table),
            float(network.weigh(pitch, step, duration)),
            *map(float, (pitch, step, duration, table[:, 3].mean())),
            *(float(kind.mean()) for kind in right),
        )

    # A window for each note ----------------------------------------------------------------

    def _windows(self, rows: Sequence[Rows]) -> Iterator[tuple[int, NDArray[Any]]]:
        length = self._network.seq_length
        for piece in rows:
            if len(piece) > length:
                windows = np.lib.stride_tricks.sliding_window_view(piece, length + 1, axis=0)
                yield length, self._in_batches(windows.transpose(0, 2, 1))

    def _in_batches(self, windows: Rows) -> NDArray[Any]:
        parts = []
        for first in range(0, len(windows), _BATCH):
            batch = windows[first : first + _BATCH]
            padded = np.concatenate([batch, np.zeros((_BATCH - len(batch), *batch.shape[1:]))])
            parts.append(self._compiled(padded.astype(np.float32)).numpy()[: len(batch)])
        return np.concatenate(parts)

    def _window_batch(self, windows: tf.Tensor) -> tf.Tensor:
        network = self._network
        pitch, step, duration, logits = network.losses(windows)
        guess = network.draw((windows[:, :-1],), 1.0, tf.zeros((3, 1, logits.shape[1])))
        numbers = tf.stack([pitch, step, duration, pitch], axis=1)
        return tf.concat([numbers, windows[:, -1], guess], axis=1)

    # The state carried from note to note ---------------------------------------------------

    def _streams(self, rows: Sequence[Rows]) -> Iterator[tuple[int, NDArray[Any]]]:
        ordered = sorted(rows, key=len)
        for first in range(0, len(ordered), _ROWS):
            group = ordered[first : first + _ROWS]
            longest = -(-max(map(len, group)) // _TIME) * _TIME
            laid = np.zeros((_ROWS, longest + 1, 3), np.int32)
            laid[:, 0] = START, 0, 0
            for row, piece in enumerate(group):
                laid[row, 1 : len(piece) + 1] = piece
            state, parts = self._network.initial_state(_ROWS), []
            for place in range(0, longest, _TIME):
                part, state = self._compiled(laid[:, place : place + _TIME + 1], state)
                parts.append(part.numpy())
            whole = np.concatenate(parts, axis=1)
            yield from ((0, whole[row, : len(piece)]) for row, piece in enumerate(group))

    def _stream_batch(self, windows: tf.Tensor, state: Any) -> Any:
        network = self._network
        outputs, state = network.unroll(windows[:, :-1], state)
        after = tf.transpose(windows[:, 1:], (1, 0, 2))
        pitch, step, duration, _ = network.losses(after, outputs)
        flat = tf.reshape(outputs, (-1, outputs.shape[-1]))
        widest = max(START + 1, *map(len, network.grid))
        guess = network.draw(((flat, flat),), 1.0, tf.zeros((3, 1, widest)))
        guess = tf.reshape(guess, after.shape)
        numbers = tf.stack([pitch, step, duration, pitch], axis=2)
        rows = tf.concat([numbers, tf.cast(after, tf.float32), tf.cast(guess, tf.float32)], axis=2)
        return tf.transpose(rows, (1, 0, 2)), state
