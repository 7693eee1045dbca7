"""A whole tunebook to files, one for each tune; a bad tune does not lose the book."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from abcrnn.export.midi import to_midi, to_musicxml
from abcrnn.notation import ABCError

_WRITERS = {"midi": (to_midi, ".mid"), "musicxml": (to_musicxml, ".musicxml")}

#: What :func:`convert_tunes` can write.
FORMS = tuple(_WRITERS)

_TITLE = re.compile(r"^T:(.*)$", re.MULTILINE)


class Conversion(NamedTuple):
    """What became of a tune, numbered from 1: a file, or the reason why there is none."""

    number: int
    path: Path | None
    problem: ABCError | None


def convert_tunes(
    tunes: Sequence[str], folder: str | os.PathLike[str], form: str = "midi"
) -> list[Conversion]:
    """Write each tune into a file of its own.

    Parameters
    ----------
    tunes : sequence of str
    folder : path-like
        Made if it is missing.
    form : {"midi", "musicxml"}

    Returns
    -------
    list of Conversion
        One for each tune, in order.

    Raises
    ------
    ValueError
        If ``form`` is another.
    OSError
        If the disk refuses.
    """
    if form not in _WRITERS:
        raise ValueError(f"form must be one of {', '.join(FORMS)}, not {form!r}")
    write, ending = _WRITERS[form]
    done = []
    for number, tune in enumerate(tqdm(tunes, unit="tune", disable=None, leave=False), start=1):
        path = Path(folder) / (file_stem(tune, number) + ending)
        try:
            write(tune, path)
            done.append(Conversion(number, path, None))
        except ABCError as problem:
            done.append(Conversion(number, None, problem))
    return done


def file_stem(tune: str, number: int) -> str:
    """Name a tune's file by its number and title, such as ``0007-the-black-rogue``.

    A title comes from strangers: only ASCII letters and digits of it are kept,
    so that no name leaves the folder, hides, or means something to a shell.
    """
    title = _TITLE.search(tune)
    plain = unicodedata.normalize("NFKD", title.group(1) if title else "")
    words = re.findall(r"[a-z0-9]+", plain.encode("ascii", "ignore").decode().lower())
    return "-".join([f"{number:04}", *words])[:60].rstrip("-")
