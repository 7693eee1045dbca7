"""Training speed by number of units, batch size and window, relative to the machine's peak."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

from benchmarks import workloads
from benchmarks.children import Child
from benchmarks.rounds import Spread, interleave
from benchmarks.scales import Scale
from benchmarks.tables import Table, gigaflops, rate, share
from benchmarks.workloads import Training, vocabulary

_MOST_WINDOWS = 200


def tables(scale: Scale, rounds: int) -> Iterator[Table]:
    """Measure every combination, and the peak in the same rounds."""
    rows, figures, peaks, others = [], {}, [], []
    with (
        Child("abcrnn", "benchmarks.ours:OurTraining") as ours,
        Child("peak", "benchmarks.peak:Peak") as peak,
    ):
        peak.make(scale.peak_size)
        for workload in _points(scale):
            ours.make(workload)
            measured = interleave([ours, peak], rounds)
            rates = measured.rates
            others.append(measured.others or 0.0)
            peaks += rates[peak.name]
            rows.append(_row(workload, rates[ours.name], rates[peak.name]))
            figures[workload.name] = {"characters_per_second": rates[ours.name],
                                      "peak": rates[peak.name]}  # fmt: skip
    network = workloads.network("default")
    yield Table(
        title=f"Growth of training cost, {network.num_layers} layers",
        header=["units", "batch", "window", "characters/s", "minimum to maximum",
                "share of float32 peak"],
        rows=rows,
        note=f"Rounds: {rounds}. Trained in float32, dropout {network.dropout}. "
        f"Peak {gigaflops(peaks)}. "
        f"Other programs had at most {100 * max(others):.1f} % of all cores.",
        figures=figures,
    )  # fmt: skip


def _points(scale: Scale) -> Iterator[Training]:
    """Yield all sizes and batches at the middle window, then the other windows at one size."""
    middle = scale.seq_lengths[len(scale.seq_lengths) // 2]
    for units, batch_size in itertools.product(scale.units, scale.batches):
        yield _point(scale, units, batch_size, middle)
    for seq_length, batch_size in itertools.product(scale.seq_lengths, scale.batches[1:3]):
        if seq_length != middle:
            yield _point(scale, scale.units[-2], batch_size, seq_length)


def _point(scale: Scale, units: int, batch_size: int, seq_length: int) -> Training:
    point = replace(
        workloads.training("jigs", windows=1),  # streams; its sizes are replaced
        name=f"{units} units, {batch_size} x {seq_length}",
        network=replace(workloads.network("default"), units=units),
        batch_size=batch_size,
        seq_length=seq_length,
    )
    fitting = round(scale.growth_operations / point.operations(len(vocabulary())))
    return replace(point, windows=max(1, min(_MOST_WINDOWS, fitting)))


def _row(workload: Training, rates: list[float], peaks: list[float]) -> list[str]:
    spread = Spread.of(rates)
    operations = workload.operations(len(vocabulary())) / workload.characters
    return [
        str(workload.network.units),
        str(workload.batch_size),
        str(workload.seq_length),
        *rate(spread),
        share(spread.median * operations, Spread.of(peaks).median),
    ]
