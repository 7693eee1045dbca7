"""How good a model is on tunes it has not seen."""

from __future__ import annotations

from typing import Any

from abcrnn.corpus import Corpus
from abcrnn.scoring import Scorer


def evaluate(model: Any, corpus: Corpus) -> dict[str, float]:
    """Score a model on a corpus.

    Parameters
    ----------
    model : CharLSTM
    corpus : Corpus
        Every tune is scored from a fresh state (see :mod:`abcrnn.scoring`).

    Returns
    -------
    dict
        ``bits_per_char`` (bits), ``accuracy`` (share from 0 to 1), ``tunes``
        and ``characters`` (counts).

    Raises
    ------
    ValueError
        If a tune has a character that the model does not know.
    """
    scores = Scorer(model).score(corpus.tunes)
    return {
        "bits_per_char": scores.bits_per_char,
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
    origin = described.get("origin") or {}
    if origin.get("fingerprint") != corpus.fingerprint:
        return corpus
    split = origin["split"]
    if not split["test"]:
        raise ValueError(f"the model's split of {corpus.name} set no tunes aside for a test")
    test = corpus.split(**split)[2]
    return test.without_fields(origin["without"]) if "without" in origin else test
