r"""Tunebooks read from files, folders, pipes and standard input.

Text is decoded as UTF-8, or line by line as Windows-1252 where it is not valid UTF-8, and
normalized to NFC, so that an accented letter is one character. What differs from the file,
and what is skipped, is reported in the log.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import logging
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, BinaryIO

from abcrnn.notation import Block, read_blocks
from abcrnn.notation.fragments import join_fragments
from abcrnn.storage.paths import as_path

_logger = logging.getLogger(__name__)

#: The path that stands for standard input.
STANDARD_INPUT = "-"

_UTF_16 = ("\udcff\udcfe", "\udcfe\udcff")  # its byte order marks, decoded by surrogateescape

# Character sets that a file may declare (section 2.1), and names of others in use.
_CHARSET = re.compile(
    r"(?:%%|I:)\s*abc-charset\s+(iso-?8859-\d{1,2}|latin-?\d|(?:windows-|cp)125\d|koi8-[ru]|"
    r"mac-?roman)\s*$",
    re.IGNORECASE,
)
_LATIN_1 = ("iso8859-1", "latin-1")  # of which Windows-1252 is an extension
_WINDOWS = "cp1252"


def is_standard_input(path: str | os.PathLike[str] | bytes) -> bool:
    """Return whether a path that a user passed stands for standard input."""
    return os.fsdecode(path) == STANDARD_INPUT


def find_tunebooks(path: Path) -> list[Path]:
    """Return the ``.abc`` files in a folder and its subfolders, in alphabetical order.

    Hidden files are skipped and reported in the log: names that begin with ``.``, as Jupyter,
    macOS and editors use them for copies, and the folder ``__MACOSX``.

    Parameters
    ----------
    path : Path
        If it is not a folder, it is returned.

    Raises
    ------
    ValueError
        If the folder has no such file.
    """
    if not path.is_dir():
        return [path]
    found = sorted(
        file
        for file in path.rglob("*")
        if file.suffix.lower() == ".abc" and (file.is_file() or file.is_symlink())
    )
    hidden = [file for file in found if _is_hidden(file.relative_to(path))]
    if hidden:
        _logger.warning(
            "%s: hidden files are skipped (%d): %s",
            path, len(hidden), ", ".join(str(file.relative_to(path)) for file in hidden[:5]),
        )  # fmt: skip
    files = [file for file in found if file not in set(hidden)]
    if not files:
        raise ValueError(f"{path} holds no .abc file")
    return files


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in path.parts)


def read_tunebooks(
    files: Sequence[Path],
    join_blank: bool = False,
    on_error: Callable[[str], None] = _logger.warning,
) -> Iterator[tuple[Path, Block]]:
    """Yield the blocks of tunebooks, each with its file.

    Parameters
    ----------
    files : sequence of Path
        Read one after the other, each once.
    join_blank : bool
        Whether music after an empty line belongs to the tune before it. If not, it does only
        in files in which each tune has an empty line in place of its music.
    on_error : callable
        Called with a message for each file that is skipped, or holds no tune.

    Raises
    ------
    ValueError, OSError
        If a file cannot be read and it is the only one. Otherwise it is reported, and the
        others are read.
    """
    for file in files:
        try:
            has_tunes = False
            for block in _read_tunebook(file, join_blank):
                has_tunes = has_tunes or block.is_tune
                yield file, block
            if not has_tunes and len(files) > 1:
                on_error(f"{file} holds no tune; the file is skipped")
        except (ValueError, OSError) as error:
            if len(files) == 1:
                raise
            reason = str(error)
            if isinstance(error, OSError) and error.strerror:
                reason = error.strerror[0].lower() + error.strerror[1:]
            prefix = "" if str(file) in reason else f"{file}: "
            on_error(f"{prefix}{reason}; the file is skipped")


def _read_tunebook(file: Path, join_blank: bool) -> Iterator[Block]:
    joined: list[int] = []
    blocks = read_blocks(read_lines(file))
    yield from join_fragments(blocks, join_blank, lambda fragment: joined.append(fragment.line))
    if joined:
        times = "once" if len(joined) == 1 else f"{len(joined)} times, the first"
        _logger.warning(
            "%s: music after an empty line is read as part of the tune before it (%s in line %d)",
            file, times, joined[0],
        )  # fmt: skip


def read_lines(path: str | os.PathLike[str]) -> Iterator[str]:
    r"""Read a text file line by line.

    Lines are decoded as UTF-8. A line that is not valid UTF-8 is decoded by the character set
    that the file declares (``%%abc-charset``), otherwise as Windows-1252, and a warning is
    logged. Text is normalized to NFC, also with a warning.

    Parameters
    ----------
    path : path-like
        A file or pipe, which is opened once; ``-`` is standard input.

    Yields
    ------
    str
        A line that ends in ``\n``, whatever line ends the file has.

    Raises
    ------
    ValueError
        If the file is empty or binary.
    """
    name = "standard input" if is_standard_input(path) else str(as_path(path))
    decoder = _LineDecoder(name)
    is_empty = True
    with _open(path) as file:
        for number, line in enumerate(file, start=1):
            text = decoder.decode(line, number)
            is_empty = is_empty and not text.strip()
            yield text
    if is_empty:
        raise ValueError(f"{name} is empty; expected a tunebook in ABC notation")
    decoder.report()


def as_read(text: str) -> str:
    """Return a text as :func:`read_lines` reads it.

    Parameters
    ----------
    text : str
        Decoded as UTF-8 with ``surrogateescape``.
    """
    if text.isascii():
        return text
    decoder = _LineDecoder("text")
    return "\n".join(
        decoder.decode(line, number) for number, line in enumerate(text.split("\n"), start=1)
    )


@contextlib.contextmanager
def _open(path: str | os.PathLike[str]) -> Iterator[IO[str]]:
    """Open a file once, because a pipe cannot be opened again; leave standard input open."""
    source: contextlib.AbstractContextManager[BinaryIO]
    if is_standard_input(path):
        source = contextlib.nullcontext(sys.stdin.buffer)
    else:
        source = open(as_path(path), "rb")  # noqa: SIM115
    with source as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape")
        try:
            yield text
        finally:
            text.detach()


class _LineDecoder:
    """Decodes the lines of one file; counts those that are not valid UTF-8 or not in NFC."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._charset = _WINDOWS
        self._first_not_utf_8 = 0
        self._first_not_nfc = 0

    def decode(self, line: str, number: int) -> str:
        """Return a line, given as UTF-8 with escaped bytes where it is not valid."""
        if number == 1 and line.startswith(_UTF_16):
            raise ValueError(f"{self._name} is UTF-16; save it as UTF-8")
        if "\0" in line:
            raise ValueError(f"{self._name} is not text: it has a NUL byte in line {number}")
        if line.startswith(("%%", "I:")) and (declared := _CHARSET.match(line)):
            self._charset = _codec(declared[1])
        if line.isascii():
            return line
        if any("\udc80" <= sign <= "\udcff" for sign in line):
            line = _decode(line.encode("utf-8", "surrogateescape"), self._charset)
            self._first_not_utf_8 = self._first_not_utf_8 or number
        if not unicodedata.is_normalized("NFC", line):
            line = unicodedata.normalize("NFC", line)
            self._first_not_nfc = self._first_not_nfc or number
        return line

    def report(self) -> None:
        """Log what was changed."""
        if self._first_not_utf_8:
            charset = "Windows-1252" if self._charset == _WINDOWS else self._charset
            _logger.warning(
                "%s is not valid UTF-8: line %d and others are read as %s",
                self._name, self._first_not_utf_8, charset,
            )  # fmt: skip
        if self._first_not_nfc:
            _logger.warning(
                "%s is not in Unicode's form NFC: line %d and others are normalized",
                self._name, self._first_not_nfc,
            )  # fmt: skip


def _codec(charset: str) -> str:
    """Return Python's name of a character set; Windows-1252 if it is unknown."""
    try:
        name = codecs.lookup(charset).name
    except LookupError:
        return _WINDOWS
    return _WINDOWS if name in _LATIN_1 else name


def _decode(line: bytes, charset: str) -> str:
    """Decode bytes; those that the character set leaves undefined are read as Latin-1."""
    text = line.decode(charset, "surrogateescape")
    return re.sub("[\udc80-\udcff]", lambda found: chr(ord(found[0]) & 0xFF), text)
