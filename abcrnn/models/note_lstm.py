"""The default network: pitch, step and duration as classes, the state carried from note to note."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from abcrnn.data.notes import PITCHES, START, Notes, Rows
from abcrnn.data.time_grid import TimeGrid
from abcrnn.models.dropout import drop
from abcrnn.models.lstm import LSTM, LSTMState
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

_LEAD = 32  # notes

_KINDS = ("pitch", "step", "duration")
_DIM = {"pitch": "pitch_dim", "step": "time_dim", "duration": "time_dim"}


class ClassNetwork(Network):
    """Pitch, step and duration as classes, each drawn with those before it in mind.

    The state is carried from note to note and piece to piece. The chain rule makes
    the three heads one distribution over notes: p(pitch) p(step | pitch)
    p(duration | pitch, step), so a chord is a step of class 0 and nothing else.

    Parameters
    ----------
    grid : TimeGrid
    pitch_dim, time_dim : int
        Numbers that a pitch, and a step or duration, is turned into.
    units, num_layers : int
    head_units : int
        Of the hidden layer before steps and durations.
    dropout : float
    seed : int
        Of the initial weights.

    References
    ----------
    Hochreiter and Schmidhuber, Long Short-Term Memory, 1997; Gumbel-max for drawing.
    """

    def __init__(
        self,
        grid: TimeGrid,
        pitch_dim: int = 64,
        time_dim: int = 32,
        units: int = 256,
        num_layers: int = 2,
        head_units: int = 128,
        dropout: float = 0.3,
        seed: int = 0,
    ) -> None:
        sizes = {
            "pitch_dim": pitch_dim,
            "time_dim": time_dim,
            "units": units,
            "num_layers": num_layers,
            "head_units": head_units,
        }
        for name, size in sizes.items():
            require_count(name, size)
        if not isinstance(dropout, int | float) or not 0 <= dropout < 1:
            raise ValueError(f"dropout must be from 0 up to but not including 1, not {dropout!r}")
        config = {**sizes, "dropout": dropout, "seed": seed}
        layers = _make_layers(grid, config)
        for name, layer in layers.items():
            layer.build((None, None, _width(name, config)))
        super().__init__(grid, config, layers)
        self.dropout = dropout
        self.recurrent = [layers[f"lstm.{number}"] for number in range(num_layers)]

    @staticmethod
    def weight_shapes(grid: TimeGrid, config: dict[str, Any]) -> Shapes:
        """Return the shapes of all weights, without making any."""
        shapes: Shapes = {
            f"{kind}_embedding/embeddings": (count, config[_DIM[kind]])
            for kind, count in _counts(grid).items()
        }
        for number in range(config["num_layers"]):
            name = f"lstm.{number}"
            shapes |= lstm_shapes(name, _width(name, config), config["units"])
        for kind, count in _counts(grid).items():
            shapes |= dense_shapes(kind, _width(kind, config), count)
            if kind != "pitch":
                hidden = f"{kind}_hidden"
                shapes |= dense_shapes(hidden, _width(hidden, config), config["head_units"])
        return shapes

    def encode(self, notes: Notes) -> Rows:
        """Return pitch and the classes of step and duration, shape (notes, 3), int32."""
        return np.stack([notes["pitch"], *self.grid.classify(notes)], axis=1).astype(np.int32)

    def lead(self, notes: Notes) -> Rows:
        """Return what stands before the first drawn note, if a piece is to lead to it: its end.

        In training a piece always comes after another, so a state that read nothing is
        strange to the network. Shape (33, 3), or less for a piece that is too short.
        """
        return np.append(self.encode(notes[-_LEAD:]), [[START, 0, 0]], axis=0).astype(np.int32)

    def decode(self, rows: Rows) -> tuple[Rows, Rows, Rows]:
        """Return pitches, steps and durations in seconds."""
        pitch, step, duration = np.moveaxis(rows.astype(np.int32), -1, 0)
        return pitch, self.grid.steps[step], self.grid.durations[duration]

    def initial_state(self, batch_size: int) -> State:
        """Return the state before anything was read: an output and a cell for each layer."""
        return tuple(layer.initial_state(batch_size) for layer in self.recurrent)

    def advance(self, rows: tf.Tensor, state: State) -> State:
        """Read one note a stream, shape (batch, 3)."""
        outputs = self._embed(rows)
        states: list[LSTMState] = []
        for layer, before in zip(self.recurrent, state, strict=True):
            states.append(layer.step(layer.project(outputs), before))
            outputs = states[-1][0]
        return tuple(states)

    def unroll(
        self, rows: tf.Tensor, state: State, seed: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, State]:
        """Read a window, shape (batch, time, 3); with a seed, under dropout.

        Returns
        -------
        outputs : Tensor, shape (time, batch, units)
        state : State
        """
        outputs = tf.transpose(self._embed(rows), (1, 0, 2))
        states: list[LSTMState] = []
        for number, layer in enumerate(self.recurrent):
            outputs, after = layer.run(outputs, state[number])
            states.append(after)
            if seed is not None and self.dropout:
                outputs = drop(outputs, self.dropout, number, seed)
        return outputs, tuple(states)

    def draw(self, state: State, temperature: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """Draw the next note of each stream, shape (batch, 3), int32.

        Parameters
        ----------
        state : State
        temperature : Tensor, scalar
        noise : Tensor, shape (3, batch, most)
            Gumbel noise for pitch, step and duration; zeros give the likeliest of each.
        """
        h = state[-1][0]
        pitch = choose(self.parts["pitch"](h)[:, :PITCHES], temperature, noise[0])
        step = choose(self.step_logits(h, pitch), temperature, noise[1])
        duration = choose(self.duration_logits(h, pitch, step), temperature, noise[2])
        return tf.stack([pitch, step, duration], axis=1)

    def step_logits(self, h: tf.Tensor, pitch: tf.Tensor) -> tf.Tensor:
        """Return logits of the class of step, given outputs (..., units) and the pitch."""
        known = [h, self._looked_up("pitch", pitch)]
        return self._time_logits("step", known)

    def duration_logits(self, h: tf.Tensor, pitch: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """Return logits of the class of duration, given pitch and step too."""
        known = [h, self._looked_up("pitch", pitch), self._looked_up("step", step)]
        return self._time_logits("duration", known)

    def losses(
        self, rows: tf.Tensor, outputs: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        """Return the losses of pitch, step and duration in nats, (time, batch), and pitch logits.

        ``rows`` (time, batch, 3) are the notes that come after ``outputs``.
        """
        pitch, step, duration = tf.unstack(rows, axis=2)
        cost = tf.nn.sparse_softmax_cross_entropy_with_logits
        logits = self.parts["pitch"](outputs)
        return (
            cost(pitch, logits),
            cost(step, self.step_logits(outputs, pitch)),
            cost(duration, self.duration_logits(outputs, pitch, step)),
            logits,
        )

    def objective(
        self, windows: tf.Tensor, state: State, seed: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, State]:
        """Return nats a note, how many pitches were guessed, and the state after the windows."""
        outputs, state = self.unroll(windows[:, :-1], state, seed)
        after = tf.transpose(windows[:, 1:], (1, 0, 2))
        *losses, logits = self.losses(after, outputs)
        guessed = tf.argmax(logits, axis=2, output_type=tf.int32)
        correct = tf.math.count_nonzero(guessed == after[:, :, 0])
        return self.weigh(*map(tf.reduce_mean, losses)), correct, state

    @staticmethod
    def weigh(pitch: Any, step: Any, duration: Any) -> Any:
        """Return the one loss of three: nats of the whole note."""
        return pitch + step + duration

    def _time_logits(self, kind: str, known: list[tf.Tensor]) -> tf.Tensor:
        return self.parts[kind](self.parts[f"{kind}_hidden"](tf.concat(known, axis=-1)))

    def _embed(self, rows: tf.Tensor) -> tf.Tensor:
        parts = zip(_KINDS, tf.unstack(rows, axis=-1), strict=True)
        return tf.concat([self._looked_up(kind, part) for kind, part in parts], axis=-1)

    def _looked_up(self, kind: str, ids: tf.Tensor) -> tf.Tensor:
        return tf.gather(tf.convert_to_tensor(self.parts[f"{kind}_embedding"].embeddings), ids)


def _counts(grid: TimeGrid) -> dict[str, int]:
    return dict(zip(_KINDS, (START + 1, len(grid.steps), len(grid.durations)), strict=True))


def _make_layers(grid: TimeGrid, config: dict[str, Any]) -> dict[str, Any]:
    seed, layers = config["seed"], {}
    for kind, count in _counts(grid).items():
        begin = keras.initializers.RandomUniform(seed=seed)
        layers[f"{kind}_embedding"] = keras.layers.Embedding(
            count, config[_DIM[kind]], embeddings_initializer=begin
        )
    for number in range(config["num_layers"]):
        layers[f"lstm.{number}"] = LSTM(config["units"], seed=seed + 2 * number + 1)
    for number, (kind, count) in enumerate(_counts(grid).items()):
        if kind != "pitch":
            layers[f"{kind}_hidden"] = dense(config["head_units"], seed + number, "relu")
        layers[kind] = dense(count, seed + 3 + number)
    return layers


def _width(name: str, config: dict[str, Any]) -> int:
    """Return how many numbers a layer reads."""
    pitch, time, units = config["pitch_dim"], config["time_dim"], config["units"]
    widths = {
        "lstm.0": pitch + 2 * time,
        "pitch": units,
        "step_hidden": units + pitch,
        "duration_hidden": units + pitch + time,
        "step": config["head_units"],
        "duration": config["head_units"],
    }
    width: int = widths.get(name, units)  # for an embedding it means nothing
    return width
