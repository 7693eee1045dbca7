"""``abcrnn surprise``: the bars of a tune that a model finds least likely."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abcrnn.cli.arguments import add_command, add_model
from abcrnn.cli.model_arguments import load_model
from abcrnn.cli.sources import SkippedFiles, title_of
from abcrnn.cli.terminal import read_tunes
from abcrnn.reports.wording import count_of

if TYPE_CHECKING:
    from abcrnn.evaluation.surprise import Surprise
    from abcrnn.notation import Block

_SHOWN = 3  # bars of each tune


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        subparsers,
        "surprise",
        run,
        "show the bars of your tunes that a model finds least likely",
        "abcrnn surprise my-tunes.abc",
    )
    add_model(parser)
    parser.add_argument("tunes", metavar="FILE", help="an .abc file, or a folder of them")


def run(arguments: argparse.Namespace) -> int:
    """Print the bits per character of each tune and its least likely bars."""
    model = load_model(arguments)
    from abcrnn.composition.provenance import without_provenance
    from abcrnn.evaluation.scoring import Scorer
    from abcrnn.evaluation.surprise import surprise_of

    skipped = SkippedFiles()
    read = [
        (file, block._replace(text=without_provenance(block.text)))
        for file, block in read_tunes(arguments.tunes, on_error=skipped)
        if block.is_tune
    ]
    costs = Scorer(model).costs([block.text for _, block in read])
    for (file, block), cost in zip(read, costs, strict=True):
        unknown = int((model.vocabulary.lookup(block.text) < 0).sum())
        _print_surprise(file, block, surprise_of(block.text, cost), unknown)
    return 1 if skipped.count else 0


def _print_surprise(path: Path, block: Block, found: Surprise, unknown: int) -> None:
    from abcrnn.evaluation.scoring import UNKNOWN_BITS
    from abcrnn.evaluation.surprise import underline

    title = title_of(block.text)
    print(f"{path}:{block.line}: {title}: {found.bits_per_char:.3f} bits per character")
    if unknown:
        characters = count_of(unknown, "character")
        print(f"  {characters} outside the model's vocabulary, {UNKNOWN_BITS:.1f} bits each")
    unusual = [bar for bar in found.bars if bar.excess > 0]
    for bar in sorted(unusual, key=lambda bar: -bar.excess)[:_SHOWN]:
        position = f"{path}:{block.line_in_book(bar.line)}:{bar.column}"
        print(f"  {position}: {bar.bits:.1f} bits, {bar.excess:.1f} more than usual in this tune")
        for line in underline(block.text, found, bar):
            print(f"    {line}")
