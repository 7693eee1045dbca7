"""Training settings, validated once and saved in the run folder.

References
----------
Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts,
2017, equation 5 (cosine decay).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, Literal

from abcrnn.models.backend import keras
from abcrnn.storage.suggestions import require_known
from abcrnn.storage.validation import require_count, require_number, require_positive

#: Default of seq_length for each kind of windows.
_SEQ_LENGTHS = {"streams": 64, "random": 64, "tunes": 512}


#: Names of the settings that are a number of epochs or batches, or None.
_OPTIONAL_COUNTS = (
    "steps_per_epoch",
    "transpose_epochs",
    "decay_epochs",
    "patience",
    "keep_every",
)


def _require_decay(name: str, value: Any) -> float:
    return require_number(name, value, "above 0 and below 1", lambda x: 0 < x < 1)


@dataclass(frozen=True)
class TrainingSettings:
    """Training settings: the keyword arguments of :class:`abcrnn.Trainer`.

    Parameters
    ----------
    batch_size : int
        Rows of a batch.
    seq_length : int
        Characters or notes in each row of a window. Back-propagation is truncated there.
        With whole tunes it is the maximum: the windows of a longer group of tunes are
        equally long. The default is 64, with whole tunes 512.
    windows : {"streams", "random", "tunes"}
        Contiguous streams, with the state carried from window to window; windows from
        random positions, each read from the initial state; or whole tunes of similar
        length, each read from the initial state (:mod:`abcrnn.data.tune_batches`). With
        whole tunes, a training step is compiled for up to 8 lengths of windows.
    fit_lengths : bool
        Whether these lengths are at most 5, with the least padding for the training tunes
        (:mod:`abcrnn.data.window_lengths`). Other kinds of windows all have one length.
    steps_per_epoch : int, optional
        Number of batches in an epoch; only with random windows.
    transpose : bool
        Whether each tune is read, in every epoch, in one of the keys that the training
        tunes have, sampled in their proportions (:mod:`abcrnn.data.augmentation`). Not
        with random windows, and not for notes.
    transpose_epochs : int, optional
        Number of epochs in which tunes are transposed. The epochs after them read each tune
        in its own key, so that the model ends with the pitches and keys of the corpus. All
        epochs by default.
    learning_rate : float
        Learning rate of Adam.
    decay_epochs : int, optional
        Decay the learning rate along half a cosine to a hundredth over this many
        epochs, after a short warm-up. The rate is constant by default.
    clip_norm : float
        Upper bound of the global norm of the gradients.
    average : float, optional
        Decay of an exponential moving average of the weights, such as 0.995: above 0,
        below 1. After each epoch the averaged weights are kept if their validation score
        is better, and without validation data in any case. The scores of the epoch are
        those of the weights that are kept. Training itself does not change.
    patience : int, optional
        Stop after this many epochs without a better validation score.
    checkpoint_epochs : int
        Save a checkpoint after every n-th epoch.
    checkpoint_minutes : float
        Also save a checkpoint when this many minutes have passed since the last one.
    keep_every : int, optional
        Also keep the model of every n-th epoch.
    seed : int
        Seed of the order of tunes, of random windows and of dropout.
    """

    batch_size: int = 16
    seq_length: int = None  # type: ignore[assignment]  # a number after __post_init__
    windows: Literal["streams", "random", "tunes"] = "streams"
    steps_per_epoch: int | None = None
    fit_lengths: bool = False
    transpose: bool = False
    transpose_epochs: int | None = None
    learning_rate: float = 1e-3
    decay_epochs: int | None = None
    clip_norm: float = 1.0
    average: float | None = None
    patience: int | None = None
    checkpoint_epochs: int = 1
    checkpoint_minutes: float = 5.0
    keep_every: int | None = None
    seed: int = 0

    @classmethod
    def of(cls, function: str, settings: dict[str, Any]) -> TrainingSettings:
        """Return settings from the keyword arguments of a function.

        Raises
        ------
        TypeError
            If there is no such setting; names the function and the nearest setting.
        """
        require_known(function, settings, [field.name for field in fields(cls)])
        return cls(**settings)

    def __post_init__(self) -> None:
        if self.windows not in tuple(_SEQ_LENGTHS):
            raise ValueError(
                f"windows must be 'streams', 'random' or 'tunes', not {self.windows!r}"
            )
        if self.seq_length is None:
            object.__setattr__(self, "seq_length", _SEQ_LENGTHS[self.windows])
        for name in ("batch_size", "seq_length", "checkpoint_epochs"):
            self._check(name, require_count)
        for name in _OPTIONAL_COUNTS:
            if getattr(self, name) is not None:
                self._check(name, require_count)
        for name in ("learning_rate", "clip_norm", "checkpoint_minutes"):
            self._check(name, require_positive)
        if self.average is not None:
            self._check("average", _require_decay)
        self._check("seed", partial(require_count, least=0))
        if (self.steps_per_epoch is None) == (self.windows == "random"):
            raise ValueError(
                "steps_per_epoch is required with windows='random', and accepted only with it"
            )
        for name in ("fit_lengths", "transpose"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} must be True or False, not {getattr(self, name)!r}")
        if self.transpose and self.windows == "random":
            raise ValueError("transpose=True needs windows='streams' or windows='tunes'")
        if self.transpose_epochs is not None and not self.transpose:
            raise ValueError("transpose_epochs needs transpose=True")

    def _check(self, name: str, require: Callable[[str, Any], float]) -> None:
        """Replace a number by a plain Python number, which run.json can hold."""
        object.__setattr__(self, name, require(name, getattr(self, name)))

    def schedule(self, batches: int) -> Any:
        """Return the learning rate or schedule for epochs of ``batches`` batches."""
        if self.decay_epochs is None:
            return self.learning_rate
        steps = self.decay_epochs * batches
        warmup = max(1, min(100, steps // 20))
        return keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=self.learning_rate / 10,
            warmup_target=self.learning_rate,
            warmup_steps=warmup,
            decay_steps=max(1, steps - warmup),
            alpha=0.01,
        )
