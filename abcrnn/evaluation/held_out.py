"""Evaluation of models on tunes and pieces that they were not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from abcrnn.data.corpus import Corpus, require_corpus
from abcrnn.data.leak_guard import leave_out, recorded_copies
from abcrnn.data.midi_folder import Collection, piece_digests, split_pieces
from abcrnn.data.mixtures import part_origins
from abcrnn.data.notes import Piece
from abcrnn.data.splits import PARTS, recorded_arguments
from abcrnn.data.tidied_corpora import is_melody_only, is_tidied, tidy_corpus
from abcrnn.evaluation.scoring import Scorer


def evaluate(model: Any, corpus: Corpus, temperature: float = 1.0) -> dict[str, float]:
    """Return the bits per character and the accuracy of a model on a corpus.

    Parameters
    ----------
    model : CharLSTM
    corpus : Corpus
        Each tune is scored from a fresh state (see :mod:`abcrnn.evaluation.scoring`).
    temperature : float
        Divides the logits; see :func:`abcrnn.evaluation.tune_temperature`.

    Returns
    -------
    dict
        ``bits_per_char``, ``header_bits_per_char`` (up to the end of the line ``K:``)
        and ``body_bits_per_char`` (the rest, including the closing blank line), in
        bits; ``accuracy``, a share from 0 to 1; ``tunes``, ``characters`` and
        ``unknown_characters``, counts. The last are characters that the model does not
        know; each costs 20.1 bits (:data:`abcrnn.evaluation.scoring.UNKNOWN_BITS`).

    Raises
    ------
    TypeError
        If ``model`` is not a model, or ``corpus`` not a Corpus.
    ValueError
        If the corpus has no tunes, or the temperature is not a number above 0.
    """
    if isinstance(model, Corpus) and hasattr(corpus, "unroll"):
        raise TypeError("the arguments are swapped: the model comes first, then the corpus")
    require_corpus("corpus", corpus)
    scores = Scorer(model, progress=True, temperature=temperature).score(corpus.tunes)
    return {
        "bits_per_char": scores.bits_per_char,
        "header_bits_per_char": scores.header_bits_per_char,
        "body_bits_per_char": scores.body_bits_per_char,
        "accuracy": scores.accuracy,
        "tunes": len(corpus.tunes),
        "characters": int(scores.characters.sum()),
        "unknown_characters": int(scores.unknown.sum()),
    }


def held_out_part(model: Any, corpus: Corpus) -> Corpus:
    """Return the tunes of a corpus that were not used in the training of a model.

    If the model was trained on a part of this corpus, alone or with other corpora, the
    test part of the same split is returned. Of any other corpus, such as a tunebook that
    has grown, all tunes are returned, except those with the same body as a training or
    validation tune; their headers may differ. Older model files do not record the bodies:
    for them nothing is left out of another corpus, and :func:`knows_training_tunes` is
    False.

    Parameters
    ----------
    model : CharLSTM
    corpus : Corpus

    Returns
    -------
    Corpus
        Without the fields that the model was trained without; formatted if its tunes were.

    Raises
    ------
    ValueError
        If no tune is left, or the model's split of this corpus has no test part.
    """
    origin = _origin_in(model, corpus)
    trained_on_all = origin is not None and "split" not in origin
    if trained_on_all or _described_corpus(model).get("fingerprint") == corpus.fingerprint:
        raise ValueError(f"the model was trained on all tunes of {corpus.name}: none is held out")
    part = _as_in_training(model, _test_part(model, corpus))
    digests = getattr(model, "trained_digests", None)
    if digests is None:
        return part
    held_out = ~np.isin(part.body_digests(), digests)
    if held_out.all():
        return part
    if not held_out.any():
        raise ValueError(
            f"all tunes of {corpus.name} were used to train or validate the model: none is held out"
        )
    return part.select(np.flatnonzero(held_out), f"{part.name}/held-out", part.origin)


def knows_training_tunes(model: Any, corpus: Corpus) -> bool:
    """Return whether it is known which tunes of a corpus a model was trained on.

    Parameters
    ----------
    model : CharLSTM
    corpus : Corpus
    """
    digests = getattr(model, "trained_digests", None)
    return digests is not None or _origin_in(model, corpus) is not None


def held_out_pieces(model: Any, collection: Collection) -> list[Piece]:
    """Return the pieces of a collection that were not used in the training of a model.

    The rules are those of :func:`held_out_part`, with the notes of a piece in the
    place of the body of a tune.

    Parameters
    ----------
    model : NoteModel
    collection : Collection

    Returns
    -------
    list of Piece

    Raises
    ------
    ValueError
        If no piece is left, or the model records a split that is not valid.
    """
    pieces = list(collection.pieces)
    if origin := _origin_of_pieces(model, collection):
        pieces = split_pieces(pieces, **recorded_arguments(origin.get("split")))[2]
    digests = getattr(model, "trained_digests", None)
    if digests is not None:
        used = np.isin(piece_digests(pieces), digests)
        pieces = [piece for piece, in_training in zip(pieces, used, strict=True) if not in_training]
    if not pieces:
        raise ValueError(
            f"all pieces of {collection.name} were used to train or validate the model: "
            "none is held out"
        )
    return pieces


def knows_training_pieces(model: Any, collection: Collection) -> bool:
    """Return whether it is known which pieces of a collection a model was trained on.

    Parameters
    ----------
    model : NoteModel
    collection : Collection
    """
    digests = getattr(model, "trained_digests", None)
    return digests is not None or _origin_of_pieces(model, collection) is not None


def training_part(model: Any, corpus: Corpus) -> Corpus | None:
    """Return the tunes of a corpus that a model was trained on.

    Without those that the leak guard left out (:mod:`abcrnn.data.leak_guard`).

    Parameters
    ----------
    model : CharLSTM
    corpus : Corpus
        The whole corpus, before it was split.

    Returns
    -------
    Corpus or None
        None if the model was not trained on a part of this corpus.
    """
    origin = _origin_in(model, corpus)
    if origin is None:
        return None
    if "split" not in origin:
        return _as_in_training(model, corpus)
    part, copies = _take_part(origin, corpus, "train"), recorded_copies(origin)
    return _as_in_training(model, part if copies is None else leave_out(part, copies))


def validation_part(model: Any, corpus: Corpus) -> Corpus | None:
    """Return the tunes of a corpus on which a model was validated while it was trained.

    Parameters
    ----------
    model : CharLSTM
    corpus : Corpus
        The whole corpus, before it was split.

    Returns
    -------
    Corpus or None
        None if the model was not trained on a part of this corpus, or without validation.
    """
    origin = _origin_in(model, corpus)
    if not origin or not origin.get("split"):
        return None
    if not recorded_arguments(origin["split"])["validation"]:
        return None
    return _as_in_training(model, _take_part(origin, corpus, "validation"))


def held_out_for_all(models: Sequence[Any], corpus: Corpus) -> Corpus:
    """Return the tunes of a corpus that were used in the training of none of the models.

    Parameters
    ----------
    models : sequence of CharLSTM
        At least one.
    corpus : Corpus

    Returns
    -------
    Corpus
        Those that :func:`held_out_part` returns for every model.

    Raises
    ------
    ValueError
        As :func:`held_out_part`; or if no tune is left, or the models were trained with
        different header fields left out, or on tunes in different layouts.
    """
    if len({fields_left_out(model) for model in models}) > 1:
        raise ValueError(
            "the models were trained with different header fields left out: evaluate each alone"
        )
    if len({layout_in_training(model) for model in models}) > 1:
        raise ValueError(
            "only some of the models were trained on formatted tunes, or only some on plain "
            "melodies: evaluate each alone"
        )
    part, *others = (held_out_part(model, corpus) for model in models)
    common = np.ones(len(part.tunes), bool)
    digests = part.body_digests()
    for other in others:
        common &= np.isin(digests, other.body_digests())
    if common.all():
        return part
    if not common.any():
        raise ValueError(f"no tune of {corpus.name} is held out for all models")
    return part.select(np.flatnonzero(common), f"{corpus.name}/held-out", part.origin)


def _origin_of_pieces(model: Any, collection: Collection) -> dict[str, Any] | None:
    """Return how a collection was split for a model; None if the model's is another one."""
    origin = model.about.get("pieces")
    if not isinstance(origin, dict) or origin.get("fingerprint") != collection.fingerprint:
        return None
    return origin


def _test_part(model: Any, corpus: Corpus) -> Corpus:
    """Return the test part of a corpus that was split for a model, otherwise all of the corpus."""
    origin = _origin_in(model, corpus)
    if origin is None:
        return corpus
    if not recorded_arguments(origin.get("split"))["test"]:
        raise ValueError(f"the split of {corpus.name} for the model has no test part")
    return _take_part(origin, corpus, "test")


def _described_corpus(model: Any) -> dict[str, Any]:
    """Return the model's description of its training tunes; empty if it has none."""
    described = model.about.get("corpus")
    return described if isinstance(described, dict) else {}


def _origin_in(model: Any, corpus: Corpus) -> dict[str, Any] | None:
    """Return how a corpus was split for a model; None if it is not one of the model's corpora."""
    origins = part_origins(_described_corpus(model).get("origin"))
    return next((o for o in origins if o.get("fingerprint") == corpus.fingerprint), None)


def _take_part(origin: dict[str, Any], corpus: Corpus, name: str) -> Corpus:
    parts = corpus.split(**recorded_arguments(origin.get("split")))
    return dict(zip(PARTS, parts, strict=True))[name]


def _as_in_training(model: Any, part: Corpus) -> Corpus:
    """Prepare the tunes of a corpus as in training: fields left out, formatted."""
    letters = fields_left_out(model)
    if letters != "":
        part = part.without_fields(letters)  # which refuses other types
    formatted, melody_only = layout_in_training(model)
    return tidy_corpus(part, melody_only) if formatted else part


def layout_in_training(model: Any) -> tuple[bool, bool]:
    """Return whether the training tunes were formatted, and whether marks were left out."""
    origin = _described_corpus(model).get("origin")
    return is_tidied(origin), is_melody_only(origin)


def fields_left_out(model: Any) -> str:
    """Return the letters of the header fields that a model was trained without."""
    origin = _described_corpus(model).get("origin")
    return origin.get("without", "") if isinstance(origin, dict) else ""
