"""Problems of repeats, endings and the order of parts (sections 3.1.9 and 4.8 to 4.10)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from abcrnn.notation.parts import order_of, part_name, parts_in_order
from abcrnn.notation.repeats import Section, is_double, split_sections
from abcrnn.notation.tune import Bar, Problem, Tune, Voice


def repeat_problems(tune: Tune, voice: Voice) -> Iterator[Problem]:
    """Yield repeats and endings of a voice that do not pair."""
    seen: set[int] = set()
    for bars in parts_in_order(voice.bars, tune.parts):
        if id(bars[0]) not in seen:  # a part may be played several times
            seen.add(id(bars[0]))
            for section in split_sections(bars):
                yield from _open_repeat(bars, section)
                if section.endings:
                    yield from _ending_problems(bars, section)


def order_problems(tune: Tune) -> Iterator[Problem]:
    """Yield the header's ``P:`` if it cannot be followed, or not completely."""
    marks = [bar.part for bar in tune.bars()]
    order = order_of(tune.parts, marks)
    line, column = tune.parts_position
    how = "" if order.names else "; the tune is played as written"
    if order.missing:
        names = ", ".join(order.missing)
        message = f"P:{tune.parts} names parts that the tune does not mark with P: ({names}){how}"
        yield Problem(line, column, "part", message)
    elif tune.parts and not order.names:
        letters = {part_name(mark) for mark in marks} - {""}
        if part_name(tune.parts) in letters and len(letters) > 1:
            message = f"P:{tune.parts} orders one part of {len(letters)}{how}"
            yield Problem(line, column, "part", message)
        elif len({mark for mark in marks if mark}) > 1:
            message = f"P:{tune.parts} is not an order of the parts that the tune marks{how}"
            yield Problem(line, column, "part", message)


def unplayed_bars(tune: Tune, voice: Voice, played: Iterable[Bar]) -> Iterator[Problem]:
    """Yield each run of bars with notes that are never played."""
    heard = {id(bar) for bar in played}
    part, before = "", True
    for bar in voice.bars:
        part = bar.part or part
        has_notes = any(event.pitches for event in bar.events)
        if before and has_notes and id(bar) not in heard:
            name = f"part {part}" if part else "this music"
            message = f"{name} is never played in the order P:{tune.parts}"
            yield Problem(bar.line, bar.column, "part", message)
        before = id(bar) in heard or bool(bar.part)


def _open_repeat(bars: Sequence[Bar], section: Section) -> Iterator[Problem]:
    """Yield a ``|:`` that no ``:|`` closes."""
    passage = bars[section.start : section.end]
    if section.is_open and not any(bar.repeats for bar in passage):
        opened = passage[0]
        yield Problem(opened.line, opened.column, "repeat", "|: is not closed by :|")


def _ending_problems(bars: Sequence[Bar], section: Section) -> Iterator[Problem]:
    endings = section.endings
    first, last = endings[0], endings[-1]
    numbers = [number for ending in endings for number in sorted(ending.numbers)]
    if numbers == [1]:
        yield _problem(bars[first.start], "the first ending has no second ending")
        return
    expected = list(range(1, len(numbers) + 1))
    if sorted(numbers) != expected:
        written = ", ".join(map(str, numbers[:20]))
        message = f"the endings have the numbers {written} instead of 1 to {len(numbers)}"
        if len(numbers) == 1:
            message = f"ending {written} has no first ending"
        yield _problem(bars[first.start], message)
    elif [min(ending.numbers) for ending in endings] != sorted(min(e.numbers) for e in endings):
        yield _problem(bars[first.start], "the endings are not in order")
    for ending, after in pairwise(endings):
        if not bars[ending.end - 1].repeats:
            message = f"no :| before ending {min(after.numbers)}"
            yield _problem(bars[after.start], message)
    closing = bars[last.end - 1]
    if closing.repeats and section.passes.index(last) == len(section.passes) - 1:
        yield _problem(bars[last.start], "the last ending is closed by :| and played once")
    if last.end < len(bars) and not is_double(closing.closes):
        message = "the last ending is not closed by || or |]; it is taken to be as long as the one"
        yield _problem(bars[last.start], message + " before")


def _problem(bar: Bar, message: str) -> Problem:
    return Problem(bar.line, bar.column, "ending", message)
