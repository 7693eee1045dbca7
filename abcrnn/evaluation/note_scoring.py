"""How well a note model predicts each note of pieces from the notes before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from abcrnn.data.notes import START, Piece, Rows
from abcrnn.data.time_grid import nearest
from abcrnn.models.compilation import compile_once
from abcrnn.models.note_model import NoteModel

_BATCH, _TIME = 32, 16  # pieces scored together, and notes of each in one call


class NoteScores(NamedTuple):
    """Mean scores of the notes of pieces.

    ``loss``, ``pitch``, ``step`` and ``duration`` are the losses that the model is trained
    on; compare them only between models of one kind. The other scores are measured in
    the same way for every model.

    Parameters
    ----------
    notes : int
        Number of notes scored.
    loss, pitch, step, duration : float
    pitch_nats : float
        Cross-entropy of the pitch in nats.
    pitch_accuracy, step_accuracy, duration_accuracy : float
        Share of notes whose most likely pitch, or class of step or duration, is right.
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
        self._model = model
        self._score_window = compile_once(model, "note scores", _window_scores(model))

    def score(self, pieces: Sequence[Piece], after: int = 0) -> NoteScores:
        """Score the notes of pieces, each piece from the initial state.

        Parameters
        ----------
        pieces : sequence of Piece
        after : int
            Do not score this many notes at the beginning of each piece. A model that
            reads a window always leaves out the notes before its first window.

        Raises
        ------
        ValueError
            If no piece is long enough.
        """
        network, grid = self._model.network, self._model.grid
        first = max(after, network.min_context)
        rows = [network.encode(piece.notes) for piece in pieces]
        scored = [note for table in self._tables(rows) for note in table[first:]]
        if not scored:
            raise ValueError(f"no piece is long enough: scores begin after {first} notes")
        # Of each note: three losses; the true row and the predicted one.
        table = np.array(scored)
        pitch, step, duration = table[:, :3].mean(axis=0)
        truth, predicted = network.decode(table[:, 3:6]), network.decode(table[:, 6:9])
        right = [truth[0] == predicted[0]] + [
            nearest(centres, true) == nearest(centres, guess)
            for centres, true, guess in zip(grid, truth[1:], predicted[1:], strict=True)
        ]
        return NoteScores(
            len(table),
            float(network.total_loss(pitch, step, duration)),
            *map(float, (pitch, step, duration, pitch)),
            *(float(kind.mean()) for kind in right),
        )

    def _tables(self, rows: Sequence[Rows]) -> Iterator[NDArray[Any]]:
        """Yield the scores of each piece, shape (notes, 9)."""
        by_length = sorted(rows, key=len)
        for first in range(0, len(by_length), _BATCH):
            group = by_length[first : first + _BATCH]
            scores = self._score_batch(_padded(group))
            yield from (scores[number, : len(piece)] for number, piece in enumerate(group))

    def _score_batch(self, batch: Rows) -> NDArray[Any]:
        state, parts = self._model.initial_state(_BATCH), []
        for begin in range(0, batch.shape[1] - 1, _TIME):
            scores, state = self._score_window(batch[:, begin : begin + _TIME + 1], state)
            parts.append(scores.numpy())
        return np.concatenate(parts, axis=1)


def _padded(pieces: Sequence[Rows]) -> Rows:
    """Return pieces as one batch: a separator, the notes, zeros up to a multiple of _TIME."""
    longest = -(-max(map(len, pieces)) // _TIME) * _TIME
    batch = np.zeros((_BATCH, longest + 1, 3), pieces[0].dtype)
    batch[:, 0] = START, 0, 0
    for row, piece in zip(batch, pieces, strict=False):
        row[1 : len(piece) + 1] = piece
    return batch


def _window_scores(model: NoteModel) -> Any:
    """Return the function of windows (batch, time + 1, 3) and state that is compiled."""

    def scores(windows: tf.Tensor, state: Any) -> tuple[tf.Tensor, Any]:
        hidden, state = model.unroll(windows[:, :-1], state)
        following = windows[:, 1:]
        *losses, _ = model.network.losses(hidden, following)
        flat = tf.reshape(hidden, (-1, hidden.shape[-1]))
        uniform = tf.zeros((flat.shape[0], 3))
        predicted = tf.reshape(model.sample_rows(flat, uniform, _most_likely), following.shape)
        rows = [tf.cast(part, tf.float32) for part in (following, predicted)]
        return tf.concat([tf.stack(losses, axis=2), *rows], axis=2), state

    return scores


def _most_likely(logits: tf.Tensor, _uniform: tf.Tensor) -> tf.Tensor:
    return tf.argmax(logits, axis=1, output_type=tf.int32)
