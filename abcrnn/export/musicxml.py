"""One tune of ABC text as MusicXML, as it is written.

abcrnn parses the tune, and music21 builds the score and writes it.
"""

from __future__ import annotations

import os
import re

from abcrnn.export.musicxml_tree import complete_tree
from abcrnn.export.note_ids import note_id
from abcrnn.export.score import build_score
from abcrnn.export.tune_text import parse_single_tune
from abcrnn.notation.errors import ABCError
from abcrnn.notation.tune import Tune
from abcrnn.storage.atomic import write_bytes

# The date, and music21's own name in place of missing fields: with these, equal tunes would
# not give equal bytes.
_VARYING = re.compile(
    rb'\n *<(?:encoding-date>|software>|creator type="composer">Music21<'
    rb"|movement-title>Music21 Fragment<).*"
)


def to_musicxml(tune: str, path: str | os.PathLike[str]) -> None:
    """Write one tune as MusicXML: notes, bars, repeats, marks and texts as written.

    Parameters
    ----------
    tune : str
        One tune of ABC with its header.
    path : path-like
        The file to write. It is written completely or not at all.

    Raises
    ------
    ABCError
        As :func:`abcrnn.to_midi_bytes`; the length allowed is shorter, because MusicXML
        takes more time.
    OSError
        If the file cannot be written.
    """
    parsed = parse_single_tune(tune)
    try:
        data = musicxml(parsed)
    except ABCError:
        raise
    except Exception as error:  # music21 raises any kind; one tune must not stop a tunebook
        raise ABCError(f"music21 cannot write this tune as MusicXML: {error}") from error
    write_bytes(path, data)


def musicxml(tune: Tune, note_ids: bool = False) -> bytes:
    """Return a parsed tune as MusicXML; equal tunes give equal bytes.

    Parameters
    ----------
    tune : Tune
    note_ids : bool
        Whether notes and rests have the ids of :func:`abcrnn.export.note_ids.note_ids`.

    Raises
    ------
    ABCError
        If the tune is too long for music21 to write in a few seconds.
    """
    from music21.musicxml.m21ToXml import ScoreExporter

    exporter = ScoreExporter(build_score(tune), makeNotation=False)
    root = exporter.parse()
    complete_tree(root, tune)
    if note_ids:
        for voice, part in enumerate(root.findall("part")):
            for number, note in enumerate(part.iter("note")):
                note.set("id", note_id(voice, number))
    data: bytes = exporter.asBytes()
    return _VARYING.sub(b"", data)
