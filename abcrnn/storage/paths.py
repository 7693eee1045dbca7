"""Paths that users pass: conversion, patterns such as ``*.abc``, folders.

A path may be a string, bytes or an ``os.PathLike``. ``~`` is the home folder, also
where no shell expands it: in Python, in ``--out=~/runs``, on Windows.
"""

from __future__ import annotations

import errno
import glob
import os
from pathlib import Path
from typing import Any


def as_path(path: Any) -> Path:
    """Return a path that a user passed, with ``~`` expanded.

    Parameters
    ----------
    path : str, bytes or os.PathLike
        ``~`` or ``~user`` at its start is replaced by the home folder. The name of an
        unknown user is left unchanged, as in a shell.

    Returns
    -------
    Path

    Raises
    ------
    TypeError
        If it is of another type, also a number, which Python's ``open`` takes as the
        number of an open file.
    ValueError
        If it is empty or contains a NUL character.

    Examples
    --------
    >>> as_path(b"tunes/jigs.abc").name
    'jigs.abc'
    """
    try:
        text = os.fsdecode(path)
    except TypeError:
        raise TypeError(f"a path must be a string or a Path, not {path!r:.80}") from None
    if not text:
        raise ValueError("a path must not be empty")
    if "\0" in text:
        raise ValueError(f"a path must not contain a NUL character: {text!r:.80}")
    return Path(os.path.expanduser(text))


def find_files(pattern: Any) -> list[Path]:
    """Return the paths that a pattern matches, in alphabetical order, or the path itself.

    Shells on Linux and macOS expand ``*.abc``; on Windows, or in quotes, it arrives as it
    was typed.

    Parameters
    ----------
    pattern : str, bytes or os.PathLike
        May contain ``*``, ``?`` and ``[...]``. A path that exists is not a pattern.

    Returns
    -------
    list of Path
        At least one: a pattern that matches nothing is returned as it is, so that the
        caller reports it.
    """
    path = as_path(pattern)
    if os.path.lexists(path):
        return [path]
    return [Path(name) for name in sorted(glob.glob(os.fspath(path), recursive=True))] or [path]


def make_folder(folder: Path) -> None:
    """Create a folder and its parents if they do not exist.

    Raises
    ------
    NotADirectoryError
        If the folder or a parent is a file; ``filename`` is that file.
    OSError
        If the folder cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        file = next(p for p in (folder, *folder.parents) if os.path.lexists(p) and not p.is_dir())
        code = errno.ENOTDIR
        raise NotADirectoryError(code, os.strerror(code), os.fspath(file)) from None
