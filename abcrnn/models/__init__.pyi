from abcrnn.models.base import SequenceModel as SequenceModel
from abcrnn.models.base import TrainableModel as TrainableModel
from abcrnn.models.base import where_active as where_active
from abcrnn.models.char_lstm import CharLSTM as CharLSTM
from abcrnn.models.character_model import CharacterModel as CharacterModel
from abcrnn.models.model_file import load_model as load_model
from abcrnn.models.note_model import NoteModel as NoteModel
from abcrnn.models.note_model import load_note_model as load_note_model
