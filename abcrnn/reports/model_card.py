"""Model card: scores on held-out tunes, and properties of generated tunes.

Everything measured on generated tunes is also measured on as many held-out tunes,
because real tunes share passages too, and few tunes differ from a large corpus by
chance.
"""

from __future__ import annotations

import json
import os
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from abcrnn.composition.defaults import MAX_LENGTH
from abcrnn.composition.requests import constraint_for
from abcrnn.data.corpus import Corpus
from abcrnn.data.novelty import Novelty, NoveltyIndex
from abcrnn.evaluation.distributions import distance, distributions
from abcrnn.evaluation.held_out import evaluate, held_out_part, knows_training_tunes, training_part
from abcrnn.evaluation.tune_metrics import measure_all, summarize
from abcrnn.notation import ABCError, check_tune
from abcrnn.reports.card_text import (
    MAX_SHARED_BARS,
    Comparison,
    GeneratedTunes,
    HeldOut,
    MetricColumns,
    Overlap,
    Reference,
    Run,
    SamplingSettings,
    Validity,
    ValidityColumns,
    generated_lines,
    score_lines,
    summary,
)
from abcrnn.reports.constraint_cost import constraint_cost, sample_constrained
from abcrnn.reports.plots import plot_card
from abcrnn.reports.request_rates import RequestRates, count_matches, typical_requests
from abcrnn.sampling.kept_tables import kept_tables
from abcrnn.sampling.sampler import Sampler
from abcrnn.storage.atomic import write_text
from abcrnn.storage.paths import as_path
from abcrnn.storage.progress import progress_bar

if TYPE_CHECKING:
    from matplotlib.figure import Figure
from abcrnn.storage.validation import require_count

_TEMPERATURE = 1.0
_MAX_REQUESTED = 40  # tunes generated for requests
_MAX_TYPICAL = 200  # tunes from which typical requests are taken

_Counts = dict[str, Counter[Any]]


@dataclass(frozen=True)
class ModelCard:
    """Result of :func:`examine`; ``print`` shows it as text.

    Parameters
    ----------
    model : dict
        What the model file records about training, such as corpus and epoch.
    held_out : HeldOut
        The tunes that were scored.
    scores : dict
        As from :func:`abcrnn.evaluation.held_out.evaluate`.
    generated : GeneratedTunes, optional
        None if no tunes were requested.
    counts : dict
        Distributions of ``generated``, ``corpus`` and ``held_out`` tunes; not saved.
    """

    model: dict[str, Any]
    held_out: HeldOut
    scores: dict[str, float]
    generated: GeneratedTunes | None
    counts: dict[str, _Counts]

    def __str__(self) -> str:
        lines = list(score_lines(self.held_out, self.scores))
        if self.generated:
            lines += ["", *generated_lines(self.generated)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return text and picture for a notebook."""
        text = f"<pre>{escape(str(self))}</pre>"
        if not self.generated:
            return text
        from abcrnn.reports.notebook_figure import png_bytes

        picture = b64encode(png_bytes(self._plot(self.generated))).decode()
        name = "Distributions of generated tunes and of the corpus"
        return f'{text}<img alt="{name}" src="data:image/png;base64,{picture}">'

    def to_dict(self) -> dict[str, Any]:
        """Return the content of ``card.json``."""
        saved = asdict(self)
        del saved["counts"]
        return saved

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write ``card.json``, and ``card.png`` if tunes were generated, into a folder.

        Returns
        -------
        list of Path
            The files written.

        Raises
        ------
        OSError
            If a file cannot be written; no partial file remains.
        """
        folder = as_path(folder)
        page, picture = folder / "card.json", folder / "card.png"
        write_text(page, json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n")
        if not self.generated:
            return [page]
        self._plot(self.generated, picture)
        return [page, picture]

    def _plot(self, generated: GeneratedTunes, path: Path | None = None) -> Figure:
        counts, numbers = self.counts, dict(summary(self.scores, generated))
        held_out = counts.get("held_out")
        return plot_card(counts["generated"], counts["corpus"], numbers, path, held_out)


def examine(model: Any, corpus: Corpus, tunes: int = 100, seed: int = 0) -> ModelCard:
    """Score a model on held-out tunes, and compare tunes that it generates with a corpus.

    Parameters
    ----------
    model : CharLSTM
    corpus : Corpus
        If the model was trained on a part of it, generated tunes are compared with that
        part, and the test part of the same split is held out. Otherwise all of it is used
        for both.
    tunes : int
        Number of tunes to generate; 0 for the scores alone.
    seed : int
        Seed of the generated tunes.

    Raises
    ------
    ValueError
        If ``tunes`` or ``seed`` is negative, the model was trained on all of the corpus, or
        no valid tune can be written with the model's vocabulary.
    """
    tunes, seed = require_count("tunes", tunes, least=0), require_count("seed", seed, least=0)
    part = held_out_part(model, corpus)
    trained_on = training_part(model, corpus)
    left_out = len(corpus.tunes) - len(part.tunes)
    known = knows_training_tunes(model, corpus)
    held_out = HeldOut(part.name, len(part.tunes), left_out, known)
    scores = evaluate(model, part)
    generated, counts = None, dict[str, _Counts]()
    if tunes:
        generated, counts = _generate(model, trained_on, part, tunes, seed)
    return ModelCard(dict(model.about), held_out, scores, generated, counts)


def _generate(
    model: Any, trained_on: Corpus | None, held_out: Corpus, tunes: int, seed: int
) -> tuple[GeneratedTunes, dict[str, _Counts]]:
    """Generate tunes, and compare them with the training tunes, or with all if unknown."""
    unconstrained = _sample_unconstrained(model, tunes, seed)
    sampled = sample_constrained(
        model, kept_tables(model), "X:", tunes, _TEMPERATURE, seed, MAX_LENGTH
    )
    generated = [each.tune for each in sampled if each.tune is not None]
    corpus, real = trained_on or held_out, _spread(held_out.tunes, tunes)
    requests = _request_rates(model, _spread(corpus.tunes, _MAX_TYPICAL), real, tunes, seed)
    validity = ValidityColumns(
        unconstrained, _validity(tunes, generated), _validity(len(real), real)
    )
    reference, counts = _compare(generated, real, corpus, trained_on is not None)
    metrics = _metrics(generated, real if trained_on else None, corpus)
    settings = SamplingSettings(tunes, _TEMPERATURE, seed, MAX_LENGTH)
    cost = constraint_cost(sampled)
    return GeneratedTunes(settings, validity, cost, requests, reference, metrics), counts


def _compare(
    generated: Sequence[str], held_out: Sequence[str], corpus: Corpus, trained_on: bool
) -> tuple[Reference, dict[str, _Counts]]:
    """Compare generated and held-out tunes with a corpus; the latter only if not part of it."""
    compared = min(len(generated), len(held_out)) if trained_on else len(generated)
    counts = {
        "generated": distributions(generated[:compared]),
        "corpus": distributions(_with_progress(corpus.tunes, "counting")),
    }
    index = NoveltyIndex(_with_progress(corpus.tunes, "indexing"))
    comparison = _comparison(generated, index, counts["generated"], counts["corpus"])
    held_out_comparison = None
    if trained_on:
        counts["held_out"] = distributions(held_out[:compared])
        held_out_comparison = _comparison(held_out, index, counts["held_out"], counts["corpus"])
    size = len(corpus.tunes)
    return Reference(
        corpus.name, size, trained_on, compared, comparison, held_out_comparison
    ), counts


def _metrics(
    generated: Sequence[str], held_out: Sequence[str] | None, corpus: Corpus
) -> MetricColumns:
    """Measure the form of generated and held-out tunes, and of a corpus."""
    columns = [generated, held_out or (), _with_progress(corpus.tunes, "measuring")]
    summaries = [summarize(measure_all(tunes)) for tunes in columns]
    return MetricColumns(summaries[0], None if held_out is None else summaries[1], summaries[2])


def _sample_unconstrained(model: Any, tunes: int, seed: int) -> Validity:
    """Start a number of tunes without constraint; an incomplete one is not replaced."""
    sampler = Sampler(model, temperature=_TEMPERATURE, seed=seed, constraint=None)
    numbers = iter(range(tunes))
    ended = sampler.streams("X:", MAX_LENGTH, lambda: next(numbers, None), tunes)
    with progress_bar(ended, total=tunes, unit="tune", leave=False) as bar:
        return _validity(tunes, [tune for _, tune in bar if tune])


def _validity(started: int, complete: Sequence[str]) -> Validity:
    return Validity(started, len(complete), sum(not check_tune(tune) for tune in complete))


def _request_rates(
    model: Any, typical: Sequence[str], held_out: Sequence[str], tunes: int, seed: int
) -> RequestRates | None:
    """Generate tunes for typical requests, and count how many match them."""
    requests, expected = typical_requests(typical), min(tunes, _MAX_REQUESTED)
    if not requests:
        return None
    constraint = constraint_for(model, requests)
    sampled = sample_constrained(
        model, constraint, requests.prompt(), expected, _TEMPERATURE, seed, MAX_LENGTH
    )
    generated = [each.tune for each in sampled if each.tune is not None]
    return RequestRates(
        requests.given(),
        count_matches(requests, generated, expected),
        count_matches(requests, held_out, len(held_out)),
    )


def _comparison(
    tunes: Sequence[str], index: NoveltyIndex, counts: _Counts, corpus: _Counts
) -> Comparison:
    distances = {kind: distance(counts[kind], corpus[kind]) for kind in corpus}
    return Comparison(_overlap(list(_novelties(tunes, index))), distances)


def _novelties(tunes: Sequence[str], index: NoveltyIndex) -> Iterator[Novelty]:
    for tune in _with_progress(tunes, "comparing"):
        try:
            yield index.compare(tune)
        except ABCError:  # some real tunes cannot be read
            continue


def _overlap(found: Sequence[Novelty]) -> Overlap:
    if not found:
        return Overlap(0)
    bars, notes = [novelty.bars for novelty in found], [novelty.notes for novelty in found]
    return Overlap(
        tunes=len(found),
        median=Run(float(np.median(bars)), float(np.median(notes))),
        percentile_90=Run(float(np.percentile(bars, 90)), float(np.percentile(notes, 90))),
        above_four_bars=sum(length > MAX_SHARED_BARS for length in bars) / len(bars),
        known_grams=float(np.mean([novelty.known_share for novelty in found])),
    )


def _spread(tunes: Sequence[str], count: int) -> list[str]:
    """Take tunes at even distances: neighbours in a book are often similar."""
    count = min(count, len(tunes))
    return [tunes[index * len(tunes) // count] for index in range(count)]


def _with_progress(tunes: Sequence[str], doing: str) -> Iterator[str]:
    yield from progress_bar(tunes, desc=doing, unit="tune", delay=2, leave=False)
