"""The timeline of a tune: what ``player.js`` plays, with the ids of the notes in the score."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from abcrnn.export.note_ids import EventIds, note_ids
from abcrnn.export.timeline import (
    PlayedVoice,
    TimedNote,
    chord_symbol_notes,
    grace_notes,
    in_midi_range,
    play_voices,
    tempo_changes,
    voice_notes,
)
from abcrnn.notation.parts import parts_in_order
from abcrnn.notation.repeats import split_sections
from abcrnn.notation.tune import Tune


def timeline(tune: Tune, prefix: str = "") -> dict[str, Any]:
    """Return the timeline of a tune; it can be written as JSON.

    Parameters
    ----------
    tune : Tune
    prefix : str
        Begins the ids, as in :func:`abcrnn.export.html.engraving.engrave`.

    Returns
    -------
    dict
        Times are in quarter notes from the beginning, repeats written out. ``title``;
        ``tempo``, the first one in quarter notes a minute, and ``tempos``, all of them; ``beat``
        and ``beats_per_bar`` of the first meter; ``pickup``, its length, or 0; ``length``;
        ``notes`` with the ids of their elements; ``chords``; ``bars`` with their number in the
        score, from 0; ``sections`` for loops.

    Raises
    ------
    ABCError
        If there is too much to play.
    """
    played = play_voices(tune)
    ids = note_ids(tune)
    notes = []
    for index, (voice, sounds) in enumerate(zip(played, voice_notes(tune, played), strict=True)):
        finder = _Finder(voice, ids)
        for note in sorted(sounds):
            found = [prefix + each for each in finder.find(note)]
            pitch = in_midi_range(note.pitch)
            notes.append({**_span(note.start, note.end), "pitch": pitch, "voice": index,
                          "ids": found})  # fmt: skip
    notes.sort(key=lambda note: note["start"])
    length = max([voice.length for voice in played] + [Fraction(0)])
    tempos = [
        {"start": _quarters(start), "tempo": _quarters(speed)}
        for start, speed in tempo_changes(tune, played)
    ]
    meter = played[0].bars[0][1].meter if played[0].bars else tune.meter  # M: after K: too
    whole = meter.length or Fraction(1)
    beats = sum(meter.beats) // (3 if meter.compound else 1) or 1
    first = played[0].bars[0][1].length if played[0].bars else whole
    return {
        "title": tune.title,
        "tempo": tempos[0]["tempo"],
        "tempos": tempos,
        "beat": _quarters(whole / beats),
        "beats_per_bar": beats,
        "pickup": _quarters(first) if first < whole else 0,
        "length": _quarters(length),
        "notes": notes,
        "chords": _chords(chord_symbol_notes(played)),
        "bars": _bars(played[0]),
        "sections": _sections(tune, played[0]),
    }


def timeline_json(tune: Tune, prefix: str = "") -> str:
    """Return :func:`timeline` as JSON that can be in a ``script`` element."""
    text = json.dumps(timeline(tune, prefix), separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _quarters(time: Fraction) -> float:
    value = round(float(4 * time), 6)
    return int(value) if value.is_integer() else value


def _span(start: Fraction, end: Fraction) -> dict[str, Any]:
    return {"start": _quarters(start), "duration": _quarters(end - start)}


# Ids -----------------------------------------------------------------------------------------


class _Written(NamedTuple):
    """A pitch of an event, as often as it is played: a note has several if it is tied."""

    start: Fraction
    end: Fraction
    ids: tuple[str, ...]


class _Finder:
    """Find the elements of a played note by its time and pitch."""

    def __init__(self, voice: PlayedVoice, ids: dict[int, list[EventIds]]) -> None:
        self._graces: dict[TimedNote, list[str]] = defaultdict(list)
        self._written: dict[int, list[_Written]] = defaultdict(list)  # by pitch, in order
        for now, bar in voice.bars:
            for event, written in zip(bar.events, ids[id(bar)], strict=False):
                onset = now + event.onset - bar.onset
                if event.graces:
                    for note, each in zip(grace_notes(event, onset), written.graces, strict=True):
                        self._graces[note].append(each)
                for pitch, heads in zip(event.pitches, written.pitches, strict=True):
                    item = _Written(onset, onset + event.duration, heads)
                    self._written[pitch.midi + event.transpose].append(item)

    def find(self, note: TimedNote) -> list[str]:
        """Return the ids of the elements that sound as one note."""
        if note in self._graces:
            return self._graces[note]
        written = self._written[note.pitch]
        first = bisect_right(written, note.start, key=lambda item: item.end)
        found: list[str] = []
        for item in written[first:]:
            if item.start >= note.end:
                break
            found += item.ids
        return found


# Chords, bars, sections ----------------------------------------------------------------------


def _chords(notes: Sequence[TimedNote]) -> list[dict[str, Any]]:
    by_span: dict[tuple[Fraction, Fraction], list[int]] = defaultdict(list)
    for start, end, pitch in notes:
        by_span[start, end].append(in_midi_range(pitch))
    return [{**_span(*span), "pitches": pitches} for span, pitches in by_span.items()]


def _bars(voice: PlayedVoice) -> list[dict[str, Any]]:
    indices = {id(bar): index for index, bar in enumerate(voice.voice.bars)}
    return [{**_span(now, now + bar.length), "index": indices[id(bar)]} for now, bar in voice.bars]


def _sections(tune: Tune, voice: PlayedVoice) -> list[dict[str, Any]]:
    """Return the sections as played: A1, A2, B1, ... where they are repeated, else A, B, ..."""
    names: dict[int, str] = {}  # by the id of the first bar
    passes: list[tuple[str, Fraction]] = []  # name and length
    for bars in parts_in_order(voice.voice.bars, tune.parts):
        for section in split_sections(bars):
            name = names.setdefault(id(bars[section.start]), _letters(len(names)))
            body_end = section.endings[0].start if section.endings else section.end
            for ending in section.passes:
                played = [*bars[section.start : body_end]]
                played += bars[ending.start : ending.end] if ending else []
                passes.append((name, sum((bar.length for bar in played), Fraction(0))))
    total = Counter(name for name, _ in passes)
    count: Counter[str] = Counter()
    now = Fraction(0)
    sections = []
    for name, length in passes:
        count[name] += 1
        number = str(count[name]) if total[name] > 1 else ""
        start, end = _quarters(now), _quarters(now + length)
        sections.append({"start": start, "end": end, "name": name + number})
        now += length
    return sections


def _letters(number: int) -> str:
    """Return A, B, ..., Z, AA, AB, ... for 0, 1, ..."""
    before = _letters(number // 26 - 1) if number >= 26 else ""
    return before + chr(ord("A") + number % 26)
