"""``abcrnn convert``: a file for each tune of a tunebook, or one PDF file to print."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from abcrnn.cli.argument_types import instrument
from abcrnn.cli.arguments import UsageError, add_command, add_join_blank
from abcrnn.cli.chords import add_chords_option, add_chords_to
from abcrnn.cli.separate_files import require_not_read
from abcrnn.cli.sources import Source, read_source
from abcrnn.cli.terminal import convert_into, report_conversion, write_tunebook
from abcrnn.export.timbres import VOICES
from abcrnn.export.tunebook import FORMATS, OPTIONS
from abcrnn.notation.chord_writing import suggest_chords
from abcrnn.reports.wording import count_of
from abcrnn.storage.paths import as_path

_ONE_FILE = ("pdf", "abc")  # one file for all tunes, so not in FORMATS
_ENDINGS = {
    ".mid": "midi", ".midi": "midi", ".musicxml": "musicxml", ".xml": "musicxml", ".wav": "wav",
    ".svg": "svg", ".pdf": "pdf", ".abc": "abc",
}  # fmt: skip
_EXTENSION = re.compile(r"\.[a-z][a-z0-9]{0,4}")  # other suffixes are part of a folder's name
_OPTIONS = ("tempo", "instrument", "voice", "soundfont")
_NAMES = {"midi": "MIDI", "musicxml": "MusicXML", "wav": "WAV"}


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        subparsers,
        "convert",
        run,
        "convert each tune of a tunebook to a file",
        "abcrnn convert tunes.abc --out midi --instrument fiddle",
    )
    parser.add_argument("tunes", metavar="TUNES", help="an .abc file, a folder, or a corpus name")
    parser.add_argument(
        "--out",
        required=True,
        metavar="DIR",
        help="folder for the files; or a file, such as tune.mid for a single tune, or tunes.pdf or "
        "tunes.abc for all",
    )
    parser.add_argument(
        "--to",
        choices=(*FORMATS, *_ONE_FILE),
        help="format of the files (default: midi, or that of the extension of --out)",
    )
    parser.add_argument(
        "--tempo",
        type=_tempo,
        metavar="BPM",
        help="quarter notes per minute, or a beat such as 3/8=116 "
        "(default: that of Q:, or a customary one for the rhythm and meter)",
    )
    player = parser.add_mutually_exclusive_group()
    player.add_argument(
        "--instrument",
        type=instrument,
        metavar="NAME",
        help="General MIDI instrument, such as flute or 73; for WAV files with --soundfont "
        "(default: that of %%%%MIDI program, or a piano)",
    )
    player.add_argument(
        "--program",
        dest="instrument",
        type=instrument,
        metavar="N",
        help="General MIDI program from 0 to 127, as in %%%%MIDI program",
    )
    sound = parser.add_mutually_exclusive_group()
    sound.add_argument(
        "--voice",
        choices=tuple(VOICES),
        help="sound of the notes in WAV files (default: plucked)",
    )
    sound.add_argument(
        "--soundfont",
        metavar="FILE",
        help="SoundFont file (.sf2, .sf3) with which FluidSynth, if it is installed, plays WAV "
        "files",
    )
    add_chords_option(parser)
    add_join_blank(parser)


def run(arguments: argparse.Namespace) -> int:
    """Convert the tunes; a tune that cannot be converted is reported and skipped."""
    if arguments.out == "-":
        raise UsageError("--out must be a folder or a file, not - (standard output)")
    named = _named_file(arguments.out)
    form = arguments.to or (named and _ENDINGS.get(Path(arguments.out).suffix.lower())) or "midi"
    options = {name: getattr(arguments, name) for name in _OPTIONS}
    _require_options_of(form, [name for name in _OPTIONS if options[name] is not None])
    source = read_source(arguments.tunes, arguments.join_blank)
    tunes = source.texts
    if arguments.chords:
        tunes = add_chords_to(tunes, suggest_chords)
    if form in _ONE_FILE:
        path = _one_file(arguments, source.name, form, named)
        write = _write_pdf if form == "pdf" else _write_abc
        code = write(tunes, path, source)
    elif named:
        code = _convert_to_file(tunes, arguments.out, form, source, options)
    else:
        code = convert_into(tunes, arguments.out, form, source.tunes, **options)
    return 1 if source.skipped else code


def _require_options_of(form: str, given: Sequence[str]) -> None:
    for name in given:
        if name not in OPTIONS.get(form, ()):
            takers = " and ".join(_NAMES[takes] for takes in FORMATS if name in OPTIONS[takes])
            raise UsageError(f"--{name} is for {takers} files; leave it out with --to {form}")
    if form == "wav" and "instrument" in given and "soundfont" not in given:
        raise UsageError("--instrument needs --soundfont with --to wav; without it, use --voice")


def _named_file(out: str) -> bool:
    """Whether ``--out`` names a file: by its extension, or because it is a device or a pipe."""
    path = as_path(out)
    if path.is_dir() or out.endswith(("/", os.sep)):
        return False
    extension = path.suffix.lower()
    if extension not in _ENDINGS and _EXTENSION.fullmatch(extension):
        raise UsageError(
            f"--out {out}: there is no format for {path.suffix}; a file ends in one of "
            f"{', '.join(_ENDINGS)}, and a folder of this name in {os.sep}"
        )
    return extension in _ENDINGS or (path.exists() and not path.is_file())


def _convert_to_file(
    tunes: Sequence[str], out: str, form: str, source: Source, options: dict[str, Any]
) -> int:
    if len(tunes) != 1:
        raise UsageError(
            f"--out must be a folder, because there are {len(tunes)} tunes; {out} is a file"
        )
    if _ENDINGS.get(Path(out).suffix.lower(), form) != form:
        raise UsageError(
            f"--out must be a folder, or a file that ends in {FORMATS[form][1]}, not {out}"
        )
    from abcrnn.export.tunebook import convert_tune

    conversion = convert_tune(tunes[0], out, form, **options)
    return report_conversion([conversion], out, source.tunes)


def _one_file(arguments: argparse.Namespace, name: str, form: str, named: bool) -> Path:
    """Return the path of a file with all tunes; in a folder, it has the name of the corpus."""
    from abcrnn.export.tunebook import plain_name

    out = arguments.out
    if named and _ENDINGS.get(Path(out).suffix.lower(), form) != form:
        raise UsageError(f"--out must be a folder, or a file that ends in .{form}, not {out}")
    path = as_path(out) if named else as_path(out) / f"{plain_name(name) or 'tunes'}.{form}"
    require_not_read(path, "--out", [arguments.tunes])
    return path


def _write_abc(tunes: Sequence[str], path: Path, source: Source) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_tunebook(tunes, str(path))
    if source.fragments:
        passages = count_of(len(source.fragments), "passage")
        line = source.fragments[0].line
        print(f"left out: {passages} outside tunes, the first in line {line}", file=sys.stderr)
    return 0


def _write_pdf(tunes: Sequence[str], path: Path, source: Source) -> int:
    from abcrnn.export.scores import to_pdf
    from abcrnn.export.tunebook import Conversion

    problems = to_pdf(tunes, path, source.name)
    conversions = [
        Conversion(number, None if problem else path, problem)
        for number, problem in enumerate(problems, start=1)
    ]
    return report_conversion(conversions, str(path), source.tunes)


def _tempo(text: str) -> str:
    """Check that an argument is a tempo."""
    from abcrnn.export.tempos import parse_speed

    try:
        parse_speed(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("tempo ")) from None
    return text
