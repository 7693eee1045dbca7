"""Signs of Verovio's music font, for text such as tempos: outlines from the files of Verovio."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from xml.etree.ElementTree import parse

from abcrnn.export.svg_reader import Command, read_path
from abcrnn.storage.extras import import_extra

_FONT = "Leipzig"
UNITS_PER_EM = 1000


@lru_cache(maxsize=256)
def music_glyph(sign: str) -> tuple[tuple[Command, ...], float]:
    """Return the outline of a sign and its width, in thousandths of the size of the font.

    Parameters
    ----------
    sign : str
        One character, such as U+ECA5, a quarter note.

    Returns
    -------
    outline : tuple of Command
        y points up. Empty if the font does not have the sign.
    width : float
    """
    file = _folder() / _FONT / f"{ord(sign):04X}.xml"
    if not file.is_file():
        return (), UNITS_PER_EM / 4
    path = parse(file).getroot().find("path")  # noqa: S314  # a file of Verovio
    outline = read_path(path.get("d", "")) if path is not None else ()
    return outline, _widths().get(sign, UNITS_PER_EM / 4)


@lru_cache(maxsize=1)
def _widths() -> dict[str, float]:
    root = parse(_folder() / f"{_FONT}.xml").getroot()  # noqa: S314  # a file of Verovio
    return {chr(int(g.get("c", "0"), 16)): float(g.get("h-a-x", 0)) for g in root.iter("g")}


def _folder() -> Path:
    verovio = import_extra("verovio", "pages", "engraving scores")
    return Path(verovio.__file__).parent / "data"
