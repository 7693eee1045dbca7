"""``abcrnn check``: problems of tunes, as ``file:line:column: kind: message``."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import Any

from abcrnn.cli.arguments import add_command
from abcrnn.cli.terminal import read_tunes
from abcrnn.reports.wording import count_of


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        subparsers,
        "check",
        run,
        "report problems in tunebooks: bars, repeats, ties, headers",
        "abcrnn check my-tunes.abc",
    )
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="an .abc file, or a folder of them"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the problems and a summary."""
    from abcrnn.notation import check_tune

    tunes = invalid = 0
    kinds: Counter[str] = Counter()
    for path in arguments.files:
        for file, block in read_tunes(path):
            tunes += 1
            problems = check_tune(block.text, unsupported=True)
            for line, column, kind, message in problems:
                print(f"{file}:{block.line + line - 1}:{column}: {kind}: {message}")
                kinds[kind] += 1
            invalid += any(problem.kind != "unsupported" for problem in problems)
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    valid = f"{tunes - invalid} of {count_of(tunes, 'tune')} valid"
    print(f"{valid}: {counts}" if counts else valid)
    return 1 if invalid else 0
