"""MelodyIndex and nearest: the known tunes that a tune is most like.

Tunes are compared by the notes of their melodies as written (:mod:`abcrnn.notation.melody`),
voice after voice, without lengths and octaves. Similarity is the share of a tune's notes that
stay if it is turned into a passage of the known tune, in the best key, with the fewest notes
replaced, removed or inserted.

Similar tunes have runs of four notes in common. An index of these runs gives a shortlist, and
only the tunes on it are aligned with the tune.
"""

from __future__ import annotations

import math
import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from abcrnn.data.alignment import Pattern
from abcrnn.data.corpus import Corpus, load_corpus
from abcrnn.data.melody_cache import load_melodies
from abcrnn.data.novelty import Novelty, NoveltyIndex, tune_steps
from abcrnn.data.registry import card_names, is_here, read_card
from abcrnn.notation import Tune, decode_text, read_tune
from abcrnn.notation.checks import require_music
from abcrnn.notation.tunebook import tune_title

_GRAM = 3  # steps of a run of four notes; longer runs are lost where single notes differ
_SHORTLIST = 50  # tunes that are aligned with a tune
_KEYS = 3  # intervals at which each of them is aligned
_MAX_NOTES = 4096  # of a tune; bounds the time of a comparison
_SHORT = 20  # notes; keeps the scores of very short tunes low

#: For each interval, a table that moves pitch classes down by it.
_DOWN = [bytes((value - interval) % 12 for value in range(256)) for interval in range(12)]

_Source = Corpus | str | os.PathLike[str]


class Neighbour(NamedTuple):
    """A known tune that a tune is like.

    Parameters
    ----------
    corpus : str
        Name of its corpus.
    number : int
        Which tune of the corpus it is, from 1.
    title : str
        Empty if it has none.
    similarity : float
        Share of the notes that stay, from 0 to 1, if the tune is turned into a passage of
        the known one. Key, octaves and lengths of notes do not count. 1 means that all notes
        of the tune occur there in a row.
    bars : float
        Length of the longest passage in common, in bars of the tune's own meter: notes with
        the same intervals and the same ratios of lengths.
    notes : int
        Number of notes of that passage.
    first_bar : int
        Number of the bar of the tune in which the passage begins, from 1; a pickup counts.
        0 if there is no passage.
    tune : str
        The known tune.
    """

    corpus: str
    number: int
    title: str
    similarity: float
    bars: float
    notes: int
    first_bar: int
    tune: str


class MelodyIndex:
    r"""Index of known tunes that finds those that a tune is most like.

    Its size is proportional to the number of notes. The melodies of a corpus of at least a
    hundred tunes are kept in the cache folder.

    Parameters
    ----------
    *corpora : Corpus
        A tune that cannot be read is never found.

    Examples
    --------
    >>> index = MelodyIndex(load_corpus("oneills"))
    >>> found = index.nearest("X:1\nM:6/8\nL:1/8\nK:D\nF2A AFA|F2A d2A|F2A A2d|")
    >>> len(found)
    3
    """

    def __init__(self, *corpora: Corpus) -> None:
        self._corpora = corpora
        self._firsts = list(accumulate((len(each.tunes) for each in corpora), initial=0))
        arrays = NoveltyIndex.joined(map(load_melodies, corpora)).to_arrays()
        self._steps, self._ends = arrays["steps"], arrays["ends"]
        self._notes = _pitch_classes(self._steps)
        runs, positions = _runs(self._steps)
        order = np.argsort(runs, kind="stable")
        self._runs, positions = runs[order], positions[order]
        self._run_tunes = np.searchsorted(self._ends, positions, "right")
        self._run_starts = self._notes[positions]

    def __repr__(self) -> str:
        return f"MelodyIndex({', '.join(map(repr, self._corpora))})"

    def nearest(self, tune: str, n: int = 3) -> list[Neighbour]:
        """Return the known tunes that are most similar to a tune.

        Takes some milliseconds. Of equally similar tunes, the one with the longest passage
        in common comes first, then the one of the most similar length. Tunes without a run
        of four notes in common are not found.

        Parameters
        ----------
        tune : str
            Starts with its ``X:`` line. Its first 4,096 notes are compared.
        n : int
            Number of tunes.

        Returns
        -------
        list of Neighbour
            At most ``n``, the most similar first.

        Raises
        ------
        ABCError
            If the tune cannot be read, or has no key or no notes.
        ValueError
            If ``n`` is not a positive whole number.
        """
        if not isinstance(n, int) or n < 1:
            raise ValueError(f"n must be a whole number of at least 1, not {n!r:.80}")
        read = read_tune(tune)
        require_music(read)
        steps = tune_steps(read)[:_MAX_NOTES]
        aligned = self._align(steps, max(_SHORTLIST, 2 * n))
        # Passages in common take longer to find: only those of tunes that may be returned.
        most = aligned[:n][-1].changes if aligned else 0
        compared = [
            (found, self._passage(read, found.number))
            for found in aligned[: 2 * n]
            if found.changes <= most
        ]
        compared.sort(key=lambda pair: (pair[0].changes, -pair[1].bars, pair[0].difference))
        return [
            self._neighbour(found.number, 1 - found.changes / len(steps), passage)
            for found, passage in compared[:n]
        ]

    def _align(self, steps: NDArray[np.uint32], size: int) -> list[_Aligned]:
        """Align a tune with the tunes of a shortlist; return these, the most similar first."""
        votes = self._votes(steps)
        best = votes.max(axis=1)
        shortlist = np.argsort(-best, kind="stable")[:size]
        pattern = Pattern(_pitch_classes(steps).tobytes())
        found = []
        for number in shortlist[best[shortlist] > 0].tolist():
            notes = self._notes[self._part(number)][:_MAX_NOTES].tobytes()
            keys = np.argsort(-votes[number], kind="stable")[:_KEYS].tolist()
            changes = min(pattern.changes(notes.translate(_DOWN[key])) for key in keys)
            found.append(_Aligned(changes, abs(len(notes) - len(steps)), number))
        return sorted(found)

    def _votes(self, steps: NDArray[np.uint32]) -> NDArray[np.float64]:
        """Return how much of a tune each known tune has, at each interval.

        Returns
        -------
        ndarray, shape (tunes, 12), float64
            The sum over the runs of four notes in common, weighted by how rare they are,
            divided by the root of the length of the known tune: long tunes have more runs in
            common by chance.
        """
        votes = np.zeros(12 * len(self._ends))
        runs, positions = _runs(steps)
        own = np.unique(np.stack([runs, _pitch_classes(steps)[positions]]), axis=1)
        firsts = np.searchsorted(self._runs, own[0], "left").tolist()
        ends = np.searchsorted(self._runs, own[0], "right").tolist()
        for start, first, end in zip(own[1].tolist(), firsts, ends, strict=True):
            if first < end:
                intervals = (self._run_starts[first:end] - start) % 12
                # An index that occurs twice is added to once: a run counts once for each tune.
                votes[12 * self._run_tunes[first:end] + intervals] += math.log(
                    1 + len(self._runs) / (end - first)
                )
        lengths = np.diff(self._ends, prepend=0)
        scores: NDArray[np.float64] = votes.reshape(-1, 12) / np.sqrt(_SHORT + lengths)[:, None]
        return scores

    def _passage(self, tune: Tune, number: int) -> Novelty:
        """Return the longest passage that a tune has in common with a known one."""
        steps = self._steps[self._part(number)]
        ends = np.array([len(steps)], np.int64)
        return NoveltyIndex.from_arrays({"steps": steps, "ends": ends}).compare(tune)

    def _part(self, number: int) -> slice:
        """Return where the steps of a known tune are."""
        return slice(int(self._ends[number - 1]) if number else 0, int(self._ends[number]))

    def _neighbour(self, number: int, similarity: float, passage: Novelty) -> Neighbour:
        which = bisect_right(self._firsts, number) - 1
        corpus, number = self._corpora[which], number - self._firsts[which]
        tune = corpus.tunes[number]
        title = decode_text(tune_title(tune))
        shared = (passage.bars, passage.notes, passage.first_bar)
        return Neighbour(corpus.name, number + 1, title, similarity, *shared, tune)


#: What :func:`nearest` takes as known tunes.
KnownTunes: TypeAlias = MelodyIndex | _Source | Sequence[_Source]


class _Aligned(NamedTuple):
    """A known tune: changes from the tune to a passage of it, and difference in length."""

    changes: int
    difference: int
    number: int


def nearest(
    tune: str,
    corpora: KnownTunes | None = None,
    n: int = 3,
) -> list[Neighbour]:
    r"""Return the known tunes that are most similar to a tune.

    Parameters
    ----------
    tune : str
        Starts with its ``X:`` line. Its first 4,096 notes are compared.
    corpora : MelodyIndex, Corpus, str, path-like or sequence, optional
        The known tunes: corpora, or their names or paths as :func:`load_corpus` takes them.
        For many tunes, make a :class:`MelodyIndex` once. The default is all named corpora
        that can be read without a network.
    n : int
        Number of tunes.

    Returns
    -------
    list of Neighbour
        At most ``n``, the most similar first.

    Raises
    ------
    ABCError
        If the tune cannot be read, or has no key or no notes.
    ValueError
        If ``n`` is not a positive whole number, or a corpus is not valid.
    OSError
        If a corpus cannot be read.

    Examples
    --------
    >>> tune = "X:1\nM:6/8\nL:1/8\nK:C\nC3 c2A|GEC DB,G,|C3 c2A|GEC D2E|"
    >>> found = nearest(tune, "oneills", n=1)[0]
    >>> found.title, found.similarity, found.bars
    ('Out With the Boys. 1st Setting.', 1.0, 4.0)
    """
    return melody_index(corpora).nearest(tune, n)


def melody_index(corpora: KnownTunes | None = None) -> MelodyIndex:
    """Return an index of known tunes; ``corpora`` as in :func:`nearest`."""
    if isinstance(corpora, MelodyIndex):
        return corpora
    return MelodyIndex(*_load(corpora))


def available_corpora() -> list[str]:
    """Return the names of the corpora that can be read without a network."""
    return [name for name in card_names() if is_here(read_card(name))]


def _load(corpora: _Source | Sequence[_Source] | None) -> Iterator[Corpus]:
    if corpora is None:
        corpora = available_corpora()
    elif isinstance(corpora, Corpus | str | os.PathLike):
        corpora = [corpora]
    for source in corpora:
        yield source if isinstance(source, Corpus) else load_corpus(source)


def _pitch_classes(steps: NDArray[np.uint32]) -> NDArray[np.int8]:
    """Return the notes from which steps lead, relative to the first note of each voice.

    Returns
    -------
    ndarray, shape (steps,), int8
        From 0 to 11. The end of a voice is in the place of its last note.
    """
    is_end = steps == 0
    intervals = np.where(is_end, 0, (steps >> 24).astype(np.int64) - 128)
    before = np.cumsum(intervals) - intervals
    is_first = np.concatenate([[True], is_end[:-1]]) if len(steps) else is_end
    voices = np.cumsum(is_first) - 1
    classes: NDArray[np.int8] = ((before - before[is_first][voices]) % 12).astype(np.int8)
    return classes


def _runs(steps: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Return each run of four notes within a voice as a number, and where it begins."""
    count = max(len(steps) - _GRAM + 1, 0)
    parts = [steps[first : first + count] for first in range(_GRAM)]
    positions = np.flatnonzero(np.logical_and.reduce([part != 0 for part in parts]))
    intervals = np.stack([part[positions] >> 24 for part in parts]).astype(np.int64)
    return (intervals << np.arange(0, 8 * _GRAM, 8)[:, None]).sum(axis=0), positions
