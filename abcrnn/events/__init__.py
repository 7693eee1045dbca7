"""Learning from MIDI files: notes instead of characters.

An alias package. The code is in the packages named below.
"""

from typing import TYPE_CHECKING

from abcrnn._lazy import lazy_exports

if TYPE_CHECKING:
    from abcrnn.data.midi_folder import Collection as Collection
    from abcrnn.data.midi_folder import load_pieces as load_pieces
    from abcrnn.data.midi_folder import split_pieces as split_pieces
    from abcrnn.data.notes import Piece as Piece
    from abcrnn.data.notes import read_midi as read_midi
    from abcrnn.evaluation.note_scoring import NoteScorer as NoteScorer
    from abcrnn.export.notes import write_notes as write_notes
    from abcrnn.models.note_model import NoteModel as NoteModel
    from abcrnn.models.note_model import load_note_model as load_note_model
    from abcrnn.reports.piano_roll import plot_notes as plot_notes
    from abcrnn.sampling.note_sampler import NoteSampler as NoteSampler
    from abcrnn.training.note_trainer import NoteTrainer as NoteTrainer

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "Collection": "abcrnn.data.midi_folder",
        "NoteModel": "abcrnn.models.note_model",
        "NoteSampler": "abcrnn.sampling.note_sampler",
        "NoteScorer": "abcrnn.evaluation.note_scoring",
        "NoteTrainer": "abcrnn.training.note_trainer",
        "Piece": "abcrnn.data.notes",
        "load_note_model": "abcrnn.models.note_model",
        "load_pieces": "abcrnn.data.midi_folder",
        "plot_notes": "abcrnn.reports.piano_roll",
        "read_midi": "abcrnn.data.notes",
        "split_pieces": "abcrnn.data.midi_folder",
        "write_notes": "abcrnn.export.notes",
    },
)
