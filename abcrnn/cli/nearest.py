"""``abcrnn nearest``: the known tunes that your tunes are most like."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from abcrnn.cli.argument_types import count
from abcrnn.cli.arguments import UsageError, add_command, add_join_blank
from abcrnn.cli.file_edits import add_files
from abcrnn.cli.sources import SkippedFiles, SourceTune, number_tunes, shown, title_of
from abcrnn.cli.terminal import load_corpus, read_tunes

if TYPE_CHECKING:
    from abcrnn.data.nearest import MelodyIndex, Neighbour


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        subparsers,
        "nearest",
        run,
        "find the known tunes that your tunes are most like, in any key",
        "abcrnn nearest my-tunes.abc --corpus oneills",
    )
    parser.add_argument(
        "--corpus",
        dest="corpora",
        action="append",
        metavar="CORPUS",
        help="the known tunes: a name, or a file or folder of .abc; once for each corpus "
        "(default: the named corpora that are on this machine)",
    )
    parser.add_argument(
        "-n",
        type=count,
        default=3,
        metavar="N",
        help="number of known tunes for each tune (default: %(default)s)",
    )
    parser.add_argument(
        "--json", action="store_true", help="print a JSON object for each tune, one per line"
    )
    add_join_blank(parser)
    add_files(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the nearest tunes of each tune; tunes that cannot be read are reported."""
    if "-" in (arguments.corpora or ()) and "-" in arguments.files:
        raise UsageError("- is standard input, which is either --corpus or FILE, not both")
    from abcrnn.notation import ABCError

    skipped = SkippedFiles()
    tunes = list(_read(arguments.files, arguments.join_blank, skipped))
    index = _make_index(arguments)
    show = _print_json if arguments.json else _print_table
    failed = skipped.count
    for tune in tunes:
        try:
            found = index.nearest(tune.block.text, arguments.n)
        except ABCError as error:
            tune.report("is not compared", error)
            failed += 1
        else:
            show(tune, found)
    return 1 if failed else 0


def _make_index(arguments: argparse.Namespace) -> MelodyIndex:
    from abcrnn.data.nearest import MelodyIndex, available_corpora

    names = list(dict.fromkeys(arguments.corpora or available_corpora()))
    if not arguments.corpora:
        print(f"known tunes: {', '.join(names)}; --corpus names others", file=sys.stderr)
    return MelodyIndex(*(load_corpus(name, arguments.join_blank) for name in names))


def _read(files: Sequence[str], join_blank: bool, skipped: SkippedFiles) -> Iterator[SourceTune]:
    """Yield each tune of the files."""
    for path in files:
        yield from number_tunes(read_tunes(path, join_blank, skipped))


def _print_table(tune: SourceTune, found: Sequence[Neighbour]) -> None:
    print(f"{tune.file}:{tune.block.line}: {shown(title_of(tune.block.text))}")
    if not found:
        print("  no known tune has four notes in a row in common with it")
    for each in found:
        name = f"{each.corpus} {each.number}"
        passage = f"{_bars(each.bars)} from bar {each.first_bar}" if each.notes else "none"
        title = shown(title_of(each.tune))
        print(f"  {each.similarity:>4.0%} of notes, {passage:<22}  {name:<14}  {title}")


def _bars(bars: float) -> str:
    rounded = round(bars, 1)
    return f"{rounded:g} bar" if rounded == 1 else f"{rounded:g} bars"


def _print_json(tune: SourceTune, found: Sequence[Neighbour]) -> None:
    block = tune.block
    about = {
        "file": str(tune.file),
        "line": block.line,
        "tune": tune.number,
        "title": title_of(block.text),
    }
    print(json.dumps({**about, "nearest": [_as_json(each) for each in found]}))


def _as_json(each: Neighbour) -> dict[str, Any]:
    return {
        "corpus": each.corpus,
        "tune": each.number,
        "title": each.title,
        "similarity": round(each.similarity, 4),
        "passage": {
            "bars": round(each.bars, 3),
            "notes": each.notes,
            "first_bar": each.first_bar,
        },
    }
