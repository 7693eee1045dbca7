"""What is not sound about a tune: bars that do not add up, what is not closed, what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from abcrnn.notation.errors import ABCError
from abcrnn.notation.playing import played_bars
from abcrnn.notation.reader import read_tune
from abcrnn.notation.tune import Bar, Event, Problem, Tune, Voice


def check_tune(text: str, unsupported: bool = False) -> list[Problem]:
    """Check one tune.

    Parameters
    ----------
    text : str
        From its ``X:`` line on.
    unsupported : bool
        Tell also what is sound but not supported, as kind ``unsupported``.

    Returns
    -------
    list of Problem
        ``(line, column, kind, message)`` in the order of the text; empty if the
        tune is sound. Kinds: ``bar``, ``chord``, ``empty``, ``ending``, ``grace``,
        ``header``, ``key``, ``length``, ``meter``, ``pitch``, ``quotation``,
        ``repeat``, ``tie``, ``tuplet``.
    """
    try:
        tune = read_tune(text)
        problems = problems_of(tune)
    except ABCError as error:
        return [Problem(error.line or 1, error.column or 1, "length", error.message)]
    if unsupported:
        problems += [problem for problem in tune.problems if problem.kind == "unsupported"]
    return sorted(problems)


def problems_of(tune: Tune) -> list[Problem]:
    """Check a tune that was read already; ABCError if its repeats are beyond any bound."""
    problems = [problem for problem in tune.problems if problem.kind != "unsupported"]
    problems += _header_problems(tune)
    if not any(event.pitches for bar in tune.bars() for event in bar.events):
        problems.append(Problem(1, 1, "empty", "the tune has no notes"))
    for voice in tune.voices:
        problems += _bar_problems(tune, voice)
        problems += _repeat_problems(voice.bars)
        problems += _tie_problems(voice)
    return sorted(set(problems))


def _header_problems(tune: Tune) -> Iterator[Problem]:
    """Section 2.2.1: a tune begins with X: and its header ends with K:."""
    letters = [letter for letter, _ in tune.fields]
    if letters[:1] != ["X"]:
        yield Problem(1, 1, "header", "a tune begins with its number, such as X:1")
    if "K" not in letters:
        yield Problem(1, 1, "header", "the header has no key, such as K:D")
    if "M" not in letters:
        yield Problem(1, 1, "header", "the header has no meter, such as M:6/8")


def _bar_problems(tune: Tune, voice: Voice) -> Iterator[Problem]:
    """Bars that do not fill their meter, in the order they are heard (section 4.8).

    A bar may be short as the pickup of the tune, and at a double bar or repeat
    (the tune's end among them) if what is heard next makes it whole.
    """
    before = Fraction(0)  # the piece of a bar that was cut off by the line before
    for count, bar in enumerate(played_bars(voice, tune.parts)):
        whole, length = bar.meter.length, before + bar.length
        pickup = count == 0 and whole is not None and length < whole
        before = Fraction(0)
        if whole is None or length == whole or pickup:
            continue
        if length < whole and bar.closes != "|":
            before = length
        else:
            yield _bar_problem(bar, length, whole)


def _bar_problem(bar: Bar, length: Fraction, whole: Fraction) -> Problem:
    how = "long" if length > whole else "short"
    pieces = " with the piece before it" if length != bar.length else ""
    message = f"a bar too {how}: {length} of a whole note{pieces}, where M:{bar.meter.text} has "
    return Problem(bar.line, bar.column, "bar", f"{message}{whole}")


def _repeat_problems(bars: Sequence[Bar]) -> Iterator[Problem]:
    """Repeats and endings that are opened and not closed (sections 4.8 and 4.9)."""
    opened: Bar | None = None
    first: Bar | None = None
    for bar in bars:
        if bar.begins_repeat:
            if opened:
                yield Problem(opened.line, opened.column, "repeat", "|: is not closed by :|")
            opened = bar
        if bar.ending:
            first = bar if bar.ending == {1} else None
        if bar.repeats:
            opened = None
    if opened:
        yield Problem(opened.line, opened.column, "repeat", "|: is not closed by :|")
    if first:
        message = "a first ending has no second after it"
        yield Problem(first.line, first.column, "ending", message)


def _tie_problems(voice: Voice) -> Iterator[Problem]:
    """Ties that lead to no note (section 4.11); to another pitch, they are read as slurs."""
    events = [event for bar in voice.bars for event in bar.events]
    following: list[Event | None] = [*events[1:], None]
    for event, after in zip(events, following, strict=True):
        if any(event.tied) and (after is None or not after.pitches):
            yield Problem(event.line, event.column, "tie", "a note is tied to none")
