"""Speed of sampling characters: abcrnn, a PyTorch loop and the MIT lab's Keras loop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from benchmarks.children import Child
from benchmarks.rounds import Spread, interleave, ratio, same_network
from benchmarks.scales import RECIPES, Scale
from benchmarks.tables import Table, rate, times
from benchmarks.workloads import Sampling, vocabulary


def tables(scale: Scale, rounds: int) -> Iterator[Table]:
    """Measure both recipes with one stream and with many."""
    with (
        Child("abcrnn", "benchmarks.ours:OurSampling") as ours,
        Child("PyTorch loop", "benchmarks.torch_baselines:TorchSampling") as torch,
        Child("Keras loop of the MIT lab", "benchmarks.keras_baselines:LabSampling") as lab,
    ):
        for name in RECIPES:
            for streams in scale.lengths:
                workload = scale.sampling(name, streams)
                children = [ours, torch]
                parameters = {child.name: child.make(workload) for child in children}
                if streams == 1:
                    children.append(lab)
                    parameters[lab.name] = lab.make(replace(workload, length=scale.lab_length))
                same_network(parameters, workload.network.parameters(len(vocabulary())))
                yield _table(workload, children, rounds)


def _table(workload: Sampling, children: list[Child], rounds: int) -> Table:
    measured = interleave(children, rounds)
    rates = measured.rates
    ours = rates[children[0].name]
    rows = [
        [times(ratio(ours, values)), name, *rate(Spread.of(values))]
        for name, values in rates.items()
    ]
    network, streams = workload.network, workload.streams
    return Table(
        title=f"Sampling, recipe {workload.name}: {network.num_layers} x {network.units}, "
        f"{streams} stream{'s' if streams > 1 else ''}",
        header=["abcrnn / other", "implementation", "characters/s", "minimum to maximum"],
        rows=rows,
        note=f"Rounds: {rounds}. Characters of all streams are added up. {measured.disturbance()}",
        figures={"characters_per_second": rates, "others": measured.others},
    )
