"""The command: ``python -m benchmarks quality --corpus NAME --row NAME``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from abcrnn.models.recipes import RECIPES
from benchmarks.quality.data import FINGERPRINTS, SPLITS, load_data
from benchmarks.quality.options import Options
from benchmarks.quality.outcome import figures
from benchmarks.quality.records import (
    RESULTS,
    Record,
    describe_machine,
    folder_name,
    load_records,
    put_record,
)
from benchmarks.quality.rows import ROWS, Row, recipe_row
from benchmarks.quality.table import DOCUMENT, line, replace_tables, tables


def main(arguments: Sequence[str]) -> int:
    """Compute one row, or write the tables of docs/benchmark.md."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.table:
        DOCUMENT.write_text(replace_tables(DOCUMENT.read_text("utf-8"), load_records()), "utf-8")
        print(tables(load_records()))
        return 0
    if not (options.corpus and options.row):
        parser.error("give --corpus and --row, or --table")
    try:
        record = compute(options.corpus, options.split, _row(options), options)
    except (ValueError, ImportError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    put_record(record, options.json)
    print(line(record))
    return 0


def compute(corpus: str, split: str, row: Row, options: argparse.Namespace) -> Record:
    """Run a row and return its record."""
    data = load_data(corpus, split)
    record: dict[str, Any] = {
        "corpus": corpus,
        "sha256": data.fingerprint,
        "split": split,
        "row": options.row,
        "settings": row.settings,
    }
    if options.minutes is not None:
        record["settings"] = {**row.settings, "minutes": options.minutes}
    folder = options.work / folder_name(record)
    # TensorFlow reads it when it is imported.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(options.threads))
    outcome = row.run(data, Options(folder, options.threads, options.minutes))
    return {
        **record,
        **figures(data.test.tunes, outcome.costs),
        **outcome.about,
        "seconds": round(outcome.seconds, 1),
        **describe_machine(options.threads, row.packages),
    }


def _row(options: argparse.Namespace) -> Row:
    row = ROWS[options.row]
    if options.recipe:
        if row.module != "our_rows":
            raise ValueError(f"--recipe: the row {options.row} does not train a recipe of abcrnn")
        row = replace(recipe_row(row.title, options.recipe), title=row.title)
    return row.with_settings(options.set)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks quality",
        description="Measure the bits per character of abcrnn and of other models on held-out "
        "tunes. Stop with Ctrl-C; run the same command to resume.",
        epilog="example: python -m benchmarks quality --corpus irish --row pytorch-2x512",
    )
    parser.add_argument("--corpus", choices=list(FINGERPRINTS))
    parser.add_argument("--row", choices=list(ROWS))
    parser.add_argument("--split", choices=SPLITS, default=SPLITS[0], help="default: %(default)s")
    parser.add_argument(
        "--minutes", type=_minutes, metavar="M", help="begin no epoch after M minutes of training"
    )
    parser.add_argument(
        "--threads", type=_threads, default=os.cpu_count() or 1, metavar="N", help="of one process"
    )
    parser.add_argument("--recipe", choices=sorted(RECIPES), help="another recipe, in rows of ours")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="another setting; repeat"
    )
    parser.add_argument(
        "--work", type=Path, default=Path("runs/quality"), metavar="DIR", help="for checkpoints"
    )
    parser.add_argument("--json", type=Path, default=RESULTS, metavar="FILE", help="the results")
    parser.add_argument(
        "--table", action="store_true", help="write the tables of docs/benchmark.md, and print them"
    )
    return parser


def _minutes(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a number above 0, not {text}")
    return value


def _threads(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {text}")
    return value
