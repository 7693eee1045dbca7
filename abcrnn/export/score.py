"""A tune as a music21 score, as it is written.

The score is built object by object: music21's own notation pass would pad short bars with
rests and split long ones wrongly. Lengths are fractions of a whole note in tunes and of a
quarter note in music21.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from abcrnn.export.tune_text import parse_single_tune, printable
from abcrnn.notation.chord_symbols import parse_chord_symbol
from abcrnn.notation.errors import ABCError
from abcrnn.notation.fields import Key, Meter, Tempo
from abcrnn.notation.tune import Bar, Event, Pitch, Tune, Voice

if TYPE_CHECKING:
    from music21 import base, duration, note, pitch, stream

_MOST_WRITTEN = 2_500  # notes (tied ones counted singly) and bars; each takes music21 about 1 ms
_FINEST = 256  # parts of a quarter note: MusicXML's shortest note value
_LONGEST_VALUE = 8  # quarter notes: a breve

_MODES = {
    "maj": "major", "ion": "major", "m": "minor", "min": "minor", "aeo": "minor", "dor": "dorian",
    "phr": "phrygian", "lyd": "lydian", "mix": "mixolydian", "loc": "locrian",
}  # fmt: skip


def to_music21(tune: str) -> stream.Score:
    r"""Return one tune as a music21 score: bars, repeats and endings as written.

    Parameters
    ----------
    tune : str
        One tune of ABC with its header.

    Returns
    -------
    music21.stream.Score
        A part for each voice. A length finer than a 1024th note is rounded to one.

    Raises
    ------
    ABCError
        If the text has no ``K:`` field, no notes or more than one tune, or is too long for
        music21 to handle in a few seconds.

    Examples
    --------
    >>> score = to_music21("X:1\nM:4/4\nK:D\nDEFG ABcd|")
    >>> len(score.parts[0].recurse().notes)
    8
    """
    return build_score(parse_single_tune(tune))


def build_score(tune: Tune) -> stream.Score:
    """Return a parsed tune as a music21 score; see :func:`to_music21`."""
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
    player.partId, player.instrumentId = f"P{number}", f"P{number}-I1"  # otherwise random ones
    player.midiChannel = 0  # otherwise music21 looks for a free one and warns about many voices
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


# Keys, meters, tempos, bar lines, endings -----------------------------------------------------


def _signs(tune: Tune, bar: Bar, before: Bar | None) -> list[base.Music21Object]:
    """Return the key, meter and tempo that change at a bar."""
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


def _tempo(written: Tempo, beat: Fraction, per_minute: int | Fraction) -> base.Music21Object:
    from music21 import tempo

    values = _values(beat)
    if len(values) == 1 and values[0][1] == 1:
        return tempo.MetronomeMark(number=_plain(per_minute), referent=_duration(*values[0]))
    # No note value has the length of the beat, such as 5/8: convert to quarter notes.
    return tempo.MetronomeMark(number=float(beat * 4 * per_minute))


def _plain(number: int | Fraction) -> int | float:
    return number if isinstance(number, int) else float(number)


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
    """Add a bracket over each ending: to the next one, or to a bar line other than ``|``."""
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
    """Yield, for each event, the pitches tied from the event before and to the next one."""
    events = [event for bar in voice.bars for event in bar.events]
    before: set[int] = set()
    for event, after in zip(events, [*events[1:], None], strict=True):
        pairs = zip(event.pitches, event.tied, strict=True)
        reach = {pitch.midi for pitch in after.pitches} if after else set()
        tied = {pitch.midi for pitch, is_tied in pairs if is_tied} & reach
        yield before, tied
        before = tied


class _Accidentals(dict[tuple[str, int], int]):
    """Alterations in force in a bar, by letter and octave; music21 takes cubic time for this."""

    def __init__(self, key: Key) -> None:
        super().__init__()
        self._signature = Key("", key.fifths).alters()

    def __missing__(self, note: tuple[str, int]) -> int:
        return self._signature.get(note[0], 0)


def _written(
    event: Event, ties: tuple[set[int], set[int]], in_force: _Accidentals
) -> list[base.Music21Object]:
    """Return an event as chord symbol, grace notes and as many tied notes as its length needs."""
    objects: list[base.Music21Object] = []
    if symbol := _chord_symbol(event.chord_symbol):
        objects.append(deepcopy(symbol))  # copying takes a tenth of the time of making another
    for pitch, _ in event.graces:
        head = _pitch(pitch, in_force, False)
        objects.append(_note([head], _duration(Fraction(1, 2), 1)).getGrace())
    from_before, to_next = ties
    values = _values(event.duration)
    for n, value in enumerate(values):
        inner = {pitch.midi for pitch in event.pitches}
        before, after = (inner if n else from_before), (inner if n < len(values) - 1 else to_next)
        heads = [_pitch(pitch, in_force, pitch.midi in before) for pitch in event.pitches]
        written = _note(heads, _duration(*value))
        _tie(written, before, after)
        objects.append(written)
    return objects


@lru_cache(maxsize=256)
def _chord_symbol(symbol: str) -> base.Music21Object | None:
    from music21 import harmony

    chord = parse_chord_symbol(symbol)
    if chord is None or chord.root is None:
        return None
    root, bass = (
        pitch and pitch.step + {1: "#", -1: "-", 2: "##", -2: "--"}.get(pitch.alter, "")
        for pitch in (chord.root, chord.bass)
    )
    return harmony.ChordSymbol(root=root, bass=bass, kind=chord.kind, kindStr=chord.suffix)


def _pitch(written: Pitch, in_force: _Accidentals, tied: bool) -> pitch.Pitch:
    """Return a pitch, with an accidental if a reader needs one; a note tied to needs none."""
    from music21 import pitch

    result = pitch.Pitch(written.step, octave=written.octave)
    name = written.step, written.octave
    shown = not tied and in_force[name] != written.alter
    if written.alter or shown:
        result.accidental = pitch.Accidental(written.alter)
        result.accidental.displayStatus = shown
    if not tied:
        in_force[name] = written.alter
    return result


def _note(heads: Sequence[pitch.Pitch], length: duration.Duration) -> note.GeneralNote:
    from music21 import chord, note

    if not heads:
        return note.Rest(duration=length)
    if len(heads) > 1:
        return chord.Chord(heads, duration=length)
    return note.Note(heads[0], duration=length)


def _tie(written: note.GeneralNote, from_before: set[int], to_next: set[int]) -> None:
    from music21.chord import Chord as SeveralNotes
    from music21.tie import Tie

    if written.isRest:
        return
    for head in written.notes if isinstance(written, SeveralNotes) else [written]:
        ends, starts = head.pitch.midi in from_before, head.pitch.midi in to_next
        if ends or starts:
            head.tie = Tie("continue" if ends and starts else "start" if starts else "stop")


def _values(length: Fraction) -> list[tuple[Fraction, int]]:
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


def _duration(value: Fraction, tuplet: int) -> duration.Duration:
    from music21 import duration

    result = duration.Duration(float(value))
    if tuplet > 1:
        result.appendTuplet(duration.Tuplet(tuplet, _in_time_of(tuplet)))
    return result
