"""A command must not replace a file that it reads, nor write two results into one file.

``tidy`` and ``transpose`` may: they keep all text of the file that they edit.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from abcrnn.cli.arguments import UsageError
from abcrnn.storage.paths import as_path, find_files

#: The attributes of parsed arguments that name a file to write, with their options.
_OUTPUTS = {
    "output": "--output",
    "out": "--out",
    "gallery": "--gallery",
    "per_tune": "--per-tune",
    "plot": "--plot",
}
#: Those that name files or folders to read.
_INPUTS = (
    "tune", "tunes", "corpus", "corpora", "nearest", "against", "begin", "model", "models", "base",
    "recipe", "opening", "folder", "soundfont",
)  # fmt: skip
_READ = (".abc", ".abcrnn", ".mid", ".midi")  # files that are read in a folder


def require_separate_files(arguments: argparse.Namespace) -> None:
    """Raise ``UsageError`` if an output is also an input, or another output."""
    options: dict[str, str] = {}
    for name, option in _OUTPUTS.items():
        path = getattr(arguments, name, None)
        if not isinstance(path, str) or _is_device(path):
            continue
        real = os.path.realpath(path)
        if real in options:
            raise UsageError(
                f"argument {option}: {path} is also the file of {options[real]}; name two files"
            )
        options[real] = option
        require_not_read(path, option, _inputs(arguments))


def require_not_read(path: str | Path, option: str, inputs: Iterable[str]) -> None:
    """Raise ``UsageError`` if a file that exists is among the inputs of a command."""
    file = as_path(path)
    if file.is_file() and any(_reads(source, file) for source in inputs):
        raise UsageError(
            f"argument {option}: {path} is also read, and would be replaced; name another file"
        )


def _inputs(arguments: argparse.Namespace) -> Iterator[str]:
    for name in _INPUTS:
        value = getattr(arguments, name, None)
        for source in value if isinstance(value, list) else [value]:
            if isinstance(source, str) and source:
                yield source


def _reads(source: str, file: Path) -> bool:
    """Return whether a source, such as a file, a folder or ``*.abc``, has a file."""
    for path in find_files(source):
        if path.is_dir():
            inside = path.resolve() in file.resolve().parents
            if inside and file.suffix.lower() in _READ:
                return True
        elif path.exists() and path.samefile(file):
            return True
    return False


def _is_device(path: str) -> bool:
    """Return whether a path is standard output, a device or a pipe."""
    file = as_path(path)
    return path == "-" or (file.exists() and not file.is_file() and not file.is_dir())
