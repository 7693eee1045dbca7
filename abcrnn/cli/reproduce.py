"""``abcrnn reproduce``: generate composed or rewritten tunes again, byte for byte."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from abcrnn.cli.arguments import add_command, add_tune_output
from abcrnn.cli.model_arguments import load_model
from abcrnn.cli.terminal import import_tensorflow, load_corpus, require_outputs, write_tunebook
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
