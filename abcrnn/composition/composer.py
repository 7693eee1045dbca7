"""Compose tunes that are complete, valid, new and as requested.

Candidates are sampled in parallel under a constraint. Each finished tune is then
checked by :class:`abcrnn.composition.acceptance.Acceptance`, which shares no code
with the constraint; only accepted tunes are returned.
"""

from __future__ import annotations

import math
import re
import secrets
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from abcrnn._version import __version__
from abcrnn.composition.acceptance import Acceptance
from abcrnn.composition.candidates import PARALLEL, Candidates
from abcrnn.composition.provenance import (
    Provenance,
    Settings,
    digest,
    parse_provenance,
    provenance_lines,
)
from abcrnn.composition.request_checks import contradicted_requests
from abcrnn.composition.requests import Requests
from abcrnn.composition.selection import Selection, typicality
from abcrnn.data.novelty import NoveltyIndex
from abcrnn.models.base import require_character_model
from abcrnn.notation import renumber
from abcrnn.storage.progress import progress_bar
from abcrnn.storage.suggestions import suggests_arguments
from abcrnn.storage.validation import require_count, require_number

_MIN_GENERATED = 512  # candidates before the share of accepted ones is judged
_MIN_SHARE = 0.005
_NUMBER = re.compile(r"X:\s*([0-9]{1,9})\s*\n")


@dataclass
class Report:
    """Numbers of generated, accepted and refused tunes of a composition.

    Parameters
    ----------
    generated, accepted : int
        Number of tunes.
    refused : Counter of str
        Number of refused tunes by the first reason against them.
    seconds : float
        Time taken.
    best_of : int
        Number of accepted tunes of which one is returned.
    """

    generated: int = 0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    best_of: int = 1

    def __str__(self) -> str:
        share = f" ({self.accepted / self.generated:.0%})" if self.generated else ""
        counts = f"{self.generated} generated, {self.accepted} accepted{share}"
        lines = [f"{counts} in {self.seconds:.1f} s"]
        if self.best_of > 1:
            lines.append(f"{self.accepted // self.best_of:>6} returned: the best of {self.best_of}")
        lines += [f"{count:>6} refused: {reason}" for reason, count in self.refused.most_common()]
        return "\n".join(lines)

    def count(self, reason: str | None) -> None:
        """Count a tune: refused for a reason, or accepted if there is none."""
        self.generated += 1
        if reason:
            self.refused[reason] += 1
        else:
            self.accepted += 1


class Composition(NamedTuple):
    """Composed tunes and the report of how many were generated for them.

    Parameters
    ----------
    tunes : list of str
    report : Report
    """

    tunes: list[str]
    report: Report

    def __repr__(self) -> str:
        return f"Composition(tunes={len(self.tunes)}, generated={self.report.generated})"


class YieldError(RuntimeError):
    """Raised when almost no generated tune is accepted.

    Parameters
    ----------
    report : Report
        Also an attribute of the exception.
    """

    def __init__(self, report: Report) -> None:
        self.report = report
        super().__init__(
            f"stopped: {report.accepted} of {report.generated} generated tunes were accepted; "
            + ", ".join(f"{count} {reason}" for reason, count in report.refused.most_common(4))
            + "; request less, train longer, or change the temperature"
        )


@suggests_arguments
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
    title: str | None = None,
    ending: str | None = None,
    max_copied_bars: float | None = 4,
    novelty: NoveltyIndex | None = None,
    temperature: float = 0.8,
    top_p: float | None = None,
    max_length: int = 1000,
    seed: int | None = None,
    best_of: int = 1,
) -> Composition:
    """Compose n tunes that are complete, valid, new, playable and as requested.

    Parameters
    ----------
    model : CharLSTM
    n : int
        Number of tunes.
    prompt : str, optional
        Text that each tune begins with, from its ``X:`` on.
    key, meter, rhythm : str, optional
    bars : int, optional
    form, pitches, opening, title, ending : str, optional
        Requests, as in :class:`abcrnn.composition.requests.Requests`.
    max_copied_bars : float, optional
        Maximum number of consecutive bars that a tune may share with a training tune,
        transposed or not; None accepts any number.
    novelty : NoveltyIndex, optional
        Index of the training tunes; the default is the model's own.
    temperature : float
    top_p : float, optional
        As in :class:`abcrnn.Sampler`.
    max_length : int
        Maximum length of a tune, in characters.
    seed : int, optional
        The same seed, model and requests give the same tunes.
    best_of : int
        Number of accepted candidates for each tune, of which the one that is the most
        typical of the training tunes is returned: by its ending, its leaps, the bars that
        return and its length (:mod:`abcrnn.evaluation.tune_metrics`). With a model that
        does not record these metrics, the first candidate is returned, with a warning.

    Returns
    -------
    Composition
        ``tunes``, each with comment lines that :func:`reproduce` reads, and ``report``.

    Raises
    ------
    ValueError
        If an argument is not valid, a request contradicts the prompt or needs characters
        outside the model's vocabulary, or the model has no index of its training tunes
        and ``novelty`` is missing.
    YieldError
        If fewer than one generated tune in 200 is accepted.
    """
    require_character_model(model)
    n = require_count("n", n)
    requests = Requests(
        key=key,
        meter=meter,
        rhythm=rhythm,
        bars=bars,
        form=form,
        pitches=pitches,
        opening=opening,
        title=title,
        ending=ending,
    )
    settings = Settings(
        temperature=temperature,
        top_p=top_p,
        max_length=max_length,
        prompt=prompt,
        generate_title=(
            requests.fixes_header
            and title is None
            and prompt is None
            and "T" in model.vocabulary.characters
        ),
        best_of=best_of,
    )
    rank = typicality(model) if settings.best_of > 1 else None
    if rank is None:
        settings = replace(settings, best_of=1)
    for name in contradicted_requests(requests, requests.prompt(prompt)):
        raise ValueError(f"no tune that begins with the prompt has the requested {name}")
    acceptance = Acceptance(requests, settings.max_length)
    if max_copied_bars is not None:
        acceptance.max_copied_bars = _validated_bars(max_copied_bars)
        acceptance.novelty = _index_of(model, novelty)
    seed = secrets.randbits(63) if seed is None else require_count("seed", seed, least=0)
    source = Provenance(__version__, model.fingerprint[:16], seed, 0, settings, requests)
    return _compose(Candidates(model, source), acceptance, Selection(settings.best_of, rank), n)


def reproduce(tune: str, model: Any) -> str:
    """Generate a composed tune again, byte for byte.

    Parameters
    ----------
    tune : str
        A tune from :func:`compose`. Its comment lines record the model, the seed, the
        settings and the requests; its music is not used.
    model : CharLSTM
        The model that composed the tune.

    Returns
    -------
    str
        The tune as :func:`compose` returned it, with the number (``X:``) and the comment
        lines of ``tune``.

    Raises
    ------
    ValueError
        If ``tune`` lacks the comment lines of :func:`compose`, they were changed, another
        model composed it, or this machine rounds differently.
    """
    return reproduce_all([tune], model)[0]


def reproduce_all(tunes: Sequence[str], model: Any) -> list[str]:
    """Generate several composed tunes again, as :func:`reproduce` does for one.

    Tunes of the same composition are sampled in parallel, which is much faster than one
    call of :func:`reproduce` for each tune.

    Parameters
    ----------
    tunes : sequence of str
        Tunes from :func:`compose`; they may come from several compositions.
    model : CharLSTM
        The model that composed the tunes.

    Returns
    -------
    list of str
        One for each tune, in order.

    Raises
    ------
    ValueError
        If a tune cannot be reproduced; see :func:`reproduce`.
    """
    require_character_model(model)
    sources = [_source_of(tune, model) for tune in tunes]
    compositions: dict[str, list[Provenance]] = {}
    for source in sources:
        compositions.setdefault(_composition_key(source), []).append(source)
    generated: dict[tuple[str, int], str | None] = {}
    for key, same in compositions.items():
        streams = sorted({source.stream for source in same})
        for stream, tune in Candidates(model, same[0]).sample(streams):
            generated[key, stream] = tune
    return [
        _reproduced(tune, source, generated[_composition_key(source), source.stream])
        for tune, source in zip(tunes, sources, strict=True)
    ]


def _validated_bars(value: Any) -> float:
    return require_number(
        "max_copied_bars", value, "a number of at least 0, or None", lambda bars: bars >= 0
    )


def _index_of(model: Any, novelty: NoveltyIndex | None) -> NoveltyIndex:
    index: NoveltyIndex | None = model.novelty if novelty is None else novelty
    if index is None:
        raise ValueError(
            "the model has no index of its training tunes, so copies cannot be recognised: "
            "give novelty=NoveltyIndex(tunes), or max_copied_bars=None to accept copies"
        )
    return index


def _compose(
    candidates: Candidates, acceptance: Acceptance, selection: Selection, n: int
) -> Composition:
    report = Report(best_of=candidates.source.settings.best_of)
    tunes: list[str] = []
    needed = n * report.best_of
    start = time.monotonic()
    with progress_bar(total=n, unit="tune", leave=False) as bar:
        while report.accepted < needed:
            report.seconds = time.monotonic() - start
            _require_yield(report)
            batch = []
            for stream, tune in candidates.sample(_next_streams(report, needed)):
                batch.append((stream, tune))
                bar.set_postfix_str(f"{report.generated + len(batch)} generated")
            # In the order of the streams, so that the result does not depend on which ends first.
            for stream, tune in sorted(batch):
                if report.accepted == needed:
                    break
                refusal = acceptance.refusal(tune)
                report.count(refusal)
                selected = None if refusal else selection.add(stream, tune or "")
                if selected:
                    lines = _with_provenance(selected[1], candidates.source, selected[0])
                    tunes.append(renumber(lines, len(tunes) + 1))
                    bar.update()
    report.seconds = time.monotonic() - start
    return Composition(tunes, report)


def _next_streams(report: Report, n: int) -> range:
    """Return the streams to sample next; their number follows from the share accepted so far."""
    share = (report.accepted + 1) / (report.generated + 2)
    wanted = math.ceil((n - report.accepted) / share / PARALLEL) * PARALLEL
    # Not beyond the number at which _require_yield first judges.
    judged = report.generated >= _MIN_GENERATED
    most = 16 * PARALLEL if judged else _MIN_GENERATED - report.generated
    return range(report.generated, report.generated + min(max(wanted, PARALLEL), most))


def _require_yield(report: Report) -> None:
    enough = report.generated >= _MIN_GENERATED
    if enough and report.accepted < _MIN_SHARE * report.generated:
        raise YieldError(report)


def _with_provenance(tune: str, source: Provenance, stream: int) -> str:
    """Return a tune with its provenance lines below it."""
    return f"{tune}\n{replace(source, stream=stream, tune=digest(tune)).lines()}"


def _source_of(tune: str, model: Any) -> Provenance:
    source = parse_provenance(tune)
    if source.model != model.fingerprint[:16]:
        raise ValueError(
            f"the tune was composed with model {source.model}, "
            f"not with this one, {model.fingerprint[:16]}"
        )
    return source


def _composition_key(source: Provenance) -> str:
    """Return text that is equal for tunes of the same composition."""
    return repr(replace(source, stream=0, tune=""))


def _reproduced(tune: str, source: Provenance, generated: str | None) -> str:
    if generated is None or digest(generated) != source.tune:
        raise ValueError(
            "the tune cannot be reproduced: its comment lines were changed, "
            "or this machine rounds differently"
        )
    number = _NUMBER.match(tune)
    return renumber(f"{generated}\n{provenance_lines(tune)}", int(number[1]) if number else 1)
