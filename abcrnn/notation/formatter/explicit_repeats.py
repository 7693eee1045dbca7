"""Repeats as all programs read them: each with a ``|:`` of its own (section 4.8)."""

from __future__ import annotations

from collections.abc import Iterator

from abcrnn.notation.errors import ABCError
from abcrnn.notation.formatter.comparison import (
    REPEAT_SPELLINGS,
    require_same_music,
    without_repeat_signs,
)
from abcrnn.notation.lexer import tokens
from abcrnn.notation.lines import LINE_END
from abcrnn.notation.parts import parts_in_order
from abcrnn.notation.playing import played_bars
from abcrnn.notation.reader import read_tune
from abcrnn.notation.repeats import is_double, split_sections
from abcrnn.notation.tune import Bar, Tune, Voice

_OPENING = "|:"
# Tokens that may be the first of a bar.
_IN_BAR = frozenset(
    ("quoted", "decoration", "slur", "tuplet", "grace", "chord", "note", "rest", "bar_rest")
)


def write_repeats(tune: str, settings: frozenset[int] = frozenset()) -> str:
    """Write ``|:`` where a ``:|`` without one goes back to, except at the beginning of the tune.

    Programs disagree about where such a ``:|`` goes back to, most of all after first and second
    endings. ``:||`` becomes ``:|``. The tune is played as before.

    Parameters
    ----------
    tune : str
    settings : frozenset of int
        Numbers of the lines of the file header, which stay unchanged.

    Returns
    -------
    str
        ``tune`` itself if that would change what is played.

    Raises
    ------
    ABCError
        If the tune cannot be parsed.
    """
    read = read_tune(tune)
    targets = {
        (bar.events[0].line, bar.events[0].column)
        for voice in read.voices
        for bar in _targets(read, voice)
    }
    text = _rewritten(tune, targets)
    return text if text == tune or _is_same(read, text) else tune


def _targets(tune: Tune, voice: Voice) -> Iterator[Bar]:
    """Yield the bars that a ``:|`` without ``|:`` goes back to, but not the first of the voice."""
    before = {id(bar): last for last, bar in zip(voice.bars, voice.bars[1:], strict=False)}
    for bars in parts_in_order(voice.bars, tune.parts):
        for section in split_sections(bars):
            first = bars[section.start]
            last = before.get(id(first))
            is_repeated = len(section.passes) > 1 and not (section.is_open or first.ending)
            if is_repeated and last and is_double(last.closes) and not last.closes.endswith(":"):
                yield first


def _rewritten(tune: str, targets: set[tuple[int, int]]) -> str:
    """Return the text with ``|:`` before the bars that begin with events at some positions."""
    starts = [0, *(found.end() for found in LINE_END.finditer(tune))]
    pieces, done, first = [], 0, None
    for token in tokens(tune):
        if token.kind not in _IN_BAR:
            first = None if token.kind in ("bar", "ending", "field", "inline") else first
            if token.kind == "bar" and token.text in REPEAT_SPELLINGS:
                place = starts[token.line - 1] + token.column - 1
                pieces += [tune[done:place], REPEAT_SPELLINGS[token.text]]
                done = place + len(token.text)
            continue
        first = first or token
        if (token.line, token.column) in targets:
            place = starts[first.line - 1] + first.column - 1
            is_apart = place == starts[first.line - 1] or tune[place - 1].isspace()
            pieces += [tune[done:place], _OPENING if is_apart else f" {_OPENING}"]
            done = place
    return "".join([*pieces, tune[done:]])


def _is_same(before: Tune, text: str) -> bool:
    """Whether a text is a tune with the same music, played in the same order."""
    try:
        after = read_tune(text)
        require_same_music(without_repeat_signs(before), without_repeat_signs(after))
        return _order(before) == _order(after)
    except ABCError:
        return False


def _order(tune: Tune) -> list[list[int]]:
    """Return the numbers of the bars of each voice, in the order they are played."""
    orders = []
    for voice in tune.voices:
        numbers = {id(bar): number for number, bar in enumerate(voice.bars)}
        orders.append([numbers[id(bar)] for bar in played_bars(voice, tune.parts)])
    return orders
