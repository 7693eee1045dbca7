"""Sizes of the measurements: full, or just large enough to check that everything runs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from benchmarks import workloads
from benchmarks.workloads import Network, Sampling, Training

RECIPES = ("jigs", "mit")


@dataclass(frozen=True)
class Scale:
    """Sizes of all measurements.

    Parameters
    ----------
    rounds : dict of str to int
        Runs of each implementation, by stage.
    windows : dict of str to int
        Updates in one training run, by recipe.
    lengths : dict of int to int
        Characters per stream in one sampling run, by number of streams.
    lab_length : int
        Characters in one run of the lab's loop, which is about a hundred times slower.
    notes, loop_notes : int
        Notes in one run of abcrnn, and in one of the tutorial's loop, which is far slower.
    peak_size : int
        Rows of the square matrices whose product measures the peak.
    units : tuple of int
    batches : tuple of int
    seq_lengths : tuple of int
        Values in the table of growth.
    growth_operations : float
        Approximate floating-point operations of one run of the stage growth.
    shrunk : Network, optional
        Replaces the network of each recipe.
    """

    rounds: dict[str, int]
    windows: dict[str, int]
    lengths: dict[int, int]
    lab_length: int
    notes: int
    loop_notes: int
    peak_size: int
    units: tuple[int, ...]
    batches: tuple[int, ...]
    seq_lengths: tuple[int, ...]
    growth_operations: float
    shrunk: Network | None = None

    def network(self, name: str) -> Network:
        """Return the network of a recipe at this scale."""
        return self.shrunk or workloads.network(name)

    def training(self, name: str) -> Training:
        """Return the training of a recipe at this scale."""
        full = workloads.training(name, self.windows[name])
        return replace(full, network=self.network(name))

    def sampling(self, name: str, streams: int) -> Sampling:
        """Return the sampling from a recipe's network at this scale."""
        return Sampling(name, self.network(name), streams, self.lengths[streams])


FULL = Scale(
    rounds={"training": 7, "sampling": 7, "start": 5, "growth": 3, "notes": 7},
    windows={"jigs": 48, "mit": 20},
    # abcrnn samples blocks of 128 characters after a given first one. A multiple of 128 less one
    # wastes no sampled character.
    lengths={1: 1023, 64: 511},
    lab_length=48,
    notes=1024,
    loop_notes=100,
    peak_size=3072,
    units=(128, 256, 512, 1024),
    batches=(1, 16, 64, 256),
    seq_lengths=(32, 64, 128),
    growth_operations=60e9,
)

SMOKE = Scale(
    rounds={"training": 1, "sampling": 1, "start": 1, "growth": 1, "notes": 1},
    windows={"jigs": 2, "mit": 2},
    lengths={1: 127, 64: 127},
    lab_length=4,
    notes=64,
    loop_notes=2,
    peak_size=256,
    units=(16, 32),
    batches=(1, 4),
    seq_lengths=(8, 16),
    growth_operations=1e7,
    shrunk=Network(embedding_dim=16, units=64, num_layers=1, dropout=0.1),
)
