"""The run folder: the files of one training run.

===========================  =====================================================
``run.json``                 model, data and settings of the run
``checkpoints/``             the last three checkpoints
``history.csv``              one row for each epoch
``best.abcrnn``              the model with the best validation score
``epoch-NNNN.abcrnn``        models kept by the setting ``keep_every``
``.lock``                    locked while a process trains in the folder
===========================  =====================================================
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
from typing import Any, NamedTuple, get_type_hints

from abcrnn.data.splits import recorded_rule
from abcrnn.storage.archive import Arrays, read_archive, write_archive
from abcrnn.storage.atomic import remove_partial_files, sync_folder, write_text
from abcrnn.storage.locks import lock_folder
from abcrnn.storage.paths import as_path
from abcrnn.training.records import EpochRecord

_logger = logging.getLogger(__name__)

_CHECKPOINT = "abcrnn checkpoint 2"
_KEPT = 3
# Settings that do not affect the weights, so they can change when a run is resumed.
_CHANGEABLE = {"checkpoint_epochs", "checkpoint_minutes", "keep_every"}


@dataclass
class Position:
    """How far a run is: finished epochs, and the sums of the epoch in progress.

    Parameters
    ----------
    epoch : int
        Finished epochs.
    window : int
        Batches of the next epoch that are done.
    loss_sum : float
        Sum of their losses.
    correct : int
        Sum of their correct predictions.
    seconds : float
        Time they took.
    best_score : float
        Lowest validation score.
    best_epoch : int
        Its epoch, counted from 1; 0 if there is none.
    """

    epoch: int = 0
    window: int = 0
    loss_sum: float = 0.0
    correct: int = 0
    seconds: float = 0.0
    best_score: float = math.inf
    best_epoch: int = 0


class Checkpoint(NamedTuple):
    """Everything that is needed to resume a run.

    Parameters
    ----------
    step : int
        Steps taken since the run began.
    position : Position
    history : list
        A record for each finished epoch.
    arrays : dict of str to ndarray
        Weights, slots of the optimizer, state of the model, weights of the best epoch.
    """

    step: int
    position: Position
    history: list[Any]
    arrays: Arrays


class RunFolder:
    """Reads and writes one run folder.

    Parameters
    ----------
    path : path-like
        Created when the first file is written.
    record : type
        Named tuple of an epoch; see :mod:`abcrnn.training.records`.
    """

    def __init__(self, path: str | os.PathLike[str], record: Any = EpochRecord) -> None:
        self.path, self._record = as_path(path), record
        self.best = self.path / "best.abcrnn"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Lock the folder, and remove partial files that killed processes left.

        Raises
        ------
        BlockingIOError
            If another process has locked it; see :func:`abcrnn.storage.locks.lock_folder`.
        """
        with lock_folder(self.path):
            for name in ("run.json", "history.csv", "*.abcrnn", "checkpoints/step-*.ckpt"):
                remove_partial_files(self.path / name)
            yield

    def open(self, description: dict[str, Any]) -> None:
        """Write run.json of a new run, or compare it with that of the run to resume.

        Parameters
        ----------
        description : dict
            What must not change when a run is resumed.

        Raises
        ------
        ValueError
            If the folder holds a different run; the message lists the differences.
        """
        # Through JSON, so that tuples compare equal to the lists in the file.
        description = json.loads(json.dumps(description))
        file = self.path / "run.json"
        if not file.exists():
            write_text(file, json.dumps({**description, "versions": _versions()}, indent=1) + "\n")
            return
        try:
            recorded = json.loads(file.read_text(encoding="utf-8"))
            differences = [
                difference
                for name, value in description.items()
                if name != "base"
                for difference in _differences(name, recorded[name], value)
            ]
            differences += _differences("base", recorded.get("base"), description.get("base"))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ValueError(f"{file} is damaged ({error}); use another run folder") from error
        if differences:
            raise ValueError(
                f"{self.path} holds another run: {'; '.join(differences)}. "
                f"Use the same settings to resume it, or another run folder{_advice(differences)}"
            )

    def split_rule(self) -> str:
        """Return the rule that split the data of this run; ``"hash"`` for a new run.

        See :mod:`abcrnn.data.splits`. A run that records none has the rule ``"shuffle"``.
        """
        try:
            return recorded_rule(self.recorded_origin())
        except ValueError:
            return recorded_rule(None)  # `open` reports the damage

    def recorded_origin(self) -> dict[str, Any] | None:
        """Return the origin of the data of this run; None for a new run or without a record."""
        recorded = self._recorded()
        origin = recorded.get("pieces")
        if origin is None and isinstance(recorded.get("corpus"), dict):
            origin = recorded["corpus"].get("origin")
        return origin if isinstance(origin, dict) else None

    @property
    def has_base(self) -> bool:
        """Whether this run started from the weights of another model."""
        return bool(self._recorded().get("base"))

    def recorded_setting(self, name: str) -> Any:
        """Return a training setting of this run; None for a new run or without a record."""
        settings = self._recorded().get("training")
        return settings.get(name) if isinstance(settings, dict) else None

    def recorded_settings(self) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Return model and training settings of this run; None without a record of both."""
        recorded = self._recorded()
        model, training = recorded.get("model"), recorded.get("training")
        if isinstance(model, dict) and isinstance(training, dict):
            return model, training
        return None

    def _recorded(self) -> dict[str, Any]:
        try:
            recorded = json.loads((self.path / "run.json").read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}  # a new run; or `open` reports the damage
        return recorded if isinstance(recorded, dict) else {}

    def save_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint, and remove all but the last three."""
        file = self._checkpoints() / f"step-{checkpoint.step:09}.ckpt"
        write_archive(file, _CHECKPOINT, _about(checkpoint), checkpoint.arrays)
        sync_folder(file.parent)  # the new file must be on disk before an old one is removed
        # Checkpoints of later steps are damaged: the run resumed from one before them.
        kept = [saved for saved in self._saved() if saved <= file][-_KEPT:]
        for other in self._saved():
            if other not in kept:
                other.unlink()

    def newest_checkpoint(self, like: Arrays) -> Checkpoint | None:
        """Return the newest valid checkpoint; log a warning for each damaged one.

        Parameters
        ----------
        like : dict of str to ndarray
            Arrays with the names, shapes and types of a valid checkpoint.

        Returns
        -------
        Checkpoint or None
            None if there are no checkpoints.

        Raises
        ------
        ValueError
            If all checkpoints are damaged. The caller decides whether to start again.
        """
        damaged = []
        for file in reversed(self._saved()):
            try:
                checkpoint = _read_checkpoint(file, like, self._record)
            except (ValueError, OSError) as error:
                damaged.append(str(error))
                continue
            for message in damaged:
                _logger.warning("%s; resuming from an earlier one, %s", message, file.name)
            return checkpoint
        if damaged:
            raise ValueError(
                f"no checkpoint in {self._checkpoints()} is valid ({'; '.join(damaged)}): "
                "remove that folder to start the run again"
            )
        return None

    def write_history(self, history: list[Any]) -> None:
        """Write history.csv with one row for each epoch."""
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
        _require_like(arrays, like)
        checkpoint = Checkpoint(
            about["step"],
            _position(about["position"]),
            [_record(record, row, epoch) for epoch, row in enumerate(about["history"], start=1)],
            arrays,
        )
        if file.stem != f"step-{checkpoint.step:09}":
            raise ValueError(f"it is the checkpoint of step {checkpoint.step}")
        if len(checkpoint.history) != checkpoint.position.epoch:
            raise ValueError("its history does not have one row for each epoch")
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        reason = str(error)[:300]
        raise ValueError(f"{file} is not a valid abcrnn checkpoint file: {reason}") from error
    return checkpoint


def _require_like(arrays: Arrays, like: Arrays) -> None:
    if odd := sorted(arrays.keys() ^ like.keys()):
        raise ValueError(f"arrays missing or unexpected: {', '.join(odd[:4])}")
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
    position = Position(**values)
    numbers = [float(value) for name, value in values.items() if name != "best_score"]
    if not all(0 <= number < math.inf for number in numbers) or math.isnan(position.best_score):
        raise ValueError(f"its position is {_short(values)}")
    if position.best_epoch > position.epoch:
        raise ValueError(f"its best epoch is {position.best_epoch} of {position.epoch}")
    return position


def _record(kind: Any, row: Any, epoch: int) -> Any:
    """Return a row of the history as a record; ``ValueError`` if a value is of another type."""
    record = kind(*row)
    for name, hint in get_type_hints(kind).items():
        value = getattr(record, name)
        if isinstance(value, bool) or not isinstance(value, hint | int):
            raise ValueError(f"the {name} of epoch {epoch} in its history is {_short(value)}")
        if value is not None:
            float(value)  # OverflowError for a number that is too large
    if record.epoch != epoch:
        raise ValueError(f"row {epoch} of its history is of epoch {_short(record.epoch)}")
    return record


def _advice(differences: list[str]) -> str:
    """Return how tunes may differ although the user has not changed them."""
    if not any(difference.startswith("its corpus fingerprint") for difference in differences):
        return ""
    return (
        ". The tunes differ: the files have changed, or were read by other rules "
        "(--join-blank; earlier versions of abcrnn: see Files in CHANGELOG.md)"
    )


def _differences(name: str, recorded: Any, now: Any) -> list[str]:
    if recorded == now or (recorded is None and now is False):  # a setting of a later version
        return []
    if isinstance(recorded, list) and isinstance(now, list) and len(recorded) == len(now):
        recorded, now = dict(enumerate(recorded, start=1)), dict(enumerate(now, start=1))
    if isinstance(recorded, dict) and isinstance(now, dict):
        return [
            difference
            for key in {**recorded, **now}
            if key not in _CHANGEABLE
            for difference in _differences(f"{name} {key}", recorded.get(key), now.get(key))
        ]
    return [f"its {name} is {_setting(recorded)}, not {_setting(now)}"]


def _setting(value: Any) -> str:
    return "unset" if value is None else _short(value)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 100 else text[:97] + "..."


def _versions() -> dict[str, str]:
    packages = ("abcrnn", "tensorflow", "keras", "numpy")
    found = {"python": sys.version.split()[0]}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:  # in a checkout that is not installed
            found[package] = "not installed"
    return found
