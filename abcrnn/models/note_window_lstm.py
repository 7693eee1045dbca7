"""NoteWindowLSTM: predicts the next note from the last few, times by least squares.

References
----------
TensorFlow, "Generate music with an RNN", tutorial (network, loss and sizes).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from abcrnn.data.notes import PITCHES, Notes, Rows
from abcrnn.data.time_grid import TimeGrid
from abcrnn.models.base import where_active
from abcrnn.models.lstm import LSTM
from abcrnn.models.note_base import (
    Choose,
    NoteNetwork,
    State,
    make_dense,
)
from abcrnn.storage.validation import require_count

_NEGATIVE_PENALTY = 10.0  # factor for predicted times below zero, see _squared_error
_LOSS_WEIGHTS = (0.05, 1.0, 1.0)  # of pitch, step and duration
_MAX_SEQ_LENGTH = 4096  # bounds the memory that a model file can request
_HEADS = ("pitch", "step", "duration")


class NoteWindowLSTM(NoteNetwork):
    """The tutorial's network: one LSTM layer over a window of notes and three heads.

    The LSTM reads each window from a zero state, so the state of the network is the
    window itself: the last ``seq_length`` notes. Pitches are divided by 128 before they
    are read, in training and in sampling.

    Parameters
    ----------
    grid : TimeGrid
        Not used by the network; assigns classes to predicted times in scores.
    units, seq_length : int
    seed : int
        Seed of the initial weights.
    """

    carries_state = False
    row_limits = (PITCHES, np.inf, np.inf)

    def __init__(
        self, grid: TimeGrid, units: int = 128, seq_length: int = 25, seed: int = 0
    ) -> None:
        units, seq_length = require_count("units", units), require_count("seq_length", seq_length)
        seed = require_count("seed", seed, least=0)
        config = {"units": units, "seq_length": seq_length, "seed": seed}
        if seq_length > _MAX_SEQ_LENGTH:
            raise ValueError(f"seq_length must be at most {_MAX_SEQ_LENGTH}, not {seq_length}")
        layer = LSTM(units, seed=seed + 1)
        heads = [make_dense(width, seed + 3 + n) for n, width in enumerate((PITCHES, 1, 1))]
        layer.build((None, None, 3))
        for head in heads:
            head.build((None, units))
        layers_by_name = dict(zip(("lstm", *_HEADS), (layer, *heads), strict=True))
        super().__init__(grid, config, layers_by_name)
        self.seq_length = self.min_context = seq_length
        self.layer, self.heads = layer, heads

    def encode(self, notes: Notes) -> Rows:
        """Return pitch, step and duration in seconds of each note, (notes, 3), float32."""
        return np.stack([notes[name] for name in _HEADS], axis=1).astype(np.float32)

    def decode(self, rows: Rows) -> tuple[Rows, Rows, Rows]:
        """Return pitches, and steps and durations in seconds, of rows (..., 3)."""
        return rows[..., 0].astype(np.int32), rows[..., 1], rows[..., 2]

    def lead_in(self, notes: Notes) -> Rows:
        """Return the first notes of a piece: at most ``seq_length``, shape (notes, 3)."""
        return self.encode(notes[: self.seq_length])

    def prompt_rows(self, lead_ins: Rows, opening: Rows | None) -> Rows:
        """Return the opening, or without one the lead-ins; see the base class."""
        rows = lead_ins
        if opening is not None:
            rows = np.repeat(opening[None], len(lead_ins), axis=0)
        if rows.shape[1] < self.seq_length:
            raise ValueError(
                f"this model predicts a note from the {self.seq_length} before it, but is given "
                f"{rows.shape[1]}: give an opening of at least {self.seq_length} notes"
            )
        return rows[:, -self.seq_length :]

    def initial_state(self, batch_size: int) -> State:
        """Return a window of zeros, shape (batch, seq_length, 3)."""
        return (tf.zeros((batch_size, self.seq_length, 3)),)

    def step(
        self, rows: tf.Tensor, state: State, active: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, State]:
        """Read one note of each row, (batch, 3); return outputs (batch, units) and the state."""
        window = tf.concat([state[0][:, 1:], rows[:, None]], axis=1)
        return self.read_windows(window), where_active(active, (window,), state)

    def unroll(
        self, rows: tf.Tensor, state: State, dropout_seed: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, State]:
        """Read notes (batch, time, 3): a window of the LSTM for each. There is no dropout."""
        batch, time, _ = rows.shape
        notes = tf.concat([state[0], rows], axis=1)
        places = np.arange(1, time + 1)[:, None] + np.arange(self.seq_length)
        windows = tf.reshape(tf.gather(notes, places, axis=1), (-1, self.seq_length, 3))
        hidden = tf.reshape(self.read_windows(windows), (batch, time, -1))
        return hidden, (notes[:, time:],)

    def read_windows(self, windows: tf.Tensor) -> tf.Tensor:
        """Return the LSTM's last output for windows (batch, time, 3): (batch, units)."""
        scaled = tf.transpose(windows, (1, 0, 2)) * [1 / PITCHES, 1.0, 1.0]
        _, (hidden, _) = self.layer.run(scaled, self.layer.initial_state(windows.shape[0]))
        return hidden

    def heads_of(self, hidden: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Return what the three heads compute from hidden vectors (..., units).

        Returns
        -------
        pitch_logits : Tensor, shape (..., 128)
        step, duration : Tensor, shape (...)
            In seconds; can be slightly negative.
        """
        logits, step, duration = (head(hidden) for head in self.heads)
        return logits, step[..., 0], duration[..., 0]

    def sample_rows(self, hidden: tf.Tensor, uniform: tf.Tensor, choose: Choose) -> tf.Tensor:
        """Sample the pitch of the next note; the times are the predicted ones."""
        logits, step, duration = self.heads_of(hidden)
        pitch = tf.cast(choose(logits, uniform[:, 0]), tf.float32)
        return tf.stack([pitch, tf.maximum(step, 0.0), tf.maximum(duration, 0.0)], axis=1)

    def losses(
        self, hidden: tf.Tensor, rows: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        """Return cross-entropy of the pitch, squared errors of the times, and pitch logits."""
        logits, step, duration = self.heads_of(hidden)
        pitch = tf.nn.sparse_softmax_cross_entropy_with_logits(
            tf.cast(rows[..., 0], tf.int32), logits
        )
        return (
            pitch,
            _squared_error(rows[..., 1], step),
            _squared_error(rows[..., 2], duration),
            logits,
        )

    @staticmethod
    def total_loss(pitch: Any, step: Any, duration: Any) -> Any:
        """Return the weighted sum of the three losses."""
        return sum(w * x for w, x in zip(_LOSS_WEIGHTS, (pitch, step, duration), strict=True))

    def objective(
        self, windows: tf.Tensor, state: State, dropout_seed: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, State]:
        """Return loss and correct pitches of the last note of each window; keep the state."""
        return *self.mean_loss(self.read_windows(windows[:, :-1]), windows[:, -1]), state


def _squared_error(truth: tf.Tensor, predicted: tf.Tensor) -> tf.Tensor:
    """Squared error plus a penalty for predictions below zero, which no time can be."""
    return (truth - predicted) ** 2 + _NEGATIVE_PENALTY * tf.maximum(-predicted, 0.0)
