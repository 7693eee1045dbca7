"""Ids of the notes of a score, shared by its MusicXML and its playback."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

from abcrnn.export.score_layout import padded_voices
from abcrnn.export.score_notes import note_values
from abcrnn.notation.tune import Event, Tune


class EventIds(NamedTuple):
    """The ids of the notes of an event.

    Parameters
    ----------
    graces : tuple of str
        One for each grace note.
    pitches : tuple of tuple of str
        For each pitch: its notes. There are several where the length needs tied notes.
    """

    graces: tuple[str, ...]
    pitches: tuple[tuple[str, ...], ...]


def note_id(voice: int, number: int) -> str:
    """Return the id of a ``note`` of MusicXML from its part and its number there, from 0."""
    return f"v{voice}n{number}"


def note_ids(tune: Tune) -> dict[int, list[EventIds]]:
    """Return the ids of the notes of each bar, by the ``id`` of its ``Bar``.

    A rest has ids too, which are counted and not returned.
    """
    ids = {}
    for index, (voice, padded) in enumerate(zip(tune.voices, padded_voices(tune), strict=True)):
        numbers = count()
        for bar, written in zip(voice.bars, padded, strict=False):
            ids[id(bar)] = [_event(event, index, numbers) for event in written.events]
    return ids


def _event(event: Event, voice: int, numbers: Iterator[int]) -> EventIds:
    graces = tuple(note_id(voice, next(numbers)) for _ in event.graces)
    values = 1 if event.whole_bar else len(note_values(event.duration))
    heads = [
        [note_id(voice, next(numbers)) for _ in range(max(1, len(event.pitches)))]
        for _ in range(values)
    ]
    return EventIds(graces, tuple(zip(*heads, strict=True)) if event.pitches else ())
