"""The interface of a measured implementation, and the timing of one run."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple, Protocol


class Timing(NamedTuple):
    """An amount of work (characters, notes or floating-point operations) and its duration."""

    amount: float
    seconds: float

    @property
    def rate(self) -> float:
        """Amount per second."""
        return self.amount / self.seconds


class Implementation(Protocol):
    """An implementation to measure. It runs in its own process.

    Attributes
    ----------
    parameters : int
        Number of weights, with one bias per gate; the same for all rows of a table.
    """

    parameters: int

    def warm_up(self) -> None:
        """Run once, to compile and to allocate memory."""

    def run(self) -> Timing:
        """Run the workload once and time it."""


def timed(amount: float, work: Callable[[], object]) -> Timing:
    """Time one call."""
    started = time.perf_counter()
    work()
    return Timing(amount, time.perf_counter() - started)
