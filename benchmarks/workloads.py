"""Workloads, the same for every implementation: sizes, text, number of operations.

This module imports neither TensorFlow nor PyTorch, so that the timing process
loads neither.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from abcrnn.data.corpus import Corpus, load_corpus
from abcrnn.data.vocabulary import Vocabulary
from abcrnn.data.windows import RandomWindows, Streams, encode_tunes
from abcrnn.models.recipes import recipe


@dataclass(frozen=True)
class Network:
    """Sizes of the network, the same for every implementation."""

    embedding_dim: int
    units: int
    num_layers: int
    dropout: float

    def parameters(self, vocab_size: int) -> int:
        """Count the weights, with one bias per gate."""
        gates = 4 * self.units
        first = self.embedding_dim * gates
        others = (self.num_layers - 1) * self.units * gates
        recurrent = self.num_layers * (self.units + 1) * gates
        head = (self.units + 1) * vocab_size
        return vocab_size * self.embedding_dim + first + others + recurrent + head


@dataclass(frozen=True)
class Training:
    """A training workload.

    Parameters
    ----------
    name : str
    network : Network
    batch_size, seq_length : int
    carries_state : bool
        Train on contiguous streams and carry the state from window to window.
        Otherwise train on random windows, each from the initial state.
    learning_rate, clip_norm : float
        Learning rate of Adam, and maximum global norm of the gradients.
    windows : int
        Number of updates in one run.
    """

    name: str
    network: Network
    batch_size: int
    seq_length: int
    carries_state: bool
    learning_rate: float
    windows: int
    clip_norm: float = 1.0

    @property
    def characters(self) -> int:
        """Number of training characters in one run."""
        return self.windows * self.batch_size * self.seq_length

    def corpus(self) -> Corpus:
        """Return tunes whose epoch is exactly one run."""
        if not self.carries_state:
            return corpus()
        return Corpus("benchmark", (_text(self.characters),))

    def epochs(self) -> Iterator[list[NDArray[np.int32]]]:
        """Yield for each run the same windows that abcrnn's Trainer reads."""
        tunes = encode_tunes(vocabulary(), self.corpus().tunes)
        shape = self.batch_size, self.seq_length, 0
        batches = (
            Streams(tunes, *shape)
            if self.carries_state
            else RandomWindows(tunes, *shape, steps=self.windows)
        )
        number = 0
        while True:
            yield [batch.window for batch in batches.epoch(number)]
            number += 1

    def operations(self, vocab_size: int) -> float:
        """Return the number of floating-point operations that one run needs.

        Each of the two gradients of a product costs as much as the product: three
        times the forward operations. The first layer looks its input projection
        up in a table (embedding x kernel, one row per character), so only that
        table is computed, once per update, and no product over the window.
        """
        network = self.network
        gates = 4 * network.units
        per_character = (
            network.num_layers * 2 * network.units * gates
            + (network.num_layers - 1) * 2 * network.units * gates
            + 2 * network.units * vocab_size
        )
        table = 2 * vocab_size * network.embedding_dim * gates
        return 3.0 * (self.characters * per_character + self.windows * table)


@dataclass(frozen=True)
class Sampling:
    """A sampling workload: parallel streams from a network with random weights."""

    name: str
    network: Network
    streams: int
    length: int


def training(name: str, windows: int) -> Training:
    """Return the training workload of a recipe with ``windows`` updates in one run."""
    settings = recipe(name).training
    return Training(
        name=name,
        network=network(name),
        batch_size=settings["batch_size"],
        seq_length=settings["seq_length"],
        carries_state=settings.get("windows") != "random",
        learning_rate=settings["learning_rate"],
        windows=windows,
    )


def network(name: str) -> Network:
    """Return the network of a recipe."""
    sizes = recipe(name).model
    return Network(sizes["embedding_dim"], sizes["units"], sizes["num_layers"], sizes["dropout"])


@functools.cache
def corpus() -> Corpus:
    """Return the corpus to train on: the one that comes with music21."""
    return load_corpus("oneills")


@functools.cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary of that corpus."""
    return corpus().vocabulary


def _text(characters: int) -> str:
    """Return text of ``characters + 1`` characters, counting its closing blank line."""
    text = corpus().text
    repeats = characters // len(text) + 1
    return (text * repeats)[: characters - 1]
