"""How good a model is on tunes it has not seen."""

from __future__ import annotations

from typing import Any

from abcrnn.data.corpus import Corpus
from abcrnn.evaluation.scoring import Scorer


def evaluate(model: Any, corpus: Corpus) -> dict[str, float]:
    """Score a model on a corpus.

    Parameters
    ----------
    model : CharLSTM
    corpus : Corpus
        Every tune is scored from a fresh state (see :mod:`abcrnn.evaluation.scoring`).

    Returns
    -------
    dict
        ``bits_per_char``, and apart the ``header_bits_per_char`` (to the end of the
        line ``K:``) and ``body_bits_per_char`` (the rest, closing blank line and
        all), in bits; ``accuracy`` (share from 0 to 1), ``tunes`` and
        ``characters`` (counts).

    Raises
    ------
    ValueError
        If a tune has a character that the model does not know.
    """
    scores = Scorer(model, progress=True).score(corpus.tunes)
    return {
        "bits_per_char": scores.bits_per_char,
        "header_bits_per_char": scores.header_bits_per_char,
        "body_bits_per_char": scores.body_bits_per_char,
        "accuracy": scores.accuracy,
        "tunes": len(corpus.tunes),
        "characters": int(scores.characters.sum()),
    }


def unseen_part(model: Any, corpus: Corpus) -> Corpus:
    """Return the tunes of a corpus that the model was neither trained on nor chosen by.

    All of them, unless the model was trained on a part of this very corpus: then
    the test part of the same split.

    Raises
    ------
    ValueError
        If it was trained on all of it, or on a split without a test part.
    """
    described = model.about.get("corpus") or {}
    if described.get("fingerprint") == corpus.fingerprint:
        raise ValueError(f"the model was trained on all of {corpus.name}: nothing is left unseen")
    origin = _origin_in(model, corpus)
    if origin is None:
        return corpus
    if not origin["split"]["test"]:
        raise ValueError(f"the model's split of {corpus.name} set no tunes aside for a test")
    return _take_part(origin, corpus, "test")


def training_part(model: Any, corpus: Corpus) -> Corpus | None:
    """Return the tunes of a corpus that the model was trained on; None if it was on no part."""
    origin = _origin_in(model, corpus)
    return _take_part(origin, corpus, "train") if origin else None


def _origin_in(model: Any, corpus: Corpus) -> dict[str, Any] | None:
    """Return how a corpus was split for the model; None if this corpus was not."""
    origin = (model.about.get("corpus") or {}).get("origin") or {}
    return origin if origin.get("fingerprint") == corpus.fingerprint else None


def _take_part(origin: dict[str, Any], corpus: Corpus, name: str) -> Corpus:
    train, _, test = corpus.split(**origin["split"])
    part = {"train": train, "test": test}[name]
    return part.without_fields(origin["without"]) if "without" in origin else part
