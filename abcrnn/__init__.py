"""abcrnn: character-RNNs that write folk tunes in ABC notation.

Names are loaded when they are first used, so that ``import abcrnn`` costs
nothing: neither TensorFlow nor music21 is imported before it is needed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from abcrnn.composing import compose, reproduce
    from abcrnn.corpus import Corpus, load_corpus
    from abcrnn.evaluation import evaluate
    from abcrnn.midi import to_midi, to_midi_bytes, to_musicxml
    from abcrnn.model import CharLSTM, load_model
    from abcrnn.notation import ABCError, check_tune, transpose
    from abcrnn.novelty import NoveltyIndex
    from abcrnn.rewriting import rewrite
    from abcrnn.sampling import Sampler
    from abcrnn.training import Trainer
    from abcrnn.vocabulary import Vocabulary

__version__ = "0.1.0"

_HOMES = {
    "ABCError": "notation",
    "CharLSTM": "model",
    "Corpus": "corpus",
    "NoveltyIndex": "novelty",
    "Sampler": "sampling",
    "Trainer": "training",
    "Vocabulary": "vocabulary",
    "check_tune": "notation",
    "compose": "composing",
    "evaluate": "evaluation",
    "load_corpus": "corpus",
    "load_model": "model",
    "reproduce": "composing",
    "rewrite": "rewriting",
    "to_midi": "midi",
    "to_midi_bytes": "midi",
    "to_musicxml": "midi",
    "transpose": "notation",
}

__all__ = [
    "ABCError",
    "CharLSTM",
    "Corpus",
    "NoveltyIndex",
    "Sampler",
    "Trainer",
    "Vocabulary",
    "check_tune",
    "compose",
    "evaluate",
    "load_corpus",
    "load_model",
    "reproduce",
    "rewrite",
    "to_midi",
    "to_midi_bytes",
    "to_musicxml",
    "transpose",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'abcrnn' has no attribute {name!r}")
    return getattr(import_module(f"abcrnn.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
