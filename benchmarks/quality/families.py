"""Tune families: tunes that share eight bars, and a split that never divides a family.

Two tunes belong to one family if a run of notes of at least eight bars occurs in both,
in any key and any unit of length. Runs are compared as in :mod:`abcrnn.data.novelty`:
voice by voice, as written, as intervals and ratios of lengths; the bars are those of
either tune's meter. Tunes with the same body also belong together. Families are the
connected components: if A shares eight bars with B, and B with C, all three are one
family.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from abcrnn.data.novelty import NoveltyIndex
from abcrnn.data.splits import body_digest
from abcrnn.notation import ABCError, Voice, read_tune
from abcrnn.notation.melody import melody

#: Length in bars of the runs that join two tunes.
SHARED_BARS = 8

Ints = NDArray[np.int64]


def assign_families(tunes: Sequence[str], validation: float, test: float, seed: int) -> list[str]:
    """Assign each tune to a part so that no family is divided.

    The families are sorted by a hash of the seed and their tunes' bodies. Each goes to
    the test part if it still fits, otherwise to the validation part if it fits there,
    otherwise to the training part.

    Parameters
    ----------
    tunes : sequence of str
    validation, test : float
        Shares of the tunes.
    seed : int

    Returns
    -------
    list of str
        ``"train"``, ``"validation"`` or ``"test"`` for each tune.
    """
    members: dict[int, list[int]] = {}
    for tune, family in enumerate(tune_families(tunes).tolist()):
        members.setdefault(family, []).append(tune)
    families = sorted(
        members.values(), key=lambda family: _family_hash([tunes[i] for i in family], seed)
    )
    room = {"test": round(test * len(tunes)), "validation": round(validation * len(tunes))}
    parts = ["train"] * len(tunes)
    for family in families:
        for part in room:
            if len(family) <= room[part]:
                room[part] -= len(family)
                for tune in family:
                    parts[tune] = part
                break
    return parts


def _family_hash(tunes: list[str], seed: int) -> bytes:
    digest = hashlib.blake2b(f"families {seed} ".encode(), digest_size=16)
    for body in sorted(map(body_digest, tunes)):
        digest.update(body)
    return digest.digest()


def tune_families(tunes: Sequence[str]) -> Ints:
    """Return the family of each tune.

    Parameters
    ----------
    tunes : sequence of str
        A tune that cannot be read is joined only to tunes with the same body.

    Returns
    -------
    ndarray, shape (tunes,), int64
        The index of the first tune of the same family.
    """
    joined = _Components(len(tunes))
    first_with_body: dict[bytes, int] = {}
    for tune, text in enumerate(tunes):
        joined.join(tune, first_with_body.setdefault(body_digest(text), tune))
    arrays = NoveltyIndex(tunes).to_arrays()
    steps, ends = arrays["steps"], arrays["ends"]
    tune_of = np.repeat(np.arange(len(tunes)), np.diff(ends, prepend=0))
    widths = np.concatenate([np.zeros(0, np.int64), *map(_window_widths, tunes)])
    for width, runs in _equal_runs(steps, widths):
        for position, other in _pairs(runs, np.flatnonzero(widths == width)):
            joined.join(int(tune_of[position]), int(tune_of[other]))
    return joined.firsts()


def _window_widths(tune: str) -> Ints:
    """Return for each note how many steps a run of eight bars from it has.

    Returns
    -------
    ndarray, shape (steps,), int64
        One entry for each step of the tune in the index, the end of a voice included.
        0 where fewer than eight bars follow.
    """
    try:
        voices = read_tune(tune).voices
    except ABCError:
        return np.zeros(0, np.int64)
    return np.concatenate([np.zeros(int(not voices), np.int64), *map(_widths_in_voice, voices)])


def _widths_in_voice(voice: Voice) -> Ints:
    notes = melody(voice)
    bar_lengths = [bar.meter.length or Fraction(1) for bar in voice.bars]
    spans = (note.span / bar_lengths[note.bar] for note in notes)
    onsets = list(accumulate(spans, initial=Fraction(0)))  # in bars
    widths = np.zeros(max(1, len(notes)), np.int64)
    end = 0
    for first in range(len(notes)):
        while end < len(notes) and onsets[end] - onsets[first] < SHARED_BARS:
            end += 1
        if onsets[end] - onsets[first] < SHARED_BARS:
            break
        widths[first] = end - first - 1  # a step leads from a note to the next
    return widths


def _equal_runs(steps: NDArray[np.uint32], widths: Ints) -> Iterator[tuple[int, Ints]]:
    """Yield each width in use, and for each position a number that equal runs share.

    Runs of ``width`` steps are equal if their first and their last ``2**level`` steps
    are, which together cover the run. Equal runs of a power of two have equal ranks.
    """
    # Ends of voices are all different, so no run that crosses one equals another.
    ranks = np.unique(steps, return_inverse=True)[1].astype(np.int64) + len(steps)
    ends = np.flatnonzero(steps == 0)
    ranks[ends] = np.arange(len(ends))
    length = 1
    for width in np.unique(widths[widths > 0]).tolist():
        while 2 * length <= width:
            ranks = _rank_pairs(ranks, length)
            length *= 2
        yield width, _rank_pairs(ranks, width - length)


def _rank_pairs(ranks: Ints, distance: int) -> Ints:
    """Return a number for the pair of ranks at each position and ``distance`` further on."""
    count = max(0, len(ranks) - distance)
    pairs = ranks[:count] * (int(ranks.max(initial=0)) + 1) + ranks[distance:]
    return np.unique(pairs, return_inverse=True)[1].astype(np.int64)


def _pairs(runs: Ints, windows: Ints) -> Iterator[tuple[int, int]]:
    """Yield each window with one position of an equal run, so that all equal runs are joined."""
    wanted = np.isin(runs, runs[windows])
    positions = np.flatnonzero(wanted)
    _, first, group = np.unique(runs[positions], return_index=True, return_inverse=True)
    yield from zip(positions.tolist(), positions[first[group]].tolist(), strict=True)


class _Components:
    """Connected components of a graph, by union-find."""

    def __init__(self, size: int) -> None:
        self._parents = list(range(size))

    def _root(self, node: int) -> int:
        while self._parents[node] != node:
            self._parents[node] = self._parents[self._parents[node]]
            node = self._parents[node]
        return node

    def join(self, first: int, second: int) -> None:
        """Join the components of two nodes."""
        low, high = sorted((self._root(first), self._root(second)))
        self._parents[high] = low

    def firsts(self) -> Ints:
        """Return the smallest node of each node's component."""
        return np.array([self._root(node) for node in range(len(self._parents))], np.int64)
