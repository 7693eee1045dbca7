"""What is trained and sampled, the same for every rival: sizes, text and arithmetic.

Nothing here imports TensorFlow or PyTorch, so that the process that only keeps
the clock loads neither.
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
    """Sizes of the network; the same for abcrnn and for its rivals."""

    embedding_dim: int
    units: int
    num_layers: int
    dropout: float

    def parameters(self, vocab_size: int) -> int:
        """Count the weights, with one bias a gate."""
        gates = 4 * self.units
        first = self.embedding_dim * gates
        others = (self.num_layers - 1) * self.units * gates
        recurrent = self.num_layers * (self.units + 1) * gates
        head = (self.units + 1) * vocab_size
        return vocab_size * self.embedding_dim + first + others + recurrent + head


@dataclass(frozen=True)
class Training:
    """A stretch of training that is timed.

    Parameters
    ----------
    name : str
    network : Network
    batch_size, seq_length : int
    carries_state : bool
        Contiguous streams whose state is carried on, or random windows that are
        each read from a fresh state.
    learning_rate, clip_norm : float
        Of Adam; of all gradients together.
    windows : int
        Updates in one run.
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
        """Characters trained on in one run."""
        return self.windows * self.batch_size * self.seq_length

    def corpus(self) -> Corpus:
        """Return tunes that make an epoch of exactly one run."""
        if not self.carries_state:
            return corpus()
        return Corpus("benchmark", (_text(self.characters),))

    def epochs(self) -> Iterator[list[NDArray[np.int32]]]:
        """Yield, run after run, the windows that abcrnn's Trainer would draw."""
        tunes = encode_tunes(vocabulary(), self.corpus().tunes)
        shape = self.batch_size, self.seq_length, 0
        batches = (
            Streams(tunes, *shape)
            if self.carries_state
            else RandomWindows(tunes, *shape, steps=self.windows)
        )
        number = 0
        while True:
            yield list(batches.epoch(number))
            number += 1

    def operations(self, vocab_size: int) -> float:
        """Floating-point operations of one run that the mathematics needs.

        A product costs as much again for each of its two gradients: three times
        its forward operations. The first layer reads rows of a table with one
        row a character, embedding x kernel, so its input projection is the making
        of that table, once an update, and not a product over the window.
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
    """Text drawn from a network with random weights: so many streams side by side."""

    name: str
    network: Network
    streams: int
    length: int


def training(name: str, windows: int) -> Training:
    """Return the training of a recipe, in runs of so many windows."""
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
    """Return the text that is trained on: the corpus that comes with music21."""
    return load_corpus("oneills")


@functools.cache
def vocabulary() -> Vocabulary:
    """Return the characters of that text."""
    return corpus().vocabulary


def _text(characters: int) -> str:
    """Return text that, with the blank line that closes it, fills so many characters and one."""
    text = corpus().text
    repeats = characters // len(text) + 1
    return (text * repeats)[: characters - 1]
