"""Speed of constrained sampling, with a trained model.

Usage::

    python -m benchmarks.constrained MODEL [--tunes N] [--composed N] [--rounds N]

Tunes are sampled with and without the constraint in turn, in one process, then composed
and rewritten. A first call computes transitions, a second one finds them in the model.
Another process measures ``abcrnn compose -n 1`` from the shell.

Seconds of the clock come with those of the processor, which other programs on the machine
change less.
"""

from __future__ import annotations

import argparse
import functools
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from abcrnn import Sampler, compose, load_model, rewrite
from abcrnn.composition.provenance import without_provenance
from abcrnn.sampling.decoder import Streams
from benchmarks.tables import machine

_REQUESTS = {"key": "G", "meter": "6/8", "form": "AABB", "bars": 16}


class Seconds(NamedTuple):
    """The duration of a call, by the clock and of the processor (with child processes)."""

    clock: float
    processor: float

    @classmethod
    def of(cls, work: Callable[[], object]) -> Seconds:
        """Time one call."""
        clock, processor = time.perf_counter(), _processor_seconds()
        work()
        return cls(time.perf_counter() - clock, _processor_seconds() - processor)

    def __str__(self) -> str:
        return f"{self.clock:.1f} s ({self.processor:.1f} s of the processor)"


def main() -> None:
    """Measure, and print a line for each figure."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.constrained", description="Speed of constrained sampling."
    )
    parser.add_argument("model", metavar="MODEL", type=Path)
    parser.add_argument("--tunes", type=int, default=128, metavar="N", help="tunes in one run")
    parser.add_argument("--composed", type=int, default=100, metavar="N", help="tunes to compose")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="calls of each kind")
    arguments = parser.parse_args()
    print(machine())
    for name, figure in _figures(arguments):
        print(f"{name}: {figure}", flush=True)


def _figures(arguments: argparse.Namespace) -> Iterator[tuple[str, object]]:
    model = load_model(arguments.model)
    yield from _ratios(model, arguments.tunes, arguments.rounds)
    yield from _composing(model, arguments.composed, arguments.rounds)
    yield from _rewriting(model, arguments.rounds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield "largest memory of the process", f"{peak:.0f} MB"
    for number in range(1, 1 + arguments.rounds):
        work = functools.partial(_compose_in_shell, arguments.model, model.novelty is None)
        yield f"`abcrnn compose -n 1`, new process {number}", Seconds.of(work)


def _ratios(model: Any, tunes: int, rounds: int) -> Iterator[tuple[str, str]]:
    """Constrained over unconstrained characters per second, in the first call and later."""
    free = Sampler(model, seed=1)
    free.tunes(64, max_length=200)  # compiles
    Sampler(model, seed=2, constraint="bars").tunes(64, max_length=60)
    vars(model).pop("_transition_tables")  # compiled, but without transitions
    for call in range(1, 1 + rounds):
        bound = Sampler(model, seed=3, constraint="bars")
        with characters_per_call() as lengths:
            clock, processor = rates(lambda sampler=bound: sampler.tunes(tunes))
        free_clock, free_processor = rates(lambda: free.tunes(tunes))
        yield (
            f"64 streams, call {call}",
            f"{clock / free_clock:.2f} of the unconstrained speed by the clock, "
            f"{processor / free_processor:.2f} by the processor "
            f"({clock:,.0f} and {free_clock:,.0f} characters/s), {len(lengths)} calls of the "
            f"loop, median of {statistics.median(lengths):.0f} characters per stream",
        )


def _composing(model: Any, n: int, rounds: int) -> Iterator[tuple[str, str]]:
    for call in range(1, 1 + rounds):
        reports: list[Any] = []
        with characters_per_call() as lengths:
            took = Seconds.of(lambda made=reports: made.append(_compose(model, n).report))
        yield (
            f"{n} tunes in G, 6/8, AABB, 16 bars, call {call}",
            f"{took}, {len(lengths)} calls of the loop, {reports[0].generated} tunes generated",
        )


def _rewriting(model: Any, rounds: int) -> Iterator[tuple[str, Seconds]]:
    tune = without_provenance(_compose(model, 1).tunes[0])
    for call in range(1, 1 + rounds):
        took = Seconds.of(lambda seed=call: rewrite(model, tune, 5, 6, seed=seed))
        yield f"rewrite two of 16 bars, call {call}", took


def _compose(model: Any, n: int) -> Any:
    copied = None if model.novelty is None else 4
    return compose(model, n, **_REQUESTS, seed=1, max_copied_bars=copied)


def _compose_in_shell(model: Path, has_no_index: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "abcrnn", "compose", str(model), "-n", "1"]
        command += ["--seed", "1", "-o", str(Path(folder) / "tune.abc")]
        command += ["--copies"] if has_no_index else []
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603


def _processor_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def rates(work: Callable[[], list[str]]) -> Seconds:
    """Return the characters of complete tunes per second, of the clock and the processor."""
    made: list[str] = []
    took = Seconds.of(lambda: made.extend(work()))
    characters = sum(map(len, made))
    return Seconds(characters / took.clock, characters / took.processor)


class characters_per_call:  # noqa: N801  # used as a function
    """Record the mean number of characters per stream of each call of the compiled loop."""

    def __enter__(self) -> list[float]:
        self._advance = Streams.advance
        lengths: list[float] = []

        def counted(streams: Streams, *steps: int) -> Any:
            rows = self._advance(streams, *steps)
            lengths.append(max(map(len, rows)))
            return rows

        Streams.advance = counted  # type: ignore[method-assign]
        return lengths

    def __exit__(self, *error: object) -> None:
        Streams.advance = self._advance  # type: ignore[method-assign]


if __name__ == "__main__":
    main()
