"""Argument checks; each message names the argument, its value and what is accepted.

Numbers of NumPy are numbers, also arrays without axes; bools are not. Each function
returns plain Python numbers, which JSON files can hold.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from numbers import Integral, Real
from typing import Any


def plain_number(value: Any) -> int | float | None:
    """Return a number as ``int`` or ``float``; None if the value is not a number.

    Parameters
    ----------
    value : object
        Such as ``3``, ``np.int64(3)`` or ``np.float32(0.5)``.
    """
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return None
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else None


def require_count(name: str, value: Any, least: int = 1) -> int:
    """Return a whole number; raise ``ValueError`` unless it is one of at least ``least``."""
    number = plain_number(value)
    if not isinstance(number, int) or number < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, not {value!r}")
    return number


def require_bool(name: str, value: Any) -> bool:
    """Return a bool; raise ``ValueError`` unless the value is True or False."""
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be True or False, not {value!r}")
    return value


def require_number(
    name: str, value: Any, accepted: str, is_valid: Callable[[float], bool]
) -> float:
    """Return a number; raise ``ValueError`` unless it is valid.

    Parameters
    ----------
    name : str
        Of the argument.
    value : object
    accepted : str
        Describes the valid values in the message, such as ``"a positive number"``.
    is_valid : callable
    """
    number = plain_number(value)
    if number is None or not is_valid(number):
        raise ValueError(f"{name} must be {accepted}, not {value!r}")
    return number


def require_positive(name: str, value: Any) -> float:
    """Return a number; raise ``ValueError`` unless it is finite and above 0."""
    return require_number(name, value, "a positive number", lambda x: 0 < x < math.inf)


def require_share(name: str, value: Any) -> float:
    """Return a share; raise ``ValueError`` unless it is a number above 0 and at most 1."""
    return require_number(name, value, "above 0 and at most 1", lambda x: 0 < x <= 1)


def require_dropout(value: Any) -> float:
    """Return a share of dropped outputs; raise ``ValueError`` unless it is from 0 to below 1."""
    return require_number("dropout", value, "at least 0 and less than 1", lambda x: 0 <= x < 1)


def require_shares(validation: Any, test: Any) -> tuple[float, float]:
    """Return two shares; raise ``ValueError`` unless they are from 0 and add up to less than 1."""
    shares = plain_number(validation), plain_number(test)
    first, second = shares
    if first is None or second is None or not (first >= 0 and second >= 0 and first + second < 1):
        raise ValueError(
            "validation and test must be shares from 0, together less than 1, "
            f"not {validation!r} and {test!r}"
        )
    return first, second


def require_several(name: str, values: Iterable[str]) -> None:
    """Raise ``TypeError`` for one string, whose characters would be taken for tunes."""
    if isinstance(values, str):
        raise TypeError(f"{name} must be a list of tunes, not one string: {values!r:.80}")


def require_tunes(name: str, values: Iterable[str]) -> list[str]:
    """Return tunes as a list; raise ``TypeError`` unless each is a string."""
    require_several(name, values)
    tunes = list(values)
    for tune in tunes:
        if not isinstance(tune, str):
            raise TypeError(f"each of the {name} must be a string, not {tune!r:.80}")
    return tunes
