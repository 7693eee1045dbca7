"""Training of the packaged model ``folk``, from corpora that come with music21.

Everything is fixed: corpora, split, text, recipe and seed. A run is resumable; on one kind of
processor it gives the same model again.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from abcrnn.data.corpus import Corpus, load_corpus
from abcrnn.data.leak_guard import find_copies, leave_out
from abcrnn.data.mixtures import common_vocabulary, join_corpora
from abcrnn.data.novelty import NoveltyIndex
from abcrnn.data.tidied_corpora import tidy_corpus
from abcrnn.evaluation.held_out import evaluate, held_out_part
from abcrnn.models.char_lstm import CharLSTM
from abcrnn.models.character_model import CharacterModel
from abcrnn.models.model_file import load_model
from abcrnn.models.packaging import save_pretrained
from abcrnn.models.pretrained import DEFAULT, PretrainedModel
from abcrnn.models.recipes import RECIPES
from abcrnn.notation import check_tune
from abcrnn.training.trainer import Trainer

#: Corpora without a restriction in their files: O'Neill's, Ryan's and Aird's collections.
CORPORA = ("oneills", "ryans", "airds")

#: Shares of the tunes of each corpus, by the split of seed 0.
VALIDATION, TEST = 0.05, 0.1

#: Tunes that share more than 4 bars with a validation or test tune of irish or jigs, as indices
#: of the whole corpus. Without them the model can be trained further and scored on these two.
BENCHMARK_COPIES = {
    "oneills": (717, 929, 997, 999, 1065, 1159, 1179, 1400, 1605, 1626, 1946, 1952, 1954, 1958),
    "ryans": (135, 348, 524, 1025),
    "airds": (684,),
}

#: The default recipe with less dropout, since there are five times as many tunes, and with
#: larger batches, which train faster. Its last epochs read the tunes in their own keys, so that
#: the model composes in the range of real tunes.
RECIPE = replace(
    RECIPES["default"],
    about="the packaged model: the default recipe with less dropout and larger batches",
    epochs=14,
    model={**RECIPES["default"].model, "dropout": 0.3},
    training={
        **RECIPES["default"].training,
        "batch_size": 16,
        "decay_epochs": 14,
        "transpose_epochs": 10,
    },
)

SEED = 0

_CARD = {
    "title": "jigs, reels, hornpipes and airs in the manner of printed collections of 1780 to 1903",
    "data": "melodies of O'Neill's Music of Ireland (1903), Ryan's Mammoth Collection (1883) and "
    "Aird's Airs (1778 to 1801), from the corpora of music21",
    "licence": "MIT, as abcrnn; the music is in the public domain, and the files of the "
    "transcriptions state no restriction (docs/folk-model.md)",
}


def load_pretraining_corpora() -> tuple[Corpus, Corpus, Corpus]:
    """Return the training, validation and test tunes of the packaged model.

    They are melodies without the marks of an edition
    (:func:`abcrnn.data.tidied_corpora.tidy_corpus`). The training part has only valid tunes, and
    none that shares more than 4 bars with a held-out tune.

    Returns
    -------
    train, validation, test : Corpus

    Raises
    ------
    ValueError, OSError
        If a corpus cannot be read; the three are in the installed package music21.
    """
    trains, validations, tests, copied = [], [], [], []
    for name in CORPORA:
        corpus = load_corpus(name)
        parts = corpus.split(VALIDATION, TEST, SEED)
        train, validation, test = map(partial(tidy_corpus, melody_only=True), parts)
        copies = corpus.body_digests()[list(BENCHMARK_COPIES[name])]
        trains.append(train)
        validations.append(validation)
        tests.append(test)
        copied.append(np.isin(train.body_digests(), copies))
    held_out = [*validations, *tests]
    suitable = [
        leave_out(train, _unsuitable(train, held_out, known))
        for train, known in zip(trains, copied, strict=True)
    ]
    return join_corpora(suitable), join_corpora(validations), join_corpora(tests)


def pretrain(run_dir: str | os.PathLike[str], epochs: int | None = None) -> PretrainedModel:
    """Train the packaged model, or resume its training, and write its file and its card.

    Parameters
    ----------
    run_dir : path-like
        The run folder, in which ``folk.abcrnn`` and ``folk.json`` are written.
    epochs : int, optional
        The recipe's by default.

    Returns
    -------
    PretrainedModel
        The card, with the scores on the test tunes.

    Raises
    ------
    ValueError
        If the folder holds another run.
    """
    train, validation, test = load_pretraining_corpora()
    vocabulary = common_vocabulary([train, validation, test])
    model = CharLSTM(vocabulary, **RECIPE.model, seed=SEED)
    model.novelty = NoveltyIndex(train.tunes)
    settings = RECIPE.settings(seed=SEED)
    trainer = Trainer(model, train, validation=validation, run_dir=run_dir, **settings)
    trainer.fit(epochs or RECIPE.epochs)
    best = load_model(Path(run_dir) / "best.abcrnn")
    return save_pretrained(
        best, DEFAULT, **_CARD, scores=held_out_scores(best), folder=Path(run_dir)
    )


def held_out_scores(model: CharacterModel) -> dict[str, float]:
    """Return the bits per character of a model on the test tunes of each corpus.

    Parameters
    ----------
    model : CharacterModel
        From :func:`pretrain`.

    Returns
    -------
    dict of str to float
    """
    scores = {}
    for name in CORPORA:
        result = evaluate(model, held_out_part(model, load_corpus(name)))
        scores[f"bits per character, held-out tunes of {name}"] = round(result["bits_per_char"], 3)
    return scores


def _unsuitable(
    train: Corpus, held_out: Sequence[Corpus], copied: NDArray[np.bool_]
) -> NDArray[np.intp]:
    """Return the indices of tunes that are copies of held-out tunes, or not valid."""
    faulty = [bool(check_tune(tune)) for tune in train.tunes]
    return np.union1d(find_copies(train, held_out), np.flatnonzero(copied | faulty))
