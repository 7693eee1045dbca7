"""NoteSampler: new notes, many sequences side by side in one compiled loop."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from abcrnn.data.notes import Notes, notes_of_steps
from abcrnn.models.lstm import on_gpu
from abcrnn.models.note_base import Choose, State
from abcrnn.models.note_model import NoteModel
from abcrnn.storage.validation import require_count, require_positive

_AT_ONCE = 64  # notes drawn by one call of the compiled loop
_LONGEST = 4096  # notes of an opening that are read; what was before hardly matters
_COLDEST = 1e-6  # what is below is drawn like this: always the likeliest


class Note(NamedTuple):
    """One note foretold: its MIDI number, and its times in seconds."""

    pitch: int
    step: float
    duration: float


class NoteSampler:
    """Draws notes from a model.

    Parameters
    ----------
    model : NoteModel
    temperature : float
        Above 0; the lower, the likelier what is drawn. With recipe ``tutorial`` it bears
        on the pitch alone, since its times are not drawn.
    seed : int
        Of everything random.

    Raises
    ------
    ValueError
        If an argument is out of range.
    """

    def __init__(self, model: NoteModel, temperature: float = 1.0, seed: int = 0) -> None:
        require_positive("temperature", temperature)
        require_count("seed", seed, least=0)
        self.model, self.temperature, self.seed = model, temperature, seed
        self._network: Any = model.network
        self._compiled = tf.function(self._draw_some, jit_compile=not on_gpu())
        self._reading = tf.function(self._read, jit_compile=not on_gpu())

    def sample(self, notes: int = 200, n: int = 1, opening: Notes | None = None) -> list[Notes]:
        """Draw sequences of so many notes.

        Parameters
        ----------
        notes : int
            Of each sequence, the opening not counted.
        n : int
            Sequences, drawn side by side.
        opening : ndarray of NOTE, optional
            What they go on from. Without it the default model begins a piece, and the
            tutorial's, which needs notes to look at, goes on from some of the data.

        Returns
        -------
        list of ndarray of NOTE
            The new notes alone; the first begins after its step. Times are finite and
            not below zero.

        Raises
        ------
        ValueError
            If an argument is out of range, or the model needs a longer opening.
        """
        require_count("notes", notes)
        require_count("n", n)
        hidden, state = self._begin(n, opening)
        parts = []
        for place in range(0, notes, _AT_ONCE):
            key = tf.constant([self.seed % 2**31, place], tf.int32)
            rows, hidden, state = self._compiled(
                hidden, state, key, max(self.temperature, _COLDEST)
            )
            parts.append(rows.numpy())
        rows = np.concatenate(parts)[:notes].transpose(1, 0, 2)
        return [notes_of_steps(*self._network.decode(sequence)) for sequence in rows]

    def predict_next_note(self, notes: Notes) -> Note:
        """Draw the one note that comes after notes, shape (notes,) of NOTE."""
        drawn = self.sample(1, opening=notes)[0][0]
        return Note(int(drawn["pitch"]), float(drawn["step"]), float(drawn["duration"]))

    def _begin(self, n: int, opening: Notes | None) -> tuple[tf.Tensor, State]:
        given = None if opening is None else self._network.encode(opening)[-_LONGEST:]
        rows = self._network.prompt_rows(self._some_lead_ins(n), given)
        state, hidden = self._network.initial_state(n), None
        for row in rows.transpose(1, 0, 2):
            hidden, state = self._reading(tf.constant(row), state)
        return hidden, state

    def _some_lead_ins(self, n: int) -> Any:
        leads = self.model.leads
        if not len(leads):
            return np.zeros((n, 0, 3), leads.dtype)
        return leads[np.random.default_rng(self.seed).integers(len(leads), size=n)]

    def _read(self, rows: tf.Tensor, state: State) -> Any:
        return self._network.step(rows, state)

    def _draw_some(
        self, hidden: tf.Tensor, state: State, key: tf.Tensor, temperature: tf.Tensor
    ) -> Any:
        network, batch = self._network, hidden.shape[0]

        def step(place: tf.Tensor, hidden: tf.Tensor, state: State, kept: tf.TensorArray) -> Any:
            uniform = tf.random.stateless_uniform((batch, 3), tf.stack([key[0], key[1] + place]))
            rows = network.sample_rows(hidden, uniform, _choose_at(temperature))
            return place + 1, *network.step(rows, state), kept.write(place, rows)

        like = network.encode(np.zeros(1, notes_of_steps(*np.zeros((3, 1))).dtype))
        kept = tf.TensorArray(like.dtype, _AT_ONCE, element_shape=(batch, 3))
        _, hidden, state, kept = tf.while_loop(
            lambda place, *_: place < _AT_ONCE,
            step,
            (0, hidden, state, kept),
            maximum_iterations=_AT_ONCE,
        )
        return kept.stack(), hidden, state


def _choose_at(temperature: tf.Tensor) -> Choose:
    """Return a function that samples from softmax(logits / temperature) by inverse CDF."""

    def choose(logits: tf.Tensor, uniform: tf.Tensor) -> tf.Tensor:
        # The maximum becomes 0, so no temperature leads to a division of inf by inf.
        logits -= tf.reduce_max(logits, axis=1, keepdims=True)
        cumulative = tf.cumsum(tf.nn.softmax(logits / temperature), axis=1)
        threshold = uniform[:, None] * cumulative[:, -1:]
        ids = tf.math.count_nonzero(cumulative <= threshold, axis=1, dtype=tf.int32)
        return tf.minimum(ids, logits.shape[1] - 1)

    return choose
