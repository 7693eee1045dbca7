"""What the commands that write tunes do and print: sample, compose, reproduce, rewrite.

As in :mod:`abcrnn.cli.commands`, each takes the parsed words and returns the exit code, and
imports stand inside.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from abcrnn.cli.console import convert_into, import_tensorflow

if TYPE_CHECKING:
    from abcrnn.data.novelty import NoveltyIndex

_ORDERS = ("key", "meter", "rhythm", "bars", "form", "pitches", "opening")


def sample(arguments: argparse.Namespace) -> int:
    """Write new tunes with a model, sound ones unless asked otherwise."""
    import_tensorflow()
    from abcrnn.models.model_file import load_model
    from abcrnn.notation import renumber
    from abcrnn.sampling.sampler import Sampler, header_prompt

    fields = {name: getattr(arguments, name) for name in ("title", "rhythm", "meter", "key")}
    prompt = header_prompt(**fields) if any(fields.values()) else "X:"
    sampler = Sampler(
        load_model(arguments.model),
        temperature=arguments.temperature,
        top_k=arguments.top_k,
        top_p=arguments.top_p,
        seed=arguments.seed,
        constraint=None if arguments.unconstrained else "bars",
    )
    tunes = sampler.tunes(arguments.n, prompt=prompt, max_length=arguments.max_length)
    tunes = [renumber(tune, number) for number, tune in enumerate(tunes, start=1)]
    _give(tunes, arguments.output)
    if arguments.midi:
        convert_into(tunes, arguments.midi, "midi")
    return 0 if len(tunes) == arguments.n else 1


def compose(arguments: argparse.Namespace) -> int:
    """Write tunes that are complete, sound, new and as ordered, and report the yield."""
    import_tensorflow()
    from abcrnn.composition.composer import YieldError
    from abcrnn.composition.composer import compose as compose_tunes
    from abcrnn.models.model_file import load_model

    model = load_model(arguments.model)
    if arguments.begin and arguments.key is None and arguments.meter is None:
        prompt = _beginning(arguments.begin)
    elif arguments.begin:
        raise ValueError("--begin holds a header of its own: leave --key and --meter out")
    else:
        prompt = None
    most = None if arguments.copies else arguments.max_copied_bars
    if most is not None and not (arguments.against or model.novelty):
        raise ValueError(
            f"{arguments.model} does not carry its training tunes, so what it copies cannot be "
            "told: name them with --against CORPUS, or do without with --copies"
        )
    try:
        made = compose_tunes(
            model,
            arguments.n,
            prompt=prompt,
            **{name: getattr(arguments, name) for name in _ORDERS},
            max_copied_bars=most,
            novelty=_index(arguments.against) if most is not None else None,
            temperature=arguments.temperature,
            top_p=arguments.top_p,
            max_length=arguments.max_length,
            seed=arguments.seed,
        )
    except YieldError as error:
        print(error.report, file=sys.stderr)
        raise ValueError(str(error)) from error
    _give(made.tunes, arguments.output)
    print(made.report, file=sys.stderr)
    return convert_into(made.tunes, arguments.midi, "midi") if arguments.midi else 0


def reproduce(arguments: argparse.Namespace) -> int:
    """Draw composed tunes again."""
    import_tensorflow()
    from abcrnn.composition.composer import reproduce_all
    from abcrnn.data.corpus import load_corpus
    from abcrnn.models.model_file import load_model

    model = load_model(arguments.model)
    tunes = load_corpus(arguments.tune).tunes
    again = reproduce_all(tunes, model)
    _give(again, arguments.output)
    same = sum(one == other for one, other in zip(tunes, again, strict=True))
    print(f"{same} of {len(again)} tunes the same, byte for byte", file=sys.stderr)
    return 0 if same == len(again) else 1


def rewrite(arguments: argparse.Namespace) -> int:
    """Write bars of a tune anew."""
    import_tensorflow()
    from abcrnn.composition.rewriting import rewrite as rewrite_bars
    from abcrnn.data.corpus import load_corpus
    from abcrnn.models.model_file import load_model
    from abcrnn.notation import renumber

    tunes = load_corpus(arguments.tunes).tunes
    if arguments.tune > len(tunes):
        raise ValueError(f"{arguments.tunes} has {len(tunes)} tunes, so none is {arguments.tune}")
    first, last = arguments.bars
    found = rewrite_bars(
        load_model(arguments.model),
        tunes[arguments.tune - 1],
        first,
        last,
        arguments.n,
        temperature=arguments.temperature,
        top_p=arguments.top_p,
        seed=arguments.seed,
    )
    for number, rewriting in enumerate(found, start=1):
        bars = " ".join(rewriting.bars.split())
        print(f"{number}: {bars}    ({rewriting.bits:.1f} bits for the rest)", file=sys.stderr)
    if not found:
        raise ValueError("nothing drawn fits there: try again, or a higher temperature")
    _give([renumber(one.tune, n) for n, one in enumerate(found, start=1)], arguments.output)
    return 0


def _give(tunes: Sequence[str], output: str | None) -> None:
    """Write a tunebook into a file, or print it."""
    from abcrnn.storage.atomic import write_text

    text = "\n\n".join(tunes) + "\n"
    if output:
        write_text(output, text)
        print(f"{len(tunes)} tunes in {output}")
    elif tunes:
        print(text, end="")


def _beginning(path: str) -> str:
    """Read the beginning of a tune from a file."""
    from abcrnn.data.corpus import read_lines

    text = "".join(read_lines(path)).strip("\n") + "\n"
    if not text.startswith("X:") or "\n\n" in text:
        raise ValueError(f"{path} must hold the beginning of one tune, from its line X: on")
    return text


def _index(against: str | None) -> NoveltyIndex | None:
    """Index the tunes that nothing may be copied from; None for the model's own."""
    if against is None:
        return None
    from abcrnn.data.corpus import load_corpus
    from abcrnn.data.novelty import NoveltyIndex

    return NoveltyIndex(load_corpus(against).tunes)
