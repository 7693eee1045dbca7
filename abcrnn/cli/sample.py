"""``abcrnn sample``: generate tunes with a model."""

from __future__ import annotations

import argparse
from typing import Any

from abcrnn.cli.arguments import (
    add_command,
    add_max_length,
    add_model,
    add_number_of_tunes,
    add_sampling_options,
    add_top_p,
    add_tune_output,
    count,
    one_line,
    probability,
)
from abcrnn.cli.terminal import convert_into, load_model, write_tunebook

_FIELDS = {"title": "The Lost Byte", "rhythm": "jig", "meter": "6/8", "key": "D"}


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        subparsers,
        "sample",
        run,
        "generate tunes with a trained model",
        "abcrnn sample runs/jigs -n 8 --key D -o tunes.abc --midi midi",
    )
    add_model(parser)
    add_number_of_tunes(parser, default=1)
    add_tune_output(parser)
    add_sampling_options(
        parser, temperature_hint="; for the most likely character always, use --top-k 1"
    )
    add_top_p(parser)
    parser.add_argument(
        "--top-k", type=count, metavar="K", help="sample from the K most likely characters"
    )
    parser.add_argument(
        "--min-p",
        type=probability,
        metavar="P",
        help="sample from the characters at least P times as likely as the most likely one",
    )
    add_max_length(parser)
    parser.add_argument(
        "--unconstrained",
        action="store_true",
        help="allow tunes that are not valid, such as bars that do not add up",
    )
    for field, example in _FIELDS.items():
        parser.add_argument(
            f"--{field}",
            type=one_line,
            metavar="TEXT",
            help=f'begin with this {field}, such as "{example}"',
        )


def run(arguments: argparse.Namespace) -> int:
    """Generate the tunes; exit code 1 if some were not completed."""
    model = load_model(arguments)
    from abcrnn.notation import renumber
    from abcrnn.sampling.sampler import Sampler, header_prompt

    fields = {name: getattr(arguments, name) for name in _FIELDS}
    prompt = header_prompt(**fields) if any(fields.values()) else "X:"
    sampler = Sampler(
        model,
        temperature=arguments.temperature,
        top_k=arguments.top_k,
        top_p=arguments.top_p,
        min_p=arguments.min_p,
        seed=arguments.seed,
        constraint=None if arguments.unconstrained else "bars",
    )
    tunes = sampler.tunes(arguments.n, prompt=prompt, max_length=arguments.max_length)
    tunes = [renumber(tune, number) for number, tune in enumerate(tunes, start=1)]
    write_tunebook(tunes, arguments.output)
    if arguments.midi:
        convert_into(tunes, arguments.midi, "midi")
    return 0 if len(tunes) == arguments.n else 1
