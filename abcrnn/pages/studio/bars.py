"""The bars of a tune as written, and which of them a step changed."""

from __future__ import annotations

from typing import NamedTuple

from abcrnn.evaluation.surprise import bar_spans
from abcrnn.notation import ABCError, read_tune


class WrittenBar(NamedTuple):
    """A bar as written.

    Parameters
    ----------
    number : int
        From 1; a pickup is bar 0. As in :func:`abcrnn.rewrite`.
    begin, end : int
        Where its text begins and ends in the tune.
    text : str
        With the bar line that ends it.
    """

    number: int
    begin: int
    end: int
    text: str


def written_bars(tune: str) -> list[WrittenBar]:
    r"""Return the bars of a tune; an empty list if they cannot be read.

    Examples
    --------
    >>> [bar.text for bar in written_bars("X:1\nM:2/4\nK:C\nC|DE FG|A4|]")]
    ['C|', 'DE FG|', 'A4|]']
    >>> written_bars("X:1\nM:2/4\nK:C\nC|DE FG|A4|]")[0].number
    0
    """
    try:
        spans = list(bar_spans(tune))
        first = 0 if _has_pickup(tune) else 1
    except ABCError:
        return []
    return [
        WrittenBar(number, begin, end, tune[begin:end])
        for number, (begin, end) in enumerate(spans, start=first)
    ]


def first_number(bars: list[WrittenBar]) -> int:
    """Return the number of the first bar: 0 if the tune has a pickup."""
    return bars[0].number if bars else 1


def changed_bars(before: str, after: str) -> list[int]:
    r"""Return the numbers of the bars of a tune that are not as in the tune before.

    They are the bars between those that both tunes begin with and those that both end with.

    Examples
    --------
    >>> header = "X:1\nM:2/4\nL:1/8\nK:C\n"
    >>> changed_bars(header + "C4|D4|E4|F4|]", header + "C4|G4|E4|F4|]")
    [2]
    """
    old, new = written_bars(before), written_bars(after)
    texts = [bar.text.split() for bar in old]
    least = min(len(old), len(new))
    same = 0
    while same < least and new[same].text.split() == texts[same]:
        same += 1
    rest = 0
    while rest < least - same and new[-1 - rest].text.split() == texts[-1 - rest]:
        rest += 1
    return [bar.number for bar in new[same : len(new) - rest]]


def _has_pickup(tune: str) -> bool:
    voices = read_tune(tune).voices
    if not voices or not voices[0].bars:
        return False
    opening = voices[0].bars[0]
    whole = opening.meter.length
    return whole is not None and opening.length < whole
