"""``abcrnn transpose``: tunebooks in another key."""

from __future__ import annotations

import argparse
from typing import Any

from abcrnn.cli.arguments import add_command
from abcrnn.cli.file_edits import FileEdits, Output, add_files, add_output, find_files_to_edit

_MOST = 127  # semitones: the range of MIDI


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        subparsers,
        "transpose",
        run,
        "transpose tunebooks: notes, keys and chord symbols; all other text stays the same",
        "abcrnn transpose my-tunes.abc --to G -o in-g.abc",
    )
    add_files(parser)
    interval = parser.add_mutually_exclusive_group(required=True)
    interval.add_argument(
        "--to",
        type=_key,
        metavar="KEY",
        help="tonic to move each tune to, such as G or Bb, up or down by at most six semitones; "
        'a mode, as in Em or "A dorian", must be that of the tune',
    )
    interval.add_argument(
        "--by",
        type=_semitones,
        metavar="N",
        help="semitones to move each tune up, or down if negative",
    )
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    """Transpose the files; tunes and files that cannot be transposed are reported and kept."""
    files = find_files_to_edit(arguments)
    from abcrnn.notation.transposed_tunebook import transpose_tunebook

    output = Output(arguments.output, arguments.write)
    edits = FileEdits(
        lambda text: transpose_tunebook(text, arguments.by, arguments.to), "transposed", output
    )
    return edits.run(files)


def _key(text: str) -> str:
    """Check that an argument is a key."""
    from abcrnn.notation.movements import parse_target

    try:
        parse_target(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("to ")) from None
    return text


def _semitones(text: str) -> int:
    """Check that an argument is a number of semitones."""
    try:
        number = int(text)
    except ValueError:
        number = _MOST + 1
    if abs(number) > _MOST:
        raise argparse.ArgumentTypeError(
            f"must be a whole number from -{_MOST} to {_MOST}, such as 2 or -3, not {text[:40]!r}"
        )
    return number
