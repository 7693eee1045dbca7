"""Intervals on the line of fifths, by which pitches and their names are transposed.

Intervals are counted in fifths. On the line of fifths, ``F`` is at -1, ``C`` at 0 and ``G`` at
1; a sharp adds 7. Notes, tonic and chords all move by the same number of fifths, which keeps
their relation to the key: a raised seventh stays one, and no note needs a new accidental.
"""

from __future__ import annotations

from abcrnn.notation.fields import LINE_OF_FIFTHS, Key
from abcrnn.notation.tune import Pitch


def fifths_of(step: str, alter: int) -> int:
    """Return the position of an altered letter on the line of fifths."""
    return LINE_OF_FIFTHS.index(step.upper()) - 1 + 7 * alter


def name_at(position: int, most: int) -> tuple[str, int]:
    """Return letter and alteration at a position; respelled if it has more than ``most`` signs."""
    while (position + 1) // 7 > most:
        position -= 12
    while (position + 1) // 7 < -most:
        position += 12
    return LINE_OF_FIFTHS[(position + 1) % 7], (position + 1) // 7


#: Most sharps or flats of a key signature.
MOST_ACCIDENTALS = 7


def interval_of(key: Key, tonic: int | None, semitones: int, preferred: int | None = None) -> int:
    """Return the fifths to move by, so that the new key has the fewest accidentals.

    Parameters
    ----------
    key : Key
    tonic : int or None
        Its position on the line of fifths.
    semitones : int
    preferred : int, optional
        Fifths of this number of semitones, to be used where the new key has at most seven
        accidentals.
    """
    signature = sum(key.alters().values())  # grows by one with every fifth, in any mode
    if preferred is not None and abs(signature + preferred) <= MOST_ACCIDENTALS:
        return preferred
    if semitones % 12 == 0:
        return 0
    first = 7 * semitones % 12
    choices = range(first - 36, first + 37, 12)  # the same pitch, spelled differently
    # The tonic must be one that K: can have: Fb to B#.
    allowed = [n for n in choices if tonic is None or -8 <= tonic + n <= 12]
    return min(allowed, key=lambda n: (abs(signature + n), -n if semitones > 0 else n))


def move_pitch(pitch: Pitch, fifths: int, semitones: int) -> Pitch:
    """Move a pitch; it is respelled where ABC would need more than double accidentals."""
    step, alter = name_at(fifths_of(pitch.step, pitch.alter) + fifths, most=2)
    octaves = pitch.midi + semitones - Pitch(step, alter, -1).midi
    return Pitch(step, alter, octaves // 12 - 1)


def write_letter(pitch: Pitch) -> str:
    """Return a letter with its octave marks (section 4.1)."""
    if pitch.octave >= 5:
        return pitch.step.lower() + "'" * (pitch.octave - 5)
    return pitch.step + "," * (4 - pitch.octave)


def move_name(letter: str, alter: int, sign: str, fifths: int) -> str:
    """Move the name of a tonic, root or bass, keeping its case and its kind of signs.

    Parameters
    ----------
    letter : str
        From A to G, also in lower case.
    alter : int
        Its alteration in semitones.
    sign : str
        The sign as written, such as ``♭``.
    fifths : int

    Returns
    -------
    str
    """
    step, moved = name_at(fifths_of(letter, alter) + fifths, most=1)
    sharp = sign if sign in ("♯", "+") else "♯" if sign == "♭" else "#"
    flat = "♭" if sign in ("♯", "♭") else "b"
    return (step if letter.isupper() else step.lower()) + ("", sharp, flat)[moved]
