"""NoteTrainer: the loop of training on notes."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from abcrnn.data.note_windows import Windows, note_streams
from abcrnn.data.notes import Piece
from abcrnn.evaluation.note_scoring import NoteScorer
from abcrnn.models.note_model import NoteModel
from abcrnn.models.note_recipes import note_recipe
from abcrnn.training.loop import TrainingLoop
from abcrnn.training.run_folder import RunFolder
from abcrnn.training.settings import TrainingSettings
from abcrnn.training.steps import Step


class NoteEpoch(NamedTuple):
    """One epoch; the losses are those that the model is trained on, by head on unseen pieces."""

    epoch: int
    steps: int
    loss: float
    pitch_accuracy: float
    validation_loss: float | None
    validation_pitch: float | None
    validation_step: float | None
    validation_duration: float | None
    learning_rate: float
    seconds: float
    notes_per_second: float


class NoteTrainer(TrainingLoop):
    """Trains a model of notes on pieces; its manners are those of :class:`abcrnn.Trainer`.

    Parameters
    ----------
    model : NoteModel
    train : sequence of Piece
    validation : sequence of Piece, optional
        Scored after each epoch; the best model by it is kept.
    run_dir : path-like, optional
        The run folder. Without it nothing is written.
    origin : dict, optional
        Where the pieces come from, saved with run and model.
    **settings
        See :class:`abcrnn.training.settings.TrainingSettings`; of ``windows`` and
        ``steps_per_epoch`` the network decides.

    Raises
    ------
    ValueError
        If a setting is out of range, or there are not enough notes for a batch.
    """

    _unit, _score_count = "note", 4  # loss; pitch, step, duration

    def __init__(
        self,
        model: NoteModel,
        train: Sequence[Piece],
        *,
        validation: Sequence[Piece] = (),
        run_dir: str | os.PathLike[str] | None = None,
        origin: dict[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        if odd := settings.keys() & {"windows", "steps_per_epoch"}:
            raise ValueError(f"{', '.join(sorted(odd))}: only for characters, not for notes")
        checked = TrainingSettings(**settings)
        network, self._validation = model.network, validation
        self._origin = origin or {}
        self._scorer = NoteScorer(model)
        rows = [network.encode(piece.notes) for piece in train]
        looks = not network.carries_state
        self._learned = checked.batch_size * (1 if looks else checked.seq_length)
        batches = (Windows if looks else note_streams)(
            rows, checked.batch_size, checked.seq_length, checked.seed
        )
        step = Step(network, checked, type(network).objective)
        folder = RunFolder(run_dir, NoteEpoch) if run_dir is not None else None
        super().__init__(model, checked, step, batches, folder, bool(validation))

    @classmethod
    def from_recipe(
        cls, name: str, model: NoteModel, train: Sequence[Piece], **options: Any
    ) -> NoteTrainer:
        """Train as a recipe says; ``options`` are arguments of the class and win."""
        return cls(model, train, **{**note_recipe(name).training, **options})

    def _score(self) -> list[float]:
        scores = self._scorer.score(self._validation)
        return [scores.loss, scores.pitch, scores.step, scores.duration]

    def _record(self, loss: float, accuracy: float, scores: list[float | None]) -> NoteEpoch:
        seconds = self._position.seconds
        return NoteEpoch(
            epoch=self._position.epoch + 1,
            steps=self._steps_taken(),
            loss=loss,
            pitch_accuracy=accuracy,
            validation_loss=scores[0],
            validation_pitch=scores[1],
            validation_step=scores[2],
            validation_duration=scores[3],
            learning_rate=self._learning_rate(),
            seconds=seconds,
            notes_per_second=self._batches.windows * self._learned / max(seconds, 1e-9),
        )

    def _window_size(self) -> int:
        return self._learned

    def _describe_run(self) -> dict[str, Any]:
        return {
            "model": {"kind": self.model.kind, **self.model.config},
            "training": asdict(self.settings),
            "pieces": self._origin,
        }

    def _describe_model(self, record: NoteEpoch) -> dict[str, Any]:
        return {
            "pieces": self._origin,
            "epoch": record.epoch,
            "validation_loss": record.validation_loss,
        }

    def _postfix(self, loss: float) -> str:
        text = f"epoch {self._position.epoch + 1}/{self._epochs}, loss {loss:.3f}"
        if math.isfinite(self._position.best_score):
            text += f", best validation {self._position.best_score:.3f}"
        return text
