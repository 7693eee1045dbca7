"""FluidSynth, a program that plays MIDI files with the instruments of a SoundFont."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from abcrnn.storage.paths import as_path

_PROGRAM = "fluidsynth"
_MOST_SECONDS = 600  # of computing
_HEADER = 12  # bytes: RIFF, size, sfbk


def render_midi(midi: bytes, soundfont: str | os.PathLike[str]) -> bytes:
    """Return the sound of a MIDI file as the bytes of a WAV file.

    Parameters
    ----------
    midi : bytes
    soundfont : path-like
        A SoundFont file (``.sf2``, ``.sf3``).

    Returns
    -------
    bytes
        44,100 samples a second of 16 bits, two channels.

    Raises
    ------
    ValueError
        If the file is not a SoundFont.
    OSError
        If the SoundFont cannot be read, or the program is missing or fails.
    """
    font = as_path(soundfont)
    with open(font, "rb") as file:
        header = file.read(_HEADER)
    if header[:4] != b"RIFF" or header[8:] != b"sfbk":
        raise ValueError(f"soundfont must be a SoundFont file (.sf2, .sf3); {font} is not")
    program = shutil.which(_PROGRAM)
    if program is None:
        raise FileNotFoundError(
            f"{_PROGRAM} is not installed; install FluidSynth, or leave out the soundfont"
        )
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "tune.mid"), Path(folder, "tune.wav")
        source.write_bytes(midi)
        options = ["-n", "-i", "-q", "-r", "44100", "-T", "wav", "-O", "s16", "-F", str(target)]
        # Absolute paths, so that none begins with "-".
        _run([program, *options, str(font.absolute()), str(source)])
        if not target.is_file():
            raise OSError(f"{_PROGRAM} wrote no sound with the soundfont {font}")
        return target.read_bytes()


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603  # without a shell; paths are absolute
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_MOST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise OSError(f"{_PROGRAM} was stopped after {_MOST_SECONDS} seconds") from None
    if done.returncode or b"error:" in done.stderr:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        reason = lines[0][:200] if lines else f"exit code {done.returncode}"
        raise OSError(f"{_PROGRAM} failed: {reason}")
