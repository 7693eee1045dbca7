"""``abcrnn reproduce``: generate composed or rewritten tunes again, byte for byte."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from abcrnn.cli.arguments import add_command, add_tune_output
from abcrnn.cli.model_arguments import load_model
from abcrnn.cli.terminal import (
    import_tensorflow,
    load_corpus,
    read_tunes,
    require_outputs,
    write_tunebook,
)
from abcrnn.data.registry import card_names
from abcrnn.reports.wording import count_of


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        subparsers,
        "reproduce",
        run,
        "generate composed or rewritten tunes again, byte for byte, from their comment lines",
        "abcrnn reproduce tune.abc",
    )
    parser.add_argument(
        "tune", metavar="FILE", help="an .abc file that abcrnn compose or rewrite wrote"
    )
    parser.add_argument(
        "--model",
        dest="models",
        action="append",
        metavar="MODEL",
        help="the model that wrote them, or each of the models, in the same order (default: the "
        "packaged model that the tunes record)",
    )
    add_tune_output(parser, files=False)


def run(arguments: argparse.Namespace) -> int:
    """Generate the tunes again, and compare them with the file."""
    require_outputs(arguments)
    tunes = load_corpus(arguments.tune).tunes
    import_tensorflow()
    from abcrnn.composition.reproduction import find_packaged, reproduce_all

    _require_records(tunes, arguments.tune)
    if not arguments.models:
        packaged = find_packaged(tunes)
        arguments.models = [str(packaged.path)]
        print(f"abcrnn: the tunes record the packaged model {packaged.name}", file=sys.stderr)
    model = load_model(arguments)

    again = reproduce_all(tunes, model)
    write_tunebook(again, arguments.output)
    same = sum(one == other for one, other in zip(tunes, again, strict=True))
    print(f"{same} of {count_of(len(again), 'tune')} the same, byte for byte", file=sys.stderr)
    return 0 if same == len(again) else 1


def _require_records(tunes: Sequence[str], source: str) -> None:
    """Raise ``ValueError``, with file and line, unless all tunes record how to generate them."""
    from abcrnn.composition.reproduction import validate_record
    from abcrnn.notation import ABCError

    for index, tune in enumerate(tunes):
        try:
            validate_record(tune)
        except ABCError as error:
            raise ValueError(f"{_place(source, index, error.line)}: {error.message}") from error
        except ValueError as error:
            raise ValueError(f"{_place(source, index, 1)}: {error}") from error


def _place(source: str, index: int, line: int) -> str:
    """Return the file, and the line in it, of a line of a tune; both from 1."""
    if source == "-" or source in card_names():  # cannot be read again, or not a file
        return f"tune {index + 1}, line {line}"
    tunes = [(file, block) for file, block in read_tunes(source) if block.is_tune]
    file, block = tunes[index]
    return f"{file}:{block.line_in_book(line)}"
