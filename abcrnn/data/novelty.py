"""How much of a tune was copied from the tunes that a model learned from.

Tunes are compared by their melodies as written, voice by voice: repeats are not
played, of a chord the top note counts, tied notes are one, graces are left out. A
note lasts until the next one begins, so a rest only prolongs the note before it: a
tune played short is still the same tune. A melody becomes the steps from each note
to the next, a step being the interval and the ratio of the two lengths; transposed,
or at half the note lengths, a tune has the same steps.
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

from abcrnn.notation import ABCError, Voice, read_tune

_GRAM = 6  # notes; of fewer, most are in any large corpus

_LONGEST = 4096  # notes that a run is followed for: bounds the time of any comparison

_END = 0  # stands after the last step of each voice, and is no step
_MOST = 2**12 - 1  # of a ratio's two numbers, which are kept in 12 bits each


class Novelty(NamedTuple):
    """What a tune shares with training tunes.

    Parameters
    ----------
    notes : int
        In the longest run that it shares with one of them: the longest in bars, and
        of equals in notes. 0 if not even two notes are shared; at most 4096.
    bars : float
        How long that run is, in bars of this tune's own meter; its last note counts
        with the rests after it. Bar lines do not matter, so that neither an upbeat
        nor an ending counts as a bar. Without a meter a bar is a whole note.
    tune : int or None
        Index of the first training tune that has the run; None if there is none.
    first_bar : int
        The bar that the run begins in, as written and counted from 1 within its
        voice, an upbeat too; 0 if there is no run.
    known_share : float
        Of its runs of 6 notes, the share that is in some training tune; 0 if it has
        none.
    """

    notes: int
    bars: float
    tune: int | None
    first_bar: int
    known_share: float


class NoveltyIndex:
    r"""Training tunes, laid out so that shared runs of notes are found in milliseconds.

    Parameters
    ----------
    tunes : iterable of str
        Each from its ``X:`` line on. One that cannot be read keeps its index, and
        shares nothing.

    Examples
    --------
    >>> index = NoveltyIndex(["X:1\nM:2/4\nL:1/8\nK:D\nFABA|d2A2|BdAF|E2D2|"])
    >>> index.compare("X:1\nM:2/4\nL:1/16\nK:G\nBded|g2d2|egdB|cABG|").notes
    10
    """

    def __init__(self, tunes: Iterable[str]) -> None:
        found = [_steps_of_tune(tune) for tune in tunes]
        self._steps = np.concatenate([np.zeros(0, np.uint32), *found])
        self._ends = np.cumsum([len(steps) for steps in found], dtype=np.int64)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> NoveltyIndex:
        """Build an index from what :meth:`to_arrays` gave, whoever kept it in between.

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

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what the index is made of, to be kept in a file.

        Returns
        -------
        dict
            ``steps``, shape (steps,), uint32: of all voices one after the other, each
            closed by a 0; the interval in semitones plus 128 in the highest 8 bits,
            then the ratio of the later length to the earlier, 12 bits a number.
            ``ends``, shape (tunes,), int64: the place after each tune's last step.
        """
        return {"steps": self._steps, "ends": self._ends}

    @property
    def unread(self) -> int:
        """How many of the tunes could not be read."""
        # Any other has at least the end of a voice.
        return int(np.count_nonzero(np.diff(self._ends, prepend=0) == 0))

    def compare(self, tune: str) -> Novelty:
        """Tell how much of a tune was copied.

        Takes a few milliseconds; the first time, the index is sorted, which takes a
        second for a million notes.

        Parameters
        ----------
        tune : str
            From its ``X:`` line on.

        Returns
        -------
        Novelty

        Raises
        ------
        ABCError
            If it cannot be read.
        """
        runs: list[_Run] = []
        grams = 0
        for voice in read_tune(tune).voices:
            notes = _melody(voice)
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

    def _validate(self) -> None:
        for name, array, dtype in ("steps", self._steps, np.uint32), ("ends", self._ends, np.int64):
            if array.dtype != dtype or array.ndim != 1:
                raise ValueError(
                    f"{name} must be a row of {dtype.__name__}, not {array.dtype} "
                    f"of shape {array.shape}"
                )
        edges = np.concatenate([[0], self._ends])
        if (edges[1:] < edges[:-1]).any() or edges[-1] != len(self._steps):
            raise ValueError(f"the ends of the tunes do not part the {len(self._steps)} steps")
        if self._steps[edges[1:][edges[1:] > edges[:-1]] - 1].any():
            raise ValueError("a tune is not closed by the end of a voice")

    def _runs(self, voice: Voice, notes: list[_Note]) -> Iterator[_Run]:
        """Yield the longest shared run from each note that begins one."""
        # In essen, a bar of free meter is as long as a whole note at the median.
        lengths = [bar.meter.length or Fraction(1) for bar in voice.bars]
        # Exact, for "at most four bars" must not hang on how a sum is rounded.
        bars = list(accumulate((n.length / lengths[n.bar] for n in notes), initial=Fraction(0)))
        steps = _packed(np.array(_steps(notes), np.uint32))
        for begin, note in enumerate(notes[:-1]):
            shared, place = self._longest(steps[4 * begin : 4 * (begin + _LONGEST - 1)])
            if shared:
                yield _Run(bars[begin + shared + 1] - bars[begin], shared + 1, note.bar + 1, place)

    def _longest(self, steps: bytes) -> tuple[int, int]:
        """Count how many steps, from the first on, some tune has in a row; tell its place too."""
        suffix = self._reader(len(steps) // 4)
        place = bisect_left(self._order, steps, key=suffix)
        # In the order of suffixes, they stand between the two that share most with them.
        nearest = self._order[max(place - 1, 0) : place + 1]
        return max(((_common(steps, suffix(begin)), begin) for begin in nearest), default=(0, 0))

    def _first_tune(self, run: _Run) -> int:
        """Return the index of the first tune that has a run."""
        suffix = self._reader(run.notes - 1)
        steps = suffix(run.place)
        begin = bisect_left(self._order, steps, key=suffix)
        end = bisect_right(self._order, steps, key=suffix)
        return int(np.searchsorted(self._ends, min(self._order[begin:end]), "right"))

    def _reader(self, count: int) -> Callable[[int], bytes]:
        """Return what reads so many steps from a place on."""
        text = self._text
        return lambda place: text[4 * place : 4 * (place + count)]

    @cached_property
    def _text(self) -> bytes:
        return _packed(self._steps)

    @cached_property
    def _order(self) -> memoryview:
        # As a view, since its items are Python's own numbers, which are quicker to index by.
        return memoryview(_suffix_order(self._steps))  # type: ignore[arg-type]


class _Note(NamedTuple):
    """A note of a melody: its length goes to the next note; bars count from 0."""

    pitch: int
    length: Fraction
    bar: int


class _Run(NamedTuple):
    """A shared run, and a place among all steps where a tune has it."""

    bars: Fraction
    notes: int
    first_bar: int
    place: int


def _steps_of_tune(tune: str) -> NDArray[np.uint32]:
    """Return the steps of all voices, each closed by an end; nothing if it cannot be read."""
    try:
        voices = read_tune(tune).voices
    except ABCError:
        return np.zeros(0, np.uint32)
    steps = [step for voice in voices for step in (*_steps(_melody(voice)), _END)]
    return np.array(steps or [_END], np.uint32)


def _melody(voice: Voice) -> list[_Note]:
    notes: list[_Note] = []
    held = None  # the pitch that is tied over
    for number, bar in enumerate(voice.bars):
        for event in bar.events:
            sounds = zip(event.pitches, event.tied, strict=True)
            pitch, tied = max(((p.midi, tied) for p, tied in sounds), default=(None, False))
            if pitch is not None and pitch != held:
                notes.append(_Note(pitch, event.duration, number))
            elif notes:
                notes[-1] = notes[-1]._replace(length=notes[-1].length + event.duration)
            held = pitch if tied else None
    return notes


def _steps(notes: list[_Note]) -> list[int]:
    return [_step(before, after) for before, after in pairwise(notes)]


def _step(before: _Note, after: _Note) -> int:
    # By hand: dividing fractions takes four times as long.
    top, under = after.length.as_integer_ratio()
    bottom, over = before.length.as_integer_ratio()
    top, bottom = top * over, bottom * under
    common = gcd(top, bottom)
    ratio = min(top // common, _MOST) << 12 | min(bottom // common, _MOST)
    return (after.pitch - before.pitch + 128) << 24 | ratio


def _packed(steps: NDArray[np.uint32]) -> bytes:
    """Return steps as bytes that compare as they do: four each, the highest first."""
    return steps.astype(">u4").tobytes()


def _common(some: bytes, others: bytes) -> int:
    """Count the steps that two stretches begin with alike."""
    size = min(len(some), len(others))
    # Read as two numbers, the highest bit that is not alike tells the first step that is not.
    odd = int.from_bytes(some[:size]) ^ int.from_bytes(others[:size])
    return (8 * size - odd.bit_length()) // 32


def _suffix_order(steps: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Sort the places in a text by what stands there and after (Manber and Myers, by doubling)."""
    ends = np.flatnonzero(steps == _END)
    ranks = np.unique(steps, return_inverse=True)[1].astype(np.int64) + len(ends)
    ranks[ends] = np.arange(len(ends))  # no two alike, so nothing is compared beyond them
    order, unsettled = np.arange(len(steps)), np.arange(len(steps))
    keys, width = ranks.copy(), 1
    while len(unsettled):
        sorting = np.argsort(keys)
        keys, places = keys[sorting], order[unsettled][sorting]
        order[unsettled] = places
        new = np.diff(keys, prepend=-1) != 0
        ranks[places] = np.maximum.accumulate(np.where(new, unsettled, 0))
        unsettled = unsettled[~(new & np.append(new[1:], True))]
        places = order[unsettled]
        keys = ranks[places] * len(steps) + ranks[places + width]
        width *= 2
    return order
