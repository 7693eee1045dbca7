"""The sections of a voice: how often each is played, and with which ending (4.8 to 4.10).

A ``:|`` goes back to the ``|:`` that opened the repeat. Without one it goes back to the
latest double bar or end of a repeated section, or to the beginning. The endings of
a repeated section belong to it, so the section after them begins with the bar after the last
ending.

Every bar is in exactly one section, and every section plays all of its bars.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from abcrnn.notation.tune import Bar


class Ending(NamedTuple):
    """A first, second or nth ending.

    Parameters
    ----------
    start, end : int
        Indices of its first bar and of the bar after its last.
    numbers : frozenset of int
        The passes it is for, as written.
    """

    start: int
    end: int
    numbers: frozenset[int]


class Section(NamedTuple):
    """A section of a voice: a repeated passage with its endings, or a passage played once.

    Parameters
    ----------
    start, end : int
        Indices of its first bar and of the bar after its last, endings included.
    passes : tuple of Ending or None
        For each time that it is played: the ending, or None without one.
    endings : tuple of Ending
        In the order of the text.
    is_open : bool
        Whether a ``|:`` opened it.
    """

    start: int
    end: int
    passes: tuple[Ending | None, ...] = (None,)
    endings: tuple[Ending, ...] = ()
    is_open: bool = False

    def spans(self) -> Iterator[tuple[int, int]]:
        """Yield the spans of bars that are played, in order: first bar and bar after the last."""
        body_end = self.endings[0].start if self.endings else self.end
        for ending in self.passes:
            yield self.start, body_end
            if ending:
                yield ending.start, ending.end


def split_sections(bars: Sequence[Bar]) -> list[Section]:
    """Split the bars of a voice, or of a part of it, into sections.

    Parameters
    ----------
    bars : sequence of Bar

    Returns
    -------
    list of Section
        In the order of the text; together they have every bar once.
    """
    sections: list[Section] = []
    start = index = 0
    while index < len(bars):
        is_open = bars[start].begins_repeat
        if index > start and _begins_section(bars, index, is_open):
            sections.append(Section(start, index, is_open=is_open))
            start = index
        elif bars[index].ending:
            sections.append(_section_with_endings(bars, start, index))
            start = index = sections[-1].end
        else:
            index += 1
            if bars[index - 1].repeats:
                passes = (None,) * (bars[index - 1].repeats + 1)
                sections.append(Section(start, index, passes, is_open=is_open))
                start = index
    if start < len(bars):
        sections.append(Section(start, len(bars), is_open=bars[start].begins_repeat))
    return sections


def is_double(closes: str) -> bool:
    """Whether a bar line ends a section: all but ``|`` and the invisible ``[|]``."""
    return closes.replace("[|]", "") not in ("", "|")


def _begins_section(bars: Sequence[Bar], index: int, is_open: bool) -> bool:
    bar = bars[index]
    if bar.begins_repeat:
        return True
    return not is_open and (is_double(bars[index - 1].closes) or bool(bar.title))


def _section_with_endings(bars: Sequence[Bar], start: int, first: int) -> Section:
    """Return the section whose first ending begins at ``first``."""
    endings: list[Ending] = []
    index = first
    while index < len(bars) and bars[index].ending:
        numbers = bars[index].ending
        if endings and 1 in numbers and any(1 in ending.numbers for ending in endings):
            break  # the first ending of the next section
        end = _end_of_ending(bars, index)
        endings.append(Ending(index, end, numbers))
        index = end
    if len(endings) > 1 and index < len(bars) and not is_double(bars[index - 1].closes):
        # The last ending is not closed: it is taken to be as long as the one before it.
        last = endings[-1]
        index = min(index, last.start + max(1, endings[-2].end - endings[-2].start))
        endings[-1] = last._replace(end=index)
    passes = _passes(endings)
    # The music after a first ending that is alone is the second one.
    if len(endings) == 1 and 1 in endings[0].numbers and bars[index - 1].repeats:
        passes += (None,) * (index < len(bars))
    return Section(start, index, passes, tuple(endings), bars[start].begins_repeat)


def _passes(endings: Sequence[Ending]) -> tuple[Ending | None, ...]:
    """Return the ending of each pass by the numbers; in the order of the text if they do not fit.

    They fit if each pass up to the highest number has exactly one ending.
    """
    count = sum(len(ending.numbers) for ending in endings)
    by_number = {number: ending for ending in endings for number in ending.numbers}
    if by_number.keys() != set(range(1, count + 1)):
        return tuple(endings)
    return tuple(by_number[number] for number in range(1, count + 1))


def _end_of_ending(bars: Sequence[Bar], index: int) -> int:
    """Return the first bar after the ending that begins at ``index``."""
    for later in range(index + 1, len(bars)):
        if bars[later].ending or is_double(bars[later - 1].closes) or bars[later].begins_repeat:
            return later
    return len(bars)
