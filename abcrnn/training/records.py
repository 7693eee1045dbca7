"""What one epoch of training is summed up in: the rows of history.csv."""

from __future__ import annotations

from typing import NamedTuple


class EpochTotals(NamedTuple):
    """What the loop measures in an epoch, whatever the task.

    Parameters
    ----------
    epoch : int
        Counted from 1.
    steps : int
        Steps taken since the run began.
    loss : float
        Mean of the objective.
    accuracy : float
        Share of correct predictions.
    learning_rate : float
        After the last step.
    seconds : float
    items_per_second : float
        Characters or notes.
    """

    epoch: int
    steps: int
    loss: float
    accuracy: float
    learning_rate: float
    seconds: float
    items_per_second: float


class EpochRecord(NamedTuple):
    """One epoch of training on tunes.

    Losses and bits are per character. Those of the training tunes are measured during
    the epoch, with dropout; the validation scores are None without validation tunes.
    """

    epoch: int
    steps: int
    loss: float
    bits_per_char: float
    accuracy: float
    validation_bits_per_char: float | None
    validation_accuracy: float | None
    learning_rate: float
    seconds: float
    chars_per_second: float

    def summary(self) -> str:
        """Return the bits per character as text."""
        text = f"training {self.bits_per_char:.3f} bits per character"
        if self.validation_bits_per_char is not None:
            text += f", validation {self.validation_bits_per_char:.3f}"
        return text


class NoteEpoch(NamedTuple):
    """One epoch of training on notes.

    The losses are those that the model is trained on. The validation losses, in all and
    of each part of a note, are None without validation pieces.
    """

    epoch: int
    steps: int
    loss: float
    pitch_accuracy: float
    validation_loss: float | None
    validation_pitch: float | None
    validation_step: float | None
    validation_duration: float | None
    learning_rate: float
    seconds: float
    notes_per_second: float

    def summary(self) -> str:
        """Return the losses as text."""
        text = f"training loss {self.loss:.4f}"
        if self.validation_loss is not None:
            text += (
                f", validation loss {self.validation_loss:.4f} (pitch "
                f"{self.validation_pitch:.4f}, step {self.validation_step:.4f}, "
                f"duration {self.validation_duration:.4f})"
            )
        return text
