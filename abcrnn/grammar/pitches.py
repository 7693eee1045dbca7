"""Which pitches may come: those in a range, and after a tie the same pitch again.

Some programs read a tie to another pitch as a slur and others as an error (section 4.11 of
ABC 2.1). This automaton tells notes from other letters and ignores rhythm. A tune that
both it and :class:`abcrnn.grammar.TuneAutomaton` allow satisfies both.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

_MARKS = {"upper": ("", ","), "lower": ("", "'")}

#: The pitches allowed by default: from ``C,`` to ``b'``.
PITCHES = frozenset(
    letter + mark
    for letter in "ABCDEFGabcdefg"
    for mark in _MARKS["lower" if letter.islower() else "upper"]
)
_LETTERS = frozenset("ABCDEFGabcdefg")
_BEFORE_TIE = frozenset("0123456789/ ")  # what may come between a note and its tie


class Context(StrEnum):
    """The part of a tune that is being read."""

    HEADER_LINE = "start of a header line"
    AFTER_K = "after a K that begins a header line"
    HEADER_FIELD = "header field"
    KEY_FIELD = "K: field, the last of the header"
    BODY_LINE = "start of a line of music"
    FIELD_LETTER = "after a letter that may begin a field in the music"
    BODY_FIELD = "field in the music"
    MUSIC = "music"
    NOTE = "after the letter of a note"
    QUOTE = "text in quotes"


_HEADER = frozenset((Context.HEADER_LINE, Context.AFTER_K, Context.HEADER_FIELD, Context.KEY_FIELD))


class PitchState(NamedTuple):
    """The state of :class:`PitchAutomaton` between two characters.

    Parameters
    ----------
    context : Context
    held : str
        The pitch of the last note, as far as it has been read.
    tied : bool
        Whether the next note must have the same pitch.
    marks : tuple of str
        After a letter: the octave marks that may follow, an empty one for none.
    accidental : str
        The sharp or flat of the next note, in a limited range.
    """

    context: Context = Context.HEADER_LINE
    held: str = ""
    tied: bool = False
    marks: tuple[str, ...] = ()
    accidental: str = ""


#: In the music, where the previous pitch does not matter.
ANY_PITCH = PitchState(Context.MUSIC)


def staff_position(note: str) -> int:
    """Return the position of a note such as ``c'`` on the staff: 28 for ``C``, 29 for ``D``."""
    letter, marks = note[0], note[1:]
    octave = 4 + letter.islower() + marks.count("'") - marks.count(",")
    return 7 * octave + "CDEFGAB".index(letter.upper())


class PitchAutomaton:
    """Compute which characters may follow, as far as pitches are concerned.

    Parameters
    ----------
    pitches : frozenset of str
        The notes allowed, spelled without accidental, such as ``c'``. Unless they are all
        of :data:`PITCHES`, sharps must not exceed the highest and flats the lowest one.
    """

    def __init__(self, pitches: frozenset[str] = PITCHES) -> None:
        self._letters = {pitch[0].upper() for pitch in pitches}
        # An accidental holds for its letter in all octaves, up to the end of the bar.
        self._forbidden: dict[str, str] = {}  # letter, in upper case, by accidental
        if pitches != PITCHES:
            lowest, highest = (end(pitches, key=staff_position) for end in (min, max))
            self._forbidden = {"^": highest[0].upper(), "_": lowest[0].upper()}
        self._marks = {
            letter: tuple(sorted(pitch[1:] for pitch in pitches if pitch[0] == letter))
            for letter in _LETTERS
        }

    def step(self, state: PitchState, c: str) -> PitchState | None:
        """Return the state after one more character.

        Parameters
        ----------
        state : PitchState
        c : str
            A character.

        Returns
        -------
        PitchState or None
            None if the character is not allowed: it would spell a pitch out of range, or
            tie two different pitches.
        """
        context = state.context
        if context in _HEADER:
            return self._in_header(context, c)
        if context == Context.NOTE:
            return self._after_letter(state, c)
        if context == Context.QUOTE:
            return state._replace(context=Context.MUSIC) if c == '"' else state
        if context == Context.BODY_FIELD:
            return state._replace(context=Context.BODY_LINE) if c == "\n" else state
        if context == Context.FIELD_LETTER and c == ":":
            return state._replace(context=Context.BODY_FIELD)
        if c == "\n":
            return state._replace(context=Context.BODY_LINE)
        if context == Context.BODY_LINE and c in "KLMP":
            return state._replace(context=Context.FIELD_LETTER)
        return self._in_music(state._replace(context=Context.MUSIC), c)

    def _in_header(self, context: Context, c: str) -> PitchState:
        if c == "\n":
            is_last = context == Context.KEY_FIELD
            return PitchState(Context.BODY_LINE if is_last else Context.HEADER_LINE)
        if context == Context.HEADER_LINE:
            return PitchState(Context.AFTER_K if c == "K" else Context.HEADER_FIELD)
        if context == Context.AFTER_K:
            return PitchState(Context.KEY_FIELD if c == ":" else Context.HEADER_FIELD)
        return PitchState(context)

    def _in_music(self, state: PitchState, c: str) -> PitchState | None:
        if c in _LETTERS:
            return self._letter(state, c)
        if c == '"':
            return state._replace(context=Context.QUOTE)
        if c == "-":
            return state._replace(tied=True) if state.held else None
        is_kept = state.tied or not state.held or c in _BEFORE_TIE
        after = state if is_kept else ANY_PITCH
        if c not in self._forbidden:
            return after._replace(accidental="")
        return after._replace(accidental=c) if self._letters - {self._forbidden[c]} else None

    def _letter(self, state: PitchState, c: str) -> PitchState | None:
        if state.accidental and self._forbidden[state.accidental] == c.upper():
            return None
        marks = self._marks[c]
        if state.tied:
            marks = tuple(mark for mark in marks if c + mark == state.held)
        return PitchState(Context.NOTE, c, marks=marks) if marks else None

    def _after_letter(self, state: PitchState, c: str) -> PitchState | None:
        if c in ",'":
            return PitchState(Context.MUSIC, state.held + c) if c in state.marks else None
        if "" not in state.marks:
            return None
        return self.step(PitchState(Context.MUSIC, state.held), c)
