"""``abcrnn pretrained``: the models that come with the package."""

from __future__ import annotations

import argparse
import sys
import textwrap
from pathlib import Path
from typing import Any

from abcrnn.cli.argument_types import count
from abcrnn.cli.arguments import add_command, add_command_group
from abcrnn.cli.terminal import import_tensorflow, resume_hint
from abcrnn.models.pretrained import (
    PretrainedModel,
    pretrained_names,
    pretrained_path,
    read_card,
)
from abcrnn.storage.atomic import require_writable

_WIDTH = 100  # characters of a line
_LABELS = 10  # of them for the label


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    about = "list the models that come with abcrnn: size, data, licence and scores"
    actions = add_command_group(
        subparsers, "pretrained", about, "abcrnn pretrained", run=list_pretrained
    )
    add_command(actions, "list", list_pretrained, about, "abcrnn pretrained list")
    build = add_command(
        actions,
        "build",
        build_pretrained,
        "train the model folk again, from corpora that come with music21, in about an hour",
        "abcrnn pretrained build --out runs/folk",
    )
    build.add_argument(
        "--out", required=True, metavar="RUN", help="run folder; an existing run is resumed"
    )
    build.add_argument(
        "--epochs", type=count, metavar="N", help="number of epochs (default: those of the model)"
    )


def build_pretrained(arguments: argparse.Namespace) -> int:
    """Train the packaged model, or resume its training; print its card."""
    require_writable(Path(arguments.out) / "run.json")
    import_tensorflow()
    from abcrnn.training.pretraining import pretrain

    arguments.hint = resume_hint(arguments)
    card = pretrain(arguments.out, arguments.epochs)
    print(_describe(card))
    print(f"written to {Path(arguments.out) / card.path.name}")
    return 0


def list_pretrained(arguments: argparse.Namespace) -> int:
    """Print the card of each model; exit code 1 if a model is missing or damaged."""
    code = 0
    for name in pretrained_names():
        try:
            print(_describe(read_card(name)))
            pretrained_path(name)
        except ValueError as error:
            print(f"abcrnn: {error}", file=sys.stderr)
            code = 1
    return code


def _describe(card: PretrainedModel) -> str:
    """Return the lines about a model."""
    rows = {
        "size": f"{card.bytes / 1e6:.1f} MB, {card.parameters:,} parameters",
        "data": card.data,
        "licence": card.licence,
    }
    lines = [f"{card.name}: {card.title}"]
    lines += [line for label, text in rows.items() for line in _wrap(label, text)]
    for number, (measure, score) in enumerate(card.scores.items()):
        lines += _wrap("" if number else "scores", f"{measure}: {score:g}")
    return "\n".join(lines)


def _wrap(label: str, text: str) -> list[str]:
    first = f"  {label}".ljust(_LABELS + 2)
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=" " * len(first))
