"""Notes: abcrnn beside the tutorial's loop, one sequence."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.children import Child
from benchmarks.rounds import Spread, interleave, ratio, same_network
from benchmarks.scales import Scale
from benchmarks.tables import Table, rate, times

_RIVALS = "benchmarks.note_rivals"


def tables(scale: Scale, rounds: int) -> Iterator[Table]:
    """Measure both recipes beside the loop that the tutorial's model comes with."""
    with (
        Child("recipe tutorial", f"{_RIVALS}:OurNotes") as window,
        Child("recipe default", f"{_RIVALS}:OurNotes") as classes,
        Child("the tutorial's loop", f"{_RIVALS}:PredictLoop") as loop,
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
        header=["times the loop", "who", "notes/s", "least to most"],
        rows=[
            [times(ratio(values, rates[loop.name])), name, *rate(Spread.of(values))]
            for name, values in rates.items()
        ],
        note=f"Rounds: {rounds}. {measured.disturbance()}",
        figures={"notes_per_second": rates, "others": measured.others},
    )
