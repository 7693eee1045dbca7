"""TimeGrid: the steps and durations of a collection of pieces as classes.

Music uses few different note lengths. The grid is learned from a collection: values
that are close together form one class, represented by the most frequent of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from abcrnn.data.notes import Notes

Seconds = NDArray[np.float64]
Classes = NDArray[np.int32]

_MAX_CLASSES = 64  # of steps, and of durations
_CHORD_TIME = 0.010  # seconds; notes that begin within this time are heard as a chord
_RATIO = 1.03  # values within this ratio form a class
_MAX_TIME = 60.0  # seconds; longer values are set to this


class TimeGrid(NamedTuple):
    """The values of the classes of steps and of durations.

    Parameters
    ----------
    steps, durations : ndarray, shape (classes,), float64
        In seconds, ascending.
    """

    steps: Seconds
    durations: Seconds

    def __repr__(self) -> str:
        return f"TimeGrid(steps={len(self.steps)}, durations={len(self.durations)})"

    @classmethod
    def of(cls, tables: Iterable[Notes]) -> TimeGrid:
        """Return the grid of note tables.

        Parameters
        ----------
        tables : iterable of ndarray, shape (notes,), NOTE

        Returns
        -------
        TimeGrid
            At most 64 steps, of which 0 is one, and at most 64 durations.
        """
        tables = list(tables)
        steps = np.concatenate([table["step"] for table in tables])
        durations = np.concatenate([table["duration"] for table in tables])
        return cls(_centres(np.append(steps, 0.0)), _centres(durations))

    def classify(self, notes: Notes) -> tuple[Classes, Classes]:
        """Return the nearest class of each note's step and duration.

        Returns
        -------
        steps, durations : ndarray, shape (notes,), int32
        """
        return nearest(self.steps, notes["step"]), nearest(self.durations, notes["duration"])


def nearest(centres: Seconds, values: Seconds) -> Classes:
    """Return the index of the nearest centre for each value.

    Parameters
    ----------
    centres : ndarray, shape (classes,), float64
        Seconds, ascending.
    values : ndarray, shape (n,)
        Seconds.

    Returns
    -------
    ndarray, shape (n,), int32
    """
    return np.searchsorted((centres[1:] + centres[:-1]) / 2, values).astype(np.int32)


def _centres(values: Seconds) -> Seconds:
    """Return the most frequent value of each class, after merging until there are few classes."""
    found, counts = np.unique(np.minimum(values, _MAX_TIME).round(4), return_counts=True)
    ratio = _RATIO
    while (classes := _classes(found, ratio))[-1] >= _MAX_CLASSES:
        ratio = 1 + (ratio - 1) * 1.3
    members = [classes == number for number in range(classes[-1] + 1)]
    centres = [found[member][counts[member].argmax()] for member in members]
    if centres[0] < _CHORD_TIME and found[0] == 0:
        centres[0] = 0.0
    return np.array(centres, np.float64)


def _classes(ascending: Seconds, ratio: float) -> NDArray[np.intp]:
    """Return the number of each value's class; a class starts where the ratio is exceeded."""
    classes, first, number = np.zeros(len(ascending), np.intp), ascending[0], 0
    for index, value in enumerate(ascending):
        if value > max(first * ratio, first + _CHORD_TIME):
            first, number = value, number + 1
        classes[index] = number
    return classes
