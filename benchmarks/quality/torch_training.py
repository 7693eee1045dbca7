"""Training of PyTorch networks: one checkpoint per epoch, exact resume, best epoch kept."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

#: Target of positions that are not trained on, such as padding.
IGNORED = -1


@dataclass(frozen=True)
class Schedule:
    """How a network is trained.

    Parameters
    ----------
    optimizer : {"adam", "adamw", "rmsprop"}
    learning_rate : float
        Maximum.
    decay : {"cosine", "char-rnn"}
        ``"cosine"`` decays to 0 in epoch ``max_epochs``, after a linear warm-up.
        ``"char-rnn"`` multiplies by 0.97 per epoch from the tenth on.
    max_epochs : int
    patience : int
        Stop after this number of epochs without a better validation.
    warmup_epochs : float
    clip_norm, clip_value : float or None
        Limit of the gradients: of their global norm, or of each element.
    """

    optimizer: str = "adam"
    learning_rate: float = 2e-3
    decay: str = "cosine"
    max_epochs: int = 30
    patience: int = 6
    warmup_epochs: float = 0.0
    clip_norm: float | None = 1.0
    clip_value: float | None = None

    def rate(self, epochs: float) -> float:
        """Return the learning rate after a number of epochs."""
        if self.decay == "char-rnn":
            return self.learning_rate * 0.97 ** max(0, int(epochs) - 9)
        if epochs < self.warmup_epochs:
            return self.learning_rate * epochs / self.warmup_epochs
        done = (epochs - self.warmup_epochs) / (self.max_epochs - self.warmup_epochs)
        return self.learning_rate * (1 + math.cos(math.pi * min(1.0, done))) / 2

    def build_optimizer(self, network: nn.Module) -> torch.optim.Optimizer:
        """Return the optimizer of a network's trainable weights."""
        weights = [weight for weight in network.parameters() if weight.requires_grad]
        if self.optimizer == "rmsprop":
            return torch.optim.RMSprop(weights, lr=self.learning_rate, alpha=0.95)
        if self.optimizer == "adamw":
            return torch.optim.AdamW(weights, lr=self.learning_rate, fused=True)
        return torch.optim.Adam(weights, lr=self.learning_rate, fused=True)


@dataclass(frozen=True)
class Batches:
    """The training data of a network.

    Parameters
    ----------
    per_epoch : int
    epoch : callable
        Returns the batches of an epoch by its number: pairs of inputs and targets,
        shape (time, rows), int64.
    carries_state : bool
        Whether a batch continues the rows of the one before.
    """

    per_epoch: int
    epoch: Callable[[int], Iterable[tuple[NDArray[np.int64], NDArray[np.int64]]]]
    carries_state: bool


class TorchTrainer:
    """Trains a network and keeps the weights of the best epoch.

    Every epoch ends with a checkpoint. A trainer of the same folder resumes from it
    with the same result as without the interruption.

    Parameters
    ----------
    network : torch.nn.Module
        Maps ids (time, rows) and a state to logits (time, rows, vocab_size) and the
        next state.
    batches : Batches
    schedule : Schedule
    validate : callable
        Returns the validation bits per character of the network in evaluation mode.
    folder : Path
        For the checkpoint; made if missing.

    Attributes
    ----------
    history : list of dict
        ``epoch``, ``train`` and ``validation`` (bits per character) and ``seconds`` of
        each epoch, validation included.
    """

    def __init__(
        self,
        network: nn.Module,
        batches: Batches,
        schedule: Schedule,
        validate: Callable[[], float],
        folder: Path,
    ) -> None:
        self._network, self._batches, self._schedule = network, batches, schedule
        self._validate = validate
        self._optimizer = schedule.build_optimizer(network)
        self._checkpoint = folder / "checkpoint.pt"
        self._best: dict[str, torch.Tensor] = {}
        self.history: list[dict[str, Any]] = []
        folder.mkdir(parents=True, exist_ok=True)
        if self._checkpoint.exists():
            self._load()

    @property
    def best(self) -> dict[str, Any]:
        """The record of the epoch with the best validation."""
        return min(self.history, key=lambda record: float(record["validation"]))

    @property
    def seconds(self) -> float:
        """Seconds of all epochs, validation included."""
        return float(sum(record["seconds"] for record in self.history))

    def fit(self, minutes: float | None = None) -> Iterator[dict[str, Any]]:
        """Train until the schedule ends; yield the record of each new epoch.

        Afterwards the network has the weights of the best epoch and is in evaluation mode.

        Parameters
        ----------
        minutes : float, optional
            Begin no epoch after this time, counted over all interruptions.
        """
        while not self._is_done(minutes):
            yield self._run_epoch()
        self._network.load_state_dict(self._best)
        self._network.eval()

    def _is_done(self, minutes: float | None) -> bool:
        epochs = len(self.history)
        if not epochs:
            return False
        return (
            epochs >= self._schedule.max_epochs
            or epochs - self.best["epoch"] >= self._schedule.patience
            or (minutes is not None and self.seconds >= 60 * minutes)
        )

    def _run_epoch(self) -> dict[str, Any]:
        start, number = time.perf_counter(), len(self.history)
        train = self._train(number)
        self._network.eval()
        record = {"epoch": number + 1, "train": train, "validation": self._validate()}
        record["seconds"] = time.perf_counter() - start
        self.history.append(record)
        if self.best is record:
            weights = self._network.state_dict()
            self._best = {name: weight.clone() for name, weight in weights.items()}
        self._save()
        return record

    def _train(self, number: int) -> float:
        """Train for one epoch; return its mean loss in bits."""
        self._network.train()
        state: Any = None
        total, updates = 0.0, 0
        for inputs, targets in self._batches.epoch(number):
            rate = self._schedule.rate(number + updates / self._batches.per_epoch)
            for group in self._optimizer.param_groups:
                group["lr"] = rate
            loss, state = self._update(
                torch.from_numpy(inputs),
                torch.from_numpy(targets),
                state if self._batches.carries_state else None,
            )
            total, updates = total + loss, updates + 1
        return total / updates / math.log(2)

    def _update(self, inputs: torch.Tensor, targets: torch.Tensor, state: Any) -> tuple[float, Any]:
        self._optimizer.zero_grad(set_to_none=True)
        logits, state = self._network(inputs, state)
        loss = nn.functional.cross_entropy(
            logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED
        )
        loss.backward()
        if self._schedule.clip_norm is not None:
            nn.utils.clip_grad_norm_(self._network.parameters(), self._schedule.clip_norm)
        if self._schedule.clip_value is not None:
            nn.utils.clip_grad_value_(self._network.parameters(), self._schedule.clip_value)
        self._optimizer.step()
        return float(loss.detach()), None if state is None else tuple(
            part.detach() for part in state
        )

    def _save(self) -> None:
        content = {
            "network": self._network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "best": self._best,
            "history": self.history,
            "generator": torch.get_rng_state(),
        }
        temporary = self._checkpoint.with_suffix(".tmp")
        torch.save(content, temporary)
        os.replace(temporary, self._checkpoint)

    def _load(self) -> None:
        content = torch.load(self._checkpoint, weights_only=True)
        self._network.load_state_dict(content["network"])
        self._optimizer.load_state_dict(content["optimizer"])
        self._best, self.history = content["best"], content["history"]
        torch.set_rng_state(content["generator"])
