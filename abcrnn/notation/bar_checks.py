"""Bars that do not fill their meter, in the order they are played (section 4.8).

A bar may be short if it is the pickup of the tune or of a tune in a set, or if it ends at a
double bar, a repeat or the end of a tune and the music played next completes it. A section
(the music between two of these) may also be complete by itself: its pickup and
its last bar make a full bar.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from abcrnn.notation.repeats import is_double
from abcrnn.notation.tune import Bar, Problem

_NOTE_VALUES = {
    1: "whole notes",
    2: "halves",
    4: "quarters",
    8: "eighths",
    16: "sixteenths",
    32: "thirty-seconds",
    64: "sixty-fourths",
}


class _Passed(NamedTuple):
    """What the bars played so far leave to the next.

    Parameters
    ----------
    piece : Fraction
        Length of the piece of a bar before a bar line that cuts the bar in two; 0 if the last
        bar is full.
    carried : Fraction
        The part of ``piece`` that was played before the current section.
    is_complete : bool
        Whether ``carried`` completes the pickup of its own section.
    """

    piece: Fraction = Fraction(0)
    carried: Fraction = Fraction(0)
    is_complete: bool = False


def bar_problems(played: Iterable[Bar]) -> Iterator[Problem]:
    """Yield the bars that do not fill their meter, of those of a voice as they are played."""
    passed = _Passed()
    meter: Fraction | None = None
    for number, section in enumerate(_sections(played)):
        passed = passed._replace(carried=passed.piece)
        begins_tune = number == 0 or bool(section[0].title)
        is_new = section[0].meter.length != meter  # a strain in another meter has its own pickup
        meter = section[-1].meter.length
        last_piece = _last_piece(section)
        pickup: Fraction | None = None  # length of the first bar of the section
        for index, bar in enumerate(section):
            own = passed.piece - passed.carried + bar.length
            completed = own + last_piece == bar.meter.length
            if begins_tune and index == 0 and _is_short(bar):
                problem, passed = None, _Passed()
            else:
                problem, passed = _after_bar(bar, passed, pickup is None and (is_new or completed))
            if problem:
                yield problem
            if pickup is None and not passed.piece:
                pickup = own
        piece = passed.piece - passed.carried
        is_complete = pickup is not None and piece + pickup == section[-1].meter.length
        passed = passed._replace(is_complete=is_complete)


def _is_short(bar: Bar) -> bool:
    return bar.meter.length is not None and bar.length < bar.meter.length


def _after_bar(bar: Bar, passed: _Passed, may_be_short: bool) -> tuple[Problem | None, _Passed]:
    """Return the problem of a bar, if it has one, and what it leaves to the next."""
    whole, length = bar.meter.length, passed.piece + bar.length
    if whole is None or length == whole:
        return None, _Passed()
    if length < whole and bar.closes != "|":
        return None, passed._replace(piece=length)
    if passed.carried and passed.is_complete:
        # The section before is complete by itself, so this one begins a bar.
        return _after_bar(bar, _Passed(passed.piece - passed.carried), may_be_short)
    if may_be_short and length < whole and not passed.carried:
        return None, _Passed()
    return _bar_problem(bar, length, whole), _Passed()


def _sections(bars: Iterable[Bar]) -> Iterator[list[Bar]]:
    """Split bars after every double bar and repeat, and before titles, as they are played."""
    section: list[Bar] = []
    for bar in bars:
        if section and bar.title:
            if section[-1].closes == "|":  # the tune before ends as at a double bar
                section[-1] = section[-1]._replace(closes="||")
            yield section
            section = []
        section.append(bar)
        if is_double(bar.closes):
            yield section
            section = []
    if section:
        yield section


def _last_piece(section: Sequence[Bar]) -> Fraction:
    """Return the length of the last bar of a section, which an ending may cut in two."""
    last = section[-1]
    length = last.length
    for bar in section[-2::-1]:
        if bar.closes or length + bar.length > (last.meter.length or 0):
            break
        length += bar.length
    return length


def _bar_problem(bar: Bar, length: Fraction, whole: Fraction) -> Problem:
    how = "long" if length > whole else "short"
    message = f"the bar is too {how}: {compare_lengths(length, whole, bar.meter.unit)}"
    if length != bar.length:
        message += ", including the piece of a bar played before it"
    return Problem(bar.line, bar.column, "bar", message)


def compare_lengths(length: Fraction, whole: Fraction, unit: int) -> str:
    """Return both lengths in the same note value, such as ``5 of 6 eighths``."""
    parts = math.lcm(unit, length.denominator)
    if parts in _NOTE_VALUES:
        return f"{length * parts} of {whole * parts} {_NOTE_VALUES[parts]}"
    return f"{length} instead of {whole} of a whole note"
