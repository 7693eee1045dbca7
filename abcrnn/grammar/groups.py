"""The notes inside the brackets of a chord or of grace notes (sections 4.12 and 4.17)."""

from __future__ import annotations

from abcrnn.grammar.states import State

_LETTERS = frozenset("ABCDEFGabcdefg")
_ACCIDENTALS = frozenset("^_=")
_MARKS = frozenset(",'")


def read_group(state: State, c: str, most: int) -> State | None:
    """Read a character of the notes of a chord or of grace notes.

    Parameters
    ----------
    state : State
    c : str
        The character.
    most : int
        Maximum number of notes in the group.

    Returns
    -------
    State or None
        None if the character is not allowed.
    """
    kind, text, notes = state.token
    if c in _LETTERS and notes < most:
        return state.reading(kind, "", notes + 1)
    if c in _ACCIDENTALS and text != "^" and notes < most:
        return state.reading(kind, "^", notes)
    if c in _MARKS and notes and not text:
        return state.reading(kind, "'", notes)
    return None


def may_close_group(state: State) -> bool:
    """Whether the closing bracket may follow."""
    return state.token.notes > 0 and state.token.text != "^"
