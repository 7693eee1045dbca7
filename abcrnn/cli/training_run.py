"""What ``abcrnn train`` and ``abcrnn events train`` share."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from abcrnn.cli.arguments import UsageError
from abcrnn.reports.wording import count_of

if TYPE_CHECKING:
    import tensorflow as tf


def add_distribute(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--distribute``."""
    parser.add_argument(
        "--distribute",
        choices=("mirrored", "multi-worker"),
        help="share each batch among the GPUs of this machine, or among the workers in "
        "TF_CONFIG (docs/scaling.md)",
    )


def distribution_strategy(name: str | None) -> tf.distribute.Strategy | None:
    """Return the strategy that ``--distribute`` names; call it before any other TensorFlow code.

    Raises
    ------
    UsageError
        If ``TF_CONFIG`` is missing for ``multi-worker``.
    """
    import tensorflow as tf

    if name is None:
        return None
    if name == "multi-worker" and "TF_CONFIG" not in os.environ:
        raise UsageError(
            "argument --distribute: multi-worker needs the environment variable TF_CONFIG, which "
            "lists the workers; docs/scaling.md shows how to set it"
        )
    if name == "multi-worker":
        return tf.distribute.MultiWorkerMirroredStrategy()
    return tf.distribute.MirroredStrategy()


def report_run(
    history: Sequence[Any],
    score: Callable[[Any], float | None],
    describe: Callable[[Any], str],
    next_command: str,
) -> None:
    """Print the last epoch, the best epoch and a command to try next.

    Parameters
    ----------
    history : sequence of records
        One for each epoch, with ``epoch``.
    score : callable
        Returns the validation score of a record, lower is better; None without validation.
    describe : callable
        Returns the scores of a record as text.
    next_command : str
    """
    last = history[-1]
    print(f"{count_of(len(history), 'epoch')}; epoch {last.epoch}: {describe(last)}")
    scored = [(value, record) for record in history if (value := score(record)) is not None]
    if scored:
        _, best = min(scored, key=lambda pair: pair[0])
        print(f"best on the validation part: epoch {best.epoch}: {describe(best)}")
    print(f"Try next: {next_command}")
