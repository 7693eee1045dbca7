"""Commands, and the groups of options that they share.

Every message about an option has the name of the option, the value and what is accepted,
and ends the program with exit code 2.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from abcrnn.cli.argument_types import (
    candidates,
    count,
    number,
    probability,
    whole,
)
from abcrnn.composition.defaults import MAX_LENGTH
from abcrnn.models.pretrained import DEFAULT


class UsageError(Exception):
    """Arguments that contradict each other; the program ends with exit code 2."""


def add_command(
    subparsers: Any,
    name: str,
    run: Callable[[argparse.Namespace], int],
    about: str,
    example: str,
) -> argparse.ArgumentParser:
    """Add a command.

    Parameters
    ----------
    subparsers
        Result of ``add_subparsers``.
    name : str
    run : callable
        Takes the parsed arguments and returns the exit code.
    about : str
        What the command does: one line without a full stop.
    example : str
        A command line.

    Returns
    -------
    argparse.ArgumentParser
        To add the arguments of the command to.
    """
    parser: argparse.ArgumentParser = subparsers.add_parser(
        name,
        help=about,
        description=about[0].upper() + about[1:] + ".",
        epilog=f"example: {example}",
    )
    parser.set_defaults(run=run, parser=parser)
    return parser


def add_command_group(
    subparsers: Any,
    name: str,
    about: str,
    example: str,
    run: Callable[[argparse.Namespace], int] | None = None,
) -> Any:
    """Add a command that has commands of its own; return the object to add them to.

    Without one of these commands, ``run`` is called; if it is None, one is required.
    """
    parser = subparsers.add_parser(
        name,
        help=about,
        description=about[0].upper() + about[1:] + ".",
        epilog=f"example: {example}",
    )
    parser.set_defaults(run=run, parser=parser)
    return parser.add_subparsers(required=run is None, metavar="ACTION")


# Groups of options ---------------------------------------------------------------------------


def add_model(
    parser: argparse.ArgumentParser,
    several: str = "several models predict together",
    default: str | None = DEFAULT,
) -> None:
    """Add the positional argument MODEL, and the option ``--model`` to give one or more models.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    several : str
        What the command does with several models.
    default : str, optional
        Name of the model without either; None if one must be given.
    """
    about = "a model file (.abcrnn), or a run folder for its best model"
    if default:
        about = f"{about}, or the name of a packaged model (default: {default})"
    model = parser.add_argument("model", metavar="[MODEL]" if default else "MODEL", help=about)
    model.required = default is None
    parser.add_argument(
        "--model",
        dest="models",
        action="append",
        metavar="MODEL",
        help=f"instead of MODEL, once for each model: {several}",
    )


def add_join_blank(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--join-blank``."""
    parser.add_argument(
        "--join-blank",
        action="store_true",
        help="read music after an empty line as part of the tune before it",
    )


def add_number_of_tunes(parser: argparse.ArgumentParser, default: int) -> None:
    """Add the option ``-n``."""
    parser.add_argument(
        "-n",
        type=count,
        default=default,
        metavar="N",
        help="number of tunes (default: %(default)s)",
    )


def add_sampling_options(
    parser: argparse.ArgumentParser,
    temperature_hint: str = "",
    seed: int | None = None,
) -> None:
    """Add the options of every command that samples from a model."""
    parser.add_argument(
        "--temperature",
        type=number(f"a number above 0, such as 0.8{temperature_hint}", lambda x: 0 < x < 1e9),
        default=1.0,
        metavar="T",
        help="below 1 favours likely choices, above 1 unlikely ones (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=whole,
        default=seed,
        metavar="N",
        help="the same seed gives the same result"
        + (" (default: %(default)s)" if seed is not None else ""),
    )


def add_top_p(
    parser: argparse.ArgumentParser, of: str = "characters", default: float | None = None
) -> None:
    """Add the option ``--top-p``."""
    parser.add_argument(
        "--top-p",
        type=probability,
        default=default,
        metavar="P",
        help=f"sample from the most likely {of} whose probabilities add up to P"
        + (", from all if P is 1 (default: %(default)s)" if default else ""),
    )


def add_max_length(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--max-length``."""
    parser.add_argument(
        "--max-length",
        type=count,
        default=MAX_LENGTH,
        metavar="N",
        help="maximum length of a tune, in characters (default: %(default)s)",
    )


def add_faithful(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--faithful``."""
    parser.add_argument(
        "--faithful",
        type=candidates,
        default=1,
        metavar="K",
        help="choose each tune from K candidates, so that the tunes are distributed more as the "
        "model alone would write them (default: %(default)s)",
    )


def add_tune_output(parser: argparse.ArgumentParser, files: bool = True) -> None:
    """Add the options for where tunes are written, and files to hear and see them."""
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="tunebook to write; without it tunes are printed"
    )
    if files:
        parser.add_argument("--midi", metavar="DIR", help="folder for a MIDI file of each tune")
        parser.add_argument(
            "--gallery", metavar="FILE", help="HTML file with the scores of the tunes, and a player"
        )
        add_nearest(parser, "with --gallery: ")


def add_nearest(parser: argparse.ArgumentParser, condition: str = "") -> None:
    """Add the option ``--nearest`` of commands that write a gallery."""
    parser.add_argument(
        "--nearest",
        action="append",
        metavar="CORPUS",
        help=f"{condition}name the tune of this corpus that each tune is most like; "
        "once for each corpus",
    )
