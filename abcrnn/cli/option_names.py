"""Messages of the library in terms of the command line: names of options for Python's."""

from __future__ import annotations

import argparse
import re

_VALUE = r"['\"\d]"  # how a number or a text begins


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
        Whether the message is about an option: it begins with ``name must`` or ``name=value``.
    """
    is_argument_error = False
    for action in parser._actions:
        if not action.option_strings or action.dest == "help":
            continue
        with_no = isinstance(action, argparse.BooleanOptionalAction)  # --x, --no-x
        name, option = re.escape(action.dest), action.option_strings[0 if with_no else -1]
        is_argument_error |= bool(re.match(rf"{name}( must\b|={_VALUE})", message))
        message = re.sub(rf"^{name}(?= must\b)", option, message)
        if action.nargs == 0:  # a flag
            in_shell = rf"(?: \(in the shell: {option}\))?"
            message = re.sub(rf"(?<![\w./-]){name}=True\b{in_shell}", option, message)
        message = re.sub(rf"(?<![\w./-]){name}=(?={_VALUE}|\w)", f"{option} ", message)
        message = re.sub(rf"\bits training {name}(?= is )", f"its {option}", message)
        if "_" in action.dest:
            message = re.sub(rf"(?<![\w./-]){name}(?![\w./-])", option, message)
    return message, is_argument_error
