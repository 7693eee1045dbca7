"""Tunes and notes to other formats: MIDI, MusicXML."""

from typing import TYPE_CHECKING

from abcrnn._lazy import lazy_exports

if TYPE_CHECKING:
    from abcrnn.export.midi import to_midi as to_midi
    from abcrnn.export.midi import to_midi_bytes as to_midi_bytes
    from abcrnn.export.midi import to_musicxml as to_musicxml
    from abcrnn.export.notes import write_notes as write_notes

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "to_midi": "abcrnn.export.midi",
        "to_midi_bytes": "abcrnn.export.midi",
        "to_musicxml": "abcrnn.export.midi",
        "write_notes": "abcrnn.export.notes",
    },
)
