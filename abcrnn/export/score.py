"""A tune as a music21 score, as it is written.

The score is built object by object: music21's own notation pass would pad short bars with
rests and split long ones wrongly. Lengths are fractions of a whole note in tunes and of a
quarter note in music21.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from abcrnn.export.score_layout import (
    MeasureNumber,
    TupletBrackets,
    measure_numbers,
    padded_voices,
    set_beams,
)
from abcrnn.export.score_marks import PartMarks
from abcrnn.export.score_notes import (
    Accidentals,
    chord_symbol,
    grace_notes,
    note_values,
    with_ties,
    written_notes,
)
from abcrnn.export.score_signs import (
    bold_words,
    clef_sign,
    fitting_clef,
    key_signature,
    tempo_signs,
    time_signature,
)
from abcrnn.export.tune_text import parse_single_tune, printable
from abcrnn.notation.clefs import Clef
from abcrnn.notation.errors import ABCError
from abcrnn.notation.fields import Key, Meter, Tempo
from abcrnn.notation.repeats import is_double
from abcrnn.notation.tune import Bar, Change, Mark, Program, Tune, Voice

if TYPE_CHECKING:
    from music21 import base, note, stream

# Notes (tied ones counted singly), marks and bars; each takes music21 about 1 ms.
_MOST_WRITTEN = 2_500


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

    _check_size(tune)
    bars = padded_voices(tune)
    numbers = measure_numbers(bars[0])
    shown: set[_Shown] = set()
    parts = [
        _Part(tune, index, numbers, shown).build(voice, bars[index])
        for index, voice in enumerate(tune.voices)
    ]
    score = stream.Score(parts)
    titles = field_texts(tune, "T")
    score.metadata = metadata.Metadata(title=titles[0] if titles else None)
    score.metadata.composers = field_texts(tune, "C")
    if len(titles) > 1:
        score.metadata.movementName = titles[1]
    return score


def field_texts(tune: Tune, letter: str) -> list[str]:
    """Return all values of a header field as they are shown, without empty ones."""
    texts = [printable(value) for name, value in tune.fields if name == letter]
    return [text for text in texts if text.strip()]


def _check_size(tune: Tune) -> None:
    # Every voice has the measures of the longest one.
    size = len(tune.voices) * max(len(voice.bars) for voice in tune.voices)
    for bar in tune.bars():
        size += len(bar.placed_marks) + len(bar.changes)
        for event in bar.events:
            size += len(note_values(event.duration)) + len(event.graces)
            size += max(0, len(event.pitches) - 1) + event.slur_starts
            size += len(event.decorations) + len(event.annotations) + len(event.lyrics)
        if size > _MOST_WRITTEN:
            message = f"more than {_MOST_WRITTEN} notes, marks and bars to write as MusicXML"
            raise ABCError(message, bar.line, bar.column)


class _Shown(NamedTuple):
    """A title, part or tempo that is above a staff: the staves below need not repeat it."""

    measure: int
    offset: Fraction
    field: str


class _Part:
    """Build the part of one voice; the state is what applies to the bars that follow."""

    def __init__(
        self, tune: Tune, index: int, numbers: Sequence[MeasureNumber], shown: set[_Shown]
    ) -> None:
        self.tune = tune
        self.index = index
        self.numbers = numbers
        self.shown = shown  # in the parts before this one, too
        self.measure_index = 0
        self.marks = PartMarks()
        self.tuplets = TupletBrackets()
        self.key: Key | None = None
        self.meter: Meter | None = None
        self.clef: Clef | None = None

    def build(self, voice: Voice, bars: Sequence[Bar]) -> stream.Part:
        """Return the part of a voice, with the bars of :func:`padded_voices`."""
        from music21 import stream

        part = stream.Part([_instrument(self.index + 1, bars[0])])
        part.partName = _part_name(self.tune, voice)
        part.partAbbreviation = printable(voice.short_name) or None
        ties = with_ties(bars)
        measures = []
        for index, (bar, number) in enumerate(zip(bars, self.numbers, strict=True)):
            self.measure_index = index
            measure = self._measure(bar, number, ties)
            part.append(measure)
            measures.append(measure)
        if bars[0].clef is None:
            measures[0].insert(0, fitting_clef(measures))
        self.marks.finish(part)
        self.tuplets.finish()
        _add_endings(part, measures, bars)
        return part

    def _measure(
        self, bar: Bar, number: MeasureNumber, ties: Iterator[tuple[set[int], set[int]]]
    ) -> stream.Measure:
        from music21 import layout, stream

        measure = stream.Measure(number=number.number)
        if number.implicit:
            measure.showNumber = stream.enums.ShowNumber.NEVER
            whole = bar.meter.length or bar.length
            if number.number == 0:
                measure.paddingLeft = float(4 * (whole - bar.length))
        if bar.new_system and self.index == 0:
            measure.insert(0, layout.SystemLayout(isNew=True))
        measure.append(self._signs(bar))
        self._fill(measure, bar, ties)
        _set_bar_lines(measure, bar)
        return measure

    def _signs(self, bar: Bar) -> list[base.Music21Object]:
        """Return the clef, key, meter, title, part and tempo that begin with a bar."""
        from music21 import expressions

        start = Fraction(0)
        signs = self._changed(bar.clef) if bar.clef else []
        signs += self._changed(bar.key) + self._changed(bar.meter)
        if title := printable(bar.title).strip():
            signs += [bold_words(title)] if self._is_new(start, f"T:{title}") else []
        if bar.part and self._is_new(start, f"P:{bar.part}"):
            signs.append(expressions.RehearsalMark(printable(bar.part)))
        tempo = bar.tempo or (self.tune.tempo if self.measure_index == 0 else None)
        if tempo and self._is_new(start, f"Q:{tempo.text}"):
            signs += tempo_signs(tempo)
        return signs

    def _is_new(self, offset: Fraction, field: str) -> bool:
        """Whether no part shows this field at this time; it is stored as shown."""
        sign = _Shown(self.measure_index, offset, field)
        is_new = sign not in self.shown
        self.shown.add(sign)
        return is_new

    def _changed(self, value: Key | Meter | Clef) -> list[base.Music21Object]:
        """Return a key, meter or clef as a list of one object, unless it is in force."""
        if isinstance(value, Key):
            before, self.key = self.key, value
            return [key_signature(value)] if before != value else []
        if isinstance(value, Meter):
            previous, self.meter = self.meter, value
            return [time_signature(value)] if previous != value else []
        last, self.clef = self.clef, value
        return [clef_sign(value)] if last != value else []

    def _fill(
        self, measure: stream.Measure, bar: Bar, ties: Iterator[tuple[set[int], set[int]]]
    ) -> None:
        """Add events, and what is between them, in the order of time."""
        in_force = Accidentals(bar.key)
        octaves = bar.clef.display_octaves if bar.clef else 0
        beamed: list[tuple[note.GeneralNote, bool]] = []
        items: list[Change | Mark] = [*bar.changes, *bar.placed_marks]
        pending = sorted(items, key=lambda item: item.offset)
        for event in bar.events:
            while pending and pending[0].offset <= event.onset - bar.onset:
                item = pending.pop(0)
                if isinstance(item, Change) and isinstance(item.value, Key):
                    in_force.set_key(item.value)
                measure.append(self._between(item))
            tied = next(ties)
            graces = grace_notes(event, in_force, octaves)
            notes = written_notes(event, tied, in_force, octaves)
            self.tuplets.add(event, notes)
            measure.append(self.marks.add(event, notes, graces, tied[1]))
            symbol = chord_symbol(event)
            measure.append([] if symbol is None else [symbol])  # N.C. has no notes: false
            measure.append(graces)
            measure.append(notes)
            beamed += [(item, event.spaced and n == 0) for n, item in enumerate(notes)]
        for item in pending:
            measure.append(self._between(item))
        set_beams(beamed)

    def _between(self, item: Change | Mark) -> list[base.Music21Object]:
        if isinstance(item, Mark):
            return self.marks.mark(item)
        if isinstance(item.value, Tempo):
            is_new = self._is_new(item.offset, f"Q:{item.value.text}")
            return tempo_signs(item.value) if is_new else []
        return [] if isinstance(item.value, Program) else self._changed(item.value)


def _part_name(tune: Tune, voice: Voice) -> str | None:
    name = printable(voice.full_name)
    if not name and len(tune.voices) > 1:
        name = printable(voice.name)
    return name or None


def _instrument(number: int, first: Bar) -> base.Music21Object:
    from music21 import instrument

    player = instrument.Instrument()
    player.partId, player.instrumentId = f"P{number}", f"P{number}-I1"  # otherwise random ones
    player.midiChannel = number - 1  # otherwise music21 looks for a free one and warns of many
    player.midiProgram = first.program
    return player


# Bar lines, endings -----------------------------------------------------------------------------


def _set_bar_lines(measure: stream.Measure, bar: Bar) -> None:
    from music21.bar import Barline, Repeat

    if bar.begins_repeat:
        measure.leftBarline = Repeat(direction="start")
    if bar.repeats:
        measure.rightBarline = Repeat(direction="end", times=bar.repeats + 1)
    elif bar.closes == "[|]":
        measure.rightBarline = Barline("none")
    elif "]" in bar.closes:
        measure.rightBarline = Barline("final")
    elif "[" in bar.closes:
        measure.rightBarline = Barline("heavy-light")
    elif "||" in bar.closes:
        measure.rightBarline = Barline("double")


def _add_endings(
    part: stream.Part, measures: Sequence[stream.Measure], bars: Sequence[Bar]
) -> None:
    """Add a bracket over each ending: to the next one, or to a double bar or repeat."""
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
        if is_double(bar.closes):
            under = []
