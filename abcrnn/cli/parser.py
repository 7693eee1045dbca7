"""The parser of the command line: options in full, suggestions for misspelled names."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from abcrnn.storage.suggestions import nearest

#: Value of the positional argument MODEL where it is not given.
_NOT_GIVEN = ""


class Parser(argparse.ArgumentParser):
    """An argument parser that suggests the nearest choice for a misspelled one.

    Options must be written in full: ``--mode`` is not read as ``--model``.

    A command to which :func:`abcrnn.cli.arguments.add_model` was applied has the models in
    ``models``, whether MODEL or the option ``--model`` was given; an empty list stands for the
    default model.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, allow_abbrev=False)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse arguments; MODEL may be left out where ``--model`` or a default replaces it."""
        model = next((a for a in self._actions if a.dest == "model" and not a.option_strings), None)
        if model is None:
            return super().parse_known_args(args, namespace)
        by_option = any(str(arg).partition("=")[0] == "--model" for arg in args or ())
        if by_option or not model.required:
            parsed, unknown = super().parse_known_args([_NOT_GIVEN, *args], namespace)
            surplus = any(map(_is_positional, unknown))
            if by_option or not surplus:  # what is left over is MODEL and the arguments after it
                parsed.models = parsed.models or []
                return parsed, unknown
        parsed, unknown = super().parse_known_args(args, namespace)
        parsed.models = [parsed.model]
        return parsed, unknown

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            choices = [str(choice) for choice in action.choices]
            message = f"invalid choice: {value!r}{suggestion(value, choices)}"
            raise argparse.ArgumentError(action, f"{message} (choose from {', '.join(choices)})")


def suggestion(name: str, choices: Sequence[str]) -> str:
    """Return ``"; did you mean NAME?"`` with the nearest choice, or nothing if none is near."""
    near = nearest(str(name), choices)
    return f"; did you mean {near}?" if near else ""


def parse_known(parser: argparse.ArgumentParser, argv: Sequence[str]) -> argparse.Namespace:
    """Parse arguments; for an unknown option, suggest the nearest one of the command."""
    arguments, unknown = parser.parse_known_args(argv)
    if not unknown:
        return arguments
    command: argparse.ArgumentParser = arguments.parser
    options = [name for action in command._actions for name in action.option_strings]
    first = unknown[0].partition("=")[0]
    names = {option.lstrip("-"): option for option in options if option.startswith("--")}
    near = nearest(first.lstrip("-"), list(names)) if not _is_positional(first) else None
    hint = f"; did you mean {names[near]}?" if near else ""
    if others := _commands_with(parser, first):
        hint = f"; {first} is an option of {', '.join(others)}"
    if _is_positional(first) and getattr(arguments, "model", None) == _NOT_GIVEN:
        hint = "; give every model with --model"
    return command.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")


def _is_positional(argument: str) -> bool:
    """Return whether an argument is not an option; ``-`` is standard input."""
    return argument == "-" or not argument.startswith("-")


def _commands_with(parser: argparse.ArgumentParser, option: str) -> list[str]:
    """Return the names of the commands, and commands of groups, that have a long option."""
    found = [parser.prog] if option in parser._option_string_actions else []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                found += _commands_with(command, option)
    return found if option.startswith("--") else []
