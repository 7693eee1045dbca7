"""Entry point of the command line.

Exit codes: 0 success, 1 invalid data, 2 invalid arguments, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import io
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence

from abcrnn._version import __version__
from abcrnn.cli import (
    check,
    compose,
    convert,
    corpora,
    evaluate,
    events,
    gallery,
    nearest,
    pretrained,
    quickstart,
    reproduce,
    rewrite,
    sample,
    search,
    studio,
    surprise,
    tidy,
    train,
    transpose,
)
from abcrnn.cli.arguments import UsageError
from abcrnn.cli.option_names import in_option_names
from abcrnn.cli.parser import Parser, parse_known
from abcrnn.cli.separate_files import require_separate_files
from abcrnn.cli.terminal import describe_error

#: In the order of ``abcrnn --help``.
_COMMANDS = (
    quickstart,
    corpora,
    pretrained,
    train,
    search,
    sample,
    compose,
    reproduce,
    rewrite,
    studio,
    convert,
    gallery,
    check,
    tidy,
    transpose,
    nearest,
    evaluate,
    surprise,
    events,
)

# Errors of writing; other files than standard output are named in the error.
_WRITE_ERRORS = {errno.EPIPE, errno.ENOSPC, errno.EFBIG, errno.EIO}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command of the command line.

    Messages about errors go to standard error.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments of the program; the default is ``sys.argv[1:]``.

    Returns
    -------
    int
        Exit code: 0 for success; 1 if a file or its content is not valid, or a command
        such as ``check`` reports problems; 2 if the arguments are not valid; 130 after
        Ctrl-C.

    Raises
    ------
    SystemExit
        With code 2 if the arguments are invalid, with code 0 after ``--help``.
    """
    _write_utf8()
    argv = sys.argv[1:] if argv is None else argv
    arguments = parse_known(build_parser(), argv)
    arguments.argv = argv
    parser: argparse.ArgumentParser = arguments.parser
    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        require_separate_files(arguments)
        with _log_to_stderr(parser):
            code = run(arguments)
        sys.stdout.flush()  # so that a full disk is reported here
        return code
    except KeyboardInterrupt:
        hint = f"; {arguments.hint}" if "hint" in arguments else ""
        print(f"\nstopped{hint}", file=sys.stderr)
        return 130
    except UsageError as error:
        parser.error(str(error))
    except (ValueError, OSError, ArithmeticError, ImportError) as error:
        if isinstance(error, OSError) and _is_of_output(error):
            if isinstance(error, BrokenPipeError):
                return 0  # the reader of the pipe, such as head, has stopped reading
            error.filename = "standard output"
        message, is_argument_error = in_option_names(describe_error(error), parser)
        print(f"abcrnn: {message}", file=sys.stderr)
        return 2 if is_argument_error else 1


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = Parser(prog="abcrnn", description="Neural networks that write folk tunes in ABC.")
    parser.add_argument("--version", action="version", version=f"abcrnn {__version__}")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add_parser(subparsers)
    return parser


def _is_of_output(error: OSError) -> bool:
    """Return whether writing to standard output failed; then what follows is discarded."""
    if error.filename is not None or error.errno not in _WRITE_ERRORS:
        return False
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True


def _write_utf8() -> None:
    """Write UTF-8 whatever the locale, so that no character of a tune stops a command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")


@contextlib.contextmanager
def _log_to_stderr(parser: argparse.ArgumentParser) -> Iterator[None]:
    """Print warnings of the library, with names of options, while a command runs."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.WARNING)
    handler.setFormatter(_OptionNames(parser))
    logger = logging.getLogger("abcrnn")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


class _OptionNames(logging.Formatter):
    """Formats messages of the library as those of a command."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        super().__init__("abcrnn: %(message)s")
        self._parser = parser

    def format(self, record: logging.LogRecord) -> str:
        return in_option_names(super().format(record), self._parser)[0]


if __name__ == "__main__":
    sys.exit(main())
