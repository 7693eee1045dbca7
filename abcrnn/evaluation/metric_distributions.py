"""Distributions of the metrics of tunes, and how typical a tune is by them.

A model file stores those of its training tunes, so that composition can prefer tunes that
are like them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from abcrnn.evaluation.tune_metrics import Ending, TuneMetrics, measure_all

#: Number of tunes that are measured at most, and their longest text.
MAX_TUNES, MAX_LENGTH = 500, 20_000
_MAX_COUNT = 10**9
_PARTS = 8  # classes of a share, besides zero
_MOST_LEAPS, _MOST_BARS = 3, 64
_LENGTHS = 5  # classes of the last note: shorter than 1/16, 1/8, 1/4, 1/2 whole note, or longer


class MetricDistributions:
    """How many of a number of tunes have each value of each metric.

    Values are in classes: shares in eighths, more than 64 bars as one class, and so on.

    Parameters
    ----------
    counts : mapping of str to list of int
        For each kind of metric, the number of tunes in each class.

    Raises
    ------
    ValueError
        If a kind is missing, or the counts are not those of its classes.
    """

    def __init__(self, counts: Mapping[str, Any]) -> None:
        for kind, (classes, _) in _KINDS.items():
            found: Any = counts.get(kind)
            is_list = isinstance(found, list) and len(found) == classes
            if not (is_list and all(map(_is_count, found))):
                raise ValueError(
                    f"the metric {kind!r} must have a list of {classes} numbers of tunes, "
                    f"not {found!r:.80}"
                )
        self._counts = {kind: list(counts[kind]) for kind in _KINDS}

    @classmethod
    def of_tunes(cls, tunes: Iterable[str]) -> MetricDistributions:
        """Return the distributions of tunes.

        Parameters
        ----------
        tunes : iterable of str
            Tunes that cannot be read, or have no notes, are left out.
        """
        found: dict[str, Counter[int]] = {kind: Counter() for kind in _KINDS}
        for metrics in measure_all(tunes):
            for kind, number in classes_of(metrics).items():
                found[kind][number] += 1
        counts = {
            kind: [found[kind][number] for number in range(classes)]
            for kind, (classes, _) in _KINDS.items()
        }
        return cls(counts)

    def to_dict(self) -> dict[str, list[int]]:
        """Return the counts by kind, to be saved as JSON."""
        return {kind: list(counts) for kind, counts in self._counts.items()}

    def surprise(self, metrics: TuneMetrics) -> float:
        """Return how untypical a tune is, in bits; the mean of all metrics that it has.

        A class with a share p of the tunes costs log2(1 / p) bits. One is added to each
        count, so that a class without tunes has a finite cost.
        """
        costs = []
        for kind, number in classes_of(metrics).items():
            counts = self._counts[kind]
            costs.append(math.log2((sum(counts) + len(counts)) / (counts[number] + 1)))
        return sum(costs) / len(costs) if costs else math.inf

    @property
    def tunes(self) -> int:
        """Number of tunes."""
        return sum(self._counts["bars"])

    def __repr__(self) -> str:
        return f"MetricDistributions(tunes={self.tunes})"


def classes_of(metrics: TuneMetrics) -> dict[str, int]:
    """Return the class of each metric of a tune; metrics without value are left out."""
    found = {kind: class_of(metrics) for kind, (_, class_of) in _KINDS.items()}
    return {kind: number for kind, number in found.items() if number is not None}


def recorded_metrics(tunes: Sequence[str]) -> dict[str, list[int]] | None:
    """Return the distributions of a training part, as a model file records them.

    Parameters
    ----------
    tunes : sequence of str
        Of more than :data:`MAX_TUNES`, some at even distances are measured; neighbours in
        a book are often similar.

    Returns
    -------
    dict of str to list of int, or None
        As from :meth:`MetricDistributions.to_dict`; None if no tune has notes.
    """
    count = min(len(tunes), MAX_TUNES)
    some = (tunes[index * len(tunes) // count] for index in range(count))
    found = MetricDistributions.of_tunes(tune for tune in some if len(tune) <= MAX_LENGTH)
    return found.to_dict() if found.tunes else None


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MAX_COUNT


def _ending(metrics: TuneMetrics) -> int | None:
    return None if metrics.ending is None else list(Ending).index(metrics.ending)


def _last_note(metrics: TuneMetrics) -> int | None:
    length = metrics.last_duration
    return None if length is None else sum(length * short >= 1 for short in (16, 8, 4, 2))


def _share(part: int, whole: int) -> int | None:
    """Return 0 for a share of zero, otherwise the number of the eighth that contains it."""
    return -(-_PARTS * part // whole) if whole else None


#: By kind of metric: the number of classes, and the class of a tune.
_KINDS: dict[str, tuple[int, Callable[[TuneMetrics], int | None]]] = {
    "ending": (len(Ending), _ending),
    "last note": (_LENGTHS, _last_note),
    "leaps": (_MOST_LEAPS + 1, lambda m: min(m.leaps, _MOST_LEAPS)),
    "returning": (_PARTS + 1, lambda m: _share(m.returning, m.full_bars)),
    "returning rhythms": (_PARTS + 1, lambda m: _share(m.returning_rhythms, m.full_bars)),
    "returning pairs": (_PARTS + 1, lambda m: _share(m.returning_pairs, m.pairs)),
    "bars": (_MOST_BARS + 2, lambda m: min(m.bars, _MOST_BARS + 1)),
}
