"""Commands that edit tunebook files: ``abcrnn tidy`` and ``abcrnn transpose``."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from abcrnn.cli.arguments import UsageError
from abcrnn.cli.terminal import describe_error
from abcrnn.reports.wording import count_of

if TYPE_CHECKING:
    from abcrnn.data.edited_files import EditedFile
    from abcrnn.notation.tunebook_edits import EditedBook


class Output(NamedTuple):
    """What happens with edited text.

    Parameters
    ----------
    path : str or None
        File to write; None to print the text.
    write : bool
        Whether to change the files themselves.
    check : bool
        Whether to list the files that would change, and to write nothing.
    diff : bool
        Whether to print what would change, and to write nothing.
    """

    path: str | None
    write: bool
    check: bool = False
    diff: bool = False


def add_files(parser: argparse.ArgumentParser) -> None:
    """Add the argument FILE, which takes several values."""
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="an .abc file, or a folder of them; - is standard input",
    )


def add_output(parser: argparse.ArgumentParser) -> Any:
    """Add the options --output and --write, and return their group."""
    output = parser.add_mutually_exclusive_group()
    output.add_argument(
        "-o", "--output", metavar="FILE", help="file to write; without it the text is printed"
    )
    output.add_argument("--write", action="store_true", help="change the files themselves")
    return output


def find_files_to_edit(arguments: argparse.Namespace) -> list[Path]:
    """Return the files that arguments name, each once.

    Raises
    ------
    UsageError
        If the options of :func:`add_output` do not fit them.
    """
    if arguments.write and "-" in arguments.files:
        raise UsageError("--write changes files; - is standard input")
    files = _find(arguments.files)
    if arguments.output and len(files) > 1:
        raise UsageError(f"--output is for one file, not for {len(files)}; --write changes each")
    return files


def _find(names: Sequence[str]) -> list[Path]:
    from abcrnn.data.tunebook_files import find_tunebooks, is_standard_input
    from abcrnn.storage.paths import find_files

    found: list[Path] = []
    for name in names:
        for path in [Path(name)] if is_standard_input(name) else find_files(name):
            if not (is_standard_input(name) or path.exists()):
                raise FileNotFoundError(f"{name}: no such file or folder")
            found += find_tunebooks(path)
    return list(dict.fromkeys(found))


class FileEdits:
    """Edits files one after the other, and counts what was done.

    Parameters
    ----------
    edit : callable
        Takes the text of a tunebook and returns the edited one.
    verb : str
        A participle for messages, such as ``formatted``.
    output : Output
    """

    def __init__(self, edit: Callable[[str], EditedBook], verb: str, output: Output) -> None:
        self._edit, self._verb, self._to = edit, verb, output
        self._tunes = self._changed = self._skipped = self._files = 0
        self._failed = False

    def run(self, files: Sequence[Path]) -> int:
        """Edit files; return the exit code."""
        from abcrnn.data.edited_files import edit_file

        for path in files:
            try:
                edited = edit_file(path, self._edit)
                self._report_skipped(path, edited)
                self._output(path, edited)
            except (ValueError, OSError) as error:
                if len(files) == 1:
                    raise
                print(f"abcrnn: {describe_error(error)}; the file is skipped", file=sys.stderr)
                self._failed = True
        print(self._summary(), file=sys.stderr)
        would_change = self._to.check and self._files > 0
        return 1 if would_change or self._skipped or self._failed else 0

    def _report_skipped(self, path: Path, edited: EditedFile) -> None:
        for number, title, line, column, message in edited.book.skipped:
            name = f"tune {number} ({title})" if title else f"tune {number}"
            print(f"{path}:{line}:{column}: {name} is not {self._verb}: {message}", file=sys.stderr)
        for line, column, old, new in edited.book.repairs:
            print(f"{path}:{line}:{column}: {old} is replaced by {new}", file=sys.stderr)
        self._tunes += edited.book.tunes
        self._changed += edited.book.changed
        self._skipped += len(edited.book.skipped)
        self._files += edited.before != edited.after

    def _output(self, path: Path, edited: EditedFile) -> None:
        from abcrnn.storage.atomic import write_bytes

        to = self._to
        is_changed = edited.before != edited.after
        if to.check and is_changed:
            changed = count_of(edited.book.changed, "tune")
            print(f"{path}: {changed} of {edited.book.tunes} would change")
        if to.diff:
            _print_diff(path, edited)
        if to.write and is_changed:
            write_bytes(path, edited.after)
        elif to.path and to.path != "-":
            write_bytes(to.path, edited.after)
        elif not (to.check or to.diff or to.write):
            sys.stdout.flush()
            sys.stdout.buffer.write(edited.after)

    def _summary(self) -> str:
        verb = "would change" if self._to.check or self._to.diff else "changed"
        text = f"{self._changed} of {count_of(self._tunes, 'tune')} {verb}"
        return f"{text}; {self._skipped} skipped" if self._skipped else text


def _print_diff(path: Path, edited: EditedFile) -> None:
    texts = (edited.before, edited.after)
    before, after = (text.decode("utf-8", "replace").splitlines() for text in texts)
    for line in difflib.unified_diff(before, after, str(path), str(path), lineterm=""):
        print(line)
