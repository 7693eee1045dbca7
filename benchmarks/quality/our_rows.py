"""The rows of abcrnn: a recipe, trained with the public API."""

from __future__ import annotations

import contextlib
import csv
from pathlib import Path
from typing import Any

import abcrnn
from abcrnn.evaluation.scoring import Scorer
from benchmarks.quality.data import Data
from benchmarks.quality.options import Options, report_epoch
from benchmarks.quality.outcome import Outcome


class _OutOfTimeError(Exception):
    """The minutes of the row are used up; the run folder is complete."""


def run(data: Data, settings: dict[str, Any], options: Options) -> Outcome:
    """Train a model, or resume its training, and score the test tunes with the best epoch.

    Parameters
    ----------
    data : Data
    settings : dict
        ``model``, arguments of CharLSTM; ``training``, settings of Trainer; ``epochs``
        and ``seed``.
    options : Options
        The number of threads is that of the process, set in the command.

    Returns
    -------
    Outcome
    """
    model = abcrnn.CharLSTM(data.vocabulary, seed=settings["seed"], **settings["model"])
    trainer = abcrnn.Trainer(
        model,
        data.train,
        validation=data.validation,
        run_dir=options.folder,
        seed=settings["seed"],
        callbacks=[_end_in_time(options)],
        **settings["training"],
    )
    if _within_minutes(options):
        with contextlib.suppress(_OutOfTimeError):
            trainer.fit(settings["epochs"])
    history = _history(options.folder)
    best = min(history, key=lambda record: record["validation_bits_per_char"])
    about = {
        "validation": round(best["validation_bits_per_char"], 5),
        "epochs": len(history),
        "best_epoch": int(best["epoch"]),
        "parameters": model.count_params(),
    }
    scorer = Scorer(abcrnn.load_model(options.folder / "best.abcrnn"))
    seconds = sum(record["seconds"] for record in history)
    return Outcome(scorer.costs(data.test.tunes), seconds, about)


def _history(folder: Path) -> list[dict[str, float]]:
    """Return the epochs of a run folder; none if it is new."""
    path = folder / "history.csv"
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def _within_minutes(options: Options) -> bool:
    seconds = sum(record["seconds"] for record in _history(options.folder))
    return options.minutes is None or seconds < 60 * options.minutes


def _end_in_time(options: Options) -> Any:
    """Return a callback that prints each epoch and ends the training in time."""

    def callback(_trainer: Any, record: Any) -> None:
        report_epoch(record.epoch, record.validation_bits_per_char, record.seconds)
        if not _within_minutes(options):
            raise _OutOfTimeError

    return callback
