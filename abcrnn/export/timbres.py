"""The voices of sound: those of the player of the web pages, with the same numbers."""

from __future__ import annotations

from typing import NamedTuple


class Timbre(NamedTuple):
    """How the notes of a voice sound.

    Parameters
    ----------
    partials : tuple of float
        Amplitudes of the partials; they are divided by their sum.
    attack : float
        Seconds in which a note rises to its level.
    decay : float or None
        Time constant of the first partial at A4, in seconds; None for a sustained note.
    damping : float
        How much faster each next partial decays.
    gap : float
        Seconds by which a note is released before its written end.
    release : float
        Time constant after the end of a note, in seconds.
    level : float
        Amplitude of a note at its loudest.
    """

    partials: tuple[float, ...]
    attack: float
    decay: float | None
    damping: float
    gap: float
    release: float
    level: float


_NOTE_VELOCITY, _CHORD_VELOCITY = 90 / 127, 60 / 127  # as in the MIDI file

PLUCKED = Timbre(
    (1, 0.6, 0.45, 0.25, 0.15, 0.12, 0.06, 0.03), 0.002, 0.5, 0.35, 0, 0.06, 0.5 * _NOTE_VELOCITY
)
BLOWN = Timbre((1, 0.5, 0.22, 0.08, 0.04), 0.02, None, 0, 0.015, 0.03, 0.4 * _NOTE_VELOCITY)
CHORDS = Timbre((1, 0.4, 0.15, 0.05), 0.015, 0.7, 0.5, 0, 0.1, 0.16 * _CHORD_VELOCITY)

#: The voices of melodies, by name.
VOICES = {"plucked": PLUCKED, "blown": BLOWN}
