"""MIDI and MusicXML read back by outside readers."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import mido


def parse_midi(data: bytes) -> mido.MidiFile:
    return mido.MidiFile(file=io.BytesIO(data), charset="utf-8")


def notes_of(track: mido.MidiTrack) -> list[tuple[int, int, int]]:
    """(onset, end, pitch) of every note, in ticks; fails on a note that does not end."""
    notes = []
    now, sounding = 0, {}
    for message in track:
        now += message.time
        if message.type == "note_on" and message.velocity:
            assert message.note not in sounding, "starts again before its end"
            sounding[message.note] = now
        elif message.type in ("note_off", "note_on"):
            notes.append((sounding.pop(message.note), now, message.note))
    assert not sounding, "a note does not end"
    return sorted(notes)


def measures(path: Path) -> list[ElementTree.Element]:
    """Return the measures of a MusicXML file that a test has written."""
    return ElementTree.parse(path).getroot().findall("part/measure")  # noqa: S314
