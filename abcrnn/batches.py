"""Ids laid out as windows for training.

Tunes are joined by a blank line. A window is an int32 array of shape
(batch, time + 1): all but its last column are inputs, all but its first are
the characters to be predicted. What an epoch holds depends on the seed and the
epoch's number alone, so a run can go on from the middle of any epoch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from abcrnn.vocabulary import Vocabulary

#: What stands between two tunes, and so also what a tune begins and ends with.
BOUNDARY = "\n\n"

Ids = NDArray[np.int32]


def encode_tunes(vocabulary: Vocabulary, tunes: Sequence[str]) -> list[Ids]:
    """Encode each tune with the boundary that closes it.

    Raises
    ------
    ValueError
        For a character outside the vocabulary; names the tune and the place.
    """
    encoded = []
    for number, tune in enumerate(tunes, start=1):
        try:
            encoded.append(vocabulary.encode(tune + BOUNDARY))
        except ValueError as error:
            first_lines = tune[:40].replace("\n", " ")
            raise ValueError(f"tune {number} of {len(tunes)} ({first_lines!r}): {error}") from None
    return encoded


class Streams:
    """Contiguous streams: each row of a window goes on where it stopped in the one before.

    The tunes are shuffled anew each epoch, joined, and cut into ``batch_size``
    streams of equal length; the few characters beyond the last whole window
    sit that epoch out.

    Parameters
    ----------
    tunes : sequence of ndarray
        From :func:`encode_tunes`.
    batch_size, seq_length : int
    seed : int

    Raises
    ------
    ValueError
        If there is not enough text for one window.
    """

    carries_state = True

    def __init__(self, tunes: Sequence[Ids], batch_size: int, seq_length: int, seed: int) -> None:
        total = sum(len(tune) for tune in tunes)
        _require(total, batch_size * seq_length + 1, f"{batch_size} x {seq_length} + 1")
        self.windows = (total - 1) // (batch_size * seq_length)
        self._tunes, self._seed = tunes, seed
        self._batch_size, self._seq_length = batch_size, seq_length

    def epoch(self, number: int, start: int = 0) -> Iterator[Ids]:
        """Yield the windows of an epoch from window ``start`` on."""
        order = np.random.default_rng([self._seed, number]).permutation(len(self._tunes))
        text = np.concatenate([self._tunes[i] for i in order])
        length = self.windows * self._seq_length
        rows = np.arange(self._batch_size)[:, None] * length
        columns = np.arange(self._seq_length + 1)
        for window in range(start, self.windows):
            yield text[rows + window * self._seq_length + columns]


class RandomWindows:
    """Windows that begin anywhere in the text, each read from a fresh state.

    Parameters are those of :class:`Streams`, and ``steps``: windows an epoch.
    """

    carries_state = False

    def __init__(
        self, tunes: Sequence[Ids], batch_size: int, seq_length: int, seed: int, steps: int
    ) -> None:
        self._text = np.concatenate(tunes)
        _require(len(self._text), seq_length + 1, f"{seq_length} + 1")
        self.windows = steps
        self._seed, self._batch_size, self._seq_length = seed, batch_size, seq_length

    def epoch(self, number: int, start: int = 0) -> Iterator[Ids]:
        """Yield the windows of an epoch from window ``start`` on."""
        last = len(self._text) - self._seq_length
        starts = np.random.default_rng([self._seed, number]).integers(
            last, size=(self.windows, self._batch_size, 1)
        )
        columns = np.arange(self._seq_length + 1)
        for window in range(start, self.windows):
            yield self._text[starts[window] + columns]


def _require(total: int, needed: int, product: str) -> None:
    if total < needed:
        raise ValueError(
            f"the tunes have {total} characters in all, but one window needs {needed} "
            f"({product}): take a smaller batch_size or seq_length, or more tunes"
        )
