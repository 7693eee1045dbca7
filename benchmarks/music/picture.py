"""The figure: properties of generated tunes beside those of real tunes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abcrnn.reports.plots import save_figure
from benchmarks.music.figures import value_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_REAL_COLOR, _COLORS = "#8a929c", ("#1c5d99", "#e08e45", "#639fab", "#b3446c", "#7b9e3c")

#: Labels of a panel, with the keys that lead to each share.
_RETURNS = {
    "notes and\nrhythm": ("metrics", "returning"),
    "rhythm": ("metrics", "returning_rhythms"),
    "two bars\nin a row": ("metrics", "returning_pairs"),
}
_TUNES = {
    "no bar\nreturns": ("metrics", "without_return"),
    "off the\ntonic": ("metrics", "off_tonic"),
    "short\nlast note": ("metrics", "short_ending"),
    "leap over\nan octave": ("metrics", "with_leap"),
    "refused\nloop": ("loops",),
    "over 4 bars\ncopied": ("copied", "above_four_bars"),
}
_DISTANCES = {
    "pitches": ("distances", "pitch"),
    "intervals": ("distances", "interval"),
    "lengths": ("distances", "note length"),
    "rhythms": ("distances", "bar rhythm"),
    "bars of\na tune": ("distances", "tune length"),
}


def draw(columns: Mapping[str, Mapping[str, Any]], real: str, title: str, path: Path) -> None:
    """Draw the figures of models and of real tunes, and write a PNG file.

    Parameters
    ----------
    columns : mapping of str to figures
        By the name of the model; figures as from :meth:`.figures.Reference.figures`.
    real : str
        The name of the real tunes among them.
    title : str
    path : Path
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4.6), layout="constrained")
    panels = figure.subplots(1, 3, width_ratios=(3, 6, 5))
    colors = dict(zip([name for name in columns if name != real], _COLORS * 9, strict=False))
    colors[real] = _REAL_COLOR
    kinds = (
        (panels[0], _RETURNS, "Share of full bars that occurred before"),
        (panels[1], _TUNES, "Share of tunes"),
        (panels[2], _DISTANCES, "Distance from the training tunes"),
    )
    for axes, labels, name in kinds:
        _draw_panel(axes, labels, columns, colors)
        axes.set_title(name)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    figure.suptitle(title)
    save_figure(figure, path)


def _draw_panel(
    axes: Axes,
    labels: Mapping[str, Sequence[str]],
    columns: Mapping[str, Mapping[str, Any]],
    colors: Mapping[str, str],
) -> None:
    width = 0.8 / len(columns)
    for number, (name, figures) in enumerate(columns.items()):
        shares = [float(value_of(dict(figures), keys) or 0) for keys in labels.values()]
        positions = [index + (number + 0.5) * width - 0.4 for index in range(len(labels))]
        axes.bar(positions, shares, 0.9 * width, color=colors[name], label=name)
        for position, share, keys in zip(positions, shares, labels.values(), strict=True):
            if found := figures["intervals"].get(keys[-1]):
                low, high = found
                axes.errorbar(position, share, [[share - low], [high - share]], color="#333333")
    axes.set_xticks(range(len(labels)), list(labels), fontsize=9)
    axes.set_ylim(bottom=0)
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
