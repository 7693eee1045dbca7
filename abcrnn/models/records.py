"""What a model file records about its training (``about``), validated when it is read.

Files may come from untrusted sources, and what reads these values later, such as
:mod:`abcrnn.evaluation.held_out`, relies on their types. Every value may be missing;
names that are not listed here are kept as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from abcrnn.data.leak_guard import recorded_copies
from abcrnn.data.mixtures import part_origins
from abcrnn.data.notes import INSTRUMENTS
from abcrnn.data.splits import RULES, recorded_arguments
from abcrnn.storage.validation import require_shares


class _Kind(NamedTuple):
    """A kind of values: its description in messages, and the test of a value."""

    description: str
    includes: Callable[[Any], bool]


_MOST_METRICS, _MOST_CLASSES = 64, 1024
_LIMIT = 10**20  # of numbers, so that each can become a float; seeds have 19 digits


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LIMIT


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and _is_number(value) and value >= 0


def _is_score(value: Any) -> bool:
    # That of a run that diverged is infinite or not a number.
    return value is None or isinstance(value, float) or _is_number(value)


def _is_letters(value: Any) -> bool:
    return isinstance(value, str) and not set(value) & set("XK")


def _is_list_of_counts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_count, value))


def _is_counts_by_name(value: Any) -> bool:
    if not isinstance(value, dict) or len(value) > _MOST_METRICS:
        return value is None
    return all(_is_list_of_counts(each) and len(each) <= _MOST_CLASSES for each in value.values())


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


_OBJECT = _Kind("an object", lambda value: value is None or isinstance(value, dict))
_TEXT = _Kind("a string", lambda value: isinstance(value, str))
_LETTERS = _Kind("a string of letters other than X and K", _is_letters)
_COUNT = _Kind("a whole number of at least 0", _is_count)
_OBJECTS = _Kind("a list of objects", _is_list_of_objects)
_COUNTS = _Kind("a list of whole numbers of at least 0", _is_list_of_counts)
_METRICS = _Kind("an object of lists of whole numbers", _is_counts_by_name)
_SHARE = _Kind("a share from 0 to below 1", lambda value: _is_number(value) and 0 <= value < 1)
_SCORE = _Kind("a number or null", _is_score)
_TEMPO = _Kind("a number above 0", lambda value: _is_number(value) and value > 0)
_RULE = _Kind(f"one of {', '.join(RULES)}", lambda value: value in RULES)
_INSTRUMENTS = _Kind(f"one of {', '.join(INSTRUMENTS)}", lambda value: value in INSTRUMENTS)

_SPLIT = {
    "split": _OBJECT,
    "split.validation": _SHARE,
    "split.test": _SHARE,
    "split.seed": _COUNT,
    "split.rule": _RULE,
}
_CORPUS = {"name": _TEXT, "tunes": _COUNT, "fingerprint": _TEXT, "origin": _OBJECT}
_LEAK_GUARD = {
    "leak_guard": _OBJECT,
    "leak_guard.bars": _COUNT,
    "leak_guard.notes": _COUNT,
    "leak_guard.left_out": _COUNTS,
}
_ORIGIN = {
    "corpus": _TEXT,
    "fingerprint": _TEXT,
    "part": _TEXT,
    "without": _LETTERS,
    "weight": _COUNT,
    "tidy": _COUNT,
    "plain": _COUNT,
    **_SPLIT,
    **_LEAK_GUARD,
}
_PIECES = {"name": _TEXT, "fingerprint": _TEXT, "tempo": _TEMPO, "instruments": _INSTRUMENTS}

#: The kind of each value by its path; an object comes before its values.
_KINDS = {
    "corpus": _OBJECT,
    **{f"corpus.{name}": kind for name, kind in _CORPUS.items()},
    **{f"corpus.origin.{name}": kind for name, kind in _ORIGIN.items()},
    "corpus.origin.parts": _OBJECTS,
    "tune_metrics": _METRICS,
    "base": _OBJECT,
    "base.fingerprint": _TEXT,
    "base.corpus": _TEXT,
    "pieces": _OBJECT,
    **{f"pieces.{name}": kind for name, kind in {**_PIECES, **_SPLIT}.items()},
    "epoch": _COUNT,
    "validation_bits_per_char": _SCORE,
    "validation_loss": _SCORE,
}


def validate_about(about: Mapping[str, Any]) -> None:
    """Raise ``ValueError`` if a value that a model file records about its training is wrong.

    Parameters
    ----------
    about : mapping
        As in ``model.about``.
    """
    _validate_kinds(about, _KINDS, "about")
    origin = (about.get("corpus") or {}).get("origin") or {}
    for number, part in enumerate(origin.get("parts", ())):
        _validate_kinds(part, _ORIGIN, f"about.corpus.origin.parts.{number}")
    for part in part_origins(origin):
        recorded_copies(part)
        _validate_split(part)
    _validate_split(about.get("pieces") or {})


def _validate_kinds(about: Mapping[str, Any], kinds: Mapping[str, _Kind], where: str) -> None:
    for path, kind in kinds.items():
        *parents, name = path.split(".")
        values: Any = about
        for parent in parents:
            values = values.get(parent) or {}
        if name in values and not kind.includes(values[name]):
            found = brief(values[name])
            raise ValueError(f"its {where}.{path} must be {kind.description}, not {found}")


def _validate_split(origin: Mapping[str, Any]) -> None:
    if origin.get("split"):
        split = recorded_arguments(origin["split"])
        require_shares(split["validation"], split["test"])


def brief(value: Any) -> str:
    """Return a value as text of at most 80 characters, as it is written in JSON if it is null."""
    text = "null" if value is None else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
