"""What is measured on the tunes of a model, and on real tunes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from abcrnn.composition.acceptance import has_loop
from abcrnn.data.corpus import Corpus
from abcrnn.data.novelty import NoveltyIndex
from abcrnn.evaluation.bootstrap import interval, resampled_ratios
from abcrnn.evaluation.distributions import distance, distributions
from abcrnn.evaluation.tune_metrics import TuneMetrics, measure_all, summarize
from abcrnn.notation import ABCError, read_tune

_RESAMPLES = 2000
_MOST_COPIED = 4  # bars, as in compose
_WITH_INTERVAL = ("returning", "returning_rhythms")

Figures = dict[str, Any]


class Reference:
    """The training tunes that tunes are compared with.

    Parameters
    ----------
    corpus : Corpus
    """

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self._index = NoveltyIndex(corpus.tunes)
        self._counts = distributions(corpus.tunes)

    def figures(self, tunes: Sequence[str]) -> Figures:
        """Return all measurements of tunes.

        Parameters
        ----------
        tunes : sequence of str
            Generated or held-out tunes; those that cannot be read are left out.

        Returns
        -------
        dict
            ``metrics``: as in :class:`abcrnn.evaluation.tune_metrics.MetricSummary`.
            ``intervals``: 95 % intervals of ``returning`` and ``returning_rhythms``, by
            resampling tunes. ``loops``: share of the tunes that ``compose`` refuses because
            of a loop. ``copied``: for the longest run shared with a training tune, the median
            and 90th percentile in bars, and the share of the tunes with more than four bars;
            ``known_grams`` is the share of known runs of 6 notes. ``distances``: of the
            distributions, as on the model card.
        """
        readable = [tune for tune in tunes if _can_be_read(tune)]
        metrics = measure_all(readable)
        novelties = [self._index.compare(tune) for tune in readable]
        bars = [novelty.bars for novelty in novelties]
        counts = distributions(readable)
        return {
            "metrics": asdict(summarize(metrics)),
            "intervals": {name: _interval(metrics, name) for name in _WITH_INTERVAL},
            "loops": float(np.mean([has_loop(read_tune(tune)) for tune in readable])),
            "copied": {
                "median": float(np.median(bars)),
                "percentile_90": float(np.percentile(bars, 90)),
                "above_four_bars": float(np.mean([length > _MOST_COPIED for length in bars])),
                "known_grams": float(np.mean([novelty.known_share for novelty in novelties])),
            },
            "distances": {kind: distance(counts[kind], self._counts[kind]) for kind in counts},
        }


def value_of(figures: Figures, keys: Sequence[str]) -> Any:
    """Return a number of the figures, to which the keys lead."""
    value: Any = figures
    for key in keys:
        value = value[key]
    return value


def _can_be_read(tune: str) -> bool:
    try:
        return any(bar.events for bar in read_tune(tune).bars())
    except ABCError:
        return False


def _interval(metrics: Sequence[TuneMetrics], name: str) -> tuple[float, float] | None:
    """Return the 95 % interval of the share of all full bars that return."""
    with_bars = [each for each in metrics if each.full_bars]
    if not with_bars:
        return None
    part = np.array([[getattr(each, name) for each in with_bars]], np.float64)
    whole = np.array([[each.full_bars for each in with_bars]])
    return interval(resampled_ratios(part, whole, _RESAMPLES, seed=0)[0])
