"""Fields that change the music: key, meter, unit note length, tempo (section 3.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from abcrnn.notation.clefs import ParsedProperties, parse_properties

# Longer numbers have no musical meaning, and very long ones take time to convert.
_NUMBER = r"\d{1,4}"

#: Letters on the line of fifths, from -1: the order of sharps in a key signature.
LINE_OF_FIFTHS = "FCGDAEB"
#: Semitones of the signs of accidentals (section 4.2).
ACCIDENTALS = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}

# Fifths above C, which is also the number of sharps in the key signature.
_FIFTHS = {letter: index - 1 for index, letter in enumerate(LINE_OF_FIFTHS)}
_MODES = {
    "maj": 0, "ion": 0, "mix": -1, "dor": -2, "m": -3, "min": -3, "aeo": -3,
    "phr": -4, "loc": -5, "lyd": 1,
}  # fmt: skip
_LONGEST_SHOWN = 40  # characters of a value in a message
# Not in the standard, but what they mean is clear. They are read and reported.
_IRREGULAR_MODES = {"mi": "min", "-": "min", "moll": "min", "ma": "maj", "dur": "maj"}

_PIPES = re.compile(r"(?:HP|Hp)(?![A-Za-z])")  # Highland pipes: F and C sharp
_NO_KEY = re.compile(r"none(?![A-Za-z])", re.IGNORECASE)
_TONIC = re.compile(r"([A-Ga-g])([#b♯♭]?)(\s*(?i:flat|sharp)(?![A-Za-z])|)\s*(-|[A-Za-z]*)")
_EXPLICIT = re.compile(r"\s*exp(?![A-Za-z])", re.IGNORECASE)
_KEY_ACCIDENTAL = re.compile(r"(\^\^|\^|__|_|=)([A-Ga-g])")
_KEY_ACCIDENTALS = re.compile(rf"(?:{_KEY_ACCIDENTAL.pattern})+")
_METER = re.compile(rf"\(?\s*({_NUMBER}(?:\s*\+\s*{_NUMBER})*)\s*\)?\s*/\s*({_NUMBER})\s*$")
_UNIT = re.compile(rf"({_NUMBER})\s*/\s*({_NUMBER})$|({_NUMBER})$")

# Tempos (section 3.1.8). Words such as "ca." may precede the number, and "bpm" follow it.
_BEATS = rf"{_NUMBER}/{_NUMBER}(?:[\s+]{{1,4}}{_NUMBER}/{_NUMBER}){{0,15}}"
_PER_MINUTE = rf"({_NUMBER}(?:[.,]\d{{1,3}})?)(?![\d/])"
_TEMPO = re.compile(
    rf"(?<![\w/.,+-])({_BEATS}|[♩♪]\.?|1|[A-Ca-c]({_NUMBER})?)\s*=\s*"
    rf"(?:[^\W\d]{{1,20}}\.?\s*|~\s*){{0,2}}{_PER_MINUTE}"
)
_TEMPO_REVERSED = re.compile(rf"(?<![\d/.,]){_PER_MINUTE}\s*=\s*({_BEATS}|[♩♪]\.?)")
_TEMPO_UNITS = re.compile(rf"(?:(?:M\.?\s*M\.?|bpm)\s*=?\s*)?{_PER_MINUTE}(?:\s*bpm)?$", re.I)
_SECOND_TEMPO = re.compile(r"\d\s{0,4}[-\u2013]\s{0,4}\d")
_QUOTED = re.compile(r'"([^"]*)"')
_NOTE_SIGNS = {"♩": Fraction(1, 4), "♪": Fraction(1, 8)}


@dataclass(frozen=True)
class Key:
    """A key signature (section 3.1.14).

    Parameters
    ----------
    name : str
        Tonic and mode, such as ``D mix``; ``none`` without a tonic.
    fifths : int
        Number of sharps (positive) or flats (negative) of the key signature.
    changes : tuple of (str, int)
        Additional accidentals: letter and semitones.
    """

    name: str
    fifths: int
    changes: tuple[tuple[str, int], ...] = ()

    def alters(self) -> dict[str, int]:
        """Return the alteration in semitones of each letter that is not natural."""
        order, sign = (LINE_OF_FIFTHS, 1) if self.fifths > 0 else (LINE_OF_FIFTHS[::-1], -1)
        altered: dict[str, int] = {}
        for index in range(abs(self.fifths)):  # above seven, as in G# major, they double
            letter = order[index % 7]
            altered[letter] = altered.get(letter, 0) + sign
        return {**altered, **dict(self.changes)}

    @property
    def tonic(self) -> tuple[str, int] | None:
        """Letter of the tonic and its alteration in semitones; None for a key without tonic."""
        name, _, mode = self.name.partition(" ")
        return (name[0], {"#": 1, "b": -1}.get(name[1:], 0)) if mode else None


@dataclass(frozen=True)
class Meter:
    """A meter (section 3.1.6): its text, beats and beat unit; no beats for a free meter."""

    text: str
    beats: tuple[int, ...] = ()
    unit: int = 4

    @property
    def length(self) -> Fraction | None:
        """The length of a bar in whole notes; None for a free meter."""
        return Fraction(sum(self.beats), self.unit) if self.beats else None

    @property
    def compound(self) -> bool:
        """Whether beats are in groups of three, as in 6/8, 9/8 and 12/8 (section 4.13)."""
        return sum(self.beats) % 3 == 0 and sum(self.beats) > 3


@dataclass(frozen=True)
class Tempo:
    """A tempo (section 3.1.8): length of a beat, beats per minute; None if given as text."""

    text: str
    beat: Fraction | None = None
    per_minute: int | Fraction | None = None

    @property
    def words(self) -> str:
        """The words in quotation marks, such as ``Allegro``."""
        return " ".join(found.strip() for found in _QUOTED.findall(self.text))

    @property
    def unreadable(self) -> str:
        """What is not understood: the tempo, the second of two, or nothing."""
        unquoted = _QUOTED.sub("", self.text).strip()
        if self.beat is None:
            return "the tempo" if unquoted or not self.text else ""
        is_second = unquoted.count("=") > 1 or _SECOND_TEMPO.search(unquoted)
        return "the second tempo" if is_second else ""

    @property
    def whole_notes_per_minute(self) -> Fraction | None:
        """The tempo in whole notes per minute; None if given as text."""
        if self.beat is None or self.per_minute is None:
            return None
        return self.beat * self.per_minute


class KeyField(NamedTuple):
    """The value of a field ``K:``.

    Parameters
    ----------
    key : Key, optional
        None if the field gives no key, as in ``K:clef=bass`` or ``K:perc``.
    voice : ParsedProperties
        Clef and other properties of the voice.
    problem : str
        What is not a key; empty if all is understood.
    """

    key: Key | None
    voice: ParsedProperties
    problem: str = ""


def parse_key_field(text: str) -> KeyField:
    """Parse the value of a field ``K:``: key, accidentals, clef and properties of the voice.

    A mode is recognized by its first three letters in any case. Accidentals are added to
    those of the mode; after ``exp`` they are the only ones. What is not in the standard is
    read as far as its meaning is clear, and described in ``problem``.
    """
    voice = parse_properties(text)
    if not voice.rest:
        return KeyField(None if text.strip() else Key("none", 0), voice)
    name, fifths, rest, problem = _tonic_and_mode(voice.rest)
    explicit = _EXPLICIT.match(rest)
    if explicit:
        fifths, rest = 0, rest[explicit.end() :]
    accidentals: dict[str, int] = {}
    left = []
    for word in rest.split():
        if not _KEY_ACCIDENTALS.fullmatch(word):
            left.append(word)
            continue
        pairs = _KEY_ACCIDENTAL.findall(word)
        accidentals |= {step.upper(): ACCIDENTALS[sign] for sign, step in pairs}
    if not name and left:
        problem = f"K:{text[:_LONGEST_SHOWN]} is not a key; a key is, for example, K:D or K:Am"
        return KeyField(None, voice, problem)
    if left and not problem:
        problem = f"K:{text[:_LONGEST_SHOWN]}: {left[0][:_LONGEST_SHOWN]!r} is not part of a key"
    return KeyField(Key(name or "none", fifths, tuple(accidentals.items())), voice, problem)


def parse_key(text: str) -> Key | None:
    """Parse the value of a ``K:`` field; None if it names no key (as ``K:clef=bass``).

    None also for what :func:`parse_key_field` reports, such as an unknown mode.
    """
    field = parse_key_field(text)
    return None if field.problem else field.key


def _tonic_and_mode(text: str) -> tuple[str, int, str, str]:
    """Return a key's name, its fifths, the text after it, and what is wrong with it."""
    for name, fifths, pattern in (("HP", 2, _PIPES), ("none", 0, _NO_KEY), ("exp", 0, _EXPLICIT)):
        if found := pattern.match(text):
            # "exp" alone has no tonic; it stays in the text, where it is read as in "D exp".
            return name, fifths, text if name == "exp" else text[found.end() :], ""
    found = _TONIC.match(text)
    if not found:
        return "", 0, text, ""
    letter, sign, written_sign, mode = found.groups()
    alter = {"#": 1, "♯": 1, "b": -1, "♭": -1}.get(sign, 0)
    if written_sign:
        alter += 1 if written_sign.strip().lower() == "sharp" else -1
    tonic = f"{letter.upper()}{'#' * (alter > 0)}{'b' * (alter < 0)}"
    rest = text[found.end() :]
    if mode.lower() == "exp":
        mode, rest = "", f"exp{rest}"
    known = _mode(mode)
    irregular = _IRREGULAR_MODES.get(mode.lower())
    if known is None and irregular is None and letter.islower():
        return "", 0, text, ""  # a word
    used = known or irregular or "maj"
    problem, shown = "", text[:_LONGEST_SHOWN]
    if known is None:
        meant = {"min": "minor", "maj": "major"}[used]
        problem = (
            f"K:{shown}: {mode[:_LONGEST_SHOWN]!r} is not a mode; it is read as {tonic} {meant}"
        )
    elif written_sign:
        problem = f"K:{shown}: the tonic is written {tonic}, without a word"
    return f"{tonic} {used}", _FIFTHS[tonic[0]] + 7 * alter + _MODES[used], rest, problem


def _mode(text: str) -> str | None:
    """Return the mode by its first three letters, ``m`` or nothing; None if it is unknown."""
    mode = text.lower() or "maj"
    return mode if mode == "m" else next((m for m in _MODES if m != "m" and m == mode[:3]), None)


def parse_meter(text: str) -> Meter | None:
    """Parse the value of an ``M:`` field; None if it is not a meter."""
    text = " ".join(text.split())
    common = {"C": (4, 4), "c": (4, 4), "C|": (2, 2), "c|": (2, 2)}
    if text in common:
        beats, unit = common[text]
        return Meter(text, (beats,), unit)
    if not text or text.lower() == "none":
        return Meter("none")
    found = _METER.match(text)
    if not found:
        return None
    beats_of = tuple(int(number) for number in found[1].replace(" ", "").split("+"))
    unit = int(found[2])
    if 0 in beats_of or sum(beats_of) > 128 or unit not in (1, 2, 4, 8, 16, 32, 64):
        return None
    return Meter(text, beats_of, unit)


def parse_unit(text: str) -> Fraction | None:
    """Parse the value of an ``L:`` field; None if it is not a length of 1/512 to 1."""
    found = _UNIT.match(text.strip())
    if not found:
        return None
    top, bottom = int(found[1] or found[3]), int(found[2] or 1)
    unit = Fraction(top, bottom) if bottom else Fraction(0)
    return unit if Fraction(1, 512) <= unit <= 1 else None


def default_unit(meter: Meter) -> Fraction:
    """Return the unit note length of a tune without ``L:`` (section 3.1.7)."""
    short = meter.length is not None and meter.length < Fraction(3, 4)
    return Fraction(1, 16) if short else Fraction(1, 8)


def parse_tempo(text: str, unit: Fraction) -> Tempo:
    """Parse the value of a ``Q:`` field.

    Parameters
    ----------
    text : str
        Such as ``1/4=120``, or ``120`` and ``C3=120`` in the old notation. Common spellings
        outside the standard are read too: ``1/4=ca. 90``, ``118=1/4``, ``1/4=120 bpm``.
    unit : Fraction
        Unit note length in whole notes: the beat of the old notation.

    Returns
    -------
    Tempo
        Without beat and number if the text gives none, or values out of range.
    """
    text = text.strip()
    value = _QUOTED.sub(" ", text).strip()
    if found := _TEMPO.search(value):
        beat, number = _beat(found[1], found[2], unit), found[3]
    elif found := _TEMPO_REVERSED.search(value):
        beat, number = _beat(found[2], None, unit), found[1]
    elif found := _TEMPO_UNITS.match(value):
        beat, number = unit, found[1]
    else:
        return Tempo(text)
    exact = Fraction(number.replace(",", "."))
    if not 0 < beat <= 8 or not 0 < exact <= 1000:
        return Tempo(text)
    return Tempo(text, beat, int(exact) if exact.denominator == 1 else exact)


def _beat(text: str, units: str | None, unit: Fraction) -> Fraction:
    """Return the length of a beat: a sum of fractions, a sign, or unit note lengths."""
    if text[0] in _NOTE_SIGNS:
        return _NOTE_SIGNS[text[0]] * (Fraction(3, 2) if text.endswith(".") else 1)
    if text[0].isalpha():
        return unit * int(units or 1)
    fractions = (fraction.partition("/") for fraction in re.split(r"[\s+]+", text))
    return sum((_divided(top, bottom or "1") for top, _, bottom in fractions), Fraction(0))


def _divided(top: str, bottom: str) -> Fraction:
    return Fraction(int(top), int(bottom)) if int(bottom) else Fraction(0)
