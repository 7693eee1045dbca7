"""The run folder: what one training run leaves on disk.

``run.json`` says what is trained on what; ``checkpoints/`` holds the last
three, each enough to go on from to the bit; ``history.csv`` has a row an epoch;
``best.abcrnn`` is the model that did best on the validation tunes, and
``epoch-NNNN.abcrnn`` are those kept besides; ``.lock`` keeps a second process out.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from abcrnn.storage.archive import Arrays, read_archive, write_archive
from abcrnn.storage.atomic import remove_partial_files, sync_folder, write_text
from abcrnn.storage.locks import lock_folder

_logger = logging.getLogger(__name__)

_CHECKPOINT = "abcrnn checkpoint 2"
_KEPT = 3
# Settings that leave the weights as they are, so they may change within a run.
_FREE = {"checkpoint_epochs", "checkpoint_minutes", "keep_every"}


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


@dataclass
class Position:
    """Where a run stands: whole epochs done, and how far it is in the next.

    Of the scores on validation data the least is the best.
    """

    epoch: int = 0
    window: int = 0
    loss_sum: float = 0.0
    correct: int = 0
    seconds: float = 0.0
    best_score: float = math.inf
    best_epoch: int = 0


class Checkpoint(NamedTuple):
    """All that a run goes on from: its steps in all, and what stood after the last of them."""

    step: int
    position: Position
    history: list[Any]  # a record for each epoch
    arrays: Arrays


class RunFolder:
    """Reads and writes one run folder.

    Parameters
    ----------
    path : path-like
        Made when the first file is written.
    record : type
        A named tuple: what an epoch is summed up in.
    """

    def __init__(self, path: str | os.PathLike[str], record: Any = EpochRecord) -> None:
        self.path, self._record = Path(path), record
        self.best = self.path / "best.abcrnn"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes out, and clear up after killed ones.

        Raises
        ------
        BlockingIOError
            If another is at it; see :func:`abcrnn.storage.locks.lock_folder`.
        """
        with lock_folder(self.path):
            for name in ("run.json", "history.csv", "*.abcrnn", "checkpoints/step-*.ckpt"):
                remove_partial_files(self.path / name)
            yield

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

    def save_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint, then remove all but it and the two before."""
        file = self._checkpoints() / f"step-{checkpoint.step:09}.ckpt"
        write_archive(file, _CHECKPOINT, _about(checkpoint), checkpoint.arrays)
        sync_folder(file.parent)  # the new one must be safe before an old one goes
        # Any beyond this step were passed over as damaged: this one goes on from before them.
        kept = [saved for saved in self._saved() if saved <= file][-_KEPT:]
        for other in self._saved():
            if other not in kept:
                other.unlink()

    def newest_checkpoint(self, like: Arrays) -> Checkpoint | None:
        """Read the newest sound checkpoint; damaged ones are named in the log and passed over.

        Parameters
        ----------
        like : dict of str to ndarray
            What arrays a sound one has, and of which shapes and types.

        Returns
        -------
        Checkpoint or None
            None if there is none at all.

        Raises
        ------
        ValueError
            If there are some, but all are damaged: to begin anew is not ours to decide.
        """
        damaged = []
        for file in reversed(self._saved()):
            try:
                checkpoint = _read_checkpoint(file, like, self._record)
            except (ValueError, OSError) as error:
                damaged.append(str(error))
                continue
            for message in damaged:
                _logger.warning("%s; going back to an earlier one, %s", message, file.name)
            return checkpoint
        if damaged:
            raise ValueError(
                f"no checkpoint in {self._checkpoints()} is sound ({'; '.join(damaged)}): "
                "remove that folder to begin the run anew"
            )
        return None

    def write_history(self, history: list[Any]) -> None:
        """Write history.csv anew, a row for each epoch."""
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(self._record._fields)
        rows.writerows(history)
        write_text(self.path / "history.csv", text.getvalue())

    def _checkpoints(self) -> Path:
        return self.path / "checkpoints"

    def _saved(self) -> list[Path]:
        return sorted(self._checkpoints().glob("step-*.ckpt"))


def _about(checkpoint: Checkpoint) -> dict[str, Any]:
    position = asdict(checkpoint.position)
    if math.isinf(checkpoint.position.best_score):
        position["best_score"] = None  # JSON has no infinity
    history = [list(record) for record in checkpoint.history]
    return {"step": checkpoint.step, "position": position, "history": history}


def _read_checkpoint(file: Path, like: Arrays, record: Any) -> Checkpoint:
    about, arrays = read_archive(file, _CHECKPOINT)
    try:
        _require_alike(arrays, like)
        checkpoint = Checkpoint(
            about["step"],
            _position(about["position"]),
            [record(*row) for row in about["history"]],
            arrays,
        )
        if file.stem != f"step-{checkpoint.step:09}":
            raise ValueError(f"it is of step {checkpoint.step}")
        if len(checkpoint.history) != checkpoint.position.epoch:
            raise ValueError("its history has not one row for each epoch")
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{file} is not a valid abcrnn checkpoint file: {error}") from error
    return checkpoint


def _require_alike(arrays: Arrays, like: Arrays) -> None:
    if odd := sorted(arrays.keys() ^ like.keys()):
        raise ValueError(f"arrays too many or too few: {', '.join(odd[:4])}")
    for name, array in arrays.items():
        expected = like[name]
        if (array.shape, array.dtype) != (expected.shape, expected.dtype):
            raise ValueError(
                f"the array {name} is {array.dtype} of shape {array.shape}, "
                f"expected {expected.dtype} of shape {expected.shape}"
            )


def _position(values: dict[str, Any]) -> Position:
    if values["best_score"] is None:
        values = {**values, "best_score": math.inf}
    types = {name: type(value) for name, value in asdict(Position()).items()}
    if {name: type(value) for name, value in values.items()} != types:
        raise ValueError(f"its position is {_short(values)}")
    return Position(**values)


def _differences(name: str, begun: Any, now: Any) -> list[str]:
    if begun == now:
        return []
    if isinstance(begun, dict) and isinstance(now, dict):
        return [
            difference
            for key in {**begun, **now}
            if key not in _FREE
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
