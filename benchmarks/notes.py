"""Sampling one sequence of notes: abcrnn compared with the tutorial's loop."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.children import Child
from benchmarks.rounds import Spread, interleave, ratio, same_network
from benchmarks.scales import Scale
from benchmarks.tables import Table, rate, times

_MODULE = "benchmarks.note_baselines"


def tables(scale: Scale, rounds: int) -> Iterator[Table]:
    """Measure both recipes and the loop that the tutorial uses with its model."""
    with (
        Child("recipe tutorial", f"{_MODULE}:OurNotes") as window,
        Child("recipe default", f"{_MODULE}:OurNotes") as classes,
        Child("loop of the tutorial", f"{_MODULE}:PredictLoop") as loop,
    ):
        parameters = {
            window.name: window.make("tutorial", scale.notes),
            loop.name: loop.make("tutorial", scale.loop_notes),
        }
        same_network(parameters, parameters[loop.name])
        classes.make("default", scale.notes)
        measured = interleave([window, classes, loop], rounds)
    rates = measured.rates
    yield Table(
        title="Notes from MIDI: one sequence",
        header=["times the loop", "implementation", "notes/s", "minimum to maximum"],
        rows=[
            [times(ratio(values, rates[loop.name])), name, *rate(Spread.of(values))]
            for name, values in rates.items()
        ],
        note=f"Rounds: {rounds}. {measured.disturbance()}",
        figures={"notes_per_second": rates, "others": measured.others},
    )
