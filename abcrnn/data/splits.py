"""Splits of a data set into a training, a validation and a test part.

The elements of a data set (tunes, MIDI files) are given by 64-bit digests of their
content. Elements with equal digests form a group, and a group is never divided.

The rule ``"hash"`` maps the digest of each group and the seed to a number in [0, 1):
below ``test`` the group belongs to the test part, below ``test + validation`` to the
validation part, otherwise to the training part. Therefore the part of a group does
not depend on the other groups, nor on their order, nor on the version of NumPy. The
sizes of the parts match the shares approximately. One exception: if no group falls
into a requested part, the group whose number is nearest to the part's interval is
moved there, so that the part is not empty.

The rule ``"shuffle"`` shuffles the groups and fills the parts one after the other.
Runs and models that record no rule used it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from abcrnn.notation import tune_body
from abcrnn.storage.validation import require_count, require_shares

#: Parts of a split; :func:`assign_parts` returns indices into this tuple.
PARTS = ("train", "validation", "test")

#: Rules of a split.
RULES = ("hash", "shuffle")

_HASH, _SHUFFLE = RULES
_TRAIN, _VALIDATION, _TEST = range(len(PARTS))

Digests = NDArray[np.uint64]
Parts = NDArray[np.int8]


def union_digests(*digests: Digests | None) -> Digests:
    """Return the distinct digests of several arrays in ascending order; None counts as empty."""
    return np.unique(
        np.concatenate([np.zeros(0, np.uint64), *(d for d in digests if d is not None)])
    )


class Subject(NamedTuple):
    """Words for the message that a data set is too small.

    Parameters
    ----------
    name : str
        Name of the data set.
    elements : str
        Plural noun for its elements, such as ``"tunes"``.
    advice : str
        What to do about it.
    """

    name: str
    elements: str
    advice: str

    def too_few(self, number: str, purpose: str) -> ValueError:
        """Return the error."""
        return ValueError(
            f"{self.name} has too few {self.elements} ({number}) for {purpose}: {self.advice}"
        )


def body_digest(tune: str) -> bytes:
    """Return an 8-byte digest of a tune's body without its white space."""
    body = "".join(tune_body(tune).split())
    return hashlib.blake2b(body.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def digest_array(digests: Iterable[bytes]) -> Digests:
    """Return digests of 8 bytes each as an array, shape (digests,), uint64."""
    return np.frombuffer(b"".join(digests), "<u8")


def assign_parts(
    digests: Digests,
    validation: float,
    test: float,
    seed: int,
    rule: str = _HASH,
    *,
    subject: Subject,
    shuffle_order: Sequence[str] = ("test", "validation"),
) -> Parts:
    """Assign each element of a data set to a part.

    Parameters
    ----------
    digests : ndarray, shape (elements,), uint64
        Digest of the content of each element.
    validation, test : float
        Shares of the elements, from 0; together less than 1.
    seed : int
    rule : {"hash", "shuffle"}
        See the module's description.
    subject : Subject
        Words for error messages.
    shuffle_order : sequence of str
        The order in which ``"shuffle"`` fills the validation and the test part.

    Returns
    -------
    ndarray, shape (elements,), int8
        Indices into :data:`PARTS`.

    Raises
    ------
    ValueError
        If a share, the seed or the rule is out of range, or if there are too few
        elements for a requested part.
    """
    validation, test = require_shares(validation, test)
    seed = require_count("seed", seed, least=0)
    if rule not in RULES:
        raise ValueError(f"rule must be one of {', '.join(map(repr, RULES))}, not {rule!r}")
    shares = {"train": 1.0, "validation": validation, "test": test}
    _require_enough(digests, shares, subject)
    if rule == _HASH:
        return _assign_by_hash(digests, shares, seed)
    part_of = _assign_by_shuffle(digests, shares, seed, shuffle_order)
    for part, share in shares.items():
        if share > 0 and not (part_of == PARTS.index(part)).any():
            raise subject.too_few(f"{len(digests)}", f"a {part} share of {share:g}")
    return part_of


def describe_split(validation: float, test: float, seed: int, rule: str) -> dict[str, Any]:
    """Return the arguments of a split as runs and models record them.

    Parameters
    ----------
    validation, test : float
        Shares of the tunes.
    seed : int
    rule : {"hash", "shuffle"}

    Returns
    -------
    dict
        The arguments by name. ``"shuffle"`` is not recorded: the records of earlier
        versions have no rule.
    """
    validation, test = require_shares(validation, test)
    recorded = {"validation": validation, "test": test, "seed": require_count("seed", seed, 0)}
    return recorded if rule == _SHUFFLE else {**recorded, "rule": rule}


def recorded_arguments(recorded: Any) -> dict[str, Any]:
    """Return the arguments of the split that a run or a model records.

    Parameters
    ----------
    recorded : dict
        From :func:`describe_split`, possibly read from a file.

    Returns
    -------
    dict
        ``validation``, ``test``, ``seed`` and ``rule``.

    Raises
    ------
    ValueError
        If it is not the record of a split.
    """
    arguments = {"rule": _SHUFFLE, **recorded} if isinstance(recorded, Mapping) else {}
    types = {"validation": int | float, "test": int | float, "seed": int, "rule": str}
    if arguments.keys() != types.keys() or not all(
        isinstance(arguments[name], kind) for name, kind in types.items()
    ):
        raise ValueError(f"not the record of a split: {str(recorded)[:100]}")
    return arguments


def recorded_rule(origin: Any) -> str:
    """Return the rule of the split in an ``origin`` read from a run; ``"hash"`` without a split."""
    split = origin.get("split") if isinstance(origin, Mapping) else None
    return recorded_arguments(split)["rule"] if split else _HASH


def _require_enough(digests: Digests, shares: Mapping[str, float], subject: Subject) -> None:
    number = len(digests)
    for part, share in shares.items():
        if part != "train" and share > 0 and round(share * number) == 0:
            raise subject.too_few(f"{number}", f"a {part} share of {share:g}")
    requested = sum(share > 0 for share in shares.values())
    if (different := len(np.unique(digests))) < requested:
        raise subject.too_few(f"{number}, {different} different", f"{requested} parts")


# The rule "hash" ----------------------------------------------------------------------------


def _assign_by_hash(digests: Digests, shares: Mapping[str, float], seed: int) -> Parts:
    groups, group_of = np.unique(digests, return_inverse=True)
    points = _points(groups, seed)
    held_out = shares["test"] + shares["validation"]
    part_of = np.full(len(groups), _TRAIN, np.int8)
    part_of[points < held_out] = _VALIDATION
    part_of[points < shares["test"]] = _TEST
    intervals = {
        _TEST: (0.0, shares["test"]),
        _VALIDATION: (shares["test"], held_out),
        _TRAIN: (held_out, 1.0),
    }
    for part, (low, high) in intervals.items():
        if shares[PARTS[part]] > 0 and not (part_of == part).any():
            _move_nearest(part_of, points, part, low, high)
    return part_of[group_of]


def _points(groups: Digests, seed: int) -> NDArray[np.float64]:
    """Return the number in [0, 1) of each group: the first 53 bits of a hash."""
    prefix = f"abcrnn split {seed} ".encode()
    data = groups.astype("<u8").tobytes()
    hashes = (
        hashlib.blake2b(prefix + data[start : start + 8], digest_size=8).digest()
        for start in range(0, len(data), 8)
    )
    bits = np.fromiter((int.from_bytes(value, "big") >> 11 for value in hashes), np.uint64)
    return bits.astype(np.float64) / 2**53


def _move_nearest(
    part_of: Parts, points: NDArray[np.float64], part: int, low: float, high: float
) -> None:
    """Move the group nearest to an interval into the interval's empty part, in place."""
    sizes = np.bincount(part_of, minlength=len(PARTS))
    movable = np.flatnonzero(sizes[part_of] > 1)  # no other part becomes empty
    distances = np.maximum(low - points[movable], points[movable] - high)
    part_of[movable[np.argmin(distances)]] = part


# The rule "shuffle" -------------------------------------------------------------------------


def _assign_by_shuffle(
    digests: Digests, shares: Mapping[str, float], seed: int, order: Sequence[str]
) -> Parts:
    """Fill the parts one after the other, each until it has its share of the elements."""
    group_of = _number_groups(digests)
    sizes = np.bincount(group_of)
    shuffled = np.random.default_rng(seed).permutation(len(sizes))
    before = np.cumsum(sizes[shuffled]) - sizes[shuffled]  # elements before each group
    part_of = np.full(len(sizes), _TRAIN, np.int8)
    start = taken = 0
    for part in order:
        wanted = round(shares[part] * len(digests))
        stop = int(np.searchsorted(before, taken + wanted))
        part_of[shuffled[start:stop]] = PARTS.index(part)
        start, taken = stop, int(sizes[shuffled[:stop]].sum())
    return part_of[group_of]


def _number_groups(digests: Digests) -> NDArray[np.intp]:
    """Return the number of each element's group, from 0 in order of first appearance."""
    _, first, group_of = np.unique(digests, return_index=True, return_inverse=True)
    numbers = np.empty(len(first), np.intp)
    numbers[np.argsort(first)] = np.arange(len(first))
    return numbers[group_of]
