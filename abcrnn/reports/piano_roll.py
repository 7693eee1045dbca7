"""Plot of generated notes: a piano roll, and their distributions next to the data's."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from abcrnn.data.notes import Notes
from abcrnn.evaluation.distributions import distance
from abcrnn.models.note_model import NoteModel, as_counter, count_notes
from abcrnn.reports.plots import CORPUS_COLOR, GENERATED_COLOR, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NAMES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")
_MAX_SECONDS = 100.0  # shown in the piano roll
_MIN_SHARE = 0.002  # a class with a smaller share in both is left out of the picture


def plot_notes(notes: Notes, model: NoteModel, path: str | os.PathLike[str]) -> None:
    """Plot notes as a piano roll, with their pitches, steps and durations, as a PNG.

    Parameters
    ----------
    notes : ndarray of NOTE
    model : NoteModel
        Its training data are shown for comparison.
    path : path-like
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 7), layout="constrained")
    grid = figure.add_gridspec(2, 3, height_ratios=(1.2, 1))
    _draw_roll(figure.add_subplot(grid[0, :]), notes)
    generated = count_notes(model.grid, notes)
    for column, kind in enumerate(("pitch", "step", "duration")):
        axes = figure.add_subplot(grid[1, column])
        apart = distance(as_counter(generated[kind]), as_counter(model.counts[kind]))
        axes.set_title(f"{kind}: distance {apart:.2f}")
        labels = _labels(kind, model)
        _draw_shares(axes, generated[kind], model.counts[kind], labels)
        axes.set_xlabel("note" if kind == "pitch" else "seconds")
        if not column:
            axes.set_ylabel("share of notes")
            axes.legend(frameon=False)
    save_figure(figure, path)


def _draw_roll(axes: Axes, notes: Notes) -> None:
    begin = notes["start"].min()
    shown = notes[notes["start"] <= begin + _MAX_SECONDS]
    axes.barh(
        shown["pitch"],
        np.maximum(shown["duration"], 0.03),
        left=shown["start"] - begin,
        height=0.8,
        color=GENERATED_COLOR,
    )
    low, high = int(shown["pitch"].min()) - 1, int(shown["pitch"].max()) + 1
    naturals = [p for p in range(low, high + 1) if p % 12 in (0, 2, 4, 5, 7, 9, 11)]
    if len(naturals) > 18:
        naturals = [p for p in naturals if p % 12 == 0]
    axes.set_yticks(naturals, [_pitch_name(p) for p in naturals], fontsize=8)
    axes.set_xlabel("seconds")
    rest = len(notes) - len(shown)
    axes.set_title(f"{len(shown)} notes" + (f" ({rest} more not shown)" if rest else ""))
    axes.grid(alpha=0.3)
    axes.set_axisbelow(True)


def _draw_shares(
    axes: Axes, generated: NDArray[np.int64], data: NDArray[np.int64], labels: Sequence[str]
) -> None:
    shares = [counts / max(1, counts.sum()) for counts in (data, generated)]
    shown = [n for n in range(len(data)) if max(share[n] for share in shares) >= _MIN_SHARE]
    positions = np.arange(len(shown))
    for name, share, colour, width in (
        ("data", shares[0], CORPUS_COLOR, 0.9),
        ("generated", shares[1], GENERATED_COLOR, 0.5),
    ):
        axes.bar(positions, share[shown], width=width, color=colour, label=name)
    every = -(-len(shown) // 14)
    axes.set_xticks(
        positions[::every], [labels[n] for n in shown[::every]], fontsize=8, rotation=60
    )
    axes.spines[["top", "right"]].set_visible(False)


def _labels(kind: str, model: NoteModel) -> list[str]:
    if kind == "pitch":
        return [_pitch_name(pitch) for pitch in range(128)]
    times = model.grid.steps if kind == "step" else model.grid.durations
    return [f"{time:.3g}" for time in times]


def _pitch_name(pitch: int) -> str:
    return f"{_NAMES[pitch % 12]}{pitch // 12 - 1}"
