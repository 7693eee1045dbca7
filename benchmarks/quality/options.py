"""How a row is run, apart from the settings that its result depends on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """How a row is run.

    Parameters
    ----------
    folder : Path
        For checkpoints: the row resumes from what it finds there.
    threads : int
    minutes : float or None
        Begin no epoch after this training time.
    """

    folder: Path
    threads: int
    minutes: float | None = None


def report_epoch(epoch: int, validation: float, seconds: float) -> None:
    """Print one line for an epoch."""
    print(f"epoch {epoch}: validation {validation:.4f} ({seconds:.0f} s)", flush=True)
