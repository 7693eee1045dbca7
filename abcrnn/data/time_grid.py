"""Times as classes: the steps and durations that a collection of pieces has.

Music has few note lengths, and those of one collection are learned from it: values
that lie close together are one class, which stands for the one met most.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from abcrnn.data.notes import Notes

Seconds = NDArray[np.float64]
Classes = NDArray[np.int32]

_MOST = 64  # classes of each kind
_CLOSE = 0.010  # seconds: what begins so close together is heard as a chord
_RATIO = 1.03
_LONGEST = 60.0  # seconds; what is longer is taken for this


class TimeGrid(NamedTuple):
    """The classes of steps and of durations, each by its value in seconds, ascending."""

    steps: Seconds
    durations: Seconds

    @classmethod
    def of(cls, tables: Iterable[Notes]) -> TimeGrid:
        """Learn the grid of note tables: at most 64 classes of each kind; a step of 0 is one."""
        tables = list(tables)
        steps = np.concatenate([table["step"] for table in tables])
        durations = np.concatenate([table["duration"] for table in tables])
        return cls(_centres(np.append(steps, 0.0)), _centres(durations))

    def classify(self, notes: Notes) -> tuple[Classes, Classes]:
        """Return the nearest class of each step and of each duration."""
        return nearest(self.steps, notes["step"]), nearest(self.durations, notes["duration"])


def nearest(centres: Seconds, values: Seconds) -> Classes:
    """Return the number of the nearest of ascending centres, for each value."""
    return np.searchsorted((centres[1:] + centres[:-1]) / 2, values).astype(np.int32)


def _centres(values: Seconds) -> Seconds:
    """Merge neighbours, ever farther ones, until few enough classes are left."""
    found, counts = np.unique(np.minimum(values, _LONGEST).round(4), return_counts=True)
    ratio = _RATIO
    while True:
        groups = _groups(found, ratio)
        if groups[-1] < _MOST:
            break
        ratio = 1 + (ratio - 1) * 1.3
    most_met = [
        found[groups == group][counts[groups == group].argmax()] for group in range(groups[-1] + 1)
    ]
    if most_met[0] < _CLOSE and found[0] == 0:
        most_met[0] = 0.0
    return np.array(most_met, np.float64)


def _groups(ascending: Seconds, ratio: float) -> NDArray[np.intp]:
    groups, first, group = np.zeros(len(ascending), np.intp), ascending[0], 0
    for place, value in enumerate(ascending):
        if value > max(first * ratio, first + _CLOSE):
            first, group = value, group + 1
        groups[place] = group
    return groups
