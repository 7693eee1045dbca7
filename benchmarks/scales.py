"""How much is measured: enough to tell rivals apart, or just enough to see that it runs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from benchmarks import workloads
from benchmarks.workloads import Network, Sampling, Training

RECIPES = ("jigs", "mit")


@dataclass(frozen=True)
class Scale:
    """Sizes of everything that is run.

    Parameters
    ----------
    rounds : dict of str to int
        Runs of each rival, by stage.
    windows : dict of str to int
        Updates in one run of training, by recipe.
    lengths : dict of int to int
        Characters a stream in one run of sampling, by the number of streams.
    lab_length : int
        Characters in one run of the lab's loop, which is some hundred times slower.
    notes, loop_notes : int
        Notes in one run of ours and of the tutorial's loop, which is far slower.
    peak_size : int
        Of the square product that measures the peak.
    units : tuple of int
    batches : tuple of int
    seq_lengths : tuple of int
        What the table of growth goes over.
    growth_operations : float
        Floating-point operations that a run of growth should come to.
    shrunk : Network, optional
        Takes the place of each recipe's network.
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
    # abcrnn draws stretches of 128 after a first character that is given: one less than whole
    # stretches leaves nothing drawn for nothing.
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
