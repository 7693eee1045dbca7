"""Networks of the PyTorch rows, their training batches, and the costs of tunes by them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from abcrnn.data.store import BOUNDARY
from abcrnn.data.vocabulary import Vocabulary
from abcrnn.data.windows import Streams, encode_tunes
from benchmarks.quality.torch_gpt import GPT
from benchmarks.quality.torch_training import IGNORED, Batches
from benchmarks.torch_baselines import CharNetwork
from benchmarks.workloads import Network

_SCORED_ROWS = 32


# Networks ------------------------------------------------------------------------------------


def build_network(settings: dict[str, Any], vocab_size: int) -> nn.Module:
    """Return the network of a row with new weights.

    Parameters
    ----------
    settings : dict
        ``network`` is ``"lstm"``, ``"char-rnn"`` or ``"gpt"``; the sizes are those of
        that network.
    vocab_size : int
    """
    torch.manual_seed(settings["seed"])
    if settings["network"] == "gpt":
        names = ("block_size", "units", "num_layers", "num_heads", "dropout")
        return GPT(vocab_size, **{name: settings[name] for name in names})
    sizes = (settings["units"], settings["num_layers"], settings["dropout"])
    if settings["network"] == "char-rnn":
        return _with_weights_of_char_rnn(CharNetwork(vocab_size, Network(vocab_size, *sizes)))
    return CharNetwork(vocab_size, Network(settings["embedding_dim"], *sizes))


def _with_weights_of_char_rnn(network: CharNetwork) -> CharNetwork:
    """Set one-hot inputs, uniform weights and a forget gate that is open, as char-rnn does."""
    with torch.no_grad():
        for weight in network.parameters():
            weight.uniform_(-0.08, 0.08)
        for name, weight in network.lstm.named_parameters():
            if name.startswith("bias"):
                # Gates are in the order input, forget, cell, output. Each gate has two biases.
                weight[network.lstm.hidden_size : 2 * network.lstm.hidden_size] = 0.5
        network.embedding.weight.copy_(torch.eye(network.embedding.num_embeddings))
    network.embedding.weight.requires_grad_(False)
    return network


def count_parameters(network: nn.Module) -> int:
    """Count the trained weights, without the second bias that nn.LSTM has for each gate."""
    return sum(
        weight.numel()
        for name, weight in network.named_parameters()
        if weight.requires_grad and "bias_hh" not in name
    )


# Batches -------------------------------------------------------------------------------------


def stream_batches(
    vocabulary: Vocabulary, tunes: Sequence[str], batch_size: int, seq_length: int
) -> Batches:
    """Return the batches of contiguous streams that abcrnn's Trainer reads with seed 0."""
    streams = Streams(encode_tunes(vocabulary, tunes), batch_size, seq_length, 0)

    def epoch(number: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        for batch in streams.epoch(number):
            ids = np.ascontiguousarray(batch.window.T.astype(np.int64))
            yield ids[:-1], ids[1:]

    return Batches(streams.windows, epoch, carries_state=True)


def tune_batches(
    vocabulary: Vocabulary, tunes: Sequence[str], batch_size: int, block_size: int
) -> Batches:
    """Return batches of whole tunes of similar length, in an order that depends on the epoch.

    A tune of more than ``block_size`` characters is cut into pieces; the shorter rows
    of a batch are padded, and the padding is not trained on.
    """
    pieces = []
    for tune in tunes:
        ids = vocabulary.encode(BOUNDARY + tune + BOUNDARY).astype(np.int64)
        starts = range(0, len(ids) - 1, block_size)
        pieces += [ids[start : start + block_size + 1] for start in starts]
    pieces.sort(key=len)
    batches = [pieces[first : first + batch_size] for first in range(0, len(pieces), batch_size)]

    def epoch(number: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        for index in np.random.default_rng([0, number]).permutation(len(batches)).tolist():
            rows = batches[index]
            inputs = np.zeros((len(rows[-1]) - 1, len(rows)), np.int64)
            targets = np.full_like(inputs, IGNORED)
            for row, ids in enumerate(rows):
                inputs[: len(ids) - 1, row], targets[: len(ids) - 1, row] = ids[:-1], ids[1:]
            yield inputs, targets

    return Batches(len(batches), epoch, carries_state=False)


# Scoring -------------------------------------------------------------------------------------


@torch.inference_mode()
def tune_costs(
    network: nn.Module, vocabulary: Vocabulary, tunes: Sequence[str]
) -> list[NDArray[np.float64]]:
    """Return the cost of each character of each tune and of its closing blank line, in bits.

    Parameters
    ----------
    network : torch.nn.Module
        Maps ids (time, rows) and a state to logits (time, rows, vocab_size) and the
        next state; in evaluation mode.
    vocabulary : Vocabulary
    tunes : sequence of str
        Each is read from the initial state, after a blank line.

    Returns
    -------
    list of ndarray, shape (characters + 2,), float64
    """
    encoded = [vocabulary.encode(BOUNDARY + tune + BOUNDARY) for tune in tunes]
    order = sorted(range(len(tunes)), key=lambda index: len(encoded[index]))
    costs: list[NDArray[np.float64]] = [np.zeros(0)] * len(tunes)
    for first in range(0, len(order), _SCORED_ROWS):
        rows = order[first : first + _SCORED_ROWS]
        ids = torch.zeros((len(encoded[rows[-1]]), len(rows)), dtype=torch.int64)
        for row, index in enumerate(rows):
            ids[: len(encoded[index]), row] = torch.from_numpy(encoded[index].astype(np.int64))
        logits, _ = network(ids[:-1], None)
        losses = nn.functional.cross_entropy(logits.permute(1, 2, 0), ids[1:].T, reduction="none")
        bits = losses.double().numpy() / math.log(2)
        for row, index in enumerate(rows):
            # The blank line before the tune is given, so it is not counted.
            costs[index] = bits[row, len(BOUNDARY) - 1 : len(encoded[index]) - 1]
    return costs
