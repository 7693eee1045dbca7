"""``abcrnn evaluate``: the model card."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from abcrnn.cli.argument_types import whole
from abcrnn.cli.arguments import add_command, add_join_blank, add_model
from abcrnn.cli.terminal import find_models, load_corpus, load_model
from abcrnn.storage.atomic import require_writable


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        subparsers,
        "evaluate",
        run,
        "score a model on held-out tunes, and compare tunes that it generates with a corpus",
        "abcrnn evaluate runs/jigs --corpus jigs --out card",
    )
    add_model(parser)
    parser.add_argument(
        "--corpus", required=True, metavar="CORPUS", help="a name, or a file or folder of .abc"
    )
    parser.add_argument(
        "--tunes",
        type=whole,
        default=100,
        metavar="N",
        help="number of tunes to generate; 0 for the scores alone (default: %(default)s)",
    )
    parser.add_argument("--out", metavar="DIR", help="folder for card.json and card.png")
    add_join_blank(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the card, and save it if a folder is given."""
    if arguments.out:
        require_writable(Path(arguments.out) / "card.json")
    find_models(arguments)  # first, so that swapped arguments are reported as such
    corpus = load_corpus(arguments.corpus, arguments.join_blank)
    model = load_model(arguments)
    from abcrnn.reports.model_card import examine

    card = examine(model, corpus, arguments.tunes)
    print(card)
    if arguments.out:
        print("\nsaved:", *card.save(arguments.out))
    return 0
