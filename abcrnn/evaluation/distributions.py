"""Distributions of pitches, intervals, note lengths, rhythms and tune lengths.

Tunes are counted as written; notes are those of the melody
(:mod:`abcrnn.notation.melody`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Any

from abcrnn.notation import ABCError, Bar, Tune, Voice, read_tune
from abcrnn.notation.melody import melody


def distributions(tunes: Iterable[str]) -> dict[str, Counter[Any]]:
    """Count the pitches, intervals, note lengths, bar rhythms and lengths of tunes.

    Parameters
    ----------
    tunes : iterable of str
        Tunes that cannot be read (ABCError) are left out; the total of
        ``"tune length"`` is the number of tunes that were read.

    Returns
    -------
    dict of str to Counter
        ``"pitch"``: MIDI numbers. ``"interval"``: semitones from a note to the next
        in its voice, also across rests; upwards positive. ``"note length"``: Fractions
        of a whole note. ``"bar rhythm"``: for each bar that fills its meter, the tuple
        of the lengths in it, Fractions of a whole note, negative for rests.
        ``"tune length"``: numbers of bars; a pickup and the short bar that completes
        it count as one.
    """
    kinds = ("pitch", "interval", "note length", "bar rhythm", "tune length")
    counts: dict[str, Counter[Any]] = {kind: Counter() for kind in kinds}
    for text in tunes:
        try:
            tune = read_tune(text)
        except ABCError:
            continue
        for voice in tune.voices:
            notes = melody(voice)
            counts["pitch"].update(note.pitch for note in notes)
            counts["interval"].update(
                after.pitch - before.pitch for before, after in pairwise(notes)
            )
            counts["note length"].update(note.duration for note in notes)
            counts["bar rhythm"].update(_rhythms(voice))
        counts["tune length"][length_in_bars(tune)] += 1
    return counts


def distance(a: Counter[Any], b: Counter[Any]) -> float:
    """Return the total variation distance of two distributions.

    It is the share of one distribution that has to be moved to obtain the other: 0
    if the shares are equal, 1 if no value occurs in both. It applies to numbers and to
    rhythms, which have no order, and equals half the sum of the differences of the
    shares. Small samples differ by chance: compare the distance with that of a sample
    of real tunes of the same size.

    Parameters
    ----------
    a, b : Counter

    Returns
    -------
    float
        From 0 to 1. An empty distribution is at 1 from any other and at 0 from an
        empty one.

    References
    ----------
    Levin, Peres and Wilmer, Markov Chains and Mixing Times, 2009, proposition 4.2.
    """
    total_a, total_b = a.total(), b.total()
    if not total_a or not total_b:
        return float(total_a != total_b)
    # In integers up to the last step, so that equal shares give exactly 0.
    difference = sum(abs(a[x] * total_b - b[x] * total_a) for x in a.keys() | b.keys())
    return difference / (2 * total_a * total_b)


def _rhythms(voice: Voice) -> Iterator[tuple[Fraction, ...]]:
    for bar in voice.bars:
        if bar.length == bar.meter.length:
            yield tuple(e.duration if e.pitches else -e.duration for e in bar.events)


def length_in_bars(tune: Tune) -> int:
    """Return the number of bars of the longest voice; in free meter, of bars as written."""
    return max((round(sum(map(_share_of_bar, voice.bars))) for voice in tune.voices), default=0)


def _share_of_bar(bar: Bar) -> Fraction:
    return bar.length / bar.meter.length if bar.meter.length else Fraction(1)
