"""Rewrite bars of a tune: other bars that fit between what precedes and what follows."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any, NamedTuple

from abcrnn.composition.candidates import PARALLEL
from abcrnn.composition.provenance import without_provenance
from abcrnn.evaluation.held_out import fields_left_out
from abcrnn.evaluation.scoring import Scorer
from abcrnn.evaluation.surprise import bar_spans
from abcrnn.models.base import require_character_model
from abcrnn.notation import check_tune, drop_fields, read_tune
from abcrnn.notation.lexer import tokens
from abcrnn.sampling.sampler import Sampler
from abcrnn.storage.suggestions import suggests_arguments
from abcrnn.storage.validation import require_count

_HEADER = "X:1\nK:C\n"  # turns bars into a tune that can be read


class Rewriting(NamedTuple):
    """A tune with rewritten bars.

    Parameters
    ----------
    tune : str
        The whole tune.
    bars : str
        The new bars, without the bar line that closes them.
    bits : float
        Bits that the model needs for the rest of the tune; lower is a better fit.
    """

    tune: str
    bars: str
    bits: float


@suggests_arguments
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
    """Return up to n variants of a tune with other bars in a passage.

    Bars are sampled after everything that precedes the passage, and ranked by how well
    the rest of the tune follows.

    Parameters
    ----------
    model : CharLSTM
    tune : str
        A tune with one voice.
    first, last : int
        Numbers of the bars to rewrite, as written, from 1; a pickup is bar 0.
    n : int
        Maximum number of variants.
    temperature : float
    top_p : float, optional
    seed : int, optional
        As in :class:`abcrnn.Sampler`.

    Returns
    -------
    list of Rewriting
        The best first; all different, and different from the tune. The model does not read
        header fields that it was trained without; the variants keep them.

    Raises
    ------
    ValueError
        If the tune has no such bars or more than one voice, if what precedes them is not
        valid or has characters outside the model's vocabulary.
    """
    require_character_model(model)
    n = require_count("n", n)
    first, last = require_count("first", first, 0), require_count("last", last, 0)
    whole = without_provenance(tune)
    tune = drop_fields(whole, fields_left_out(model))  # of the header: all else is the same
    left_out = len(whole) - len(tune)
    begin, end = _find_passage(tune, first, last)
    sampler = Sampler(
        model,
        temperature,
        top_p=top_p,
        seed=secrets.randbits(63) if seed is None else seed,
        constraint="bars",
    )
    known = {problem.message for problem in check_tune(tune)}
    variants: dict[str, str] = {}  # whole tune by the new bars
    streams = 4 * max(n, PARALLEL // 4)
    for bars in _sample_bars(sampler, tune, begin, last - first + 1, streams):
        variant = tune[:begin] + bars + tune[end:]
        is_valid = {problem.message for problem in check_tune(variant)} <= known
        if is_valid and bars.split() != tune[begin:end].split():
            variants.setdefault(bars, variant)
    if not variants:
        return []
    costs = Scorer(model).costs(list(variants.values()))
    ranked = [
        Rewriting(
            whole[: begin + left_out] + bars + whole[end + left_out :],
            bars,
            float(cost[begin + len(bars) :].sum()),
        )
        for bars, cost in zip(variants, costs, strict=True)
    ]
    return sorted(ranked, key=lambda rewriting: rewriting.bits)[:n]


def _find_passage(tune: str, first: int, last: int) -> tuple[int, int]:
    """Return the offsets at which the bars begin and at which their last bar line begins."""
    read = read_tune(tune)
    if len(read.voices) != 1:
        raise ValueError(f"the tune must have one voice with notes, not {len(read.voices)}")
    opening = read.voices[0].bars[0]
    whole = opening.meter.length
    has_pickup = whole is not None and opening.length < whole
    spans = dict(enumerate(bar_spans(tune), start=1 - has_pickup))
    if first > last or first not in spans or last not in spans:
        raise ValueError(
            f"the tune has bars {min(spans)} to {max(spans)}; cannot rewrite bars {first} to {last}"
        )
    return spans[first][0], _before_bar_line(tune, *spans[last])


def _sample_bars(
    sampler: Sampler, tune: str, begin: int, count: int, streams: int
) -> Iterator[str]:
    """Sample continuations of the tune before an offset; yield the first bars of each."""
    numbers = iter(range(streams))
    max_length = 2 * len(tune) + 256
    candidates = sampler.streams(tune[:begin], max_length, lambda: next(numbers, None), PARALLEL)
    for _, candidate in sorted(candidates):
        text = candidate or ""
        spans = [span for span in bar_spans(text) if span[0] >= begin]
        if len(spans) >= count:
            yield text[begin : _before_bar_line(text, *spans[count - 1])]


def _before_bar_line(tune: str, begin: int, end: int) -> int:
    """Return the offset at which the bar line of a bar begins, or its end if it has none."""
    last = [token for token in tokens(_HEADER + tune[begin:end]) if token.kind != "field"][-1]
    if last.kind != "bar":
        return end
    return end - len(last.text.rstrip("0123456789,-"))
