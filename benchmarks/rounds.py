"""Rounds in which every rival has its turn, and what is made of them."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.children import Child

# Seconds between two turns: PyTorch's threads spin for some ten milliseconds after their work.
_PAUSE = 0.1


class Spread(NamedTuple):
    """The median of a figure over the rounds, and how far it went."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Take the median, the least and the most."""
        return cls(statistics.median(values), min(values), max(values))


class Rounds(NamedTuple):
    """What the rounds gave.

    Parameters
    ----------
    rates : dict of str to list of float
        Of each rival by its name, round by round.
    waiting : float
        Largest share of one core that a rival used while it waited.
    others : float or None
        Share of all cores that other programs had meanwhile; None where that cannot be told.
    """

    rates: dict[str, list[float]]
    waiting: float
    others: float | None

    def disturbance(self) -> str:
        """In words: what the rivals had to share the machine with."""
        words = f"A waiting rival used at most {100 * self.waiting:.1f} % of a core"
        if self.others is None:
            return f"{words}."
        return f"{words}; other programs had {100 * self.others:.1f} % of all cores."


def interleave(children: Sequence[Child], rounds: int) -> Rounds:
    """Let the rivals run in turn: A B C A B C."""
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
    """Seconds that all cores together have worked since the machine began; Linux alone tells."""
    try:
        first = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0]
    except OSError:
        return None
    user, nice, system, _idle, _waiting, *interrupts = map(int, first.split()[1:9])
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")


def ratio(ours: Sequence[float], rival: Sequence[float]) -> Spread:
    """How many times faster we are, round by round.

    Whatever slows the machine for a while slows both of a round, so the ratio
    within a round is steadier than the rates.
    """
    return Spread.of([a / b for a, b in zip(ours, rival, strict=True)])


def same_network(parameters: dict[str, int], expected: int) -> None:
    """Make sure that all rivals compute the same network; ``ValueError`` if not."""
    others = {name: number for name, number in parameters.items() if number != expected}
    if others:
        raise ValueError(f"the network has {expected} parameters, but {others}")
