"""Chord symbols such as ``F#m7`` (section 4.18 of ABC 2.1)."""

from __future__ import annotations

import re
from typing import NamedTuple

from abcrnn.notation.tune import Pitch

_CHORD = re.compile(r"\(?([A-G])([#b]?)([^/()]*)(?:/([A-Ga-g])([#b+-]?))?\)?")
# By what follows the root: semitones above the root and music21's name of the kind. "Cd" for
# C diminished is found in the Nottingham tunebooks.
_KINDS = {
    "": ((0, 4, 7), "major"), "m": ((0, 3, 7), "minor"), "7": ((0, 4, 7, 10), "dominant-seventh"),
    "m7": ((0, 3, 7, 10), "minor-seventh"), "M7": ((0, 4, 7, 11), "major-seventh"),
    "6": ((0, 4, 7, 9), "major-sixth"), "m6": ((0, 3, 7, 9), "minor-sixth"),
    "9": ((0, 4, 7, 10, 14), "dominant-ninth"), "m9": ((0, 3, 7, 10, 14), "minor-ninth"),
    "7b9": ((0, 4, 7, 10, 13), "dominant-seventh"), "d": ((0, 3, 6), "diminished"),
    "dim": ((0, 3, 6), "diminished"), "dim7": ((0, 3, 6, 9), "diminished-seventh"),
    "m7b5": ((0, 3, 6, 10), "half-diminished-seventh"), "aug": ((0, 4, 8), "augmented"),
    "+": ((0, 4, 8), "augmented"), "sus4": ((0, 5, 7), "suspended-fourth"),
    "sus2": ((0, 2, 7), "suspended-second"), "5": ((0, 7), "power"),
}  # fmt: skip
_SYNONYMS = {"maj": "", "maj7": "M7", "min": "m", "min7": "m7", "sus": "sus4", "o": "dim"}
_ALTERS = {"": 0, "#": 1, "+": 1, "b": -1, "-": -1}


class ChordSymbol(NamedTuple):
    """A chord symbol.

    Parameters
    ----------
    root : Pitch
        In the octave below middle C.
    suffix : str
        The quality that follows the root, such as ``m7``.
    bass : Pitch, optional
        A pitch below the root.
    """

    root: Pitch
    suffix: str
    bass: Pitch | None

    @property
    def pitches(self) -> list[int]:
        """MIDI numbers of the chord, bass first, then ascending from the root."""
        tones = [self.root.midi + above for above in _KINDS[self.suffix][0]]
        return tones if self.bass is None else [self.bass.midi, *tones]

    @property
    def kind(self) -> str:
        """The kind of chord as music21 names it, such as ``minor-seventh``."""
        return _KINDS[self.suffix][1]


def parse_chord_symbol(text: str) -> ChordSymbol | None:
    """Parse a chord symbol such as ``F#m7`` or, with a bass, ``D/f+``.

    Returns
    -------
    ChordSymbol or None
        None if the text is not a known chord.

    Examples
    --------
    >>> parse_chord_symbol("Am7").pitches
    [57, 60, 64, 67]
    >>> parse_chord_symbol("Fine") is None
    True
    """
    found = _CHORD.fullmatch(text.strip())
    suffix = found[3].strip() if found else ""
    suffix = _SYNONYMS.get(suffix, suffix)
    if not found or suffix not in _KINDS:
        return None
    root = Pitch(found[1], _ALTERS[found[2]], 3)
    if not found[4]:
        return ChordSymbol(root, suffix, None)
    bass = Pitch(found[4].upper(), _ALTERS[found[5] or ""], 3)
    return ChordSymbol(root, suffix, bass if bass.midi < root.midi else bass._replace(octave=2))
