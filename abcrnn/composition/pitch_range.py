"""Pitch ranges: by the name of an instrument, or as two notes such as ``D-b``."""

from __future__ import annotations

from abcrnn.grammar import PITCHES
from abcrnn.notation import Tune

#: Lowest and highest note of each named range, as ABC writes them.
RANGES = {
    "D whistle": ("D", "b"),
    "C whistle": ("C", "a"),
    "flute": ("D", "c'"),
    "fiddle": ("G,", "b"),
    "mandolin": ("G,", "b"),
    "soprano recorder": ("C", "c'"),
    "voice": ("A,", "e"),
}

_STEPS = {letter: step for step, letter in enumerate("CDEFGAB")}
_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def parse_range(text: str) -> tuple[str, str]:
    """Return the lowest and the highest note of a range.

    Parameters
    ----------
    text : str
        A name in :data:`RANGES`, or two notes such as ``"D-b"``.

    Raises
    ------
    ValueError
        If it is neither, or if the first note is not below the second.
    """
    ends = RANGES.get(text) or tuple(text.split("-"))
    are_notes = len(ends) == 2 and all(end in PITCHES for end in ends)
    if not are_notes or _staff_position(ends[0]) >= _staff_position(ends[1]):
        raise ValueError(
            f"pitches must be one of {', '.join(RANGES)}, or two notes such as 'D-b', not {text!r}"
        )
    return ends[0], ends[1]


def notes_in_range(text: str) -> frozenset[str]:
    """Return the notes of a range without their accidentals, as ABC writes them."""
    lowest, highest = map(_staff_position, parse_range(text))
    return frozenset(note for note in PITCHES if lowest <= _staff_position(note) <= highest)


def is_in_range(tune: Tune, text: str) -> bool:
    """Whether every pitch of a tune is in a range, grace notes included.

    Parameters
    ----------
    tune : Tune
    text : str
        A name in :data:`RANGES`, or two notes such as ``"D-b"``.

    Returns
    -------
    bool

    Raises
    ------
    ValueError
        If the text is not a range.
    """
    lowest, highest = map(_midi_number, parse_range(text))
    events = [event for bar in tune.bars() for event in bar.events]
    pitches = [pitch.midi for event in events for pitch in event.pitches]
    graces = [pitch.midi for event in events for pitch, _ in event.graces]
    return all(lowest <= pitch <= highest for pitch in pitches + graces)


def _octave(letter: str, marks: str) -> int:
    return 4 + letter.islower() + marks.count("'") - marks.count(",")


def _staff_position(note: str) -> int:
    return 7 * _octave(note[0], note[1:]) + _STEPS[note[0].upper()]


def _midi_number(note: str) -> int:
    return 12 * (_octave(note[0], note[1:]) + 1) + _SEMITONES[note[0].upper()]
