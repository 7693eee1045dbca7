"""How well a model predicts tunes it is given: bits per character.

Every tune is read from a fresh state, fed as blank line + tune + blank line;
counted are the tune's characters and its closing blank line, in bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from abcrnn.batches import encode_tunes
from abcrnn.lstm import on_gpu
from abcrnn.stored import BOUNDARY

_BATCH, _TIME = 32, 128  # one shape for every corpus: compiled once a model


@dataclass(frozen=True)
class Scores:
    """What predicting each tune cost.

    Parameters
    ----------
    bits : ndarray, shape (tunes,), float64
        Cost of a whole tune and its closing blank line.
    correct, characters : ndarray, shape (tunes,), int64
        Characters guessed right first, and characters counted.
    """

    bits: NDArray[np.float64]
    correct: NDArray[np.int64]
    characters: NDArray[np.int64]

    @property
    def bits_per_char(self) -> float:
        """Bits over characters, all tunes together."""
        return float(self.bits.sum() / self.characters.sum())

    @property
    def accuracy(self) -> float:
        """Share of the characters guessed right, all tunes together."""
        return float(self.correct.sum() / self.characters.sum())


class Scorer:
    """Scores tunes with one model, compiled once.

    Parameters
    ----------
    model : CharLSTM
        Or anything with ``vocabulary``, ``initial_state`` and ``unroll``.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._window = tf.function(self._score_window, jit_compile=not on_gpu())

    def score(self, tunes: Sequence[str]) -> Scores:
        """Score each tune; ``ValueError`` if one has a character that the model does not know."""
        if not tunes:
            raise ValueError("there are no tunes to score")
        encoded = encode_tunes(self._model.vocabulary, tunes)
        before = self._model.vocabulary.encode(BOUNDARY)
        bits, correct = np.zeros(len(tunes)), np.zeros(len(tunes), np.int64)
        # Long with long and short with short, so that little is computed for padding.
        order = np.argsort(encoded.lengths, kind="stable")
        for first in range(0, len(order), _BATCH):
            chosen = order[first : first + _BATCH]
            batch = [np.concatenate([before, encoded[i]]) for i in chosen]
            bits[chosen], correct[chosen] = self._score_batch(batch)
        return Scores(bits, correct, encoded.lengths)

    def _score_batch(self, batch: list[NDArray[np.int32]]) -> tuple[Any, Any]:
        windows = -(-(max(map(len, batch)) - 1) // _TIME)
        ids = np.zeros((_BATCH, windows * _TIME + 1), np.int32)
        counted = np.zeros((_BATCH, windows * _TIME), bool)
        for row, tune in enumerate(batch):
            ids[row, : len(tune)] = tune
            counted[row, len(BOUNDARY) - 1 : len(tune) - 1] = True
        state = self._model.initial_state(_BATCH)
        bits, correct = np.zeros(_BATCH), np.zeros(_BATCH, np.int64)
        for start in range(0, windows * _TIME, _TIME):
            piece = ids[:, start : start + _TIME + 1]
            cost, right, state = self._window(piece, counted[:, start : start + _TIME], state)
            bits += cost.numpy()
            correct += right.numpy()
        return bits[: len(batch)], correct[: len(batch)]

    def _score_window(self, ids: tf.Tensor, counted: tf.Tensor, state: Any) -> tuple[Any, ...]:
        logits, state = self._model.unroll(ids[:, :-1], state)
        cost = tf.nn.sparse_softmax_cross_entropy_with_logits(ids[:, 1:], logits) / np.log(2.0)
        right = tf.argmax(logits, axis=2, output_type=tf.int32) == ids[:, 1:]
        return (
            tf.reduce_sum(tf.where(counted, cost, 0.0), axis=1),
            tf.reduce_sum(tf.cast(right & counted, tf.int64), axis=1),
            state,
        )
