"""Trainer: truncated back-propagation through time on the characters of tunes.

References
----------
Williams and Peng, An Efficient Gradient-Based Algorithm for On-Line Training of
Recurrent Network Trajectories, 1990 (truncation); Kingma and Ba, Adam, 2015;
Pascanu et al., On the Difficulty of Training Recurrent Neural Networks, 2013
(clipping); Loshchilov and Hutter, SGDR, 2017 (cosine decay).
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import tensorflow as tf

from abcrnn.data.corpus import Corpus
from abcrnn.data.windows import EncodedTunes, RandomWindows, Streams, encode_tunes
from abcrnn.evaluation.scoring import Scorer
from abcrnn.models.recipes import recipe
from abcrnn.training.loop import TrainingLoop
from abcrnn.training.run_folder import EpochRecord, RunFolder
from abcrnn.training.settings import TrainingSettings
from abcrnn.training.steps import make_step

Callback = Callable[["Trainer", EpochRecord], None]


class Trainer(TrainingLoop):
    """Trains a model on a corpus.

    Parameters
    ----------
    model : CharLSTM
        Or anything with ``vocabulary``, ``initial_state``, ``unroll``,
        ``weight_arrays``, ``set_weight_arrays`` and ``save``.
    train : Corpus
    validation : Corpus, optional
        Scored after each epoch; the best model by it is kept.
    run_dir : path-like, optional
        The run folder. Without it nothing is written.
    callbacks : sequence of callable
        Each is called with the trainer and the epoch's record after each epoch,
        when all is saved: a run killed just then goes on without that call.
    strategy : tf.distribute.Strategy, optional
        To share each batch among several devices or machines (docs/scaling.md);
        the model must have been built in its scope.
    **settings
        See :class:`abcrnn.training.settings.TrainingSettings`.

    Raises
    ------
    ValueError
        If a setting is out of range, a tune has characters that the model does
        not know, or the corpus is shorter than one window.
    """

    _score_count = 2  # bits per character, accuracy

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
        checked = TrainingSettings(**settings)
        step = make_step(model, checked, strategy)
        batches = _batches(encode_tunes(model.vocabulary, train.tunes), checked, step.rows)
        if validation is not None:
            encode_tunes(model.vocabulary, validation.tunes)  # refused now, not an epoch later
        self._train, self._validation, self._scorer = train, validation, Scorer(model)
        folder = RunFolder(run_dir) if run_dir is not None else None
        validates = validation is not None
        super().__init__(model, checked, step, batches, folder, validates, callbacks)

    @classmethod
    def from_recipe(cls, name: str, model: Any, train: Corpus, **options: Any) -> Trainer:
        """Train as a recipe says; ``options`` are arguments of the class and win."""
        return cls(model, train, **{**recipe(name).training, **options})

    def _score(self) -> list[float]:
        scores = self._scorer.score(self._validation.tunes if self._validation else ())
        return [scores.bits_per_char, scores.accuracy]

    def _record(self, loss: float, accuracy: float, scores: list[float | None]) -> EpochRecord:
        seconds = self._position.seconds
        return EpochRecord(
            epoch=self._position.epoch + 1,
            steps=self._steps_taken(),
            loss=loss,
            bits_per_char=loss / math.log(2),
            accuracy=accuracy,
            validation_bits_per_char=scores[0],
            validation_accuracy=scores[1],
            learning_rate=self._learning_rate(),
            seconds=seconds,
            chars_per_second=self._batches.windows * self._window_size() / max(seconds, 1e-9),
        )

    def _window_size(self) -> int:
        return self.settings.batch_size * self.settings.seq_length

    def _describe_run(self) -> dict[str, Any]:
        return {
            "vocabulary": self.model.vocabulary.characters,
            "model": self.model.config,
            "training": asdict(self.settings),
            "corpus": self._train.describe(),
            "validation": self._validation.describe() if self._validation else None,
        }

    def _describe_model(self, record: EpochRecord) -> dict[str, Any]:
        return {
            "corpus": self._train.describe(),
            "epoch": record.epoch,
            "validation_bits_per_char": record.validation_bits_per_char,
        }

    def _postfix(self, loss: float) -> str:
        text = f"epoch {self._position.epoch + 1}/{self._epochs}, loss {loss:.3f}, "
        text += f"{loss / math.log(2):.3f} bits/char"
        if math.isfinite(self._position.best_score):
            text += f", best validation {self._position.best_score:.3f}"
        return text


def _batches(
    tunes: EncodedTunes, settings: TrainingSettings, rows: range
) -> Streams | RandomWindows:
    shape = settings.batch_size, settings.seq_length, settings.seed
    if settings.steps_per_epoch is not None:
        return RandomWindows(tunes, *shape, steps=settings.steps_per_epoch, rows=rows)
    return Streams(tunes, *shape, rows=rows)
