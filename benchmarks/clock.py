"""What a rival is, and what it answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple, Protocol


class Timing(NamedTuple):
    """How much was done in how long: characters, or floating-point operations."""

    amount: float
    seconds: float

    @property
    def rate(self) -> float:
        """Amount a second."""
        return self.amount / self.seconds


class Rival(Protocol):
    """One of those compared. It lives in a process of its own.

    Attributes
    ----------
    parameters : int
        Number of weights, with one bias a gate; the same for all in a table.
    """

    parameters: int

    def warm_up(self) -> None:
        """Do once whatever only the first time costs, such as compiling."""

    def run(self) -> Timing:
        """Do the work once, timed."""


def timed(amount: float, work: Callable[[], object]) -> Timing:
    """Time one call."""
    started = time.perf_counter()
    work()
    return Timing(amount, time.perf_counter() - started)
