"""The tunes of the quality benchmark: three corpora, fixed by SHA-256, and two splits of each."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from abcrnn.data.corpus import Corpus, load_corpus
from abcrnn.data.splits import PARTS
from abcrnn.data.vocabulary import Vocabulary
from benchmarks.quality.families import assign_families

#: SHA-256 of the text of each corpus (:attr:`abcrnn.data.corpus.Corpus.fingerprint`).
FINGERPRINTS = {
    "irish": "232ad74e7231bf9fcf71601a236869a59d8b2fff3e71232f8adbad458905325d",
    "jigs": "31373d14a0b169439421ce42dd854d65998066f1a1795bd0a7b0cf4b2f3e5b28",
    "oneills": "588ce4042ca5e271e0e2c52bb5981371f540d9c6e58534239eb5b50aae07608f",
}

#: Splits: by tune, with the default rule of abcrnn, and by tune family.
SPLITS = ("tune", "family")

_SHARES = {"validation": 0.1, "test": 0.1, "seed": 0}


@dataclass(frozen=True)
class Data:
    """The tunes of a corpus in three parts.

    Parameters
    ----------
    corpus : str
        Name of the corpus.
    fingerprint : str
        SHA-256 of the text of the corpus.
    split : {"tune", "family"}
    train, validation, test : Corpus
    vocabulary : Vocabulary
        The characters of the whole corpus, the same for every row.
    """

    corpus: str
    fingerprint: str
    split: str
    train: Corpus
    validation: Corpus
    test: Corpus
    vocabulary: Vocabulary


def load_data(name: str, split: str) -> Data:
    """Load a corpus of the benchmark and split it.

    Parameters
    ----------
    name : {"irish", "jigs", "oneills"}
    split : {"tune", "family"}

    Returns
    -------
    Data

    Raises
    ------
    ValueError
        If the text of the corpus is not the one of the benchmark.
    """
    corpus = require_benchmark_text(_load(name))
    parts = corpus.split(**_SHARES) if split == "tune" else split_by_family(corpus)
    return Data(name, corpus.fingerprint, split, *parts, corpus.vocabulary)


@functools.cache
def _load(name: str) -> Corpus:
    return load_corpus(name)


def require_benchmark_text(corpus: Corpus) -> Corpus:
    """Return a corpus if its text is that of the benchmark; otherwise raise ``ValueError``."""
    expected = FINGERPRINTS[corpus.name]
    if corpus.fingerprint != expected:
        raise ValueError(
            f"the text of {corpus.name} has the SHA-256 {corpus.fingerprint}, but the benchmark "
            f"is defined for {expected}: figures would not be comparable"
        )
    return corpus


def split_by_family(
    corpus: Corpus, validation: float = 0.1, test: float = 0.1, seed: int = 0
) -> tuple[Corpus, Corpus, Corpus]:
    """Split a corpus so that tunes of one family are in the same part.

    Parameters
    ----------
    corpus : Corpus
    validation, test : float
        Shares of the tunes.
    seed : int

    Returns
    -------
    train, validation, test : Corpus
        Tunes in the order of the corpus.

    See Also
    --------
    benchmarks.quality.families.tune_families : the definition of a family.
    """
    part_of = np.array(assign_families(corpus.tunes, validation, test, seed))
    train, second, third = (
        corpus.select(np.flatnonzero(part_of == part), f"{corpus.name}/family-{part}")
        for part in PARTS
    )
    return train, second, third
