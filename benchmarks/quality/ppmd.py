"""PPMd variant H of order 12 by pyppmd: a compressor that has read the training tunes.

Every tune is compressed right after the training text, by an encoder of its own; the
blank line before the tune ends the training text. The encoder returns whole bytes
only, so one measurement is wrong by a few bits. The costs of a tune are means over
several orders of the training tunes, different ones for each tune: the errors are
independent and cancel out in the sum over the tunes. The difference from the exact
costs, read from the range coder of another build of the same algorithm, was below
0.001 bits per character in all and 0.005 for each kind of character.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abcrnn.data.store import BOUNDARY
from benchmarks.quality.data import Data
from benchmarks.quality.options import Options
from benchmarks.quality.outcome import Outcome
from benchmarks.quality.packages import require_package

_MEMORY = 2**26  # bytes; more than any of the corpora needs, so the model is never reset


def run(data: Data, settings: dict[str, Any], _options: Options) -> Outcome:
    """Compress the test tunes after the training tunes."""
    start = time.perf_counter()
    costs = tune_costs(data.train.tunes, data.test.tunes, **settings)
    return Outcome(costs, time.perf_counter() - start, {})


def tune_costs(
    train: Sequence[str], tunes: Sequence[str], order: int, permutations: int
) -> list[NDArray[np.float64]]:
    """Return the mean cost of each character of each tune and of its closing blank line.

    Parameters
    ----------
    train, tunes : sequence of str
    order : int
        Maximum order of the contexts.
    permutations : int
        Number of orders of the training tunes for each tune.

    Returns
    -------
    list of ndarray, shape (characters + 2,), float64
        In bits.
    """
    costs = []
    for number, tune in enumerate(tunes):
        sizes = np.zeros(len(tune) + len(BOUNDARY))
        for repetition in range(permutations):
            shuffled = np.random.default_rng([repetition, number]).permutation(len(train))
            text = BOUNDARY + "".join(train[index] + BOUNDARY for index in shuffled.tolist())
            sizes += _compressed_sizes(text.encode(), tune, order)
        costs.append(8 * sizes / permutations)
    return costs


def _compressed_sizes(text: bytes, tune: str, order: int) -> list[int]:
    """Return the number of bytes that the encoder writes for each character of a tune."""
    pyppmd = require_package("pyppmd")
    encoder = pyppmd.Ppmd7Encoder(order, _MEMORY)
    encoder.encode(text)
    return [len(encoder.encode(character.encode())) for character in tune + BOUNDARY]
