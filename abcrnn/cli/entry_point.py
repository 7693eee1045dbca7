"""The command line: words in, library calls, lines out.

Exit codes: 0 done, 1 the data was bad, 2 the words were wrong, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from abcrnn._version import __version__
from abcrnn.cli import commands, generating
from abcrnn.cli.events_arguments import add_events
from abcrnn.models.recipes import RECIPES

_Parser = argparse.ArgumentParser


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    logging.basicConfig(format="abcrnn: %(message)s", level=logging.WARNING)
    words = sys.argv[1:] if words is None else words
    arguments = _parser().parse_args(words)
    arguments.words = words
    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return run(arguments)
    except KeyboardInterrupt:
        print("\nstopped" + (f"; {arguments.hint}" if "hint" in arguments else ""), file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0  # the reader, such as head, has seen enough
    except (ValueError, OSError, ArithmeticError, ImportError) as error:
        print(f"abcrnn: {error}", file=sys.stderr)
        return 1


# The words --------------------------------------------------------------------------------


def _parser() -> _Parser:
    parser = _Parser(prog="abcrnn", description="Neural networks that write folk tunes in ABC.")
    parser.add_argument("--version", action="version", version=f"abcrnn {__version__}")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in (
        _add_quickstart,
        _add_corpora,
        _add_train,
        _add_sample,
        _add_compose,
        _add_reproduce,
        _add_rewrite,
        _add_convert,
        _add_check,
        _add_evaluate,
        _add_surprise,
    ):
        add(subparsers)
    add_events(subparsers, _command, _count, _whole)
    return parser


def _command(subparsers: Any, name: str, run: Any, about: str, example: str) -> _Parser:
    parser: _Parser = subparsers.add_parser(
        name,
        help=about,
        description=about[0].upper() + about[1:] + ".",
        epilog=f"example: {example}",
    )
    parser.set_defaults(run=run)
    return parser


def _add_quickstart(subparsers: Any) -> None:
    p = _command(
        subparsers,
        "quickstart",
        commands.quickstart,
        "train a small model, write tunes and MIDI, in a minute or two",
        "abcrnn quickstart --out my-first-tunes",
    )
    p.add_argument(
        "--out", default="quickstart", metavar="DIR", help="folder to write (%(default)s)"
    )
    p.add_argument(
        "--tunes", type=_count, default=8, metavar="N", help="tunes to write (%(default)s)"
    )
    p.add_argument("--seed", type=_whole, default=0, help="of everything random (%(default)s)")
    p.add_argument("--epochs", type=_count, help="train longer or shorter")
    p.add_argument("--steps", type=_count, help="train so few steps an epoch: a trial run")


def _add_corpora(subparsers: Any) -> None:
    about = "list, fetch or check the corpora"
    parser = subparsers.add_parser(
        "corpora",
        help=about,
        description=about.capitalize() + ".",
        epilog="example: abcrnn corpora list",
    )
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    _command(
        actions, "list", commands.corpora_list, "list the corpora by name", "abcrnn corpora list"
    )
    p = _command(
        actions,
        "fetch",
        commands.corpora_fetch,
        "fetch corpora into the cache",
        "abcrnn corpora fetch irish jigs",
    )
    p.add_argument("names", nargs="+", metavar="NAME")
    p = _command(
        actions,
        "check",
        commands.corpora_check,
        "count a corpus and hold it to its card",
        "abcrnn corpora check oneills my-tunes.abc",
    )
    p.add_argument("sources", nargs="+", metavar="CORPUS", help="a name, file or folder")


def _add_train(subparsers: Any) -> None:
    p = _command(
        subparsers,
        "train",
        commands.train,
        "train a model on a corpus",
        "abcrnn train jigs --out runs/jigs",
    )
    p.add_argument("corpus", metavar="CORPUS", help="a name, or a file or folder of .abc")
    p.add_argument(
        "--out", required=True, metavar="RUN", help="run folder; goes on if begun before"
    )
    p.add_argument("--recipe", default="default", choices=sorted(RECIPES), help="(%(default)s)")
    p.add_argument("--epochs", type=_count, metavar="N", help="epochs in all (the recipe's)")
    p.add_argument("--batch-size", type=_count, metavar="N")
    p.add_argument("--seq-length", type=_count, metavar="N")
    p.add_argument("--learning-rate", type=float, metavar="X")
    p.add_argument(
        "--patience",
        type=_count,
        metavar="N",
        help="stop after so many epochs without a better validation score",
    )
    p.add_argument(
        "--keep-every", type=_count, metavar="N", help="keep the model of every Nth epoch"
    )
    p.add_argument(
        "--checkpoint-minutes",
        type=float,
        metavar="X",
        help="save all that the run goes on from so often, besides after each epoch (5)",
    )
    p.add_argument("--sample-every", type=_count, metavar="N", help="show a sample every Nth epoch")
    p.add_argument(
        "--validation",
        type=float,
        default=0.1,
        metavar="SHARE",
        help="tunes to validate on (%(default)s)",
    )
    p.add_argument(
        "--test",
        type=float,
        default=0.1,
        metavar="SHARE",
        help="tunes set aside for abcrnn evaluate (%(default)s)",
    )
    p.add_argument("--split-seed", type=_whole, default=0, metavar="N")
    p.add_argument("--seed", type=_whole, default=0, metavar="N")
    p.add_argument(
        "--distribute",
        choices=("mirrored", "multi-worker"),
        help="share each batch among the GPUs here, or the workers in TF_CONFIG (docs/scaling.md)",
    )
    p.add_argument(
        "--no-novelty",
        action="store_true",
        help="do not keep an index of the melodies in the model file, which compose needs",
    )
    p.add_argument("--tensorboard", action="store_true", help="write TensorBoard logs too")


def _add_sample(subparsers: Any) -> None:
    p = _command(
        subparsers,
        "sample",
        generating.sample,
        "write new tunes with a trained model",
        "abcrnn sample runs/jigs/best.abcrnn -n 8 --key D -o tunes.abc --midi midi",
    )
    _add_drawing(p, n=1)
    p.add_argument("--midi", metavar="DIR", help="folder for a MIDI file of each")
    p.add_argument("--top-k", type=_count, metavar="K", help="only the K likeliest characters")
    p.add_argument(
        "--max-length",
        type=_count,
        default=1000,
        metavar="N",
        help="longest tune, in characters (%(default)s)",
    )
    p.add_argument(
        "--unconstrained",
        action="store_true",
        help="draw whatever the model writes, also bars that do not add up",
    )
    for field, example in (
        ("title", "The Lost Byte"),
        ("rhythm", "jig"),
        ("meter", "6/8"),
        ("key", "D"),
    ):
        p.add_argument(
            f"--{field}", metavar="TEXT", help=f'begin with this {field}, such as "{example}"'
        )


def _add_drawing(p: _Parser, n: int) -> None:
    """Add the words of all commands that draw tunes."""
    p.add_argument("model", metavar="MODEL", help="an .abcrnn file")
    p.add_argument("-n", type=_count, default=n, metavar="N", help="how many (%(default)s)")
    p.add_argument(
        "-o", "--output", metavar="FILE", help="tunebook to write (else they are printed)"
    )
    p.add_argument("--seed", type=_whole, metavar="N", help="the same seed, the same tunes")
    p.add_argument(
        "--temperature",
        type=float,
        default=0.8,
        metavar="T",
        help="lower is safer, higher is bolder (%(default)s)",
    )
    p.add_argument(
        "--top-p",
        type=float,
        metavar="P",
        help="only the likeliest characters that make up P together, such as 0.95",
    )


def _add_compose(subparsers: Any) -> None:
    p = _command(
        subparsers,
        "compose",
        generating.compose,
        "write exactly N tunes: complete, sound, new, as ordered",
        "abcrnn compose runs/jigs/best.abcrnn -n 20 --key G --meter 6/8 --form AABB --bars 16 "
        "-o tunes.abc",
    )
    _add_drawing(p, n=1)
    p.add_argument("--midi", metavar="DIR", help="folder for a MIDI file of each")
    p.add_argument("--key", metavar="KEY", help='such as G, Em or "A dorian"')
    p.add_argument("--meter", metavar="M", help="such as 6/8")
    p.add_argument("--rhythm", metavar="TEXT", help="of the field R:, such as jig")
    p.add_argument("--bars", type=_count, metavar="N", help="as written, repeats counted once")
    p.add_argument("--form", metavar="FORM", help="sections in order, such as AABB")
    p.add_argument(
        "--pitches", metavar="RANGE", help='lowest to highest, D-b, or "D whistle", fiddle, voice'
    )
    p.add_argument("--opening", metavar="MUSIC", help="begin with it; takes a key and a meter")
    p.add_argument("--begin", metavar="FILE", help="go on from the beginning of a tune in a file")
    p.add_argument(
        "--max-copied-bars",
        type=float,
        default=4.0,
        metavar="X",
        help="longest run of bars from any training tune (%(default)g)",
    )
    p.add_argument("--copies", action="store_true", help="keep copies of training tunes too")
    p.add_argument(
        "--against",
        metavar="CORPUS",
        help="tunes not to copy from, where the model does not carry its own",
    )
    p.add_argument(
        "--max-length",
        type=_count,
        default=1000,
        metavar="N",
        help="longest tune, in characters (%(default)s)",
    )


def _add_reproduce(subparsers: Any) -> None:
    p = _command(
        subparsers,
        "reproduce",
        generating.reproduce,
        "draw composed tunes again, byte for byte, from the lines they carry",
        "abcrnn reproduce tune.abc --model runs/jigs/best.abcrnn",
    )
    p.add_argument("tune", metavar="FILE", help="an .abc file that compose wrote")
    p.add_argument("--model", required=True, metavar="MODEL", help="that it was composed with")
    p.add_argument("-o", "--output", metavar="FILE", help="tunebook to write (else printed)")


def _add_rewrite(subparsers: Any) -> None:
    p = _command(
        subparsers,
        "rewrite",
        generating.rewrite,
        "write bars of a tune anew, the best continuations first",
        "abcrnn rewrite runs/jigs/best.abcrnn my-tune.abc --bars 5-6",
    )
    _add_drawing(p, n=5)
    p.add_argument("tunes", metavar="FILE", help="an .abc file")
    p.add_argument(
        "--bars", type=_span, required=True, metavar="I-J", help="such as 5-6; a pickup is bar 0"
    )
    p.add_argument(
        "--tune", type=_count, default=1, metavar="N", help="its place in the file (%(default)s)"
    )


def _add_convert(subparsers: Any) -> None:
    p = _command(
        subparsers,
        "convert",
        commands.convert,
        "turn each tune of a tunebook into a file",
        "abcrnn convert tunes.abc --out midi",
    )
    p.add_argument("tunes", metavar="TUNES", help="an .abc file, a folder of them, or a corpus")
    p.add_argument("--out", required=True, metavar="DIR")
    p.add_argument("--to", default="midi", choices=("midi", "musicxml"), help="(%(default)s)")


def _add_check(subparsers: Any) -> None:
    p = _command(
        subparsers,
        "check",
        commands.check,
        "tell what is not sound in tunebooks: bars, repeats, ties, headers",
        "abcrnn check my-tunes.abc",
    )
    p.add_argument("files", nargs="+", metavar="FILE", help="an .abc file")


def _add_evaluate(subparsers: Any) -> None:
    p = _command(
        subparsers,
        "evaluate",
        commands.evaluate,
        "score a model on tunes it has not seen, and hold its own tunes against a corpus",
        "abcrnn evaluate runs/jigs/best.abcrnn --corpus jigs --out card",
    )
    p.add_argument("model", metavar="MODEL")
    p.add_argument("--corpus", required=True, metavar="CORPUS")
    p.add_argument(
        "--tunes",
        type=_whole,
        default=100,
        metavar="N",
        help="tunes to draw (%(default)s); 0 for the scores alone",
    )
    p.add_argument("--out", metavar="DIR", help="folder for card.json and card.png")


def _add_surprise(subparsers: Any) -> None:
    p = _command(
        subparsers,
        "surprise",
        commands.surprise,
        "tell where tunes of your own surprise a model: the bars it expected least",
        "abcrnn surprise runs/jigs/best.abcrnn my-tunes.abc",
    )
    p.add_argument("model", metavar="MODEL")
    p.add_argument("tunes", metavar="FILE", help="an .abc file")


def _whole(word: str) -> int:
    number = int(word)
    if number < 0:
        raise argparse.ArgumentTypeError(f"must be a whole number from 0, not {word}")
    return number


def _count(word: str) -> int:
    number = int(word)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, not {word}")
    return number


def _span(word: str) -> tuple[int, int]:
    first, _, last = word.partition("-")
    if not first.isdecimal() or not (last or first).isdecimal() or len(word) > 12:
        raise argparse.ArgumentTypeError(f"must be two numbers of bars, such as 5-6, not {word}")
    return int(first), int(last or first)


if __name__ == "__main__":
    sys.exit(main())
