"""What is found of drawn tunes, and how a model's card reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from abcrnn.reports.request_rates import Obedience

#: A run of training tunes that is longer is counted as copied.
MANY_BARS = 4
_NAME = 27  # characters of what a row is called


@dataclass(frozen=True)
class Soundness:
    """How many of the tunes begun came to an end, and how many of those are sound."""

    begun: int
    complete: int
    sound: int


@dataclass(frozen=True)
class Sharing:
    """What tunes share with the tunes of a corpus (:class:`abcrnn.data.novelty.Novelty`).

    Parameters
    ----------
    tunes : int
        Those that could be read; where there are none, all else is 0.
    bars_median, bars_90th, notes_median, notes_90th : float
        Of the longest run that each shares with one of them: median and 90th percentile.
    above_four_bars : float
        Share of the tunes whose longest run is longer than four bars.
    known_grams : float
        Of a tune's runs of 6 notes, the share that is known; the mean of all tunes.
    """

    tunes: int
    bars_median: float = 0.0
    bars_90th: float = 0.0
    notes_median: float = 0.0
    notes_90th: float = 0.0
    above_four_bars: float = 0.0
    known_grams: float = 0.0


@dataclass(frozen=True)
class Likeness:
    """How tunes stand to the tunes of a corpus: what they share, and how far they are apart.

    ``distances``: by kind, from :func:`abcrnn.evaluation.distributions.distance`.
    """

    sharing: Sharing
    distances: dict[str, float]


@dataclass(frozen=True)
class Drawn:
    """What the tunes that a model draws are like.

    Parameters
    ----------
    tunes : int
        How many were asked for.
    temperature, seed, max_length
        As given to the Sampler.
    unconstrained, constrained, unseen : Soundness
        Drawn as the model likes; drawn under the constraint ``"bars"``, and the rest
        is about those; and of unseen tunes, at most as many.
    obedience : Obedience, optional
        Of tunes drawn to orders that are usual in the corpus; None if nothing that is
        usual there can be ordered.
    corpus, corpus_tunes : str, int
        The tunes that they are compared with.
    trained_on : bool
        Whether these are what the model was trained on.
    compared : int
        So many tunes of each make up the distances; chance parts few from many.
    likeness : Likeness
        Of the drawn tunes.
    unseen_likeness : Likeness, optional
        Of those unseen tunes: the yardstick. None if the model was trained on no part
        of the corpus, for then they are among those that all is compared with.
    """

    tunes: int
    temperature: float
    seed: int
    max_length: int
    unconstrained: Soundness
    constrained: Soundness
    unseen: Soundness
    obedience: Obedience | None
    corpus: str
    corpus_tunes: int
    trained_on: bool
    compared: int
    likeness: Likeness
    unseen_likeness: Likeness | None


# How it reads -----------------------------------------------------------------------------


def score_lines(corpus: str, scores: dict[str, float]) -> Iterator[str]:
    """Yield how well the unseen tunes of a corpus are foretold."""
    yield (
        f"{corpus}: {scores['tunes']} tunes the model has not seen, "
        f"{scores['characters']:,} characters"
    )
    kinds = ("bits_per_char", "header_bits_per_char", "body_bits_per_char")
    yield _row("", "all", "header", "body")
    yield _row("bits per character", *(f"{scores[kind]:.4f}" for kind in kinds))
    yield _row("accuracy", f"{scores['accuracy']:.4f}")


def drawn_lines(drawn: Drawn) -> Iterator[str]:
    """Yield what the drawn tunes are like."""
    yield from _soundness_lines(drawn)
    if drawn.obedience:
        yield ""
        yield from _obedience_lines(drawn.obedience)
    yield ""
    yield from _likeness_lines(drawn)


def _soundness_lines(drawn: Drawn) -> Iterator[str]:
    both = (drawn.unconstrained, drawn.constrained)
    yield (
        f"{drawn.tunes} tunes drawn at temperature {drawn.temperature:g}, seed {drawn.seed}, "
        f"at most {drawn.max_length:,} characters"
    )
    yield _row("", "freely", "bars kept", "unseen")
    yield _row("came to an end", *(_percent(s.complete, s.begun) for s in both))
    yield _row("sound, of these", *(_percent(s.sound, s.complete) for s in (*both, drawn.unseen)))


def _obedience_lines(found: Obedience) -> Iterator[str]:
    both = (found.drawn, found.unseen)
    yield f"{found.drawn.tunes} tunes drawn to orders that are usual in the corpus"
    yield _row("", "drawn", "unseen")
    yield _row("all orders obeyed", *(_percent(o.all, o.tunes) for o in both))
    for name, order in found.orders.items():
        told = f"  {name} {order}"[:_NAME]
        yield _row(told, *(_percent(o.each[name], o.tunes) for o in both))


def _likeness_lines(drawn: Drawn) -> Iterator[str]:
    columns = [drawn.likeness, *([drawn.unseen_likeness] if drawn.unseen_likeness else [])]
    shared = [likeness.sharing for likeness in columns]
    if drawn.trained_on:
        yield f"beside {drawn.corpus}, the {drawn.corpus_tunes} tunes it was trained on"
    else:
        yield f"beside {drawn.corpus}, {drawn.corpus_tunes} tunes (not those it was trained on)"
    yield _row("", "drawn", *(["unseen"] if drawn.unseen_likeness else []))
    yield _row("tunes", *(f"{s.tunes}" for s in shared))
    yield "longest run shared with one of them"
    yield _row("  median, bars", *(f"{s.bars_median:.1f}" for s in shared))
    yield _row("  median, notes", *(f"{s.notes_median:.0f}" for s in shared))
    yield _row("  90th percentile, bars", *(f"{s.bars_90th:.1f}" for s in shared))
    yield _row("  90th percentile, notes", *(f"{s.notes_90th:.0f}" for s in shared))
    yield _row(f"  longer than {MANY_BARS} bars", *(f"{s.above_four_bars:.0%}" for s in shared))
    yield _row("known runs of 6 notes", *(f"{s.known_grams:.0%}" for s in shared))
    yield f"distance from them, of {drawn.compared} tunes (0: alike, 1: nothing in common)"
    for name in drawn.likeness.distances:
        yield _row(f"  {name}", *(f"{likeness.distances[name]:.2f}" for likeness in columns))


def in_numbers(scores: dict[str, float], drawn: Drawn) -> Iterator[tuple[str, str]]:
    """Yield what the picture says in words."""
    free, bound = drawn.unconstrained, drawn.constrained
    yield "bits per character, unseen", f"{scores['bits_per_char']:.3f}"
    yield "in headers", f"{scores['header_bits_per_char']:.3f}"
    yield "in bodies", f"{scores['body_bits_per_char']:.3f}"
    yield "accuracy", f"{scores['accuracy']:.3f}"
    yield "tunes drawn freely that end", _percent(free.complete, free.begun)
    yield "of these, sound", _percent(free.sound, free.complete)
    yield "sound, bars kept", _percent(bound.sound, bound.complete)
    if drawn.obedience:
        told = drawn.obedience.drawn
        yield "all orders obeyed", _percent(told.all, told.tunes)
    yardstick = _shared_numbers(drawn.unseen_likeness) if drawn.unseen_likeness else {}
    for name, number in _shared_numbers(drawn.likeness).items():
        yield name, number + (f" (unseen {yardstick[name]})" if yardstick else "")


def _shared_numbers(likeness: Likeness) -> dict[str, str]:
    shared = likeness.sharing
    return {
        "bars shared, median": f"{shared.bars_median:.1f}",
        "90th percentile": f"{shared.bars_90th:.1f}",
        f"more than {MANY_BARS} shared": f"{shared.above_four_bars:.0%}",
        "known runs of 6 notes": f"{shared.known_grams:.0%}",
    }


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "-"


def _row(name: str, *values: str) -> str:
    return (f"{name:<{_NAME}} " + "".join(f"{value:>12}" for value in values)).rstrip()
