"""What ``abcrnn train`` and ``abcrnn events train`` share."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from abcrnn.cli.argument_types import count, decay, learning_rate, positive
from abcrnn.cli.arguments import UsageError
from abcrnn.reports.wording import count_of

if TYPE_CHECKING:
    import tensorflow as tf


#: Fields that name the people and places a tune comes from, which a model cannot know.
SOURCE_FIELDS = "ABCDFHNOSZ"

#: Values of ``--fields``.
MUSIC, ALL = "music", "all"

#: Options that override a setting of the recipe.
_SETTINGS = (
    "windows",
    "transpose",
    "transpose_epochs",
    "batch_size",
    "seq_length",
    "learning_rate",
    "average",
    "patience",
    "keep_every",
    "checkpoint_minutes",
)


def add_settings(parser: argparse.ArgumentParser, items: str) -> None:
    """Add the options that override the training settings of a recipe.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    items : str
        What a window holds: ``"characters"`` or ``"notes"``.
    """
    of_recipe = "(default: the recipe's)"
    parser.add_argument(
        "--batch-size", type=count, metavar="N", help=f"rows of a batch {of_recipe}"
    )
    parser.add_argument(
        "--seq-length", type=count, metavar="N", help=f"{items} in a window {of_recipe}"
    )
    parser.add_argument(
        "--learning-rate",
        type=learning_rate,
        metavar="X",
        help=f"learning rate of the Adam optimizer {of_recipe}",
    )
    parser.add_argument(
        "--average",
        type=decay,
        metavar="X",
        help="also average the weights with this decay, such as 0.995, and keep the averaged "
        f"weights of an epoch where they validate better {of_recipe}",
    )
    parser.add_argument(
        "--patience",
        type=count,
        metavar="N",
        help=f"stop after N epochs without a better validation score {of_recipe}",
    )
    parser.add_argument(
        "--keep-every", type=count, metavar="N", help="also keep the model of every Nth epoch"
    )
    parser.add_argument(
        "--checkpoint-minutes",
        type=positive,
        metavar="X",
        help="minutes between checkpoints within an epoch (default: 5)",
    )


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


def require_shares(arguments: argparse.Namespace) -> None:
    """Raise ``UsageError`` if the shares of the split leave nothing for training."""
    if arguments.validation + arguments.test >= 1:
        raise UsageError("--validation and --test must add up to less than 1")


def settings_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the training settings that override those of the recipe."""
    return {
        name: value for name in _SETTINGS if (value := getattr(arguments, name, None)) is not None
    }


def differs_from_run(option: str, arguments: argparse.Namespace, run: str) -> UsageError:
    """Return the error for an option that differs from the run in the folder ``--out``.

    Parameters
    ----------
    option : str
    arguments : argparse.Namespace
    run : str
        How the run was trained, such as ``"without it"``.
    """
    return UsageError(
        f"argument {option}: {arguments.out} holds a run {run}: "
        "leave the option out to resume it, or use another run folder"
    )


def fields_to_leave_out(arguments: argparse.Namespace, origin: dict[str, Any] | None) -> str:
    """Return the letters of the fields to train without: those of the run that is resumed.

    Parameters
    ----------
    arguments : argparse.Namespace
    origin : dict, optional
        The recorded origin of the data of the run; None for a new run.

    Raises
    ------
    UsageError
        If ``--fields`` differs from the run in the folder.
    """
    if origin is None:
        return "" if arguments.fields == ALL else SOURCE_FIELDS
    recorded = str(origin.get("without") or "")
    if arguments.fields and (arguments.fields == ALL) == bool(recorded):
        before = MUSIC if recorded else ALL
        raise differs_from_run("--fields", arguments, f"with --fields {before}")
    return recorded


def is_to_be_tidied(arguments: argparse.Namespace, origin: dict[str, Any] | None) -> bool:
    """Return whether to train on formatted tunes: as the run that is resumed.

    The arguments are those of :func:`fields_to_leave_out`.

    Raises
    ------
    UsageError
        If ``--tidy`` is given for a run without it.
    """
    from abcrnn.data.tidied_corpora import is_tidied

    return _as_recorded("--tidy", arguments.tidy, arguments, is_tidied, origin)


def is_to_be_plain(arguments: argparse.Namespace, origin: dict[str, Any] | None) -> bool:
    """Return whether to train on melodies without marks, as :func:`is_to_be_tidied`."""
    from abcrnn.data.tidied_corpora import is_melody_only

    return _as_recorded("--plain", arguments.plain, arguments, is_melody_only, origin)


def _as_recorded(
    option: str,
    chosen: bool,
    arguments: argparse.Namespace,
    is_recorded: Callable[[Any], bool],
    origin: dict[str, Any] | None,
) -> bool:
    if origin is None:
        return chosen
    if chosen and not is_recorded(origin):
        raise differs_from_run(option, arguments, "without it")
    return is_recorded(origin)


def report_run(
    trainer: Any, score: Callable[[Any], float | None], next_command: Sequence[str]
) -> int:
    """Print the last epoch, the best epoch and a command to try next.

    Parameters
    ----------
    trainer : TrainingLoop
        After its ``fit``.
    score : callable
        Returns the validation score of a record, lower is better; None without validation.
    next_command : sequence of str

    Returns
    -------
    int
        Exit code: 1 if the model is worse than chance, which ``fit`` has logged.
    """
    history = trainer.history
    last = history[-1]
    print(f"{count_of(len(history), 'epoch')}; epoch {last.epoch}: {last.summary()}")
    if trainer.worse_than_chance():
        return 1
    scored = [(value, record) for record in history if (value := score(record)) is not None]
    if scored:
        _, best = min(scored, key=lambda pair: pair[0])
        print(f"best on the validation part: epoch {best.epoch}: {best.summary()}")
    print(f"Try next: {shlex.join(next_command)}")
    return 0
