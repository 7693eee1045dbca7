"""``abcrnn convert``: a MIDI or MusicXML file for each tune of a tunebook."""

from __future__ import annotations

import argparse
from typing import Any

from abcrnn.cli.arguments import add_command, add_join_blank
from abcrnn.cli.terminal import convert_into, load_corpus
from abcrnn.export.tunebook import FORMATS


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        subparsers,
        "convert",
        run,
        "convert each tune of a tunebook to a file",
        "abcrnn convert tunes.abc --out midi",
    )
    parser.add_argument("tunes", metavar="TUNES", help="an .abc file, a folder, or a corpus name")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the files")
    parser.add_argument(
        "--to",
        default="midi",
        choices=tuple(FORMATS),
        help="format of the files (default: %(default)s)",
    )
    add_join_blank(parser)


def run(arguments: argparse.Namespace) -> int:
    """Convert the tunes; a tune that cannot be converted is reported and skipped."""
    corpus = load_corpus(arguments.tunes, arguments.join_blank)
    return convert_into(corpus.tunes, arguments.out, arguments.to)
