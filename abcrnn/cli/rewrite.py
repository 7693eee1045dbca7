"""``abcrnn rewrite``: other bars for a passage of a tune."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from abcrnn.cli.argument_types import bar_range, count
from abcrnn.cli.arguments import (
    add_command,
    add_model,
    add_number_of_tunes,
    add_sampling_options,
    add_top_p,
    add_tune_output,
)
from abcrnn.cli.model_arguments import find_models, load_model
from abcrnn.cli.terminal import load_corpus, require_outputs, write_tunebook
from abcrnn.reports.wording import count_of

if TYPE_CHECKING:
    from abcrnn.composition.rewriting import Rewriting


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        subparsers,
        "rewrite",
        run,
        "rewrite bars of a tune; the best fits come first",
        "abcrnn rewrite my-tune.abc --bars 5-6",
    )
    add_model(parser)
    parser.add_argument("tunes", metavar="FILE", help="an .abc file")
    parser.add_argument(
        "--bars",
        type=bar_range,
        required=True,
        metavar="I-J",
        help="bars to replace, such as 5-6; a pickup is bar 0",
    )
    parser.add_argument(
        "--tune",
        type=count,
        default=1,
        metavar="N",
        help="number of the tune in the file (default: %(default)s)",
    )
    add_number_of_tunes(parser, default=5)
    add_tune_output(parser, files=False)
    add_sampling_options(parser)
    add_top_p(parser)


def run(arguments: argparse.Namespace) -> int:
    """Rewrite the bars, and print the variants with their fit."""
    require_outputs(arguments)
    find_models(arguments)  # first, so that swapped arguments are reported as such
    tunes = load_corpus(arguments.tunes).tunes
    if arguments.tune > len(tunes):
        held = count_of(len(tunes), "tune")
        raise ValueError(f"{arguments.tunes} has {held}, so there is no tune {arguments.tune}")
    model = load_model(arguments)
    from abcrnn.notation import renumber

    tune = tunes[arguments.tune - 1]
    try:
        variants = _rewrite(model, tune, arguments)
    except ValueError as error:
        several = f", tune {arguments.tune}" if len(tunes) > 1 else ""
        raise ValueError(f"{arguments.tunes}{several}: {error}") from error
    if not variants:
        raise ValueError("no generated bars fit there: try again, or raise --temperature")
    print("fit: bits for the rest of the tune, lower is better", file=sys.stderr)
    for number, variant in enumerate(variants, start=1):
        print(
            f"{number}: {' '.join(variant.bars.split())}    (fit {variant.bits:.1f})",
            file=sys.stderr,
        )
    report_chord_symbols(tune, *arguments.bars)
    tunes = [renumber(variant.tune, n) for n, variant in enumerate(variants, start=1)]
    write_tunebook(tunes, arguments.output)
    return 0


def _rewrite(model: Any, tune: str, arguments: argparse.Namespace) -> list[Rewriting]:
    """Rewrite the bars; a message about them has the name of the option."""
    from abcrnn.composition.rewriting import MissingBarsError, rewrite

    first, last = arguments.bars
    try:
        return rewrite(
            model,
            tune,
            first,
            last,
            arguments.n,
            temperature=arguments.temperature,
            top_p=arguments.top_p,
            seed=arguments.seed,
        )
    except MissingBarsError as error:
        raise ValueError(
            f"--bars must be within {error.lowest}-{error.highest}, the bars of the tune, "
            f"not {first}-{last}"
        ) from None


def report_chord_symbols(tune: str, first: int, last: int) -> None:
    """Print how many chord symbols the variants do not keep, and of which bars."""
    from abcrnn.composition.provenance import without_provenance
    from abcrnn.composition.rewriting import count_chord_symbols

    counts = count_chord_symbols(without_provenance(tune), first, last)
    if counts:
        bars = f"bar{'' if len(counts) == 1 else 's'} {', '.join(map(str, counts))}"
        left_out = f"{count_of(sum(counts.values()), 'chord symbol')} of {bars} left out"
        print(
            f"abcrnn: {left_out}; the last one before them sounds until the next", file=sys.stderr
        )
