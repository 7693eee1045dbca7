"""The order of parts in the header's ``P:`` and the parts that ``P:`` marks in the body (3.1.9).

A part mark is a letter, with or without words behind it (``A``, ``A slow``, ``Part A``), or the
words that the order names (``P:Verse Chorus``). Any other mark is text and begins no part.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from abcrnn.notation.errors import ABCError
from abcrnn.notation.tune import Bar, Voice

# A few characters can request very many.
_MOST_PARTS = 100

_AROUND_MARKS = " \t()[]\"'.:"
# Not "D.C.", "A1" or "Verse".
_LETTER = re.compile(r"(?:[Pp]art\s+)?([A-Z])(?![A-Za-z0-9]|\.\s?[A-Z])|([a-z])\W*$")
_PART = re.compile(r"\bpart\s+(?=[A-Z]\b)", re.IGNORECASE)
# Not "AABB" or "aabb", which are letters.
_WORD = re.compile(r"\b(?:[A-Z][A-Za-z]*[a-z]|[a-z]+[A-Z])[A-Za-z]*")


class Order(NamedTuple):
    """The order in which the parts of a tune are played.

    Parameters
    ----------
    names : tuple of str
        The parts in order; empty if the tune is played as written.
    missing : tuple of str
        Parts that the header's ``P:`` names and the tune does not mark, each once.
    """

    names: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


class PartMark(NamedTuple):
    """A part mark: where the part begins in its voice, in whole notes, and its name."""

    onset: Fraction
    name: str


def parts_in_order(bars: Sequence[Bar], parts: str) -> Iterator[Sequence[Bar]]:
    """Yield the bars of a voice part by part, in the order they are played.

    The music before the first part is played first. If a letter marks several parts, its nth
    turn in the order plays the nth of them.

    Parameters
    ----------
    bars : sequence of Bar
    parts : str
        The header's ``P:``, such as ``A(BC)2``. If it is empty or cannot be followed, all bars
        are yielded as written.
    """
    names = order_of(parts, (bar.part for bar in bars)).names
    starts = [n for n, bar in enumerate(bars) if part_name(bar.part, names)]
    if not names or not starts:
        yield bars
        return
    passages: dict[str, list[Sequence[Bar]]] = {}
    for start, end in pairwise((*starts, len(bars))):
        passages.setdefault(part_name(bars[start].part, names), []).append(bars[start:end])
    if starts[0] > 0:
        yield bars[: starts[0]]
    turns: dict[str, int] = {}
    for name in names:
        of_name = passages.get(name, [])
        turn = turns.setdefault(name, 0)
        turns[name] += 1
        if of_name:
            yield of_name[min(turn, len(of_name) - 1)]


def part_name(mark: str, names: Sequence[str] = ()) -> str:
    """Return the part that a mark begins: a letter, or words that are in ``names``.

    Returns an empty string if the mark begins no part.

    Examples
    --------
    >>> part_name("A slow"), part_name("segno"), part_name("Verse", ["verse"])
    ('A', '', 'verse')
    """
    text = mark.strip(_AROUND_MARKS)
    if not _is_letter(text) and text.casefold() in names:
        return text.casefold()
    found = _LETTER.match(text)
    return (found[1] or found[2]) if found else ""


def order_of(parts: str, marks: Iterable[str]) -> Order:
    """Return the order of parts in the header's ``P:``, for the marks of a tune.

    An order is followed if at least half of the parts that it names are marked.

    Raises
    ------
    ABCError
        If there are more than 100 parts.
    """
    marked = [mark for mark in marks if mark]
    parts = _PART.sub("", parts)
    letters = {part_name(mark) for mark in marked} - {""}
    names = _words_of(parts, marked, letters)
    if not names:
        unknown = [word for word in _WORD.findall(parts) if not letters.issuperset(word)]
        if unknown:
            return Order((), tuple(dict.fromkeys(unknown)))
        names = tuple(expand_parts(parts))
    if len(names) < 2:  # P:A alone is the mark of the first part
        return Order()
    known = {part_name(mark, names) for mark in marked}
    missing = tuple(name for name in dict.fromkeys(names) if name not in known)
    return Order(names if 2 * len(missing) <= len(set(names)) else (), missing)


def _words_of(parts: str, marked: Sequence[str], letters: set[str]) -> tuple[str, ...]:
    """Return the names of an order in words that are all marked; empty for any other order."""
    known = {letter.casefold(): letter for letter in letters}
    labels = (mark.strip(_AROUND_MARKS).casefold() for mark in marked)
    known |= {label: label for label in labels if not _is_letter(label)}
    for separator in (r"[\s,;.]", "[,;]"):  # names have spaces in "Verse 1, Verse 2"
        words = [word.strip().casefold() for word in re.split(separator, parts) if word.strip()]
        counted = [_counted(word, known) for word in words]
        if not all(map(_is_letter, words)) and all(name in known for name, _ in counted):
            _check_count(parts, sum(count for _, count in counted))
            return tuple(known[name] for name, count in counted for _ in range(count))
    return ()


def _counted(word: str, known: Container[str]) -> tuple[str, int]:
    """Return the name and the number of a word of an order: 2 for ``Verse2``."""
    found = re.fullmatch(r"(.*\D)(\d{1,2})", word)
    if word in known or not found:
        return word, 1
    return found[1].strip(), int(found[2])


def _is_letter(text: str) -> bool:
    return len(text) == 1 and text.isascii() and text.isalpha()


def expand_parts(parts: str) -> str:
    """Return an order of parts in full: ``A(BC)2.A`` is ``ABCBCA`` (section 3.1.9).

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
    _check_count(parts, len(text))
    return re.sub(r"[^A-Za-z]", "", text)


def _check_count(parts: str, count: int) -> None:
    if count > _MOST_PARTS:
        raise ABCError(f"the order of parts P:{parts[:20]}... has more than {_MOST_PARTS} parts")


def share_parts(voices: Sequence[Voice], marks: Sequence[Sequence[PartMark]]) -> list[Voice]:
    """Return the voices with each part mark in every voice, where the part begins.

    An order of parts orders all voices, but ``P:`` is written in one of them. A voice that
    marks a part itself keeps its own mark.

    Parameters
    ----------
    voices : sequence of Voice
    marks : sequence of sequence of PartMark
        The marks written in each voice.
    """
    shared: dict[Fraction, str] = {}
    for of_voice in marks:
        shared = {mark.onset: mark.name for mark in of_voice} | shared
    written = [PartMark(onset, shared[onset]) for onset in sorted(shared, reverse=True)]
    return [
        replace(voice, bars=tuple(_marked(voice.bars, written, {mark.name for mark in own})))
        for voice, own in zip(voices, marks, strict=True)
    ]


def _marked(bars: Sequence[Bar], marks: Sequence[PartMark], own: set[str]) -> Iterator[Bar]:
    """Yield the bars with the marks, latest first, that the voice has not itself."""
    count = len(marks)
    for bar in bars:
        while count and marks[count - 1].onset <= bar.onset:
            count -= 1
            if marks[count].name not in own:
                bar = bar._replace(part=bar.part or marks[count].name)
        yield bar
