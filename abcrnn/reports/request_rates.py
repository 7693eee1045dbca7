"""Rates at which tunes match requests: all of them, and each by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from abcrnn.composition.pitch_range import RANGES, is_in_range
from abcrnn.composition.request_checks import unmet_requests
from abcrnn.composition.requests import Requests
from abcrnn.composition.tune_form import count_bars, form_of
from abcrnn.notation import ABCError, Tune, read_tune

_MAX_BARS = 32  # of typical requests: longer tunes may exceed the maximum length
_MIN_SHARE = 0.2  # a value that fewer tunes have is not typical


@dataclass(frozen=True)
class MatchCounts:
    """Number of tunes that match requests.

    Parameters
    ----------
    tunes : int
        Number of tunes examined.
    all : int
        Number of tunes that match every request. The name is that in ``card.json``.
    each : dict of str to int
        Number of tunes that match one request, by the name of the request, such as
        ``"key"``.
    """

    tunes: int
    all: int
    each: dict[str, int]


@dataclass(frozen=True)
class RequestRates:
    """Number of tunes that match requests that are typical of a corpus.

    Parameters
    ----------
    requests : dict of str to object
        Values of the requests by name, such as ``{"key": "G", "bars": 16}``.
    generated : MatchCounts
        Counts of tunes generated for these requests.
    held_out : MatchCounts
        Counts of held-out tunes, which match the requests only by chance.
    """

    requests: dict[str, Any]
    generated: MatchCounts
    held_out: MatchCounts


def count_matches(requests: Requests, tunes: Sequence[str], expected: int) -> MatchCounts:
    """Count the tunes that match requests.

    Parameters
    ----------
    requests : Requests
    tunes : sequence of str
        A tune that cannot be read matches no request.
    expected : int
        Number of tunes that were to be generated; missing tunes match no request.

    Returns
    -------
    MatchCounts
        With ``expected`` as the number of tunes.
    """
    given = list(requests.given())
    unmet: list[list[str]] = []
    for tune in tunes:
        try:
            unmet.append(unmet_requests(requests, tune))
        except ABCError:
            unmet.append(given)
    each = {name: sum(name not in names for names in unmet) for name in given}
    return MatchCounts(expected, sum(not names for names in unmet), each)


def typical_requests(tunes: Sequence[str]) -> Requests:
    """Return requests that describe typical tunes of a corpus.

    The properties are chosen in this order: meter, bars and form, key, rhythm, range.
    Each gets the most frequent value among the tunes that match the requests chosen
    before, so that the values occur together. A value that fewer than one in five of
    these tunes have is left out, and so is one that cannot be requested.

    Parameters
    ----------
    tunes : sequence of str
        Tunes that cannot be read, or have no music, are left out.

    Returns
    -------
    Requests
    """
    requests, matching = Requests(), list(_with_music(tunes))
    for describe in _DESCRIPTIONS:
        extended = [
            (text, tune, _extend(requests, text, describe(tune))) for text, tune in matching
        ]
        counts = Counter(candidate for _, _, candidate in extended if candidate)
        for most_frequent, count in counts.most_common(1):
            if count >= _MIN_SHARE * len(matching):
                requests = most_frequent
                matching = [(text, tune) for text, tune, found in extended if found == requests]
    return requests


def _with_music(tunes: Sequence[str]) -> Iterator[tuple[str, Tune]]:
    for text in tunes:
        try:
            tune = read_tune(text)
        except ABCError:
            continue
        if any(bar.events for bar in tune.bars()):
            yield text, tune


def _extend(requests: Requests, text: str, more: dict[str, Any]) -> Requests | None:
    """Add values of a tune to requests; None if they cannot be requested or do not match it."""
    try:
        extended = replace(requests, **more)
    except ValueError:
        return None
    return extended if more and not unmet_requests(extended, text) else None


def _meter(tune: Tune) -> dict[str, Any]:
    return {"meter": tune.field("M")}


def _bars_and_form(tune: Tune) -> dict[str, Any]:
    bars = count_bars(tune)
    return {"bars": bars, "form": form_of(tune)} if bars <= _MAX_BARS else {}


def _key(tune: Tune) -> dict[str, Any]:
    return {"key": tune.field("K")}


def _rhythm(tune: Tune) -> dict[str, Any]:
    rhythm = tune.field("R")
    return {"rhythm": rhythm} if rhythm else {}


def _pitches(tune: Tune) -> dict[str, Any]:
    """Return the narrowest named range that contains the tune."""
    fitting = [name for name in RANGES if is_in_range(tune, name)]
    narrowest = min(fitting, key=lambda name: len(Requests(pitches=name).notes()), default=None)
    return {"pitches": narrowest} if narrowest else {}


_DESCRIPTIONS: tuple[Callable[[Tune], dict[str, Any]], ...] = (
    _meter,
    _bars_and_form,
    _key,
    _rhythm,
    _pitches,
)
