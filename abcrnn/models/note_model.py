"""NoteModel: a network for notes, the statistics of its data, and its model file."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from abcrnn.data.notes import NOTE, PITCHES, Notes, Piece, Rows
from abcrnn.data.time_grid import TimeGrid
from abcrnn.models.base import State
from abcrnn.models.character_model import DIGESTS
from abcrnn.models.model_archive import (
    CHARACTERS,
    CUSTOM,
    ENSEMBLE,
    NOTES,
    OtherFormatError,
    model_path,
    only_weights_of,
    read_about,
    read_object,
    take_prefixed,
    valid_contents,
    validate_digests,
)
from abcrnn.models.note_base import Choose
from abcrnn.models.note_lstm import NoteLSTM
from abcrnn.models.note_recipes import note_recipe
from abcrnn.models.note_window_lstm import NoteWindowLSTM
from abcrnn.storage.archive import Arrays, read_archive, write_archive

_LEAD_INS = 16
_KINDS = {"tutorial": "window", "default": "classes"}
#: Networks by the name in a model file. A file cannot build any other class.
NETWORKS: dict[str, type[NoteWindowLSTM] | type[NoteLSTM]] = {
    "window": NoteWindowLSTM,
    "classes": NoteLSTM,
}


class NoteModel:
    """A network for notes with its time grid and the statistics of its data.

    Implements :class:`abcrnn.models.base.TrainableModel`: inputs are rows of notes, as
    ``model.network.encode`` returns them, outputs are hidden vectors.

    Parameters
    ----------
    kind : {"window", "classes"}
        Class of the network: :class:`NoteWindowLSTM` or :class:`NoteLSTM`.
    grid : TimeGrid
    config : dict
        Arguments of the network.
    """

    def __init__(self, kind: str, grid: TimeGrid, config: dict[str, Any]) -> None:
        self.kind, self.grid = kind, grid
        self.network: NoteWindowLSTM | NoteLSTM = NETWORKS[kind](grid, **config)
        #: Arguments of the network, as saved in the model file.
        self.config: dict[str, Any] = self.network.config
        #: What the training run records about itself; saved with the model.
        self.about: dict[str, Any] = {}
        #: 64-bit digests of the training pieces, shape (pieces,); None if they are not known.
        #: Saved with the model.
        self.trained_digests: NDArray[np.uint64] | None = None
        #: Rows to read before a new piece is generated, taken from training pieces, shape
        #: (lead-ins, notes, 3). See ``lead_in`` of the network.
        self.leads: Rows = self.network.encode(np.zeros(0, NOTE))[None][:0]
        #: Number of notes of each pitch, class of step and class of duration in the data.
        self.counts = {
            "pitch": np.zeros(PITCHES, np.int64),
            "step": np.zeros(len(grid.steps), np.int64),
            "duration": np.zeros(len(grid.durations), np.int64),
        }

    @classmethod
    def from_recipe(
        cls, name: str, pieces: Sequence[Piece], seed: int = 0, **overrides: Any
    ) -> NoteModel:
        """Return an untrained model of a recipe for its training pieces.

        Parameters
        ----------
        name : str
            Name of the recipe, from :mod:`abcrnn.models.note_recipes`.
        pieces : sequence of Piece
            Training pieces: they determine the time grid and the lead-ins.
        seed : int
            Seed of the initial weights.
        **overrides
            Arguments of the network that replace those of the recipe.

        Returns
        -------
        NoteModel

        Raises
        ------
        ValueError
            If the recipe is unknown, there are no pieces, or an override is out of range.
        """
        if not pieces:
            raise ValueError("there are no pieces to learn from")
        arguments = {**note_recipe(name).model, "seed": seed, **overrides}
        model = cls(_KINDS[name], TimeGrid.of(piece.notes for piece in pieces), arguments)
        model._count(pieces)
        return model

    def _count(self, pieces: Sequence[Piece]) -> None:
        for piece in pieces:
            for kind, counted in count_notes(self.grid, piece.notes).items():
                self.counts[kind] += counted
        lead_ins = [self.network.lead_in(piece.notes) for piece in pieces]
        longest = [rows for rows in lead_ins if len(rows) == max(map(len, lead_ins))]
        self.leads = np.stack(longest[:: -(-len(longest) // _LEAD_INS)])

    @property
    def trainable_variables(self) -> list[Any]:
        """Variables that the optimizer updates."""
        variables: list[Any] = self.network.trainable_variables
        return variables

    def initial_state(self, batch_size: int) -> State:
        """Return the state before any note is read."""
        return self.network.initial_state(batch_size)

    def step(
        self, rows: tf.Tensor, state: State, active: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, State]:
        """Read one note of each row of the batch; see :meth:`NoteNetwork.step`."""
        return self.network.step(rows, state, active)

    def unroll(
        self, rows: tf.Tensor, state: State, dropout_seed: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, State]:
        """Read a window of notes; see :meth:`NoteNetwork.unroll`."""
        return self.network.unroll(rows, state, dropout_seed)

    def sample_rows(self, hidden: tf.Tensor, uniform: tf.Tensor, choose: Choose) -> tf.Tensor:
        """Sample the next notes from outputs; see :meth:`NoteNetwork.sample_rows`."""
        return self.network.sample_rows(hidden, uniform, choose)

    def weight_arrays(self) -> dict[str, NDArray[np.float32]]:
        """Return a copy of every weight by its name."""
        return self.network.weight_arrays()

    def set_weight_arrays(self, arrays: dict[str, NDArray[np.float32]]) -> None:
        """Set every weight; ``ValueError`` if a name, shape or type does not match."""
        self.network.set_weight_arrays(arrays)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save the model as one file.

        If writing fails, a file that existed before is kept.

        Parameters
        ----------
        path : path-like
            Usually ends in ``.abcrnn``; an ending of Keras's own files is refused.

        Raises
        ------
        ValueError
            If the path ends as Keras's own files do.
        OSError
            If the file cannot be written.
        """
        path = model_path(path)
        about = {"kind": self.kind, "config": self.config, "about": self.about}
        arrays: Arrays = {f"weights/{name}": array for name, array in self.weight_arrays().items()}
        arrays |= {f"grid/{name}": a for name, a in self.grid._asdict().items()}
        arrays |= {f"counts/{name}": a for name, a in self.counts.items()}
        if self.trained_digests is not None:
            arrays[DIGESTS] = validate_digests(self.trained_digests)
        write_archive(path, NOTES, about, {**arrays, "leads": self.leads})


def count_notes(grid: TimeGrid, notes: Notes) -> dict[str, NDArray[np.int64]]:
    """Count the notes of each pitch, class of step and class of duration.

    Parameters
    ----------
    grid : TimeGrid
        Its ``n_steps`` steps and ``n_durations`` durations are the classes of the times
        of notes: a note is in the nearest class.
    notes : ndarray of NOTE, shape (notes,)

    Returns
    -------
    dict of str to ndarray, int64
        ``"pitch"``, shape (128,); ``"step"``, shape (n_steps,); ``"duration"``, shape
        (n_durations,).
    """
    steps, durations = grid.classify(notes)
    return {
        "pitch": np.bincount(notes["pitch"], minlength=PITCHES),
        "step": np.bincount(steps, minlength=len(grid.steps)),
        "duration": np.bincount(durations, minlength=len(grid.durations)),
    }


def as_counter(counts: NDArray[np.int64]) -> Counter[int]:
    """Return counts, shape (n,), as a Counter of the indices whose count is not 0."""
    return Counter({index: int(count) for index, count in enumerate(counts) if count})


def load_note_model(path: str | os.PathLike[str]) -> NoteModel:
    """Load a note model from a file.

    Safe for untrusted files: the file is checked before anything is built, and a
    model can create only weights that the file contains.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    NoteModel

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If the file is truncated, altered, or not a note model.
    """
    contents, arrays = read_archive(path, NOTES, CHARACTERS, ENSEMBLE, CUSTOM)
    if contents["format"] != NOTES:
        raise OtherFormatError(path, contents["format"])
    with valid_contents(path, NOTES):
        kind, about = contents["kind"], read_about(contents)
        if kind not in NETWORKS:
            raise ValueError(f"its kind is {kind!r}, not one of {', '.join(NETWORKS)}")
        grid = TimeGrid(_ascending(arrays, "steps"), _ascending(arrays, "durations"))
        weights, digests = take_prefixed("weights/", arrays), arrays.pop(DIGESTS, None)
        with only_weights_of(weights):
            model = NoteModel(kind, grid, read_object(contents, "config"))
        model.set_weight_arrays(weights)
        model.about = about
        model.counts = {
            kind: _like(arrays[f"counts/{kind}"], counts, f"counts/{kind}")
            for kind, counts in model.counts.items()
        }
        model.leads = _valid_lead_ins(model, arrays["leads"])
        model.trained_digests = None if digests is None else validate_digests(digests)
    return model


def _ascending(arrays: Arrays, name: str) -> NDArray[np.float64]:
    times = arrays[f"grid/{name}"]
    if times.dtype != np.float64 or times.ndim != 1 or not 1 <= len(times) <= 1024:
        raise ValueError(f"its grid of {name} is {times.dtype} of shape {times.shape}")
    if not np.isfinite(times).all() or times[0] < 0 or (np.diff(times) <= 0).any():
        raise ValueError(f"its grid of {name} is not ascending")
    return times


def _like(array: NDArray[Any], expected: NDArray[Any], name: str) -> NDArray[Any]:
    if (array.shape, array.dtype) != (expected.shape, expected.dtype) or (array < 0).any():
        raise ValueError(f"the array {name} is {array.dtype} of shape {array.shape}")
    return array


def _valid_lead_ins(model: NoteModel, leads: Rows) -> Rows:
    like = model.network.lead_in(np.zeros(1, NOTE))
    if leads.ndim != 3 or leads.dtype != like.dtype or leads.shape[2:] != (3,):
        raise ValueError(f"its leads are {leads.dtype} of shape {leads.shape}")
    limits = model.network.row_limits
    if not (np.isfinite(leads).all() and (leads >= 0).all() and (leads < limits).all()):
        raise ValueError("its leads have values that no note has")
    return leads
