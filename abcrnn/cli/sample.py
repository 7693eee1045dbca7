"""``abcrnn sample``: generate tunes with a model."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from abcrnn.cli.argument_types import count, key, meter, probability, request
from abcrnn.cli.arguments import (
    UsageError,
    add_command,
    add_faithful,
    add_max_length,
    add_model,
    add_number_of_tunes,
    add_sampling_options,
    add_top_p,
    add_tune_output,
)
from abcrnn.cli.model_arguments import load_model, require_characters
from abcrnn.cli.terminal import (
    require_outputs,
    write_files,
    write_tunebook,
)

if TYPE_CHECKING:
    from abcrnn.grammar.transition_tables import TransitionTables
    from abcrnn.sampling.sampler import Sampler

_FIELDS = {
    "title": (request("title"), "The Lost Byte"),
    "rhythm": (request("rhythm"), "jig"),
    "meter": (meter, "6/8"),
    "key": (key, "D"),
}


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        subparsers,
        "sample",
        run,
        "generate tunes with a trained model",
        "abcrnn sample --model runs/jigs -n 8 --key D -o tunes.abc --midi midi",
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
    add_faithful(parser)
    parser.add_argument(
        "--unconstrained",
        action="store_true",
        help="allow tunes that are not valid, such as bars that do not add up",
    )
    for field, (kind, example) in _FIELDS.items():
        parser.add_argument(
            f"--{field}", type=kind, metavar="TEXT", help=f'the {field}, such as "{example}"'
        )


def run(arguments: argparse.Namespace) -> int:
    """Generate the tunes; exit code 1 if some were not completed."""
    if arguments.unconstrained and arguments.faithful > 1:
        raise UsageError("argument --faithful: not with --unconstrained, which changes nothing")
    require_outputs(arguments)
    model = load_model(arguments)
    require_characters(model, arguments, _FIELDS)
    from abcrnn.notation import renumber
    from abcrnn.sampling.sampler import Sampler

    tables = _constraint(model, arguments)
    sampler = Sampler(
        model,
        temperature=arguments.temperature,
        top_k=arguments.top_k,
        top_p=arguments.top_p,
        min_p=arguments.min_p,
        seed=arguments.seed,
        constraint=tables,
        faithful=arguments.faithful,
    )
    prompt = _prompt(sampler, tables, arguments)
    tunes = sampler.tunes(arguments.n, prompt=prompt, max_length=arguments.max_length)
    tunes = [renumber(tune, number) for number, tune in enumerate(tunes, start=1)]
    write_tunebook(tunes, arguments.output)
    if arguments.faithful > 1:
        print(
            f"each tune chosen from {arguments.faithful} candidates, "
            f"effective sample size {sampler.effective_size:.1f}",
            file=sys.stderr,
        )
    write_files(tunes, arguments)
    return 0 if len(tunes) == arguments.n else 1


def _constraint(model: Any, arguments: argparse.Namespace) -> TransitionTables | None:
    """Return the constraint; with a key but no meter, it allows only spellings of the key.

    ``K:`` ends a header, and the model has to write ``M:`` before it.
    """
    from abcrnn.composition.spellings import key_spellings
    from abcrnn.grammar.transition_tables import TransitionTables

    if arguments.unconstrained:
        return None
    characters = model.vocabulary.characters
    if not arguments.key or arguments.meter:
        return TransitionTables(characters)
    spellings = key_spellings(arguments.key)
    if not spellings:
        raise UsageError(f"argument --key: also give --meter, for the key {arguments.key!r}")
    return TransitionTables(characters, values={"K": spellings})


def _prompt(
    sampler: Sampler, tables: TransitionTables | None, arguments: argparse.Namespace
) -> str | Callable[[int], str]:
    """Return the beginning of the tunes, or of the tune of each stream.

    Fields are in the order of ABC 2.1, section 3. The title is the first: without a given
    one, the model writes a title for each tune.
    """
    from abcrnn.sampling.tune_text import header_prompt

    fields = {name: getattr(arguments, name) for name in _FIELDS}
    if not any(fields.values()):
        return "X:"
    if tables is None:
        return header_prompt(**fields)
    if fields["meter"] is None:
        fields["key"] = None  # part of the constraint
    _require_valid(tables, header_prompt(**fields))
    if fields["title"] or "T" not in tables.characters:
        return header_prompt(**fields)
    titles: dict[int, str] = {}

    def prompt_of(stream: int) -> str:
        if stream not in titles:
            block = range(stream, stream + arguments.n)
            lines = sampler.lines("X:1\nT:", block, arguments.n)
            titles.update(zip(block, lines, strict=True))
        return header_prompt(**{**fields, "title": titles[stream] or None})

    return prompt_of


def _require_valid(tables: TransitionTables, prompt: str) -> None:
    """Raise ``UsageError`` with the name of the option if no valid tune has its value."""
    length = tables.read_prefix(prompt).length
    if length == len(prompt):
        return
    line = prompt[prompt.rfind("\n", 0, length) + 1 :].partition("\n")[0]
    option = {"T": "title", "R": "rhythm", "M": "meter", "K": "key"}[line[0]]
    value = line[2:]
    raise UsageError(
        f"argument --{option}: no valid tune has the {option} {value!r} "
        "(--unconstrained allows tunes that are not valid)"
    )
