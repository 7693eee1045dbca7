"""What tunes are made of, counted, and how far apart two such counts are.

Counted is what is written: repeats are not played, ties are joined, grace notes
left out, and of a chord its highest note stands for it, as the ear takes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Any

from abcrnn.notation import ABCError, Bar, Tune, Voice, read_tune


def distributions(tunes: Iterable[str]) -> dict[str, Counter[Any]]:
    """Count what tunes are made of.

    Parameters
    ----------
    tunes : iterable of str
        One that cannot be read (ABCError) is left out; ``"tune length"`` has one
        count for each tune that was read.

    Returns
    -------
    dict of str to Counter
        ``"pitch"``: MIDI numbers. ``"interval"``: semitones from a note to the next
        of its voice, over rests too, upwards positive. ``"note length"``: Fractions
        of a whole note. ``"bar rhythm"``: of each bar that fills its meter, the tuple
        of its lengths, Fractions of a whole note, those of rests negative.
        ``"tune length"``: bars, a short bar counted with the one that completes it.
    """
    kinds = ("pitch", "interval", "note length", "bar rhythm", "tune length")
    found: dict[str, Counter[Any]] = {kind: Counter() for kind in kinds}
    for text in tunes:
        try:
            tune = read_tune(text)
        except ABCError:
            continue
        for voice in tune.voices:
            melody = _melody(voice)
            found["pitch"].update(pitch for pitch, _ in melody)
            found["interval"].update(after - before for (before, _), (after, _) in pairwise(melody))
            found["note length"].update(length for _, length in melody)
            found["bar rhythm"].update(_rhythms(voice))
        found["tune length"][_bars(tune)] += 1
    return found


def distance(a: Counter[Any], b: Counter[Any]) -> float:
    """Measure how far two distributions are apart: their total variation.

    It is the share of one that must be moved to make it the other: 0 where the
    shares are equal, 1 where nothing is in both. One measure serves for numbers
    and for rhythms, which have no order, and it can be read off a picture of the
    shares: half of all the differences. Chance alone keeps small counts apart:
    compare it with the distance of as many real tunes.

    Parameters
    ----------
    a, b : Counter
        An empty one is at 1 from any other, and at 0 from an empty one.

    References
    ----------
    Levin, Peres and Wilmer, Markov Chains and Mixing Times, 2009, proposition 4.2.
    """
    many_a, many_b = a.total(), b.total()
    if not many_a or not many_b:
        return float(many_a != many_b)
    # In whole numbers to the end: equal shares are at 0 and not at some 1e-17.
    apart = sum(abs(a[x] * many_b - b[x] * many_a) for x in a.keys() | b.keys())
    return apart / (2 * many_a * many_b)


def _melody(voice: Voice) -> list[tuple[int, Fraction]]:
    """Return the notes of a voice as written: MIDI number and length, ties joined."""
    notes: list[tuple[int, Fraction]] = []
    held: int | None = None  # the pitch that the note before is tied over at
    for bar in voice.bars:
        for event in bar.events:
            if not event.pitches:
                held = None
                continue
            pitch, tied = max(zip((p.midi for p in event.pitches), event.tied, strict=True))
            if pitch == held:
                notes[-1] = (pitch, notes[-1][1] + event.duration)
            else:
                notes.append((pitch, event.duration))
            held = pitch if tied else None
    return notes


def _rhythms(voice: Voice) -> Iterator[tuple[Fraction, ...]]:
    for bar in voice.bars:
        if bar.length == bar.meter.length:
            yield tuple(e.duration if e.pitches else -e.duration for e in bar.events)


def _bars(tune: Tune) -> int:
    """Count the bars of the longest voice; in a free meter, those that are written."""
    return max((round(sum(map(_share_of_bar, voice.bars))) for voice in tune.voices), default=0)


def _share_of_bar(bar: Bar) -> Fraction:
    return bar.length / bar.meter.length if bar.meter.length else Fraction(1)
