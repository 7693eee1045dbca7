"""Sampling notes: abcrnn, and the tutorial's loop of ``model.predict``."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from abcrnn.data.notes import Piece, notes_of_steps
from abcrnn.models.note_model import NoteModel
from abcrnn.sampling.note_sampler import NoteSampler
from benchmarks.clock import Timing, timed

_WINDOW = 25


def _piece() -> Piece:
    source = np.random.default_rng(0)
    pitches, times = source.integers(50, 80, 400), source.choice([0.125, 0.25, 0.5], (2, 400))
    return Piece("random", 0, 120.0, notes_of_steps(pitches, *times))


class OurNotes:
    """``NoteSampler.sample`` of one sequence, with the network of a recipe.

    Parameters
    ----------
    recipe : str
    notes : int
        Notes sampled in one run.
    """

    def __init__(self, recipe: str, notes: int) -> None:
        model = NoteModel.from_recipe(recipe, [_piece()])
        self.parameters = sum(array.size for array in model.weight_arrays().values())
        self._sampler, self._notes = NoteSampler(model), notes

    def warm_up(self) -> None:
        """Compile."""
        self._sampler.sample(1)

    def run(self) -> Timing:
        """Sample the sequence once."""
        return timed(self._notes, lambda: self._sampler.sample(self._notes))


class PredictLoop:
    """The tutorial's loop: Keras layers, and one ``model.predict`` on a window for each note.

    Parameters are those of :class:`OurNotes`. The network is always the tutorial's.
    """

    def __init__(self, _recipe: str, notes: int) -> None:
        inputs = keras.Input((_WINDOW, 3))
        hidden = keras.layers.LSTM(128)(inputs)
        heads = (("pitch", 128), ("step", 1), ("duration", 1))
        outputs = {name: keras.layers.Dense(width, name=name)(hidden) for name, width in heads}
        self._model = keras.Model(inputs, outputs)
        self.parameters = self._model.count_params()
        self._notes = notes

    def warm_up(self) -> None:
        """Sample a few notes."""
        self._sample(4)

    def run(self) -> Timing:
        """Sample the sequence once."""
        return timed(self._notes, lambda: self._sample(self._notes))

    def _sample(self, notes: int) -> list[tuple[int, float, float]]:
        piece = _piece().notes[:_WINDOW]
        window = np.stack([piece["pitch"] / 128, piece["step"], piece["duration"]], axis=1)
        sampled = []
        for _ in range(notes):
            found = self._model.predict(window[None], verbose=0)
            pitch = int(tf.random.categorical(found["pitch"], num_samples=1)[0, 0].numpy())
            step, duration = (max(0.0, float(found[n][0, 0])) for n in ("step", "duration"))
            sampled.append((pitch, step, duration))
            window = np.append(window[1:], [(pitch / 128, step, duration)], axis=0)
        return sampled
