"""``abcrnn tidy``: tunebooks in a uniform layout, with the same music."""

from __future__ import annotations

import argparse
from typing import Any

from abcrnn.cli.argument_types import count
from abcrnn.cli.arguments import UsageError, add_command
from abcrnn.cli.file_edits import FileEdits, Output, add_files, add_output, find_files_to_edit
from abcrnn.notation.formatter.tune import BARS_PER_LINE, layout_of


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        subparsers,
        "tidy",
        run,
        "format tunebooks: header, spaces, line breaks; the music stays the same",
        "abcrnn tidy my-tunes.abc --write",
    )
    add_files(parser)
    parser.add_argument(
        "--bars-per-line",
        type=count,
        default=BARS_PER_LINE,
        metavar="N",
        help="maximum number of bars in a line (default: %(default)s)",
    )
    parser.add_argument(
        "--unit",
        type=_unit,
        metavar="LENGTH",
        help="write all lengths in this unit note length, such as 1/8 (default: the tune's own)",
    )
    parser.add_argument(
        "--repeats",
        action="store_true",
        help="write |: where a tune leaves it out, except in its first repeat",
    )
    add_output(parser).add_argument(
        "--check",
        action="store_true",
        help="write nothing, list the files that would change; exit code 1 if there is one",
    )
    parser.add_argument(
        "--fix",
        action="store_true",
        help="also replace characters of word processors in the music, such as curved quotation "
        "marks, by those of ABC",
    )
    parser.add_argument("--diff", action="store_true", help="print what would change, as a diff")


def run(arguments: argparse.Namespace) -> int:
    """Format the files; tunes and files that cannot be formatted are reported and kept."""
    if arguments.diff and (arguments.write or arguments.output):
        raise UsageError("--diff writes no file; leave out --write and --output")
    files = find_files_to_edit(arguments)
    from abcrnn.data.tunebook_files import as_read
    from abcrnn.notation.formatter.tunebook import tidy_tunebook

    layout = layout_of(arguments.bars_per_line, arguments.unit, arguments.repeats)
    layout = layout._replace(fix=arguments.fix)
    output = Output(arguments.output, arguments.write, arguments.check, arguments.diff)
    edits = FileEdits(lambda text: tidy_tunebook(text, layout, as_read), "formatted", output)
    return edits.run(files)


def _unit(text: str) -> str:
    """Check that an argument is a unit note length."""
    try:
        layout_of(unit=text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("unit ")) from None
    return text
