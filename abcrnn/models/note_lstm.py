"""NoteLSTM: pitch, step and duration as classes, the state carried from note to note.

References
----------
Hochreiter and Schmidhuber, Long Short-Term Memory, 1997.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from abcrnn.data.notes import PITCHES, START, Notes, Rows
from abcrnn.data.time_grid import TimeGrid
from abcrnn.models.backend import keras
from abcrnn.models.base import where_active
from abcrnn.models.dropout import drop
from abcrnn.models.lstm import LSTM, LSTMState
from abcrnn.models.note_base import (
    Choose,
    NoteNetwork,
    State,
    make_dense,
)
from abcrnn.storage.validation import require_count, require_dropout

_LEAD_IN = 32  # notes

_KINDS = ("pitch", "step", "duration")
_SEPARATOR = np.array([[START, 0, 0]], np.int32)
_DIM = {"pitch": "pitch_dim", "step": "time_dim", "duration": "time_dim"}


class NoteLSTM(NoteNetwork):
    """The default network: LSTM layers, and three heads that sample classes in turn.

    By the chain rule the heads are one distribution over notes: p(pitch)
    p(step | pitch) p(duration | pitch, step). A chord is exactly a step of class 0.

    Parameters
    ----------
    grid : TimeGrid
    pitch_dim, time_dim : int
        Embedding sizes of a pitch, and of a step or duration.
    units, num_layers : int
    head_units : int
        Size of the hidden layer in the heads of step and duration.
    dropout : float
        Share of each layer's outputs dropped in training.
    seed : int
        Seed of the initial weights.

    Raises
    ------
    ValueError
        If a size is not a positive whole number, or dropout is not in [0, 1).
    """

    carries_state = True
    min_context = 0

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
        sizes = {name: require_count(name, size) for name, size in sizes.items()}
        dropout, seed = require_dropout(dropout), require_count("seed", seed, least=0)
        config = {**sizes, "dropout": dropout, "seed": seed}
        layers = _make_layers(grid, config)
        super().__init__(grid, config, layers)
        self.dropout = dropout
        pitches, steps, durations = _counts(grid).values()
        self.row_limits = pitches, steps, durations
        self.recurrent = [layers[f"lstm.{number}"] for number in range(sizes["num_layers"])]

    def encode(self, notes: Notes) -> Rows:
        """Return pitch and the classes of step and duration, shape (notes, 3), int32."""
        return np.stack([notes["pitch"], *self.grid.classify(notes)], axis=1).astype(np.int32)

    def decode(self, rows: Rows) -> tuple[Rows, Rows, Rows]:
        """Return pitches, and steps and durations in seconds, of rows (..., 3)."""
        pitch, step, duration = np.moveaxis(rows.astype(np.int32), -1, 0)
        return pitch, self.grid.steps[step], self.grid.durations[duration]

    def lead_in(self, notes: Notes) -> Rows:
        """Return the end of a piece and the row that separates pieces.

        In training every piece follows another, so the network never reads the
        beginning of a piece from the initial state.

        Returns
        -------
        ndarray, shape (33, 3), int32
            Shape (notes + 1, 3) if the piece has fewer than 32 notes.
        """
        return np.append(self.encode(notes[-_LEAD_IN:]), _SEPARATOR, axis=0)

    def prompt_rows(self, lead_ins: Rows, opening: Rows | None) -> Rows:
        """Return the lead-ins, or the separator without any, and the opening after them."""
        batch = len(lead_ins)
        if not lead_ins.shape[1]:
            lead_ins = np.repeat(_SEPARATOR[None], batch, axis=0)
        if opening is None:
            return lead_ins
        return np.concatenate([lead_ins, np.repeat(opening[None], batch, axis=0)], axis=1)

    def initial_state(self, batch_size: int) -> State:
        """Return zeros: output and cell, (batch, units) each, of every layer."""
        return tuple(layer.initial_state(batch_size) for layer in self.recurrent)

    def step(
        self, rows: tf.Tensor, state: State, active: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, State]:
        """Read one note of each row, (batch, 3); return outputs (batch, units) and the state."""
        outputs = self._embed(rows)
        states: list[LSTMState] = []
        for layer, before in zip(self.recurrent, state, strict=True):
            states.append(layer.step(layer.project(outputs), before))
            outputs = states[-1][0]
        return outputs, where_active(active, tuple(states), state)

    def unroll(
        self, rows: tf.Tensor, state: State, dropout_seed: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, State]:
        """Read notes, (batch, time, 3); return outputs (batch, time, units) and the state."""
        outputs = tf.transpose(self._embed(rows), (1, 0, 2))
        states: list[LSTMState] = []
        for number, layer in enumerate(self.recurrent):
            outputs, after = layer.run(outputs, state[number])
            states.append(after)
            if dropout_seed is not None and self.dropout:
                outputs = drop(outputs, self.dropout, number, dropout_seed)
        return tf.transpose(outputs, (1, 0, 2)), tuple(states)

    def sample_rows(self, hidden: tf.Tensor, uniform: tf.Tensor, choose: Choose) -> tf.Tensor:
        """Sample pitch, step and duration of the next note in turn: (batch, 3), int32."""
        pitch = choose(self.pitch_logits(hidden)[:, :PITCHES], uniform[:, 0])
        step = choose(self.step_logits(hidden, pitch), uniform[:, 1])
        duration = choose(self.duration_logits(hidden, pitch, step), uniform[:, 2])
        return tf.stack([pitch, step, duration], axis=1)

    def pitch_logits(self, hidden: tf.Tensor) -> tf.Tensor:
        """Return logits of the pitches and the separator, shape (..., 129)."""
        return self.layers_by_name["pitch"](hidden)

    def step_logits(self, hidden: tf.Tensor, pitch: tf.Tensor) -> tf.Tensor:
        """Return logits of the class of step, shape (..., n_steps), given the pitch (...)."""
        return self._time_logits("step", [hidden, self._look_up("pitch", pitch)])

    def duration_logits(self, hidden: tf.Tensor, pitch: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """Return logits of the class of duration, (..., n_durations), given pitch and step."""
        known = [hidden, self._look_up("pitch", pitch), self._look_up("step", step)]
        return self._time_logits("duration", known)

    def losses(
        self, hidden: tf.Tensor, rows: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        """Return cross-entropies of pitch, step and duration in nats, and the pitch logits."""
        pitch, step, duration = tf.unstack(rows, axis=-1)
        cross_entropy = tf.nn.sparse_softmax_cross_entropy_with_logits
        logits = self.pitch_logits(hidden)
        return (
            cross_entropy(pitch, logits),
            cross_entropy(step, self.step_logits(hidden, pitch)),
            cross_entropy(duration, self.duration_logits(hidden, pitch, step)),
            logits,
        )

    @staticmethod
    def total_loss(pitch: Any, step: Any, duration: Any) -> Any:
        """Return the sum of the three losses: nats per note."""
        return pitch + step + duration

    def objective(
        self, windows: tf.Tensor, state: State, dropout_seed: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, State]:
        """Return nats per note, correct pitches, and the state after the windows."""
        hidden, state = self.unroll(windows[:, :-1], state, dropout_seed)
        return *self.mean_loss(hidden, windows[:, 1:]), state

    def _time_logits(self, kind: str, known: list[tf.Tensor]) -> tf.Tensor:
        return self.layers_by_name[kind](
            self.layers_by_name[f"{kind}_hidden"](tf.concat(known, axis=-1))
        )

    def _embed(self, rows: tf.Tensor) -> tf.Tensor:
        parts = zip(_KINDS, tf.unstack(rows, axis=-1), strict=True)
        return tf.concat([self._look_up(kind, part) for kind, part in parts], axis=-1)

    def _look_up(self, kind: str, ids: tf.Tensor) -> tf.Tensor:
        return tf.gather(
            tf.convert_to_tensor(self.layers_by_name[f"{kind}_embedding"].embeddings), ids
        )


def _counts(grid: TimeGrid) -> dict[str, int]:
    return dict(zip(_KINDS, (START + 1, len(grid.steps), len(grid.durations)), strict=True))


def _make_layers(grid: TimeGrid, config: dict[str, Any]) -> dict[str, Any]:
    seed, layers = config["seed"], {}

    def add(name: str, layer: Any) -> None:
        # Built at once: a file that claims too many layers is refused at the first of them.
        layer.build((None, None, _width(name, config)))
        layers[name] = layer

    for kind, count in _counts(grid).items():
        initializer = keras.initializers.RandomUniform(seed=seed)
        size = config[_DIM[kind]]
        add(
            f"{kind}_embedding",
            keras.layers.Embedding(
                count, size, embeddings_initializer=initializer, dtype="float32"
            ),
        )
    for number in range(config["num_layers"]):
        add(f"lstm.{number}", LSTM(config["units"], seed=seed + 2 * number + 1))
    for number, (kind, count) in enumerate(_counts(grid).items()):
        if kind != "pitch":
            add(f"{kind}_hidden", make_dense(config["head_units"], seed + number, "relu"))
        add(kind, make_dense(count, seed + 3 + number))
    return layers


def _width(name: str, config: dict[str, Any]) -> int:
    """Return the input size of a layer."""
    pitch, time, units = config["pitch_dim"], config["time_dim"], config["units"]
    widths = {
        "lstm.0": pitch + 2 * time,
        "pitch": units,
        "step_hidden": units + pitch,
        "duration_hidden": units + pitch + time,
        "step": config["head_units"],
        "duration": config["head_units"],
    }
    width: int = widths.get(name, units)  # not used for an embedding
    return width
