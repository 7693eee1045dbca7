"""Data to learn from: corpora, vocabulary, splits, windows, novelty index, notes of MIDI files."""

from abcrnn._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
