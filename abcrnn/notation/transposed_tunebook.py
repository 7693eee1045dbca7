"""A tunebook with every tune transposed; all other text stays unchanged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import NamedTuple

from abcrnn.notation.errors import ABCError
from abcrnn.notation.movements import Movement, movement_to
from abcrnn.notation.reader import read_tune
from abcrnn.notation.transposition import Mover
from abcrnn.notation.tune import Event, Tune
from abcrnn.notation.tunebook_edits import BookTune, EditedBook, edit_tunebook


def transpose_tunebook(
    text: str, semitones: int | None = None, to: str | None = None
) -> EditedBook:
    """Transpose every tune of a tunebook.

    Every transposed tune is parsed again and compared with the original. A tune that cannot be
    transposed is reported and keeps its text.

    Parameters
    ----------
    text : str
        With any line ends.
    semitones : int, optional
    to : str, optional
        One of them; see :func:`abcrnn.transpose`.
    """

    def movement_of(tune: str) -> Movement:
        return movement_to(tune, to) if to is not None else Movement(semitones or 0)

    return edit_tunebook(text, lambda tune: _transposed(tune, movement_of), "transposed")


def _transposed(tune: BookTune, movement_of: Callable[[str], Movement]) -> str:
    before, settings = tune.with_settings(tune.text)
    original = read_tune(before)
    mover = Mover(movement_of(before))
    after = mover.move(before)
    shifts = {mover.semitones, 0} if mover.has_percussion else {mover.semitones}
    _require_shifted(original, read_tune(after), shifts)
    lines = enumerate(after.split("\n"), start=1)
    return tune.with_line_ends("\n".join(line for number, line in lines if number not in settings))


class _Sound(NamedTuple):
    """What transposition keeps of an event; the pitches are compared by their distance."""

    onset: Fraction
    duration: Fraction
    tied: tuple[bool, ...]
    grace_lengths: tuple[Fraction, ...]


def _require_shifted(before: Tune, after: Tune, shifts: set[int]) -> None:
    """Raise ABCError if the music differs in more than its pitches, or moves by another shift."""
    if not _same_size(before, after):
        raise ABCError("the tune would have other notes", 1, 1)
    for old, new in zip(_events(before), _events(after), strict=True):
        moved = {b - a for a, b in zip(_pitches(old), _pitches(new), strict=True)}
        if _sound(old) != _sound(new) or not moved <= shifts:
            raise ABCError("the notation here would have another meaning", old.line, old.column)


def _same_size(before: Tune, after: Tune) -> bool:
    sizes = [[len(_pitches(event)) for event in _events(tune)] for tune in (before, after)]
    return sizes[0] == sizes[1]


def _events(tune: Tune) -> Iterator[Event]:
    return (event for bar in tune.bars() for event in bar.events)


def _pitches(event: Event) -> list[int]:
    return [pitch.midi for pitch in (*event.pitches, *(pitch for pitch, _ in event.graces))]


def _sound(event: Event) -> _Sound:
    lengths = tuple(length for _, length in event.graces)
    return _Sound(event.onset, event.duration, event.tied, lengths)
