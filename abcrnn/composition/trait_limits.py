"""Limits on how many accepted tunes have a trait, such as an end off the tonic.

A network that samples character by character has some traits more often than the tunes it
was trained on: its small deviations add up. A tune that would raise the share of a trait
among the accepted tunes above its share in the training tunes is refused.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from abcrnn.composition.requests import Requests
from abcrnn.evaluation.metric_distributions import MetricDistributions, classes_of
from abcrnn.evaluation.tune_metrics import TuneMetrics

#: Tunes are refused for a trait at most this often for each accepted tune.
_REFUSALS = 2


OFF_TONIC = "ends off the tonic"

#: By the name of a trait: the kind of metric, and whether a class of it has the trait.
_TRAITS: dict[str, tuple[str, Callable[[int], bool]]] = {
    OFF_TONIC: ("ending", lambda number: number > 0),
    "leaps over an octave": ("leaps", lambda number: number > 0),
    "no bar returns": ("returning", lambda number: number == 0),
}


def traits_of(metrics: TuneMetrics) -> dict[str, bool]:
    """Return which of the limited traits a tune has.

    Parameters
    ----------
    metrics : TuneMetrics

    Returns
    -------
    dict of str to bool
        By the name of the trait. A trait that does not apply is left out, such as the
        ending of a tune without a tonic.
    """
    classes = classes_of(metrics)
    return {
        name: has_trait(classes[kind])
        for name, (kind, has_trait) in _TRAITS.items()
        if kind in classes
    }


def training_shares(distributions: MetricDistributions) -> dict[str, float]:
    """Return the share of the training tunes that have each limited trait.

    Parameters
    ----------
    distributions : MetricDistributions

    Returns
    -------
    dict of str to float
        A trait that was measured for no tune is left out.
    """
    shares = {}
    for name, (kind, has_trait) in _TRAITS.items():
        counts = distributions.to_dict()[kind]
        if sum(counts):
            having = sum(count for number, count in enumerate(counts) if has_trait(number))
            shares[name] = having / sum(counts)
    return shares


class TraitLimits:
    """Limits the share of traits among accepted tunes.

    Among the first n accepted tunes at most ``floor(n * share + offset)`` have a trait. The
    offset, from 0 to 1, is random, so that the expected number is n times the share for
    every n (systematic sampling; Madow and Madow, 1944).

    Parameters
    ----------
    shares : mapping of str to float
        Greatest share of each trait, from 0 to 1.
    seed : int
        Seed of the offsets.
    """

    def __init__(self, shares: Mapping[str, float], seed: int) -> None:
        self._shares = dict(shares)
        self._offsets = {
            name: random.Random(f"{seed} {name}").random()  # noqa: S311
            for name in shares
        }
        self._having: Counter[str] = Counter()
        self._accepted = self._refused = 0

    def refusal(self, traits: Mapping[str, bool]) -> str | None:
        """Return the trait for which a tune is refused; None if it keeps the limits.

        Call it once for each tune that is otherwise acceptable. To bound the work, it
        refuses at most two tunes for each accepted one.

        Parameters
        ----------
        traits : mapping of str to bool
        """
        for name, share in self._shares.items():
            most = math.floor((self._accepted + 1) * share + self._offsets[name])
            if traits.get(name) and self._having[name] >= most and self._may_refuse():
                self._refused += 1
                return name
        self._accepted += 1
        self._having.update(name for name, is_so in traits.items() if is_so)
        return None

    def _may_refuse(self) -> bool:
        return self._refused < _REFUSALS * (self._accepted + 1)


def limits_of(model: Any, requests: Requests, seed: int) -> TraitLimits | None:
    """Return the limits for tunes of a model; None if it does not record its training tunes.

    Parameters
    ----------
    model : CharLSTM
    requests : Requests
        A requested ending is not limited.
    seed : int

    Raises
    ------
    ValueError
        If the record is not valid.
    """
    recorded = model.about.get("tune_metrics")
    if recorded is None:
        return None
    shares = training_shares(MetricDistributions(recorded))
    if requests.ending:
        shares.pop(OFF_TONIC, None)
    return TraitLimits(shares, seed)
