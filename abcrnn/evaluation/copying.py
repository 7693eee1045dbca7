"""What a model with a tune memory copies while it predicts a tune."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from abcrnn.data.store import BOUNDARY
from abcrnn.models.base import require_character_model

#: Longest tune: the weights have the square of its length.
MAX_LENGTH = 8192


class Passage(NamedTuple):
    """Consecutive characters that are copied from consecutive characters.

    Parameters
    ----------
    begin, end : int
        Indices in the tune: the passage is ``tune[begin:end]``.
    source : int
        Index in the tune of the character from which the first one is copied.
    """

    begin: int
    end: int
    source: int


@dataclass(frozen=True, repr=False)
class Copying:
    """What a tune memory copies while it predicts each character of a tune.

    Characters are those of the tune and of its closing blank line. A character that the
    model does not know is not read: its rows and columns are zero.

    Parameters
    ----------
    tune : str
    weights : ndarray, shape (heads, characters, characters), float32
        ``weights[h, i, j]``: attention of head h on character j when it predicts
        character i. A row sums to 1, or to 0 if there is nothing to copy.
    shares : ndarray, shape (characters, 1 + heads), float32
        Shares of the network and of each head in the prediction of each character.
    """

    tune: str
    weights: NDArray[np.float32]
    shares: NDArray[np.float32]

    def __repr__(self) -> str:
        return f"Copying(characters={len(self.shares)}, heads={len(self.weights)})"

    @cached_property
    def copied(self) -> NDArray[np.float32]:
        """Share of the prediction of i that is a copy of j: (characters, characters)."""
        copied: NDArray[np.float32] = np.einsum("hij,ih->ij", self.weights, self.shares[:, 1:])
        return copied

    @property
    def sources(self) -> NDArray[np.int64]:
        """Index of the character that is copied most; -1 if nothing is. Shape (characters,)."""
        return np.where(self.copied.max(axis=1) > 0, self.copied.argmax(axis=1), -1)

    def passages(self, least_share: float = 0.5, least_length: int = 4) -> list[Passage]:
        """Return the passages of the tune that are copied from earlier ones.

        Parameters
        ----------
        least_share : float
            Share of the prediction that the most copied character must have.
        least_length : int
            Number of characters.

        Returns
        -------
        list of Passage
            In the order of the tune.
        """
        sources = np.where(self.copied.max(axis=1) >= least_share, self.sources, -1)
        found = _runs(sources[: len(self.tune)].tolist())
        return [passage for passage in found if passage.end - passage.begin >= least_length]

    def __str__(self) -> str:
        lines = []
        for begin, end, source in self.passages():
            text = self.tune[begin:end]
            lines.append(f"{self._position(begin)}: {text!r} from {self._position(source)}")
        return "\n".join(lines)

    def _position(self, index: int) -> str:
        """Return line and column, from 1."""
        line, column = self.tune.count("\n", 0, index) + 1, index - self.tune.rfind("\n", 0, index)
        return f"{line}:{column}"


def copying(model: Any, tune: str) -> Copying:
    r"""Return what a model with a tune memory copies while it predicts a tune.

    Parameters
    ----------
    model : CharLSTM
        With a memory (``memory_dim``).
    tune : str
        From its ``X:`` line on, without trailing line ends; at most 8,192 characters. It is
        read as in evaluation: from the initial state, after a blank line.

    Returns
    -------
    Copying
        ``print`` shows the copied passages; :func:`abcrnn.reports.plot_copying` plots it.

    Raises
    ------
    TypeError
        If the model is not a model of characters, or the tune is not a string.
    ValueError
        If the model has no memory, or the tune is too long.

    Examples
    --------
    >>> print(copying(model, tune))  # doctest: +SKIP
    9:1: '|:G2B dBd|c2A ABc|' from 7:1
    """
    require_character_model(model)
    if not isinstance(tune, str):
        raise TypeError(f"tune must be text, not {tune!r:.80}")
    if not hasattr(model, "copy_weights"):
        raise ValueError("the model has no tune memory: a CharLSTM with memory_dim has one")
    tune = tune.rstrip("\n")
    if len(tune) > MAX_LENGTH:
        raise ValueError(f"tune must have at most {MAX_LENGTH} characters, not {len(tune)}")
    ids = model.vocabulary.lookup(tune + BOUNDARY)
    known = np.flatnonzero(ids >= 0)
    read = np.concatenate([model.vocabulary.encode(BOUNDARY), ids[known]]).astype(np.int32)
    weights, shares = (tensor[0].numpy() for tensor in model.copy_weights(read[None]))
    # The prediction of a character is the output after the one before.
    rows, columns = slice(len(BOUNDARY) - 1, len(read) - 1), slice(len(BOUNDARY), len(read))
    full = np.zeros((len(weights), len(ids), len(ids)), np.float32)
    full[np.ix_(np.arange(len(weights)), known, known)] = weights[:, rows, columns]
    all_shares = np.zeros((len(ids), shares.shape[1]), np.float32)
    all_shares[known] = shares[rows]
    return Copying(tune, full, all_shares)


def _runs(sources: list[int]) -> Iterator[Passage]:
    """Yield the longest runs of consecutive sources; a source of -1 is in none."""
    begin = 0
    for index in range(1, len(sources) + 1):
        if sources[begin] >= 0 and sources[index : index + 1] == [sources[index - 1] + 1]:
            continue
        if begin < len(sources) and sources[begin] >= 0:
            yield Passage(begin, index, sources[begin])
        begin = index
