"""A tune as a music21 score, as written, and from there to MusicXML; chord symbols.

The score is put together object by object and exported as it stands: music21's own
notation pass would pad short bars with rests and split long ones wrongly.

Conventions: lengths are fractions of a whole note in tunes, of a quarter note in music21.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from abcrnn.notation.errors import ABCError
from abcrnn.notation.fields import Key, Meter, Tempo
from abcrnn.notation.tune import Bar, Event, Pitch, Tune, Voice

if TYPE_CHECKING:
    from music21 import base, duration, note, pitch, stream

_MOST_WRITTEN = 2_500  # notes, tied ones counted singly, and bars: music21 needs a millisecond each
_FINEST = 256  # parts of a quarter note: MusicXML's shortest note value
_LONGEST_VALUE = 8  # quarter notes: a breve

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MODES = {
    "maj": "major", "ion": "major", "m": "minor", "min": "minor", "aeo": "minor", "dor": "dorian",
    "phr": "phrygian", "lyd": "lydian", "mix": "mixolydian", "loc": "locrian",
}  # fmt: skip

_CHORD = re.compile(r"\(?([A-G])([#b]?)([^/()]*)(?:/([A-Ga-g])([#b+-]?))?\)?")
# What follows a chord's root: semitones above it, and music21's name of the kind. The "d" of
# "Cd" (diminished) is a habit of the Nottingham tunebook.
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
_OTHER_NAMES = {"maj": "", "maj7": "M7", "min": "m", "min7": "m7", "sus": "sus4", "o": "dim"}
_SIGNS = {"": 0, "#": 1, "+": 1, "b": -1, "-": -1}


class Chord(NamedTuple):
    """A chord symbol that was read.

    Parameters
    ----------
    root : Pitch
        In the octave below middle C.
    suffix : str
        What follows the root, such as ``m7``.
    bass : Pitch, optional
        Below the root.
    """

    root: Pitch
    suffix: str
    bass: Pitch | None

    @property
    def pitches(self) -> list[int]:
        """MIDI numbers, from the lowest."""
        tones = [self.root.midi + above for above in _KINDS[self.suffix][0]]
        return tones if self.bass is None else [self.bass.midi, *tones]

    @property
    def kind(self) -> str:
        """The kind by music21's name, such as ``minor-seventh``."""
        return _KINDS[self.suffix][1]


def read_chord(symbol: str) -> Chord | None:
    """Read a chord symbol such as ``F#m7`` or, with its bass, ``D/f+`` (ABC 2.1, section 4.18).

    Returns
    -------
    Chord or None
        None if it names no known chord.
    """
    found = _CHORD.fullmatch(symbol.strip())
    suffix = found[3].strip() if found else ""
    suffix = _OTHER_NAMES.get(suffix, suffix)
    if not found or suffix not in _KINDS:
        return None
    root = Pitch(found[1], _SIGNS[found[2]], 3)
    if not found[4]:
        return Chord(root, suffix, None)
    bass = Pitch(found[4].upper(), _SIGNS[found[5] or ""], 3)
    return Chord(root, suffix, bass if bass.midi < root.midi else bass._replace(octave=2))


def musicxml(tune: Tune) -> bytes:
    """Write a tune as MusicXML.

    Parameters
    ----------
    tune : Tune

    Returns
    -------
    bytes
        Equal for equal tunes. Bars, repeats and endings stay signs. A length
        finer than a 1024th note is rounded to one.

    Raises
    ------
    ABCError
        If there is more of it than music21 could write in a few seconds.
    """
    from music21.musicxml.m21ToXml import GeneralObjectExporter

    exporter = GeneralObjectExporter(_score(tune))
    exporter.makeNotation = False
    data: bytes = exporter.parse()
    # Equal tunes give equal bytes: not the day, nor music21's own name in place of missing fields.
    noise = (
        rb'\n *<(?:encoding-date>|software>|creator type="composer">Music21<'
        rb"|movement-title>Music21 Fragment<).*"
    )
    return re.sub(noise, b"", data)


def printable(text: str) -> str:
    """Leave out what neither XML nor UTF-8 can hold, such as control characters."""
    return _NOT_XML.sub("", text)


def _score(tune: Tune) -> stream.Score:
    from music21 import metadata, stream

    size = 0
    for bar in tune.bars():
        size += 1 + sum(len(_values(event.duration)) + len(event.graces) for event in bar.events)
        size += sum(max(0, len(event.pitches) - 1) for event in bar.events)
        if size > _MOST_WRITTEN:
            message = f"more than {_MOST_WRITTEN} notes and bars to write as MusicXML"
            raise ABCError(message, bar.line, bar.column)
    score = stream.Score([_part(tune, n, voice) for n, voice in enumerate(tune.voices, start=1)])
    title, composer = printable(tune.title), printable(tune.field("C"))
    score.metadata = metadata.Metadata(title=title or None, composer=composer or None)
    return score


def _part(tune: Tune, number: int, voice: Voice) -> stream.Part:
    from music21 import clef, instrument, stream
    from music21.stream.makeNotation import makeTupletBrackets

    player = instrument.Instrument()
    player.partId, player.instrumentId = f"P{number}", f"P{number}-I1"  # else random ones
    player.midiChannel = 0  # else music21 looks for a free one, and complains of many voices
    part = stream.Part([player])
    part.partName = printable(voice.name) if len(tune.voices) > 1 else None
    events = _with_ties(voice)
    before: Bar | None = None
    for count, bar in enumerate(voice.bars, start=1):
        measure = stream.Measure(number=count)
        measure.append(_signs(tune, bar, before))
        in_force = _Accidentals(bar.key)
        for event in bar.events:
            measure.append(_written(event, next(events), in_force))
        _set_bar_lines(measure, bar)
        makeTupletBrackets(measure, inPlace=True)
        part.append(measure)
        before = bar
    measures = list(part.getElementsByClass(stream.Measure))
    measures[0].insert(0, clef.bestClef(part, recurse=True))
    _number_from_pickup(measures, voice.bars[0])
    part.makeBeams(inPlace=True)
    _add_endings(part, measures, voice.bars)
    return part


def _number_from_pickup(measures: Sequence[stream.Measure], first: Bar) -> None:
    if first.meter.length and first.length < first.meter.length:
        measures[0].padAsAnacrusis()  # so that the beams of a pickup fall on its beats
        for number, measure in enumerate(measures):
            measure.number = number


# What stands in a bar besides notes ----------------------------------------------------------


def _signs(tune: Tune, bar: Bar, before: Bar | None) -> list[base.Music21Object]:
    """Make the key, meter and tempo that begin with a bar."""
    signs: list[base.Music21Object] = []
    if before is None or bar.key != before.key:
        signs.append(_key(bar.key))
    if bar.meter.length and (before is None or bar.meter != before.meter):
        signs.append(_meter(bar.meter))
    speed = bar.tempo or (tune.tempo if before is None else None)
    if speed and speed.beat and speed.per_minute:
        signs.append(_tempo(speed, speed.beat, speed.per_minute))
    return signs


def _key(written: Key) -> base.Music21Object:
    from music21 import key

    signature = key.KeySignature(written.fifths)
    mode = _MODES.get(written.name.rpartition(" ")[2])
    return signature.asKey(mode) if mode else signature


def _meter(written: Meter) -> base.Music21Object:
    from music21 import meter

    signature = meter.TimeSignature(f"{sum(written.beats)}/{written.unit}")
    signature.symbol = {"C": "common", "C|": "cut"}.get(written.text.upper(), "")
    return signature


def _tempo(written: Tempo, beat: Fraction, per_minute: int) -> base.Music21Object:
    from music21 import tempo

    values = _values(beat)
    if len(values) == 1 and values[0][1] == 1:
        return tempo.MetronomeMark(number=per_minute, referent=_duration(*values[0]))
    # A beat that no note value has, such as 5/8, is told in quarter notes.
    return tempo.MetronomeMark(number=float(beat * 4 * per_minute))


def _set_bar_lines(measure: stream.Measure, bar: Bar) -> None:
    from music21.bar import Barline, Repeat

    if bar.begins_repeat:
        measure.leftBarline = Repeat(direction="start")
    if bar.repeats:
        measure.rightBarline = Repeat(direction="end", times=bar.repeats + 1)
    elif "]" in bar.closes:
        measure.rightBarline = Barline("final")
    elif "||" in bar.closes:
        measure.rightBarline = Barline("double")


def _add_endings(
    part: stream.Part, measures: Sequence[stream.Measure], bars: Sequence[Bar]
) -> None:
    """Draw a bracket over each ending: to the next one, or to a bar line other than ``|``."""
    from music21.spanner import RepeatBracket

    under: list[stream.Measure] = []
    for measure, bar in zip(measures, bars, strict=True):
        if bar.ending:
            under = []
            numbers = ",".join(map(str, sorted(bar.ending)))
            bracket = RepeatBracket(number=numbers)
            part.insert(0, bracket)
        if bar.ending or under:
            under.append(measure)
            bracket.addSpannedElements(measure)
        if bar.closes not in ("", "|"):
            under = []


# Notes ---------------------------------------------------------------------------------------


def _with_ties(voice: Voice) -> Iterator[tuple[set[int], set[int]]]:
    """For each event, yield the pitches tied to it from before and from it to the next."""
    events = [event for bar in voice.bars for event in bar.events]
    before: set[int] = set()
    for event, after in zip(events, [*events[1:], None], strict=True):
        pairs = zip(event.pitches, event.tied, strict=True)
        reach = {pitch.midi for pitch in after.pitches} if after else set()
        tied = {pitch.midi for pitch, is_tied in pairs if is_tied} & reach
        yield before, tied
        before = tied


class _Accidentals(dict[tuple[str, int], int]):
    """Semitones in force in a bar, by letter and octave (music21 needs cubic time to know)."""

    def __init__(self, key: Key) -> None:
        super().__init__()
        self._signature = Key("", key.fifths).alters()

    def __missing__(self, place: tuple[str, int]) -> int:
        return self._signature.get(place[0], 0)


def _written(
    event: Event, ties: tuple[set[int], set[int]], in_force: _Accidentals
) -> list[base.Music21Object]:
    """Write an event: chord symbol, grace notes, and as many tied notes as its length needs."""
    objects: list[base.Music21Object] = []
    if symbol := _chord_symbol(event.chord_symbol):
        objects.append(deepcopy(symbol))  # a tenth of what another would cost
    for pitch, _ in event.graces:
        head = _pitch(pitch, in_force, False)
        objects.append(_note([head], _duration(Fraction(1, 2), 1)).getGrace())
    begun, goes_on = ties
    values = _values(event.duration)
    for n, value in enumerate(values):
        inner = {pitch.midi for pitch in event.pitches}
        before, after = (inner if n else begun), (inner if n < len(values) - 1 else goes_on)
        heads = [_pitch(pitch, in_force, pitch.midi in before) for pitch in event.pitches]
        written = _note(heads, _duration(*value))
        _tie(written, before, after)
        objects.append(written)
    return objects


@lru_cache(maxsize=256)
def _chord_symbol(symbol: str) -> base.Music21Object | None:
    from music21 import harmony

    chord = read_chord(symbol)
    if chord is None:
        return None
    root, bass = (
        pitch and pitch.step + {1: "#", -1: "-"}.get(pitch.alter, "")
        for pitch in (chord.root, chord.bass)
    )
    return harmony.ChordSymbol(root=root, bass=bass, kind=chord.kind, kindStr=chord.suffix)


def _pitch(written: Pitch, in_force: _Accidentals, tied: bool) -> pitch.Pitch:
    """Make a pitch, with an accidental where a reader needs one: not on a note tied to."""
    from music21 import pitch

    made = pitch.Pitch(written.step, octave=written.octave)
    place = written.step, written.octave
    shown = not tied and in_force[place] != written.alter
    if written.alter or shown:
        made.accidental = pitch.Accidental(written.alter)
        made.accidental.displayStatus = shown
    if not tied:
        in_force[place] = written.alter
    return made


def _note(heads: Sequence[pitch.Pitch], length: duration.Duration) -> note.GeneralNote:
    from music21 import chord, note

    if not heads:
        return note.Rest(duration=length)
    if len(heads) > 1:
        return chord.Chord(heads, duration=length)
    return note.Note(heads[0], duration=length)


def _tie(written: note.GeneralNote, begun: set[int], goes_on: set[int]) -> None:
    from music21.chord import Chord as SeveralNotes
    from music21.tie import Tie

    if written.isRest:
        return
    for head in written.notes if isinstance(written, SeveralNotes) else [written]:
        ends, starts = head.pitch.midi in begun, head.pitch.midi in goes_on
        if ends or starts:
            head.tie = Tie("continue" if ends and starts else "start" if starts else "stop")


def _values(length: Fraction) -> list[tuple[Fraction, int]]:
    """Split a length into note values: each in quarter notes as written, and n of an n-tuplet.

    Any fraction is an n-tuplet of plain values, n being the odd part of its
    denominator: n in the time of the power of two below (section 4.13).
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


def _duration(value: Fraction, tuplet: int) -> duration.Duration:
    from music21 import duration

    made = duration.Duration(float(value))
    if tuplet > 1:
        made.appendTuplet(duration.Tuplet(tuplet, _in_time_of(tuplet)))
    return made
