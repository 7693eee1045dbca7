"""The command: ``python -m benchmarks music MODEL... --corpus NAME``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from abcrnn import load_corpus, load_model
from abcrnn.evaluation.held_out import held_out_for_all, training_part
from abcrnn.storage.atomic import write_text
from benchmarks.music.figures import Figures, Reference, value_of
from benchmarks.music.generation import Settings, generate
from benchmarks.music.picture import draw

#: Name of the column of real tunes.
REAL = "held-out tunes"

# Rows of the table: label and keys of a number; shares are shown in per cent.
_ROWS = {
    "full bars that occurred before, notes and rhythm": ("metrics", "returning"),
    "full bars that occurred before, rhythm": ("metrics", "returning_rhythms"),
    "two such bars in a row": ("metrics", "returning_pairs"),
    "tunes in which no full bar returns": ("metrics", "without_return"),
    "tunes refused because of a loop": ("loops",),
    "tunes that share more than 4 bars with a training tune": ("copied", "above_four_bars"),
    "known runs of 6 notes": ("copied", "known_grams"),
    "tunes that end off the tonic": ("metrics", "off_tonic"),
    "tunes that end outside its triad": ("metrics", "off_chord"),
    "tunes with a last note under a quarter": ("metrics", "short_ending"),
    "tunes with a leap over an octave": ("metrics", "with_leap"),
}
_NUMBERS = {
    "longest shared run, median, bars": ("copied", "median"),
    "longest shared run, 90th percentile, bars": ("copied", "percentile_90"),
    "bars of a tune, mean": ("metrics", "bars"),
}


def main(arguments: Sequence[str]) -> int:
    """Generate and measure the tunes; print a table, and write the JSON file and the figure."""
    options = _parser().parse_args(arguments)
    try:
        found = measure(options)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print("\n".join(table(found["columns"])))
    if options.json:
        write_text(options.json, json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    if options.figure:
        title = f"{found['settings']['tunes']} constrained tunes each, corpus {found['corpus']}"
        draw(found["columns"], REAL, title, options.figure)
    return 0


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Return the measurements of all models and of real tunes, as in the JSON file."""
    names = options.names or [Path(path).stem for path in options.models]
    if len(names) != len(options.models) or len({*names, REAL}) != len(names) + 1:
        raise ValueError(f"--names must have a different name for each model, not {names}")
    corpus = load_corpus(options.corpus)
    models = {n: load_model(path) for n, path in zip(names, options.models, strict=True)}
    settings = Settings(options.n, options.temperature, options.seed, options.max_length)
    references: dict[str, Reference] = {}
    columns: dict[str, Figures] = {}
    for name, model in models.items():
        part = training_part(model, corpus)
        if part is None:
            raise ValueError(f"{name} was not trained on a part of {corpus.name}")
        reference = references.setdefault(part.fingerprint, Reference(part))
        columns[name] = reference.figures(generate(model, settings, options.work))
        print(f"{name}: measured", file=sys.stderr)
    real = held_out_for_all(list(models.values()), corpus)
    columns[REAL] = next(iter(references.values())).figures(real.tunes)
    return {
        "corpus": corpus.name,
        "fingerprint": corpus.fingerprint,
        "settings": settings._asdict(),
        "models": {name: model.fingerprint for name, model in models.items()},
        "columns": columns,
    }


def table(columns: Mapping[str, Figures]) -> list[str]:
    """Return the lines of a table in Markdown."""
    lines = [["measured", *columns], ["---"] * (1 + len(columns))]
    for label, keys in _ROWS.items():
        lines.append([label, *(_percent(value_of(each, keys)) for each in columns.values())])
    for label, keys in _NUMBERS.items():
        lines.append([label, *(f"{value_of(each, keys):.1f}" for each in columns.values())])
    for kind in next(iter(columns.values()))["distances"]:
        values = (f"{each['distances'][kind]:.2f}" for each in columns.values())
        lines.append([f"distance, {kind}", *values])
    return ["| " + " | ".join(line) + " |" for line in lines]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks music",
        description="Measure the tunes that models generate under the constraint: bars that "
        "return, loops, copied bars, and distances from the training tunes. Stop with Ctrl-C; "
        "run the same command to resume.",
        epilog="example: python -m benchmarks music memory.abcrnn plain.abcrnn --corpus irish",
    )
    parser.add_argument("models", nargs="+", metavar="MODEL", help="model files")
    parser.add_argument("--corpus", required=True, metavar="NAME", help="the models' corpus")
    parser.add_argument("--names", nargs="+", metavar="NAME", help="names of the models")
    defaults = Settings()
    parser.add_argument("-n", type=int, default=defaults.tunes, metavar="N", help="tunes of each")
    parser.add_argument("--temperature", type=float, default=defaults.temperature, metavar="T")
    parser.add_argument("--seed", type=int, default=defaults.seed, metavar="N")
    parser.add_argument("--max-length", type=int, default=defaults.max_length, metavar="N")
    parser.add_argument(
        "--work", type=Path, default=Path("runs/music"), metavar="DIR", help="for generated tunes"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all measurements as JSON")
    parser.add_argument("--figure", type=Path, metavar="FILE", help="PNG file to write")
    return parser
