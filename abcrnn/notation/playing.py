"""A tune as played: repeats, endings and parts expanded, ties joined (sections 4.8 to 4.11).

A ``:|`` goes back to the ``|:`` that opened the repeat. Without one it goes back to the end
of the previous repeat (with its endings), to a double bar since then, or to the beginning.
Where the standard does not define the order, it is that of abc2midi.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from abcrnn.notation.errors import ABCError
from abcrnn.notation.tune import Bar, Note, Tune, Voice

# A few characters can request very many; these take a tenth of a second.
_MOST_NOTES = 20_000
_MOST_BARS = 10_000
_MOST_PARTS = 100


def played_bars(voice: Voice, parts: str = "") -> Iterator[Bar]:
    """Yield the bars of a voice in the order they are played.

    Parameters
    ----------
    voice : Voice
    parts : str
        Order of the parts, as in :class:`Tune`.

    Raises
    ------
    ABCError
        If there are too many.
    """
    count = 0
    for section in _in_order(voice.bars, parts):
        for bar in _with_repeats(section):
            count += 1
            if count > _MOST_BARS:
                raise ABCError(f"repeats make more than {_MOST_BARS} bars", bar.line, bar.column)
            yield bar


def played_notes(tune: Tune, voice: Voice) -> list[Note]:
    """Return the notes of a voice as played, ties joined, in the order of their onsets.

    Parameters
    ----------
    tune : Tune
    voice : Voice
        A voice of the tune.

    Returns
    -------
    list of Note

    Raises
    ------
    ABCError
        If there are too many.
    """
    notes: list[Note] = []
    held: dict[int, int] = {}  # pitch tied over -> index of its note
    now = Fraction(0)
    for bar in played_bars(voice, tune.parts):
        for event in bar.events:
            still_held: dict[int, int] = {}
            for pitch, tied in zip(event.pitches, event.tied, strict=True):
                sounding = pitch.midi + event.transpose
                index = held.get(sounding)
                if index is None:
                    index = len(notes)
                    notes.append(Note(now, event.duration, sounding))
                else:
                    notes[index] = notes[index]._replace(
                        duration=now + event.duration - notes[index].onset
                    )
                if tied:
                    still_held[sounding] = index
            held = still_held
            now += event.duration
        if len(notes) > _MOST_NOTES:
            raise ABCError(f"repeats make more than {_MOST_NOTES} notes", bar.line, bar.column)
    return notes


def _in_order(bars: Sequence[Bar], parts: str) -> Iterator[Sequence[Bar]]:
    """Yield the parts in the order of the header's P:, or all bars as written."""
    starts = [n for n, bar in enumerate(bars) if bar.part]
    order = expand_parts(parts)
    if not starts or len(order) < 2:
        yield bars
        return
    ends = [*starts[1:], len(bars)]
    named = {bars[start].part: bars[start:end] for start, end in zip(starts, ends, strict=True)}
    if starts[0] > 0:
        yield bars[: starts[0]]
    for name in order:
        if name in named:
            yield named[name]


def expand_parts(parts: str) -> str:
    """Return the order of parts in full: ``A(BC)2.A`` is ``ABCBCA`` (section 3.1.9).

    Raises
    ------
    ABCError
        If there are more than 100 parts.
    """
    text = re.sub(r"[^A-Za-z0-9()]", "", parts)
    group = re.compile(r"\(([A-Za-z]*)\)(\d{0,2})|([A-Za-z])(\d{1,2})")
    count = 1
    while count and len(text) <= _MOST_PARTS:
        text, count = group.subn(lambda m: (m[1] or m[3] or "") * int(m[2] or m[4] or 1), text)
    if len(text) > _MOST_PARTS:
        raise ABCError(f"the order of parts P:{parts[:20]}... has more than {_MOST_PARTS} parts")
    return re.sub(r"[^A-Za-z]", "", text)


def _with_repeats(bars: Sequence[Bar]) -> Iterator[Bar]:
    starts = _repeat_starts(bars)
    back = 0  # index of the bar that :| goes back to
    turn, last_turn = 1, 2  # current and last time through the repeat
    expected = False  # whether a :| is still to come
    index = 0
    while index < len(bars):
        bar = bars[index]
        if index in starts and not (index == back and turn > 1):
            back, turn, last_turn, expected = index, 1, 2, True
        if bar.ending:
            if (turn if expected or turn > 1 else 1) not in bar.ending:
                index = _after_ending(bars, index)
                continue
            last_turn = max(last_turn, turn + 1) if last_turn < 4 else last_turn
        yield bar
        index += 1
        turns = max(last_turn, bar.repeats + 1)
        if bar.repeats and ((turn == 1 and expected) or 1 < turn < turns):
            turn, index, expected = turn + 1, back, False


def _repeat_starts(bars: Sequence[Bar]) -> set[int]:
    """Return the indices of the bars that a ``:|`` goes back to, with or without ``|:``."""
    starts = set()
    is_open = False  # whether a |: waits for its :|
    point = 0  # where a :| without |: goes back to
    endings = False
    first_close = next((n for n, bar in enumerate(bars) if bar.repeats), len(bars))
    if not any(bar.begins_repeat for bar in bars[: first_close + 1]) and first_close < len(bars):
        starts.add(0)
        is_open = True
    for index, bar in enumerate(bars):
        if bar.begins_repeat:
            starts.add(index)
            is_open = True
        if bar.ending:
            if not endings and not is_open:
                starts.add(point)
            endings = True
        if bar.repeats:
            if not is_open and not endings:
                starts.add(point)
            is_open = False
        if _is_double(bar):
            point = index + 1
    return starts


def _is_double(bar: Bar) -> bool:
    return bar.closes not in ("", "|")


def _after_ending(bars: Sequence[Bar], index: int) -> int:
    """Return the first bar after the ending that begins at ``index``."""
    for later in range(index + 1, len(bars)):
        if bars[later].ending or _is_double(bars[later - 1]):
            return later
    return len(bars)
