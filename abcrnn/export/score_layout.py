"""Bars of a score: beams, measure numbers, and voices filled up to the same length."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from abcrnn.notation.tune import Bar, Event, Tune

if TYPE_CHECKING:
    from music21 import note

_FLAGS = {
    "eighth": 1, "16th": 2, "32nd": 3, "64th": 4, "128th": 5, "256th": 6, "512th": 7,
    "1024th": 8,
}  # fmt: skip


class MeasureNumber(NamedTuple):
    """The number of a measure, and whether it is not counted: a pickup, or the rest of a bar."""

    number: int
    implicit: bool


def padded_voices(tune: Tune) -> list[list[Bar]]:
    """Return the bars of each voice, with rests where another voice is longer.

    Every part of MusicXML has the same measures, so bars are compared by their position.
    """
    longest = max(tune.voices, key=lambda voice: len(voice.bars))
    lengths = [Fraction(0)] * len(longest.bars)
    for voice in tune.voices:
        for index, bar in enumerate(voice.bars):
            lengths[index] = max(lengths[index], bar.length)
    voices = []
    for voice in tune.voices:
        bars = list(voice.bars)
        last = bars[-1]
        for model in longest.bars[len(bars) :]:
            bars.append(
                model._replace(
                    length=Fraction(0), events=(), key=last.key, clef=last.clef, part="",
                    title="", tempo=None, marks=(), changes=(), placed_marks=(),
                )
            )  # fmt: skip
        voices.append([_padded(bar, length) for bar, length in zip(bars, lengths, strict=True)])
    return voices


def _padded(bar: Bar, length: Fraction) -> Bar:
    if bar.length == length:
        return bar
    rest = Event(bar.line, bar.column, bar.onset + bar.length, length - bar.length,
                 whole_bar=not bar.events)  # fmt: skip
    return bar._replace(length=length, events=(*bar.events, rest))


def measure_numbers(bars: Sequence[Bar]) -> list[MeasureNumber]:
    """Return the number of each measure of a voice.

    A pickup, and the second piece of a bar that a repeat, ending or double bar cuts in two,
    are not counted; a pickup at the beginning has number 0.
    """
    numbers = []
    number = 0
    filled = at_ending = Fraction(0)  # how much of a bar is filled before this one
    for index, bar in enumerate(bars):
        if bar.ending:
            if 1 in bar.ending:
                at_ending = filled
            else:  # played after the bar before the first ending
                filled = at_ending
        whole = bar.meter.length
        is_short = whole is not None and bar.length < whole
        before = bars[index - 1] if index else None
        begins_section = before is None or before.closes not in ("", "|")
        begins_section = begins_section or bool(bar.part or bar.title)
        completes = filled > 0 and filled + bar.length <= (whole or 0)
        length_after = bars[index + 1].length if index + 1 < len(bars) else Fraction(0)
        leads_on = bar.closes in ("", "|") or (bar.closes.endswith(":") and not bar.repeats)
        leads_on = leads_on or (bar.closes == "||" and length_after == whole)
        is_pickup = begins_section and leads_on and not bar.ending
        together = bar.length + length_after
        if (together == whole and bar.closes != "|") or (
            not bar.closes and together < (whole or 0)
        ):
            is_pickup = False  # a repeat, ending or part divides a bar: its first piece is counted
        implicit = is_short and (completes or (is_pickup and index < len(bars) - 1))
        number += not implicit
        numbers.append(MeasureNumber(number, implicit))
        if not is_short or (whole is not None and filled + bar.length >= whole):
            filled = Fraction(0)
        elif bar.closes == "|":
            filled = Fraction(0)  # a bar that a plain bar line ends is not continued
        else:
            filled += bar.length
    return numbers


class TupletBrackets:
    """Set where the brackets of tuplets begin and end, as the text groups notes."""

    def __init__(self) -> None:
        self._left = 0
        self._group: list[note.GeneralNote] = []

    def add(self, event: Event, notes: Sequence[note.GeneralNote]) -> None:
        """Add the notes of the next event of a voice."""
        if not event.tuplet_left or event.tuplet_left != self._left - 1:
            self.finish()
        self._left = event.tuplet_left
        self._group += [written for written in notes if written.duration.tuplets]
        if self._left <= 1:
            self.finish()

    def finish(self) -> None:
        """End a tuplet that has no more notes."""
        for index, written in enumerate(self._group):
            first, last = index == 0, index == len(self._group) - 1
            kind = "startStop" if first and last else "start" if first else "stop" if last else None
            written.duration.tuplets[0].type = kind
        self._group = []


def set_beams(notes: Sequence[tuple[note.GeneralNote, bool]]) -> None:
    """Beam the notes of a measure as they are grouped in the text (section 4.7).

    Parameters
    ----------
    notes : sequence of (music21.note.GeneralNote, bool)
        Each with whether it is separated from the note before it.
    """
    group: list[note.GeneralNote] = []
    for written, is_separate in notes:
        flags = 0 if written.isRest else _FLAGS.get(written.duration.type, 0)
        if is_separate or not flags:
            _beam(group)
            group = []
        if flags:
            group.append(written)
    _beam(group)


def _beam(group: Sequence[note.GeneralNote]) -> None:
    from music21 import beam

    if len(group) < 2:
        return
    counts = [_FLAGS[written.duration.type] for written in group]
    for index, written in enumerate(group):
        before = counts[index - 1] if index else 0
        after = counts[index + 1] if index + 1 < len(group) else 0
        written.beams = beam.Beams()
        for level in range(1, counts[index] + 1):
            if before >= level and after >= level:
                written.beams.append("continue")
            elif after >= level:
                written.beams.append("start")
            elif before >= level:
                written.beams.append("stop")
            else:
                written.beams.append("partial", "left" if index else "right")
