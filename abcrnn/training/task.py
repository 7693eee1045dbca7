"""What a model is trained to do: the part of training that differs between kinds of data.

The loop, the steps and the run folder are the same for every task. A task has the
data, the objective, the scores, and the records that describe them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import tensorflow as tf

from abcrnn.data.windows import Batch, EpochSize
from abcrnn.models.base import State, TrainableModel
from abcrnn.training.records import EpochTotals


class Batches(Protocol):
    """The training data as batches."""

    def size(self, number: int, stop: int | None = None) -> EpochSize:
        """Return the size of an epoch, or of its first ``stop`` batches."""
        ...

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, beginning with batch ``start``.

        They depend on the seed and ``number`` only, so that a run can resume in the
        middle of any epoch.

        Parameters
        ----------
        number : int
            Number of the epoch.
        start : int
            Index of the first batch.

        Yields
        ------
        Batch
            With the rows of this process.
        """
        ...


class Task(Protocol):
    """A model, its data and its objective."""

    @property
    def model(self) -> TrainableModel:
        """The model to train."""
        ...

    @property
    def unit(self) -> str:
        """Name of one item in the progress bar, such as ``"char"``."""
        ...

    @property
    def record_type(self) -> Any:
        """Named tuple that sums up an epoch; has a field ``epoch``."""
        ...

    @property
    def score_count(self) -> int:
        """Number of validation scores."""
        ...

    @property
    def validates(self) -> bool:
        """Whether there is validation data."""
        ...

    def make_batches(self, rows: range) -> Batches:
        """Return the training data; this process reads only these rows of each batch."""
        ...

    def objective(
        self, window: tf.Tensor, state: State, dropout_seed: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, State]:
        """Return the mean loss of the predictions in some rows of a batch.

        Parameters
        ----------
        window : Tensor, shape (rows, time + 1, ...)
            From a batch of :meth:`Batches.epoch`.
        state : State
        dropout_seed : Tensor, shape (3,), int32

        Returns
        -------
        loss : Tensor, scalar
            0 without predictions.
        correct : Tensor, scalar, int64
            Number of correct predictions.
        state : State
            After the window.
        """
        ...

    def score(self) -> list[float]:
        """Return ``score_count`` scores on the validation data.

        The first decides which epoch is the best: the lower, the better.
        """
        ...

    def record(self, totals: EpochTotals, scores: list[float | None]) -> Any:
        """Return the record of an epoch: a ``record_type``.

        Parameters
        ----------
        totals : EpochTotals
        scores : list of float or None
            From :meth:`score`; ``score_count`` times None without validation data.
        """
        ...

    def worse_than_chance(self, record: Any) -> str | None:
        """Return the scores of an epoch and of a uniform guess as text if the epoch is worse.

        Returns
        -------
        str or None
            None if the epoch is at least as good.
        """
        ...

    def describe_run(self) -> dict[str, Any]:
        """Return the settings that a resumed run must keep; saved in run.json."""
        ...

    def describe_model(self, record: Any) -> dict[str, Any]:
        """Return what is saved with the weights of an epoch."""
        ...

    def progress_text(self, loss: float) -> str:
        """Return a batch's loss as the progress bar shows it."""
        ...
