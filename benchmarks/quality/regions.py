"""The kinds of characters that the benchmark reports separately.

``header``
    From the start of the tune to the end of the line ``K:``.
``repeated``
    The characters of a bar whose notes occurred as a bar earlier in the same tune.
``first``
    The rest of the body.

The notes of a bar are its notes, rests, chords, tuplets and broken rhythms as they are
written. Its spaces, decorations, grace notes, chord symbols, ties and slurs are not
compared. A bar extends from the end of the bar line before it to the end of its own
bar line. Text without notes, such as a line end or a second bar line, belongs to the
bar after it; the text after the last bar, and the closing blank line, belong to the
last bar.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from abcrnn.data.store import BOUNDARY
from abcrnn.notation import tune_body
from abcrnn.notation.lexer import tokens

#: Kinds of characters; :func:`classify` returns indices into this tuple.
REGIONS = ("header", "first", "repeated")

_HEADER, _FIRST, _REPEATED = range(len(REGIONS))

_NOTES = {"note", "rest", "bar_rest", "chord", "chord_end", "tuplet", "broken", "microtone"}


def classify(tune: str) -> NDArray[np.int8]:
    """Return the kind of each character of a tune and of its closing blank line.

    Parameters
    ----------
    tune : str
        Starts with its ``X:`` line.

    Returns
    -------
    ndarray, shape (characters + 2,), int8
        Indices into :data:`REGIONS`.
    """
    kinds = np.full(len(tune) + len(BOUNDARY), _FIRST, np.int8)
    start = len(tune) - len(tune_body(tune))
    kinds[:start] = _HEADER
    kind, seen = _FIRST, set()
    for notes, end in _bars(tune):
        kind = _REPEATED if notes in seen else _FIRST
        seen.add(notes)
        kinds[start:end] = kind
        start = end
    kinds[start:] = kind
    return kinds


def _bars(tune: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield the notes of each bar that has notes, and the index after its last character."""
    header = len(tune) - len(tune_body(tune))
    line_starts = [0]
    for line in tune.split("\n"):
        line_starts.append(line_starts[-1] + len(line) + 1)
    notes: list[str] = []
    in_grace, end = False, header
    for token in tokens(tune):
        start = line_starts[token.line - 1] + token.column - 1
        if start < header:
            continue
        end = start + len(token.text)
        in_grace = token.kind == "grace" or (in_grace and token.kind != "grace_end")
        if token.kind in _NOTES and not in_grace:
            notes.append(token.text)
        elif token.kind == "bar" and notes:
            yield tuple(notes), end
            notes = []
    if notes:
        yield tuple(notes), end
