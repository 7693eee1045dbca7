"""Number of bars and form (such as ``AABB``) of a tune, as a player counts them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

from abcrnn.notation import Bar, Tune, Voice
from abcrnn.notation.playing import played_bars


class Section(NamedTuple):
    """Number of bars of a section, and whether it is repeated."""

    bars: int
    repeated: bool


def count_bars(tune: Tune) -> int:
    """Return the number of bars of a tune as written.

    A repeat counts once, each ending counts, and a pickup counts together with the
    short bar that completes it.
    """
    return sum(section.bars for section in split_sections(tune))


def form_of(tune: Tune) -> str:
    """Return the form of a tune: a letter for each section, doubled if it is repeated."""
    letters = zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ" * 20, split_sections(tune), strict=False)
    return "".join(letter * (1 + section.repeated) for letter, section in letters)


def split_sections(tune: Tune) -> list[Section]:
    """Split the first voice into sections at double bar lines and repeats.

    A double bar line within a repeated passage does not begin a section.
    """
    return list(_sections(tune.voices[0])) if tune.voices else []


def _sections(voice: Voice) -> Iterator[Section]:
    bars = voice.bars
    targets, inner = _repeats(voice) if bars else (set(), set())
    count, repeated, counted, before = 0, False, True, None
    for index, (bar, following) in enumerate(itertools.zip_longest(bars, bars[1:])):
        completes = before is not None and counted and _completes(before, bar)
        counted = not (_is_short(bar) and (before is None or completes))
        count, repeated, before = count + counted, repeated or index in targets, bar
        ends = following and (bar.closes not in ("", "|") or following.begins_repeat)
        is_inner = index in inner or (following and following.ending)
        # A pickup before |: belongs to the section that it leads into.
        if following is None or (ends and count and not is_inner):
            yield Section(count, repeated)
            count, repeated = 0, False


def _repeats(voice: Voice) -> tuple[set[int], set[int]]:
    """Return the indices of bars that a repeat returns to, and of bars within a repeat."""
    indices = {id(bar): index for index, bar in enumerate(voice.bars)}
    played = [indices[id(bar)] for bar in played_bars(voice)]
    jumps = [(target, source) for source, target in itertools.pairwise(played) if target <= source]
    targets = {target for target, _ in jumps}
    return targets, {index for target, source in jumps for index in range(target, source)}


def _completes(before: Bar, bar: Bar) -> bool:
    """Whether a bar is the rest of the short bar before it, across more than a bar line."""
    return _is_short(before) and (before.closes == "" or (before.closes != "|" and not bar.ending))


def _is_short(bar: Bar) -> bool:
    return bar.meter.length is not None and bar.length < bar.meter.length
