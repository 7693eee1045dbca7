"""Spellings of the fields ``K:`` and ``M:`` that mean the same key or meter."""

from __future__ import annotations

import re
from functools import cache

from abcrnn.grammar.terminals import KEYS, METERS
from abcrnn.notation.fields import Key, parse_key, parse_meter

_KEY = re.compile(r"[A-G][#b♯♭]?\s*((maj|ion|mix|dor|min|aeo|phr|loc|lyd)[a-z]*|m)?", re.IGNORECASE)


def key_spellings(text: str) -> frozenset[str]:
    """Return the spellings of a key that the grammar generates; none if it is not a key.

    Examples
    --------
    >>> {"Em", "Emin", "E minor"} <= key_spellings("e minor")
    True
    """
    if not _KEY.fullmatch(text.strip()):
        return frozenset()
    return _spellings_by_scale().get(_scale(parse_key(text)), frozenset())


def meter_spellings(text: str) -> frozenset[str]:
    """Return the spellings of a meter that the grammar generates; none if it is not a meter."""
    beats = _beats(text)
    return frozenset(meter for meter in METERS if beats and _beats(meter) == beats)


def is_same_key(key: Key, text: str) -> bool:
    """Whether a key has the same tonic and scale as ``text``, such as ``"Em"``."""
    return _scale(key) == _scale(parse_key(text))


def is_same_meter(one: str, other: str) -> bool:
    """Whether two values of ``M:`` have the same beats, such as ``C`` and ``4/4``."""
    return _beats(one) == _beats(other)


@cache
def _spellings_by_scale() -> dict[tuple[object, ...], frozenset[str]]:
    found: dict[tuple[object, ...], set[str]] = {}
    for text in KEYS:
        found.setdefault(_scale(parse_key(text)), set()).add(text)
    return {scale: frozenset(texts) for scale, texts in found.items()}


def _scale(key: Key | None) -> tuple[object, ...]:
    """Return the tonic and the accidentals of a key, which all its spellings share."""
    return (key.name[:2].strip(), *sorted(key.alters().items())) if key else ()


def _beats(meter: str) -> tuple[tuple[int, ...], int] | None:
    parsed = parse_meter(meter)
    return (parsed.beats, parsed.unit) if parsed else None
