"""Comparison of a transposed tune with the original: only its pitches may differ."""

from __future__ import annotations

from collections.abc import Iterator, Set
from fractions import Fraction
from itertools import zip_longest
from typing import NamedTuple

from abcrnn.notation.errors import ABCError
from abcrnn.notation.tune import Event, Tune


def require_shifted(before: Tune, after: Tune, shifts: Set[int] | None) -> None:
    """Raise ABCError if the music differs in more than its pitches, or moves by another shift.

    Parameters
    ----------
    before, after : Tune
        The lines of ``after`` are those of ``before``.
    shifts : set of int, optional
        By how many semitones a note may move; None for any number.
    """
    for old, new in zip_longest(_events(before), _events(after)):
        if old is None or new is None or not _is_at_same_place(old, new):
            line, column = (old.line, old.column) if old else (new.line, 1)
            raise ABCError("the tune would have other notes", line, column)
        moved = {b - a for a, b in zip(_pitches(old), _pitches(new), strict=True)}
        if _sound(old) != _sound(new) or not (shifts is None or moved <= shifts):
            raise ABCError("the notation here would have another meaning", old.line, old.column)


class _Sound(NamedTuple):
    """What transposition keeps of an event; the pitches are compared by their distance."""

    onset: Fraction
    duration: Fraction
    tied: tuple[bool, ...]
    grace_lengths: tuple[Fraction, ...]


def _is_at_same_place(old: Event, new: Event) -> bool:
    """Whether two events are in the same line and have the same number of notes."""
    return old.line == new.line and len(_pitches(old)) == len(_pitches(new))


def _events(tune: Tune) -> Iterator[Event]:
    return (event for bar in tune.bars() for event in bar.events)


def _pitches(event: Event) -> list[int]:
    return [pitch.midi for pitch in (*event.pitches, *(pitch for pitch, _ in event.graces))]


def _sound(event: Event) -> _Sound:
    lengths = tuple(length for _, length in event.graces)
    return _Sound(event.onset, event.duration, event.tied, lengths)
