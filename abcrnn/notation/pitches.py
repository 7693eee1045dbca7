"""The pitch of a note from its letter and signs (sections 4.1, 4.2 and 4.6)."""

from __future__ import annotations

from abcrnn.notation.fields import ACCIDENTALS
from abcrnn.notation.tune import Pitch
from abcrnn.notation.voices import VoiceBuilder


def pitch_of(voice: VoiceBuilder, accidental: str, letter: str, marks: str) -> Pitch:
    """Return the pitch of a note (sections 4.1, 4.2): ``C`` is middle C, ``c`` an octave above.

    The clef and ``octave=`` move it by octaves (section 4.6).
    """
    octave = 4 + letter.islower() + marks.count("'") - marks.count(",")
    octave += voice.properties.sounding_octaves
    alter = voice.alter(letter.upper(), octave, ACCIDENTALS.get(accidental))
    return Pitch(letter.upper(), alter, octave)
