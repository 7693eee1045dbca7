"""Corpora whose tunes are formatted: fewer characters and fewer spellings for the same music."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from abcrnn.data.corpus import Corpus
from abcrnn.data.store import StoredTunes
from abcrnn.data.store_writer import store_changed
from abcrnn.notation.errors import ABCError
from abcrnn.notation.formatter.tune import LAYOUT, tidy
from abcrnn.storage.progress import progress_bar

_logger = logging.getLogger(__name__)

#: Key of an origin: the number of the layout that the tunes have.
TIDY = "tidy"


def tidy_corpus(corpus: Corpus) -> Corpus:
    """Return a corpus with formatted tunes (:func:`abcrnn.tidy`).

    A tune that cannot be formatted keeps its text, which is reported in the log. The digests of
    the tunes stay those of the texts before: a split puts a tune into the same part, and a model
    that was trained on it knows it in either text.

    Parameters
    ----------
    corpus : Corpus

    Returns
    -------
    Corpus
        Its origin records the layout. Its tunes are in a store of their own if those of
        ``corpus`` are in one.

    Examples
    --------
    >>> tidy_corpus(load_corpus("oneills"))  # doctest: +SKIP
    Corpus('oneills', tunes=2009)
    """
    tunes: Sequence[str]
    if isinstance(corpus.tunes, StoredTunes):
        tunes = store_changed(corpus.tunes, f"{TIDY} {LAYOUT}", _tidy_or_keep)
    else:
        bar = progress_bar(corpus.tunes, desc="formatting", unit="tune", leave=False)
        tunes = tuple(map(_tidy_or_keep, bar))
    origin = {**(corpus.origin or {}), TIDY: LAYOUT}
    return replace(corpus, tunes=tunes, origin=origin, digests=corpus.body_digests())


def is_tidied(origin: Any) -> bool:
    """Return whether an origin, possibly read from a file, is that of formatted tunes."""
    return isinstance(origin, dict) and bool(origin.get(TIDY))


# The parts of a corpus are formatted one by one, and for its vocabulary all tunes.
@lru_cache(maxsize=20_000)
def _tidy_or_keep(tune: str) -> str:
    try:
        return tidy(tune)
    except ABCError as error:
        _logger.warning("%s is not formatted: %s", tune.split("\n")[0], error)
        return tune
