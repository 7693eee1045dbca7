"""The tutorial's network: the next note foretold from a window of notes, times by least squares."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from abcrnn.data.notes import PITCHES, Notes, Rows
from abcrnn.data.time_grid import TimeGrid
from abcrnn.models.lstm import LSTM
from abcrnn.models.note_base import (
    Network,
    Shapes,
    State,
    choose,
    dense,
    dense_shapes,
    lstm_shapes,
)
from abcrnn.storage.validation import require_count

_PRESSURE = 10.0  # times what is below zero, see _positive_squares
_WEIGHTS = (0.05, 1.0, 1.0)  # of the losses of pitch, step and duration
_HEADS = ("pitch", "step", "duration")


class WindowNetwork(Network):
    """The tutorial's: one LSTM layer over a window of notes, from nothing, and three heads.

    A state is the window itself: the last ``seq_length`` notes. Pitch is scaled by
    128 wherever it is read, in training and in drawing alike.

    Parameters
    ----------
    grid : TimeGrid
        Not used by the network: to tell, like the other's, which class a time is of.
    units, seq_length : int
    seed : int
        Of the initial weights.

    References
    ----------
    TensorFlow, "Generate music with an RNN" (the tutorial; loss and sizes are its own).
    """

    def __init__(
        self, grid: TimeGrid, units: int = 128, seq_length: int = 25, seed: int = 0
    ) -> None:
        config = {"units": units, "seq_length": seq_length, "seed": seed}
        for name in ("units", "seq_length"):
            require_count(name, config[name])
        layer = LSTM(units, seed=seed + 1)
        heads = [dense(width, seed + 3 + n) for n, width in enumerate((PITCHES, 1, 1))]
        layer.build((None, None, 3))
        for head in heads:
            head.build((None, units))
        parts = dict(zip(("lstm", *_HEADS), (layer, *heads), strict=True))
        super().__init__(grid, config, parts)
        self.seq_length, self.layer, self.heads = seq_length, layer, heads

    @staticmethod
    def weight_shapes(grid: TimeGrid, config: dict[str, Any]) -> Shapes:
        """Return the shapes of all weights, without making any."""
        shapes = lstm_shapes("lstm", 3, config["units"])
        for name, width in zip(_HEADS, (PITCHES, 1, 1), strict=True):
            shapes |= dense_shapes(name, config["units"], width)
        return shapes

    def encode(self, notes: Notes) -> Rows:
        """Return pitch, step and duration of each note, shape (notes, 3), float32."""
        return np.stack([notes[name] for name in ("pitch", "step", "duration")], axis=1).astype(
            np.float32
        )

    def lead(self, notes: Notes) -> Rows:
        """Return what stands before the first drawn note, if a piece is to lead to it: its opening.

        Shape (seq_length, 3), or less for a piece that is too short.
        """
        return self.encode(notes[: self.seq_length])

    def decode(self, rows: Rows) -> tuple[Rows, Rows, Rows]:
        """Return pitches, steps and durations in seconds."""
        return rows[..., 0].astype(np.int32), rows[..., 1], rows[..., 2]

    def initial_state(self, batch_size: int) -> State:
        """Return a window of nothing, which is to be filled by reading."""
        return (tf.zeros((batch_size, self.seq_length, 3)),)

    def advance(self, rows: tf.Tensor, state: State) -> State:
        """Move the window on by one note, shape (batch, 3)."""
        return (tf.concat([state[0][:, 1:], rows[:, None]], axis=1),)

    def outlook(self, windows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Look beyond windows, shape (batch, time, 3).

        Returns
        -------
        pitch_logits : Tensor, shape (batch, 128)
        step, duration : Tensor, shape (batch,)
            In seconds; they may be below zero, by a little.
        """
        scaled = tf.transpose(windows, (1, 0, 2)) * [1 / PITCHES, 1.0, 1.0]
        _, (h, _) = self.layer.run(scaled, self.layer.initial_state(windows.shape[0]))
        logits, step, duration = (head(h) for head in self.heads)
        return logits, step[:, 0], duration[:, 0]

    def draw(self, state: State, temperature: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """Draw the next note of each stream: the pitch at random, the times as expected.

        Parameters
        ----------
        state : State
        temperature : Tensor, scalar
        noise : Tensor, shape (3, batch, most)
            Gumbel noise; only its first part is used here.
        """
        logits, step, duration = self.outlook(state[0])
        pitch = choose(logits, temperature, noise[0])
        times = (tf.maximum(step, 0.0), tf.maximum(duration, 0.0))
        return tf.stack([tf.cast(pitch, tf.float32), *times], axis=1)

    def losses(self, windows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        """Return the losses of pitch, step and duration, each (batch,), and the pitch logits.

        ``windows`` has shape (batch, time + 1, 3): the last note is to be foretold.
        """
        notes, label = windows[:, :-1], windows[:, -1]
        logits, step, duration = self.outlook(notes)
        pitch = tf.nn.sparse_softmax_cross_entropy_with_logits(
            tf.cast(label[:, 0], tf.int32), logits
        )
        squares = _positive_squares(label[:, 1], step), _positive_squares(label[:, 2], duration)
        return pitch, *squares, logits

    def objective(
        self, windows: tf.Tensor, state: State, seed: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, State]:
        """Return the weighted loss, how many pitches were guessed, and the state unchanged."""
        *losses, logits = self.losses(windows)
        guessed = tf.argmax(logits, axis=1, output_type=tf.int32)
        correct = tf.math.count_nonzero(guessed == tf.cast(windows[:, -1, 0], tf.int32))
        return self.weigh(*map(tf.reduce_mean, losses)), correct, state

    @staticmethod
    def weigh(pitch: Any, step: Any, duration: Any) -> Any:
        """Return the one loss of three."""
        return sum(w * x for w, x in zip(_WEIGHTS, (pitch, step, duration), strict=True))


def _positive_squares(truth: tf.Tensor, guess: tf.Tensor) -> tf.Tensor:
    """Squared error, and a pressure on what is below zero, where no time can be."""
    return (truth - guess) ** 2 + _PRESSURE * tf.maximum(-guess, 0.0)
