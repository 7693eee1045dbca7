"""``abcrnn check``: problems of tunes, as ``file:line:column: kind: message``."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abcrnn.cli.arguments import add_command, add_join_blank
from abcrnn.cli.terminal import describe_error, read_tunes
from abcrnn.reports.wording import count_of

if TYPE_CHECKING:
    from abcrnn.notation import Block

#: Kinds of problems that do not make a tune invalid.
_HARMLESS = ("unsupported", "outside")


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
    add_join_blank(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the problems and a summary."""
    summary = _Summary()
    for path in arguments.files:
        try:
            for file, block in read_tunes(path, arguments.join_blank, summary.report):
                summary.add(file, block)
        except (ValueError, OSError) as error:
            if len(arguments.files) == 1:
                raise
            summary.report(describe_error(error))
        summary.end_file()
    print(summary)
    if summary.kinds["lost"] and not arguments.join_blank:
        hint = "--join-blank reads music after an empty line as part of the tune before it"
        print(hint, file=sys.stderr)
    return 1 if summary.invalid or summary.kinds["lost"] or summary.failed else 0


class _Summary:
    """Prints problems and counts them."""

    def __init__(self) -> None:
        self.tunes = self.invalid = 0
        self.failed = False
        self.kinds: Counter[str] = Counter()
        self._in_file_header = True
        self._is_invalid = False  # the last tune

    def report(self, message: str) -> None:
        """Print a message about a file that cannot be read."""
        print(f"abcrnn: {message}", file=sys.stderr)
        self.failed = True

    def add(self, file: Path, block: Block) -> None:
        """Print the problems of a tune, or of text outside tunes."""
        from abcrnn.notation import check_tune
        from abcrnn.notation.fragments import check_fragment

        if block.is_tune:
            self._count_last()
            self.tunes += 1
            self._in_file_header = False
            problems = check_tune(block.text, unsupported=True)
        else:
            problems = check_fragment(block, self._in_file_header)
        for line, column, kind, message in problems:
            print(f"{file}:{block.line_in_book(line)}:{column}: {kind}: {message}")
            self.kinds[kind] += 1
            self._is_invalid = self._is_invalid or kind not in _HARMLESS

    def end_file(self) -> None:
        """Count the last tune of a file."""
        self._count_last()
        self._in_file_header = True

    def _count_last(self) -> None:
        self.invalid += self._is_invalid and not self._in_file_header
        self._is_invalid = False

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {kind}" for kind, count in sorted(self.kinds.items()))
        valid = f"{self.tunes - self.invalid} of {count_of(self.tunes, 'tune')} valid"
        return f"{valid}: {counts}" if counts else valid
