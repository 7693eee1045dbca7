"""A tunebook as files, one for each tune; a tune that cannot be converted is reported."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from abcrnn.export.midi import to_midi
from abcrnn.export.musicxml import to_musicxml
from abcrnn.notation import ABCError
from abcrnn.storage.paths import as_path

#: The formats of :func:`convert_tunes`: function that writes a tune, and file name extension.
FORMATS = {"midi": (to_midi, ".mid"), "musicxml": (to_musicxml, ".musicxml")}

_TITLE = re.compile(r"^T:(.*)$", re.MULTILINE)


class Conversion(NamedTuple):
    """The result for one tune, numbered from 1: its file, or the problem that prevented it."""

    number: int
    path: Path | None
    problem: ABCError | None


def convert_tunes(
    tunes: Sequence[str], folder: str | os.PathLike[str], format: str = "midi"
) -> list[Conversion]:
    """Write each tune to a file of its own.

    Parameters
    ----------
    tunes : sequence of str
    folder : path-like
        Created if it does not exist.
    format : {"midi", "musicxml"}

    Returns
    -------
    list of Conversion
        One for each tune, in order.

    Raises
    ------
    ValueError
        If ``format`` is unknown.
    OSError
        If a file cannot be written.
    """
    if format not in FORMATS:
        raise ValueError(f"format must be one of {', '.join(FORMATS)}, not {format!r}")
    from tqdm import tqdm  # here, because ``abcrnn --help`` reads FORMATS

    write, extension = FORMATS[format]
    folder, done = as_path(folder), []
    for number, tune in enumerate(tqdm(tunes, unit="tune", disable=None, leave=False), start=1):
        path = folder / (file_stem(tune, number) + extension)
        try:
            write(tune, path)
            done.append(Conversion(number, path, None))
        except ABCError as problem:
            done.append(Conversion(number, None, problem))
    return done


def file_stem(tune: str, number: int) -> str:
    """Return a file name from a tune's number and title, such as ``0007-the-black-rogue``.

    Parameters
    ----------
    tune : str
    number : int
        Number of the tune in the tunebook; at least four digits are written.

    Returns
    -------
    str
        At most 60 characters, without extension.

    Notes
    -----
    Titles come from strangers: only their ASCII letters and digits are kept, so that no name
    points outside the folder, is hidden or has a meaning in a shell.
    """
    title = _TITLE.search(tune)
    plain = unicodedata.normalize("NFKD", title.group(1) if title else "")
    words = re.findall(r"[a-z0-9]+", plain.encode("ascii", "ignore").decode().lower())
    return "-".join([f"{number:04}", *words])[:60].rstrip("-")
