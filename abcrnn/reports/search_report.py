"""The results of a search for hyper-parameters: a table, a CSV file, and plots."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from abcrnn.reports.plots import CORPUS_COLOR, GENERATED_COLOR, save_figure
from abcrnn.storage.atomic import write_text

if TYPE_CHECKING:
    from abcrnn.training.search_study import TrialResult

_MARKERS = {"finished": "o", "pruned": "x", "unfinished": "^", "failed": "x"}


def format_values(values: Mapping[str, Any]) -> str:
    """Return settings as text, such as ``units 256, dropout 0.3``."""
    return ", ".join(f"{name} {_text(value)}" for name, value in values.items())


def trials_table(trials: Sequence[TrialResult]) -> str:
    """Return a table with a line for each trial, in the order given.

    Parameters
    ----------
    trials : sequence of TrialResult
        At least one.
    """
    names = list(trials[0].values)
    rows = [["bits", "trial", "state", "epochs", *names]]
    for trial in trials:
        bits = "" if trial.bits_per_char is None else f"{trial.bits_per_char:.4f}"
        values = [_text(trial.values.get(name, "")) for name in names]
        rows.append([bits, str(trial.number), trial.state, str(trial.epochs), *values])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )


def write_trials(trials: Sequence[TrialResult], path: str | os.PathLike[str]) -> None:
    """Write a CSV file with a row for each trial, in the order given.

    Parameters
    ----------
    trials : sequence of TrialResult
        At least one.
    path : path-like
    """
    names = list(trials[0].values)
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["trial", "state", "bits_per_char", "best_epoch", "epochs", *names, "problem"])
    for trial in trials:
        values = [trial.values.get(name) for name in names]
        found = trial.bits_per_char, trial.best_epoch, trial.epochs
        rows.writerow([trial.number, trial.state, *found, *values, trial.problem])
    write_text(path, text.getvalue())


def plot_trials(trials: Sequence[TrialResult], path: str | os.PathLike[str]) -> None:
    """Plot the score of each trial, and the best so far, as a PNG.

    Parameters
    ----------
    trials : sequence of TrialResult
        Those without a score are left out.
    path : path-like
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    scored = sorted((t.number, t.bits_per_char, t.state) for t in trials if t.bits_per_char)
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for state in dict.fromkeys(state for *_, state in scored):
        points = [(number, bits) for number, bits, other in scored if other == state]
        color = GENERATED_COLOR if state == "finished" else "#8a929c"
        axes.scatter(*zip(*points, strict=True), marker=_MARKERS[state], label=state, color=color)
    best = [min(bits for _, bits, _ in scored[: count + 1]) for count in range(len(scored))]
    numbers = [number for number, *_ in scored]
    axes.step(numbers, best, where="post", label="best so far", color=GENERATED_COLOR)
    axes.set_xlabel("trial")
    axes.set_ylabel("bits per character, validation")
    axes.set_title("Trials (lower is better)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend()
    save_figure(figure, path)


def plot_importance(importance: Mapping[str, float], path: str | os.PathLike[str]) -> None:
    """Plot how much each setting mattered as a PNG.

    Parameters
    ----------
    importance : mapping of str to float
        Shares that add up to 1 by the name of the setting.
    path : path-like
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    figure = Figure(figsize=(7, 1 + 0.4 * len(importance)), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(list(importance), list(importance.values()), color=CORPUS_COLOR)
    axes.bar_label(bars, [f"{share:.0%}" for share in importance.values()], padding=4)
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_xlim(0, 1.08 * max(importance.values()))
    axes.set_title("Importance of each setting for the score (PED-ANOVA)")
    axes.spines[["top", "right"]].set_visible(False)
    save_figure(figure, path)


def _text(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
