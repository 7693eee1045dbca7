"""How a model is trained, checked once and written into the run folder.

References
----------
Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts,
2017, equation 5 (cosine decay).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import keras

from abcrnn.storage.validation import require_count, require_positive


@dataclass(frozen=True)
class TrainingSettings:
    """How a model is trained; the keyword arguments of :class:`Trainer`.

    Parameters
    ----------
    batch_size, seq_length : int
        Streams read side by side, and characters between two updates.
    windows : {"streams", "random"}
        Contiguous streams with the state carried on, or windows that begin
        anywhere and are read from a fresh state.
    steps_per_epoch : int, optional
        Windows an epoch; for random windows only.
    learning_rate : float
        Of Adam.
    decay_epochs : int, optional
        Let the learning rate down along half a cosine over so many epochs, to a
        hundredth, after a short rise. Without it the rate is constant.
    clip_norm : float
        Largest norm of all gradients together.
    patience : int, optional
        Stop after so many epochs without a better validation score.
    checkpoint_epochs : int
    checkpoint_minutes : float
        A checkpoint is written after so many epochs, and after so many minutes.
    keep_every : int, optional
        Keep the model of every so many epochs besides.
    seed : int
        Of the order of tunes and of dropout.
    """

    batch_size: int = 16
    seq_length: int = 64
    windows: Literal["streams", "random"] = "streams"
    steps_per_epoch: int | None = None
    learning_rate: float = 1e-3
    decay_epochs: int | None = None
    clip_norm: float = 1.0
    patience: int | None = None
    checkpoint_epochs: int = 1
    checkpoint_minutes: float = 5.0
    keep_every: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("batch_size", "seq_length", "checkpoint_epochs"):
            require_count(name, getattr(self, name))
        for name in ("steps_per_epoch", "decay_epochs", "patience", "keep_every"):
            if getattr(self, name) is not None:
                require_count(name, getattr(self, name))
        for name in ("learning_rate", "clip_norm", "checkpoint_minutes"):
            require_positive(name, getattr(self, name))
        require_count("seed", self.seed, least=0)
        if self.windows not in ("streams", "random"):
            raise ValueError(f"windows must be 'streams' or 'random', not {self.windows!r}")
        if (self.steps_per_epoch is None) == (self.windows == "random"):
            raise ValueError("steps_per_epoch goes with windows='random', and only with it")

    def schedule(self, windows: int) -> Any:
        """Return the learning rate for Keras's optimizer, of epochs of so many windows."""
        if self.decay_epochs is None:
            return self.learning_rate
        steps = self.decay_epochs * windows
        rise = max(1, min(100, steps // 20))
        return keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=self.learning_rate / 10,
            warmup_target=self.learning_rate,
            warmup_steps=rise,
            decay_steps=max(1, steps - rise),
            alpha=0.01,
        )
