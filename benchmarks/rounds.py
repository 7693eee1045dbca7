"""Interleaved runs of several implementations, and statistics over the rounds."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.children import Child

# Seconds between two runs. PyTorch's threads spin for about ten milliseconds after a run.
_PAUSE = 0.1


class Spread(NamedTuple):
    """Median, minimum and maximum over the rounds."""

    median: float
    minimum: float
    maximum: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Return median, minimum and maximum of the values."""
        return cls(statistics.median(values), min(values), max(values))


class Rounds(NamedTuple):
    """Measurements of all rounds.

    Parameters
    ----------
    rates : dict of str to list of float
        Rates of each implementation by name, one per round.
    waiting : float
        Largest share of one core that an implementation used while it was idle.
    others : float or None
        Share of all cores that other programs used meanwhile. None where it is unknown.
    """

    rates: dict[str, list[float]]
    waiting: float
    others: float | None

    def disturbance(self) -> str:
        """Return a sentence about the load from idle implementations and other programs."""
        sentence = f"An idle implementation used at most {100 * self.waiting:.1f} % of a core"
        if self.others is None:
            return f"{sentence}."
        return f"{sentence}; other programs used {100 * self.others:.1f} % of all cores."


def interleave(children: Sequence[Child], rounds: int) -> Rounds:
    """Run the implementations in turn: A B C A B C."""
    rates: dict[str, list[float]] = {child.name: [] for child in children}
    busy, used, started = _busy_seconds(), sum(child.used for child in children), time.monotonic()
    for _ in range(rounds):
        for child in children:
            time.sleep(_PAUSE)
            rates[child.name].append(child.run().rate)
    waiting = max(child.waiting_share for child in children)
    if busy is None:
        return Rounds(rates, waiting, None)
    used = sum(child.used for child in children) - used
    whole = (time.monotonic() - started) * (os.cpu_count() or 1)
    return Rounds(rates, waiting, max(0.0, (_busy_seconds() or 0.0) - busy - used) / whole)


def _busy_seconds() -> float | None:
    """Return the busy seconds of all cores since boot; None except on Linux."""
    try:
        first = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0]
    except OSError:
        return None
    user, nice, system, _idle, _waiting, *interrupts = map(int, first.split()[1:9])
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")


def ratio(ours: Sequence[float], implementation: Sequence[float]) -> Spread:
    """Return how many times faster abcrnn is, from the ratio within each round.

    A temporary slowdown of the machine affects both rates of a round, so the
    ratio varies less than the rates.
    """
    return Spread.of([a / b for a, b in zip(ours, implementation, strict=True)])


def same_network(parameters: dict[str, int], expected: int) -> None:
    """Raise ``ValueError`` unless all implementations have the expected number of parameters."""
    others = {name: number for name, number in parameters.items() if number != expected}
    if others:
        raise ValueError(f"expected {expected} parameters, got {others}")
