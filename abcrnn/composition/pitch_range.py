"""Pitch ranges: by the name of an instrument, or as two notes such as ``D-b``."""

from __future__ import annotations

from abcrnn.grammar import PITCHES
from abcrnn.grammar.pitches import staff_position
from abcrnn.notation import Tune
from abcrnn.notation.fields import parse_key
from abcrnn.notation.tune import Pitch

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
    if not are_notes or staff_position(ends[0]) >= staff_position(ends[1]):
        raise ValueError(
            f"pitches must be one of {', '.join(RANGES)}, or two notes such as 'D-b', not {text!r}"
        )
    return ends[0], ends[1]


def notes_in_range(text: str, key: str | None = None) -> frozenset[str]:
    """Return the notes of a range, spelled without accidentals.

    Parameters
    ----------
    text : str
        A name in :data:`RANGES`, or two notes such as ``"D-b"``.
    key : str, optional
        Leave out the notes that the signature of this key moves out of the range, such as
        ``D`` in A flat major from the range of a D whistle.
    """
    signature = parse_key(key) if key else None
    alters = signature.alters() if signature else {}
    lowest, highest = map(staff_position, parse_range(text))
    least, most = map(_midi_number, parse_range(text))
    return frozenset(
        note
        for note in PITCHES
        if lowest <= staff_position(note) <= highest
        and least <= _midi_number(note) + alters.get(note[0].upper(), 0) <= most
    )


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
    return first_outside(tune, text) is None


def first_outside(tune: Tune, text: str) -> Pitch | None:
    """Return the first pitch of a tune that is not in a range; None if there is none.

    The parameters are those of :func:`is_in_range`.
    """
    lowest, highest = map(_midi_number, parse_range(text))
    for bar in tune.bars():
        for event in bar.events:
            for pitch in (*(pitch for pitch, _ in event.graces), *event.pitches):
                if not lowest <= pitch.midi <= highest:
                    return pitch
    return None


def _midi_number(note: str) -> int:
    return 12 * (staff_position(note) // 7 + 1) + _SEMITONES[note[0].upper()]
