"""A tunebook as files, one for each tune; a tune that cannot be converted is reported."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from abcrnn.export.instruments import program_number
from abcrnn.export.midi import to_midi
from abcrnn.export.musicxml import to_musicxml
from abcrnn.export.tempos import parse_speed
from abcrnn.export.timbres import VOICES
from abcrnn.export.tune_text import has_only_chords
from abcrnn.notation import ABCError
from abcrnn.notation.text import decode_text
from abcrnn.notation.tunebook import tune_title
from abcrnn.storage.paths import as_path
from abcrnn.storage.validation import require_tunes


def _to_wav(tune: str, path: Path, **options: Any) -> None:
    from abcrnn.export.audio import to_wav  # needs NumPy, and ``abcrnn --help`` reads FORMATS

    to_wav(tune, path, **options)


def _to_svg(tune: str, path: Path) -> None:
    from abcrnn.export.scores import to_svg

    to_svg(tune, path)


#: The formats of :func:`convert_tunes`: function that writes a tune, and file name extension.
FORMATS: dict[str, tuple[Callable[..., None], str]] = {
    "midi": (to_midi, ".mid"),
    "musicxml": (to_musicxml, ".musicxml"),
    "wav": (_to_wav, ".wav"),
    "svg": (_to_svg, ".svg"),
}

#: The options of :func:`convert_tunes` that a format has.
OPTIONS: dict[str, tuple[str, ...]] = {
    "midi": ("tempo", "instrument"),
    "musicxml": (),
    "wav": ("tempo", "instrument", "voice", "soundfont"),
    "svg": (),
}

# Letters that Unicode does not split into an ASCII letter and an accent.
_LETTERS = str.maketrans({
    "ß": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "ø": "o", "Ø": "o", "ł": "l", "Ł": "l",
    "đ": "d", "Đ": "d", "ð": "d", "Ð": "d", "þ": "th", "Þ": "th", "\u0131": "i", "\u0237": "j",
})  # fmt: skip


class Conversion(NamedTuple):
    """The result for one tune.

    Parameters
    ----------
    number : int
        From 1.
    path : Path or None
        The file; None if the tune could not be converted.
    problem : ABCError or None
        What prevented it.
    remark : str
        What the file lacks: ``chords only`` for a tune without notes; usually empty.
    """

    number: int
    path: Path | None
    problem: ABCError | None
    remark: str = ""


def convert_tunes(
    tunes: Sequence[str],
    folder: str | os.PathLike[str],
    format: str = "midi",
    tempo: float | str | None = None,
    instrument: str | int | None = None,
    voice: str | None = None,
    soundfont: str | os.PathLike[str] | None = None,
) -> list[Conversion]:
    """Write each tune to a file of its own.

    Parameters
    ----------
    tunes : sequence of str
    folder : path-like
        Created if it does not exist.
    format : {"midi", "musicxml", "wav", "svg"}
    tempo : float or str, optional
        For MIDI and WAV files; see :func:`abcrnn.to_midi_bytes`.
    instrument : str or int, optional
        For MIDI files, and for WAV files with ``soundfont``; see :func:`abcrnn.to_midi_bytes`.
    voice : str, optional
    soundfont : path-like, optional
        For WAV files only; see :func:`abcrnn.to_wav`.

    Returns
    -------
    list of Conversion
        One for each tune, in order.

    Raises
    ------
    ValueError
        If an argument is not accepted.
    TypeError
        If ``tunes`` is one string, or has an item that is not a string.
    ImportError
        If ``format`` is ``"svg"`` and Verovio is not installed.
    OSError
        If a file cannot be written.
    """
    tunes = require_tunes("tunes", tunes)
    options = _options(format, tempo=tempo, instrument=instrument, voice=voice, soundfont=soundfont)
    # Here, because ``abcrnn --help`` reads FORMATS.
    from abcrnn.storage.progress import progress_bar

    directory = as_path(folder)
    extension = FORMATS[format][1]
    write = _writer(format, tunes)
    done = []
    for number, tune in enumerate(progress_bar(tunes, unit="tune", leave=False), start=1):
        path = directory / (file_stem(tune, number) + extension)
        done.append(_convert(tune, number, path, write, options))
    return done


def convert_tune(
    tune: str, path: str | os.PathLike[str], format: str = "midi", **options: Any
) -> Conversion:
    """Write one tune to the file of this name; arguments as for :func:`convert_tunes`."""
    given = _options(format, **options)
    return _convert(tune, 1, as_path(path), FORMATS[format][0], given)


def _options(format: str, **given: Any) -> dict[str, Any]:
    """Check the arguments, and return those that are given."""
    if format not in FORMATS:
        raise ValueError(f"format must be one of {', '.join(FORMATS)}, not {format!r}")
    given = {name: value for name, value in given.items() if value is not None}
    for name in given:
        if name not in OPTIONS[format]:
            takers = " and ".join(takes for takes in FORMATS if name in OPTIONS[takes])
            raise ValueError(f"{name} must be left out with format={format!r}: it is for {takers}")
    if "tempo" in given:
        parse_speed(given["tempo"])
    if "instrument" in given:
        program_number(given["instrument"])
        if format == "wav" and "soundfont" not in given:
            raise ValueError("instrument must be left out without a soundfont")
    if given.get("voice", "plucked") not in VOICES:
        raise ValueError(f"voice must be one of {', '.join(VOICES)}, not {given['voice']!r}")
    if "voice" in given and "soundfont" in given:
        raise ValueError("voice must be left out with a soundfont, which has its instruments")
    return given


def _writer(format: str, tunes: Sequence[str]) -> Callable[..., None]:
    """Return a function that writes each of the tunes, in order."""
    if format != "svg":
        return FORMATS[format][0]
    # One process draws all scores, since it takes longer to start than to draw one.
    from abcrnn.export.scores import scores, write_score

    drawn = scores(tunes)
    return lambda tune, path: write_score(tune, next(drawn), path)


def _convert(
    tune: str, number: int, path: Path, write: Callable[..., None], options: dict[str, Any]
) -> Conversion:
    try:
        write(tune, path, **options)
        remark = "chords only" if has_only_chords(tune) else ""
        return Conversion(number, path, None, remark)
    except ABCError as problem:
        return Conversion(number, None, problem)


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
    Titles come from untrusted sources: only their letters and digits are kept, in ASCII (``é``
    becomes ``e``, ``ø`` becomes ``o``), so that no name points outside the folder, is hidden or
    has a meaning in a shell.
    """
    name = plain_name(decode_text(tune_title(tune)))
    return f"{number:04}-{name}"[:60].rstrip("-")


def plain_name(text: str) -> str:
    """Return the letters and digits of a text in ASCII, such as ``the-black-rogue``."""
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "-".join(re.findall(r"[a-z0-9]+", plain.encode("ascii", "ignore").decode().lower()))
