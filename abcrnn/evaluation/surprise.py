"""Where a tune surprised a model: the bits that each character and each bar of it cost.

A bar goes from behind a bar line to the end of the next one, which belongs to
it: a bar with a note too few is betrayed by the bar line that comes too soon.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from abcrnn.evaluation.scoring import Scorer
from abcrnn.notation.lexer import tokens

_HEARD = ("note", "rest", "bar_rest", "chord")


class BarSurprise(NamedTuple):
    """What a bar cost.

    Parameters
    ----------
    line, column : int
        Where it begins in the tune, from 1.
    text : str
        With the bar line that ends it.
    bits, bits_per_char : float
    excess : float
        Bits beyond what as many characters of all the tune's bars cost on average.
        By this, neither a long bar nor a short one stands out by its length.
    """

    line: int
    column: int
    text: str
    bits: float
    bits_per_char: float
    excess: float


@dataclass(frozen=True)
class Surprise:
    """What predicting a tune cost a model.

    Parameters
    ----------
    bits : ndarray, shape (characters,), float64
        Cost of each character of the tune.
    end_bits : float
        Cost of the blank line that closes it: how little its end was expected.
    bars : tuple of BarSurprise
        Of the body as written, in the order of the text. Header, fields in the
        body and the white space between bars belong to none.
    """

    bits: NDArray[np.float64]
    end_bits: float
    bars: tuple[BarSurprise, ...]

    @property
    def bits_per_char(self) -> float:
        """Of the whole tune, its closing blank line counted, as in evaluation."""
        return float(self.bits.sum() + self.end_bits) / (len(self.bits) + 2)


def surprise(model: Any, tune: str) -> Surprise:
    """Return the bits that each character of a tune and each of its bars cost a model.

    Parameters
    ----------
    model : CharLSTM
    tune : str
        From its ``X:`` line on; trailing line ends are not counted. It is read as in
        evaluation: from the initial state, after a blank line.

    Raises
    ------
    ValueError
        If it has a character that the model does not know; names it and its place.
    """
    tune = tune.rstrip("\n")
    return surprise_of(tune, Scorer(model).costs([tune])[0])


def surprise_of(tune: str, costs: NDArray[np.float64]) -> Surprise:
    """Share the costs of a tune's characters out among its bars.

    Parameters
    ----------
    tune : str
    costs : ndarray, shape (characters + 2,), float64
        As :meth:`abcrnn.evaluation.scoring.Scorer.costs` gives them, in bits.
    """
    bits = costs[: len(tune)]
    spans = list(bar_spans(tune))
    in_bars = [bits[begin:end] for begin, end in spans]
    usual = float(np.concatenate(in_bars).mean()) if in_bars else 0.0
    bars = []
    for (begin, end), its in zip(spans, in_bars, strict=True):
        line, column = tune.count("\n", 0, begin) + 1, begin - tune.rfind("\n", 0, begin)
        cost, length = float(its.sum()), end - begin
        excess = cost - usual * length
        bars.append(BarSurprise(line, column, tune[begin:end], cost, cost / length, excess))
    return Surprise(bits, float(costs[len(tune) :].sum()), tuple(bars))


def underline(tune: str, found: Surprise, bar: BarSurprise) -> tuple[str, str]:
    """Return the line a bar begins in and marks to stand below it.

    The bar is marked by ``~``, the character of it that cost most by ``^``.
    """
    lines = tune.split("\n")
    line, before = lines[bar.line - 1].replace("\t", " "), bar.column - 1
    width = min(len(bar.text), len(line) - before)
    begin = sum(len(earlier) + 1 for earlier in lines[: bar.line - 1]) + before
    peak = int(np.argmax(found.bits[begin : begin + width]))
    return line, " " * before + "~" * peak + "^" + "~" * (width - peak - 1)


def bar_spans(tune: str) -> Iterator[tuple[int, int]]:
    """Yield where each bar of the body begins and ends, as places in the text."""
    line_begins = [0, *accumulate(len(line) + 1 for line in tune.split("\n"))]
    in_body = heard = False
    begin: int | None = None
    end = 0
    for token in tokens(tune):
        if token.kind in ("field", "directive"):
            in_body = in_body or token.text.startswith("K:")
        if not in_body:
            continue
        if heard and begin is not None and token.text.startswith(("V:", "[V:")):
            yield begin, end  # what follows is another voice's
            begin, heard = None, False
        if token.kind in ("field", "directive"):
            continue
        place = line_begins[token.line - 1] + token.column - 1
        begin = place if begin is None else begin
        if token.kind != "bar":
            heard = heard or token.kind in _HEARD
            end = place + len(token.text)
            continue
        # In :|2 the number belongs to the bar that comes.
        end = place + len(token.text.rstrip("0123456789,-"))
        if heard:  # else it opens the bar, as |: does
            yield begin, end
            begin, heard = (end, False) if end < place + len(token.text) else (None, False)
    if heard and begin is not None:
        yield begin, end
