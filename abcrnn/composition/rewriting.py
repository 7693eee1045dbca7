"""Rewrite bars of a tune: other bars that fit between what precedes and what follows."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from abcrnn._version import __version__
from abcrnn.composition.candidates import PARALLEL
from abcrnn.composition.provenance import (
    NOT_REPRODUCED,
    digest,
    require_model,
    require_seed,
    without_provenance,
)
from abcrnn.composition.rewriting_record import RewritingRecord, parse_rewriting
from abcrnn.evaluation.held_out import fields_left_out
from abcrnn.evaluation.scoring import Scorer
from abcrnn.evaluation.surprise import bar_spans
from abcrnn.models.base import require_character_model
from abcrnn.notation import ABCError, check_tune, drop_fields, read_tune
from abcrnn.notation.chord_symbols import parse_chord_symbol
from abcrnn.notation.fields import parse_meter
from abcrnn.notation.lexer import tokens
from abcrnn.notation.tunebook import header_lines
from abcrnn.sampling.sampler import Sampler
from abcrnn.storage.suggestions import suggests_arguments
from abcrnn.storage.validation import require_count

# Fields whose text is not music: titles, names, notes and words (ABC 2.1, section 3).
_TEXT_FIELD = re.compile("[ABCDFGHNORSTWZw]:")
_HEADER = "X:1\nK:C\n"  # turns bars into a tune that can be read


class Rewriting(NamedTuple):
    """A tune with rewritten bars.

    Parameters
    ----------
    tune : str
        The whole tune, with comment lines that :func:`abcrnn.reproduce` reads.
    bars : str
        The new bars, without the bar line that closes them.
    bits : float
        Bits that the model needs for the rest of the tune; lower is a better fit.
    """

    tune: str
    bars: str
    bits: float


class MissingBarsError(ValueError):
    """Bars that a tune does not have.

    Parameters
    ----------
    lowest, highest : int
        Numbers of the first and the last bar of the tune.
    first, last : int
        The bars to rewrite.
    """

    def __init__(self, lowest: int, highest: int, first: int, last: int) -> None:
        self.lowest, self.highest = lowest, highest
        super().__init__(
            f"the tune has bars {lowest} to {highest}; cannot rewrite bars {first} to {last}"
        )


@suggests_arguments
def rewrite(
    model: Any,
    tune: str,
    first: int,
    last: int,
    n: int = 5,
    *,
    temperature: float = 1.0,
    top_p: float | None = None,
    seed: int | None = None,
) -> list[Rewriting]:
    """Return up to n variants of a tune with other bars in a passage.

    Bars are sampled after everything that precedes the passage, and ranked by how well
    the rest of the tune follows.

    Chord symbols of the rewritten bars are left out, since they suit the melody that is
    replaced. The last chord symbol before the bars then sounds through them, unless the model
    writes others. :func:`abcrnn.composition.rewriting.count_chord_symbols` counts them;
    :func:`abcrnn.add_chords` suggests chord symbols for a tune that has none.

    Parameters
    ----------
    model : CharLSTM
    tune : str
        A tune with one voice and a meter.
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
        header fields that it was trained without, nor characters of titles and other text
        that it does not know; the variants keep them.

    Raises
    ------
    ValueError
        If the tune has no such bars, no meter or more than one voice, if what precedes the bars
        is not valid or its music has characters outside the model's vocabulary.
    """
    require_character_model(model)
    n = require_count("n", n)
    first, last = require_count("first", first, 0), require_count("last", last, 0)
    if first > last:
        raise ValueError(f"first must be at most last, not first={first}, last={last}")
    seed = secrets.randbits(63) if seed is None else require_seed(seed)
    passage = _Passage.find(model, without_provenance(tune), first, last)
    _require_meter(tune)
    record = RewritingRecord(
        __version__,
        model.fingerprint[:16],
        seed,
        0,
        temperature,
        top_p,
        (first, last),
        passage.bars,
        passage.whole.partition("\n")[0],
        digest(passage.whole),
    )
    known = {problem.message for problem in check_tune(passage.tune)}
    found: dict[str, int] = {}  # stream by the new bars
    for stream, bars in _sample_bars(model, record, passage, range(4 * max(n, PARALLEL // 4))):
        is_valid = {problem.message for problem in check_tune(passage.replaced(bars))} <= known
        is_new = bars.split() != passage.bars.split()
        if is_valid and is_new and passage.is_found_again(bars, first, last):
            found.setdefault(bars, stream)
    if not found:
        return []
    costs = Scorer(model).costs([passage.replaced(bars) for bars in found])
    ranked = [
        Rewriting(
            passage.recorded(bars, replace(record, stream=stream)),
            bars,
            float(cost[passage.begin + len(bars) :].sum()),
        )
        for (bars, stream), cost in zip(found.items(), costs, strict=True)
    ]
    return sorted(ranked, key=lambda rewriting: rewriting.bits)[:n]


def count_chord_symbols(tune: str, first: int, last: int) -> dict[int, int]:
    """Return the number of chord symbols in each bar that has some.

    Parameters
    ----------
    tune : str
        A tune with one voice.
    first, last : int
        Numbers of the bars to count in, as in :func:`rewrite`.

    Returns
    -------
    dict of int to int
        By the number of the bar.

    Raises
    ------
    ValueError
        If the tune has no such bars or more than one voice.
    """
    counts = {}
    for number, (begin, end) in _spans_of_bars(tune, first, last).items():
        if first <= number <= last:
            found = tokens(_HEADER + tune[begin:end])
            quoted = [token.text[1:-1] for token in found if token.kind == "quoted"]
            counts[number] = sum(parse_chord_symbol(text) is not None for text in quoted)
    return {number: count for number, count in counts.items() if count}


def rewrite_again(tune: str, model: Any) -> str:
    """Generate the rewritten bars of a tune again, byte for byte.

    Parameters
    ----------
    tune : str
        A tune from :func:`rewrite`; outside the rewritten bars it must be unchanged.
    model : CharLSTM
        The model that rewrote it.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the bars cannot be reproduced.
    """
    record = parse_rewriting(tune)
    require_model(record.model, model)
    number, _, rest = without_provenance(tune).partition("\n")
    new = _Passage.find(model, f"{record.number}\n{rest}", *record.bars)
    passage = new.with_bars(record.music)
    if digest(passage.whole) != record.source:
        raise ValueError(
            "the tune cannot be reproduced: it was changed outside the rewritten bars, "
            "or its comment lines were changed"
        )
    [(_, bars)] = list(_sample_bars(model, record, passage, [record.stream])) or [(0, "")]
    if digest(passage.with_bars(bars).whole) != record.tune:
        raise ValueError(NOT_REPRODUCED)
    return number + passage.recorded(bars, record).removeprefix(record.number)


class _Passage(NamedTuple):
    """Bars of a tune.

    Parameters
    ----------
    whole : str
        The tune without provenance lines.
    tune : str
        What the model reads of it: without the header fields that it was trained without,
        and with characters that it knows in titles and other text.
    begin, end : int
        Offsets in ``tune`` at which the bars begin, and at which their last bar line begins.
    bar_count : int
        Number of bars.
    """

    whole: str
    tune: str
    begin: int
    end: int
    bar_count: int

    @classmethod
    def find(cls, model: Any, whole: str, first: int, last: int) -> _Passage:
        tune = drop_fields(whole, fields_left_out(model))  # of the header: all else is the same
        tune = _with_known_text(tune, model.vocabulary.characters)
        return cls(whole, tune, *_find_passage(tune, first, last), last - first + 1)

    @property
    def bars(self) -> str:
        return self.tune[self.begin : self.end]

    def replaced(self, bars: str) -> str:
        """Return what the model reads of the tune with other bars."""
        return self.tune[: self.begin] + bars + self.tune[self.end :]

    def is_found_again(self, bars: str, first: int, last: int) -> bool:
        """Return whether other bars have the same numbers, so that they can be reproduced.

        A first bar that is not full is a pickup, and then the numbers of all bars are others.
        """
        try:
            found = _find_passage(self.replaced(bars), first, last)
        except ValueError:  # there are no bars of these numbers
            return False
        return found == (self.begin, self.begin + len(bars))

    def with_bars(self, bars: str) -> _Passage:
        """Return the passage with other bars."""
        left_out = len(self.whole) - len(self.tune)
        whole = self.whole[: self.begin + left_out] + bars + self.whole[self.end + left_out :]
        tune, end = self.replaced(bars), self.begin + len(bars)
        return self._replace(whole=whole, tune=tune, end=end)

    def recorded(self, bars: str, record: RewritingRecord) -> str:
        """Return the whole tune with other bars and the lines of the record."""
        whole = self.with_bars(bars).whole
        return f"{whole}\n{replace(record, tune=digest(whole)).lines()}"


def _with_known_text(tune: str, known: str) -> str:
    """Replace unknown characters of the fields that are text, so that each keeps its place.

    Accents are removed; what is not a letter with an accent becomes an ``a``.
    """
    lines = tune.split("\n")
    for number, line in enumerate(lines):
        if _TEXT_FIELD.match(line):
            lines[number] = "".join(c if c in known else _without_accent(c, known) for c in line)
    return "\n".join(lines)


def _without_accent(character: str, known: str) -> str:
    base = unicodedata.normalize("NFD", character)[0]
    return base if base in known else "a"


def _require_meter(tune: str) -> None:
    """Raise ``ValueError`` unless the header has a meter, which the new bars fill."""
    text = next((line.value for line in header_lines(tune) if line.letter == "M"), None)
    meter = parse_meter(text) if text is not None else None
    if text is None:
        raise ValueError("the tune has no meter: add a line such as M:4/4 before K:")
    if meter is None or meter.length is None:
        raise ValueError(f"the tune must have a meter such as M:4/4 before K:, not M:{text:.80}")


def _find_passage(tune: str, first: int, last: int) -> tuple[int, int]:
    """Return the offsets at which the bars begin and at which their last bar line begins."""
    spans = _spans_of_bars(tune, first, last)
    return spans[first][0], _before_bar_line(tune, *spans[last])


def _spans_of_bars(tune: str, first: int, last: int) -> dict[int, tuple[int, int]]:
    """Return the offsets of all bars by number; raise ``ValueError`` if some are missing."""
    read = read_tune(tune)
    if len(read.voices) != 1:
        raise ValueError(f"the tune must have one voice with notes, not {len(read.voices)}")
    opening = read.voices[0].bars[0]
    whole = opening.meter.length
    has_pickup = whole is not None and opening.length < whole
    spans = dict(enumerate(bar_spans(tune), start=1 - has_pickup))
    if first > last or first not in spans or last not in spans:
        raise MissingBarsError(min(spans), max(spans), first, last)
    return spans


def _sample_bars(
    model: Any, record: RewritingRecord, passage: _Passage, streams: Sequence[int]
) -> Iterator[tuple[int, str]]:
    """Sample bars after what precedes the passage; yield them with the number of the stream."""
    begin, count, numbers = passage.begin, passage.bar_count, iter(streams)
    sampler = Sampler(
        model, record.temperature, top_p=record.top_p, seed=record.seed, constraint="bars"
    )

    def has_bars(text: str) -> bool:
        """Whether a tune so far has the bars, and a part of the next one."""
        return len(_spans_from(text, begin)) > count

    candidates = sampler.streams(
        passage.tune[:begin],
        2 * len(passage.tune) + 256,
        lambda: next(numbers, None),
        PARALLEL,
        has_bars,
    )
    for stream, candidate in sorted(candidates):
        text = candidate or ""
        spans = _spans_from(text, begin)
        if len(spans) >= count:
            yield stream, text[begin : _before_bar_line(text, *spans[count - 1])]


def _spans_from(text: str, begin: int) -> list[tuple[int, int]]:
    """Return the spans of the bars that begin at an offset or after it."""
    try:
        return [span for span in bar_spans(text) if span[0] >= begin]
    except ABCError:  # the last token may be incomplete
        return []


def _before_bar_line(tune: str, begin: int, end: int) -> int:
    """Return the offset at which the bar line of a bar begins, or its end if it has none."""
    last = [token for token in tokens(_HEADER + tune[begin:end]) if token.kind != "field"][-1]
    if last.kind != "bar":
        return end
    return end - len(last.text.rstrip("0123456789,-"))
