"""Fields that change the music: key, meter, unit note length, tempo (section 3.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

# Longer numbers have no musical meaning, and very long ones take time to convert.
_NUMBER = r"\d{1,4}"

# Fifths above C, which is also the number of sharps in the key signature.
_FIFTHS = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5}
_MODES = {
    "maj": 0, "ion": 0, "mix": -1, "dor": -2, "m": -3, "min": -3, "aeo": -3,
    "phr": -4, "loc": -5, "lyd": 1,
}  # fmt: skip
_SHARPS = "FCGDAEB"

_KEY = re.compile(
    r"(?P<tonic>[A-Ga-g])(?P<sign>[#b♯♭]?)\s*"
    r"(?:(?P<mode>(?i:maj|ion|mix|dor|min|aeo|phr|loc|lyd|m(?![a-z])))[A-Za-z]*)?(?![A-Za-z])"
)
_LOOSE_KEY = re.compile(r"(?P<tonic>[A-G])(?P<sign>[#b♯♭]?)(?P<mode>(?!))?[A-Za-z]*")
_KEY_ACCIDENTAL = re.compile(r"(\^\^|\^|__|_|=)([A-Ga-g])")
_METER = re.compile(rf"\(?\s*({_NUMBER}(?:\s*\+\s*{_NUMBER})*)\s*\)?\s*/\s*({_NUMBER})\s*$")
_UNIT = re.compile(rf"({_NUMBER})\s*/\s*({_NUMBER})$|({_NUMBER})$")
_TEMPO_BEATS = re.compile(rf"((?:{_NUMBER}/{_NUMBER}\s*)+)=\s*({_NUMBER})")
_TEMPO_UNITS = re.compile(rf"(?:[A-Ca-c]({_NUMBER})?\s*=\s*)?({_NUMBER})$")
_SIGNS = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}


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
        order, sign = (_SHARPS, 1) if self.fifths > 0 else (_SHARPS[::-1], -1)
        altered: dict[str, int] = {}
        for index in range(abs(self.fifths)):  # above seven, as in G# major, they double
            letter = order[index % 7]
            altered[letter] = altered.get(letter, 0) + sign
        return {**altered, **dict(self.changes)}


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
    per_minute: int | None = None

    @property
    def whole_notes_per_minute(self) -> Fraction | None:
        """The tempo in whole notes per minute; None if given as text."""
        if self.beat is None or self.per_minute is None:
            return None
        return self.beat * self.per_minute


def parse_key(text: str) -> Key | None:
    """Parse the value of a ``K:`` field; None if it names no key (as ``K: clef=bass``).

    A mode is recognized by its first three letters in any case. Accidentals are added to
    those of the mode; after ``exp`` they are the only ones.
    """
    text = text.strip()
    if text.startswith(("HP", "Hp")):  # Highland pipes: F and C sharp
        return Key("HP", 2)
    if not text or text.lower().startswith("none"):
        return Key("none", 0)
    # With an unknown mode, as in K:Bn, the key is the major key of the tonic.
    found = _KEY.match(text) or _LOOSE_KEY.match(text)
    if text.split()[0].lower() == "exp":
        return Key("exp", 0, _accidentals(text))
    if not found:
        changes = _accidentals(text)
        return Key("none", 0, changes) if changes else None
    tonic = found["tonic"].upper()
    sign = {"#": 1, "♯": 1, "b": -1, "♭": -1}.get(found["sign"], 0)
    mode = (found["mode"] or "maj").lower()
    rest = text[found.end() :]
    explicit = bool(re.match(r"\s*exp\b", rest, re.IGNORECASE))
    fifths = 0 if explicit else _FIFTHS[tonic] + 7 * sign + _MODES[mode]
    name = f"{tonic}{'#' * (sign > 0)}{'b' * (sign < 0)} {mode}"
    return Key(name, fifths, _accidentals(rest))


def _accidentals(text: str) -> tuple[tuple[str, int], ...]:
    words = [word for word in text.split() if word[0] in "^_="]  # not those of "clef=bass"
    found = [pair for word in words for pair in _KEY_ACCIDENTAL.findall(word)]
    return tuple((step.upper(), _SIGNS[sign]) for sign, step in found)


def parse_meter(text: str) -> Meter | None:
    """Parse the value of an ``M:`` field; None if it is not a meter."""
    text = text.strip()
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
    if not 0 < sum(beats_of) <= 128 or unit not in (1, 2, 4, 8, 16, 32, 64):
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
        Such as ``1/4=120``, or ``120`` in the old notation.
    unit : Fraction
        Unit note length in whole notes: the beat of the old notation.

    Returns
    -------
    Tempo
        Without beat and number if the text gives none, or values out of range.
    """
    value = re.sub(r'"[^"]*"', " ", text).strip()
    found = _TEMPO_BEATS.search(value)
    if found:
        beats = [Fraction(*map(int, b.split("/"))) for b in found[1].split() if _has_denominator(b)]
        beat, per_minute = sum(beats, Fraction(0)), int(found[2])
    else:
        old = _TEMPO_UNITS.match(value)
        if not old:
            return Tempo(text.strip())
        beat, per_minute = unit * int(old[1] or 1), int(old[2])
    if not 0 < beat <= 8 or not 0 < per_minute <= 1000:
        return Tempo(text.strip())
    return Tempo(text.strip(), beat, per_minute)


def _has_denominator(fraction: str) -> bool:
    return int(fraction.split("/")[1]) > 0
