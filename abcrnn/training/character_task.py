"""Training on tunes: predict each character from those before it."""

from __future__ import annotations

import math
from functools import cached_property, partial
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from abcrnn.data.augmentation import KeyVariants
from abcrnn.data.corpus import Corpus, require_corpus
from abcrnn.data.splits import union_digests
from abcrnn.data.store import BOUNDARY
from abcrnn.data.tune_batches import TuneBatches
from abcrnn.data.variant_cache import load_key_variants
from abcrnn.data.windows import RandomWindows, Streams, encode_tunes
from abcrnn.evaluation.metric_distributions import recorded_metrics
from abcrnn.evaluation.scoring import Scorer
from abcrnn.models.base import State, require_character_model
from abcrnn.training.records import EpochRecord, EpochTotals
from abcrnn.training.settings import TrainingSettings


class CharacterTask:
    """A model over characters, and the tunes to train and validate it on.

    Parameters
    ----------
    model : CharLSTM
        Or any :class:`abcrnn.models.base.TrainableModel` with a ``vocabulary``.
    train : Corpus
    validation : Corpus, optional
    settings : TrainingSettings

    Raises
    ------
    ValueError
        If a tune has a character that is not in the vocabulary.
    """

    unit = "char"
    record_type = EpochRecord
    score_count = 2  # bits per character, accuracy

    def __init__(
        self, model: Any, train: Corpus, validation: Corpus | None, settings: TrainingSettings
    ) -> None:
        if isinstance(model, Corpus) and hasattr(train, "unroll"):
            raise TypeError("the arguments are swapped: the model comes first, then the corpus")
        require_character_model(model)
        require_corpus("train", train)
        if validation is not None:
            require_corpus("validation", validation)
        self.model = model
        self.validates = validation is not None
        self._train, self._validation, self._settings = train, validation, settings
        self._base = _base_of(model)  # before `about` is replaced after the first epoch
        self._scorer = Scorer(model)
        if validation is not None:
            encode_tunes(model.vocabulary, validation.tunes)  # raises now, not after an epoch
        _record_digests(model, train, validation)

    def make_batches(self, rows: range) -> Streams | RandomWindows | TuneBatches:
        """Return contiguous streams, random windows or whole tunes, as the settings request."""
        settings = self._settings
        texts, choose = self._train.tunes, None
        if settings.transpose:
            variants = load_key_variants(texts, self.model.vocabulary)
            texts, choose = variants.tunes, partial(_choose_variants, variants, settings)
        tunes = encode_tunes(self.model.vocabulary, texts)
        shape = settings.batch_size, settings.seq_length, settings.seed
        if settings.steps_per_epoch is not None:
            return RandomWindows(tunes, *shape, steps=settings.steps_per_epoch, rows=rows)
        if settings.windows == "tunes":
            boundary = self.model.vocabulary.encode(BOUNDARY)
            return TuneBatches(
                tunes, boundary, *shape, rows=rows, choose=choose, fit_lengths=settings.fit_lengths
            )
        return Streams(tunes, *shape, rows=rows, choose=choose)

    def objective(
        self, window: tf.Tensor, state: State, dropout_seed: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, State]:
        """Return the mean cross-entropy of the next characters in nats.

        Parameters
        ----------
        window : Tensor, shape (batch, time + 1), int32
            -1 is padding, in whole tunes.
        state : State
        dropout_seed : Tensor, shape (3,), int32

        Returns
        -------
        loss : Tensor, scalar
            Mean over the targets that are not padding; 0 if there are none.
        correct : Tensor, scalar, int64
            Number of characters whose most likely prediction is the right one.
        state : State
            After the window.
        """
        padded = self._settings.windows == "tunes"
        ids = tf.maximum(window, 0) if padded else window  # models read only ids
        logits, state = self.model.unroll(ids[:, :-1], state, dropout_seed=dropout_seed)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(ids[:, 1:], logits)
        targets = window[:, 1:]
        loss = _masked_mean(losses, targets >= 0) if padded else tf.reduce_mean(losses)
        predicted = tf.argmax(logits, axis=2, output_type=tf.int32)
        return loss, tf.math.count_nonzero(predicted == targets), state

    def score(self) -> list[float]:
        """Return bits per character and accuracy on the validation tunes."""
        scores = self._scorer.score(self._validation.tunes if self._validation else ())
        return [scores.bits_per_char, scores.accuracy]

    def record(self, totals: EpochTotals, scores: list[float | None]) -> EpochRecord:
        """Return the record of an epoch."""
        bits, accuracy = scores
        return EpochRecord(
            epoch=totals.epoch,
            steps=totals.steps,
            loss=totals.loss,
            bits_per_char=totals.loss / math.log(2),
            accuracy=totals.accuracy,
            validation_bits_per_char=bits,
            validation_accuracy=accuracy,
            learning_rate=totals.learning_rate,
            seconds=totals.seconds,
            chars_per_second=totals.items_per_second,
        )

    def worse_than_chance(self, record: EpochRecord) -> str | None:
        """Compare the bits per character with those of a uniform distribution."""
        bits, uniform = record.validation_bits_per_char, math.log2(len(self.model.vocabulary))
        if bits is None:
            bits = record.bits_per_char
        return f"{bits:.3f} bits; uniform is {uniform:.3f}" if bits > uniform else None

    def describe_run(self) -> dict[str, Any]:
        """Return vocabulary, model and corpora."""
        return {
            "vocabulary": self.model.vocabulary.characters,
            "model": self.model.config,
            "corpus": self._train.describe(),
            "validation": self._validation.describe() if self._validation else None,
            **self._base,
        }

    def describe_model(self, record: EpochRecord) -> dict[str, Any]:
        """Return corpus, distributions of its metrics, epoch and validation score."""
        return {
            "corpus": self._train.describe(),
            "epoch": record.epoch,
            "validation_bits_per_char": record.validation_bits_per_char,
            "tune_metrics": self._tune_metrics,
            **self._base,
        }

    @cached_property
    def _tune_metrics(self) -> dict[str, list[int]] | None:
        return recorded_metrics(self._train.tunes)

    def progress_text(self, loss: float) -> str:
        """Return the loss in nats and in bits."""
        return f"loss {loss:.3f}, {loss / math.log(2):.3f} bits/char"


def _choose_variants(
    variants: KeyVariants, settings: TrainingSettings, epoch: int
) -> NDArray[np.int64]:
    """Return the index of the variant of each tune that is read in an epoch."""
    if settings.transpose_epochs is not None and epoch >= settings.transpose_epochs:
        return variants.originals()
    return variants.choose(settings.seed, epoch)


def _masked_mean(values: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Return the mean of the values where the mask is True; 0 if it is True nowhere."""
    count = tf.math.count_nonzero(mask, dtype=values.dtype)
    return tf.reduce_sum(tf.where(mask, values, 0.0)) / tf.maximum(count, 1.0)


def _base_of(model: Any) -> dict[str, Any]:
    """Return the record of the model whose weights this one started from, if any."""
    base = getattr(model, "about", {}).get("base")
    return {"base": base} if base else {}


def _record_digests(model: Any, train: Corpus, validation: Corpus | None) -> None:
    """Add the tunes to those that the model was trained on and validated with before."""
    before = getattr(model, "trained_digests", None)
    validated_before = union_digests(getattr(model, "validated_digests", None))
    trained = union_digests(
        np.setdiff1d(union_digests(before), validated_before), train.body_digests()
    )
    validated = union_digests(
        validated_before, validation.body_digests() if validation is not None else None
    )
    model.validated_digests = np.setdiff1d(validated, trained)
    # Validation tunes too: they select the best model.
    model.trained_digests = union_digests(trained, validated)
