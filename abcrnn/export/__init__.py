"""Tunes and notes in other formats: MIDI, MusicXML and music21 scores.

To add a format, add a module with a ``to_`` function that takes the text of one tune
(:func:`abcrnn.export.tune_text.parse_single_tune` parses it), and an entry in
:data:`abcrnn.export.tunebook.FORMATS`.
"""

from abcrnn._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
