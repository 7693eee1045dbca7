"""NoteSampler: note sequences from a note model, by the same loop as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from abcrnn.data.notes import NOTE, Notes, Rows, notes_of_steps
from abcrnn.models.note_model import NoteModel
from abcrnn.sampling.choice import Choice, RandomChoice
from abcrnn.sampling.decoder import Decoder
from abcrnn.storage.suggestions import suggests_arguments
from abcrnn.storage.validation import require_count, require_positive

_MAX_OPENING = 4096  # notes of an opening that are read: the last ones


class Note(NamedTuple):
    """A predicted note.

    Parameters
    ----------
    pitch : int
        MIDI number.
    step, duration : float
        Seconds since the start of the note before, and from start to end of this one.
    """

    pitch: int
    step: float
    duration: float


class NoteChoice(Choice):
    """Chooses the next note: pitch, step and duration in turn, each by another choice.

    Parameters
    ----------
    network : NoteNetwork
        Has ``sample_rows(hidden, uniform, choose)``.
    choice : Choice
    """

    def __init__(self, network: Any, choice: Choice) -> None:
        self._network, self._choice = network, choice
        self.parameters = choice.parameters

    @property
    def key(self) -> Any:
        """Key of the choice of each part."""
        return "notes", self._choice.key

    def __call__(
        self, logits: tf.Tensor, uniform: tf.Tensor, parameters: Mapping[str, tf.Tensor]
    ) -> tf.Tensor:
        """Return the next note of each row.

        Parameters
        ----------
        logits : Tensor, shape (batch, units)
            Hidden vectors, from which the network computes logits of each part.
        uniform : Tensor, shape (batch, 3), float32
        parameters : mapping of str to Tensor

        Returns
        -------
        Tensor, shape (batch, 3)
        """

        def choose(logits: tf.Tensor, uniform: tf.Tensor) -> tf.Tensor:
            return self._choice(logits, uniform, parameters)

        return self._network.sample_rows(logits, uniform, choose)


class NoteSampler:
    """Samples note sequences from a note model.

    Sequences are numbered streams. A sequence depends on the seed, the number of its
    stream and the number of rows that are computed together (1, 16 or 64), as explained
    for :class:`abcrnn.Sampler`.

    Parameters
    ----------
    model : NoteModel
    temperature : float
        Divides the logits. Below 1, likely notes become likelier; above 1, less so. With
        recipe ``tutorial`` it applies to pitches only, since the times are not sampled.
    seed : int
        Seed of the random numbers.
    top_p : float, optional
        Sample pitch, step and duration each from the fewest likeliest values that
        together have this probability.

    Raises
    ------
    ValueError
        If an argument is out of range.
    """

    @suggests_arguments
    def __init__(
        self,
        model: NoteModel,
        temperature: float = 1.0,
        seed: int = 0,
        top_p: float | None = None,
    ) -> None:
        if not isinstance(model, NoteModel):
            raise TypeError(
                "model must be a note model, such as abcrnn.events.load_note_model(path), "
                f"not {model!r:.80}"
            )
        temperature = require_positive("temperature", temperature)
        seed = require_count("seed", seed, least=0)
        self.model, self.temperature, self.seed, self.top_p = model, temperature, seed, top_p
        self._network: Any = model.network
        # On a GPU a window is read by cuDNN, which XLA cannot compile: xla=None.
        self._decoder = Decoder(
            self._network,
            NoteChoice(self._network, RandomChoice(temperature, top_p=top_p)),
            element_shape=(3,),
            dtype=self._network.encode(np.zeros(0, NOTE)).dtype,
            xla=None,
        )

    def sample(self, notes: int = 200, n: int = 1, opening: Notes | None = None) -> list[Notes]:
        """Sample sequences of a given number of notes.

        Parameters
        ----------
        notes : int
            Number of notes of each sequence, without the opening.
        n : int
            Number of sequences.
        opening : ndarray of NOTE, optional
            Notes to continue. Without an opening, the default model begins a new piece;
            the tutorial's model, which needs notes to predict from, continues notes of
            its training pieces.

        Returns
        -------
        list of ndarray of NOTE
            The new notes only. Times are finite and not negative; the first note starts
            after its step.

        Raises
        ------
        ValueError
            If an argument is out of range, or the model needs a longer opening.
        """
        notes, n = require_count("notes", notes), require_count("n", n)
        rows = None if opening is None else self._network.encode(opening[-_MAX_OPENING:])
        prompts = self._network.prompt_rows(self._lead_ins(n), rows)
        sequences = self._decoder.sample(list(prompts), notes, self.seed)
        return [notes_of_steps(*self._network.decode(sequence)) for sequence in sequences]

    def predict_next_note(self, notes: Notes) -> Note:
        """Sample the note that follows notes, shape (notes,) of NOTE."""
        note = self.sample(1, opening=notes)[0][0]
        return Note(int(note["pitch"]), float(note["step"]), float(note["duration"]))

    def _lead_ins(self, n: int) -> Rows:
        """Return one of the model's lead-ins for each stream, by seed and stream number."""
        leads = self.model.leads
        if not len(leads):
            return np.zeros((n, 0, 3), leads.dtype)
        # The third number makes these generators others than those of the samples.
        chosen = [
            np.random.default_rng([self.seed, stream, 1]).integers(len(leads))
            for stream in range(n)
        ]
        return leads[chosen]
