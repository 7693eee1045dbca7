"""Transposition of a tune, keeping its layout (sections 3.1.14, 4.1, 4.2 and 4.18).

Intervals are counted in fifths. On the line of fifths, ``F`` is at -1, ``C`` at 0 and ``G`` at
1; a sharp adds 7. Notes, tonic and chords all move by the same number of fifths, which keeps
their relation to the key: a raised seventh stays one, and no note needs a new accidental.
"""

from __future__ import annotations

import re
from fractions import Fraction

from abcrnn.notation.errors import ABCError
from abcrnn.notation.field_reader import FieldReader
from abcrnn.notation.fields import Key, parse_key_field
from abcrnn.notation.lexer import NOTE, Token, tokens
from abcrnn.notation.lines import LINE_END
from abcrnn.notation.tune import Event, Pitch
from abcrnn.notation.voices import pitch_of

_LINE = "FCGDAEB"  # the line of fifths, from -1
_ACCIDENTALS = {2: "^^", 1: "^", 0: "=", -1: "_", -2: "__"}
_SIGNS = {sign: alter for alter, sign in _ACCIDENTALS.items()}
_ALTERS = {"": 0, "#": 1, "♯": 1, "+": 1, "b": -1, "♭": -1}

_KEY = re.compile(
    r"([A-Ga-g])([#b♯♭]?)(\s*(?i:flat|sharp)(?![A-Za-z])|)(\s*[A-Za-z]*)(.*)", re.DOTALL
)
_EXPLICIT = re.compile(r"\bexp\b", re.IGNORECASE)
_KEY_ACCIDENTAL = re.compile(r"(\^\^|\^|__|_|=)([A-Ga-g])")
_KEY_ACCIDENTALS = re.compile(rf"(?<!\S)(?:{_KEY_ACCIDENTAL.pattern})+(?!\S)")
_NO_TONIC = ("none", "HP", "exp")

# What may follow the root of a chord symbol. Strict, because tunebooks have words such as
# "Coda", "Fine" and "D.C." instead of chords. Possessive, so that it never backtracks.
_KIND = r"""(?:maj|min|mi(?=\d)|ma(?=\d)|m|M|dim|aug|sus|add|omit|no|alt|d(?![a-z])|o|°|º|ø|Δ
    |\+|-|/9|[#b♯♭]?\d{1,2}|\((?:[#b♯♭+-]?|maj|add|sus|omit|no)\d{1,2}\))*+"""
_CHORD = rf"([A-G])([#b♯♭]?)({_KIND})(?:/([A-Ga-g])([#b♯♭+]?))?"
_ONE_CHORD = re.compile(_CHORD, re.VERBOSE)
_CHORD_SYMBOL = re.compile(rf"\(?{_CHORD}(?:[\s(),;|]+{_CHORD})*[\s)]*", re.VERBOSE)
_ALTERED = re.compile(r"[#b♯♭]\d{1,2}")

_DRUM_MAP = re.compile(r"\bMIDI\s*=?\s*drummap\b", re.IGNORECASE)


def transpose(text: str, semitones: int) -> str:
    r"""Transpose a tune.

    Notes, keys (``K:``, ``[K:...]``) and chord symbols change; all other text stays the same.
    The new key is the one with the fewest sharps or flats; of six sharps and six flats, it is
    sharps when moving up and flats when moving down. A note with an accidental keeps one,
    possibly another. A field without tonic (``K:none``, ``K:HP``) stays the same, and notes get
    the accidentals they need. Percussion voices (``clef=perc``) keep their pitches.

    Parameters
    ----------
    text : str
        One tune, from its ``X:`` line on. Invalid or unsupported notation and music above
        the ``K:`` stay the same.
    semitones : int
        Semitones to move up, or down if negative.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If ``semitones`` is not an int.
    ABCError
        If a note would be outside the MIDI range, 0 to 127, or if the tune has macros with notes,
        such as ``m:~G2=GAG``, which would have another meaning afterwards.

    Examples
    --------
    >>> print(transpose('X:1\nK:Am\n"E7"E^GB|', 3))
    X:1
    K:Cm
    "G7"G=Bd|
    """
    if not isinstance(semitones, int) or isinstance(semitones, bool):
        raise ValueError(f"semitones must be a whole number such as 2 or -3, not {semitones!r}")
    if semitones == 0:
        return text
    starts = [0, *(found.end() for found in LINE_END.finditer(text))]
    mover = _Mover(semitones)
    pieces, done = [], 0
    for token in tokens(text):
        old, new, start = (
            token.text,
            mover.transpose(token),
            starts[token.line - 1] + token.column - 1,
        )
        if token.kind == "field":  # its token is stripped of the spaces around the value
            old, new, start = old[2:], new[2:], start + 2
        if old != new:
            start = text.index(old, start)
            pieces += [text[done:start], new]
            done = start + len(old)
    return "".join([*pieces, text[done:]])


# On the line of fifths ---------------------------------------------------------------------


def _fifths_of(step: str, alter: int) -> int:
    """Return the position of an altered letter on the line of fifths."""
    return _LINE.index(step.upper()) - 1 + 7 * alter


def _name(position: int, most: int) -> tuple[str, int]:
    """Return letter and alteration at a position; respelled if it has more than ``most`` signs."""
    while (position + 1) // 7 > most:
        position -= 12
    while (position + 1) // 7 < -most:
        position += 12
    return _LINE[(position + 1) % 7], (position + 1) // 7


def _interval(key: Key, tonic: int | None, semitones: int) -> int:
    """Return the fifths to move by, so that the new key has the fewest accidentals."""
    if semitones % 12 == 0:
        return 0
    first = 7 * semitones % 12
    choices = range(first - 36, first + 37, 12)  # the same pitch, spelled differently
    # The tonic must be one that K: can have: Fb to B#.
    allowed = [n for n in choices if tonic is None or -8 <= tonic + n <= 12]
    signature = sum(key.alters().values())  # grows by one with every fifth, in any mode
    return min(allowed, key=lambda n: (abs(signature + n), -n if semitones > 0 else n))


def _move_pitch(pitch: Pitch, fifths: int, semitones: int) -> Pitch:
    """Move a pitch; it is respelled where ABC would need more than double accidentals."""
    step, alter = _name(_fifths_of(pitch.step, pitch.alter) + fifths, most=2)
    octaves = pitch.midi + semitones - Pitch(step, alter, -1).midi
    return Pitch(step, alter, octaves // 12 - 1)


def _write_letter(pitch: Pitch) -> str:
    """Return a letter with its octave marks (section 4.1)."""
    if pitch.octave >= 5:
        return pitch.step.lower() + "'" * (pitch.octave - 5)
    return pitch.step + "," * (4 - pitch.octave)


def _move_name(letter: str, sign: str, fifths: int) -> str:
    """Move the name of a tonic, root or bass, keeping its case and its kind of signs."""
    step, alter = _name(_fifths_of(letter, _ALTERS[sign]) + fifths, most=1)
    sharp = sign if sign in ("♯", "+") else "♯" if sign == "♭" else "#"
    flat = "♭" if sign in ("♯", "♭") else "b"
    return (step if letter.isupper() else step.lower()) + ("", sharp, flat)[alter]


# Keys (section 3.1.14) ---------------------------------------------------------------------


def _move_key(value: str, semitones: int) -> tuple[str, int]:
    """Return the moved value of a ``K:`` field and the fifths it moved by."""
    key = parse_key_field(value).key or Key("none", 0)
    found = _KEY.match(value)
    if found is None or key.name in _NO_TONIC:
        return value, _interval(key, None, semitones)
    letter, sign, word, mode, rest = found.groups()
    sign = sign or {"sharp": "#", "flat": "b"}.get(word.strip().lower(), "")
    fifths = _interval(key, _fifths_of(letter, _ALTERS[sign]), semitones)
    tonic = _move_name(letter, sign, fifths)
    if _EXPLICIT.search(mode + rest):
        return tonic + _move_explicit(mode + rest, key, fifths), fifths

    def move(accidental: re.Match[str]) -> str:
        position = _fifths_of(accidental[2], _SIGNS[accidental[1]])
        step, alter = _name(position + fifths, most=2)
        return _ACCIDENTALS[alter] + (step if accidental[2].isupper() else step.lower())

    moved = _KEY_ACCIDENTALS.sub(lambda signs: _KEY_ACCIDENTAL.sub(move, signs[0]), f"{rest}")
    return tonic + mode + moved, fifths


def _move_explicit(text: str, key: Key, fifths: int) -> str:
    """Move ``exp`` and its accidentals; letters that were natural may need one afterwards."""
    alters = {**dict(key.changes), **dict.fromkeys(_LINE, 0), **key.alters()}
    moved = [_name(_fifths_of(step, alter) + fifths, most=2) for step, alter in alters.items()]
    written = "".join(f" {_ACCIDENTALS[alter]}{step.lower()}" for step, alter in moved if alter)
    before, word, after = text.partition(_EXPLICIT.findall(text)[0])
    return before + word + written + re.sub(rf"\s*{_KEY_ACCIDENTALS.pattern}", "", after)


# Chord symbols (section 4.18) --------------------------------------------------------------


def _move_chords(symbol: str, fifths: int) -> str:
    """Move a chord symbol, also with alternatives as in ``G(Em)``; other text stays the same."""

    def move(chord: re.Match[str]) -> str:
        root, kind = _move_name(chord[1], chord[2], fifths), chord[3]
        if len(root) == 1:  # "Ebb9" moved must not become "Eb9"
            kind = re.sub(rf"^{_ALTERED.pattern}", lambda sign: f"({sign[0]})", kind)
        bass = f"/{_move_name(chord[4], chord[5], fifths)}" if chord[4] else ""
        return root + kind + bass

    return _ONE_CHORD.sub(move, symbol) if _CHORD_SYMBOL.fullmatch(symbol) else symbol


# Notes (section 4.2) -----------------------------------------------------------------------


class _Mover:
    """Process the tokens of a tune as the parser does and transpose each.

    The state of the new voice is what the parser will have after the new text, so a note gets
    an accidental exactly where it would otherwise have another pitch.
    """

    def __init__(self, semitones: int) -> None:
        self.semitones = semitones
        self.old, self.new = FieldReader(), FieldReader()
        self.fifths: dict[int, int] = {}  # by old voice
        self.first_fifths = 0  # of the key that ends the header
        self.in_grace = False
        self.chord: list[tuple[Pitch, Pitch, bool]] | None = None
        self.overlaid = False
        self.drum_map = False

    def transpose(self, token: Token) -> str:
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
        if letter != "K" or self._is_of_percussion(value):
            return value
        spaces = value[: len(value) - len(value.lstrip())]
        moved, fifths = _move_key(value.lstrip(), self.semitones)
        if not self.old.voices:
            self.first_fifths = fifths
        elif parse_key_field(value).key:
            self.fifths[id(self.old.voice)] = fifths
        return spaces + moved

    def _is_of_percussion(self, value: str) -> bool:
        """Whether a field K: is only for percussion, whose notes stay the same."""
        if self.old.voices:
            return self.old.voice.properties.percussion
        properties = self.old.defaults.updated(parse_key_field(value).voice.properties)
        return properties.percussion and not self.old.declared

    def _move_chords(self, symbol: str) -> str:
        fifths = self.fifths.get(id(self.old.voice), self.first_fifths)
        return _move_chords(symbol, fifths)

    # Music -------------------------------------------------------------------------------------

    def _note(self, token: Token) -> str:
        found = NOTE.match(token.text)
        if found is None:  # cannot happen: the lexer used the same expression
            return token.text
        accidental, letter, marks, length = found.groups(default="")
        properties = self.old.voice.properties
        old = pitch_of(self.old.voice, accidental, letter, marks)
        if not 0 <= old.midi + properties.sounding_semitones <= 127:
            # Invalid: the parser puts it into octave 4.
            same = pitch_of(self.new.voice, accidental, letter, marks)
            self._add_note(old._replace(octave=4), same._replace(octave=4))
            return token.text
        new = self._moved(old, token)
        if properties.percussion and self.drum_map:  # the written note stands for an instrument
            self._add_note(old, new)
            return token.text
        if accidental or self.new.voice.alter(new.step, new.octave, None) != new.alter:
            self.new.voice.alter(new.step, new.octave, new.alter)
            accidental = _ACCIDENTALS[new.alter]
        self._add_note(old, new)
        written = new._replace(octave=new.octave - properties.sounding_octaves)
        return accidental + _write_letter(written) + length

    def _moved(self, pitch: Pitch, token: Token) -> Pitch:
        voice = self.old.voice
        if voice.properties.percussion:
            return pitch
        fifths = self.fifths.get(id(voice), self.first_fifths)
        moved = _move_pitch(pitch, fifths, self.semitones)
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
    """Whether a macro (section 9) has notes; ``n`` in its target stands for any note."""
    target, _, music = re.sub(r'![^!]*!|"[^"]*"', "", text).partition("=")
    return "n" not in target and bool(re.search("[A-Ga-g]", music))
