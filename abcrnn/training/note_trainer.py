"""NoteTrainer: trains a note model on the notes of MIDI files."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from abcrnn.data.notes import Piece
from abcrnn.models.note_model import NoteModel
from abcrnn.models.note_recipes import note_recipe
from abcrnn.training.loop import TrainingLoop
from abcrnn.training.note_task import NoteTask
from abcrnn.training.records import NoteEpoch
from abcrnn.training.settings import TrainingSettings


class NoteTrainer(TrainingLoop):
    """Trains a note model on pieces, as :class:`abcrnn.Trainer` trains on tunes.

    Parameters
    ----------
    model : NoteModel
    train : sequence of Piece
    validation : sequence of Piece, optional
        Scored after each epoch; the model with the best score is kept.
    run_dir : path-like, optional
        The run folder. Without it nothing is written.
    origin : dict, optional
        Where the pieces come from; saved with run and model.
    callbacks : sequence of callable
        Each is called with the trainer and the epoch's record after each epoch.
    strategy : tf.distribute.Strategy, optional
        Shares each batch among several devices or machines (docs/scaling.md). The
        model must have been built in its scope.
    **settings
        See :class:`abcrnn.training.settings.TrainingSettings`. ``windows`` and
        ``steps_per_epoch`` are not accepted: they follow from the network.

    Raises
    ------
    ValueError
        If a setting is out of range, or there are not enough notes for a batch.

    Examples
    --------
    >>> trainer = NoteTrainer.from_recipe("default", model, train,
    ...                                   validation=validation)  # doctest: +SKIP
    >>> history = trainer.fit(20)  # doctest: +SKIP
    """

    def __init__(
        self,
        model: NoteModel,
        train: Sequence[Piece],
        *,
        validation: Sequence[Piece] = (),
        run_dir: str | os.PathLike[str] | None = None,
        origin: dict[str, Any] | None = None,
        callbacks: Sequence[Callable[[NoteTrainer, NoteEpoch], None]] = (),
        strategy: tf.distribute.Strategy | None = None,
        **settings: Any,
    ) -> None:
        if refused := settings.keys() & {"windows", "fit_lengths", "steps_per_epoch"}:
            raise ValueError(
                f"{', '.join(sorted(refused))}: only for training on tunes, not on notes"
            )
        checked = TrainingSettings.of("NoteTrainer", settings)
        task = NoteTask(model, train, validation, origin or {}, checked)
        super().__init__(task, checked, run_dir=run_dir, callbacks=callbacks, strategy=strategy)

    @classmethod
    def from_recipe(
        cls, name: str, model: NoteModel, train: Sequence[Piece], **options: Any
    ) -> NoteTrainer:
        """Return a trainer with the settings of a recipe.

        Parameters
        ----------
        name : str
            Name of the recipe.
        model : NoteModel
        train : sequence of Piece
        **options
            Other arguments of the class; settings override those of the recipe.

        Returns
        -------
        NoteTrainer
        """
        return cls(model, train, **{**note_recipe(name).training, **options})
