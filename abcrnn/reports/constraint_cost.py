"""What the constraint costs: how far constrained tunes are from the model's own distribution.

Under the constraint, the allowed characters have less than all of the probability. The
logarithm of the share that is lost, added up over a tune, is the logarithm of its importance
weight (:mod:`abcrnn.sampling.faithful`). A tune that the model itself would hardly write has
a small weight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from abcrnn.grammar.transition_tables import TransitionTables
from abcrnn.sampling.choice import RandomChoice
from abcrnn.sampling.decoder import Decoder
from abcrnn.sampling.faithful import Selected, choose, effective_size
from abcrnn.sampling.tune_streams import TuneStreams

#: Number of candidates that are compared with one.
CANDIDATES = 8

_GROUPS = 400  # groups of candidates drawn for the mean


@dataclass(frozen=True)
class ConstraintCost:
    """Probability lost to the constraint, in bits per character.

    Parameters
    ----------
    bits : float
        Mean of the tunes.
    bits_chosen : float
        Mean of tunes that are each chosen from ``candidates``, as ``faithful`` does.
    candidates : int
    effective_size : float
        Effective number of the candidates; see :func:`abcrnn.sampling.faithful.effective_size`.
    """

    bits: float
    bits_chosen: float
    candidates: int
    effective_size: float


def sample_constrained(
    model: object,
    tables: TransitionTables,
    prompt: str,
    tunes: int,
    temperature: float,
    seed: int,
    max_length: int,
) -> list[Selected]:
    """Sample the same tunes as a :class:`abcrnn.Sampler`, with their importance weights."""
    decoder = Decoder(model, RandomChoice(temperature), tables, weigh=True)
    streams = TuneStreams(model, decoder, tables, seed, faithful=1)
    numbers = iter(range(tunes))
    return sorted(streams.chosen_tunes(prompt, max_length, lambda: next(numbers, None), tunes))


def constraint_cost(sampled: Sequence[Selected]) -> ConstraintCost | None:
    """Return the cost of the constraint; None with fewer than ``CANDIDATES`` tunes.

    Groups of candidates are drawn from the tunes at random, by a fixed seed.
    """
    complete = [each for each in sampled if each.tune is not None]
    if len(complete) < CANDIDATES:
        return None
    weights = np.array([each.log_weight for each in complete])
    bits = -weights / log(2) / np.array([len(each.tune or "") for each in complete])
    random = np.random.default_rng(0)
    groups = [random.choice(len(complete), CANDIDATES, replace=False) for _ in range(_GROUPS)]
    chosen = [group[choose(weights[group], random.random())] for group in groups]
    return ConstraintCost(
        bits=float(bits.mean()),
        bits_chosen=float(bits[chosen].mean()),
        candidates=CANDIDATES,
        effective_size=_mean_effective_size(weights, groups),
    )


def _mean_effective_size(
    weights: NDArray[np.float64], groups: Sequence[NDArray[np.int64]]
) -> float:
    return float(np.mean([effective_size(weights[group]) for group in groups]))
