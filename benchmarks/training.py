"""Speed of training: abcrnn, PyTorch and Keras."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from benchmarks.children import Child
from benchmarks.rounds import Spread, interleave, ratio, same_network
from benchmarks.scales import RECIPES, Scale
from benchmarks.tables import Table, gigaflops, rate, share, times
from benchmarks.workloads import Training, vocabulary

#: ``jit_compile`` for Keras: XLA makes one recipe faster and the other slower, as measured.
_FASTER_JIT = {"jigs": True, "mit": False}


def tables(scale: Scale, rounds: int) -> Iterator[Table]:
    """Measure both recipes."""
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(Child("abcrnn", "benchmarks.ours:OurTraining"))
        torch = stack.enter_context(
            Child("PyTorch `nn.LSTM`", "benchmarks.torch_baselines:TorchTraining")
        )
        keras = stack.enter_context(
            Child("Keras `fit`", "benchmarks.keras_baselines:KerasTraining")
        )
        peak = stack.enter_context(Child("peak", "benchmarks.peak:Peak"))
        peak.make(scale.peak_size)
        for name in RECIPES:
            workload = scale.training(name)
            parameters = {child.name: child.make(workload) for child in (ours, torch)}
            parameters[keras.name] = keras.make(workload, jit_compile=_FASTER_JIT[name])
            same_network(parameters, workload.network.parameters(len(vocabulary())))
            yield _table(workload, [ours, torch, keras], peak, rounds)


def _table(workload: Training, children: list[Child], peak: Child, rounds: int) -> Table:
    """Measure and build the table. The first child runs abcrnn."""
    measured = interleave([*children, peak], rounds)
    rates = measured.rates
    peaks = rates.pop(peak.name)
    operations = workload.operations(len(vocabulary())) / workload.characters
    rows = []
    for name, values in rates.items():
        spread = Spread.of(values)
        against = times(ratio(rates[children[0].name], values))
        part = share(spread.median * operations, Spread.of(peaks).median)
        rows.append([against, name, *rate(spread), part])
    network = workload.network
    return Table(
        title=f"Training, recipe {workload.name}: {network.num_layers} x {network.units}, "
        f"batch {workload.batch_size} x {workload.seq_length}",
        header=["abcrnn / other", "implementation", "characters/s", "minimum to maximum",
                "share of float32 peak"],
        rows=rows,
        note=f"Rounds: {rounds}, of {workload.windows} updates each. Peak {gigaflops(peaks)}; "
        f"{operations / 1e6:.2f} million operations per character. "
        f"{measured.disturbance()}",
        figures={"characters_per_second": rates, "peak": peaks, "operations": operations,
                 "others": measured.others},
    )  # fmt: skip
