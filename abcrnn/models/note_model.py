"""NoteModel: a network with what it needs to write notes, and the one file it is saved in."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abcrnn.data.notes import NOTE, PITCHES, Notes, Piece, Rows
from abcrnn.data.time_grid import TimeGrid
from abcrnn.models.note_lstm import ClassNetwork
from abcrnn.models.note_recipes import note_recipe
from abcrnn.models.note_window_lstm import WindowNetwork
from abcrnn.storage.archive import Arrays, read_archive, require_shapes, write_archive
from abcrnn.storage.validation import require_count

_FORMAT = "abcrnn note model 1"
_LEADS = 16
_KINDS = {"tutorial": "window", "default": "classes"}
_MOST_LAYERS = 100
#: By the name that a model file gives; no other can be built from a file.
NETWORKS: dict[str, type[WindowNetwork] | type[ClassNetwork]] = {
    "window": WindowNetwork,
    "classes": ClassNetwork,
}


class NoteModel:
    """A network, the grid of times it thinks in, and what the data was like.

    Parameters
    ----------
    kind : {"window", "classes"}
        Which network.
    grid : TimeGrid
    config : dict
        Arguments of the network.
    """

    def __init__(self, kind: str, grid: TimeGrid, config: dict[str, Any]) -> None:
        self.kind, self.grid = kind, grid
        self.network: WindowNetwork | ClassNetwork = NETWORKS[kind](grid, **config)
        #: What training says of itself, saved with the model.
        self.about: dict[str, Any] = {}
        #: What may stand before the first note that is drawn: rows out of the data,
        #: shape (leads, notes, 3); see ``lead`` of the networks.
        self.leads: Rows = np.zeros((0, 0, 3))
        #: How often each pitch, class of step and class of duration is met in the data.
        self.counts = {
            "pitch": np.zeros(PITCHES, np.int64),
            "step": np.zeros(len(grid.steps), np.int64),
            "duration": np.zeros(len(grid.durations), np.int64),
        }

    @classmethod
    def from_recipe(
        cls, name: str, pieces: Sequence[Piece], seed: int = 0, **overrides: Any
    ) -> NoteModel:
        """Build the model of a recipe for the pieces it is to be trained on.

        Raises
        ------
        ValueError
            If there is no such recipe, there are no pieces, or an override is out of range.
        """
        if not pieces:
            raise ValueError("there are no pieces to learn from")
        arguments = {**note_recipe(name).model, "seed": seed, **overrides}
        model = cls(_KINDS[name], TimeGrid.of(piece.notes for piece in pieces), arguments)
        model._look_at(pieces)
        return model

    def _look_at(self, pieces: Sequence[Piece]) -> None:
        for piece in pieces:
            for kind, counted in count_notes(self.grid, piece.notes).items():
                self.counts[kind] += counted
        leads = [self.network.lead(piece.notes) for piece in pieces]
        whole = [lead for lead in leads if len(lead) == max(map(len, leads))]
        self.leads = np.stack(whole[:: -(-len(whole) // _LEADS)])

    @property
    def config(self) -> dict[str, Any]:
        """Arguments of the network."""
        return self.network.config

    def weight_arrays(self) -> dict[str, NDArray[np.float32]]:
        """Return a copy of every weight by its name."""
        return self.network.weight_arrays()

    def set_weight_arrays(self, arrays: dict[str, NDArray[np.float32]]) -> None:
        """Set every weight; ``ValueError`` if a name, shape or type is not this model's."""
        self.network.set_weight_arrays(arrays)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save all of it as one file, whole or not at all.

        Raises
        ------
        OSError
            If the disk refuses; a file that stood there before still does.
        """
        about = {"kind": self.kind, "config": self.config, "about": self.about}
        arrays: Arrays = {f"weights/{name}": array for name, array in self.weight_arrays().items()}
        arrays |= {f"grid/{name}": a for name, a in self.grid._asdict().items()}
        arrays |= {f"counts/{name}": a for name, a in self.counts.items()}
        write_archive(path, _FORMAT, about, {**arrays, "leads": self.leads})


def count_notes(grid: TimeGrid, notes: Notes) -> dict[str, NDArray[np.int64]]:
    """Count pitches and the classes of steps and durations."""
    steps, durations = grid.classify(notes)
    return {
        "pitch": np.bincount(notes["pitch"], minlength=PITCHES),
        "step": np.bincount(steps, minlength=len(grid.steps)),
        "duration": np.bincount(durations, minlength=len(grid.durations)),
    }


def as_counter(counts: NDArray[np.int64]) -> Counter[int]:
    """Turn counts by place into a Counter."""
    return Counter({place: int(count) for place, count in enumerate(counts) if count})


def load_note_model(path: str | os.PathLike[str]) -> NoteModel:
    """Open a model file of notes; safe whoever made it (see :mod:`abcrnn.storage.archive`).

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is cut short, altered, or not a model of notes.
    """
    about, arrays = read_archive(path, _FORMAT)
    try:
        if about["kind"] not in NETWORKS:
            raise ValueError(f"its kind is {about['kind']!r}, not one of {', '.join(NETWORKS)}")
        grid = TimeGrid(_ascending(arrays, "steps"), _ascending(arrays, "durations"))
        weights = _under("weights/", arrays)
        _require_fitting(about["kind"], grid, about["config"], weights)
        model = NoteModel(about["kind"], grid, about["config"])
        model.set_weight_arrays(weights)
        model.about = dict(about["about"])
        model.counts = {
            kind: _like(arrays[f"counts/{kind}"], counts, f"counts/{kind}")
            for kind, counts in model.counts.items()
        }
        model.leads = _leads(model, arrays["leads"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is not a valid abcrnn note model file: {error}") from error
    return model


def _under(prefix: str, arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}


def _ascending(arrays: dict[str, NDArray[Any]], name: str) -> NDArray[np.float64]:
    times = arrays[f"grid/{name}"]
    if times.dtype != np.float64 or times.ndim != 1 or not 1 <= len(times) <= 1024:
        raise ValueError(f"its grid of {name} is {times.dtype} of shape {times.shape}")
    if not np.isfinite(times).all() or times[0] < 0 or (np.diff(times) <= 0).any():
        raise ValueError(f"its grid of {name} is not of ascending times")
    return times


def _require_fitting(
    kind: str, grid: TimeGrid, config: dict[str, Any], weights: dict[str, NDArray[Any]]
) -> None:
    """Refuse, before anything is built, what asks for more than the file's own weights fill."""
    for name, value in config.items():
        if name != "dropout":
            require_count(name, value, least=int(name != "seed"))
    if config.get("num_layers", 1) > _MOST_LAYERS:
        raise ValueError(f"num_layers is {config['num_layers']}, more than any model has")
    require_shapes(NETWORKS[kind].weight_shapes(grid, config), weights)


def _like(array: NDArray[Any], expected: NDArray[Any], name: str) -> NDArray[Any]:
    if (array.shape, array.dtype) != (expected.shape, expected.dtype) or (array < 0).any():
        raise ValueError(f"the array {name} is {array.dtype} of shape {array.shape}")
    return array


def _leads(model: NoteModel, leads: Rows) -> Rows:
    like = model.network.lead(np.zeros(1, NOTE))
    if leads.ndim != 3 or leads.dtype != like.dtype or leads.shape[2:] != (3,):
        raise ValueError(f"its leads are {leads.dtype} of shape {leads.shape}")
    sizes = (PITCHES + 1, len(model.grid.steps), len(model.grid.durations))
    highest = sizes if model.kind == "classes" else (PITCHES, np.inf, np.inf)
    if not (np.isfinite(leads).all() and (leads >= 0).all() and (leads < highest).all()):
        raise ValueError("its leads are no notes")
    return leads
