"""Selection of one tune among several accepted candidates.

A *rank* is any function that takes tunes and returns a score for each; the tune with the
highest score is selected. :func:`typicality` ranks by the metrics of the training tunes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from abcrnn.evaluation.metric_distributions import MetricDistributions
from abcrnn.evaluation.tune_metrics import measure
from abcrnn.notation import read_tune

_logger = logging.getLogger(__name__)

#: Returns a score for each tune; a higher one is better.
Rank = Callable[[Sequence[str]], Sequence[float]]


class BestOf:
    """Selects the best of each group of consecutive candidates.

    Parameters
    ----------
    size : int
        Number of candidates in a group.
    rank : callable, optional
        See :data:`Rank`. Without it the first candidate is selected.
    """

    def __init__(self, size: int, rank: Rank | None = None) -> None:
        self._size, self._rank = size, rank
        self._group: list[tuple[int, str]] = []

    def add(self, stream: int, tune: str) -> tuple[int, str] | None:
        """Add a candidate; return the best of its group, and its stream, if that is complete."""
        self._group.append((stream, tune))
        if len(self._group) < self._size:
            return None
        group, self._group = self._group, []
        if self._rank is None:
            return group[0]
        scores = list(self._rank([tune for _, tune in group]))
        # The first of equal ones, so that the result does not depend on the platform.
        return group[max(range(len(group)), key=lambda index: (scores[index], -index))]


def typicality(model: Any) -> Rank | None:
    """Return a rank by how typical tunes are of the training tunes of a model.

    Parameters
    ----------
    model : CharLSTM

    Returns
    -------
    callable or None
        The score is minus the mean number of bits of the metrics
        (:meth:`abcrnn.evaluation.metric_distributions.MetricDistributions.surprise`).
        None, with a warning, if the model does not record the metrics of its training tunes.

    Raises
    ------
    ValueError
        If the record is not valid.
    """
    recorded = model.about.get("tune_metrics")
    if recorded is None:
        _logger.warning(
            "the model does not record the metrics of its training tunes (tune_metrics), as "
            "models of earlier versions do not: best_of is not applied"
        )
        return None
    distributions = MetricDistributions(recorded)

    def rank(tunes: Sequence[str]) -> list[float]:
        return [-distributions.surprise(measure(read_tune(tune), len(tune))) for tune in tunes]

    return rank
