"""Bars of a tune written anew: what fits between the bars before and the bars after."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any, NamedTuple

from abcrnn.composition.provenance import unsigned
from abcrnn.evaluation.scoring import Scorer
from abcrnn.evaluation.surprise import bar_spans
from abcrnn.notation import check_tune, read_tune
from abcrnn.notation.lexer import tokens
from abcrnn.sampling.decoder import WIDEST
from abcrnn.sampling.sampler import Sampler
from abcrnn.storage.validation import require_count

_HEADER = "X:1\nK:C\n"  # to read bars alone


class Rewriting(NamedTuple):
    """A tune with some bars written anew.

    Parameters
    ----------
    tune : str
        The whole tune.
    bars : str
        What was written, without the bar line that closes it.
    bits : float
        What the rest of the tune costs the model after it: the fewer, the better it leads on.
    """

    tune: str
    bars: str
    bits: float


def rewrite(
    model: Any,
    tune: str,
    first: int,
    last: int,
    n: int = 5,
    *,
    temperature: float = 0.8,
    top_p: float | None = None,
    seed: int | None = None,
) -> list[Rewriting]:
    """Write bars of a tune anew.

    Bars are drawn under the automaton after all that stands before them, and ranked by
    how well the rest of the tune follows.

    Parameters
    ----------
    model : CharLSTM
    tune : str
        Of one voice.
    first, last : int
        Numbers of bars as written, from 1; a pickup is bar 0.
    n : int
        How many to give at most.
    temperature, top_p, seed
        As in :class:`abcrnn.Sampler`.

    Returns
    -------
    list of Rewriting
        The best first; none of them twice, and none the tune itself.

    Raises
    ------
    ValueError
        If the tune has no such bars or more than one voice, or what stands before them is
        not sound, or has characters that the model does not know.
    """
    require_count("n", n)
    tune = unsigned(tune)
    begin, end = _hole(tune, first, last)
    sampler = Sampler(
        model,
        temperature,
        top_p=top_p,
        seed=secrets.randbits(63) if seed is None else seed,
        constraint="bars",
    )
    known = {problem.message for problem in check_tune(tune)}
    found: dict[str, str] = {}  # tunes by what was written
    for bars in _drawn(sampler, tune, begin, last - first + 1, 4 * max(n, WIDEST // 4)):
        whole = tune[:begin] + bars + tune[end:]
        sound = {problem.message for problem in check_tune(whole)} <= known
        if sound and bars.split() != tune[begin:end].split():
            found.setdefault(bars, whole)
    if not found:
        return []
    costs = Scorer(model).costs(list(found.values()))
    ranked = [
        Rewriting(whole, bars, float(cost[begin + len(bars) :].sum()))
        for (bars, whole), cost in zip(found.items(), costs, strict=True)
    ]
    return sorted(ranked, key=lambda rewriting: rewriting.bits)[:n]


def _hole(tune: str, first: int, last: int) -> tuple[int, int]:
    """Return where the bars begin, and where the bar line after them does."""
    read = read_tune(tune)
    if len(read.voices) != 1:
        raise ValueError(f"the tune must have one voice with notes, not {len(read.voices)}")
    opening = read.voices[0].bars[0]
    whole = opening.meter.length
    pickup = whole is not None and opening.length < whole
    numbers = dict(enumerate(bar_spans(tune), start=1 - pickup))
    if first > last or first not in numbers or last not in numbers:
        raise ValueError(
            f"the tune has bars {min(numbers)} to {max(numbers)}; "
            f"cannot write bars {first} to {last} anew"
        )
    return numbers[first][0], _before_bar_line(tune, *numbers[last])


def _drawn(sampler: Sampler, tune: str, begin: int, count: int, streams: int) -> Iterator[str]:
    """Draw tunes that begin as this one does, and yield the bars that come next in each."""
    numbers = iter(range(streams))
    cap = 2 * len(tune) + 256
    candidates = sampler.streams(tune[:begin], cap, lambda: next(numbers, None), WIDEST)
    for _, candidate in sorted(candidates):
        spans = [span for span in bar_spans(candidate or "") if span[0] >= begin]
        if len(spans) >= count:
            yield (candidate or "")[begin : _before_bar_line(candidate or "", *spans[count - 1])]


def _before_bar_line(tune: str, begin: int, end: int) -> int:
    """Return where the bar line begins that closes a bar, or its end if none does."""
    last = [token for token in tokens(_HEADER + tune[begin:end]) if token.kind != "field"][-1]
    if last.kind != "bar":
        return end
    return end - len(last.text.rstrip("0123456789,-"))
