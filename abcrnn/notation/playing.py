"""A tune as played: repeats, endings and parts expanded, ties joined (sections 4.8 to 4.11)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from abcrnn.notation.errors import ABCError
from abcrnn.notation.parts import parts_in_order
from abcrnn.notation.repeats import split_sections
from abcrnn.notation.tune import Bar, Note, Tune, Voice

# A few characters can request very many; these take a tenth of a second.
_MOST_NOTES = 20_000
_MOST_BARS = 10_000


def played_bars(voice: Voice, parts: str = "") -> Iterator[Bar]:
    """Yield the bars of a voice in the order they are played.

    Parameters
    ----------
    voice : Voice
    parts : str
        Order of the parts, as in :class:`Tune`.

    Raises
    ------
    ABCError
        If there are too many.
    """
    count = 0
    for section in parts_in_order(voice.bars, parts):
        for bar in _with_repeats(section):
            count += 1
            if count > _MOST_BARS:
                raise ABCError(f"repeats make more than {_MOST_BARS} bars", bar.line, bar.column)
            yield bar


def played_notes(tune: Tune, voice: Voice) -> list[Note]:
    """Return the notes of a voice as played, ties joined, in the order of their onsets.

    Parameters
    ----------
    tune : Tune
    voice : Voice
        A voice of the tune.

    Returns
    -------
    list of Note

    Raises
    ------
    ABCError
        If there are too many.
    """
    notes: list[Note] = []
    held: dict[int, int] = {}  # pitch tied over -> index of its note
    now = Fraction(0)
    for bar in played_bars(voice, tune.parts):
        for event in bar.events:
            still_held: dict[int, int] = {}
            for pitch, tied in zip(event.pitches, event.tied, strict=True):
                sounding = pitch.midi + event.transpose
                index = held.get(sounding)
                if index is None:
                    index = len(notes)
                    notes.append(Note(now, event.duration, sounding))
                else:
                    notes[index] = notes[index]._replace(
                        duration=now + event.duration - notes[index].onset
                    )
                if tied:
                    still_held[sounding] = index
            held = still_held
            now += event.duration
        if len(notes) > _MOST_NOTES:
            raise ABCError(f"repeats make more than {_MOST_NOTES} notes", bar.line, bar.column)
    return notes


def _with_repeats(bars: Sequence[Bar]) -> Iterator[Bar]:
    for section in split_sections(bars):
        for start, end in section.spans():
            yield from bars[start:end]
