"""A MusicXML file compared with the tune it was written from, as music21 reads it."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from fractions import Fraction
from pathlib import Path
from typing import Any

from abcrnn.export.musicxml import to_musicxml
from abcrnn.notation import Bar, Event, read_tune


def xml_of(tune: str, folder: Path) -> ElementTree.Element:
    """Write a tune and return the root of its file."""
    to_musicxml(tune, folder / "tune.musicxml")
    return ElementTree.parse(folder / "tune.musicxml").getroot()  # noqa: S314  (our own output)


def expected_beams(bar: Bar) -> list[list[int]]:
    """Return the indices of the events that are beamed together, by their text only."""
    groups: list[list[int]] = []
    for index, event in enumerate(bar.events):
        if _has_flag(event) and index and not event.spaced and _has_flag(bar.events[index - 1]):
            groups[-1].append(index)
        elif _has_flag(event):
            groups.append([index])
    return [group for group in groups if len(group) > 1]


def _has_flag(event: Event) -> bool:
    # A value below a quarter note, also in a tuplet: (3abc of quarters has none.
    written = event.duration
    odd = written.denominator
    while odd % 2 == 0:
        odd //= 2
    power = 1 << (odd.bit_length() - 1)
    return bool(event.pitches) and written * odd / power < Fraction(1, 4)


def read_beams(measure: Any) -> list[list[int]]:
    """Return the indices of the notes under one beam in a measure that music21 has read."""
    from music21 import harmony

    notes = [
        item
        for item in measure.notesAndRests
        if not isinstance(item, harmony.Harmony) and not item.duration.isGrace
    ]
    groups: list[list[int]] = []
    for index, item in enumerate(notes):
        beams = [] if item.isRest else item.beams.beamsList
        if beams and beams[0].type == "start":
            groups.append([index])
        elif beams and beams[0].type in ("continue", "stop"):
            groups[-1].append(index)
    return groups


def assert_read_as_written(tune: str, folder: Path) -> None:
    """Compare pickups, beams, repeats and endings with music21's reading of the file."""
    from music21 import converter, stream
    from music21.bar import Repeat

    to_musicxml(tune, folder / "tune.musicxml")
    score = converter.parse(folder / "tune.musicxml", forceSource=True)
    for voice, part in zip(read_tune(tune).voices, score.parts, strict=True):
        measures = list(part.getElementsByClass(stream.Measure))
        assert len(measures) == len(voice.bars)
        counted = [m for m in measures if m.showNumber.name != "NEVER"]
        assert [m.number for m in counted] == list(range(1, len(counted) + 1))
        endings = {
            id(bracket.getFirst()): frozenset(bracket.numberRange)
            for bracket in part.recurse().getElementsByClass("RepeatBracket")
        }
        for measure, bar in zip(measures, voice.bars, strict=True):
            left, right = measure.leftBarline, measure.rightBarline
            begins = isinstance(left, Repeat) and left.direction == "start"
            ends = isinstance(right, Repeat) and right.direction == "end"
            assert (begins, ends) == (bar.begins_repeat, bool(bar.repeats)), measure
            assert endings.get(id(measure), frozenset()) == bar.ending
            if all(len(_values(event)) == 1 for event in bar.events):
                assert read_beams(measure) == expected_beams(bar), measure
            whole = bar.meter.length
            if measure.showNumber.name == "NEVER":
                assert whole is not None and bar.length < whole
    _assert_counted_once(tune, score)


def _values(event: Event) -> list[tuple[Fraction, int]]:
    from abcrnn.export.score_notes import note_values

    return note_values(event.duration)


def _assert_counted_once(tune: str, score: Any) -> None:
    """Two pieces that make one full bar are one number."""
    from music21 import stream

    bars = read_tune(tune).voices[0].bars
    measures = list(score.parts[0].getElementsByClass(stream.Measure))
    for index in range(1, len(bars)):
        before, bar = bars[index - 1], bars[index]
        cut = before.closes not in ("", "|") and not bar.ending and not before.ending
        full = before.meter.length
        if cut and full and before.length < full and before.length + bar.length == full:
            assert measures[index].showNumber.name == "NEVER", index
