"""What the packaged model is worth for a small tunebook: ``python -m benchmarks own-tunes``.

Takes tunes of a corpus that the packaged model has not been trained on as the user's tunebook, and
trains on it with the commands that a user has: with ``--from folk`` and without. Both models are
scored on the same held-out tunes of the corpus, and so is the packaged model as it is.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from abcrnn import evaluate, load_corpus, load_model
from abcrnn.cli.training_run import SOURCE_FIELDS
from abcrnn.data.tidied_corpora import tidy_corpus

_SPLIT = {"validation": 0.1, "test": 0.1, "seed": 0}


def main(arguments: Sequence[str]) -> int:
    """Train and score the models of each number of tunes; print a table."""
    options = _parser().parse_args(arguments)
    rows = [{"tunes": 0, "start": options.base, "bits_per_char": _score(options.base, options)}]
    for count in options.tunes:
        for base in (None, options.base):
            rows.append(_train(count, base, options))
            print(_line(rows[-1]), flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    print("\n".join(map(_line, rows)))
    return 0


def _train(count: int, base: str | None, options: argparse.Namespace) -> dict[str, Any]:
    """Train on a tunebook of that many tunes; return the score of the best epoch."""
    run = (
        options.work
        / f"{options.corpus}-{count}-{options.seed}-{base or 'new'}{'-plain' * options.plain}"
    )
    run.mkdir(parents=True, exist_ok=True)
    book = run / "tunebook.abc"
    book.write_text("\n\n".join(_tunebook(count, options)) + "\n", encoding="utf-8")
    rate = ["--from", base, "--learning-rate", str(options.fine_tuning_rate)] if base else []
    plain = ["--plain"] if options.plain else []
    limits = ["--epochs", str(options.epochs), "--patience", str(options.patience)]
    _run_training(run, str(book), "--test", "0", *rate, *limits, *plain)
    with (run / "history.csv").open(newline="", encoding="utf-8") as file:
        epochs = list(csv.DictReader(file))
    best = min(epochs, key=lambda epoch: float(epoch["validation_bits_per_char"]))
    return {
        "tunes": count,
        "start": base or "random weights",
        "bits_per_char": _score(run / "best.abcrnn", options),
        "best_epoch": int(best["epoch"]),
        "seconds": round(sum(float(epoch["seconds"]) for epoch in epochs)),
    }


def _tunebook(count: int, options: argparse.Namespace) -> list[str]:
    """Return some training tunes of the corpus; the held-out tunes are not among them."""
    train = load_corpus(options.corpus).split(**_SPLIT)[0]
    return random.Random(options.seed).sample(list(train.tunes), count)  # noqa: S311


def _score(model: str | Path, options: argparse.Namespace) -> float:
    """Return the bits per character of the test tunes of the corpus."""
    test = load_corpus(options.corpus).split(**_SPLIT)[2].without_fields(SOURCE_FIELDS)
    if options.plain:
        test = tidy_corpus(test, melody_only=True)
    return round(evaluate(load_model(model), test)["bits_per_char"], 4)


def _run_training(run: Path, *arguments: str) -> None:
    """Run ``abcrnn train``. Its exit code is 1 for a model that is worse than chance, too."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "abcrnn", "train", *arguments, "--out", str(run)],
        capture_output=True,
        text=True,
    )
    if not (run / "best.abcrnn").is_file():
        raise RuntimeError(f"abcrnn train {' '.join(arguments)}: {done.stderr[-2000:]}")


def _line(row: dict[str, Any]) -> str:
    return "  ".join(f"{name} {value}" for name, value in row.items())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks own-tunes",
        description="Train on small tunebooks with and without the packaged model, and score the "
        "models on held-out tunes. Run the same command to resume.",
    )
    parser.add_argument("--corpus", default="irish", help="where the tunes are from")
    parser.add_argument("--tunes", type=int, nargs="+", default=[20, 50, 200], metavar="N")
    parser.add_argument(
        "--plain", action="store_true", help="train on plain melodies and score plain melodies"
    )
    parser.add_argument("--base", default="folk", help="the model to start from")
    parser.add_argument("--fine-tuning-rate", type=float, default=0.002, metavar="X")
    parser.add_argument("--epochs", type=int, default=40, metavar="N")
    parser.add_argument("--patience", type=int, default=6, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the chosen tunes")
    parser.add_argument("--work", type=Path, default=Path("own-tunes"), metavar="DIR")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all rows as JSON")
    return parser
