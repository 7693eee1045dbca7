"""``abcrnn tidy``: tunebooks in a uniform layout, with the same music."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abcrnn.cli.argument_types import count
from abcrnn.cli.arguments import UsageError, add_command
from abcrnn.cli.terminal import describe_error
from abcrnn.notation.formatter.tune import BARS_PER_LINE, layout_of
from abcrnn.reports.wording import count_of

if TYPE_CHECKING:
    from abcrnn.data.tidied_files import TidiedFile


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        subparsers,
        "tidy",
        run,
        "format tunebooks: header, spaces, line breaks; the music stays the same",
        "abcrnn tidy my-tunes.abc --write",
    )
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="an .abc file, or a folder of them; - is standard input",
    )
    parser.add_argument(
        "--bars-per-line",
        type=count,
        default=BARS_PER_LINE,
        metavar="N",
        help="most bars of a line (default: %(default)s)",
    )
    parser.add_argument(
        "--unit",
        type=_unit,
        metavar="LENGTH",
        help="write all lengths in this unit note length, such as 1/8 (default: the tune's own)",
    )
    parser.add_argument(
        "--repeats",
        action="store_true",
        help="open every repeat with its sign, also where a tune leaves it out; except the first "
        "repeat",
    )
    output = parser.add_mutually_exclusive_group()
    output.add_argument(
        "-o", "--output", metavar="FILE", help="file to write; without it the text is printed"
    )
    output.add_argument("--write", action="store_true", help="change the files themselves")
    output.add_argument(
        "--check",
        action="store_true",
        help="write nothing, list the files that would change; exit code 1 if there is one",
    )
    parser.add_argument(
        "--fix",
        action="store_true",
        help="also replace characters of word processors in the music, such as curved quotation "
        "marks, by those of ABC",
    )
    parser.add_argument("--diff", action="store_true", help="print what would change, as a diff")


def run(arguments: argparse.Namespace) -> int:
    """Format the files; tunes and files that cannot be formatted are reported and kept."""
    if arguments.diff and (arguments.write or arguments.output):
        raise UsageError("--diff writes no file; leave out --write and --output")
    if arguments.write and "-" in arguments.files:
        raise UsageError("--write changes files; - is standard input")
    files = _find(arguments.files)
    if arguments.output and len(files) > 1:
        raise UsageError(f"--output is for one file, not for {len(files)}; --write changes each")
    return _Tidying(arguments).run(files)


def _find(names: Sequence[str]) -> list[Path]:
    """Return the files that arguments name, each once."""
    from abcrnn.data.tunebook_files import find_tunebooks, is_standard_input
    from abcrnn.storage.paths import find_files

    found: list[Path] = []
    for name in names:
        for path in [Path(name)] if is_standard_input(name) else find_files(name):
            if not (is_standard_input(name) or path.exists()):
                raise FileNotFoundError(f"{name}: no such file or folder")
            found += find_tunebooks(path)
    return list(dict.fromkeys(found))


class _Tidying:
    """Formats files one after the other, and counts what was done."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._tunes = self._changed = self._skipped = self._files = 0
        self._failed = False

    def run(self, files: Sequence[Path]) -> int:
        """Format files; return the exit code."""
        from abcrnn.data.tidied_files import tidy_file

        arguments = self._arguments
        layout = layout_of(arguments.bars_per_line, arguments.unit, arguments.repeats)
        layout = layout._replace(fix=arguments.fix)
        for path in files:
            try:
                tidied = tidy_file(path, layout)
                self._report_skipped(path, tidied)
                self._output(path, tidied)
            except (ValueError, OSError) as error:
                if len(files) == 1:
                    raise
                print(f"abcrnn: {describe_error(error)}; the file is skipped", file=sys.stderr)
                self._failed = True
        print(self._summary(), file=sys.stderr)
        would_change = self._arguments.check and self._files > 0
        return 1 if would_change or self._skipped or self._failed else 0

    def _report_skipped(self, path: Path, tidied: TidiedFile) -> None:
        for number, title, line, column, message in tidied.book.skipped:
            name = f"tune {number} ({title})" if title else f"tune {number}"
            print(f"{path}:{line}:{column}: {name} is not formatted: {message}", file=sys.stderr)
        for line, column, old, new in tidied.book.repairs:
            print(f"{path}:{line}:{column}: {old} is replaced by {new}", file=sys.stderr)
        self._tunes += tidied.book.tunes
        self._changed += tidied.book.changed
        self._skipped += len(tidied.book.skipped)
        self._files += tidied.before != tidied.after

    def _output(self, path: Path, tidied: TidiedFile) -> None:
        from abcrnn.storage.atomic import write_bytes

        arguments = self._arguments
        is_changed = tidied.before != tidied.after
        if arguments.check and is_changed:
            changed = count_of(tidied.book.changed, "tune")
            print(f"{path}: {changed} of {tidied.book.tunes} would change")
        if arguments.diff:
            _print_diff(path, tidied)
        if arguments.write and is_changed:
            write_bytes(path, tidied.after)
        elif arguments.output and arguments.output != "-":
            write_bytes(arguments.output, tidied.after)
        elif not (arguments.check or arguments.diff or arguments.write):
            sys.stdout.flush()
            sys.stdout.buffer.write(tidied.after)

    def _summary(self) -> str:
        arguments = self._arguments
        verb = "would change" if arguments.check or arguments.diff else "changed"
        text = f"{self._changed} of {count_of(self._tunes, 'tune')} {verb}"
        return f"{text}; {self._skipped} skipped" if self._skipped else text


def _print_diff(path: Path, tidied: TidiedFile) -> None:
    texts = (tidied.before, tidied.after)
    before, after = (text.decode("utf-8", "replace").splitlines() for text in texts)
    for line in difflib.unified_diff(before, after, str(path), str(path), lineterm=""):
        print(line)


def _unit(text: str) -> str:
    """Check that an argument is a unit note length."""
    try:
        layout_of(unit=text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("unit ")) from None
    return text
