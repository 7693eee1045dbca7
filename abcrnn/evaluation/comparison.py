"""Several models on several corpora: scores, confidence intervals and paired differences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from abcrnn.data.corpus import Corpus, require_corpus
from abcrnn.evaluation.bootstrap import interval, resampled_ratios
from abcrnn.evaluation.scoring import Scorer, Scores
from abcrnn.models.base import require_character_model
from abcrnn.notation import decode_text
from abcrnn.notation.tunebook import tune_title
from abcrnn.storage.validation import require_count

_Record = dict[str, Any]


@dataclass(frozen=True)
class Comparison:
    """Result of :func:`compare`.

    Parameters
    ----------
    records : list of dict
        One for each corpus and model, in order. A table of them is, for example,
        ``pandas.DataFrame(comparison.records)``. Keys: ``corpus`` and ``model``, names;
        ``temperature``; ``tunes``, ``characters`` and ``unknown_characters``, counts;
        ``bits_per_char`` with its interval ``low`` to ``high``; ``header_bits_per_char``,
        ``body_bits_per_char`` and ``accuracy`` as in :func:`abcrnn.evaluate`;
        ``difference``, ``difference_low`` and ``difference_high``: bits per character
        above those of the first model, with the interval of this difference. They are
        None for the first model.
    tunes : list of dict
        One for each corpus, tune and model. Keys: ``corpus``; ``tune``, the index in the
        corpus, from 0; ``title``; ``model``; ``temperature``; ``bits``, ``characters`` and
        ``bits_per_char``; the same three with ``header_`` and ``body_`` before them;
        ``unknown_characters``.
    resamples, seed : int
        Of the intervals.
    """

    records: list[_Record]
    tunes: list[_Record]
    resamples: int
    seed: int

    def __repr__(self) -> str:
        return f"Comparison(records={len(self.records)}, tunes={len(self.tunes)})"


def compare(
    models: Mapping[str, Any] | Sequence[Any],
    corpora: Corpus | Sequence[Corpus],
    temperature: float | Sequence[float] = 1.0,
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> Comparison:
    """Score models on corpora, with 95 % intervals and differences from the first model.

    All tunes of the corpora are scored. For tunes that no model was trained on, pass the
    test parts of splits.

    Parameters
    ----------
    models : mapping of str to CharLSTM, or sequence of CharLSTM
        Names and models. Models without names are called ``"1"``, ``"2"`` and so on.
    corpora : Corpus or sequence of Corpus
    temperature : float, or sequence of float
        Divides the logits of all models, or of each model; see
        :func:`abcrnn.evaluation.tune_temperature`.
    resamples : int
        Number of resamples of the tunes (:mod:`abcrnn.evaluation.bootstrap`).
    seed : int
        Seed of the resamples.

    Returns
    -------
    Comparison

    Raises
    ------
    TypeError
        If a model is not a model, or a corpus not a Corpus.
    ValueError
        If there is no model or corpus, a corpus has no tunes, or a number is out of range.

    Examples
    --------
    >>> found = abcrnn.compare({"small": small, "large": large}, test)  # doctest: +SKIP
    >>> found.records[1]["difference"]  # doctest: +SKIP
    -0.0312
    """
    named = _named(models)
    corpora = [corpora] if isinstance(corpora, Corpus) else list(corpora)
    if not corpora:
        raise ValueError("corpora must have at least one corpus")
    for corpus in corpora:
        require_corpus("corpora", corpus)
    temperatures = _temperatures(temperature, len(named))
    resamples, seed = require_count("resamples", resamples), require_count("seed", seed, least=0)
    scorers = [
        Scorer(model, progress=True, temperature=t)
        for model, t in zip(named.values(), temperatures, strict=True)
    ]
    records: list[_Record] = []
    tunes: list[_Record] = []
    for corpus in corpora:
        scores = [scorer.score(corpus.tunes) for scorer in scorers]
        heads = [
            {"corpus": corpus.name, "model": name, "temperature": t}
            for name, t in zip(named, temperatures, strict=True)
        ]
        records += _records(heads, scores, resamples, seed)
        tunes += _tune_records(corpus, heads, scores)
    return Comparison(records, tunes, resamples, seed)


def _named(models: Any) -> dict[str, Any]:
    """Return models by name, after a check."""
    if isinstance(models, Mapping):
        named = {str(name): model for name, model in models.items()}
    else:
        models = models if isinstance(models, list | tuple) else [models]
        named = {str(number): model for number, model in enumerate(models, start=1)}
    if not named:
        raise ValueError("models must have at least one model")
    for model in named.values():
        require_character_model(model)
    return named


def _temperatures(temperature: Any, models: int) -> list[float]:
    """Return the temperature of each model; the Scorer checks their values."""
    if np.ndim(temperature) == 0:
        return [temperature] * models
    if len(temperature) != models:
        raise ValueError(
            f"temperature must be a number, or one for each of {models} models, "
            f"not {len(temperature)} numbers"
        )
    return list(temperature)


def _records(
    heads: list[_Record], scores: list[Scores], resamples: int, seed: int
) -> Iterator[_Record]:
    bits = np.stack([score.bits for score in scores])
    characters = np.stack([score.characters for score in scores])
    ratios = resampled_ratios(bits, characters, resamples, seed)
    for number, (head, score) in enumerate(zip(heads, scores, strict=True)):
        low, high = interval(ratios[number])
        record = {
            **head,
            "tunes": len(score.bits),
            "characters": int(score.characters.sum()),
            "unknown_characters": int(score.unknown.sum()),
            "bits_per_char": score.bits_per_char,
            "low": low,
            "high": high,
            "header_bits_per_char": score.header_bits_per_char,
            "body_bits_per_char": score.body_bits_per_char,
            "accuracy": score.accuracy,
            "difference": None,
            "difference_low": None,
            "difference_high": None,
        }
        if number:
            low, high = interval(ratios[number] - ratios[0])
            difference = score.bits_per_char - scores[0].bits_per_char
            record |= {
                "difference": difference,
                "difference_low": low,
                "difference_high": high,
            }
        yield record


def _tune_records(corpus: Corpus, heads: list[_Record], scores: list[Scores]) -> Iterator[_Record]:
    for index, tune in enumerate(corpus.tunes):
        title = decode_text(tune_title(tune))
        for head, score in zip(heads, scores, strict=True):
            bits, characters = float(score.bits[index]), int(score.characters[index])
            header = float(score.header_bits[index])
            header_characters = int(score.header_characters[index])
            yield {
                "corpus": corpus.name,
                "tune": index,
                "title": title,
                **{name: head[name] for name in ("model", "temperature")},
                **_costs("", bits, characters),
                **_costs("header_", header, header_characters),
                **_costs("body_", bits - header, characters - header_characters),
                "unknown_characters": int(score.unknown[index]),
            }


def _costs(part: str, bits: float, characters: int) -> _Record:
    """Return bits, characters and bits per character (None without characters) of a part."""
    ratio = bits / characters if characters else None
    return {f"{part}bits": bits, f"{part}characters": characters, f"{part}bits_per_char": ratio}
