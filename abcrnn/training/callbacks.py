"""Functions for the argument ``callbacks`` of :class:`abcrnn.Trainer`."""

from __future__ import annotations

import os
from typing import Any

from abcrnn.sampling.sampler import Sampler
from abcrnn.storage.extras import import_tensorboard
from abcrnn.storage.paths import as_path
from abcrnn.storage.progress import write_line
from abcrnn.storage.validation import require_count
from abcrnn.training.records import EpochRecord
from abcrnn.training.trainer import Callback


def sample_every(epochs: int, length: int = 300) -> Callback:
    """Return a callback that prints a sample from the model.

    Parameters
    ----------
    epochs : int
        Number of epochs between two samples.
    length : int
        Number of characters of a sample.

    Returns
    -------
    callable
        For the argument ``callbacks`` of :class:`abcrnn.Trainer`.

    Raises
    ------
    ValueError
        If ``epochs`` is below 1.
    """
    epochs = require_count("epochs", epochs)
    samplers: list[Sampler] = []  # created after the first epochs

    def sample(trainer: Any, record: EpochRecord) -> None:
        if record.epoch % epochs:
            return
        if not samplers:
            samplers.append(Sampler(trainer.model, seed=0))
        text = samplers[0].sample(length=length)[0].strip("\n")
        write_line(f"\nafter epoch {record.epoch}:\n{text}\n", to_output=True)

    return sample


def log_to_tensorboard(folder: str | os.PathLike[str]) -> Callback:
    """Return a callback that writes the record of each epoch for TensorBoard.

    Parameters
    ----------
    folder : path-like
        Folder for the event files.

    Returns
    -------
    callable
        For the argument ``callbacks`` of :class:`abcrnn.Trainer`.

    Raises
    ------
    ImportError
        If the extra ``tensorboard`` is not installed.
    """
    import tensorflow as tf

    import_tensorboard()
    writer = tf.summary.create_file_writer(os.fspath(as_path(folder)))

    def write(_trainer: Any, record: EpochRecord) -> None:
        with writer.as_default():
            for name, value in record._asdict().items():
                if name != "epoch" and value is not None:
                    tf.summary.scalar(name, value, step=record.epoch)
        writer.flush()

    return write
