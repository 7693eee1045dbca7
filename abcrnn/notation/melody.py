"""The melody of a voice as written.

Repeats are not played, tied notes are joined, grace notes are left out, and a chord
is represented by its highest note.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from abcrnn.notation.tune import Voice


class MelodyNote(NamedTuple):
    """A note of a melody.

    Parameters
    ----------
    pitch : int
        MIDI note number (60 is middle C).
    duration : Fraction
        Length including tied notes, in whole notes.
    span : Fraction
        Length including tied notes and the rests after them, in whole notes: the time from
        this note to the next.
    bar : int
        Index of the bar in ``voice.bars`` in which the note begins.
    """

    pitch: int
    duration: Fraction
    span: Fraction
    bar: int


def melody(voice: Voice) -> list[MelodyNote]:
    """Return the melody of a voice.

    Parameters
    ----------
    voice : Voice

    Returns
    -------
    list of MelodyNote
        In order. Rests before the first note are left out.
    """
    notes: list[MelodyNote] = []
    tied_pitch = None  # pitch of the note before, if a tie follows it
    for index, bar in enumerate(voice.bars):
        for event in bar.events:
            length = event.duration
            pitches = zip((pitch.midi for pitch in event.pitches), event.tied, strict=True)
            pitch, tied = max(pitches, default=(None, False))
            if pitch is None:
                if notes:
                    notes[-1] = notes[-1]._replace(span=notes[-1].span + length)
            elif pitch == tied_pitch:
                note = notes[-1]
                notes[-1] = MelodyNote(pitch, note.duration + length, note.span + length, note.bar)
            else:
                notes.append(MelodyNote(pitch, length, length, index))
            tied_pitch = pitch if tied else None
    return notes
