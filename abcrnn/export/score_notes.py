"""Events of a tune as music21 notes: pitches, accidentals, ties, note values, grace notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from abcrnn.export.tune_text import printable
from abcrnn.notation.chord_symbols import parse_chord_symbol
from abcrnn.notation.fields import Key
from abcrnn.notation.tune import Bar, Event, Pitch

if TYPE_CHECKING:
    from music21 import base, duration, note, pitch

_FINEST = 256  # parts of a quarter note: MusicXML's shortest note value
_LONGEST_VALUE = 8  # quarter notes: a breve


class Accidentals(dict[tuple[str, int], int]):
    """Alterations in force in a bar, by letter and octave; music21 takes cubic time for this."""

    def __init__(self, key: Key) -> None:
        super().__init__()
        self._signature = key.alters()

    def __missing__(self, note: tuple[str, int]) -> int:
        return self._signature.get(note[0], 0)

    def set_key(self, key: Key) -> None:
        """Change the key signature; accidentals that differ from the one before remain."""
        before, self._signature = self._signature, key.alters()
        for name, alter in list(self.items()):
            if alter == before.get(name[0], 0):
                del self[name]


def with_ties(bars: Sequence[Bar]) -> Iterator[tuple[set[int], set[int]]]:
    """Yield, for each event, the pitches tied from the event before and to the next one."""
    events = [event for bar in bars for event in bar.events]
    before: set[int] = set()
    for event, after in zip(events, [*events[1:], None], strict=True):
        pairs = zip(event.pitches, event.tied, strict=True)
        reach = {pitch.midi for pitch in after.pitches} if after else set()
        tied = {pitch.midi for pitch, is_tied in pairs if is_tied} & reach
        yield before, tied
        before = tied


def written_notes(
    event: Event, ties: tuple[set[int], set[int]], in_force: Accidentals, octaves: int = 0
) -> list[note.GeneralNote]:
    """Return an event as as many tied notes as its length needs.

    Parameters
    ----------
    event : Event
    ties : tuple of (set of int, set of int)
        MIDI numbers of the pitches tied from the event before, and to the next one.
    in_force : Accidentals
    octaves : int
        Octaves that the notes are shown higher.

    Returns
    -------
    list of music21.note.GeneralNote
    """
    if event.whole_bar:
        return [_bar_rest(event)]
    notes = []
    from_before, to_next = ties
    values = note_values(event.duration)
    for n, value in enumerate(values):
        inner = {pitch.midi for pitch in event.pitches}
        before, after = (inner if n else from_before), (inner if n < len(values) - 1 else to_next)
        heads = [_pitch(pitch, in_force, pitch.midi in before, octaves) for pitch in event.pitches]
        written = _note(heads, duration_of(*value))
        _tie(written, heads, event.pitches, before, after)
        if event.invisible:
            written.style.hideObjectOnPrint = True
        notes.append(written)
    if "courtesy" in event.decorations and event.pitches:
        _show_in_parentheses(notes[0])
    return notes


def grace_notes(event: Event, in_force: Accidentals, octaves: int = 0) -> list[note.Note]:
    """Return the grace notes of an event: one eighth, or several beamed sixteenths."""
    from music21 import beam

    several = len(event.graces) > 1
    graces = []
    for n, (written, _) in enumerate(event.graces):
        value = duration_of(Fraction(1, 4 if several else 2), 1)
        grace = _note([_pitch(written, in_force, False, octaves)], value).getGrace()
        grace.duration.slash = event.grace_slash
        if several:
            kind = "start" if n == 0 else "stop" if n == len(event.graces) - 1 else "continue"
            grace.beams = beam.Beams()
            grace.beams.fill(2, kind)
        graces.append(grace)
    return graces


def chord_symbol(event: Event) -> base.Music21Object | None:
    """Return the chord symbol of an event; text that is not a chord as words above the staff."""
    if not event.chord_symbol:
        return None
    # Copying takes a tenth of the time of making another.
    return deepcopy(_chord_symbol(event.chord_symbol))


@lru_cache(maxsize=256)
def _chord_symbol(symbol: str) -> base.Music21Object:
    from music21 import expressions, harmony

    chord = parse_chord_symbol(symbol)
    if chord is None:
        words = expressions.TextExpression(printable(symbol))
        words.placement = "above"
        return words
    if chord.root is None:
        return harmony.NoChord(kindStr=printable(symbol))
    root, bass = (
        pitch and pitch.step + {1: "#", -1: "-", 2: "##", -2: "--"}.get(pitch.alter, "")
        for pitch in (chord.root, chord.bass)
    )
    kind_text = printable(chord.suffix)
    return harmony.ChordSymbol(root=root, bass=bass, kind=chord.kind, kindStr=kind_text)


def _bar_rest(event: Event) -> note.Rest:
    from music21 import duration, note

    rest = note.Rest(duration=duration.Duration(float(4 * event.duration)))
    rest.fullMeasure = True
    rest.style.hideObjectOnPrint = event.invisible or None
    return rest


def _pitch(written: Pitch, in_force: Accidentals, tied: bool, octaves: int) -> pitch.Pitch:
    """Return a pitch, with an accidental if a reader needs one; a note tied to needs none."""
    from music21 import pitch

    result = pitch.Pitch(written.step, octave=written.octave + octaves)
    name = written.step, written.octave
    shown = not tied and in_force[name] != written.alter
    if written.alter or shown:
        result.accidental = pitch.Accidental(written.alter)
        result.accidental.displayStatus = shown
    if not tied:
        in_force[name] = written.alter
    return result


def _show_in_parentheses(written: note.GeneralNote) -> None:
    from music21 import pitch

    for head in written.pitches:
        if head.accidental is None:
            head.accidental = pitch.Accidental(0)
        head.accidental.displayStatus = True
        head.accidental.displayStyle = "parentheses"


def _note(heads: Sequence[pitch.Pitch], length: duration.Duration) -> note.GeneralNote:
    from music21 import chord, note

    if not heads:
        return note.Rest(duration=length)
    if len(heads) > 1:
        return chord.Chord(heads, duration=length)
    return note.Note(heads[0], duration=length)


def _tie(
    written: note.GeneralNote,
    heads: Sequence[pitch.Pitch],
    pitches: Sequence[Pitch],
    from_before: set[int],
    to_next: set[int],
) -> None:
    from music21.chord import Chord as SeveralNotes
    from music21.tie import Tie

    if written.isRest:
        return
    numbers = {id(head): pitch.midi for head, pitch in zip(heads, pitches, strict=True)}
    for head in written.notes if isinstance(written, SeveralNotes) else [written]:
        number = numbers.get(id(head.pitch), head.pitch.midi)
        ends, starts = number in from_before, number in to_next
        if ends or starts:
            head.tie = Tie("continue" if ends and starts else "start" if starts else "stop")


def note_values(length: Fraction) -> list[tuple[Fraction, int]]:
    """Split a length into note values, each with the n of its n-tuplet (1 for none).

    A value is in quarter notes, as written. Any fraction is an n-tuplet of plain values,
    where n is the odd part of its denominator: n in the time of the next lower power of two
    (section 4.13).
    """
    quarters = length * 4
    odd = quarters.denominator
    while odd % 2 == 0:
        odd //= 2
    left = quarters * odd / _in_time_of(odd)
    if left.denominator > _FINEST:
        odd, left = 1, max(Fraction(1), Fraction(round(quarters * _FINEST))) / _FINEST
    values = []
    while left:
        value = Fraction(_LONGEST_VALUE)
        while value > left:
            value /= 2
        if value * Fraction(3, 2) <= left and value < _LONGEST_VALUE:
            value *= Fraction(3, 2)
        values.append((value, odd))
        left -= value
    return values


def _in_time_of(count: int) -> int:
    return 1 << (count.bit_length() - 1)


def duration_of(value: Fraction, tuplet: int) -> duration.Duration:
    """Return a note value in quarter notes, in an n-tuplet, as a music21 duration."""
    from music21 import duration

    result = duration.Duration(float(value))
    if tuplet > 1:
        result.appendTuplet(duration.Tuplet(tuplet, _in_time_of(tuplet)))
    return result
