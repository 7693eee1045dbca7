"""abc2midi, another program that reads ABC: the notes it plays and its warnings.

What it adds to the notation is removed first: swing for R:hornpipe, played ornaments and
staccato.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import mido
import pytest

_FIELD = re.compile(r"\s*[A-Za-z+]:(?![|:])")


def find_or_skip() -> str:
    program = shutil.which("abc2midi")
    if program is None and os.environ.get("CI") != "true":
        pytest.skip("abc2midi not found: install the Debian package abcmidi")
    assert program, "CI must install abcmidi"
    return program


def plain(tune: str) -> str:
    """Return a tune without the notation that abc2midi plays in its own way."""
    lines = []
    for line in tune.split("\n"):
        if line.startswith(("R:", "%%")):
            continue
        if not _FIELD.match(line):
            line = re.sub(r'"[^"]*"', "", line)
            line = re.sub(r'![^!|\s":\[\]]{1,32}!', "", line)
            line = re.sub(r"\{[^}]*\}", "", line)
            line = re.sub(r"[.~HLMOPSTuv]+(?=[\s({\[^_=A-Ga-gxz])", "", line)
        lines.append(line)
    return "\n".join(lines)


def play(
    program: str, tune: str, folder: Path, chords: bool = False
) -> tuple[list[tuple[float, float, int]], str]:
    """Return (onset, duration, pitch) of every note, in whole notes, and the printed text.

    With ``chords``, chord symbols are played too.
    """
    source, target = folder / "tune.abc", folder / "tune.mid"
    source.write_text(re.sub(r"^X:.*", "X:1", tune) + "\n")
    target.unlink(missing_ok=True)
    done = subprocess.run(
        [program, source, "1", "-o", target, "-NGRA", *([] if chords else ["-NGUI"])],
        capture_output=True,
        text=True,
        errors="replace",
    )
    if not target.exists():
        return [], done.stdout
    midi = mido.MidiFile(target)
    notes, whole = [], 4 * midi.ticks_per_beat
    for track in midi.tracks:
        now, sounding = 0, {}
        for message in track:
            now += message.time
            if message.type == "note_on" and message.velocity:
                sounding.setdefault(message.note, []).append(now)
            elif message.type in ("note_on", "note_off") and sounding.get(message.note):
                start = sounding[message.note].pop(0)
                notes.append((start / whole, (now - start) / whole, message.note))
    return notes, done.stdout
