"""Tunes and notes in other formats: MIDI, MusicXML and music21 scores.

To add a format, add a module with a ``to_`` function that takes the text of one tune
(:func:`abcrnn.export.tune_text.parse_single_tune` parses it), and an entry in
:data:`abcrnn.export.tunebook.FORMATS`.
"""

from typing import TYPE_CHECKING

from abcrnn._lazy import lazy_exports

if TYPE_CHECKING:
    from abcrnn.export.midi import to_midi as to_midi
    from abcrnn.export.midi import to_midi_bytes as to_midi_bytes
    from abcrnn.export.musicxml import to_musicxml as to_musicxml
    from abcrnn.export.notes import write_notes as write_notes
    from abcrnn.export.score import to_music21 as to_music21

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "to_midi": "abcrnn.export.midi",
        "to_midi_bytes": "abcrnn.export.midi",
        "to_music21": "abcrnn.export.score",
        "to_musicxml": "abcrnn.export.musicxml",
        "write_notes": "abcrnn.export.notes",
    },
)
