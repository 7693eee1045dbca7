"""The picture of a training curve, with matplotlib, which comes along with music21."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence

from abcrnn.files import write_bytes
from abcrnn.runs import EpochRecord


def plot_history(history: Sequence[EpochRecord], path: str | os.PathLike[str]) -> None:
    """Draw bits per character over epochs as a PNG.

    Parameters
    ----------
    history : sequence of EpochRecord
        At least one.
    path : path-like
    """
    # Not pyplot: it keeps global state and may look for a screen.
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(7, 4), layout="constrained")
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
    axes.set_title("Lower is better: how surprised the model is by each character")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend()
    picture = io.BytesIO()
    # No date and version inside: the same history gives the same bytes.
    figure.savefig(picture, format="png", dpi=120, metadata={"Software": None})
    write_bytes(path, picture.getvalue())
