"""How well a model predicts tunes it is given: bits per character.

Every tune is read from a fresh state, fed as blank line + tune + blank line;
counted are the tune's characters and its closing blank line, in bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tqdm import tqdm

from abcrnn.data.store import BOUNDARY
from abcrnn.data.windows import encode_tunes
from abcrnn.models.compilation import compile_once
from abcrnn.notation import tune_body

# One shape for every corpus: compiled once a model, and once more for a tune on its own.
_BATCH, _TIME = 32, 128


@dataclass(frozen=True)
class Scores:
    """What predicting each tune cost.

    Parameters
    ----------
    bits : ndarray, shape (tunes,), float64
        Cost of a whole tune and its closing blank line.
    correct, characters : ndarray, shape (tunes,), int64
        Characters guessed right first, and characters counted.
    header_bits : ndarray, shape (tunes,), float64
        Of the cost, what the header took: all to the end of the first line ``K:``.
    header_characters : ndarray, shape (tunes,), int64
        Its characters, its last line end among them.
    """

    bits: NDArray[np.float64]
    correct: NDArray[np.int64]
    characters: NDArray[np.int64]
    header_bits: NDArray[np.float64]
    header_characters: NDArray[np.int64]

    @property
    def bits_per_char(self) -> float:
        """Bits over characters, all tunes together."""
        return float(self.bits.sum() / self.characters.sum())

    @property
    def header_bits_per_char(self) -> float:
        """The same for the headers alone."""
        return float(self.header_bits.sum() / self.header_characters.sum())

    @property
    def body_bits_per_char(self) -> float:
        """The same for what follows the headers, closing blank lines counted in."""
        bits = self.bits.sum() - self.header_bits.sum()
        return float(bits / (self.characters.sum() - self.header_characters.sum()))

    @property
    def accuracy(self) -> float:
        """Share of the characters guessed right, all tunes together."""
        return float(self.correct.sum() / self.characters.sum())


class Scorer:
    """Scores tunes with one model, compiled once whatever their lengths.

    Parameters
    ----------
    model : CharLSTM
        Or anything with ``vocabulary``, ``initial_state`` and ``unroll``.
    progress : bool
        Whether to show a bar, at a terminal, where it takes more than two seconds.
    """

    def __init__(self, model: Any, progress: bool = False) -> None:
        self._model = model
        self._hidden = None if progress else True  # tqdm's words
        self._window = compile_once(model, "score", partial(_score_window, model))

    def score(self, tunes: Sequence[str]) -> Scores:
        """Score each tune; ``ValueError`` if one has a character that the model does not know."""
        bits, header_bits = (np.zeros(len(tunes)) for _ in range(2))
        correct, characters, headers = (np.zeros(len(tunes), np.int64) for _ in range(3))
        for place, costs, right in self._read(tunes):
            bits[place], correct[place], characters[place] = costs.sum(), right.sum(), len(costs)
            tune = tunes[place]
            headers[place] = len(tune) - len(tune_body(tune))
            header_bits[place] = costs[: headers[place]].sum()
        return Scores(bits, correct, characters, header_bits, headers)

    def costs(self, tunes: Sequence[str]) -> list[NDArray[np.float64]]:
        """Return the bits that each character of each tune cost.

        Returns
        -------
        list of ndarray, shape (characters + 2,), float64
            The last two are those of the blank line that closes the tune.

        Raises
        ------
        ValueError
            As :meth:`score`.
        """
        found: dict[int, NDArray[np.float64]] = {}
        for place, costs, _ in self._read(tunes):
            found[place] = costs
        return [found[place] for place in range(len(tunes))]

    def _read(
        self, tunes: Sequence[str]
    ) -> Iterator[tuple[int, NDArray[np.float64], NDArray[np.bool_]]]:
        """Yield for each tune its place, each character's bits, and whether it was guessed."""
        if not tunes:
            raise ValueError("there are no tunes to score")
        encoded = encode_tunes(self._model.vocabulary, tunes)
        before = self._model.vocabulary.encode(BOUNDARY)
        # Long with long and short with short, so that little is computed for padding.
        order = np.argsort(encoded.lengths, kind="stable")
        # A tune on its own is read some fifteen times faster without rows of padding.
        rows = 1 if len(order) == 1 else _BATCH
        firsts = range(0, len(order), rows)
        for first in tqdm(firsts, desc="scoring", delay=2, disable=self._hidden, leave=False):
            places = order[first : first + rows].tolist()
            batch = [np.concatenate([before, encoded[place]]) for place in places]
            bits, right = self._read_batch(batch, rows)
            for row, (place, ids) in enumerate(zip(places, batch, strict=True)):
                # What is given is not counted: the first guess is that of the tune's own.
                counted = slice(len(BOUNDARY) - 1, len(ids) - 1)
                yield place, bits[row, counted].astype(np.float64), right[row, counted]

    def _read_batch(self, batch: list[NDArray[np.int32]], rows: int) -> tuple[Any, Any]:
        """Return bits and right guesses, shape (rows, time), the padding's among them."""
        windows = -(-(max(map(len, batch)) - 1) // _TIME)
        ids = np.zeros((rows, windows * _TIME + 1), np.int32)
        for row, tune in enumerate(batch):
            ids[row, : len(tune)] = tune
        state = self._model.initial_state(rows)
        bits, right = [], []
        for start in range(0, windows * _TIME, _TIME):
            cost, guessed, state = self._window(ids[:, start : start + _TIME + 1], state)
            bits.append(cost.numpy())
            right.append(guessed.numpy())
        return np.concatenate(bits, axis=1), np.concatenate(right, axis=1)


def _score_window(model: Any, ids: tf.Tensor, state: Any) -> tuple[tf.Tensor, tf.Tensor, Any]:
    logits, state = model.unroll(ids[:, :-1], state)
    cost = tf.nn.sparse_softmax_cross_entropy_with_logits(ids[:, 1:], logits) / np.log(2.0)
    right = tf.argmax(logits, axis=2, output_type=tf.int32) == ids[:, 1:]
    return cost, right, state
