"""The card of a model: its scores on unseen tunes, and what the tunes that it draws are like.

Whatever is measured of drawn tunes is measured of as many unseen tunes too: a few
tunes are never quite like a corpus, and real ones share turns with each other.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from abcrnn.arguments import require_count
from abcrnn.corpus import Corpus
from abcrnn.evaluation import evaluate, training_part, unseen_part
from abcrnn.files import write_text
from abcrnn.notation import ABCError, check_tune
from abcrnn.novelty import Novelty, NoveltyIndex
from abcrnn.plotting import plot_card
from abcrnn.sampling import Sampler
from abcrnn.statistics import distance, distributions

_TEMPERATURE, _SEED, _LONGEST = 0.8, 0, 1000
_MANY_BARS = 4

_Counts = dict[str, Counter[Any]]


@dataclass(frozen=True)
class Soundness:
    """How many of the tunes begun came to an end, and how many of those are sound."""

    begun: int
    complete: int
    sound: int


@dataclass(frozen=True)
class Sharing:
    """What tunes share with the tunes of a corpus (:class:`abcrnn.novelty.Novelty`).

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

    ``distances`` are those of :func:`abcrnn.statistics.distance`, by what was counted.
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
    corpus: str
    corpus_tunes: int
    trained_on: bool
    compared: int
    likeness: Likeness
    unseen_likeness: Likeness | None


@dataclass(frozen=True)
class ModelCard:
    """What :func:`examine` found; ``print`` shows it as a page of text.

    Parameters
    ----------
    model : dict
        What training says of the model: its corpus and epoch.
    corpus : str
        The unseen tunes that were scored.
    scores : dict
        As from :func:`abcrnn.evaluation.evaluate`.
    drawn : Drawn, optional
        None if no tunes were asked for.
    counts : dict
        What ``drawn``, ``corpus`` and ``unseen`` tunes are made of; not saved.
    """

    model: dict[str, Any]
    corpus: str
    scores: dict[str, float]
    drawn: Drawn | None
    counts: dict[str, _Counts]

    def __str__(self) -> str:
        lines = list(_score_lines(self))
        if self.drawn:
            lines += ["", *_soundness_lines(self.drawn), "", *_likeness_lines(self.drawn)]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return what is saved as JSON."""
        saved = asdict(self)
        del saved["counts"]
        return saved

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write ``card.json``, and ``card.png`` if tunes were drawn, into a folder.

        Returns
        -------
        list of Path
            The files written.

        Raises
        ------
        OSError
            If the disk refuses; each file is whole or not there.
        """
        page, picture = Path(folder) / "card.json", Path(folder) / "card.png"
        write_text(page, json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n")
        if not self.drawn:
            return [page]
        counts = self.counts
        numbers = dict(_numbers(self.scores, self.drawn))
        plot_card(counts["drawn"], counts["corpus"], numbers, picture, counts.get("unseen"))
        return [page, picture]


def examine(model: Any, corpus: Corpus, tunes: int = 100) -> ModelCard:
    """Score a model on unseen tunes, and hold tunes that it draws against the corpus.

    Parameters
    ----------
    model : CharLSTM
    corpus : Corpus
        If the model was trained on a part of it, that part is what its tunes are
        compared with, and the test part of the same split is unseen. Else all of it
        is both.
    tunes : int
        How many to draw; 0 for the scores alone. They are the same each time.

    Raises
    ------
    ValueError
        If ``tunes`` is below 0; if a tune has a character that the model does not
        know; if the model has seen all of the corpus; or if no sound tune can be
        written with the characters it knows.
    """
    require_count("tunes", tunes, least=0)
    unseen = unseen_part(model, corpus)
    scores = evaluate(model, unseen)
    drawn, counts = None, dict[str, _Counts]()
    if tunes:
        drawn, counts = _compare(model, training_part(model, corpus), unseen, tunes)
    return ModelCard(dict(model.about), unseen.name, scores, drawn, counts)


# What is measured -------------------------------------------------------------------------


def _compare(
    model: Any, trained_on: Corpus | None, unseen: Corpus, tunes: int
) -> tuple[Drawn, dict[str, _Counts]]:
    """Draw tunes, and compare them with those trained on, or else with the others."""
    unconstrained = _draw_freely(model, tunes)
    sampler = Sampler(model, temperature=_TEMPERATURE, seed=_SEED, constraint="bars")
    drawn = sampler.tunes(tunes, max_length=_LONGEST)
    beside, yardstick = trained_on or unseen, _spread(unseen.tunes, tunes)
    compared = min(len(drawn), len(yardstick)) if trained_on else len(drawn)
    counts = {
        "drawn": distributions(drawn[:compared]),
        "corpus": distributions(_shown(beside.tunes, "counting")),
    }
    index = NoveltyIndex(_shown(beside.tunes, "reading"))
    likeness = _likeness(drawn, index, counts["drawn"], counts["corpus"])
    unseen_likeness = None
    if trained_on:
        counts["unseen"] = distributions(yardstick[:compared])
        unseen_likeness = _likeness(yardstick, index, counts["unseen"], counts["corpus"])
    return Drawn(
        tunes=tunes,
        temperature=_TEMPERATURE,
        seed=_SEED,
        max_length=_LONGEST,
        unconstrained=unconstrained,
        constrained=_soundness(tunes, drawn),
        unseen=_soundness(len(yardstick), yardstick),
        corpus=beside.name,
        corpus_tunes=len(beside.tunes),
        trained_on=trained_on is not None,
        compared=compared,
        likeness=likeness,
        unseen_likeness=unseen_likeness,
    ), counts


def _draw_freely(model: Any, tunes: int) -> Soundness:
    """Begin so many tunes and no others, as the model likes."""
    sampler = Sampler(model, temperature=_TEMPERATURE, seed=_SEED, constraint=None)
    numbers = iter(range(tunes))
    ended = sampler.streams("X:", _LONGEST, lambda: next(numbers, None), tunes)
    with tqdm(ended, total=tunes, unit="tune", disable=None, leave=False) as shown:
        return _soundness(tunes, [tune for _, tune in shown if tune])


def _soundness(begun: int, complete: Sequence[str]) -> Soundness:
    return Soundness(begun, len(complete), sum(not check_tune(tune) for tune in complete))


def _likeness(
    tunes: Sequence[str], index: NoveltyIndex, made_of: _Counts, corpus: _Counts
) -> Likeness:
    distances = {kind: distance(made_of[kind], corpus[kind]) for kind in corpus}
    return Likeness(_sharing(list(_novelties(tunes, index))), distances)


def _novelties(tunes: Sequence[str], index: NoveltyIndex) -> Iterator[Novelty]:
    for tune in _shown(tunes, "comparing"):
        try:
            yield index.compare(tune)
        except ABCError:  # a real tune may be beyond reading
            continue


def _sharing(found: Sequence[Novelty]) -> Sharing:
    if not found:
        return Sharing(0)
    bars, notes = [novelty.bars for novelty in found], [novelty.notes for novelty in found]
    return Sharing(
        len(found),
        float(np.median(bars)),
        float(np.percentile(bars, 90)),
        float(np.median(notes)),
        float(np.percentile(notes, 90)),
        sum(length > _MANY_BARS for length in bars) / len(bars),
        float(np.mean([novelty.known_share for novelty in found])),
    )


def _spread(tunes: Sequence[str], many: int) -> list[str]:
    """Take so many tunes from all over a book, whose neighbours are often alike."""
    many = min(many, len(tunes))
    return [tunes[place * len(tunes) // many] for place in range(many)]


def _shown(tunes: Sequence[str], doing: str) -> Iterator[str]:
    yield from tqdm(tunes, desc=doing, unit="tune", delay=2, disable=None, leave=False)


# How it reads -----------------------------------------------------------------------------


def _score_lines(card: ModelCard) -> Iterator[str]:
    scores = card.scores
    yield (
        f"{card.corpus}: {scores['tunes']} tunes the model has not seen, "
        f"{scores['characters']:,} characters"
    )
    kinds = ("bits_per_char", "header_bits_per_char", "body_bits_per_char")
    yield _row("", "all", "header", "body")
    yield _row("bits per character", *(f"{scores[kind]:.4f}" for kind in kinds))
    yield _row("accuracy", f"{scores['accuracy']:.4f}")


def _soundness_lines(drawn: Drawn) -> Iterator[str]:
    both = (drawn.unconstrained, drawn.constrained)
    yield (
        f"{drawn.tunes} tunes drawn at temperature {drawn.temperature:g}, seed {drawn.seed}, "
        f"at most {drawn.max_length:,} characters"
    )
    yield _row("", "freely", "bars kept", "unseen")
    yield _row("came to an end", *(_percent(s.complete, s.begun) for s in both))
    yield _row("sound, of these", *(_percent(s.sound, s.complete) for s in (*both, drawn.unseen)))
    # The place for the orders obeyed: rows of the same columns.


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
    yield _row(f"  longer than {_MANY_BARS} bars", *(f"{s.above_four_bars:.0%}" for s in shared))
    yield _row("known runs of 6 notes", *(f"{s.known_grams:.0%}" for s in shared))
    yield f"distance from them, of {drawn.compared} tunes (0: alike, 1: nothing in common)"
    for name in drawn.likeness.distances:
        yield _row(f"  {name}", *(f"{likeness.distances[name]:.2f}" for likeness in columns))


def _numbers(scores: dict[str, float], drawn: Drawn) -> Iterator[tuple[str, str]]:
    """Yield what the picture says in words."""
    free, bound = drawn.unconstrained, drawn.constrained
    yield "bits per character, unseen", f"{scores['bits_per_char']:.3f}"
    yield "in headers", f"{scores['header_bits_per_char']:.3f}"
    yield "in bodies", f"{scores['body_bits_per_char']:.3f}"
    yield "accuracy", f"{scores['accuracy']:.3f}"
    yield "tunes drawn freely that end", _percent(free.complete, free.begun)
    yield "of these, sound", _percent(free.sound, free.complete)
    yield "sound, bars kept", _percent(bound.sound, bound.complete)
    yardstick = _shared_numbers(drawn.unseen_likeness) if drawn.unseen_likeness else {}
    for name, number in _shared_numbers(drawn.likeness).items():
        yield name, number + (f" (unseen {yardstick[name]})" if yardstick else "")


def _shared_numbers(likeness: Likeness) -> dict[str, str]:
    shared = likeness.sharing
    return {
        "bars shared, median": f"{shared.bars_median:.1f}",
        "90th percentile": f"{shared.bars_90th:.1f}",
        f"more than {_MANY_BARS} shared": f"{shared.above_four_bars:.0%}",
        "known runs of 6 notes": f"{shared.known_grams:.0%}",
    }


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "-"


def _row(name: str, *values: str) -> str:
    return (f"{name:<28}" + "".join(f"{value:>12}" for value in values)).rstrip()
