"""Speed of constrained sampling, with a trained model.

Usage::

    python -m benchmarks.constrained MODEL [--tunes N] [--rounds N]

Tunes are sampled with and without the constraint in turn, in one process, then composed
and rewritten. A first call computes transitions, a second one finds them in the model.
Another process measures ``abcrnn compose -n 1`` from the shell.
"""

from __future__ import annotations

import argparse
import functools
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from abcrnn import Sampler, compose, load_model, rewrite
from abcrnn.composition.provenance import without_provenance
from abcrnn.sampling.decoder import Streams
from benchmarks.clock import timed
from benchmarks.rounds import Spread
from benchmarks.tables import machine, seconds

_REQUESTS = {"key": "G", "meter": "6/8", "form": "AABB", "bars": 16}


def main() -> None:
    """Measure, and print a line for each figure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.constrained", description=__doc__)
    parser.add_argument("model", metavar="MODEL", type=Path)
    parser.add_argument("--tunes", type=int, default=128, metavar="N", help="tunes in one run")
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    arguments = parser.parse_args()
    print(machine())
    for name, figure in _figures(arguments):
        print(f"{name}: {figure}", flush=True)


def _figures(arguments: argparse.Namespace) -> Any:
    model = load_model(arguments.model)
    yield from _ratios(model, arguments.tunes, arguments.rounds)
    yield from _composing(model)
    yield from _rewriting(model)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield "largest memory of the process", f"{peak:.0f} MB"
    shell = [_shell(arguments.model) for _ in range(min(3, arguments.rounds))]
    yield "`abcrnn compose -n 1`, new process", f"{seconds(Spread.of(shell))} s"


def _ratios(model: Any, tunes: int, rounds: int) -> Any:
    """Constrained over unconstrained characters per second, in the first call and later."""
    free = Sampler(model, 0.8, seed=1)
    rate(lambda: free.tunes(1, max_length=200))  # compiles one row; 64 rows come next
    rate(lambda: free.tunes(64, max_length=200))
    rate(lambda: Sampler(model, 0.8, seed=2, constraint="bars").tunes(64, max_length=60))
    vars(model).pop("_transition_tables")  # compiled, but without transitions
    for call in range(1 + rounds):
        with characters_per_call() as lengths:
            bound = rate(lambda: Sampler(model, 0.8, seed=3, constraint="bars").tunes(tunes))
        loose = rate(lambda: free.tunes(tunes))
        name = "first call" if call == 0 else f"call {call + 1}"
        yield (
            f"64 streams, {name}",
            f"{bound / loose:.2f} of the unconstrained speed ({bound:,.0f} and {loose:,.0f} "
            f"characters/s), {len(lengths)} calls of the loop, median of "
            f"{statistics.median(lengths):.0f} characters per stream",
        )


def _composing(model: Any) -> Any:
    for call in ("first", "second", "third"):
        with characters_per_call() as lengths:
            timing = timed(20, lambda: compose(model, 20, **_REQUESTS, seed=1))
        yield (
            f"20 tunes in G, 6/8, AABB, 16 bars, {call} call",
            f"{timing.seconds:.1f} s, {len(lengths)} calls of the loop",
        )


def _rewriting(model: Any) -> Any:
    tune = without_provenance(compose(model, 1, **_REQUESTS, seed=1).tunes[0])
    for call in ("first", "second", "third"):
        timing = timed(1, lambda: rewrite(model, tune, 5, 6, seed=1))
        yield f"rewrite two of 16 bars, {call} call", f"{timing.seconds:.1f} s"


def _shell(model: Path) -> float:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "abcrnn", "compose", str(model), "-n", "1"]
        command += ["--seed", "1", "-o", str(Path(folder) / "tune.abc")]
        run = functools.partial(subprocess.run, command, check=True, capture_output=True)
        return timed(1, run).seconds


def rate(work: Callable[[], list[str]]) -> float:
    """Return the characters of complete tunes per second."""
    made: list[str] = []
    timing = timed(1, lambda: made.extend(work()))
    return sum(map(len, made)) / timing.seconds


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
