"""NoveltyIndex: how much of a tune is copied from the training tunes.

Tunes are compared by their melodies (:mod:`abcrnn.notation.melody`), voice by voice.
The length of a note is the time until the next note begins, so a rest prolongs the
note before it, and a tune played staccato is still the same tune. A melody is encoded
as the steps from each note to the next: the interval and the ratio of the two lengths.
A transposed tune, or one in half the note lengths, has the same steps.

The index is a suffix array of all steps: the longest run that a tune shares with any
training tune is found by binary search.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from functools import cached_property
from itertools import accumulate, pairwise
from math import gcd
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from abcrnn.notation import ABCError, Tune, Voice, read_tune
from abcrnn.notation.melody import MelodyNote, melody
from abcrnn.storage.validation import require_several

_GRAM = 6  # notes; shorter runs are mostly found in any large corpus

_MAX_RUN = 4096  # notes; bounds the time of a comparison

_VOICE_END = 0  # follows the last step of each voice; no step has this value
_MAX_RATIO_PART = 2**12 - 1  # numerator and denominator of a ratio take 12 bits each


class Novelty(NamedTuple):
    """What a tune shares with the training tunes.

    Parameters
    ----------
    notes : int
        Number of notes of the longest run that the tune shares with a training tune:
        the longest in bars and, among equals, in notes. At most 4096; 0 if not even
        two notes are shared.
    bars : float
        Length of that run in bars of the tune's own meter, including the rests after
        its last note. Bar lines are ignored, so neither a pickup nor an ending counts
        as a bar. Without a meter a bar is a whole note.
    tune : int or None
        Index of the first training tune with the run; None if there is no run.
    first_bar : int
        Number of the bar in which the run begins, as written, from 1 in each voice; a
        pickup counts. 0 if there is no run.
    known_share : float
        Share of the tune's runs of 6 notes that occur in a training tune; 0 if the
        tune has no such run.
    """

    notes: int
    bars: float
    tune: int | None
    first_bar: int
    known_share: float


class NoveltyIndex:
    r"""Index of training tunes that finds shared runs of notes in milliseconds.

    Parameters
    ----------
    tunes : iterable of str
        Each starts with its ``X:`` line. A tune that cannot be read keeps its index
        and shares nothing.

    Examples
    --------
    >>> index = NoveltyIndex(["X:1\nM:2/4\nL:1/8\nK:D\nFABA|d2A2|BdAF|E2D2|"])
    >>> index.compare("X:1\nM:2/4\nL:1/16\nK:G\nBded|g2d2|egdB|cABG|").notes
    10
    """

    def __init__(self, tunes: Iterable[str]) -> None:
        require_several("tunes", tunes)
        steps = [_steps_of_text(tune) for tune in tunes]
        self._steps = np.concatenate([np.zeros(0, np.uint32), *steps])
        self._ends = np.cumsum([len(part) for part in steps], dtype=np.int64)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> NoveltyIndex:
        """Build an index from the arrays of :meth:`to_arrays`, possibly read from a file.

        Raises
        ------
        ValueError
            If the arrays are not those of an index.
        """
        if set(arrays) != {"steps", "ends"}:
            raise ValueError(f"an index of tunes has steps and ends, not {sorted(arrays)[:4]}")
        index = cls(())
        index._steps, index._ends = arrays["steps"], arrays["ends"]
        index._validate()
        return index

    @classmethod
    def joined(cls, indexes: Iterable[NoveltyIndex]) -> NoveltyIndex:
        """Return an index of the tunes of several indexes, in order."""
        arrays = [index.to_arrays() for index in indexes]
        offsets = accumulate((len(each["steps"]) for each in arrays), initial=0)
        index = cls(())
        index._steps = np.concatenate([index._steps, *(each["steps"] for each in arrays)])
        ends = [each["ends"] + offset for each, offset in zip(arrays, offsets, strict=False)]
        index._ends = np.concatenate([index._ends, *ends])
        return index

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays of the index, to be saved in a file.

        Returns
        -------
        dict
            ``steps``, shape (steps,), uint32: the steps of all voices one after the
            other, with a 0 after each voice. The highest 8 bits of a step are the
            interval in semitones plus 128; then follow numerator and denominator of
            the ratio of the later length to the earlier, 12 bits each. ``ends``,
            shape (tunes,), int64: the index after the last step of each tune.
        """
        return {"steps": self._steps, "ends": self._ends}

    @property
    def unread(self) -> int:
        """Number of tunes that could not be read."""
        # A tune that could be read has at least the end of a voice.
        return int(np.count_nonzero(np.diff(self._ends, prepend=0) == 0))

    def compare(self, tune: str | Tune) -> Novelty:
        """Return what a tune shares with the training tunes.

        Takes a few milliseconds. The first call sorts the index, which takes about a
        second for a million notes.

        Parameters
        ----------
        tune : str or Tune
            A text starts with its ``X:`` line.

        Returns
        -------
        Novelty

        Raises
        ------
        ABCError
            If the tune cannot be read.
        """
        runs: list[_Run] = []
        grams = 0
        read = read_tune(tune) if isinstance(tune, str) else tune
        for voice in read.voices:
            notes = melody(voice)
            grams += max(0, len(notes) - _GRAM + 1)
            runs += self._runs(voice, notes)
        if not runs:
            return Novelty(0, 0.0, None, 0, 0.0)
        longest = max(runs, key=lambda run: (run.bars, run.notes))
        known = sum(run.notes >= _GRAM for run in runs)
        return Novelty(
            longest.notes,
            float(longest.bars),
            self._first_tune(longest),
            longest.first_bar,
            known / grams if grams else 0.0,
        )

    def shares_run(self, tune: str, bars: float, notes: int) -> bool:
        """Return whether a tune shares a run longer than a limit with one of the index.

        Parameters
        ----------
        tune : str
            Starts with its ``X:`` line.
        bars : float
            The run has more bars than this, of the tune's own meter.
        notes : int
            The run also has more notes than this.

        Returns
        -------
        bool

        Raises
        ------
        ABCError
            If the tune cannot be read.
        """
        return any(
            run.bars > bars and run.notes > notes
            for voice in read_tune(tune).voices
            for run in self._runs(voice, melody(voice))
        )

    def _validate(self) -> None:
        for name, array, dtype in ("steps", self._steps, np.uint32), ("ends", self._ends, np.int64):
            if array.dtype != dtype or array.ndim != 1:
                raise ValueError(
                    f"{name} must be a one-dimensional array of {dtype.__name__}, "
                    f"not of {array.dtype} and shape {array.shape}"
                )
        edges = np.concatenate([[0], self._ends])
        if (edges[1:] < edges[:-1]).any() or edges[-1] != len(self._steps):
            raise ValueError(f"the ends of the tunes do not divide the {len(self._steps)} steps")
        if self._steps[edges[1:][edges[1:] > edges[:-1]] - 1].any():
            raise ValueError("a tune does not end with the end of a voice")

    def _runs(self, voice: Voice, notes: list[MelodyNote]) -> Iterator[_Run]:
        """Yield the longest shared run from each note that begins one."""
        # Tunes in free meter have bars of about a whole note (the median in essen).
        bar_lengths = [bar.meter.length or Fraction(1) for bar in voice.bars]
        # Exact fractions: a limit of four bars must not depend on rounding.
        spans = (note.span / bar_lengths[note.bar] for note in notes)
        onsets = list(accumulate(spans, initial=Fraction(0)))  # in bars
        steps = _to_bytes(np.array(_steps(notes), np.uint32))
        for first, note in enumerate(notes[:-1]):
            shared, position = self._longest(steps[4 * first : 4 * (first + _MAX_RUN - 1)])
            if shared:
                bars = onsets[first + shared + 1] - onsets[first]
                yield _Run(bars, shared + 1, note.bar + 1, position)

    def _longest(self, steps: bytes) -> tuple[int, int]:
        """Return how many of the steps, from the first on, a tune shares, and the position there.

        Returns
        -------
        count : int
        position : int
            Index among all steps at which the shared steps begin.
        """
        suffix = self._suffix_reader(len(steps) // 4)
        rank = bisect_left(self._order, steps, key=suffix)
        # The two neighbours in the order of suffixes share the most steps.
        neighbours = self._order[max(rank - 1, 0) : rank + 1]
        shared = ((_common_steps(steps, suffix(start)), start) for start in neighbours)
        return max(shared, default=(0, 0))

    def _first_tune(self, run: _Run) -> int:
        """Return the index of the first tune that contains a run."""
        suffix = self._suffix_reader(run.notes - 1)
        steps = suffix(run.position)
        start = bisect_left(self._order, steps, key=suffix)
        stop = bisect_right(self._order, steps, key=suffix)
        return int(np.searchsorted(self._ends, min(self._order[start:stop]), "right"))

    def _suffix_reader(self, count: int) -> Callable[[int], bytes]:
        """Return a function that returns ``count`` steps from a position on."""
        data = self._bytes
        return lambda position: data[4 * position : 4 * (position + count)]

    @cached_property
    def _bytes(self) -> bytes:
        return _to_bytes(self._steps)

    @cached_property
    def _order(self) -> memoryview:
        # Items of a memoryview are Python integers, which index bytes faster than NumPy's.
        return memoryview(_suffix_order(self._steps))  # type: ignore[arg-type]


class _Run(NamedTuple):
    """A shared run, and its position among the steps of all tunes."""

    bars: Fraction
    notes: int
    first_bar: int
    position: int


def tune_steps(tune: Tune) -> NDArray[np.uint32]:
    """Return the steps of all voices, as :meth:`NoveltyIndex.to_arrays` describes them.

    Two tunes with equal steps are the same for the index: one is a transposition of the
    other, or has other note lengths throughout.
    """
    steps = [step for voice in tune.voices for step in (*_steps(melody(voice)), _VOICE_END)]
    return np.array(steps or [_VOICE_END], np.uint32)


def _steps_of_text(tune: str) -> NDArray[np.uint32]:
    """Return the steps of a tune; empty if it cannot be read."""
    try:
        return tune_steps(read_tune(tune))
    except ABCError:
        return np.zeros(0, np.uint32)


def _steps(notes: list[MelodyNote]) -> list[int]:
    return [_step(before, after) for before, after in pairwise(notes)]


def _step(before: MelodyNote, after: MelodyNote) -> int:
    # Without Fraction division, which takes four times as long.
    after_numerator, after_denominator = after.span.as_integer_ratio()
    before_numerator, before_denominator = before.span.as_integer_ratio()
    numerator = after_numerator * before_denominator
    denominator = before_numerator * after_denominator
    common = gcd(numerator, denominator)
    numerator = min(numerator // common, _MAX_RATIO_PART)
    denominator = min(denominator // common, _MAX_RATIO_PART)
    return (after.pitch - before.pitch + 128) << 24 | numerator << 12 | denominator


def _to_bytes(steps: NDArray[np.uint32]) -> bytes:
    """Return steps as bytes in the same lexicographic order: big-endian, four bytes each."""
    return steps.astype(">u4").tobytes()


def _common_steps(first: bytes, second: bytes) -> int:
    """Return the number of equal steps at the start of both."""
    size = min(len(first), len(second))
    # As two large numbers: the highest bit that differs is in the first step that differs.
    difference = int.from_bytes(first[:size]) ^ int.from_bytes(second[:size])
    return (8 * size - difference.bit_length()) // 32


def _suffix_order(steps: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return the suffix array of steps, by prefix doubling.

    Parameters
    ----------
    steps : ndarray, shape (steps,), uint32

    Returns
    -------
    ndarray, shape (steps,), int64
        The positions in the lexicographic order of the steps from each position on.

    References
    ----------
    Manber and Myers, Suffix Arrays: A New Method for On-Line String Searches, 1993.
    """
    ends = np.flatnonzero(steps == _VOICE_END)
    ranks = np.unique(steps, return_inverse=True)[1].astype(np.int64) + len(ends)
    ranks[ends] = np.arange(len(ends))  # all different, so no comparison goes beyond an end
    order, unsettled = np.arange(len(steps)), np.arange(len(steps))
    keys, width = ranks.copy(), 1
    while len(unsettled):
        sorting = np.argsort(keys)
        keys, positions = keys[sorting], order[unsettled][sorting]
        order[unsettled] = positions
        new = np.diff(keys, prepend=-1) != 0
        ranks[positions] = np.maximum.accumulate(np.where(new, unsettled, 0))
        unsettled = unsettled[~(new & np.append(new[1:], True))]
        positions = order[unsettled]
        keys = ranks[positions] * len(steps) + ranks[positions + width]
        width *= 2
    return order
