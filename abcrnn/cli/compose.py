"""``abcrnn compose``: valid, new tunes that match requests."""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from abcrnn.cli.argument_types import count, not_negative, request
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
from abcrnn.cli.chords import add_chords_option, add_chords_to
from abcrnn.cli.model_arguments import load_model, model_names, require_characters
from abcrnn.cli.option_names import in_option_names
from abcrnn.cli.terminal import (
    load_corpus,
    require_outputs,
    write_files,
    write_tunebook,
)
from abcrnn.composition.defaults import MAX_COPIED_BARS, TOP_P

if TYPE_CHECKING:
    from abcrnn.data.novelty import NoveltyIndex


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        subparsers,
        "compose",
        run,
        "generate exactly N tunes that are valid, new, playable and as requested",
        "abcrnn compose -n 20 --key G --meter 6/8 --form AABB --bars 16 -o tunes.abc",
    )
    add_model(parser)
    add_number_of_tunes(parser, default=1)
    add_tune_output(parser)
    add_sampling_options(parser)
    add_top_p(parser, default=TOP_P)
    add_max_length(parser)
    parser.add_argument(
        "--best-of",
        type=count,
        default=1,
        metavar="K",
        help="accepted candidates for each tune, of which the one most like the training tunes "
        "is returned (default: %(default)s)",
    )
    add_faithful(parser)
    parser.add_argument(
        "--no-match-training",
        action="store_true",
        help="also accept tunes that end off the tonic, leap over an octave or have no bar that "
        "returns where training tunes have this less often",
    )
    add_chords_option(parser)
    _add_requests(parser)
    _add_novelty(parser)


def _add_requests(parser: argparse.ArgumentParser) -> None:
    metavars = {
        "key": ("KEY", 'key, such as G, Em or "A dorian"'),
        "meter": ("M", "meter, such as 6/8"),
        "title": ("TEXT", 'title of the tunes, such as "The Lost Byte" (default: generated)'),
        "rhythm": ("TEXT", "value of the field R:, such as jig"),
        "form": ("FORM", "sections in order, doubled if repeated, such as AABB"),
        "pitches": ("RANGE", 'lowest and highest note, such as D-b, or "D whistle", fiddle, voice'),
    }
    for name, (metavar, about) in metavars.items():
        parser.add_argument(f"--{name}", type=request(name), metavar=metavar, help=about)
    parser.add_argument(
        "--bars", type=count, metavar="N", help="number of bars as written, repeats counted once"
    )
    parser.add_argument(
        "--opening", metavar="MUSIC", help="music to begin with; needs --key and --meter"
    )
    parser.add_argument(
        "--ending",
        choices=("tonic", "chord"),
        help="last note of the tune: the tonic of its key, or a note of the tonic triad",
    )
    parser.add_argument("--begin", metavar="FILE", help="file with the beginning of a tune")


def _add_novelty(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--max-copied-bars",
        type=not_negative,
        default=MAX_COPIED_BARS,
        metavar="X",
        help="maximum number of consecutive bars from a training tune (default: %(default)g)",
    )
    parser.add_argument("--copies", action="store_true", help="accept copies of training tunes")
    parser.add_argument(
        "--against",
        metavar="CORPUS",
        help="corpus that must not be copied (default: the model's training tunes)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Compose the tunes, and print how many were generated for them."""
    _validate(arguments)
    require_outputs(arguments)
    model = load_model(arguments)
    require_characters(model, arguments, ("title", "rhythm", "opening"))
    from abcrnn.composition.composer import compose as compose_tunes
    from abcrnn.composition.composition_report import YieldError

    max_copied_bars = None if arguments.copies else arguments.max_copied_bars
    if max_copied_bars is not None and not (arguments.against or model.novelty):
        raise ValueError(
            f"{' and '.join(model_names(arguments))} has no index of its training tunes, so copies "
            "cannot be recognised: name them with --against CORPUS, or accept copies with --copies"
        )
    try:
        made = compose_tunes(
            model,
            arguments.n,
            prompt=_read_beginning(arguments.begin) if arguments.begin else None,
            **_requests(arguments),
            max_copied_bars=max_copied_bars,
            novelty=_index(arguments.against) if max_copied_bars is not None else None,
            temperature=arguments.temperature,
            top_p=arguments.top_p,
            max_length=arguments.max_length,
            seed=arguments.seed,
            best_of=arguments.best_of,
            faithful=arguments.faithful,
            match_training=not arguments.no_match_training,
        )
    except YieldError as error:
        print(error.report, file=sys.stderr)
        raise ValueError(str(error)) from error
    except ValueError as error:
        if not arguments.begin:
            raise
        raise ValueError(str(error).replace("the prompt", arguments.begin)) from error
    tunes = made.tunes
    if arguments.chords:
        from abcrnn.composition.accompaniment import accompanied

        tunes = add_chords_to(tunes, accompanied)
    write_tunebook(tunes, arguments.output)
    print(made.report, file=sys.stderr)
    return write_files(tunes, arguments)


def _validate(arguments: argparse.Namespace) -> None:
    """Check options that depend on each other."""
    from abcrnn.composition.requests import Requests

    if arguments.begin and (arguments.key or arguments.meter):
        raise UsageError("argument --begin: the file has a header: leave out --key and --meter")
    if arguments.opening and not (arguments.key and arguments.meter):
        raise UsageError("argument --opening: also give --key and --meter")
    try:
        Requests(**_requests(arguments))
    except ValueError as error:
        message, _ = in_option_names(str(error), arguments.parser)
        raise UsageError(f"argument {message}") from None


def _requests(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the options that are requests, by name; None where an option is not given."""
    from abcrnn.composition.requests import Requests

    return {field.name: getattr(arguments, field.name) for field in fields(Requests)}


def _read_beginning(path: str) -> str:
    """Read the beginning of a tune from a file."""
    from abcrnn.data.tunebook_files import read_lines

    text = "".join(read_lines(path)).strip("\n") + "\n"
    if not text.startswith("X:") or "\n\n" in text:
        raise ValueError(f"{path} must hold the beginning of one tune, from its line X: on")
    return text


def _index(against: str | None) -> NoveltyIndex | None:
    """Index the tunes that must not be copied; None for the model's own index."""
    if against is None:
        return None
    from abcrnn.data.novelty import NoveltyIndex

    return NoveltyIndex(load_corpus(against).tunes)
