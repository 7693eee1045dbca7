"""The score of a tune and its player, as HTML."""

from __future__ import annotations

import threading
from functools import lru_cache
from itertools import chain
from typing import Any

from abcrnn.export.html.engraving import engrave
from abcrnn.export.html.fragment import tune_fragment
from abcrnn.export.note_ids import note_ids
from abcrnn.notation import ABCError, Tune, read_tune

# Each score is drawn by a process of its own.
_drawing = threading.BoundedSemaphore(2)


@lru_cache(maxsize=128)  # going back and forward shows the same scores again
def score_of(text: str, number: int) -> dict[str, Any]:
    """Return the score of a tune with its player.

    Parameters
    ----------
    text : str
        One tune.
    number : int
        Unique in the page; begins the ids of the elements.

    Returns
    -------
    dict
        ``html``; and ``bars``, the ids of the notes of each bar as written, empty if the tune
        has several voices.
    """
    with _drawing:
        score = engrave([text], [f"t{number}"])[0]
    return {"html": tune_fragment(text, score, number).html, "bars": _notes_of_bars(text, number)}


def _notes_of_bars(text: str, number: int) -> list[list[str]]:
    try:
        tune = read_tune(text)
    except ABCError:
        return []
    return _ids_of_bars(tune, f"t{number}") if len(tune.voices) == 1 else []


def _ids_of_bars(tune: Tune, prefix: str) -> list[list[str]]:
    ids = note_ids(tune)
    return [
        [
            prefix + name
            for event in ids.get(id(bar), [])
            for name in chain(event.graces, *event.pitches)
        ]
        for bar in tune.voices[0].bars
    ]
