"""Compose tunes that are complete, valid, new and as requested.

Candidates are sampled in parallel under a constraint. Each finished tune is then
checked by :class:`abcrnn.composition.acceptance.Acceptance`, which shares no code
with the constraint; only accepted tunes are returned.
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from abcrnn._version import __version__
from abcrnn.composition.acceptance import Acceptance
from abcrnn.composition.candidates import PARALLEL, Candidates
from abcrnn.composition.composition_report import Composition, Report, YieldError
from abcrnn.composition.contradictions import require_compatible
from abcrnn.composition.defaults import MAX_COPIED_BARS, MAX_LENGTH, TOP_P
from abcrnn.composition.layout import tidied
from abcrnn.composition.provenance import Provenance, Settings, digest
from abcrnn.composition.requests import Requests
from abcrnn.composition.selection import BestOf, typicality
from abcrnn.composition.trait_limits import limits_of
from abcrnn.data.novelty import NoveltyIndex
from abcrnn.models.base import require_character_model
from abcrnn.notation import renumber
from abcrnn.sampling.faithful import Selected
from abcrnn.storage.progress import progress_bar
from abcrnn.storage.suggestions import suggests_arguments
from abcrnn.storage.validation import require_count, require_number

_MIN_GENERATED = 512  # candidates before the share of accepted ones is judged
_MIN_SHARE = 0.005
# Expected at first, without and with limits of traits: so many accepted, of so many generated.
# Rows without a stream take as long as rows with one, so enough are started at once.
_EXPECTED, _EXPECTED_WITH_LIMITS = (4, 5), (2, 6)


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
    max_copied_bars: float | None = MAX_COPIED_BARS,
    novelty: NoveltyIndex | None = None,
    temperature: float = 1.0,
    top_p: float | None = TOP_P,
    max_length: int = MAX_LENGTH,
    seed: int | None = None,
    best_of: int = 1,
    faithful: int = 1,
    match_training: bool = True,
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
        As in :class:`abcrnn.Sampler`. The network estimates the probabilities of the least
        likely characters worst; sampling them causes leaps and bars that do not return.
        None samples from all characters.
    max_length : int
        Maximum length of a tune, in characters.
    seed : int, optional
        The same seed, model and requests give the same tunes.
    best_of : int
        Number of accepted candidates for each tune, of which the one that is the most
        typical of the training tunes is returned: by its ending, its leaps, the bars that
        return and its length (:mod:`abcrnn.evaluation.tune_metrics`). With a model that
        does not record these metrics, the first candidate is returned, with a warning.
    faithful : int
        Number of candidates from which each tune is chosen, before it is checked, as in
        :class:`abcrnn.Sampler`. The report has their effective sample size.
    match_training : bool
        Refuse tunes that end off the tonic, leap over an octave, or have no bar that
        returns, if the accepted tunes have this more often than the training tunes
        (:mod:`abcrnn.composition.trait_limits`). Has no effect with a model that does not
        record the metrics of its training tunes.

    Returns
    -------
    Composition
        ``tunes``, formatted as :func:`abcrnn.tidy` does and with comment lines that
        :func:`reproduce` reads, and ``report``. A tune keeps the text of its prompt.

    Raises
    ------
    ValueError
        If an argument is not valid, a request contradicts the prompt or needs characters
        outside the model's vocabulary, or the model has no index of its training tunes
        and ``novelty`` is missing.
    YieldError
        If fewer than one generated tune in 200 is accepted.
    """
    report = Report()
    tunes = compose_iter(
        model,
        require_count("n", n),
        prompt=prompt,
        key=key,
        meter=meter,
        rhythm=rhythm,
        bars=bars,
        form=form,
        pitches=pitches,
        opening=opening,
        title=title,
        ending=ending,
        max_copied_bars=max_copied_bars,
        novelty=novelty,
        temperature=temperature,
        top_p=top_p,
        max_length=max_length,
        seed=seed,
        best_of=best_of,
        faithful=faithful,
        match_training=match_training,
        report=report,
    )
    return Composition(list(tunes), report)


@suggests_arguments
def compose_iter(
    model: Any,
    n: int | None = None,
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
    max_copied_bars: float | None = MAX_COPIED_BARS,
    novelty: NoveltyIndex | None = None,
    temperature: float = 1.0,
    top_p: float | None = TOP_P,
    max_length: int = MAX_LENGTH,
    seed: int | None = None,
    best_of: int = 1,
    faithful: int = 1,
    match_training: bool = True,
    report: Report | None = None,
) -> Iterator[str]:
    """Compose tunes as :func:`compose` does, and yield each as soon as it is accepted.

    Arguments are checked at once, and sampling begins with the first ``next()``. The
    tunes, and their order, are those of :func:`compose` with the same seed. Between two
    of them, sampling runs in stretches of at most 64 characters; ``close()`` and Ctrl-C
    end it after the current one.

    Parameters
    ----------
    model : CharLSTM
    n : int, optional
        Number of tunes. By default there is no limit.
    prompt, key, meter, rhythm : str, optional
    bars : int, optional
    form, pitches, opening, title, ending : str, optional
    max_copied_bars : float, optional
    novelty : NoveltyIndex, optional
    temperature : float
    top_p : float, optional
    max_length : int
    seed : int, optional
    best_of, faithful : int
    match_training : bool
        All as in :func:`compose`.
    report : Report, optional
        Object in which generated, accepted and refused tunes are counted during sampling.

    Yields
    ------
    str
        A tune, with comment lines that :func:`reproduce` reads.

    Raises
    ------
    ValueError, YieldError
        As :func:`compose`.

    Examples
    --------
    >>> tunes = compose_iter(model, key="G", meter="6/8", seed=1)  # doctest: +SKIP
    >>> first = next(tunes)  # doctest: +SKIP
    >>> tunes.close()  # doctest: +SKIP
    """
    require_character_model(model)
    n = None if n is None else require_count("n", n)
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
        faithful=faithful,
    )
    rank = typicality(model) if settings.best_of > 1 else None
    if rank is None:
        settings = replace(settings, best_of=1)
    require_compatible(requests, prompt)
    acceptance = Acceptance(requests, settings.max_length)
    if max_copied_bars is not None:
        acceptance.max_copied_bars = _validated_bars(max_copied_bars)
        acceptance.novelty = _index_of(model, novelty)
    seed = secrets.randbits(63) if seed is None else require_count("seed", seed, least=0)
    if match_training:
        acceptance.limits = limits_of(model, requests, seed)
    source = Provenance(__version__, model.fingerprint[:16], seed, 0, settings, requests)
    report = Report() if report is None else report
    report.candidates, report.best_of = settings.faithful, settings.best_of
    needed = None if n is None else n * settings.best_of
    yields = _Yield(needed, report, acceptance.limits is not None)
    candidates = Candidates(model, source, yields.wanted())
    return _Search(candidates, acceptance, BestOf(settings.best_of, rank), yields).tunes()


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


@dataclass
class _Yield:
    """How many tunes have to be generated for those that are needed.

    Parameters
    ----------
    needed : int or None
        Number of tunes to accept; None for no limit.
    report : Report
        Counts the tunes generated and accepted so far.
    is_limited : bool
        Whether tunes are also refused for their traits.
    """

    needed: int | None
    report: Report
    is_limited: bool

    def wanted(self) -> int:
        """Return how many tunes to start at once, from the share accepted so far."""
        if self.needed is None:
            return PARALLEL
        expected, of = _EXPECTED_WITH_LIMITS if self.is_limited else _EXPECTED
        share = (self.report.accepted + expected) / (self.report.generated + of)
        return math.ceil((self.needed - self.report.accepted) / share)

    def require(self) -> None:
        """Raise YieldError if too few of the generated tunes are accepted."""
        generated, accepted = self.report.generated, self.report.accepted
        if generated >= _MIN_GENERATED and accepted < _MIN_SHARE * generated:
            raise YieldError(self.report)


@dataclass
class _Search:
    """Samples, checks and selects tunes until enough are accepted.

    Parameters
    ----------
    candidates : Candidates
    acceptance : Acceptance
    selection : BestOf
    yields : _Yield
    """

    candidates: Candidates
    acceptance: Acceptance
    selection: BestOf
    yields: _Yield
    _started: int = 0

    def tunes(self) -> Iterator[str]:
        """Yield tunes in the order of their numbers, whichever ends first."""
        start, report, total = time.monotonic(), self.yields.report, self.yields.needed
        ended: dict[int, Selected] = {}  # tunes that wait for an earlier one
        total = total and total // report.best_of
        with progress_bar(total=total, unit="tune", leave=False) as bar:
            for found in self.candidates.sample(self._next_tune):
                ended[found.number] = found
                while report.generated in ended:
                    report.seconds = time.monotonic() - start
                    self.yields.require()
                    tune = self._judge(ended.pop(report.generated))
                    report.seconds = time.monotonic() - start
                    bar.set_postfix_str(f"{report.generated} generated")
                    if tune:
                        bar.update()
                        yield tune
                        if report.accepted == self.yields.needed:
                            return

    def _next_tune(self) -> int | None:
        """Return the number of the next tune to start; None while there are enough."""
        if self._started - self.yields.report.generated >= self.yields.wanted():
            return None
        self._started += 1
        return self._started - 1

    def _judge(self, found: Selected) -> str | None:
        """Count a tune; return the best of its group, with provenance, if that is complete."""
        report = self.yields.report
        reason = self.acceptance.refusal(found.tune)
        report.effective_candidates += found.effective_size
        report.count(reason)
        if reason or found.tune is None:
            return None
        selected = self.selection.add(found.stream, found.tune)
        if selected is None:
            return None
        stream, tune = selected
        tune = _with_provenance(tune, self.candidates.source, stream)
        return renumber(tune, report.accepted // report.best_of)


def _with_provenance(tune: str, source: Provenance, stream: int) -> str:
    """Return a formatted tune with its provenance lines below it."""
    tune = tidied(tune, source.requests, source.settings)
    return f"{tune}\n{replace(source, stream=stream, tune=digest(tune)).lines()}"
