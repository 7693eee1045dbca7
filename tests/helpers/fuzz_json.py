"""Hostile JSON: every value of a document replaced by values of every other type."""

import copy
from collections.abc import Iterator
from typing import Any

#: Replacements: every type of JSON, extremes of numbers, strings that are not what they seem.
VALUES = [
    None, True, False, 0, -1, 1, 2**31, 2**63, 10**400, 0.5, -0.5, 1e308, float("nan"),
    float("inf"), float("-inf"), "", "x", "1", "\0", "\ud800", "../../x", "x" * 10_000,
    [], [[]], [1], ["x"], [None], {}, {"x": 1}, {"": {}}, [{}],
]  # fmt: skip


def paths_of(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value in a document, the document's own first."""
    yield path
    if isinstance(document, dict):
        for key, value in document.items():
            yield from paths_of(value, (*path, key))
    elif isinstance(document, list):
        for index, value in enumerate(document[:3]):
            yield from paths_of(value, (*path, index))


def mutations(document: Any) -> Iterator[tuple[str, Any]]:
    """Yield a description and a copy of the document for each value replaced or removed."""
    for path in paths_of(document):
        for value in VALUES:
            yield f"{path} = {value!r:.60}", _replaced(document, path, value)
        if path and isinstance(path[-1], str):
            yield f"{path} removed", _removed(document, path)
            yield f"{path} added to", _replaced(document, (*path[:-1], "unknown"), 1)


def _replaced(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(document)
    _parent(changed, path)[path[-1]] = value
    return changed


def _removed(document: Any, path: tuple[Any, ...]) -> Any:
    changed = copy.deepcopy(document)
    del _parent(changed, path)[path[-1]]
    return changed


def _parent(document: Any, path: tuple[Any, ...]) -> Any:
    for key in path[:-1]:
        document = document[key]
    return document
