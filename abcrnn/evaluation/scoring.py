"""How well a model predicts given tunes: bits per character.

Every tune is read from the initial state, as blank line + tune + blank line. The cost in
bits is that of the tune's characters and its closing blank line.

A character outside the model's vocabulary costs :data:`UNKNOWN_BITS` and counts as a
wrong prediction. The model does not read it: it predicts the next character from the
known ones before. A temperature does not change this cost.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from abcrnn.data.store import BOUNDARY
from abcrnn.data.windows import encode_tunes
from abcrnn.models.base import require_character_model
from abcrnn.models.compilation import compile_once
from abcrnn.notation import tune_body
from abcrnn.storage.progress import progress_bar
from abcrnn.storage.validation import require_positive, require_several

# One shape for all corpora: compiled once per model, and once more for a single tune.
_BATCH, _TIME = 32, 128

#: Cost in bits of a character that the model does not know: that of one of the
#: 1,114,112 code points of Unicode, all equally likely.
UNKNOWN_BITS = math.log2(sys.maxunicode + 1)


@dataclass(frozen=True)
class Scores:
    """Cost of predicting each tune.

    Parameters
    ----------
    bits : ndarray, shape (tunes,), float64
        Cost of a whole tune and its closing blank line.
    correct, characters : ndarray, shape (tunes,), int64
        Number of characters that were the most likely one, and of characters in total.
    header_bits : ndarray, shape (tunes,), float64
        Cost of the header: everything up to the end of the first ``K:`` line.
    header_characters : ndarray, shape (tunes,), int64
        Number of characters of the header, including its last line end.
    unknown : ndarray, shape (tunes,), int64
        Number of characters outside the model's vocabulary; each costs
        :data:`UNKNOWN_BITS`.
    """

    bits: NDArray[np.float64]
    correct: NDArray[np.int64]
    characters: NDArray[np.int64]
    header_bits: NDArray[np.float64]
    header_characters: NDArray[np.int64]
    unknown: NDArray[np.int64]

    def __repr__(self) -> str:
        return f"Scores(tunes={len(self.bits)}, bits_per_char={self.bits_per_char:.4f})"

    @property
    def bits_per_char(self) -> float:
        """Bits divided by characters, over all tunes."""
        return float(self.bits.sum() / self.characters.sum())

    @property
    def header_bits_per_char(self) -> float:
        """Bits per character of the headers."""
        return float(self.header_bits.sum() / self.header_characters.sum())

    @property
    def body_bits_per_char(self) -> float:
        """Bits per character of what follows the headers, including closing blank lines."""
        bits = self.bits.sum() - self.header_bits.sum()
        return float(bits / (self.characters.sum() - self.header_characters.sum()))

    @property
    def accuracy(self) -> float:
        """Top-1 accuracy, from 0 to 1: share of characters that were the most likely one."""
        return float(self.correct.sum() / self.characters.sum())


class Scorer:
    """Scores tunes with a model. The model is compiled once for tunes of any length.

    Parameters
    ----------
    model : CharLSTM
        Or another :class:`abcrnn.models.base.SequenceModel` with a ``vocabulary``.
    progress : bool
        Whether to show a progress bar, in a terminal or notebook and after two seconds.
    temperature : float
        Divides the logits.

    Raises
    ------
    ValueError
        If the temperature is not a number above 0.
    """

    def __init__(self, model: Any, progress: bool = False, temperature: float = 1.0) -> None:
        require_character_model(model)
        self._model = model
        self._progress = progress
        self._temperatures = [require_positive("temperature", temperature)]
        self._window = compile_once(model, "score", partial(_score_window, model))

    def score(self, tunes: Sequence[str]) -> Scores:
        """Score each tune.

        Parameters
        ----------
        tunes : sequence of str

        Returns
        -------
        Scores
            Arrays with one entry for each tune, in order.

        Raises
        ------
        ValueError
            If there are no tunes, or the model does not know the line end.
        """
        bits, header_bits = (np.zeros(len(tunes)) for _ in range(2))
        correct, characters, headers, unknown = (np.zeros(len(tunes), np.int64) for _ in range(4))
        for index, costs, right, known in self._read(tunes, self._temperatures):
            costs = costs[:, 0]
            bits[index], correct[index], characters[index] = costs.sum(), right.sum(), len(costs)
            unknown[index] = len(known) - known.sum()
            tune = tunes[index]
            headers[index] = len(tune) - len(tune_body(tune))
            header_bits[index] = costs[: headers[index]].sum()
        return Scores(bits, correct, characters, header_bits, headers, unknown)

    def costs(self, tunes: Sequence[str]) -> list[NDArray[np.float64]]:
        """Return the cost of each character of each tune, in bits.

        Parameters
        ----------
        tunes : sequence of str

        Returns
        -------
        list of ndarray, shape (characters + 2,), float64
            One array for each tune, in order. The last two costs are those of the blank
            line that closes the tune.

        Raises
        ------
        ValueError
            If there are no tunes, or the model does not know the line end.
        """
        found: dict[int, NDArray[np.float64]] = {}
        for index, costs, *_ in self._read(tunes, self._temperatures):
            found[index] = costs[:, 0]
        return [found[index] for index in range(len(tunes))]

    def bits_at(self, tunes: Sequence[str], temperatures: Sequence[float]) -> NDArray[np.float64]:
        """Return the cost of all tunes at each of several temperatures, read once.

        Parameters
        ----------
        tunes : sequence of str
        temperatures : sequence of float

        Returns
        -------
        ndarray, shape (temperatures,), float64
            In bits.

        Raises
        ------
        ValueError
            If there are no tunes, the model does not know the line end, or a temperature
            is not a number above 0.
        """
        checked = [require_positive("temperatures", t) for t in temperatures]
        bits = np.zeros(len(checked))
        for _, costs, *_ in self._read(tunes, checked):
            bits += costs.sum(axis=0)
        return bits

    def _read(
        self, tunes: Sequence[str], temperatures: Sequence[float]
    ) -> Iterator[tuple[int, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]]:
        """Yield of each tune its index; of each character the costs, if right, if known."""
        require_several("tunes", tunes)
        if not tunes:
            raise ValueError("there are no tunes to score")
        encoded = encode_tunes(self._model.vocabulary, tunes, allow_unknown=True)
        before = self._model.vocabulary.encode(BOUNDARY)
        # Tunes of similar length share a batch, so that little is computed for padding.
        order = np.argsort(encoded.lengths, kind="stable")
        # A single tune is read about fifteen times faster without rows of padding.
        rows = 1 if len(order) == 1 else _BATCH
        firsts = range(0, len(order), rows)
        for first in progress_bar(firsts, self._progress, desc="scoring", delay=2, leave=False):
            indices = order[first : first + rows].tolist()
            read = [encoded[index] for index in indices]
            batch = [np.concatenate([before, ids[ids >= 0]]) for ids in read]
            bits, right = self._read_batch(batch, rows, temperatures)
            for row, (index, ids) in enumerate(zip(indices, read, strict=True)):
                known = ids >= 0
                # The blank line before the tune is given, so it is not counted.
                counted = slice(len(BOUNDARY) - 1, len(batch[row]) - 1)
                costs = np.full((len(ids), len(temperatures)), UNKNOWN_BITS)
                correct = np.zeros(len(ids), np.bool_)
                costs[known], correct[known] = bits[row, counted], right[row, counted]
                yield index, costs, correct, known

    def _read_batch(
        self, batch: list[NDArray[np.int32]], rows: int, temperatures: Sequence[float]
    ) -> tuple[Any, Any]:
        """Return costs (rows, time, temperatures), and if right (rows, time), with padding."""
        divisors = tf.constant(temperatures, tf.float32)
        windows = -(-(max(map(len, batch)) - 1) // _TIME)
        ids = np.zeros((rows, windows * _TIME + 1), np.int32)
        for row, tune in enumerate(batch):
            ids[row, : len(tune)] = tune
        state = self._model.initial_state(rows)
        bits, right = [], []
        for start in range(0, windows * _TIME, _TIME):
            cost, correct, state = self._window(ids[:, start : start + _TIME + 1], state, divisors)
            bits.append(cost.numpy())
            right.append(correct.numpy())
        return np.concatenate(bits, axis=1), np.concatenate(right, axis=1)


def _score_window(
    model: Any, ids: tf.Tensor, state: Any, temperatures: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, Any]:
    logits, state = model.unroll(ids[:, :-1], state)
    nats = [
        tf.nn.sparse_softmax_cross_entropy_with_logits(ids[:, 1:], logits / temperature)
        for temperature in tf.unstack(temperatures)
    ]
    cost = tf.stack(nats, axis=-1) / np.log(2.0)
    right = tf.argmax(logits, axis=2, output_type=tf.int32) == ids[:, 1:]
    return cost, right, state
