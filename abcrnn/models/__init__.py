"""Networks, their protocols and recipes, and the model file."""

from typing import TYPE_CHECKING

from abcrnn._lazy import lazy_exports

if TYPE_CHECKING:
    from abcrnn.models.base import SequenceModel as SequenceModel
    from abcrnn.models.base import TrainableModel as TrainableModel
    from abcrnn.models.base import where_active as where_active
    from abcrnn.models.char_lstm import CharLSTM as CharLSTM
    from abcrnn.models.character_model import CharacterModel as CharacterModel
    from abcrnn.models.model_file import load_model as load_model
    from abcrnn.models.note_model import NoteModel as NoteModel
    from abcrnn.models.note_model import load_note_model as load_note_model

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "CharLSTM": "abcrnn.models.char_lstm",
        "CharacterModel": "abcrnn.models.character_model",
        "NoteModel": "abcrnn.models.note_model",
        "SequenceModel": "abcrnn.models.base",
        "TrainableModel": "abcrnn.models.base",
        "where_active": "abcrnn.models.base",
        "load_model": "abcrnn.models.model_file",
        "load_note_model": "abcrnn.models.note_model",
    },
)
