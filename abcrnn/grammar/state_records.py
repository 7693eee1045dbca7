"""States as JSON and numbers, and back.

A part that many states have in common, such as a position, is stored once.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, get_args, get_type_hints

import numpy as np
from numpy.typing import NDArray

from abcrnn.grammar.states import State


def encode_states(states: Sequence[State]) -> tuple[list[list[Any]], NDArray[np.int32]]:
    """Return the different parts of states, and the index of each part of each state.

    Parameters
    ----------
    states : sequence of State

    Returns
    -------
    parts : list of list
        For each field of a state, the different values that it has. JSON can represent them.
    indices : ndarray, shape (states, fields), int32
    """
    known: list[dict[Any, int]] = [{} for _ in State._fields]
    indices = [
        [numbers.setdefault(part, len(numbers)) for numbers, part in zip(known, state, strict=True)]
        for state in states
    ]
    return [list(numbers) for numbers in known], np.array(indices, np.int32)


def decode_states(parts: Any, indices: NDArray[np.int32]) -> list[State]:
    """Return the states that :func:`encode_states` has encoded, after JSON.

    Parameters
    ----------
    parts : list of list
    indices : ndarray, shape (states, fields), int32

    Returns
    -------
    list of State

    Raises
    ------
    ValueError, TypeError, IndexError
        If they are not what :func:`encode_states` returns.

    Examples
    --------
    >>> from abcrnn.grammar import END, START
    >>> decode_states(*encode_states([START, END, START])) == [START, END, START]
    True
    """
    if indices.min() < 0:
        raise ValueError("a part of a state has a negative index")
    kinds = _types_of_fields(State)
    columns = [
        [_decode(kind, value) for value in values]
        for kind, values in zip(kinds, parts, strict=True)
    ]
    rows = indices.tolist()
    return [State(*(c[i] for c, i in zip(columns, row, strict=True))) for row in rows]


@cache
def _types_of_fields(kind: type) -> tuple[Any, ...]:
    return tuple(get_type_hints(kind).values())


def _decode(kind: Any, value: Any) -> Any:
    """Return a value of a named tuple, an enumeration, int, bool, str or None."""
    if isinstance(kind, UnionType):
        return None if value is None else _decode(get_args(kind)[0], value)
    if issubclass(kind, Enum):
        return kind(value)
    if issubclass(kind, tuple):
        fields = zip(_types_of_fields(kind), value, strict=True)
        return kind(*(_decode(own, part) for own, part in fields))
    if not isinstance(value, kind):
        raise ValueError(f"{value!r} is not of type {kind.__name__}")
    return value
