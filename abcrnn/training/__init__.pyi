from abcrnn.training.note_trainer import NoteTrainer as NoteTrainer
from abcrnn.training.trainer import Trainer as Trainer
