"""Lyrics below the music (``w:``, section 5.1): syllables, and the notes that they belong to."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from abcrnn.notation.tune import Bar, Syllable

_HELD, _SKIPPED, _NEXT_BAR = "_", "*", "|"


@dataclass
class LyricLine:
    """One field ``w:``, with the events that it is aligned with.

    Parameters
    ----------
    verse : int
    first, end : int
        The events of the line of music above it: their numbers in the voice, from 0.
    texts : list of str
        The field, and the fields ``+:`` that continue it.
    line, column : int
        Position of the field.
    """

    verse: int
    first: int
    end: int
    texts: list[str]
    line: int
    column: int


class _Item(NamedTuple):
    text: str = ""
    sign: str = ""  # one of the signs above, or "-" for a hyphen that takes a note of its own
    continues: bool = False


def place_lyrics(bars: Sequence[Bar], lines: Sequence[LyricLine]) -> tuple[list[Bar], list[str]]:
    """Add lyrics to the events of a voice.

    Parameters
    ----------
    bars : sequence of Bar
        All bars of the voice.
    lines : sequence of LyricLine

    Returns
    -------
    bars : list of Bar
    surplus : list of str
        For each line, the first syllable for which there is no note, or an empty string.
    """
    if not lines:
        return list(bars), []
    places = []  # of each event: the number of its bar, or None for a rest
    number = 0
    for bar in bars:
        places += [number if event.pitches else None for event in bar.events]
        number += bool(bar.closes)
    placed: dict[int, list[Syllable]] = {}
    notes: dict[tuple[int, int], list[int]] = {}  # of each line of music with lyrics
    for line in lines:
        if (line.first, line.end) not in notes:
            ordinals = range(line.first, min(line.end, len(places)))
            notes[line.first, line.end] = [n for n in ordinals if places[n] is not None]
    surplus = [_place(line, notes[line.first, line.end], places, placed) for line in lines]
    result = []
    ordinal = 0
    for bar in bars:
        indices = range(ordinal, ordinal + len(bar.events))
        if any(index in placed for index in indices):
            events = (
                event._replace(lyrics=tuple(placed.get(index, ())))
                for index, event in zip(indices, bar.events, strict=True)
            )
            bar = bar._replace(events=tuple(events))
        result.append(bar)
        ordinal += len(bar.events)
    return result, surplus


def _place(
    line: LyricLine,
    notes: list[int],
    places: list[int | None],
    placed: dict[int, list[Syllable]],
) -> str:
    """Place the syllables of one line; return the first one that has no note."""
    bar = (places[notes[0]] or 0) if notes else 0
    at = 0
    follows = False
    before: tuple[int, int] | None = None  # where the last syllable is in ``placed``
    for item in _items(" ".join(line.texts)):
        if item.sign == _NEXT_BAR:
            bar += 1
            at = bisect_left(notes, bar, at, key=lambda note: places[note] or 0)
            continue
        if at == len(notes):
            return item.text or item.sign
        note = notes[at]
        at += 1
        bar = max(bar, places[note] or 0)
        if item.sign == _HELD and before:
            event, index = before
            placed[event][index] = placed[event][index]._replace(held=True)
            placed.setdefault(note, []).append(Syllable(line.verse, "", held=True))
        elif not item.sign:
            syllables = placed.setdefault(note, [])
            before = note, len(syllables)
            syllables.append(Syllable(line.verse, item.text, follows, item.continues))
            follows = item.continues
    return ""


def _items(text: str) -> Iterator[_Item]:
    r"""Yield the syllables and signs of a line; ``\-`` is a hyphen, ``~`` a space."""
    syllable = ""
    escaped = False
    for sign in f"{text} ":
        if escaped:
            escaped = False
            syllable += sign if sign == "-" else f"\\{sign}"
        elif sign == "\\":
            escaped = True
        elif sign == "-" and syllable:
            yield _Item(syllable, continues=True)
            syllable = ""
        elif sign in "-_*| \t":
            if syllable:
                yield _Item(syllable)
                syllable = ""
            if not sign.isspace():
                yield _Item(sign=sign)
        else:
            syllable += " " if sign == "~" else sign
