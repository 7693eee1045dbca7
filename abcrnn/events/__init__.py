"""The other road: notes learned from MIDI files, instead of characters.

Names are loaded when they are first used, as in :mod:`abcrnn` itself.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from abcrnn.events.folder import Collection, load_pieces, split_pieces
    from abcrnn.events.model import NoteModel, load_note_model
    from abcrnn.events.notes import Piece, read_midi
    from abcrnn.events.pictures import plot_notes
    from abcrnn.events.sampling import NoteSampler
    from abcrnn.events.scoring import NoteScorer
    from abcrnn.events.training import NoteTrainer
    from abcrnn.events.writing import write_notes

_HOMES = {
    "Collection": "folder",
    "NoteModel": "model",
    "NoteSampler": "sampling",
    "NoteScorer": "scoring",
    "NoteTrainer": "training",
    "Piece": "notes",
    "load_note_model": "model",
    "load_pieces": "folder",
    "plot_notes": "pictures",
    "read_midi": "notes",
    "split_pieces": "folder",
    "write_notes": "writing",
}

__all__ = [
    "Collection",
    "NoteModel",
    "NoteSampler",
    "NoteScorer",
    "NoteTrainer",
    "Piece",
    "load_note_model",
    "load_pieces",
    "plot_notes",
    "read_midi",
    "split_pieces",
    "write_notes",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'abcrnn.events' has no attribute {name!r}")
    return getattr(import_module(f"abcrnn.events.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
