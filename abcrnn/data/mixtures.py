"""Several corpora as one, for training."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np

from abcrnn.data.corpus import Corpus
from abcrnn.data.registry import cache_folder
from abcrnn.data.store import FORMAT, StoredTunes
from abcrnn.data.store_writer import open_store, store_tunes
from abcrnn.data.tidied_corpora import PLAIN, TIDY
from abcrnn.data.vocabulary import Vocabulary
from abcrnn.notation import Block
from abcrnn.storage.validation import require_count


def join_corpora(corpora: Sequence[Corpus], weights: Sequence[int] = ()) -> Corpus:
    """Return a corpus of the tunes of several corpora.

    Its origin records the name, the fingerprint and the split of each, so that the
    held-out tunes of each are known to models that are trained on it.

    Parameters
    ----------
    corpora : sequence of Corpus
        Such as the training parts of several splits. A single one is returned as it is
        if its weight is 1.
    weights : sequence of int, optional
        How often the tunes of each corpus occur, from 1; once by default.

    Returns
    -------
    Corpus
        If the tunes of one corpus are in a store, all tunes are written to a store.

    Raises
    ------
    ValueError
        If there is no corpus, or the number of weights is another, or a weight is not a
        whole number of at least 1, or different header fields were left out of the corpora, or
        only some of them are formatted.

    Examples
    --------
    >>> jigs = load_corpus("jigs").split()  # doctest: +SKIP
    >>> oneills = load_corpus("oneills").split(validation=0)  # doctest: +SKIP
    >>> train = join_corpora([jigs[0], oneills[0]], weights=[3, 1])  # doctest: +SKIP
    """
    checked = [require_count("weights", weight) for weight in weights or [1] * len(corpora)]
    if not corpora or len(checked) != len(corpora):
        raise ValueError(
            f"weights must have one number for each corpus: there are {len(checked)} weights "
            f"and {len(corpora)} corpora"
        )
    if len(corpora) == 1 and checked == [1]:
        return corpora[0]
    digests = None
    if any(corpus.digests is not None for corpus in corpora):
        digests = np.concatenate([corpus.body_digests() for corpus in corpora])
    name = "+".join(corpus.name for corpus in corpora)
    joined = Corpus(name, _all_tunes(corpora), digests=digests)
    indices, end = [], 0
    for corpus, weight in zip(corpora, checked, strict=True):
        indices.append(np.tile(np.arange(end, end + len(corpus.tunes)), weight))
        end += len(corpus.tunes)
    return joined.select(np.concatenate(indices), joined.name, _origin(corpora, checked))


def common_vocabulary(corpora: Sequence[Corpus]) -> Vocabulary:
    """Return the vocabulary of the distinct characters of several corpora."""
    characters = set().union(*(corpus.character_counts for corpus in corpora))
    return Vocabulary("".join(sorted(characters)))


def part_origins(origin: Any) -> Iterator[dict[str, Any]]:
    """Yield the origin of each corpus in an origin, possibly read from a file.

    Parameters
    ----------
    origin : dict or None
        Of one corpus, or from :func:`join_corpora`.
    """
    if not isinstance(origin, dict):
        return
    parts = origin.get("parts", [origin])
    yield from (part for part in parts if isinstance(part, dict)) if isinstance(parts, list) else ()


def _origin(corpora: Sequence[Corpus], weights: Sequence[int]) -> dict[str, Any]:
    parts = [
        {**(corpus.origin or {"corpus": corpus.name, "fingerprint": corpus.fingerprint}),
         "weight": weight}
        for corpus, weight in zip(corpora, weights, strict=True)
    ]  # fmt: skip
    without = {part.get("without", "") for part in parts}
    if len(without) > 1:
        raise ValueError(
            "the corpora must have the same header fields left out, not "
            f"{' and '.join(map(repr, sorted(without)))}"
        )
    origin: dict[str, Any] = {"parts": parts}
    for name in (TIDY, PLAIN):
        rules = {part.get(name) for part in parts}
        if len(rules) > 1:
            raise ValueError(
                "the corpora must all be formatted (tidy_corpus) in the same way, or none of them"
            )
        if number := rules.pop():
            origin[name] = number
    return {**origin, "without": letters} if (letters := without.pop()) else origin


def _all_tunes(corpora: Sequence[Corpus]) -> Sequence[str]:
    tunes = chain.from_iterable(corpus.tunes for corpus in corpora)
    if not any(isinstance(corpus.tunes, StoredTunes) for corpus in corpora):
        return tuple(tunes)
    key = "\0".join([FORMAT, "joined", *(corpus.fingerprint for corpus in corpora)])
    folder = cache_folder() / "stored" / hashlib.sha256(key.encode()).hexdigest()
    store = open_store(folder)
    return StoredTunes(store or store_tunes(folder, (Block(tune, 0) for tune in tunes)))
