"""The run folder: what one training run leaves on disk.

``run.json`` says what is trained on what; ``checkpoints/`` holds the last
three, each enough to go on from to the bit; ``history.csv`` has a row an epoch;
``best.abcrnn`` is the model that did best on the validation tunes.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import os
import sys
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from abcrnn.archive import Arrays, read_archive, write_archive
from abcrnn.files import write_text

_logger = logging.getLogger(__name__)

_CHECKPOINT = "abcrnn checkpoint 1"
_KEPT = 3


class EpochRecord(NamedTuple):
    """One epoch of training.

    Losses and bits are per character and, for training, under dropout; the
    validation figures are None where there are no validation tunes.
    """

    epoch: int
    steps: int
    loss: float
    bits_per_char: float
    accuracy: float
    validation_bits_per_char: float | None
    validation_accuracy: float | None
    learning_rate: float
    seconds: float
    chars_per_second: float


class RunFolder:
    """Reads and writes one run folder.

    Parameters
    ----------
    path : path-like
        Made when the first file is written.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.best = self.path / "best.abcrnn"

    def open(self, description: dict[str, Any]) -> None:
        """Begin the run, or make sure that it is this one.

        Parameters
        ----------
        description : dict
            What must not change within a run, by name.

        Raises
        ------
        ValueError
            If the folder holds a run of something else; says what differs.
        """
        # As JSON gives it back, so that a tuple and a list do not differ.
        description = json.loads(json.dumps(description))
        file = self.path / "run.json"
        if not file.exists():
            write_text(file, json.dumps({**description, "versions": _versions()}, indent=1) + "\n")
            return
        try:
            begun = json.loads(file.read_text(encoding="utf-8"))
            differences = [
                difference
                for name, value in description.items()
                for difference in _differences(name, begun[name], value)
            ]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ValueError(f"{file} is damaged ({error}); take another run folder") from error
        if differences:
            raise ValueError(
                f"{self.path} holds another run: {'; '.join(differences)}. "
                "Take the same settings to go on with it, or another run folder"
            )

    def save_checkpoint(self, step: int, about: dict[str, Any], arrays: Arrays) -> None:
        """Write a checkpoint, then remove all but the last three."""
        write_archive(self._checkpoints() / f"step-{step:09}.ckpt", _CHECKPOINT, about, arrays)
        for old in self._saved()[:-_KEPT]:
            old.unlink()

    def newest_checkpoint(self) -> tuple[dict[str, Any], Arrays] | None:
        """Read the newest sound checkpoint; damaged ones are named in the log and passed over."""
        for file in reversed(self._saved()):
            try:
                return read_archive(file, _CHECKPOINT)
            except ValueError as error:
                _logger.warning("%s; going back to the checkpoint before it", error)
        return None

    def write_history(self, history: list[EpochRecord]) -> None:
        """Write history.csv anew, a row for each epoch."""
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(EpochRecord._fields)
        rows.writerows(history)
        write_text(self.path / "history.csv", text.getvalue())

    def _checkpoints(self) -> Path:
        return self.path / "checkpoints"

    def _saved(self) -> list[Path]:
        return sorted(self._checkpoints().glob("step-*.ckpt"))


def _differences(name: str, begun: Any, now: Any) -> list[str]:
    if begun == now:
        return []
    if isinstance(begun, dict) and isinstance(now, dict):
        return [
            difference
            for key in {**begun, **now}
            for difference in _differences(f"{name} {key}", begun.get(key), now.get(key))
        ]
    return [f"its {name} is {_short(begun)}, not {_short(now)}"]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 100 else text[:97] + "..."


def _versions() -> dict[str, str]:
    packages = ("abcrnn", "tensorflow", "keras", "numpy")
    found = {"python": sys.version.split()[0]}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:  # a bare checkout is not installed
            found[package] = "not installed"
    return found
