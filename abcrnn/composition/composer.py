"""Tunes to order: complete, sound, new and as ordered, or none.

Candidates are drawn many at a time under the automaton; each is judged on the
finished text by the reader, the writer of MIDI and the index of training tunes,
and only what passes is kept.
"""

from __future__ import annotations

import math
import re
import secrets
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from tqdm import tqdm

from abcrnn._version import __version__
from abcrnn.composition.provenance import Provenance, Settings, digest, parse_provenance
from abcrnn.composition.requests import Orders, masks_for
from abcrnn.data.novelty import NoveltyIndex
from abcrnn.data.store import BOUNDARY
from abcrnn.export.midi import to_midi_bytes
from abcrnn.grammar.transition_tables import Masks
from abcrnn.notation import ABCError, Tune, check_tune, read_tune, renumber, tune_body
from abcrnn.sampling.decoder import WIDEST
from abcrnn.sampling.sampler import Sampler
from abcrnn.storage.validation import require_count

# Of a length cap: drawn so much further, so that what was cut short by it can be told.
_SLACK = 1.25
# By bars: how often in a row a phrase may come as written. Of 3153 tunes of irish, jigs and
# oneills, 4 have one bar four times, one has two bars three times, and none four bars.
_MOST_IN_A_ROW = {1: 3, 2: 2, 4: 2}
_LEAST_DRAWN = 512  # before the yield is judged
_LEAST_YIELD = 0.005
_NUMBER = re.compile(r"X:\s*([0-9]{1,9})\s*\n")


@dataclass
class Report:
    """How a composition went.

    Parameters
    ----------
    drawn, kept : int
        Candidates.
    refused : Counter of str
        Candidates by the first reason against them.
    seconds : float
    """

    drawn: int = 0
    kept: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def __str__(self) -> str:
        share = f" ({self.kept / self.drawn:.0%})" if self.drawn else ""
        lines = [f"{self.drawn} drawn, {self.kept} kept{share} in {self.seconds:.1f} s"]
        lines += [f"{count:>6} refused: {reason}" for reason, count in self.refused.most_common()]
        return "\n".join(lines)


class Composition(NamedTuple):
    """The tunes, and how it went."""

    tunes: list[str]
    report: Report


class YieldError(RuntimeError):
    """So few candidates pass that going on is hopeless; ``report`` tells why."""

    def __init__(self, report: Report) -> None:
        self.report = report
        super().__init__(
            f"gave up: {report.kept} of {report.drawn} tunes drawn passed; "
            + ", ".join(f"{count} {reason}" for reason, count in report.refused.most_common(4))
            + "; ask for less, train longer, or change the temperature"
        )


def compose(
    model: Any,
    n: int,
    *,
    prompt: str | None = None,
    key: str | None = None,
    meter: str | None = None,
    rhythm: str | None = None,
    bars: int | None = None,
    form: str | None = None,
    pitches: str | None = None,
    opening: str | None = None,
    max_copied_bars: float | None = 4,
    novelty: NoveltyIndex | None = None,
    temperature: float = 0.8,
    top_p: float | None = None,
    max_length: int = 1000,
    seed: int | None = None,
) -> Composition:
    """Write exactly n tunes: complete, sound, new, as ordered, and fit for MIDI.

    Parameters
    ----------
    model : CharLSTM
    n : int
    prompt : str, optional
        What each tune begins with, from its ``X:`` on.
    key, meter, rhythm, bars, form, pitches, opening
        As in :class:`abcrnn.composition.requests.Orders`.
    max_copied_bars : float, optional
        Longest run of bars that a tune may share with a training tune, transposed or
        not; None for any.
    novelty : NoveltyIndex, optional
        Of the training tunes; without one, the model's own.
    temperature, top_p
        As in :class:`abcrnn.Sampler`.
    max_length : int
        Longest tune, in characters.
    seed : int, optional
        The same seed, model and orders give the same tunes.

    Returns
    -------
    Composition
        ``tunes``, each with comment lines that say how it was made, and ``report``.

    Raises
    ------
    ValueError
        If an order makes no sense, contradicts the prompt, or is beyond the model's
        vocabulary; or if the model does not know its training tunes and no index is given.
    YieldError
        If fewer than one candidate in two hundred passes.
    """
    require_count("n", n)
    orders = Orders(key, meter, rhythm, bars, form, pitches, opening)
    settings = Settings(temperature, top_p, max_length, prompt)
    if max_copied_bars is not None and not _is_amount(max_copied_bars):
        raise ValueError(
            f"max_copied_bars must be a number of at least 0, or None, not {max_copied_bars!r}"
        )
    for name in orders.contradicted(orders.prompt(prompt)):
        raise ValueError(f"no tune that begins as the prompt does has the {name} ordered")
    known = model.novelty if novelty is None else novelty
    if max_copied_bars is not None and known is None:
        raise ValueError(
            "the model does not carry its training tunes, so what it copies cannot be told: "
            "give novelty=NoveltyIndex(tunes), or max_copied_bars=None to do without"
        )
    judge = _Judge(
        orders, settings, known if max_copied_bars is not None else None, max_copied_bars
    )
    seed = secrets.randbits(63) if seed is None else seed
    source = Provenance(__version__, model.fingerprint[:16], seed, 0, settings, orders)
    return _compose(_Candidates(model, source), judge, n)


def reproduce(tune: str, model: Any) -> str:
    """Draw a composed tune again, byte for byte.

    Parameters
    ----------
    tune : str
        With the comment lines that :func:`compose` gave it.
    model : CharLSTM
        The one it was composed with.

    Raises
    ------
    ValueError
        If the tune does not say how it was composed, or by another model.
    """
    return reproduce_all([tune], model)[0]


def reproduce_all(tunes: Sequence[str], model: Any) -> list[str]:
    """As :func:`reproduce`; those composed together are drawn together, which takes far less."""
    sources = [_source_of(tune, model) for tune in tunes]
    composed: dict[str, list[Provenance]] = {}
    for source in sources:
        composed.setdefault(_composition(source), []).append(source)
    drawn: dict[tuple[str, int], str | None] = {}
    for name, alike in composed.items():
        streams = sorted({source.stream for source in alike})
        for stream, again in _Candidates(model, alike[0]).draw(streams):
            drawn[name, stream] = again
    return [
        _drawn_again(tune, source, drawn[_composition(source), source.stream])
        for tune, source in zip(tunes, sources, strict=True)
    ]


def _source_of(tune: str, model: Any) -> Provenance:
    source = parse_provenance(tune)
    if source.model != model.fingerprint[:16]:
        raise ValueError(
            f"the tune was composed with model {source.model}, "
            f"not with this one, {model.fingerprint[:16]}"
        )
    return source


def _composition(source: Provenance) -> str:
    """Return what all tunes have in common that were composed together."""
    return repr(replace(source, stream=0, tune=""))


def _drawn_again(tune: str, source: Provenance, again: str | None) -> str:
    if again is None or digest(again) != source.tune:
        raise ValueError(
            "the tune does not come again: its lines were changed, or this machine rounds otherwise"
        )
    number = _NUMBER.match(tune)
    return renumber(_signed(again, source, source.stream), int(number[1]) if number else 1)


class _Candidates:
    """Draws tunes by the numbers of their streams; each depends on its number alone."""

    def __init__(self, model: Any, source: Provenance) -> None:
        orders, settings = source.orders, source.settings
        masks = masks_for(model.vocabulary.characters, orders)
        self.source = source
        self._sampler = Sampler(
            model, settings.temperature, top_p=settings.top_p, seed=source.seed, constraint=masks
        )
        self._prompt = orders.prompt(settings.prompt)
        _require_room(masks, self._prompt, settings.max_length)
        self._cap = int(_SLACK * settings.max_length)

    def draw(self, streams: Sequence[int]) -> Iterator[tuple[int, str | None]]:
        """Draw tunes, in whatever order they end."""
        numbers = iter(streams)
        # Always side by side with as many rows: rounding must not depend on how many are asked for.
        return self._sampler.streams(self._prompt, self._cap, lambda: next(numbers, None), WIDEST)


def _compose(candidates: _Candidates, judge: _Judge, n: int) -> Composition:
    report, kept = Report(), []
    begun = time.monotonic()
    with tqdm(total=n, unit="tune", disable=None, leave=False) as bar:
        while report.kept < n:
            report.seconds = time.monotonic() - begun
            _give_up_if_hopeless(report)
            streams = range(report.drawn, report.drawn + _batch(report, n))
            drawn = []
            for stream, tune in candidates.draw(streams):
                drawn.append((stream, tune))
                bar.set_postfix_str(f"{report.drawn + len(drawn)} drawn")
            for stream, tune in sorted(drawn):
                if report.kept == n:
                    break
                reason = judge.refuses(tune)
                report.drawn += 1
                report.refused.update([reason] if reason else [])
                if not reason:
                    report.kept += 1
                    signed = _signed(tune or "", candidates.source, stream)
                    kept.append(renumber(signed, report.kept))
                    bar.update()
    report.seconds = time.monotonic() - begun
    return Composition(kept, report)


def _batch(report: Report, n: int) -> int:
    """Return how many candidates to draw next, from how many passed so far."""
    share = (report.kept + 1) / (report.drawn + 2)
    wanted = math.ceil((n - report.kept) / share / WIDEST) * WIDEST
    # No more than it takes to tell whether there is any hope.
    most = 16 * WIDEST if report.drawn >= _LEAST_DRAWN else _LEAST_DRAWN - report.drawn
    return min(max(wanted, WIDEST), most)


def _give_up_if_hopeless(report: Report) -> None:
    if report.drawn >= _LEAST_DRAWN and report.kept < _LEAST_YIELD * report.drawn:
        raise YieldError(report)


def _signed(tune: str, source: Provenance, stream: int) -> str:
    """Put the lines that say where a tune comes from below it."""
    own = replace(source, stream=stream, tune=digest(tune))
    return f"{tune}\n{own.lines()}"


class _Judge:
    """Says why a candidate is refused."""

    def __init__(
        self,
        orders: Orders,
        settings: Settings,
        known: NoveltyIndex | None,
        max_copied_bars: float | None,
    ) -> None:
        self._orders, self._settings = orders, settings
        self._known, self._max_copied_bars = known, max_copied_bars
        self._bodies: set[str] = set()

    def refuses(self, tune: str | None) -> str | None:
        """Return the first reason against a tune; None if there is none."""
        if tune is None or len(tune) > self._settings.max_length:
            return f"longer than {self._settings.max_length} characters"
        if check_tune(tune):
            return "unsound"
        disobeyed = self._orders.disobeyed(tune)
        if disobeyed:
            return f"not the {disobeyed[0]} ordered"
        if loops(read_tune(tune)):
            return "goes round in a loop"
        if tune_body(tune) in self._bodies:
            return "the same as one before"
        if self._known and self._known.compare(tune).bars > (self._max_copied_bars or 0):
            return f"more than {self._max_copied_bars:g} bars copied"
        try:
            to_midi_bytes(tune)
        except ABCError:
            return "cannot be played"
        self._bodies.add(tune_body(tune))
        return None


def _require_room(masks: Masks, prompt: str, max_length: int) -> None:
    """Raise ``ValueError`` if no tune that begins so is so short."""
    position = masks.position(prompt)
    least = len(prompt) + masks.need(position) - len(BOUNDARY)
    if position.read == len(prompt) and least > max_length:
        raise ValueError(
            f"max_length must be at least {least} for such a tune that begins so, not {max_length}"
        )


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def loops(tune: Tune) -> bool:
    """Whether a phrase of one, two or four bars comes too often in a row, repeats aside."""
    for voice in tune.voices:
        bars = [tuple((e.duration, e.pitches) for e in bar.events) for bar in voice.bars]
        for length, most in _MOST_IN_A_ROW.items():
            run = 0
            for before, after in zip(bars, bars[length:], strict=False):
                run = run + 1 if before == after else 0
                if run >= length * most:
                    return True
    return False
