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

from abcrnn.composition.requests import masks_for
from abcrnn.data.corpus import Corpus
from abcrnn.data.novelty import Novelty, NoveltyIndex
from abcrnn.evaluation.distributions import distance, distributions
from abcrnn.evaluation.held_out import evaluate, training_part, unseen_part
from abcrnn.notation import ABCError, check_tune
from abcrnn.reports.card_text import (
    MANY_BARS,
    Drawn,
    Likeness,
    Sharing,
    Soundness,
    drawn_lines,
    in_numbers,
    score_lines,
)
from abcrnn.reports.plots import plot_card
from abcrnn.reports.request_rates import Obedience, obeyed, usual_orders
from abcrnn.sampling.sampler import Sampler
from abcrnn.storage.atomic import write_text
from abcrnn.storage.validation import require_count

_TEMPERATURE, _SEED, _LONGEST = 0.8, 0, 1000
_TO_ORDER = 40  # tunes at most
_ASKED = 200  # tunes at most that tell what is usual

_Counts = dict[str, Counter[Any]]


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
        As from :func:`abcrnn.evaluation.held_out.evaluate`.
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
        lines = list(score_lines(self.corpus, self.scores))
        if self.drawn:
            lines += ["", *drawn_lines(self.drawn)]
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
        numbers = dict(in_numbers(self.scores, self.drawn))
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
        obedience=_obedience(model, _spread(beside.tunes, _ASKED), yardstick, tunes),
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


def _obedience(
    model: Any, usual: Sequence[str], yardstick: Sequence[str], tunes: int
) -> Obedience | None:
    """Draw tunes to orders, and see which of these they keep to."""
    orders, many = usual_orders(usual), min(tunes, _TO_ORDER)
    if not orders:
        return None
    masks = masks_for(model.vocabulary.characters, orders)
    sampler = Sampler(model, temperature=_TEMPERATURE, seed=_SEED, constraint=masks)
    drawn = sampler.tunes(many, prompt=orders.prompt(), max_length=_LONGEST)
    return Obedience(
        {name: value for name, value in orders.as_dict().items() if value is not None},
        obeyed(orders, drawn, many),
        obeyed(orders, yardstick, len(yardstick)),
    )


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
        sum(length > MANY_BARS for length in bars) / len(bars),
        float(np.mean([novelty.known_share for novelty in found])),
    )


def _spread(tunes: Sequence[str], many: int) -> list[str]:
    """Take so many tunes from all over a book, whose neighbours are often alike."""
    many = min(many, len(tunes))
    return [tunes[place * len(tunes) // many] for place in range(many)]


def _shown(tunes: Sequence[str], doing: str) -> Iterator[str]:
    yield from tqdm(tunes, desc=doing, unit="tune", delay=2, disable=None, leave=False)
