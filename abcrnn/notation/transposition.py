"""Transposition of a tune, keeping its layout (sections 3.1.14, 4.1, 4.2 and 4.18)."""

from __future__ import annotations

import re
from fractions import Fraction
from operator import index

from abcrnn.notation.clefs import Properties
from abcrnn.notation.errors import ABCError
from abcrnn.notation.field_reader import FieldReader
from abcrnn.notation.fields import parse_key_field
from abcrnn.notation.intervals import move_pitch, write_letter
from abcrnn.notation.lexer import NOTE, Token, tokens
from abcrnn.notation.lines import LINE_END
from abcrnn.notation.movements import Movement, movement_to
from abcrnn.notation.pitches import pitch_of
from abcrnn.notation.reader import read_tune
from abcrnn.notation.transposed_music import require_shifted
from abcrnn.notation.transposed_names import ACCIDENTALS, move_chords, move_key
from abcrnn.notation.tune import Event, Pitch

_DRUM_MAP = re.compile(r"\bMIDI\s*=?\s*drummap\b", re.IGNORECASE)


def transpose(text: str, semitones: int | None = None, *, to: str | None = None) -> str:
    r"""Transpose a tune by semitones, or to a key.

    Notes, keys (``K:``, ``[K:...]``) and chord symbols change; all other text stays the same.
    With ``semitones``, the new key is the one with the fewest sharps or flats; of six sharps and
    six flats, it is sharps when moving up and flats when moving down. A note with an accidental
    keeps one, possibly another. A field without tonic (``K:none``, ``K:HP``) stays the same, and
    notes get the accidentals they need. Percussion voices (``clef=perc``) keep their pitches.

    Parameters
    ----------
    text : str
        One tune, from its ``X:`` line on. Invalid or unsupported notation and music above
        the ``K:`` stay the same.
    semitones : int, optional
        Semitones to move up, or down if negative.
    to : str, optional
        In place of ``semitones``: the tonic of the new key, such as ``"Bb"``. The tune moves up
        or down by at most six semitones and keeps its mode, also where its key changes. A mode,
        as in ``"F#m"`` or ``"D dorian"``, must be that of the tune.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If ``semitones`` is not an int, ``to`` is not a key, or not exactly one is given.
    ABCError
        If the tune cannot be read (see :func:`abcrnn.notation.read_tune`), or if a note is or would
        be outside the MIDI range, 0 to 127. Also if notation would have another meaning afterwards:
        macros with notes, such as ``m:~G2=GAG``, and some unsupported notation, such as letters
        between notes that could become a word. With ``to``, also if the tune has no key with a
        tonic or another mode.

    Examples
    --------
    >>> print(transpose('X:1\nK:Am\n"E7"E^GB|', 3))
    X:1
    K:Cm
    "G7"G=Bd|
    >>> print(transpose("X:1\nK:Ador\nAB^c|", to="G"))
    X:1
    K:Gdor
    GA=B|
    """
    if to is not None:
        if semitones is not None:
            raise ValueError(f"semitones must be left out with to, not {semitones!r}")
        return move_tune(text, movement_to(text, to))
    if semitones is None or isinstance(semitones, bool) or not hasattr(semitones, "__index__"):
        raise ValueError(f"semitones must be a whole number such as 2 or -3, not {semitones!r}")
    return move_tune(text, Movement(index(semitones)))  # index: of NumPy too


def move_tune(text: str, movement: Movement) -> str:
    """Return the transposed text of a tune, parsed again and compared with the original.

    Raises
    ------
    ABCError
        See :func:`transpose`.
    """
    original = read_tune(text)
    mover = Mover(movement)
    moved = mover.move(text)
    if moved != text:
        require_shifted(original, read_tune(moved), mover.shifts)
    return moved


class Mover:
    """Process the tokens of a tune as the parser does and transpose each.

    The state of the new voice is what the parser will have after the new text, so a note gets
    an accidental exactly where it would otherwise have another pitch.

    Attributes
    ----------
    has_percussion : bool
        Whether a note was not moved because it is of percussion.
    has_kept_text : bool
        Whether the text of a note was kept, because it names an instrument. In the new key, the
        parser may read it with another accidental.
    """

    def __init__(self, movement: Movement) -> None:
        self.semitones, self.fifths_of_keys = movement
        self.has_percussion = self.has_kept_text = False
        self.old, self.new = FieldReader(), FieldReader()
        self.fifths: dict[int, int] = {}  # by old voice
        self.first_fifths = 0  # of the key that ends the header
        self.in_grace = False
        self.chord: list[tuple[Pitch, Pitch, bool]] | None = None
        self.overlaid = False
        self.drum_map = False

    @property
    def shifts(self) -> set[int] | None:
        """By how many semitones notes were moved; None if the text of a note was kept."""
        if self.has_kept_text:
            return None
        return {self.semitones, 0} if self.has_percussion else {self.semitones}

    def move(self, text: str) -> str:
        """Return the transposed text of the tune."""
        if self.semitones == 0 and not self.fifths_of_keys:
            return text
        starts = [0, *(found.end() for found in LINE_END.finditer(text))]
        pieces, done = [], 0
        for token in tokens(text):
            old, start = token.text, starts[token.line - 1] + token.column - 1
            new = self._token(token)
            if token.kind == "field":  # its token is stripped of the spaces around the value
                old, new, start = old[2:], new[2:], start + 2
            if old != new:
                start = text.index(old, start)
                pieces += [text[done:start], new]
                done = start + len(old)
        return "".join([*pieces, text[done:]])

    def _token(self, token: Token) -> str:
        """Return the new text of a token, and update the state for the next one."""
        kind, text = token.kind, token.text
        if kind in ("field", "inline", "directive"):
            return self._field(token)
        if not self.old.voices:
            return text
        if kind == "note":
            return self._note(token)
        if kind == "quoted":
            return f'"{self._move_chords(text[1:-1])}"'
        if kind in ("grace", "grace_end"):
            self.in_grace = kind == "grace"
        elif kind in ("chord", "chord_end"):
            if kind == "chord_end" and self.chord:
                self._add(self.chord)
            self.chord = [] if kind == "chord" else None
        elif kind == "tie":
            self._tie()
        elif kind == "overlay":
            self.overlaid = True
        elif kind == "bar":
            self.in_grace, self.chord, self.overlaid = False, None, False
            self._bar_line()
        elif kind in ("rest", "bar_rest"):
            self._rest(token)
        return text

    # Fields ------------------------------------------------------------------------------------

    def _field(self, token: Token) -> str:
        """Transpose a field; both readers keep the state of their voices."""
        old = token.text
        start, end = (0, len(old)) if token.kind != "inline" else (1, len(old) - 1)
        letter, colon, value = old[start:end].partition(":")
        self.drum_map = self.drum_map or bool(_DRUM_MAP.search(old))
        if token.kind == "directive":
            new = old
        else:
            new = old[:start] + letter + colon + self._value(token, letter, value) + old[end:]
        for reader, text in ((self.old, old), (self.new, new)):
            getattr(reader, f"_on_{token.kind}")(token._replace(text=text))
        return new

    def _value(self, token: Token, letter: str, value: str) -> str:
        if letter == "m" and _is_macro_with_notes(value):
            message = f"the macro m:{value} has notes and cannot be transposed"
            raise ABCError(message, token.line, token.column)
        if letter == "s" and self.old.voices:
            return re.sub(r'"([^"]*)"', lambda found: f'"{self._move_chords(found[1])}"', value)
        if letter != "K":
            return value
        spaces = value[: len(value) - len(value.lstrip())]
        moved, fifths = move_key(value.lstrip(), self.semitones, self.fifths_of_keys)
        field = parse_key_field(value)
        if not self.old.voices:
            self.first_fifths = fifths
        elif field.key:
            self.fifths[id(self.old.voice)] = fifths
        return value if self._is_of_percussion(field.voice.properties) else spaces + moved

    def _is_of_percussion(self, properties: Properties) -> bool:
        """Whether a field K: with these properties is only for percussion."""
        if self.old.voices:
            return self.old.voice.properties.updated(properties).percussion
        return self.old.defaults.updated(properties).percussion and not self.old.declared

    def _move_chords(self, symbol: str) -> str:
        fifths = self.fifths.get(id(self.old.voice), self.first_fifths)
        return move_chords(symbol, fifths)

    # Music -------------------------------------------------------------------------------------

    def _note(self, token: Token) -> str:
        found = NOTE.match(token.text)
        if found is None:  # cannot happen: the lexer used the same expression
            return token.text
        accidental, letter, marks, length = found.groups(default="")
        properties = self.old.voice.properties
        old = pitch_of(self.old.voice, accidental, letter, marks)
        if not 0 <= old.midi + properties.sounding_semitones <= 127:
            raise ABCError(
                f"{token.text} is outside the MIDI range, so it cannot be transposed",
                token.line,
                token.column,
            )
        new = self._moved(old, token)
        if properties.percussion and self.drum_map:  # the written note names an instrument
            self.has_kept_text = True
            self._add_note(old, new)
            return token.text
        if accidental or self.new.voice.alter(new.step, new.octave, None) != new.alter:
            self.new.voice.alter(new.step, new.octave, new.alter)
            accidental = ACCIDENTALS[new.alter]
        self._add_note(old, new)
        written = new._replace(octave=new.octave - properties.sounding_octaves)
        return accidental + write_letter(written) + length

    def _moved(self, pitch: Pitch, token: Token) -> Pitch:
        voice = self.old.voice
        if voice.properties.percussion:
            self.has_percussion = True
            return pitch
        fifths = self.fifths.get(id(voice), self.first_fifths)
        moved = move_pitch(pitch, fifths, self.semitones)
        if not 0 <= moved.midi + voice.properties.sounding_semitones <= 127:
            raise ABCError(
                f"{token.text} moved by {self.semitones} semitones is outside the MIDI range",
                token.line,
                token.column,
            )
        return moved

    def _add_note(self, old: Pitch, new: Pitch) -> None:
        if self.in_grace:
            return
        if self.chord is not None:
            self.chord.append((old, new, False))
        else:
            self._add([(old, new, False)])

    def _add(self, notes: list[tuple[Pitch, Pitch, bool]]) -> None:
        """Add a note, a chord or, without notes, a rest; ties apply to the next event only."""
        if self.overlaid:  # the parser ignores overlays, except for their accidentals
            return
        tied = tuple(note[2] for note in notes)
        for reader, side in ((self.old, 0), (self.new, 1)):
            pitches = tuple(note[:2][side] for note in notes)
            # Lengths do not matter here.
            reader.voice.add(Event(0, 0, Fraction(0), Fraction(1), pitches, tied))
            if any(tied):
                reader.voice.remember_ties()

    def _bar_line(self) -> None:
        """End the bar, and with it the accidentals in force."""
        self.old.voice.bar_line("|")
        self.new.voice.bar_line("|")

    def _rest(self, token: Token) -> None:
        if token.kind == "rest" and (self.in_grace or self.chord is not None):
            return
        digits = token.text[1:] if token.kind == "bar_rest" else ""
        bars = int(digits.lstrip("0")[:2] or 0) if digits else 1
        if bars > 1:
            self._bar_line()
        if bars:
            self._add([])

    def _tie(self) -> None:
        if self.in_grace:
            return
        if self.chord is None:
            self.old.voice.tie()
            self.new.voice.tie()
        elif self.chord:
            self.chord[-1] = (*self.chord[-1][:2], True)


def _is_macro_with_notes(text: str) -> bool:
    """Whether a macro (section 9) has notes; ``n`` in its target means any note."""
    target, _, music = re.sub(r'![^!]*!|"[^"]*"', "", text).partition("=")
    return "n" not in target and bool(re.search("[A-Ga-g]", music))
