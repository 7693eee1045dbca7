"""Rounds in which every rival has its turn, and what is made of them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.children import Child


class Spread(NamedTuple):
    """The median of a figure over the rounds, and how far it went."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Take the median, the least and the most."""
        return cls(statistics.median(values), min(values), max(values))


def interleave(children: Sequence[Child], rounds: int) -> dict[str, list[float]]:
    """Let the rivals run in turn, A B C A B C; return the rates of each by its name."""
    rates: dict[str, list[float]] = {child.name: [] for child in children}
    for _ in range(rounds):
        for child in children:
            rates[child.name].append(child.run().rate)
    return rates


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
