"""One tune of ABC text as sound: a WAV file of the synthesizer, or of FluidSynth."""

from __future__ import annotations

import io
import math
import os
import wave
from bisect import bisect_right
from fractions import Fraction

import numpy as np

from abcrnn.export.fluidsynth import render_midi
from abcrnn.export.midi import timed_notes, to_midi_bytes
from abcrnn.export.synthesizer import SAMPLE_RATE, Sound, limit, mix
from abcrnn.export.tempos import initial_speed, parse_speed, quarter_microseconds
from abcrnn.export.timbres import CHORDS, VOICES
from abcrnn.export.timeline import PlayedVoice, in_midi_range, tempo_changes
from abcrnn.export.tune_text import parse_single_tune
from abcrnn.notation.errors import ABCError
from abcrnn.notation.tune import Tune
from abcrnn.storage.atomic import write_bytes

_SILENCE = 1.0  # seconds after the last note
_LONGEST = 20 * 60  # seconds of a tune
_MOST_SOUND = 4 * 60 * 60  # seconds of all its notes together
_BLOCK = 2**20  # samples that are written together


def to_wav(
    tune: str,
    path: str | os.PathLike[str],
    *,
    voice: str = "plucked",
    chords: bool = True,
    tempo: float | str | None = None,
    soundfont: str | os.PathLike[str] | None = None,
    instrument: str | int | None = None,
) -> None:
    """Write one tune as a WAV file, with its repeats played.

    Parameters
    ----------
    tune : str
        One tune of ABC with its header.
    path : path-like
        The file to write. It is written completely or not at all.
    voice : {"plucked", "blown"}
    chords : bool
        Whether to play chord symbols.
    tempo : float or str, optional
    soundfont : path-like, optional
    instrument : str or int, optional
        See :func:`to_wav_bytes`.

    Raises
    ------
    ABCError, ValueError, OSError
        See :func:`to_wav_bytes`. OSError also if the file cannot be written.
    """
    data = to_wav_bytes(
        tune, voice=voice, chords=chords, tempo=tempo, soundfont=soundfont, instrument=instrument
    )
    write_bytes(path, data)


def to_wav_bytes(
    tune: str,
    *,
    voice: str = "plucked",
    chords: bool = True,
    tempo: float | str | None = None,
    soundfont: str | os.PathLike[str] | None = None,
    instrument: str | int | None = None,
) -> bytes:
    r"""Return one tune as the bytes of a WAV file, with its repeats played.

    Parameters
    ----------
    tune : str
        One tune of ABC with its header.
    voice : {"plucked", "blown"}
        The sound of the notes, as in the player of the web pages. Chord symbols are played
        softly by a third voice.
    chords : bool
        Whether to play chord symbols such as ``"Am7"``.
    tempo : float or str, optional
        As for :func:`abcrnn.to_midi_bytes`.
    soundfont : path-like, optional
        A SoundFont file (``.sf2``, ``.sf3``): the program FluidSynth, if it is installed, plays
        the tune with its instruments in place of ``voice``.
    instrument : str or int, optional
        As for :func:`abcrnn.to_midi_bytes`; with ``soundfont`` only.

    Returns
    -------
    bytes
        44,100 samples a second of 16 bits; one channel, or two with ``soundfont``. Without
        ``soundfont``, notes begin and end as in the MIDI file, a second of silence follows, no
        sample reaches full scale, and equal tunes give equal bytes.

    Raises
    ------
    ABCError
        If :func:`abcrnn.to_midi_bytes` does, or if the tune lasts more than 20 minutes or its
        notes together more than 4 hours.
    ValueError
        If an argument is not accepted.
    OSError
        If ``soundfont`` cannot be read, or FluidSynth is missing or fails.

    Examples
    --------
    >>> data = to_wav_bytes("X:1\nT:Scale\nM:4/4\nK:D\nDEFG ABcd|", voice="blown")
    >>> data[:4]
    b'RIFF'
    """
    if voice not in VOICES:
        raise ValueError(f"voice must be one of {', '.join(VOICES)}, not {voice!r}")
    if instrument is not None and soundfont is None:
        raise ValueError("instrument must be left out without a soundfont: voices have none")
    speed = None if tempo is None else parse_speed(tempo)
    parsed = parse_single_tune(tune)
    sounds, seconds = tune_sounds(parsed, speed, voice, chords)
    _require_bounded(parsed, sounds, seconds)
    if soundfont is not None:
        midi = to_midi_bytes(tune, chords=chords, tempo=tempo, instrument=instrument)
        return render_midi(midi, soundfont)
    return _wav_file(sounds, seconds + _SILENCE)


def _wav_file(sounds: list[Sound], seconds: float) -> bytes:
    samples = mix(sounds, seconds)
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        for first in range(0, len(samples), _BLOCK):
            scaled = limit(samples[first : first + _BLOCK]) * 32767
            file.writeframes(np.rint(scaled).astype("<i2").tobytes())
    return buffer.getvalue()


def tune_sounds(
    tune: Tune, speed: Fraction | None, voice: str, chords: bool
) -> tuple[list[Sound], float]:
    """Return the notes of a tune as they are mixed.

    Parameters
    ----------
    tune : Tune
    speed : Fraction or None
        Whole notes a minute at the beginning; None for that of the tune.
    voice : str
    chords : bool
        Whether to play chord symbols.

    Returns
    -------
    sounds : list of Sound
        In the order of the voices; those of chord symbols are last.
    seconds : float
        The length of the tune, rests included.

    Raises
    ------
    ABCError
        If there are no notes, or too many.
    """
    played, voices, symbols = timed_notes(tune, chords)
    clock = _Clock(tune, played, speed)
    notes = [(note, VOICES[voice]) for notes in voices for note in notes]
    notes += [(note, CHORDS) for note in symbols]
    sounds = []
    for (start, end, pitch), timbre in notes:
        begins = clock.seconds(start)
        sounds.append(Sound(begins, clock.seconds(end) - begins, in_midi_range(pitch), timbre))
    ends = [voice.length for voice in played] + [note.end for note, _ in notes]
    return sounds, clock.seconds(max(ends))


class _Clock:
    """Converts times in whole notes to seconds, as a MIDI file has them."""

    def __init__(self, tune: Tune, played: list[PlayedVoice], speed: Fraction | None) -> None:
        factor = speed / initial_speed(tune) if speed else Fraction(1)
        self._changes: list[tuple[Fraction, float, float]] = []  # time, seconds, seconds a whole
        seconds, before, rate = 0.0, Fraction(0), 0.0
        for time, whole_notes in tempo_changes(tune, played):
            seconds += float(time - before) * rate
            before, rate = time, 4e-6 * quarter_microseconds(whole_notes * factor)
            self._changes.append((time, seconds, rate))
        self._times = [change[0] for change in self._changes]

    def seconds(self, time: Fraction) -> float:
        """Return a time in seconds."""
        start, seconds, rate = self._changes[bisect_right(self._times, time) - 1]
        return seconds + float(time - start) * rate


def _require_bounded(tune: Tune, sounds: list[Sound], seconds: float) -> None:
    """Raise ABCError if the tune or all its notes last too long."""
    bar = next(tune.bars())
    if seconds > _LONGEST:
        raise ABCError(
            f"the tune lasts {math.ceil(seconds / 60)} minutes; a WAV file has at most "
            f"{_LONGEST // 60}",
            bar.line,
            bar.column,
        )
    total = sum(sound.length for sound in sounds)
    if total > _MOST_SOUND:
        raise ABCError(
            f"the notes of the tune last {math.ceil(total / 3600)} hours together; a WAV file has "
            f"at most {_MOST_SOUND // 3600}",
            bar.line,
            bar.column,
        )
