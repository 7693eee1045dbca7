"""Training on the notes of MIDI files: predict each note from those before it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from abcrnn.data.midi_folder import piece_digests
from abcrnn.data.note_windows import NoteWindows, note_streams
from abcrnn.data.notes import PITCHES, Piece
from abcrnn.data.splits import union_digests
from abcrnn.data.windows import Streams
from abcrnn.evaluation.note_scoring import NoteScorer
from abcrnn.models.base import State
from abcrnn.models.note_model import NoteModel
from abcrnn.training.records import EpochTotals, NoteEpoch
from abcrnn.training.settings import TrainingSettings


class NoteTask:
    """A note model, and the pieces to train and validate it on.

    Parameters
    ----------
    model : NoteModel
    train, validation : sequence of Piece
    origin : dict
        Where the pieces come from; saved with run and model.
    settings : TrainingSettings
    """

    unit = "note"
    record_type = NoteEpoch
    score_count = 4  # loss; pitch, step, duration

    def __init__(
        self,
        model: NoteModel,
        train: Sequence[Piece],
        validation: Sequence[Piece],
        origin: dict[str, Any],
        settings: TrainingSettings,
    ) -> None:
        if not isinstance(model, NoteModel):
            raise TypeError(
                "model must be a note model, such as NoteModel.from_recipe('default', pieces), "
                f"not {model!r:.80}"
            )
        if settings.transpose:
            raise ValueError("transpose=True is for tunes: notes of MIDI files have no key")
        self.model = model
        self.validates = bool(validation)
        self._train, self._validation = train, validation
        self._origin, self._settings = origin, settings
        self._scorer = NoteScorer(model)
        # Validation pieces too, which select the best model, and the pieces of earlier training.
        model.trained_digests = union_digests(
            model.trained_digests, piece_digests([*train, *validation])
        )

    def make_batches(self, rows: range) -> Streams | NoteWindows:
        """Return streams for a network that carries its state, otherwise shuffled windows."""
        network, settings = self.model.network, self._settings
        make = note_streams if network.carries_state else NoteWindows
        return make(
            [network.encode(piece.notes) for piece in self._train],
            settings.batch_size,
            settings.seq_length,
            settings.seed,
            rows,
        )

    def objective(
        self, window: tf.Tensor, state: State, dropout_seed: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, State]:
        """Return the network's loss; see :meth:`NoteNetwork.objective`."""
        return self.model.network.objective(window, state, dropout_seed)

    def score(self) -> list[float]:
        """Return the losses of the validation pieces: in all, pitch, step, duration."""
        scores = self._scorer.score(self._validation)
        return [scores.loss, scores.pitch, scores.step, scores.duration]

    def record(self, totals: EpochTotals, scores: list[float | None]) -> NoteEpoch:
        """Return the record of an epoch."""
        loss, pitch, step, duration = scores
        return NoteEpoch(
            epoch=totals.epoch,
            steps=totals.steps,
            loss=totals.loss,
            pitch_accuracy=totals.accuracy,
            validation_loss=loss,
            validation_pitch=pitch,
            validation_step=step,
            validation_duration=duration,
            learning_rate=totals.learning_rate,
            seconds=totals.seconds,
            notes_per_second=totals.items_per_second,
        )

    def worse_than_chance(self, record: NoteEpoch) -> str | None:
        """Compare the prediction of pitches with a uniform distribution."""
        nats, uniform = record.validation_pitch, math.log(PITCHES)
        if nats is not None:
            return f"{nats:.3f} nats; uniform is {uniform:.3f}" if nats > uniform else None
        share, guess = record.pitch_accuracy, 1 / PITCHES
        return f"{share:.1%} of pitches; uniform is {guess:.1%}" if share < guess else None

    def describe_run(self) -> dict[str, Any]:
        """Return model and origin of the pieces."""
        return {"model": {"kind": self.model.kind, **self.model.config}, "pieces": self._origin}

    def describe_model(self, record: NoteEpoch) -> dict[str, Any]:
        """Return origin of the pieces, epoch and validation loss."""
        return {
            "pieces": self._origin,
            "epoch": record.epoch,
            "validation_loss": record.validation_loss,
        }

    def progress_text(self, loss: float) -> str:
        """Return the loss."""
        return f"loss {loss:.3f}"
