"""The training loop, its tasks (tunes, notes), and the run folder."""

from typing import TYPE_CHECKING

from abcrnn._lazy import lazy_exports

if TYPE_CHECKING:
    from abcrnn.training.note_trainer import NoteTrainer as NoteTrainer
    from abcrnn.training.trainer import Trainer as Trainer

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "NoteTrainer": "abcrnn.training.note_trainer",
        "Trainer": "abcrnn.training.trainer",
    },
)
