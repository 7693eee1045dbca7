"""The constraint under which tunes with given requests are sampled.

A constraint that forbids the end of a tune, or of a section, makes a model continue until it
happens to meet a request, so tunes become much longer. Requests of this kind are therefore
completed or left to :class:`abcrnn.composition.acceptance.Acceptance`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from abcrnn.composition.requests import Requests, constraint_for
from abcrnn.data.store import BOUNDARY
from abcrnn.evaluation.metric_distributions import MetricDistributions
from abcrnn.grammar.transition_tables import TransitionTables

_BARS_OF_SECTION = 8  # with a model that does not record the length of its training tunes


def sampling_constraint_for(
    model: Any, requests: Requests, prompt: str, max_length: int
) -> TransitionTables:
    """Return the constraint under which tunes with the requests are sampled.

    With a form and no number of bars, the sections are equally long, and the tune has the
    number of bars that is the most frequent among the training tunes, if the prompt and the
    maximum length allow it. An ending is part of the constraint only with a number of bars.

    Parameters
    ----------
    model : SequenceModel
        With a ``vocabulary``, and ``about``.
    requests : Requests
    prompt : str
        The beginning of the tune.
    max_length : int
        Maximum length of a tune, in characters.

    Returns
    -------
    TransitionTables

    Raises
    ------
    ValueError
        If no such tune can be written with the characters of the model, or the model has an
        invalid record of its training tunes.
    """
    if requests.form and requests.bars is None:
        with_bars = replace(requests, bars=usual_bars(model, requests))
        constraint = constraint_for(model, with_bars)
        prefix = constraint.read_prefix(prompt)
        least = len(prompt) + constraint.length_to_end(prefix) - len(BOUNDARY)
        if prefix.length == len(prompt) and least <= max_length:
            return constraint
    if requests.bars is None:
        requests = replace(requests, ending=None)
    return constraint_for(model, requests)


def usual_bars(model: Any, requests: Requests) -> int:
    """Return the most frequent number of bars of training tunes that sections of a form divide.

    Parameters
    ----------
    model : SequenceModel
        With ``about``. If it does not record its training tunes, a section has 8 bars.
    requests : Requests
        With a form.

    Returns
    -------
    int
    """
    sections = len(requests.sections())
    recorded = getattr(model, "about", {}).get("tune_metrics")
    if recorded is not None:
        counts = MetricDistributions(recorded).to_dict()["bars"][:-1]  # the last is "more bars"
        multiples = range(sections, len(counts), sections)
        most_frequent = max(multiples, key=lambda bars: (counts[bars], -bars))
        if counts[most_frequent]:
            return most_frequent
    return _BARS_OF_SECTION * sections
