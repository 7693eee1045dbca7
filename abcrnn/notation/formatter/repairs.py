"""Repairs that need no guess: characters of word processors and web pages in lines of music."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from abcrnn.notation.errors import ABCError
from abcrnn.notation.faulty_notation import meant_by
from abcrnn.notation.lexer import Token, tokens
from abcrnn.notation.lines import LINE_END
from abcrnn.notation.reader import read_tune


class Repair(NamedTuple):
    """A character or quotation that was replaced.

    Parameters
    ----------
    line, column : int
    old, new : str
    """

    line: int
    column: int
    old: str
    new: str


def repair(tune: str, settings: frozenset[int] = frozenset()) -> tuple[str, list[Repair]]:
    """Replace characters that are not ABC by those that :func:`abcrnn.check_tune` names.

    These are quotation marks, sharps, flats, bar lines, dashes and fractions that word processors
    write, such as the curved marks around a chord symbol. Text and fields stay the same.

    Parameters
    ----------
    tune : str
    settings : frozenset of int
        Numbers of the lines of the file header, which stay unchanged.

    Returns
    -------
    tune : str
        Unchanged if it would have a problem of a kind that it does not have now.
    repairs : list of Repair

    Raises
    ------
    ABCError
        If the tune cannot be parsed.
    """
    starts = [0, *(found.end() for found in LINE_END.finditer(tune))]
    pieces, done = [], 0
    repairs: list[Repair] = []
    for token in tokens(tune):
        new = _repaired(token)
        if not new or token.line in settings:
            continue
        start = starts[token.line - 1] + token.column - 1
        pieces += [tune[done:start], new]
        done = start + len(token.text)
        repairs.append(Repair(token.line, token.column, token.text, new))
    if not repairs:
        return tune, []
    text = "".join([*pieces, tune[done:]])
    return (tune, []) if _is_worse(tune, text) else (text, repairs)


def _repaired(token: Token) -> str:
    """Return what a token should be; empty if it needs no repair."""
    if token.kind == "other":
        return meant_by(token.text)
    if token.kind == "typographic" and '"' not in token.text[1:-1]:
        return f'"{token.text[1:-1]}"'
    return ""


def _is_worse(before: str, after: str) -> bool:
    """Return whether a text has problems that another one does not have."""
    try:
        counts = [
            Counter(problem.kind for problem in read_tune(text).problems)
            for text in (before, after)
        ]
    except ABCError:
        return True
    return bool(counts[1] - counts[0])
