"""The note that a tune ends on, where a request fixes it.

The last note must be the tonic of the key, or a note of its triad. A note counts if it has
a letter of the chord, and no accidental has changed that letter in its bar; in all keys that
may be generated, such a note has the pitch that the key signature gives it. All notes of a
chord must count. Rests and grace notes are ignored, and a tied note is one note. A field ``K:``
in the music requires another note after it, in the new key.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from abcrnn.grammar.states import END, EndingState, Kind, State
from abcrnn.notation.fields import parse_key

#: Requested endings, each with the degrees of the scale that it allows, from 0.
ENDINGS = {"tonic": (0,), "chord": (0, 2, 4)}

_SCALE = "CDEFGAB"
_LETTERS = frozenset(_SCALE + _SCALE.lower())
_NOTES = frozenset((Kind.NOTE, Kind.FIRST_NOTE))
_BAR_LINES = frozenset((Kind.BAR_LINE, Kind.OPENING_BAR_LINE))


class EndingGrammar:
    """Record whether the tune may end on its last note.

    Parameters
    ----------
    ending : str
        A key of :data:`ENDINGS`.
    alphabet : str
        The characters that may be used.
    pitches : collection of str
        The notes allowed, spelled without accidental, such as ``c'``.
    """

    def __init__(self, ending: str, alphabet: str, pitches: Collection[str]) -> None:
        self._ending = ending
        usable = {pitch[0] for pitch in pitches if set(alphabet).issuperset(pitch)}
        self._usable = "".join(c for c in alphabet if c in usable)

    def usable_keys(self, keys: Iterable[str]) -> list[str]:
        """Return the keys in which there is a note to end on."""
        return [key for key in keys if self._letters(key)]

    def step(self, before: State, c: str, after: State) -> State | None:
        """Return the state after a character that the rest of the grammar allows.

        Parameters
        ----------
        before, after : State
            The states before and after the character, by the rest of the grammar.
        c : str

        Returns
        -------
        State or None
            ``after`` with its ``ending``; None if the tune may not end here, or the key has
            no note to end on.
        """
        ending, kind = before.ending, after.token.kind
        if kind == Kind.END:
            return END if ending.met or before == END else None
        if before.token.kind == Kind.VALUE and before.token.text[0] == "K" and c == "\n":
            letters = self._letters(before.token.text[2:])
            return after._replace(ending=EndingState(letters)) if letters else None
        if c in _LETTERS and kind in _NOTES:
            return after._replace(ending=_after_note(before, c))
        if c in _LETTERS and kind in (Kind.CHORD, Kind.GRACE):
            return after._replace(ending=_after_note_of_group(before, c, kind))
        if kind in _BAR_LINES and ending.altered:
            # An accidental is in force up to the bar line, or beyond it with a tie.
            ending = ending._replace(altered=before.pending.tied)
        return after._replace(ending=ending)

    def note(self, state: State) -> str:
        """Return a letter that leads to the end soon; empty if the alphabet has none."""
        letters = state.ending.letters
        fitting = [c for c in self._usable if c.upper() in letters]
        others = [c for c in self._usable if c.upper() not in letters]
        choices = [*others, *fitting] if _follows_accidental(state) else [*fitting, *others]
        return choices[0] if choices else ""

    def _letters(self, value: str) -> str:
        """Return the letters of the notes on which a tune in a key may end."""
        key = parse_key(value)
        if key is None or key.tonic is None:
            return ""
        tonic, alter = key.tonic
        if key.alters().get(tonic, 0) != alter:
            return ""
        letters = ending_letters(self._ending, tonic)
        return "".join(c for c in letters if c in self._usable.upper())


def ending_letters(ending: str, tonic: str) -> list[str]:
    """Return the letters of the notes that an ending allows in a key with this tonic."""
    return [_SCALE[(_SCALE.index(tonic) + degree) % 7] for degree in ENDINGS[ending]]


def _after_note(before: State, c: str) -> EndingState:
    ending, is_accidental = before.ending, _follows_accidental(before)
    altered = ending.altered or (is_accidental and c.upper() in ending.letters)
    if before.pending.tied:  # the same note again
        return ending._replace(altered=altered)
    met = c.upper() in ending.letters and not altered
    return ending._replace(met=met, altered=altered)


def _after_note_of_group(before: State, c: str, kind: Kind) -> EndingState:
    ending = _after_note(before, c)
    if kind == Kind.GRACE:
        return ending._replace(met=before.ending.met)
    is_first = before.token.kind != Kind.CHORD or before.token.notes == 0
    return ending if is_first else ending._replace(met=ending.met and before.ending.met)


def _follows_accidental(state: State) -> bool:
    kind, text, _ = state.token
    return kind == Kind.ACCIDENTAL or (kind in (Kind.CHORD, Kind.GRACE) and text == "^")
