"""Which pitches may come: those in a range, and after a tie the same one again.

A tie to another pitch is read as a slur by some programs and as an error by others
(section 4.11 of ABC 2.1). This automaton knows notes from other letters and
nothing of rhythm; a tune drawn under it and :class:`TuneAutomaton` obeys both.
"""

from __future__ import annotations

from typing import NamedTuple

_MARKS = {"upper": ("", ","), "lower": ("", "'")}

#: What may be drawn without an order: from two octaves below the middle to two above.
PITCHES = frozenset(
    letter + mark
    for letter in "ABCDEFGabcdefg"
    for mark in _MARKS["lower" if letter.islower() else "upper"]
)
_LETTERS = frozenset("ABCDEFGabcdefg")
_BEFORE_TIE = frozenset("0123456789/ ")  # what may stand between a note and the tie from it


class PitchState(NamedTuple):
    """Where the automaton stands.

    Parameters
    ----------
    at : str
        ``header`` or ``line`` where a line begins; ``key line`` after a ``K`` there,
        ``field`` after a letter there that begins none of the notes; ``words`` and
        ``last words`` inside a field of the header, ``value`` inside one below;
        ``music``; ``note`` after a letter of one; ``quote``.
    held : str
        The pitch of the last note, or as much of it as has been read.
    tied : bool
        Whether the next note must have it too.
    marks : tuple of str
        After a letter: the octave marks that may follow, an empty one for none.
    """

    at: str = "header"
    held: str = ""
    tied: bool = False
    marks: tuple[str, ...] = ()


class PitchAutomaton:
    """Tells which characters may follow, as far as pitch goes.

    Parameters
    ----------
    pitches : frozenset of str
        The notes to keep to, as they are spelt without accidental, such as ``c'``.
    """

    def __init__(self, pitches: frozenset[str] = PITCHES) -> None:
        self._pitches = pitches
        self._marks = {
            letter: tuple(sorted(pitch[1:] for pitch in pitches if pitch[0] == letter))
            for letter in _LETTERS
        }

    def step(self, state: PitchState, c: str) -> PitchState | None:
        """Return the state after one more character; None if it may not come."""
        if state.at in ("header", "key line", "words", "last words"):
            return self._in_header(state, c)
        if state.at == "note":
            return self._after_letter(state, c)
        if state.at == "quote":
            return state._replace(at="music") if c == '"' else state
        if state.at == "value":
            return state._replace(at="line") if c == "\n" else state
        if state.at == "field" and c == ":":
            return state._replace(at="value")
        if c == "\n":
            return state._replace(at="line")
        if state.at == "line" and c in "KLMP":
            return state._replace(at="field")
        state = state._replace(at="music")
        if c in _LETTERS:
            return self._letter(state, c)
        if c == '"':
            return state._replace(at="quote")
        if c == "-":
            return state._replace(tied=True) if state.held else None
        keeps = state.tied or not state.held or c in _BEFORE_TIE
        return state if keeps else PitchState("music")

    def _in_header(self, state: PitchState, c: str) -> PitchState:
        if c == "\n":
            return PitchState("line" if state.at == "last words" else "header")
        if state.at == "header":
            return PitchState("key line" if c == "K" else "words")
        if state.at == "key line":
            return PitchState("last words" if c == ":" else "words")
        return state

    def _letter(self, state: PitchState, c: str) -> PitchState | None:
        marks = self._marks[c]
        if state.tied:
            marks = tuple(mark for mark in marks if c + mark == state.held)
        return PitchState("note", c, marks=marks) if marks else None

    def _after_letter(self, state: PitchState, c: str) -> PitchState | None:
        if c in ",'":
            return PitchState("music", state.held + c) if c in state.marks else None
        if "" not in state.marks:
            return None
        return self.step(PitchState("music", state.held), c)
