"""Leak guard: leaves out training tunes that are nearly equal to held-out tunes.

A split by tune keeps equal bodies together, but tunebooks also have the same tune twice
in another key, in other note lengths, or with a few other notes. A model that is trained
on one and scored on the other is credited for what it remembers.

Tunes are compared by their melodies, as in :mod:`abcrnn.data.novelty`: each training tune
once with an index of all held-out tunes, so the cost grows linearly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abcrnn.data.corpus import Corpus
from abcrnn.data.novelty import NoveltyIndex
from abcrnn.data.splits import union_digests
from abcrnn.notation import ABCError
from abcrnn.storage.progress import progress_bar

#: A training tune may share this many bars in a row with a held-out tune, or any number of
#: bars with this many notes.
MAX_BARS, MAX_NOTES = 4, 16


def find_copies(train: Corpus, held_out: Sequence[Corpus]) -> NDArray[np.intp]:
    """Return the training tunes that share a long run of notes with a held-out tune.

    They have the body of a held-out tune, or more than 4 bars in a row with more than 16
    notes in common with one, in any key and in any note length. A tune that cannot be read
    is compared by its body only.

    Parameters
    ----------
    train : Corpus
    held_out : sequence of Corpus
        Such as the validation and the test part.

    Returns
    -------
    ndarray, shape (copies,), int
        Indices of tunes of ``train``, ascending.
    """
    index = NoveltyIndex(chain.from_iterable(part.tunes for part in held_out))
    copied = np.isin(np.arange(len(train.tunes)), find_duplicates(train, held_out))
    with progress_bar(
        total=len(train.tunes), desc="comparing with held-out tunes", unit="tune", leave=False
    ) as bar:
        for number, tune in enumerate(train.tunes):
            copied[number] |= shares_long_run(index, tune)
            bar.update()
    return np.flatnonzero(copied)


def find_duplicates(train: Corpus, held_out: Sequence[Corpus]) -> NDArray[np.intp]:
    """Return the training tunes that have the body of a held-out tune, as :func:`find_copies`."""
    digests = union_digests(*(part.body_digests() for part in held_out))
    return np.flatnonzero(np.isin(train.body_digests(), digests))


def leave_out_copies(train: Corpus, *held_out: Corpus) -> Corpus:
    """Return a training part without the tunes that are copies of held-out tunes.

    Parameters
    ----------
    train : Corpus
    *held_out : Corpus
        Such as the validation and the test part.

    Returns
    -------
    Corpus
        Its origin records which tunes were left out.

    Raises
    ------
    ValueError
        If no tune is left.

    Examples
    --------
    >>> train, validation, test = load_corpus("irish").split()  # doctest: +SKIP
    >>> train = leave_out_copies(train, validation, test)  # doctest: +SKIP
    """
    return leave_out(train, find_copies(train, held_out))


def leave_out(train: Corpus, copies: NDArray[np.intp], guarded: bool = True) -> Corpus:
    """Return a training part without the given tunes, and record their indices.

    Parameters
    ----------
    train : Corpus
    copies : ndarray, shape (copies,), int
        From :func:`find_copies`, :func:`find_duplicates` or :func:`recorded_copies`.
    guarded : bool
        Whether they are from :func:`find_copies`.

    Returns
    -------
    Corpus

    Raises
    ------
    ValueError
        If no tune is left.
    """
    kept = np.setdiff1d(np.arange(len(train.tunes)), copies)
    if not len(kept):
        raise ValueError(
            f"all tunes of {train.name} share more than {MAX_BARS} bars with a held-out tune: "
            "none is left for training"
        )
    record: dict[str, Any] = {"left_out": copies.tolist()}
    if guarded:
        record = {"bars": MAX_BARS, "notes": MAX_NOTES, **record}
    return train.select(kept, train.name, {**(train.origin or {}), "leak_guard": record})


def is_guarded(origin: Mapping[str, Any]) -> bool:
    """Return whether the leak guard was applied to a part of this origin."""
    record = origin.get("leak_guard")
    return isinstance(record, Mapping) and "bars" in record


def recorded_copies(origin: Mapping[str, Any]) -> NDArray[np.intp] | None:
    """Return the tunes that were left out of a training part.

    Parameters
    ----------
    origin : mapping
        Origin of the part, possibly read from a file.

    Returns
    -------
    ndarray or None
        Indices of tunes of the part before it was reduced; None if no
        tunes were compared.

    Raises
    ------
    ValueError
        If the record is not one of :func:`leave_out`.
    """
    record = origin.get("leak_guard")
    if record is None:
        return None
    left_out = record.get("left_out") if isinstance(record, Mapping) else None
    if not isinstance(left_out, list) or not all(
        type(number) is int and 0 <= number < 2**63 for number in left_out
    ):
        raise ValueError(f"not the record of a leak guard: {str(record)[:100]}")
    return np.array(left_out, np.intp)


def shares_long_run(index: NoveltyIndex, tune: str) -> bool:
    """Return whether a tune shares more than 4 bars and 16 notes in a row with one of an index.

    False if it cannot be read.
    """
    try:
        return index.shares_run(tune, MAX_BARS, MAX_NOTES)
    except ABCError:
        return False
