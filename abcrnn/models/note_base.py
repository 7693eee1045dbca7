"""What the two networks for notes share: weights by name, the loss, small layers.

A note is a *row* of three numbers: pitch, step, duration, as ``encode`` of the
network returns them. A network implements
:class:`abcrnn.models.base.SequenceModel`: inputs are rows, outputs are hidden
vectors from which ``sample_rows`` samples pitch, step and duration in turn.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from abcrnn.data.notes import Notes, Rows
from abcrnn.data.time_grid import TimeGrid
from abcrnn.models.backend import keras
from abcrnn.models.named_weights import NamedWeights

State = tuple[Any, ...]

#: Takes logits (batch, classes) and uniform numbers from 0 to 1 (batch,); returns the
#: sampled classes (batch,), int32.
Choose = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


class NoteNetwork(NamedWeights, keras.Model):  # type: ignore[misc]  # keras has no hints
    """Base class of the networks for notes.

    Parameters
    ----------
    grid : TimeGrid
        Classes of steps and durations of the training pieces.
    config : dict
        Arguments of the class, without the grid.
    layers_by_name : dict of str to keras.layers.Layer
        Layers that have weights. The names are those in the model file.
    """

    #: Whether training carries the state from one window to the next.
    carries_state: bool
    #: Number of notes to read before the first prediction.
    min_context: int
    #: Exclusive upper bounds of the three columns of a row: pitch (MIDI number), step and
    #: duration, in the units of :meth:`encode` (class indices or seconds).
    row_limits: tuple[float, float, float]

    def __init__(
        self, grid: TimeGrid, config: dict[str, Any], layers_by_name: dict[str, Any]
    ) -> None:
        # As all layers: a global dtype policy must not change what the model computes.
        super().__init__(dtype="float32")
        self.grid, self.config, self.layers_by_name = grid, config, layers_by_name
        self.built = True

    # Notes and rows ------------------------------------------------------------------------

    @abstractmethod
    def encode(self, notes: Notes) -> Rows:
        """Return notes as rows, shape (notes, 3)."""

    @abstractmethod
    def decode(self, rows: Rows) -> tuple[Rows, Rows, Rows]:
        """Return pitches, and steps and durations in seconds, of rows (..., 3)."""

    @abstractmethod
    def lead_in(self, notes: Notes) -> Rows:
        """Return rows of a training piece to read before a new piece is generated."""

    @abstractmethod
    def prompt_rows(self, lead_ins: Rows, opening: Rows | None) -> Rows:
        """Return the rows to read before the first note is sampled.

        Parameters
        ----------
        lead_ins : ndarray, shape (batch, lead-in notes, 3)
            One of the model's lead-ins for each row of the batch. Without any, an array
            of shape (batch, 0, 3).
        opening : ndarray, shape (notes, 3), optional
            Notes to continue, the same for the whole batch.

        Returns
        -------
        ndarray, shape (batch, notes, 3)
            At least one note.

        Raises
        ------
        ValueError
            If there are fewer notes than the network needs.
        """

    # Network -------------------------------------------------------------------------------

    @abstractmethod
    def initial_state(self, batch_size: int) -> State:
        """Return the state before any note is read: a tuple of tensors, batch first."""

    @abstractmethod
    def step(
        self, rows: tf.Tensor, state: State, active: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, State]:
        """Read one note of each row of the batch.

        Parameters
        ----------
        rows : Tensor, shape (batch, 3)
        state : State
        active : Tensor, shape (batch,), bool, optional
            Rows of the batch that are False keep their state.

        Returns
        -------
        hidden : Tensor, shape (batch, units)
        state : State
        """

    @abstractmethod
    def unroll(
        self, rows: tf.Tensor, state: State, dropout_seed: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, State]:
        """Read a window of notes.

        Parameters
        ----------
        rows : Tensor, shape (batch, time, 3)
        state : State
        dropout_seed : Tensor, shape (3,), int32, optional
            Turns dropout on; see :func:`abcrnn.models.dropout.drop`.

        Returns
        -------
        hidden : Tensor, shape (batch, time, units)
        state : State
            After the last note.
        """

    @abstractmethod
    def sample_rows(self, hidden: tf.Tensor, uniform: tf.Tensor, choose: Choose) -> tf.Tensor:
        """Sample the next note of each row of the batch.

        Parameters
        ----------
        hidden : Tensor, shape (batch, units)
            Outputs of :meth:`step`.
        uniform : Tensor, shape (batch, 3)
            Random numbers from 0 up to 1 for pitch, step and duration.
        choose : callable
            Samples a class from logits and a uniform number, and applies temperature,
            top_k, top_p and the like. See :data:`Choose`.

        Returns
        -------
        Tensor, shape (batch, 3)
        """

    @abstractmethod
    def losses(
        self, hidden: tf.Tensor, rows: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        """Return the loss of each note that follows.

        Parameters
        ----------
        hidden : Tensor, shape (..., units)
        rows : Tensor, shape (..., 3)
            The note after each hidden vector.

        Returns
        -------
        pitch, step, duration : Tensor, shape (...)
            Losses of each note.
        pitch_logits : Tensor, shape (..., pitches)
        """

    @staticmethod
    @abstractmethod
    def total_loss(pitch: Any, step: Any, duration: Any) -> Any:
        """Return the loss that training minimises: a weighted sum of the three losses.

        Parameters
        ----------
        pitch, step, duration : float or Tensor
            Mean losses, or losses of each note, from :meth:`losses`.

        Returns
        -------
        float or Tensor
        """

    @abstractmethod
    def objective(
        self, windows: tf.Tensor, state: State, dropout_seed: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, State]:
        """Return the loss of a batch of windows.

        Parameters
        ----------
        windows : Tensor, shape (batch, time + 1, 3)
        state : State
        dropout_seed : Tensor, shape (3,), int32

        Returns
        -------
        loss : Tensor, scalar
        correct : Tensor, scalar, int64
            Number of pitches whose most likely value is the right one.
        state : State
            After the windows.
        """

    def mean_loss(self, hidden: tf.Tensor, rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the mean of :meth:`total_loss` and the number of correct pitches.

        Parameters
        ----------
        hidden : Tensor, shape (..., units)
        rows : Tensor, shape (..., 3)
            The note after each hidden vector.

        Returns
        -------
        loss : Tensor, scalar
        correct : Tensor, scalar, int64
            Number of pitches that were the most likely one.
        """
        *losses, logits = self.losses(hidden, rows)
        predicted = tf.argmax(logits, axis=-1, output_type=tf.int32)
        correct = tf.math.count_nonzero(predicted == tf.cast(rows[..., 0], tf.int32))
        return self.total_loss(*map(tf.reduce_mean, losses)), correct

    # Weights -------------------------------------------------------------------------------

    def _named_weights(self) -> dict[str, Any]:
        return {
            f"{prefix}/{weight.name}": weight
            for prefix, layer in self.layers_by_name.items()
            for weight in layer.weights
        }


def make_dense(units: int, seed: int, activation: str | None = None) -> Any:
    """Return a dense layer with initial weights from a seed.

    Parameters
    ----------
    units : int
    seed : int
    activation : str, optional
        Name of a Keras activation; the default is none.

    Returns
    -------
    keras.layers.Dense
    """
    initializer = keras.initializers.GlorotUniform(seed=seed)
    return keras.layers.Dense(
        units, activation=activation, kernel_initializer=initializer, dtype="float32"
    )
