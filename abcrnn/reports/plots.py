"""Plots of a training run, a model card and what a memory copies: figures, and PNG files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from abcrnn.evaluation.distributions import distance
from abcrnn.storage.atomic import write_bytes
from abcrnn.training.records import EpochRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

    from abcrnn.evaluation.copying import Copying

# Shares by value: of the corpus, of the generated tunes.
_Shares = tuple[dict[Any, float], dict[Any, float]]

#: Colors in plots that compare generated tunes or notes with a corpus.
CORPUS_COLOR, GENERATED_COLOR = "#c3c9d0", "#1c5d99"

_COLUMNS = 3  # of panels in the picture of a model card
_TAIL = 0.01  # share at either end that the picture leaves out; the distance includes it
_FRACTIONS = {"1/2": "½", "1/4": "¼", "3/4": "¾", "1/3": "⅓", "2/3": "⅔"}


def plot_history(
    history: Sequence[EpochRecord], path: str | os.PathLike[str] | None = None
) -> Figure:
    """Plot bits per character over epochs. In a notebook, the result is shown as a picture.

    Parameters
    ----------
    history : sequence of EpochRecord
        At least one.
    path : path-like, optional
        PNG file to write.

    Returns
    -------
    matplotlib.figure.Figure
        To draw more on, or to save in another format. ``figure.axes[0]`` has the curves.
    """
    from matplotlib.ticker import MaxNLocator

    from abcrnn.reports.notebook_figure import NotebookFigure

    figure = NotebookFigure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    epochs = [record.epoch for record in history]
    axes.plot(epochs, [record.bits_per_char for record in history], "o-", label="training")
    scored = [r for r in history if r.validation_bits_per_char is not None]
    if scored:
        bits = [record.validation_bits_per_char or 0.0 for record in scored]
        best = min(range(len(bits)), key=bits.__getitem__)
        label = f"validation (best {bits[best]:.3f}, epoch {scored[best].epoch})"
        axes.plot([record.epoch for record in scored], bits, "s-", label=label)
    axes.set_xlabel("epoch")
    axes.set_ylabel("bits per character")
    axes.set_title("Bits per character (lower is better)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend()
    if path is not None:
        save_figure(figure, path)
    return figure


def plot_copying(copying: Copying, path: str | os.PathLike[str] | None = None) -> Figure:
    """Plot the share of each character's prediction that is copied from each earlier character.

    Parameters
    ----------
    copying : Copying
        From :func:`abcrnn.evaluation.copying.copying`.
    path : path-like, optional
        PNG file to write.

    Returns
    -------
    matplotlib.figure.Figure
        A diagonal line is a phrase that is copied. Thin lines separate the lines of the tune.
    """
    from abcrnn.reports.notebook_figure import NotebookFigure

    figure = NotebookFigure(figsize=(8, 7), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(copying.copied, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
    figure.colorbar(image, label="share of the prediction")
    lines = copying.tune.split("\n")
    begins = [0, *accumulate(len(line) + 1 for line in lines[:-1])]
    for begin in begins[1:]:
        axes.axhline(begin - 0.5, color=CORPUS_COLOR, linewidth=0.5)
        axes.axvline(begin - 0.5, color=CORPUS_COLOR, linewidth=0.5)
    axes.set_yticks(begins, [line[:14] for line in lines], fontsize=7, parse_math=False)
    axes.set_xlabel("copied character")
    axes.set_ylabel("predicted character")
    if path is not None:
        save_figure(figure, path)
    return figure


def plot_card(
    generated: Mapping[str, Counter[Any]],
    corpus: Mapping[str, Counter[Any]],
    numbers: Mapping[str, str],
    path: str | os.PathLike[str] | None = None,
    held_out: Mapping[str, Counter[Any]] | None = None,
) -> Figure:
    """Plot the distributions of generated tunes and of a corpus.

    There is a panel for each kind of distribution. A kind for which this module has no
    drawing of its own is shown as a bar chart of its most frequent values.

    Parameters
    ----------
    generated, corpus : mapping of str to Counter
        Counts by kind, such as ``"pitch"``, from
        :func:`abcrnn.evaluation.distributions.distributions`. The panels are in the order
        of ``corpus``.
    numbers : mapping of str to str
        Names and values for the last panel, in order; up to twelve fit well.
    path : path-like, optional
        PNG file to write.
    held_out : mapping of str to Counter, optional
        Distributions of held-out tunes, of the same number as the generated ones. The
        titles give their distances for comparison.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If the mappings do not have the same kinds.
    """
    for name, counts in (("generated", generated), ("held_out", held_out or corpus)):
        if counts.keys() != corpus.keys():
            kinds = f"{', '.join(corpus)} as in corpus, not {', '.join(counts)}"
            raise ValueError(f"{name} must have the kinds {kinds}")
    from matplotlib.layout_engine import ConstrainedLayoutEngine
    from matplotlib.patches import Patch

    from abcrnn.reports.notebook_figure import NotebookFigure

    lines = -(-(len(corpus) + 1) // _COLUMNS)
    layout = ConstrainedLayoutEngine(wspace=0.04, hspace=0.06)
    figure = NotebookFigure(figsize=(13, 3.8 * lines), layout=layout)
    panels = figure.subplots(lines, _COLUMNS).flatten()
    for kind, axes in zip(corpus, panels, strict=False):
        title = f"{kind}: distance {distance(generated[kind], corpus[kind]):.2f}"
        if held_out:
            title += f" (held-out {distance(held_out[kind], corpus[kind]):.2f})"
        axes.set_title(title)
        draw = _DRAWINGS.get(kind, _draw_most_frequent)
        draw(axes, (_shares(corpus[kind]), _shares(generated[kind])))
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    _write_numbers(panels[len(corpus)], numbers)
    for unused in panels[len(corpus) + 1 :]:
        unused.remove()
    heading = "Distance: share of notes to change to match the corpus"
    if held_out:
        heading += "\n(held-out: distance of as many held-out tunes)"
    figure.suptitle(heading, x=0.01, ha="left", fontsize=12)
    figure.legend(
        handles=[
            Patch(color=CORPUS_COLOR, label="corpus"),
            Patch(color=GENERATED_COLOR, label="generated"),
        ],
        loc="outside upper right",
        ncols=2,
        frameon=False,
        fontsize=12,
    )
    if path is not None:
        save_figure(figure, path)
    return figure


def _draw_pitches(axes: Axes, shares: _Shares) -> None:
    shown = _draw_numbers(axes, shares)
    white = {pitch: name for pitch in shown if (name := _white_key(pitch))}
    axes.xaxis.set_ticks(list(white), list(white.values()), fontsize=9)
    axes.set_xlabel("pitch in ABC (white keys)")


def _draw_intervals(axes: Axes, shares: _Shares) -> None:
    _draw_numbers(axes, shares)
    axes.set_xlabel("semitones to the next note")


def _draw_tune_lengths(axes: Axes, shares: _Shares) -> None:
    from matplotlib.ticker import MaxNLocator

    _draw_numbers(axes, shares)
    axes.xaxis.set_major_locator(MaxNLocator(12, steps=[1, 2, 4, 8, 10], integer=True))
    axes.set_xlabel("bars as written")


def _draw_note_lengths(axes: Axes, shares: _Shares) -> None:
    lengths = sorted(_most_frequent(shares, 9))
    _draw_bars(axes.bar, "width", range(len(lengths)), lengths, shares)
    axes.xaxis.set_ticks(range(len(lengths)), [str(length) for length in lengths], fontsize=9)
    axes.set_xlabel("fraction of a whole note")
    _show_percent(axes.yaxis)


def _draw_rhythms(axes: Axes, shares: _Shares) -> None:
    _draw_most_frequent(axes, shares, _rhythm_name)
    axes.set_xlabel("most frequent rhythms, in eighth notes (z: a rest)")


def _draw_most_frequent(axes: Axes, shares: _Shares, name_of: Callable[[Any], str] = str) -> None:
    """Draw a line of bars for each of the most frequent values of any kind."""
    values = _most_frequent(shares, 12)
    _draw_bars(axes.barh, "height", range(len(values)), values, shares)
    names = [name_of(value) for value in values]
    axes.yaxis.set_ticks(range(len(values)), names, fontsize=9)
    axes.invert_yaxis()
    axes.set_xlabel("most frequent values")
    _show_percent(axes.xaxis)


#: Drawings of the kinds of :func:`abcrnn.evaluation.distributions.distributions`.
_DRAWINGS: dict[str, Callable[[Axes, _Shares], None]] = {
    "pitch": _draw_pitches,
    "interval": _draw_intervals,
    "note length": _draw_note_lengths,
    "bar rhythm": _draw_rhythms,
    "tune length": _draw_tune_lengths,
}


def _draw_numbers(axes: Axes, shares: _Shares) -> Sequence[int]:
    """Draw two distributions of whole numbers without their tails; return the range shown."""
    from matplotlib.ticker import MaxNLocator

    kept = [value for share_of in shares for value in _without_tails(share_of)]
    shown = range(min(kept), max(kept) + 1) if kept else range(0)
    _draw_bars(axes.bar, "width", shown, shown, shares)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _show_percent(axes.yaxis)
    return shown


def _without_tails(share_of: dict[int, float]) -> Iterator[int]:
    below = 0.0
    for value, share in sorted(share_of.items()):
        if below + share > _TAIL and below < 1 - _TAIL:
            yield value
        below += share


def _draw_bars(
    draw: Any, across: str, positions: Sequence[int], values: Sequence[Any], shares: _Shares
) -> None:
    """Draw wide gray bars for the corpus, and narrow blue bars for the generated tunes on them.

    Parameters
    ----------
    draw : callable
        ``bar`` or ``barh`` of the axes.
    across : str
        Name of the argument of ``draw`` for the thickness of the bars.
    positions : sequence of int
        Position of the bars of each value along the axis.
    values : sequence
        Values to draw, keys of ``shares``.
    shares : pair of dict
        Shares from 0 to 1 by value: of the corpus, of the generated tunes.
    """
    colors = (CORPUS_COLOR, GENERATED_COLOR)
    for share_of, color, thickness in zip(shares, colors, (0.9, 0.4), strict=True):
        heights = [share_of.get(value, 0) for value in values]
        draw(positions, heights, color=color, **{across: thickness})


def _show_percent(axis: Axis) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.3g}%"))
    axis.grid(alpha=0.3)


def _shares(counts: Counter[Any]) -> dict[Any, float]:
    return {value: count / counts.total() for value, count in counts.items()}


def _most_frequent(shares: _Shares, count: int) -> list[Any]:
    both = {value: sum(s.get(value, 0) for s in shares) for s in shares for value in s}
    # The value breaks ties, so that the order of the tunes does not change the picture.
    return sorted(both, key=lambda value: (-both[value], value))[:count]


def _white_key(pitch: int) -> str:
    """Return a MIDI number as ABC writes it, middle C (60) as ``C``; empty for a black key."""
    octave, semitones = divmod(pitch - 60, 12)
    letter = "C D EF G A B"[semitones].strip()
    if not letter or octave <= 0:
        return letter and letter + "," * -octave
    return letter.lower() + "'" * (octave - 1)


def _rhythm_name(rhythm: tuple[Fraction, ...]) -> str:
    names = [_in_eighths(length) for length in rhythm]
    if len(names) > 8 and len(set(names)) == 1:
        return f"{len(names)} x {names[0]}"
    return " ".join(names)


def _in_eighths(length: Fraction) -> str:
    whole, rest = divmod(abs(8 * length), 1)
    part = _FRACTIONS.get(str(rest), f"+{rest}" if whole else f"{rest}") if rest else ""
    return ("z" if length < 0 else "") + (f"{whole}" if whole or not part else "") + part


def _write_numbers(axes: Axes, numbers: Mapping[str, str]) -> None:
    axes.set_axis_off()
    axes.set_title("in numbers")
    step = min(0.1, 1 / max(len(numbers), 1))
    for line, (name, value) in enumerate(numbers.items(), start=1):
        height = 1 - line * step
        axes.text(0, height, name, fontsize=11)
        axes.text(1, height, value, fontsize=11, ha="right", weight="bold")


def save_figure(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure as a PNG file. Equal figures give equal bytes.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : path-like

    Raises
    ------
    OSError
        If the file cannot be written; no partial file remains.
    """
    from abcrnn.reports.notebook_figure import png_bytes

    write_bytes(path, png_bytes(figure))
