"""Start-up time: to the first tune of a saved model, and to the first training step."""

from __future__ import annotations

import functools
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks import first_tune
from benchmarks.children import in_new_process
from benchmarks.clock import timed
from benchmarks.rounds import Spread
from benchmarks.scales import RECIPES, Scale
from benchmarks.tables import Table, seconds

Figures = dict[str, dict[str, list[float]]]


def tables(scale: Scale, rounds: int) -> Iterator[Table]:
    """Measure both recipes in turn, always in new processes."""
    figures: Figures = {name: defaultdict(list) for name in RECIPES}
    with tempfile.TemporaryDirectory() as folder:
        models = {name: Path(folder) / f"{name}.abcrnn" for name in RECIPES}
        for name, model in models.items():
            in_new_process(first_tune.memorise, scale.network(name), model)
        for _ in range(rounds):
            for name, model in models.items():
                for part, value in _measure(scale, name, model).items():
                    figures[name][part].append(value)
    yield _table(figures, rounds)


def _measure(scale: Scale, name: str, model: Path) -> dict[str, float]:
    workload = replace(scale.training(name), windows=1)
    return {
        **in_new_process(first_tune.to_first_tune, model),
        "`abcrnn sample MODEL -n 1`, whole": _command(model),
        **in_new_process(first_tune.to_first_step, workload),
    }


def _command(model: Path) -> float:
    command = [sys.executable, "-m", "abcrnn", "sample", str(model), "-n", "1", "--seed", "1"]
    run = functools.partial(subprocess.run, command, check=True, capture_output=True)
    return timed(1, run).seconds


def _table(figures: Figures, rounds: int) -> Table:
    parts = next(iter(figures.values()))
    return Table(
        title="Start: seconds in a new process",
        header=["part", *(f"recipe {name}" for name in figures)],
        rows=[
            [part, *(seconds(Spread.of(values[part])) for values in figures.values())]
            for part in parts
        ],
        note=f"Rounds: {rounds}. After the first, program files are in the page cache. "
        "The parts were timed in a different process from the whole command.",
        figures={"seconds": figures},
    )
