"""Transposition as augmentation: tunes in the other keys that a corpus uses.

For each mode (major, dorian, ...) the keys of the training tunes are counted. In every
epoch a tune is read in one of the most frequent keys of its mode, sampled in their
proportions, so that the model meets each phrase in several keys and the keys are as
frequent as before.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import partial
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from abcrnn.data.novelty import tune_steps
from abcrnn.data.store import StoredTunes
from abcrnn.data.vocabulary import Vocabulary
from abcrnn.notation import ABCError, Tune, read_tune
from abcrnn.notation.intervals import fifths_of
from abcrnn.notation.movements import Movement
from abcrnn.notation.transposition import Mover
from abcrnn.storage.progress import progress_bar

_COVERED = 0.95  # share of a mode's tunes whose keys are used
_MAX_KEYS = 6  # of a mode
_MAX_SEMITONES = 7

_STREAM = 1  # distinguishes the samples from others of the same seed and epoch


class _Key(NamedTuple):
    """Mode and tonic of a tune.

    Parameters
    ----------
    mode : int
        Sharps of the key signature of this mode on C: 0 major, -2 dorian.
    tonic : int
        Pitch class: 0 is C.
    """

    mode: int
    tonic: int


class KeyVariants:
    """Tunes in several keys, one of which is sampled for each epoch.

    Parameters
    ----------
    tunes : tuple of str
        All variants of the first tune, then those of the second, and so on. The first
        variant of a tune is the tune itself.
    sizes : sequence of int
        Number of variants of each tune.
    weights : sequence of int
        How often each variant is read, relative to the others of its tune.

    Raises
    ------
    ValueError
        If the numbers of tunes and weights differ from the sum of the sizes.
    """

    def __init__(
        self, tunes: tuple[str, ...], sizes: Sequence[int], weights: Sequence[int]
    ) -> None:
        if not len(tunes) == len(weights) == sum(sizes):
            raise ValueError(f"{len(tunes)} tunes, {len(weights)} weights, sizes of {sum(sizes)}")
        self.tunes = tunes
        self.sizes, self.weights = tuple(sizes), tuple(weights)
        self._ends = np.cumsum(sizes, dtype=np.int64)
        tune_of = np.repeat(np.arange(len(sizes)), sizes)
        totals = np.bincount(tune_of, weights, minlength=len(sizes))
        self._shares = np.array(weights) / totals[tune_of]

    def choose(self, seed: int, epoch: int) -> NDArray[np.int64]:
        """Return the index of the variant that represents each tune in an epoch.

        Parameters
        ----------
        seed : int
        epoch : int

        Returns
        -------
        ndarray, shape (tunes,), int64
            Indices into ``tunes``; a function of seed and epoch alone.
        """
        samples = np.random.default_rng([seed, epoch, _STREAM]).random(len(self._ends))
        begins = self.originals()
        reached = np.cumsum(self._shares)
        before = reached[begins] - self._shares[begins]
        chosen = np.searchsorted(reached, before + samples, side="right")
        # Rounding of the sums must not lead to another tune.
        return np.clip(chosen, begins, self._ends - 1).astype(np.int64)

    def originals(self) -> NDArray[np.int64]:
        """Return the index of each tune as it is: its first variant."""
        return self._ends - np.diff(self._ends, prepend=0)


def make_key_variants(tunes: Sequence[str], vocabulary: Vocabulary) -> KeyVariants:
    r"""Transpose tunes to the keys that they use, mode by mode.

    The keys of a mode are the most frequent ones that at least 95 % of its tunes have,
    at most six. A tune is moved up or down by at most seven semitones, to the octave whose
    pitches are more frequent in all tunes. It stays unchanged if it cannot be read or
    transposed, or if its key has no tonic or has additional accidentals. Variants with
    pitches above or below those of all tunes, or with characters outside the vocabulary,
    are left out.

    Takes about ten milliseconds for each variant; :func:`load_key_variants
    <abcrnn.data.variant_cache.load_key_variants>` keeps them.

    Parameters
    ----------
    tunes : sequence of str
    vocabulary : Vocabulary
        Of the model that is trained.

    Returns
    -------
    KeyVariants

    Raises
    ------
    ValueError
        If the tunes are in a store: the variants are held in memory.

    Examples
    --------
    >>> tunes = ["X:1\nK:D\nDEFG|", "X:2\nK:G\nGABc|"]
    >>> make_key_variants(tunes, Vocabulary.from_text("".join(tunes))).tunes[1]
    'X:1\nK:G\nGABc|'
    """
    if isinstance(tunes, StoredTunes):
        raise ValueError("transpose=True needs tunes in memory; these are in files above 32 MiB")
    distinct = dict.fromkeys(tunes)  # a tune that is read more often is transposed once
    total = 2 * len(distinct)
    with progress_bar(total=total, desc="transposing", unit="tune", leave=False) as bar:
        facts = {}
        for text in distinct:
            facts[text] = _facts_of(text)
            bar.update()
        maker = _Maker([facts[text] for text in tunes], vocabulary)
        variants = {}
        for text, fact in facts.items():
            variants[text] = maker.variants(text, fact)
            bar.update()
    found = [variant for text in tunes for variant in variants[text]]
    sizes = [len(variants[text]) for text in tunes]
    return KeyVariants(
        tuple(variant.text for variant in found), sizes, [variant.weight for variant in found]
    )


def key_of(tune: Tune) -> _Key | None:
    """Return the key of a tune; None without a tonic or with additional accidentals."""
    tonic = tune.key.name.partition(" ")[0]
    if tune.key.changes or tonic[:1] not in "CDEFGAB" or tonic[1:] not in ("", "#", "b"):
        return None
    fifths = fifths_of(tonic[0], {"": 0, "#": 1, "b": -1}[tonic[1:]])
    return _Key(tune.key.fifths - fifths, 7 * fifths % 12)


class _Facts(NamedTuple):
    """What is needed of a tune to transpose it.

    Parameters
    ----------
    key : _Key
    pitches : Counter of int
        Number of notes of each pitch.
    steps : ndarray
        See :func:`abcrnn.data.novelty.tune_steps`.
    """

    key: _Key
    pitches: Counter[int]
    steps: NDArray[np.uint32]


def _facts_of(text: str) -> _Facts | None:
    """Return the properties of a tune for transposition; None if it cannot be transposed."""
    try:
        tune = read_tune(text)
    except ABCError:
        return None
    key = key_of(tune)
    if key is None:
        return None
    events = (event for bar in tune.bars() for event in bar.events)
    pitches = Counter(pitch.midi for event in events for pitch in event.pitches)
    return _Facts(key, pitches, tune_steps(tune))


class _Variant(NamedTuple):
    text: str
    weight: int


class _Maker:
    """Makes the variants of tunes.

    Parameters
    ----------
    facts : sequence of _Facts or None
        Of all tunes, whose keys and range are those of the variants.
    vocabulary : Vocabulary
    """

    def __init__(self, facts: Sequence[_Facts | None], vocabulary: Vocabulary) -> None:
        known = [fact for fact in facts if fact is not None]
        self._counts: dict[int, Counter[int]] = defaultdict(Counter)
        for fact in known:
            self._counts[fact.key.mode][fact.key.tonic] += 1
        self._targets = {mode: _frequent_keys(of) for mode, of in self._counts.items()}
        self._pitches = sum((fact.pitches for fact in known), Counter[int]())
        self._range = range(min(self._pitches, default=0), max(self._pitches, default=0) + 1)
        self._characters = set(vocabulary.characters)

    def variants(self, text: str, fact: _Facts | None) -> list[_Variant]:
        """Return the tune and then its variants in other keys."""
        if fact is None:
            return [_Variant(text, 1)]
        mode, own = fact.key
        found = [_Variant(text, self._counts[mode][own])]
        for tonic in self._targets[mode]:
            moved = self._moved(text, fact, tonic) if tonic != own else None
            if moved is not None:
                found.append(_Variant(moved, self._counts[mode][tonic]))
        return found

    def _moved(self, text: str, fact: _Facts, tonic: int) -> str | None:
        """Return the tune in another key; None if there is no suitable variant."""
        up = (tonic - fact.key.tonic) % 12
        possible = [
            semitones
            for semitones in (up, up - 12)
            if abs(semitones) <= _MAX_SEMITONES
            and all(pitch + semitones in self._range for pitch in fact.pitches)
        ]
        if not possible:
            return None
        likeliest = max(possible, key=partial(self._log_likelihood, fact.pitches))
        return self._transposed(text, fact, tonic, likeliest)

    def _log_likelihood(self, pitches: Counter[int], semitones: int) -> float:
        """Return the log-likelihood of moved pitches, given those of all tunes.

        A constant is left out. One is added to each count, since some pitches of the range
        may occur in no tune.
        """
        return sum(
            count * math.log(self._pitches[pitch + semitones] + 1)
            for pitch, count in pitches.items()
        )

    def _transposed(self, text: str, fact: _Facts, tonic: int, semitones: int) -> str | None:
        try:
            moved = Mover(Movement(semitones)).move(text)  # its notes are compared below
        except ABCError:
            return None
        found = _facts_of(moved)
        same = (
            found is not None
            and found.key == (fact.key.mode, tonic)
            and np.array_equal(found.steps, fact.steps)
        )
        return moved if same and self._characters.issuperset(moved) else None


def _frequent_keys(counts: Counter[int]) -> list[int]:
    """Return the most frequent tonics that together have the share of tunes to be covered."""
    ranked = sorted(counts, key=lambda tonic: (-counts[tonic], tonic))
    reached = accumulate(counts[tonic] for tonic in ranked)
    needed = 1 + sum(total < _COVERED * counts.total() for total in reached)
    return ranked[: min(needed, _MAX_KEYS)]
