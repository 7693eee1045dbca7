"""What a model card contains, and its text.

Counts are numbers of tunes; distances and shares are from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from abcrnn.evaluation.scoring import UNKNOWN_BITS
from abcrnn.evaluation.tune_metrics import MetricSummary
from abcrnn.reports.constraint_cost import ConstraintCost
from abcrnn.reports.request_rates import RequestRates
from abcrnn.reports.wording import count_of

#: A shared run of more bars than this counts as copied.
MAX_SHARED_BARS = 4
_NAME_WIDTH = 27  # characters
# Fields of MetricSummary by their label on the card.
_METRICS = {
    "end off the tonic": "off_tonic",
    "end outside its triad": "off_chord",
    "last note under a quarter": "short_ending",
    "leap of over an octave": "with_leap",
    "no full bar returns": "without_return",
}
_RETURNS = {
    "notes and rhythm": "returning",
    "rhythm": "returning_rhythms",
    "two bars in a row": "returning_pairs",
}


@dataclass(frozen=True)
class HeldOut:
    """The held-out tunes that a model was scored on.

    Parameters
    ----------
    corpus : str
        Name of the corpus or of the part of it.
    tunes : int
    left_out : int
        Other tunes of the corpus, left out because the model was trained or selected
        on them.
    known : bool
        Whether the model records its training tunes. If not, some of the tunes may be
        training tunes.
    """

    corpus: str
    tunes: int
    left_out: int
    known: bool = True


@dataclass(frozen=True)
class SamplingSettings:
    """How the tunes on the card were generated."""

    tunes: int
    temperature: float
    seed: int
    max_length: int


@dataclass(frozen=True)
class Validity:
    """How many of the tunes started are complete, and how many of those are valid."""

    started: int
    complete: int
    valid: int


@dataclass(frozen=True)
class ValidityColumns:
    """Validity of tunes generated without and with the constraint, and of held-out tunes."""

    unconstrained: Validity
    constrained: Validity
    held_out: Validity


@dataclass(frozen=True)
class Run:
    """Length of a run of notes that a tune shares with a tune of a corpus."""

    bars: float
    notes: float


@dataclass(frozen=True)
class Overlap:
    """What tunes share with the tunes of a corpus (:class:`abcrnn.data.novelty.Novelty`).

    Parameters
    ----------
    tunes : int
        Number of tunes that could be read; if there are none, all other values are 0.
    median, percentile_90 : Run
        Of the longest run that each tune shares with one of the corpus.
    above_four_bars : float
        Share of the tunes whose longest run is longer than four bars.
    known_grams : float
        Share of a tune's runs of 6 notes that occur in the corpus; mean of all tunes.
    """

    tunes: int
    median: Run = Run(0.0, 0.0)
    percentile_90: Run = Run(0.0, 0.0)
    above_four_bars: float = 0.0
    known_grams: float = 0.0


@dataclass(frozen=True)
class Comparison:
    """Overlap of tunes with a corpus, and the distances of their distributions by kind.

    The distances are from :func:`abcrnn.evaluation.distributions.distance`.
    """

    overlap: Overlap
    distances: dict[str, float]


@dataclass(frozen=True)
class Reference:
    """The tunes that generated tunes are compared with.

    Parameters
    ----------
    corpus : str
    tunes : int
    trained_on : bool
        Whether they are the tunes that the model was trained on.
    compared : int
        Number of tunes whose distributions were compared with those of the reference.
        It is the same for generated and held-out tunes, because the distance also
        depends on the number of tunes.
    generated : Comparison
    held_out : Comparison, optional
        For reading the other column: real tunes overlap too, and few tunes are at some
        distance from many. None if held-out tunes are part of the reference.
    """

    corpus: str
    tunes: int
    trained_on: bool
    compared: int
    generated: Comparison
    held_out: Comparison | None


@dataclass(frozen=True)
class MetricColumns:
    """Metrics of generated, held-out and reference tunes.

    Parameters
    ----------
    generated : MetricSummary
        Of the constrained tunes.
    held_out : MetricSummary, optional
        Of as many held-out tunes; None if they are part of the reference.
    reference : MetricSummary
        Of the tunes that generated tunes are compared with.
    """

    generated: MetricSummary
    held_out: MetricSummary | None
    reference: MetricSummary


@dataclass(frozen=True)
class GeneratedTunes:
    """What the tunes that a model generates are like.

    Parameters
    ----------
    settings : SamplingSettings
    validity : ValidityColumns
    cost : ConstraintCost, optional
        None if there are too few tunes to measure it.
    requests : RequestRates, optional
        Of tunes generated for requests that are typical of the corpus; None if no
        typical property can be requested.
    reference : Reference
        Of the constrained tunes.
    metrics : MetricColumns
    """

    settings: SamplingSettings
    validity: ValidityColumns
    cost: ConstraintCost | None
    requests: RequestRates | None
    reference: Reference
    metrics: MetricColumns


def score_lines(held_out: HeldOut, scores: dict[str, float]) -> Iterator[str]:
    """Yield the lines of the card about the scores on held-out tunes."""
    tunes = count_of(held_out.tunes, "held-out tune" if held_out.known else "tune")
    yield f"{held_out.corpus}: {tunes}, {scores['characters']:,} characters"
    if not held_out.known:
        yield "the model file does not record its training tunes: some of these may be among them"
    if held_out.left_out:
        yield f"{count_of(held_out.left_out, 'tune')} left out: used in training or validation"
    if unknown := int(scores["unknown_characters"]):
        yield (
            f"{count_of(unknown, 'character')} outside the model's vocabulary, "
            f"{UNKNOWN_BITS:.1f} bits each"
        )
    kinds = ("bits_per_char", "header_bits_per_char", "body_bits_per_char")
    yield _row("", "all", "header", "body")
    yield _row("bits per character", *(f"{scores[kind]:.4f}" for kind in kinds))
    yield _row("accuracy", f"{scores['accuracy']:.4f}")


def generated_lines(generated: GeneratedTunes) -> Iterator[str]:
    """Yield the lines of the card about generated tunes."""
    yield from _validity_lines(generated.settings, generated.validity)
    if generated.cost:
        yield ""
        yield from _cost_lines(generated.cost)
    if generated.requests:
        yield ""
        yield from _request_lines(generated.requests)
    yield ""
    yield from _reference_lines(generated.reference)
    yield ""
    yield from _metric_lines(generated.metrics)


def summary(scores: dict[str, float], generated: GeneratedTunes) -> Iterator[tuple[str, str]]:
    """Yield names and values for the panel of numbers in the picture."""
    free, constrained = generated.validity.unconstrained, generated.validity.constrained
    yield "bits per character, held-out", f"{scores['bits_per_char']:.3f}"
    yield "in headers", f"{scores['header_bits_per_char']:.3f}"
    yield "in bodies", f"{scores['body_bits_per_char']:.3f}"
    yield "accuracy", f"{scores['accuracy']:.3f}"
    yield "complete, unconstrained", _percent(free.complete, free.started)
    yield "valid, unconstrained", _percent(free.valid, free.complete)
    yield "valid, constrained", _percent(constrained.valid, constrained.complete)
    if generated.requests:
        matches = generated.requests.generated
        yield "match all requests", _percent(matches.all, matches.tunes)
    held_out = generated.reference.held_out
    held_out_numbers = _overlap_numbers(held_out.overlap) if held_out else {}
    for name, number in _overlap_numbers(generated.reference.generated.overlap).items():
        note = f" (held-out {held_out_numbers[name]})" if held_out_numbers else ""
        yield name, number + note


def _validity_lines(settings: SamplingSettings, validity: ValidityColumns) -> Iterator[str]:
    generated = (validity.unconstrained, validity.constrained)
    yield (
        f"{count_of(settings.tunes, 'tune')} generated at temperature {settings.temperature:g}, "
        f"seed {settings.seed}, at most {settings.max_length:,} characters"
    )
    yield _row("", "unconstrained", "constrained", "held-out")
    yield _row("complete", *(_percent(v.complete, v.started) for v in generated))
    valid = (*generated, validity.held_out)
    yield _row("valid, of these", *(_percent(v.valid, v.complete) for v in valid))


def _cost_lines(cost: ConstraintCost) -> Iterator[str]:
    yield "probability lost to the constraint, bits per character"
    yield _row("  one candidate", f"{cost.bits:.3f}")
    yield _row(f"  chosen from {cost.candidates} (faithful)", f"{cost.bits_chosen:.3f}")
    yield _row(f"  effective number of the {cost.candidates}", f"{cost.effective_size:.1f}")


def _request_lines(rates: RequestRates) -> Iterator[str]:
    columns = (rates.generated, rates.held_out)
    yield f"{count_of(rates.generated.tunes, 'tune')} generated for requests typical of the corpus"
    yield _row("", "generated", "held-out")
    yield _row("match all requests", *(_percent(c.all, c.tunes) for c in columns))
    for name, value in rates.requests.items():
        label = f"  {name} {value}"[:_NAME_WIDTH]
        yield _row(label, *(_percent(c.each[name], c.tunes) for c in columns))


def _reference_lines(reference: Reference) -> Iterator[str]:
    trained = "trained on" if reference.trained_on else "not trained on"
    count = count_of(reference.tunes, "tune")
    yield f"compared with {reference.corpus}, {count}, {trained}"
    columns = [reference.generated, *([reference.held_out] if reference.held_out else [])]
    overlaps = [column.overlap for column in columns]
    yield _row("", "generated", *(["held-out"] if reference.held_out else []))
    yield _row("tunes", *(f"{o.tunes}" for o in overlaps))
    yield "longest run shared with one of them"
    yield _row("  median, bars", *(f"{o.median.bars:.1f}" for o in overlaps))
    yield _row("  median, notes", *(f"{o.median.notes:.0f}" for o in overlaps))
    yield _row("  90th percentile, bars", *(f"{o.percentile_90.bars:.1f}" for o in overlaps))
    yield _row("  90th percentile, notes", *(f"{o.percentile_90.notes:.0f}" for o in overlaps))
    longer = f"  longer than {MAX_SHARED_BARS} bars"
    yield _row(longer, *(f"{o.above_four_bars:.0%}" for o in overlaps))
    yield _row("known runs of 6 notes", *(f"{o.known_grams:.0%}" for o in overlaps))
    compared = count_of(reference.compared, "tune")
    yield f"distance of distributions, {compared} (0: the same, 1: nothing in common)"
    for name in reference.generated.distances:
        yield _row(f"  {name}", *(f"{column.distances[name]:.2f}" for column in columns))


def _metric_lines(metrics: MetricColumns) -> Iterator[str]:
    columns = {"generated": metrics.generated, "held-out": metrics.held_out}
    shown = {name: column for name, column in columns.items() if column is not None}
    shown["reference"] = metrics.reference
    yield "form of the first voice, share of tunes"
    yield _row("", *shown)
    yield _row("tunes", *(f"{column.tunes}" for column in shown.values()))
    for label, name in _METRICS.items():
        yield _row(f"  {label}", *(_share(getattr(each, name)) for each in shown.values()))
    yield "share of full bars that occurred earlier in the tune"
    for label, name in _RETURNS.items():
        yield _row(f"  {label}", *(_share(getattr(each, name)) for each in shown.values()))
    yield _row("bars, mean", *(_mean(each.bars) for each in shown.values()))
    yield _row("characters, mean", *(_mean(each.characters) for each in shown.values()))


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def _mean(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _overlap_numbers(overlap: Overlap) -> dict[str, str]:
    return {
        "bars shared, median": f"{overlap.median.bars:.1f}",
        "bars shared, 90th perc.": f"{overlap.percentile_90.bars:.1f}",
        f"share over {MAX_SHARED_BARS} bars": f"{overlap.above_four_bars:.0%}",
        "known runs of 6 notes": f"{overlap.known_grams:.0%}",
    }


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "-"


def _row(name: str, *values: str) -> str:
    return (f"{name:<{_NAME_WIDTH}} " + "".join(f"{value:>14}" for value in values)).rstrip()
