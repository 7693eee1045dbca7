"""``abcrnn reproduce``: generate composed or rewritten tunes again, byte for byte."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from abcrnn.cli.arguments import add_command, add_tune_output
from abcrnn.cli.model_arguments import load_model
from abcrnn.cli.sources import SourceTune, read_source
from abcrnn.cli.terminal import import_tensorflow, require_outputs, write_tunebook
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
    source = read_source(arguments.tune)
    tunes = source.texts
    import_tensorflow()
    from abcrnn.composition.reproduction import find_packaged, reproduce_all

    _require_records(source.tunes, arguments.tune)
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


def _require_records(tunes: Sequence[SourceTune], source: str) -> None:
    """Raise ``ValueError``, with file and line, unless all tunes record how to generate them."""
    from abcrnn.composition.reproduction import validate_record
    from abcrnn.notation import ABCError

    is_file = source != "-" and source not in card_names()
    for number, tune in enumerate(tunes, start=1):
        try:
            validate_record(tune.block.text)
        except ValueError as error:
            line = error.line if isinstance(error, ABCError) else 1
            message = error.message if isinstance(error, ABCError) else error
            place = tune.place(line) if is_file else f"tune {number}, line {line}"
            raise ValueError(f"{place}: {message}") from error
