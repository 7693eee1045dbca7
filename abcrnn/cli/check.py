"""``abcrnn check``: problems of tunes, as ``file:line:column: kind: message`` or as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abcrnn.cli.arguments import add_command, add_join_blank
from abcrnn.cli.terminal import describe_error, read_tunes
from abcrnn.reports.wording import count_of

if TYPE_CHECKING:
    from abcrnn.notation import Block
    from abcrnn.notation.diagnostics import Diagnostic


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
    parser.add_argument(
        "--json", action="store_true", help="print a JSON object for each problem, one per line"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the problems and a summary."""
    summary = _Summary(_print_json if arguments.json else _print_line)
    for path in arguments.files:
        try:
            for file, block in read_tunes(path, arguments.join_blank, summary.report):
                summary.add(file, block)
        except (ValueError, OSError) as error:
            if len(arguments.files) == 1:
                raise
            summary.report(describe_error(error))
            if arguments.json:
                _print_failure(path, describe_error(error))
        summary.end_file()
    print(summary, file=sys.stderr if arguments.json else sys.stdout)
    if summary.kinds["lost"] and not arguments.join_blank:
        hint = "--join-blank reads music after an empty line as part of the tune before it"
        print(hint, file=sys.stderr)
    return 1 if summary.invalid or summary.kinds["lost"] or summary.failed else 0


def _print_line(file: Path, found: Diagnostic, tune: dict[str, Any]) -> None:
    del tune
    print(f"{file}:{found.line}:{found.column}: {found.code}: {found.message}")


def _print_json(file: Path, found: Diagnostic, tune: dict[str, Any]) -> None:
    print(json.dumps({"file": str(file), **found._asdict(), **tune}))


def _print_failure(file: str, message: str) -> None:
    """Print an object for a file that cannot be read."""
    from abcrnn.notation.diagnostics import Diagnostic

    _print_json(Path(file), Diagnostic(1, 1, 1, "error", "file", message), _describe_tune())


def _describe_tune(number: int | None = None, text: str | None = None) -> dict[str, Any]:
    """Return the JSON values that describe the tune of a problem; None outside tunes."""
    from abcrnn.notation.tunebook import header_lines, tune_title

    if text is None:
        return {"tune": None, "reference": None, "title": None}
    reference = next((line.value for line in header_lines(text) if line.letter == "X"), "")
    return {"tune": number, "reference": reference, "title": tune_title(text)}


class _Summary:
    """Prints problems and counts them."""

    def __init__(self, show: Callable[[Path, Diagnostic, dict[str, Any]], None]) -> None:
        self._show = show
        self._file: Path | None = None  # the last one
        self._number = 0  # of the last tune in it
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
        from abcrnn.notation.diagnostics import WARNINGS, diagnose

        if file != self._file:
            self.end_file()
            self._file = file
        if block.is_tune:
            self._count_last()
            self.tunes += 1
            self._number += 1
            self._in_file_header = False
        found = diagnose(block, self._in_file_header)
        tune = _describe_tune(self._number, block.text if block.is_tune else None) if found else {}
        for diagnostic in found:
            self._show(file, diagnostic, tune)
            self.kinds[diagnostic.code] += 1
            self._is_invalid = self._is_invalid or diagnostic.code not in WARNINGS

    def end_file(self) -> None:
        """Count the last tune of a file."""
        self._count_last()
        self._in_file_header = True
        self._number = 0

    def _count_last(self) -> None:
        self.invalid += self._is_invalid and not self._in_file_header
        self._is_invalid = False

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {kind}" for kind, count in sorted(self.kinds.items()))
        valid = f"{self.tunes - self.invalid} of {count_of(self.tunes, 'tune')} valid"
        return f"{valid}: {counts}" if counts else valid
