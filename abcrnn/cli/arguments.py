"""Parsers of the commands: argument types, groups of options, messages about mistakes.

Every message about an option has the name of the option, the value and what is accepted,
and ends the program with exit code 2.
"""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Callable, Sequence
from typing import Any


class UsageError(Exception):
    """Arguments that contradict each other; the program ends with exit code 2."""


class Parser(argparse.ArgumentParser):
    """An argument parser that suggests the nearest choice for a misspelled one."""

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            choices = [str(choice) for choice in action.choices]
            message = f"invalid choice: {value!r}{suggestion(value, choices)}"
            raise argparse.ArgumentError(action, f"{message} (choose from {', '.join(choices)})")


def suggestion(name: str, choices: Sequence[str]) -> str:
    """Return ``"; did you mean NAME?"`` with the nearest choice, or nothing if none is near."""
    near = difflib.get_close_matches(str(name), choices, n=1)
    return f"; did you mean {near[0]}?" if near else ""


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


def add_command_group(subparsers: Any, name: str, about: str, example: str) -> Any:
    """Add a command that has commands of its own; return the object to add them to."""
    parser = subparsers.add_parser(
        name,
        help=about,
        description=about[0].upper() + about[1:] + ".",
        epilog=f"example: {example}",
    )
    return parser.add_subparsers(required=True, metavar="ACTION")


# Types ---------------------------------------------------------------------------------------


def whole_number(least: int, example: int) -> Callable[[str], int]:
    """Return an argument type for whole numbers of at least ``least``."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"[+-]?\d{1,19}", text.strip()) or int(text) < least:
            raise argparse.ArgumentTypeError(
                f"must be a whole number of at least {least}, such as {example}, not {text!r}"
            )
        return int(text)

    return parse


def number(accepted: str, is_valid: Callable[[float], bool]) -> Callable[[str], float]:
    """Return an argument type for numbers; ``accepted`` describes them in messages."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not is_valid(value):
            raise argparse.ArgumentTypeError(f"must be {accepted}, not {text!r}")
        return value

    return parse


count = whole_number(1, 3)
whole = whole_number(0, 0)
positive = number("a number above 0, such as 0.8", lambda x: 0 < x < float("inf"))
not_negative = number("a number of at least 0, such as 4", lambda x: 0 <= x < float("inf"))
probability = number("above 0 and at most 1, such as 0.95", lambda x: 0 < x <= 1)
share = number("a share from 0 to below 1, such as 0.1", lambda x: 0 <= x < 1)


def one_line(text: str) -> str:
    """Check that an argument is one line of text."""
    if not text.strip() or "\n" in text:
        raise argparse.ArgumentTypeError(f"must be one line of text, not {text!r}")
    return text


def bar_range(text: str) -> tuple[int, int]:
    """Parse a range of bars, such as ``5-6``, or one bar, such as ``5``."""
    first, _, last = text.partition("-")
    if not first.isdecimal() or not (last or first).isdecimal() or len(text) > 12:
        raise argparse.ArgumentTypeError(f"must be a range of bars, such as 5-6, not {text!r}")
    return int(first), int(last or first)


def request(name: str) -> Callable[[str], str]:
    """Return an argument type for the request of this name."""

    def parse(text: str) -> str:
        from abcrnn.composition.requests import Requests

        text = text.upper() if name == "form" else text
        try:
            values: dict[str, Any] = {name: text}
            Requests(**values)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error).removeprefix(f"{name} ")) from None
        return text

    return parse


# Groups of options ---------------------------------------------------------------------------


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add the positional argument MODEL."""
    parser.add_argument(
        "model", metavar="MODEL", help="a model file (.abcrnn), or a run folder for its best model"
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
    temperature: float = 0.8,
    temperature_hint: str = "",
    seed: int | None = None,
) -> None:
    """Add the options of every command that samples from a model."""
    parser.add_argument(
        "--temperature",
        type=number(f"a number above 0, such as 0.8{temperature_hint}", lambda x: 0 < x < 1e9),
        default=temperature,
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


def add_top_p(parser: argparse.ArgumentParser, of: str = "characters") -> None:
    """Add the option ``--top-p``."""
    parser.add_argument(
        "--top-p",
        type=probability,
        metavar="P",
        help=f"sample from the most likely {of} whose probabilities add up to P",
    )


def add_max_length(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--max-length``."""
    parser.add_argument(
        "--max-length",
        type=count,
        default=1000,
        metavar="N",
        help="maximum length of a tune, in characters (default: %(default)s)",
    )


def add_tune_output(parser: argparse.ArgumentParser, midi: bool = True) -> None:
    """Add the options for where tunes are written."""
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="tunebook to write; without it tunes are printed"
    )
    if midi:
        parser.add_argument("--midi", metavar="DIR", help="folder for a MIDI file of each tune")


def add_run_options(parser: argparse.ArgumentParser, recipes: Sequence[str]) -> None:
    """Add the options of every command that trains."""
    parser.add_argument(
        "--out", required=True, metavar="RUN", help="run folder; a run in it is resumed"
    )
    parser.add_argument(
        "--recipe",
        default="default",
        choices=recipes,
        help="model and training settings (default: %(default)s)",
    )
    parser.add_argument(
        "--epochs", type=count, metavar="N", help="number of epochs (default: the recipe's)"
    )
    parser.add_argument(
        "--seed",
        type=whole,
        default=0,
        metavar="N",
        help="seed of everything random (default: %(default)s)",
    )


def in_option_names(message: str, parser: argparse.ArgumentParser) -> tuple[str, bool]:
    """Replace names of Python arguments in a message by names of options.

    Parameters
    ----------
    message : str
        Of an error that the library raised.
    parser : argparse.ArgumentParser
        Of the command.

    Returns
    -------
    message : str
    is_argument_error : bool
        Whether the message is about an option: it begins with ``name must``.
    """
    is_argument_error = False
    for action in parser._actions:
        if not action.option_strings or action.dest == "help":
            continue
        name, option = re.escape(action.dest), action.option_strings[-1]
        is_argument_error |= bool(re.match(rf"{name} must\b", message))
        message = re.sub(rf"^{name}(?= must\b)", option, message)
        message = re.sub(rf"(?<![\w./-]){name}=(?=[\w'])", f"{option} ", message)
        if "_" in action.dest:
            message = re.sub(rf"(?<![\w./-]){name}(?![\w./-])", option, message)
    return message, is_argument_error
