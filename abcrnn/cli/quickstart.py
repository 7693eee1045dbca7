"""A first taste, end to end: train, sample, convert, all within a few minutes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from abcrnn.data.corpus import load_corpus
from abcrnn.data.novelty import NoveltyIndex
from abcrnn.data.vocabulary import Vocabulary
from abcrnn.export.tunebook import Conversion, convert_tunes
from abcrnn.models.char_lstm import CharLSTM
from abcrnn.models.recipes import recipe
from abcrnn.notation import renumber
from abcrnn.reports.plots import plot_history
from abcrnn.sampling.sampler import Sampler
from abcrnn.storage.atomic import write_text
from abcrnn.training.trainer import Trainer

#: Fields that say who wrote, printed or copied a tune: not for a model to make up.
_SOURCES = "ABCDFHNOSZ"


class Quickstart(NamedTuple):
    """What a quickstart made."""

    folder: Path
    tunes: list[str]
    conversions: list[Conversion]
    validation_bits_per_char: float


def run_quickstart(
    folder: str | os.PathLike[str],
    tunes: int = 8,
    epochs: int | None = None,
    steps: int | None = None,
    seed: int = 0,
) -> Quickstart:
    """Train the recipe ``quick`` on the embedded corpus and write what it sings.

    Parameters
    ----------
    folder : path-like
        Where ``model.abcrnn``, ``tunes.abc``, ``midi/``, ``curve.png`` and the
        run folder ``run/`` go.
    tunes : int
        How many to write.
    epochs : int, optional
        Other than the recipe's.
    steps : int, optional
        Train on so few random windows an epoch; for a trial run.
    seed : int
    """
    folder = Path(folder)
    settings = recipe("quick")
    epochs = epochs or settings.epochs
    corpus = load_corpus("oneills")
    corpus_parts = corpus.split(validation=0.02, test=0.1, seed=0)
    train, validation, _ = (part.without_fields(_SOURCES) for part in corpus_parts)
    vocabulary = Vocabulary.from_text(corpus.without_fields(_SOURCES).text)
    model = CharLSTM.from_recipe("quick", vocabulary, seed=seed)
    windows = {"windows": "random", "steps_per_epoch": steps} if steps else {}
    model.novelty = NoveltyIndex(train.tunes)
    trainer = Trainer.from_recipe(
        "quick",
        model,
        train,
        validation=validation,
        run_dir=folder / "run",
        seed=seed,
        **{"decay_epochs": epochs, **windows},
    )
    history = trainer.fit(epochs)
    model.save(folder / "model.abcrnn")
    plot_history(history, folder / "curve.png")
    sampler = Sampler(model, temperature=0.7, top_p=0.95, seed=seed, constraint="bars")
    drawn = sampler.tunes(tunes, max_length=1000)
    drawn = [renumber(tune, number) for number, tune in enumerate(drawn, start=1)]
    write_text(folder / "tunes.abc", "\n\n".join(drawn) + "\n")
    conversions = convert_tunes(drawn, folder / "midi")
    return Quickstart(folder, drawn, conversions, history[-1].validation_bits_per_char or 0.0)
