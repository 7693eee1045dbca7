"""How unexpected each character and each bar of a tune is for a model, in bits.

A bar ends with its bar line, which counts as a part of it: in a bar that is too short,
the unexpected character is the bar line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import accumulate, groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from abcrnn.evaluation.scoring import Scorer
from abcrnn.notation.lexer import tokens

_EVENTS = ("note", "rest", "bar_rest", "chord")

# In a notebook.
_MOST_SHOWN = 1000  # bars
_STRONG_EXCESS = 10.0  # bits: a bar with less never has the darkest background


class BarSurprise(NamedTuple):
    """Cost of a bar.

    Parameters
    ----------
    line, column : int
        Position of the beginning of the bar in the tune, from 1.
    text : str
        Text of the bar, with the bar line that ends it.
    bits, bits_per_char : float
    excess : float
        Bits above the average cost of the same number of characters in bars of the tune.
        It does not depend on the length of the bar.
    """

    line: int
    column: int
    text: str
    bits: float
    bits_per_char: float
    excess: float


@dataclass(frozen=True)
class Surprise:
    """Cost of predicting a tune.

    Parameters
    ----------
    bits : ndarray, shape (characters,), float64
        Cost of each character of the tune.
    end_bits : float
        Cost of the blank line that closes the tune.
    bars : tuple of BarSurprise
        Bars of the body as written, in the order of the text. The header, fields in the
        body and white space between bars are not part of a bar.
    """

    bits: NDArray[np.float64]
    end_bits: float
    bars: tuple[BarSurprise, ...]

    def __repr__(self) -> str:
        return f"Surprise(bars={len(self.bars)}, bits_per_char={self.bits_per_char:.4f})"

    def _repr_html_(self) -> str:
        """Return the bars for a notebook: the more excess bits, the darker the background."""
        shown = self.bars[:_MOST_SHOWN]
        strongest = max([_STRONG_EXCESS, *(bar.excess for bar in shown)])
        lines = groupby(shown, key=lambda bar: bar.line)
        text = "\n".join("".join(_tinted(bar, strongest) for bar in bars) for _, bars in lines)
        left_out = len(self.bars) - len(shown)
        more = f"\n… and {left_out} more bars" if left_out else ""
        caption = f"{self.bits_per_char:.3f} bits per character. Tint: bits above the average."
        return f"<p>{caption}</p><pre>{text}{more}</pre>"

    @property
    def bits_per_char(self) -> float:
        """Bits per character of the tune with its closing blank line, as in evaluation."""
        return float(self.bits.sum() + self.end_bits) / (len(self.bits) + 2)


def _tinted(bar: BarSurprise, strongest: float) -> str:
    """Return a bar on a background that can be read on white and on black."""
    tint = f"rgba(220, 110, 0, {0.7 * max(bar.excess, 0.0) / strongest:.2f})"
    side = "above" if bar.excess >= 0 else "below"
    title = f"{bar.bits:.1f} bits, {abs(bar.excess):.1f} {side} the average"
    text = escape(bar.text.encode("utf-8", "replace").decode())  # no lone surrogates
    return f'<span style="background: {tint}" title="{title}">{text}</span>'


def surprise(model: Any, tune: str) -> Surprise:
    """Return the cost in bits of each character and each bar of a tune.

    Parameters
    ----------
    model : CharLSTM
    tune : str
        From its ``X:`` line on, without trailing line ends. It is read as in evaluation:
        from the initial state, after a blank line.

    Raises
    ------
    ABCError
        If the text is empty, another tune begins in it, or a line has a NUL byte.

    Notes
    -----
    A character that the model does not know costs
    :data:`abcrnn.evaluation.scoring.UNKNOWN_BITS`.
    """
    tune = tune.rstrip("\n")
    return surprise_of(tune, Scorer(model).costs([tune])[0])


def surprise_of(tune: str, costs: NDArray[np.float64]) -> Surprise:
    """Return the cost of each bar from the cost of each character.

    Parameters
    ----------
    tune : str
    costs : ndarray, shape (characters + 2,), float64
        In bits, as returned by :meth:`abcrnn.evaluation.scoring.Scorer.costs`.
    """
    bits = costs[: len(tune)]
    spans = list(bar_spans(tune))
    in_bars = [bits[begin:end] for begin, end in spans]
    average = float(np.concatenate(in_bars).mean()) if in_bars else 0.0
    bars = []
    for (begin, end), bar_bits in zip(spans, in_bars, strict=True):
        line, column = tune.count("\n", 0, begin) + 1, begin - tune.rfind("\n", 0, begin)
        cost, length = float(bar_bits.sum()), end - begin
        excess = cost - average * length
        bars.append(BarSurprise(line, column, tune[begin:end], cost, cost / length, excess))
    return Surprise(bits, float(costs[len(tune) :].sum()), tuple(bars))


def underline(tune: str, found: Surprise, bar: BarSurprise) -> tuple[str, str]:
    """Return the line in which a bar begins, and a line of marks to print below it.

    Parameters
    ----------
    tune : str
    found : Surprise
        Of the tune.
    bar : BarSurprise
        One of ``found.bars``.

    Returns
    -------
    line : str
        Line of the tune, with spaces for tabs.
    marks : str
        ``~`` below the bar, ``^`` below the character of the bar that costs most bits.
    """
    lines = tune.split("\n")
    line, before = lines[bar.line - 1].replace("\t", " "), bar.column - 1
    width = min(len(bar.text), len(line) - before)
    begin = sum(len(earlier) + 1 for earlier in lines[: bar.line - 1]) + before
    peak = int(np.argmax(found.bits[begin : begin + width]))
    return line, " " * before + "~" * peak + "^" + "~" * (width - peak - 1)


def bar_spans(tune: str) -> Iterator[tuple[int, int]]:
    """Yield the indices in the text at which each bar of the body begins and ends."""
    line_begins = [0, *accumulate(len(line) + 1 for line in tune.split("\n"))]
    in_body = has_event = False
    begin: int | None = None
    end = 0
    for token in tokens(tune):
        if token.kind in ("field", "directive"):
            in_body = in_body or token.text.startswith("K:")
        if not in_body:
            continue
        if has_event and begin is not None and token.text.startswith(("V:", "[V:")):
            yield begin, end  # another voice follows
            begin, has_event = None, False
        if token.kind in ("field", "directive"):
            continue
        index = line_begins[token.line - 1] + token.column - 1
        begin = index if begin is None else begin
        if token.kind != "bar":
            has_event = has_event or token.kind in _EVENTS
            end = index + len(token.text)
            continue
        # In :|2 the number belongs to the next bar.
        end = index + len(token.text.rstrip("0123456789,-"))
        if has_event:  # otherwise the bar line opens the bar, as |: does
            yield begin, end
            begin, has_event = (end, False) if end < index + len(token.text) else (None, False)
    if has_event and begin is not None:
        yield begin, end
