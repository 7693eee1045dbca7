"""abcrnn: character-level recurrent networks that write folk tunes in ABC notation.

Names are imported when they are first used, so ``import abcrnn`` loads neither
TensorFlow nor music21.
"""

from typing import TYPE_CHECKING

from abcrnn._lazy import lazy_exports
from abcrnn._version import __version__ as __version__

if TYPE_CHECKING:
    from abcrnn.composition.composer import compose as compose
    from abcrnn.composition.composer import reproduce as reproduce
    from abcrnn.composition.rewriting import rewrite as rewrite
    from abcrnn.data.corpus import Corpus as Corpus
    from abcrnn.data.corpus import load_corpus as load_corpus
    from abcrnn.data.novelty import NoveltyIndex as NoveltyIndex
    from abcrnn.data.vocabulary import Vocabulary as Vocabulary
    from abcrnn.evaluation.held_out import evaluate as evaluate
    from abcrnn.export.midi import to_midi as to_midi
    from abcrnn.export.midi import to_midi_bytes as to_midi_bytes
    from abcrnn.export.musicxml import to_musicxml as to_musicxml
    from abcrnn.models.char_lstm import CharLSTM as CharLSTM
    from abcrnn.models.character_model import CharacterModel as CharacterModel
    from abcrnn.models.model_file import load_model as load_model
    from abcrnn.notation.checks import check_tune as check_tune
    from abcrnn.notation.errors import ABCError as ABCError
    from abcrnn.notation.transposition import transpose as transpose
    from abcrnn.sampling.sampler import Sampler as Sampler
    from abcrnn.training.trainer import Trainer as Trainer

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "ABCError": "abcrnn.notation.errors",
        "CharLSTM": "abcrnn.models.char_lstm",
        "CharacterModel": "abcrnn.models.character_model",
        "Corpus": "abcrnn.data.corpus",
        "NoveltyIndex": "abcrnn.data.novelty",
        "Sampler": "abcrnn.sampling.sampler",
        "Trainer": "abcrnn.training.trainer",
        "Vocabulary": "abcrnn.data.vocabulary",
        "check_tune": "abcrnn.notation.checks",
        "compose": "abcrnn.composition.composer",
        "evaluate": "abcrnn.evaluation.held_out",
        "load_corpus": "abcrnn.data.corpus",
        "load_model": "abcrnn.models.model_file",
        "reproduce": "abcrnn.composition.composer",
        "rewrite": "abcrnn.composition.rewriting",
        "to_midi": "abcrnn.export.midi",
        "to_midi_bytes": "abcrnn.export.midi",
        "to_musicxml": "abcrnn.export.musicxml",
        "transpose": "abcrnn.notation.transposition",
    },
)
