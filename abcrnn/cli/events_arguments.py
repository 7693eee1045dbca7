"""The words of ``abcrnn events``; what they do is in commands.py."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from abcrnn.cli import events_commands as commands

_RECIPES = ("default", "tutorial")  # named here, so that help needs no NumPy; a test compares


def add_events(
    subparsers: Any,
    command: Callable[..., argparse.ArgumentParser],
    count: Callable[[str], int],
    whole: Callable[[str], int],
) -> None:
    """Add the words to a parser, made with the command line's own ``command``."""
    about = "learn notes from MIDI files, and write new ones"
    parser = subparsers.add_parser(
        "events",
        help=about,
        description=f"{about.capitalize().replace('midi', 'MIDI')}.",
        epilog="example: abcrnn events train my-midi-files --out runs/notes",
    )
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    p = command(
        actions,
        "train",
        commands.train,
        "train a model on the notes of MIDI files",
        "abcrnn events train my-midi-files --out runs/notes",
    )
    _add_folder(p)
    p.add_argument(
        "--out", required=True, metavar="RUN", help="run folder; goes on if begun before"
    )
    p.add_argument("--recipe", default="default", choices=_RECIPES, help="(%(default)s)")
    p.add_argument("--epochs", type=count, metavar="N", help="epochs in all (the recipe's)")
    p.add_argument(
        "--instruments",
        default="merged",
        choices=("merged", "programs"),
        help="all of a file as one piece, or one for each program (%(default)s)",
    )
    p.add_argument("--seed", type=whole, default=0, help="of everything random (%(default)s)")
    p = command(
        actions,
        "sample",
        commands.sample,
        "write new notes as a MIDI file",
        "abcrnn events sample runs/notes/best.abcrnn -o new.mid --instrument flute",
    )
    _add_sampling(p, count, whole)
    p = command(
        actions,
        "evaluate",
        commands.evaluate,
        "score a model on the notes of MIDI files it has not seen",
        "abcrnn events evaluate runs/notes/best.abcrnn my-midi-files",
    )
    p.add_argument("model", metavar="MODEL")
    _add_folder(p)


def _add_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder",
        nargs="?",
        metavar="FOLDER",
        help="MIDI files, also in folders within; without it O'Neill's Music of Ireland",
    )


def _add_sampling(
    p: argparse.ArgumentParser, count: Callable[[str], int], whole: Callable[[str], int]
) -> None:
    p.add_argument("model", metavar="MODEL")
    p.add_argument("-o", "--out", required=True, metavar="FILE", help="the .mid file to write")
    p.add_argument("--notes", type=count, default=200, metavar="N", help="(%(default)s)")
    p.add_argument("--temperature", type=float, default=1.0, metavar="T", help="(%(default)s)")
    p.add_argument("--seed", type=whole, default=0, metavar="S", help="(%(default)s)")
    p.add_argument(
        "--continue", dest="opening", metavar="IN.mid", help="go on from the notes of this file"
    )
    p.add_argument(
        "--instrument", default="0", metavar="NAME", help="of General MIDI: flute, or 73"
    )
    p.add_argument(
        "--tempo", type=float, metavar="BPM", help="faster or slower than the data's own tempo"
    )
    p.add_argument("--plot", metavar="PNG", help="draw a piano roll, and the notes beside the data")
