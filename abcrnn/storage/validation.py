"""Argument checks; each message names the argument, its value and what is accepted."""

from __future__ import annotations

import math
from typing import Any


def require_count(name: str, value: Any, least: int = 1) -> None:
    """Raise ``ValueError`` unless ``value`` is a whole number of at least ``least``."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, not {value!r}")


def require_positive(name: str, value: Any) -> None:
    """Raise ``ValueError`` unless ``value`` is a finite number above 0."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < math.inf:
        raise ValueError(f"{name} must be a positive number, not {value!r}")


def require_shares(validation: float, test: float) -> None:
    """Raise ``ValueError`` unless both are at least 0 and their sum is below 1."""
    if not (0 <= validation < 1 and 0 <= test < 1 and validation + test < 1):
        raise ValueError(
            "validation and test must be shares from 0, together less than 1, "
            f"not {validation!r} and {test!r}"
        )
