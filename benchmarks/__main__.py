"""The commands ``python -m benchmarks STAGE`` (speed), ``quality``, ``music`` and ``validity``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks import growth, notes, own_tunes, packaged, sampling, start, training, validity
from benchmarks.quality import command as quality
from benchmarks.scales import FULL, SMOKE
from benchmarks.tables import Table, machine

_STAGES = {
    "training": training.tables,
    "sampling": sampling.tables,
    "start": start.tables,
    "growth": growth.tables,
    "notes": notes.tables,
}


def main() -> int:
    """Run the requested stages and print each table when it is complete."""
    if sys.argv[1:2] == ["quality"]:
        return quality.main(sys.argv[2:])
    if sys.argv[1:2] == ["music"]:
        from benchmarks.music import command as music  # loads TensorFlow

        return music.main(sys.argv[2:])
    if sys.argv[1:2] == ["validity"]:
        return validity.main(sys.argv[2:])
    if sys.argv[1:2] == ["packaged"]:
        return packaged.main(sys.argv[2:])
    if sys.argv[1:2] == ["own-tunes"]:
        return own_tunes.main(sys.argv[2:])
    arguments = _arguments()
    scale = SMOKE if arguments.smoke else FULL
    names = _STAGES if arguments.stage == "all" else [arguments.stage]
    print(f"{machine()}\n", flush=True)
    measured: list[Table] = []
    for name in names:
        for table in _STAGES[name](scale, arguments.rounds or scale.rounds[name]):
            print(table.markdown(), flush=True)
            measured.append(table)
    if arguments.json:
        arguments.json.write_text(json.dumps(_report(measured), indent=1) + "\n", encoding="utf-8")
    return 0


def _report(tables: list[Table]) -> dict[str, Any]:
    return {"machine": machine(), "tables": {table.title: table.figures for table in tables}}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure the speed of abcrnn and of baselines. The command "
        "'python -m benchmarks quality' measures held-out bits per character instead, and "
        "'python -m benchmarks music' the tunes that models generate.",
    )
    parser.add_argument(
        "stage", nargs="?", default="all", choices=[*_STAGES, "all"], help="what to measure"
    )
    parser.add_argument("--smoke", action="store_true", help="tiny sizes, to check that it runs")
    parser.add_argument("--rounds", type=int, metavar="N", help="runs of each implementation")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all measurements as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
