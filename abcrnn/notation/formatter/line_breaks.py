"""Lines of a number of bars, broken after a multiple of bars or at the end of a section."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from abcrnn.notation.formatter.spacing import Item, opens_repeat
from abcrnn.notation.repeats import is_double

_PENDING = ("slur", "tuplet", "grace")  # before an event, never at the end of a line


@dataclass
class Measure:
    """The items up to a bar line, with the bar line.

    Parameters
    ----------
    items : list of Item
    begins_ending, ends_section : bool
    may_break : bool
        Whether a line may end after it: not inside a tie, a tuplet or before grace notes.
    counts : bool
        False for a pickup.
    """

    items: list[Item]
    begins_ending: bool = False
    ends_section: bool = False
    may_break: bool = True
    counts: bool = True


def break_lines(items: Sequence[Item], most_bars: int, pickups: frozenset[int]) -> list[list[Item]]:
    """Divide items into lines.

    Parameters
    ----------
    items : sequence of Item
    most_bars : int
        Most bars of a line. A pickup is not counted.
    pickups : frozenset of int
        ``id`` of the events that begin a short bar.
    """
    lines = []
    for part in _split_at_voices(items):
        for section in _sections(_measures(part, pickups)):
            lines += _lines_of_section(section, most_bars)
    return [_joined(line) for line in lines]


def join_items(items: Iterable[Item]) -> str:
    """Return a line of music."""
    return "".join(" " * item.spaced + item.text for item in items).strip()


def _split_at_voices(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Divide items before each field ``[V:]``."""
    start = 0
    for index, item in enumerate(items):
        if index > start and item.first_kind == "inline" and item.text.startswith("[V:"):
            yield items[start:index]
            start = index
    yield items[start:]


# Measures ------------------------------------------------------------------------------------


def _measures(items: Sequence[Item], pickups: frozenset[int]) -> list[Measure]:
    measures: list[Measure] = []
    current: list[Item] = []
    has_event = begins_ending = False
    for index, item in enumerate(items):
        opens = item.kind == "bar" and opens_repeat(item.text)
        if opens and has_event and not _is_short(current, pickups):
            # The line ends before |: so that its repeat begins the next one. "|" and then "|:"
            # is the same as "|:", but some programs expect a full bar before "|".
            bar_line = Item("bar", "|", "bar")
            measures.append(Measure([*current, bar_line], begins_ending, ends_section=True))
            current, has_event, begins_ending = [], False, False
        current.append(item)
        has_event = has_event or item.kind == "event"
        begins_ending = begins_ending or item.kind == "ending"
        if item.kind != "bar" or (opens and not has_event) or _is_followed_by_bar(items, index):
            continue
        if opens:  # in a bar that it cuts in two
            ends = not _is_pickup(current, measures[-1:], pickups)
        else:
            ends = _ends_section(item) and not _is_followed_by_ending(items, index)
        measures.append(Measure(current, begins_ending, ends))
        current, has_event, begins_ending = [], False, False
        if item.ending:
            measures[-1].items[-1], first = _split_ending(item)
            current, begins_ending = [first], True
    if current:
        measures.append(Measure(current, begins_ending, ends_section=True))
    _find_pickups_and_breaks(measures, pickups)
    return measures


def _is_followed_by_bar(items: Sequence[Item], index: int) -> bool:
    """Return whether another bar line follows that does not begin a repeat."""
    following = items[index + 1 : index + 2]
    return any(item.kind == "bar" and not opens_repeat(item.text) for item in following)


def _is_followed_by_ending(items: Sequence[Item], index: int) -> bool:
    return any(item.kind == "ending" for item in items[index + 1 : index + 2])


def _ends_section(bar_line: Item) -> bool:
    return not bar_line.ending and is_double(bar_line.text.lstrip("."))


def _split_ending(bar_line: Item) -> tuple[Item, Item]:
    """Return ``|`` and ``[1`` for ``|1``."""
    numbers = bar_line.ending
    text = bar_line.text.removesuffix(numbers)
    return replace(bar_line, text=text), Item("ending", f"[{numbers}", "ending")


def _is_pickup(items: Sequence[Item], before: Sequence[Measure], pickups: frozenset[int]) -> bool:
    """Return whether items are the short first bar of a section, after at most one measure."""
    begins = not before or before[0].ends_section
    return begins and _is_short(items, pickups)


def _is_short(items: Sequence[Item], pickups: frozenset[int]) -> bool:
    """Return whether items are a short bar."""
    first = next((item.event for item in items if item.event), None)
    return first is not None and id(first) in pickups


def _find_pickups_and_breaks(measures: list[Measure], pickups: frozenset[int]) -> None:
    last: Item | None = None  # the last event
    for index, measure in enumerate(measures):
        measure.counts = not _is_pickup(measure.items, measures[index - 1 : index], pickups)
        pending = False
        for item in measure.items:
            if item.kind == "event":
                last, pending = item, False
            elif item.first_kind in _PENDING:
                pending = True
        event = last.event if last else None
        inside = event is not None and (any(event.tied) or event.tuplet_left > 1)
        measure.may_break = not (inside or pending)


# Lines ---------------------------------------------------------------------------------------


def _sections(measures: Iterable[Measure]) -> Iterator[list[Measure]]:
    section: list[Measure] = []
    for measure in measures:
        section.append(measure)
        if measure.ends_section and measure.may_break:
            yield section
            section = []
    if section:
        yield section


def _lines_of_section(section: list[Measure], most_bars: int) -> list[list[Measure]]:
    """Divide a section; its endings are in one line, with the bars before them if they fit."""
    first = next((i for i, measure in enumerate(section) if measure.begins_ending), len(section))
    lines = _lines_of_bars(section[:first], most_bars) if first else []
    endings = section[first:]
    if not endings:
        return lines
    if lines and (_bars(lines[-1]) + _bars(endings) <= most_bars or not lines[-1][-1].may_break):
        return [*lines[:-1], *_lines_of_bars(lines[-1] + endings, most_bars)]
    for ending in [endings] if _bars(endings) <= most_bars else _by_ending(endings):
        lines += _lines_of_bars(ending, most_bars)
    return lines


def _by_ending(measures: Iterable[Measure]) -> list[list[Measure]]:
    groups: list[list[Measure]] = []
    for measure in measures:
        if measure.begins_ending and (not groups or groups[-1][-1].may_break):
            groups.append([])
        groups[-1].append(measure)
    return groups


def _bars(measures: Iterable[Measure]) -> int:
    return sum(measure.counts for measure in measures)


def _lines_of_bars(measures: Iterable[Measure], most_bars: int) -> list[list[Measure]]:
    """Divide measures; a line ends at the last place where it may, up to ``most_bars``."""
    lines: list[list[Measure]] = []
    line: list[Measure] = []
    bars = end = bars_to_end = 0  # of the line, and up to the last place where it may end
    for measure in measures:
        if end and bars + measure.counts > most_bars:
            lines.append(line[:end])
            line, bars = line[end:], bars - bars_to_end
            end = bars_to_end = 0
        line.append(measure)
        bars += measure.counts
        if measure.may_break:
            end, bars_to_end = len(line), bars
    return [*lines, line]


def _joined(line: Sequence[Measure]) -> list[Item]:
    """Return the items of a line; bar lines and endings that were divided are one again."""
    items: list[Item] = []
    for measure in line:
        for item in measure.items:
            last = items[-1] if items and items[-1].kind == "bar" else None
            if last and item.kind == "ending" and last.text in ("|", ":|"):
                items[-1] = replace(last, text=last.text + item.text[1:])
            elif last and last.text == "|" and item.kind == "bar" and opens_repeat(item.text):
                items[-1] = replace(item, spaced=False)
            else:
                items.append(item)
    return items
