"""PyTorch, with the options that were fastest on a CPU."""

from __future__ import annotations

import os

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks.clock import Timing, timed
from benchmarks.workloads import Network, Sampling, Training, vocabulary

State = tuple[torch.Tensor, torch.Tensor]

torch.set_num_threads(os.cpu_count() or 1)


class CharNetwork(nn.Module):
    """Embedding, ``nn.LSTM``, dropout after every layer, output layer; time is the first axis."""

    def __init__(self, vocab_size: int, sizes: Network) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, sizes.embedding_dim)
        # nn.LSTM applies dropout between its layers, but not after the last one.
        between = sizes.dropout if sizes.num_layers > 1 else 0.0
        self.lstm = nn.LSTM(sizes.embedding_dim, sizes.units, sizes.num_layers, dropout=between)
        self.dropout = nn.Dropout(sizes.dropout)
        self.head = nn.Linear(sizes.units, vocab_size)

    def forward(self, ids: torch.Tensor, state: State | None) -> tuple[torch.Tensor, State]:
        """Map ids (time, batch) to logits (time, batch, vocab_size)."""
        outputs, state = self.lstm(self.embedding(ids), state)
        return self.head(self.dropout(outputs)), state

    def count_parameters(self) -> int:
        """Count the weights, without the second bias that nn.LSTM has for each gate."""
        second = sum(w.numel() for name, w in self.named_parameters() if "bias_hh" in name)
        return sum(w.numel() for w in self.parameters()) - second


class TorchTraining:
    """Training with Adam; gradients are clipped by their global norm."""

    def __init__(self, workload: Training) -> None:
        torch.manual_seed(0)
        self._model = CharNetwork(len(vocabulary()), workload.network).train()
        self.parameters = self._model.count_parameters()
        self._workload, self._epochs = workload, workload.epochs()
        self._optimizer = torch.optim.Adam(
            self._model.parameters(), lr=workload.learning_rate, fused=True
        )

    def warm_up(self) -> None:
        """Train once."""
        self.run()

    def run(self) -> Timing:
        """Train for one epoch."""
        windows = next(self._epochs)
        return timed(self._workload.characters, lambda: self._train(windows))

    def _train(self, windows: list[NDArray[np.int32]]) -> None:
        state: State | None = None
        for window in windows:
            ids = torch.from_numpy(window.T.astype(np.int64))
            if not self._workload.carries_state:
                state = None
            self._optimizer.zero_grad(set_to_none=True)
            logits, state = self._model(ids[:-1], state)
            loss = nn.functional.cross_entropy(logits.flatten(0, 1), ids[1:].flatten())
            loss.backward()
            nn.utils.clip_grad_norm_(self._model.parameters(), self._workload.clip_norm)
            self._optimizer.step()
            state = (state[0].detach(), state[1].detach())


class TorchSampling:
    """A loop over characters in ``torch.inference_mode``. Ids stay tensors until the end."""

    def __init__(self, workload: Sampling) -> None:
        torch.manual_seed(0)
        self._model = CharNetwork(len(vocabulary()), workload.network).eval()
        self.parameters = self._model.count_parameters()
        self._workload = workload

    def warm_up(self) -> None:
        """Sample a few characters."""
        self._sample(8)

    def run(self) -> Timing:
        """Sample every stream once."""
        workload = self._workload
        return timed(workload.streams * workload.length, lambda: self._sample(workload.length))

    @torch.inference_mode()
    def _sample(self, length: int) -> list[str]:
        ids = torch.zeros((1, self._workload.streams), dtype=torch.int64)
        state: State | None = None
        sampled = []
        for _ in range(length):
            logits, state = self._model(ids, state)
            ids = torch.multinomial(torch.softmax(logits[0], dim=1), 1).T
            sampled.append(ids)
        return [vocabulary().decode(row) for row in torch.cat(sampled).T.numpy()]
