"""Tunebook files, edited. Bytes that are not valid UTF-8 are kept."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Callable
from typing import NamedTuple

from abcrnn.data.tunebook_files import is_standard_input
from abcrnn.notation.tunebook_edits import EditedBook
from abcrnn.storage.paths import as_path

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class EditedFile(NamedTuple):
    """A file, and its edited text.

    Parameters
    ----------
    before, after : bytes
        Equal if nothing changes.
    book : EditedBook
    """

    before: bytes
    after: bytes
    book: EditedBook


def edit_file(path: str | os.PathLike[str], edit: Callable[[str], EditedBook]) -> EditedFile:
    """Read and edit a tunebook file; nothing is written.

    Parameters
    ----------
    path : path-like
        ``-`` is standard input.
    edit : callable
        Takes the text, with escaped bytes where it is not valid UTF-8, and returns the edited
        tunebook.

    Raises
    ------
    ValueError
        If the file is empty, binary or UTF-16, or holds no tune.
    OSError
        If the file cannot be read.
    """
    is_stdin = is_standard_input(path)
    name = "standard input" if is_stdin else str(as_path(path))
    before = sys.stdin.buffer.read() if is_stdin else as_path(path).read_bytes()
    _require_text(name, before)
    mark = codecs.BOM_UTF8 if before.startswith(codecs.BOM_UTF8) else b""
    text = before[len(mark) :].decode("utf-8", "surrogateescape")
    book = edit(text)
    if not book.tunes:
        raise ValueError(f"{name} holds no tune: in ABC notation each begins with a line X:")
    return EditedFile(before, mark + book.text.encode("utf-8", "surrogateescape"), book)


def _require_text(name: str, data: bytes) -> None:
    if not data.strip():
        raise ValueError(f"{name} is empty; expected a tunebook in ABC notation")
    if data.startswith(_UTF_16):
        raise ValueError(f"{name} is UTF-16; save it as UTF-8")
    if b"\0" in data:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        raise ValueError(f"{name} is not text: it has a NUL byte in line {line}")
