"""Trainer: truncated back-propagation through time on the characters of tunes.

References
----------
Williams and Peng, An Efficient Gradient-Based Algorithm for On-Line Training of
Recurrent Network Trajectories, 1990 (truncation); Kingma and Ba, Adam, 2015;
Pascanu et al., On the Difficulty of Training Recurrent Neural Networks, 2013
(clipping); Loshchilov and Hutter, SGDR, 2017 (cosine decay).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from abcrnn.data.corpus import Corpus
from abcrnn.models.recipes import recipe
from abcrnn.training.character_task import CharacterTask
from abcrnn.training.loop import TrainingLoop
from abcrnn.training.records import EpochRecord
from abcrnn.training.settings import TrainingSettings

Callback = Callable[["Trainer", EpochRecord], None]


class Trainer(TrainingLoop):
    """Trains a model on a corpus.

    Parameters
    ----------
    model : CharLSTM
        Or any :class:`abcrnn.models.base.TrainableModel` with a ``vocabulary``.
    train : Corpus
    validation : Corpus, optional
        Scored after each epoch; the model with the best score is kept.
    run_dir : path-like, optional
        The run folder. Without it nothing is written.
    callbacks : sequence of callable
        Each is called with the trainer and the epoch's record after each epoch, when
        all files are written. A run that is killed in a callback resumes after it.
    strategy : tf.distribute.Strategy, optional
        Shares each batch among several devices or machines (docs/scaling.md). The
        model must have been built in its scope.
    **settings
        See :class:`abcrnn.training.settings.TrainingSettings`.

    Raises
    ------
    ValueError
        If a setting is out of range, a tune has characters that are not in the model's
        vocabulary, or the corpus is shorter than one batch.

    Examples
    --------
    >>> trainer = abcrnn.Trainer(model, train, validation=validation,
    ...                          batch_size=16, run_dir="runs/jigs")  # doctest: +SKIP
    >>> history = trainer.fit(epochs=20)  # doctest: +SKIP
    """

    def __init__(
        self,
        model: Any,
        train: Corpus,
        *,
        validation: Corpus | None = None,
        run_dir: str | os.PathLike[str] | None = None,
        callbacks: Sequence[Callback] = (),
        strategy: tf.distribute.Strategy | None = None,
        **settings: Any,
    ) -> None:
        checked = TrainingSettings.of("Trainer", settings)
        task = CharacterTask(model, train, validation, checked)
        super().__init__(task, checked, run_dir=run_dir, callbacks=callbacks, strategy=strategy)

    @classmethod
    def from_recipe(cls, name: str, model: Any, train: Corpus, **options: Any) -> Trainer:
        """Return a trainer with the settings of a recipe.

        Parameters
        ----------
        name : str
            Name of the recipe.
        model : CharLSTM
            Or any :class:`abcrnn.models.base.TrainableModel` with a ``vocabulary``.
        train : Corpus
        **options
            Other arguments of the class; settings override those of the recipe. With
            another kind of ``windows``, the recipe's ``seq_length`` and
            ``steps_per_epoch`` are not used.

        Returns
        -------
        Trainer
        """
        return cls(model, train, **recipe(name).settings(**options))
