"""Options of the commands that train: run folder, recipe, and the parts of the data."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from abcrnn.cli.argument_types import count, share, whole
from abcrnn.cli.parser import suggestion


def add_shares(parser: argparse.ArgumentParser, elements: str, command: str) -> None:
    """Add the options for the sizes of the validation and the test part.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    elements : str
        What is split: ``"tunes"`` or ``"files"``.
    command : str
        The command that scores a model on the test part.
    """
    parser.add_argument(
        "--validation",
        type=share,
        default=0.1,
        metavar="SHARE",
        help=f"share of the {elements} for validation (default: %(default)s)",
    )
    parser.add_argument(
        "--test",
        type=share,
        default=0.1,
        metavar="SHARE",
        help=f"share of the {elements} held out for {command} (default: %(default)s)",
    )


def add_run_options(
    parser: argparse.ArgumentParser, recipes: Sequence[str], files: bool = False
) -> None:
    """Add the options of every command that trains.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    recipes : sequence of str
        Names of the recipes.
    files : bool
        Whether a recipe may also be a file.
    """
    parser.add_argument(
        "--out", required=True, metavar="RUN", help="run folder; an existing run is resumed"
    )
    if files:
        add_recipe(
            parser,
            "--recipe",
            recipes,
            "model and training settings",
            default=None,
            by_default="default; a run that exists keeps the settings in its run.json",
        )
    else:
        parser.add_argument(
            "--recipe",
            default="default",
            choices=recipes,
            help="model and training settings (default: %(default)s)",
        )
    add_epochs(parser)
    add_run_seed(parser)


def add_epochs(parser: argparse.ArgumentParser, of: str = "") -> None:
    """Add the option ``--epochs``; ``of`` says in the help of what."""
    parser.add_argument(
        "--epochs", type=count, metavar="N", help=f"number of epochs{of} (default: the recipe's)"
    )


def add_run_seed(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--seed`` of commands that train."""
    parser.add_argument(
        "--seed",
        type=whole,
        default=0,
        metavar="N",
        help="seed of everything random (default: %(default)s)",
    )


def add_recipe(
    parser: argparse.ArgumentParser,
    option: str,
    recipes: Sequence[str],
    meaning: str,
    default: str | None = "default",
    by_default: str = "%(default)s",
) -> None:
    """Add an option whose value is the name of a recipe, or a recipe file.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    option : str
    recipes : sequence of str
        Names of the recipes.
    meaning : str
        What the help says about the option.
    default : str, optional
        Value without the option.
    by_default : str
        What the help says about it.
    """

    def name_or_file(text: str) -> str:
        # The file is read later, since its checks import TensorFlow.
        if text in recipes or os.path.basename(text) != text or "." in text or os.path.exists(text):
            return text
        raise argparse.ArgumentTypeError(
            f"invalid choice: {text!r}{suggestion(text, recipes)} "
            f"(choose from {', '.join(recipes)}, or the path of a recipe file)"
        )

    parser.add_argument(
        option,
        default=default,
        type=name_or_file,
        metavar="RECIPE",
        help=f"{meaning}: {', '.join(recipes)}, or a recipe file (default: {by_default})",
    )
