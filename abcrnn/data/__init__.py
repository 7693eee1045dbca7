"""Data to learn from: corpora, vocabulary, splits, windows, novelty index, notes of MIDI files."""

from typing import TYPE_CHECKING

from abcrnn._lazy import lazy_exports

if TYPE_CHECKING:
    from abcrnn.data.corpus import Corpus as Corpus
    from abcrnn.data.corpus import load_corpus as load_corpus
    from abcrnn.data.midi_folder import load_pieces as load_pieces
    from abcrnn.data.notes import read_midi as read_midi
    from abcrnn.data.novelty import NoveltyIndex as NoveltyIndex
    from abcrnn.data.vocabulary import Vocabulary as Vocabulary

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "Corpus": "abcrnn.data.corpus",
        "NoveltyIndex": "abcrnn.data.novelty",
        "Vocabulary": "abcrnn.data.vocabulary",
        "load_corpus": "abcrnn.data.corpus",
        "load_pieces": "abcrnn.data.midi_folder",
        "read_midi": "abcrnn.data.notes",
    },
)
