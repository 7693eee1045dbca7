"""Corpora whose tunes are formatted: fewer characters and fewer spellings for the same music."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

from abcrnn.data.corpus import Corpus
from abcrnn.data.store import StoredTunes
from abcrnn.data.store_writer import store_changed
from abcrnn.notation.errors import ABCError
from abcrnn.notation.formatter.plain import PLAIN_RULES, plain
from abcrnn.notation.formatter.tune import LAYOUT, tidy
from abcrnn.storage.progress import progress_bar

_logger = logging.getLogger(__name__)

#: Keys of an origin: the numbers of the layout that the tunes have, and of the rules of plain.
TIDY, PLAIN = "tidy", "plain"


def tidy_corpus(corpus: Corpus, melody_only: bool = False) -> Corpus:
    """Return a corpus with formatted tunes (:func:`abcrnn.tidy`).

    A tune that cannot be formatted keeps its text, which is reported in the log. The digests of
    the tunes stay those of the texts before: a split puts a tune into the same part, and a model
    that was trained on it knows it in either text.

    Parameters
    ----------
    corpus : Corpus
    melody_only : bool
        Whether the marks of an edition are left out, such as fingerings and slurs
        (:func:`abcrnn.notation.formatter.plain.plain`).

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
    rewrite = partial(_format_or_keep, plain if melody_only else tidy)
    rules = {TIDY: LAYOUT, **({PLAIN: PLAIN_RULES} if melody_only else {})}
    tunes: Sequence[str]
    if isinstance(corpus.tunes, StoredTunes):
        change = " ".join(f"{name} {number}" for name, number in rules.items())
        tunes = store_changed(corpus.tunes, change, rewrite)
    else:
        bar = progress_bar(corpus.tunes, desc="formatting", unit="tune", leave=False)
        tunes = tuple(map(rewrite, bar))
    origin = {**(corpus.origin or {}), **rules}
    return replace(corpus, tunes=tunes, origin=origin, digests=corpus.body_digests())


def is_tidied(origin: Any) -> bool:
    """Return whether an origin, possibly read from a file, is that of formatted tunes."""
    return isinstance(origin, dict) and bool(origin.get(TIDY))


def is_melody_only(origin: Any) -> bool:
    """Return whether an origin is that of tunes without the marks of an edition."""
    return isinstance(origin, dict) and bool(origin.get(PLAIN))


# The parts of a corpus are formatted one by one, and for its vocabulary all tunes.
@lru_cache(maxsize=20_000)
def _format_or_keep(format_tune: Callable[[str], str], tune: str) -> str:
    try:
        return format_tune(tune)
    except ABCError as error:
        _logger.warning("%s is not formatted: %s", tune.split("\n")[0], error)
        return tune
