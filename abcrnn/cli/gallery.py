"""``abcrnn gallery``: an HTML file with the scores of tunes, and players to hear them."""

from __future__ import annotations

import argparse
from typing import Any

from abcrnn.cli.arguments import UsageError, add_command, add_join_blank, add_nearest
from abcrnn.cli.sources import read_source
from abcrnn.cli.terminal import gallery_into, load_corpus, require_gallery


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        subparsers,
        "gallery",
        run,
        "write an HTML page that shows and plays tunes in a browser",
        "abcrnn gallery tunes.abc -o tunes.html",
    )
    parser.add_argument("tunes", metavar="TUNES", help="an .abc file, a folder, or a corpus name")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="HTML file to write")
    parser.add_argument(
        "--title", metavar="TEXT", help="title of the page (default: the number of tunes)"
    )
    add_nearest(parser)
    add_join_blank(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the gallery; exit code 1 if some tunes have no score, or files are skipped."""
    if arguments.output == "-":
        raise UsageError("--output must be a file, not - (standard output)")
    require_gallery(arguments.output)
    source = read_source(arguments.tunes, arguments.join_blank)
    known = [load_corpus(name, arguments.join_blank) for name in arguments.nearest or ()]
    code = gallery_into(
        source.texts, arguments.output, arguments.title, known or None, source.tunes
    )
    return 1 if source.skipped else code
