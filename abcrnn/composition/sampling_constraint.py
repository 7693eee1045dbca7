"""The constraint under which tunes with given requests are sampled.

It differs from what the requests allow where a model would not find the way by itself: forced
to end on a note it writes some short notes that lead there, and forced to end a section it
continues until it happens to write the repeat.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from abcrnn.composition.requests import Requests, constraint_for
from abcrnn.grammar.transition_tables import TransitionTables

#: Bars of a section for which no number is requested: the first that leaves enough room.
_BARS_OF_SECTION = (8, 4, 2, 1)
_ROOM_FOR_BAR = 16  # characters; bars of real tunes need about 9


def sampling_constraint_for(
    model: Any, requests: Requests, prompt: str, max_length: int
) -> TransitionTables:
    """Return the constraint under which tunes with the requests are sampled.

    A requested ending is not part of it:
    :class:`abcrnn.composition.acceptance.Acceptance` refuses tunes with another one. With a
    form and no number of bars, each section has 8 bars, or fewer if the maximum length leaves
    no room for them, unless the tune begins with a longer section.

    Parameters
    ----------
    model : SequenceModel
        With a ``vocabulary``.
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
        If no such tune can be written with the characters of the model.
    """
    requests = replace(requests, ending=None)
    bars = _usual_bars(requests, max_length - len(prompt))
    if bars:
        constraint = constraint_for(model, replace(requests, bars=bars))
        if constraint.read_prefix(prompt).length == len(prompt):
            return constraint
    return constraint_for(model, requests)


def _usual_bars(requests: Requests, room: int) -> int | None:
    """Return the number of bars of a tune with a form; None if any number will do."""
    if requests.form is None or requests.bars is not None:
        return None
    sections = len(requests.sections())
    numbers = (sections * bars for bars in _BARS_OF_SECTION)
    return next((bars for bars in numbers if bars * _ROOM_FOR_BAR <= room), None)
