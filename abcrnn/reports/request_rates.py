"""Orders obeyed: what is usual in a corpus, how it is drawn, and how many tunes are so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from abcrnn.composition.requests import RANGES, Orders, bars_of, form_of
from abcrnn.notation import ABCError, Tune, read_tune

_MOST_BARS = 32  # for an order of what is usual, which has to be drawn within a cap
_LEAST_SHARE = 0.2  # of the tunes that are alike so far: what fewer have is not usual


@dataclass(frozen=True)
class Obeyed:
    """How many of so many tunes keep to orders: to all of them, and to each by name."""

    tunes: int
    all: int
    each: dict[str, int]


@dataclass(frozen=True)
class Obedience:
    """Orders, and who keeps to them.

    Parameters
    ----------
    orders : dict
        Those given, by name.
    drawn : Obeyed
        Tunes drawn to these orders.
    unseen : Obeyed
        Real tunes, which know nothing of them: so much comes by itself.
    """

    orders: dict[str, Any]
    drawn: Obeyed
    unseen: Obeyed


def obeyed(orders: Orders, tunes: Sequence[str], many: int) -> Obeyed:
    """Count the tunes that keep to orders, as the reader finds them.

    Parameters
    ----------
    orders : Orders
    tunes : sequence of str
        One that cannot be read keeps to none.
    many : int
        How many there were to be; those that are missing keep to none either.
    """
    given = [name for name, value in orders.as_dict().items() if value is not None]
    broken: list[list[str]] = []
    for tune in tunes:
        try:
            broken.append(orders.disobeyed(tune))
        except ABCError:
            broken.append(given)
    each = {name: sum(name not in names for names in broken) for name in given}
    return Obeyed(many, sum(not names for names in broken), each)


def usual_orders(tunes: Sequence[str]) -> Orders:
    """Return what is usual in a corpus: meter, bars and form, key, rhythm and range.

    Each is the commonest among the tunes that keep to those before it, so that they
    go together. What fewer than one in five of these have is left out, and so is what
    cannot be ordered.
    """
    orders, left = Orders(), list(_with_music(tunes))
    for describe in _DESCRIBED:
        votes = [(text, tune, _ask(orders, text, describe(tune))) for text, tune in left]
        counts = Counter(asked for _, _, asked in votes if asked)
        for commonest, many in counts.most_common(1):
            if many >= _LEAST_SHARE * len(left):
                orders = commonest
                left = [(text, tune) for text, tune, asked in votes if asked == orders]
    return orders


def _with_music(tunes: Sequence[str]) -> Iterator[tuple[str, Tune]]:
    for text in tunes:
        try:
            tune = read_tune(text)
        except ABCError:
            continue
        if any(bar.events for bar in tune.bars()):
            yield text, tune


def _ask(orders: Orders, text: str, more: dict[str, Any]) -> Orders | None:
    """Add to orders what describes a tune; None if that cannot be ordered, or is not all true."""
    try:
        asked = replace(orders, **more)
    except ValueError:
        return None
    return asked if more and not asked.disobeyed(text) else None


def _shape(tune: Tune) -> dict[str, Any]:
    bars = bars_of(tune)
    return {"bars": bars, "form": form_of(tune)} if bars <= _MOST_BARS else {}


def _rhythm(tune: Tune) -> dict[str, Any]:
    rhythm = tune.field("R")
    return {"rhythm": rhythm} if rhythm else {}


def _pitches(tune: Tune) -> dict[str, Any]:
    """Name the narrowest range that holds a tune."""
    ranges = [Orders(pitches=name) for name in RANGES]
    fits = [orders for orders in ranges if orders.in_range(tune)]
    narrowest = min(fits, key=lambda orders: len(orders.range()), default=None)
    return {"pitches": narrowest.pitches} if narrowest else {}


_DESCRIBED: tuple[Callable[[Tune], dict[str, Any]], ...] = (
    lambda tune: {"meter": tune.field("M")},
    _shape,
    lambda tune: {"key": tune.field("K")},
    _rhythm,
    _pitches,
)
