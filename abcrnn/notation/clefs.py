"""Clefs and the properties of voices in the fields ``K:`` and ``V:`` (sections 4.6 and 7.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

_STEPS = "CDEFGAB"
_MOST_OCTAVES = 4
#: Largest transposition: one of a note in octave 4 stays in the MIDI range.
MOST_SEMITONES = 48

# Sign and line by name. Section 4.6 has the first six; the others are names of older standards.
_CLEFS = {
    "treble": ("G", 2), "alto": ("C", 3), "tenor": ("C", 4), "bass": ("F", 4),
    "perc": ("percussion", 3), "none": ("none", 3),
    "soprano": ("C", 1), "mezzosoprano": ("C", 2), "baritone": ("F", 3),
    "g": ("G", 2), "c": ("C", 3), "f": ("F", 4), "p": ("percussion", 3),
}  # fmt: skip
# Diatonic steps above C0 of the note on the clef's own line.
_LINE_NOTES = {"G": 4 * 7 + 4, "C": 4 * 7, "F": 3 * 7 + 3}
_BARE_NAMES = "treble|alto|tenor|bass|perc|soprano|mezzosoprano|baritone"

_CLEF = re.compile(rf"({_BARE_NAMES}|none|g|c|f|p)([1-5]?)([+-](?:8|15))?", re.IGNORECASE)
_BARE_CLEF = re.compile(rf"(?:{_BARE_NAMES})[1-5]?(?:[+-](?:8|15))?", re.IGNORECASE)
_UNKNOWN_CLEF = re.compile(rf"(?:{_BARE_NAMES})[\d_^+-]\S*", re.IGNORECASE)
_ANY_CLEF = re.compile(rf"(?<!\S)(?:{_BARE_NAMES})(?:[\d_^+-]\S*)?(?!\S)", re.IGNORECASE)
_PITCH = re.compile(r"([A-Ga-g])([,']{0,9})")
# Spaces around "=" only with a long name, because "K:D =c" has an accidental.
_PROPERTY = re.compile(
    r"""(?<!\S)(?:(clef|middle|transpose|octave|name|subname)\s*=\s*|([A-Za-z][\w-]*)=)
    ("[^"]*"?|[^\s"]+)""",
    re.IGNORECASE | re.VERBOSE,
)
_ACCIDENTALS = re.compile(r"[A-Ga-g](?:[_=^].*)?")  # after "=", as in "K:Dmix=c"
_WHOLE_NUMBER = re.compile(r"[+-]?\d{1,3}")


@dataclass(frozen=True)
class Clef:
    """A clef (section 4.6).

    Parameters
    ----------
    name : str
        As written, such as ``treble-8``.
    sign : {"G", "C", "F", "percussion", "none"}
    line : int
        Line of the staff from the bottom, from 1.
    octave_change : int
        Octaves that the notes sound higher, -1 for ``treble-8``.
    display_octaves : int
        Octaves that ``middle=`` shows the notes higher than they sound; -2 for
        ``bass middle=d``. It does not change the sound.
    """

    name: str
    sign: str
    line: int
    octave_change: int = 0
    display_octaves: int = 0


@dataclass(frozen=True)
class Properties:
    """Properties of a voice; None for those that a field does not set.

    Parameters
    ----------
    clef : Clef, optional
    middle : int, optional
        The note on the third line of the staff (``middle=``), in letters above ``C`` of octave 0.
    octave : int, optional
        Octaves that the notes sound and are shown higher (``octave=``).
    transpose : int, optional
        Semitones that the notes sound higher than they are shown (``transpose=``).
    midi_transpose : int, optional
        Semitones that they sound higher in addition (``%%MIDI transpose``).
    program : int, optional
        General MIDI program, 0 to 127 (``%%MIDI program``).
    percussion_channel : bool, optional
        Whether the MIDI channel is that of percussion (``%%MIDI channel 10``).
    full_name, short_name : str, optional
        The names before the first and the other lines of the score (``name=``, ``snm=``).
    """

    clef: Clef | None = None
    middle: int | None = None
    octave: int | None = None
    transpose: int | None = None
    midi_transpose: int | None = None
    program: int | None = None
    percussion_channel: bool | None = None
    full_name: str | None = None
    short_name: str | None = None

    def updated(self, newer: Properties) -> Properties:
        """Return these properties with those that ``newer`` sets."""
        values = {item.name: getattr(newer, item.name) for item in fields(newer)}
        changed = {name: value for name, value in values.items() if value is not None}
        if newer.clef:  # middle= belongs to the clef it is given with
            changed["middle"] = newer.middle
        return replace(self, **changed)

    @property
    def shown_clef(self) -> Clef | None:
        """The clef, on the line and in the octave that ``middle=`` gives."""
        if self.middle is None:
            return self.clef
        return _with_middle(self.clef or Clef("treble", "G", 2), self.middle)

    @property
    def percussion(self) -> bool:
        """Whether notes are percussion instruments, which are not transposed."""
        return bool(self.percussion_channel or (self.clef and self.clef.sign == "percussion"))

    @property
    def sounding_octaves(self) -> int:
        """Octaves that notes sound higher than they are written."""
        return (self.octave or 0) + (self.clef.octave_change if self.clef else 0)

    @property
    def sounding_semitones(self) -> int:
        """Semitones that playback adds, at most 48."""
        semitones = (self.transpose or 0) + (self.midi_transpose or 0)
        return max(-MOST_SEMITONES, min(semitones, MOST_SEMITONES))


class ParsedProperties(NamedTuple):
    """The properties in a field, the text that is none, and the properties not supported."""

    properties: Properties
    rest: str
    unsupported: tuple[str, ...]


_NAMES = {
    "clef": "clef",
    "m": "middle", "middle": "middle",
    "t": "transpose", "transpose": "transpose",
    "octave": "octave",
    "name": "full_name", "nm": "full_name",
    "snm": "short_name", "sname": "short_name", "subname": "short_name",
}  # fmt: skip

_NOTE_VALUES = ("score", "sound", "shift")  # not supported; their values are notes


def parse_properties(text: str) -> ParsedProperties:
    """Parse the properties in the value of ``K:`` or ``V:``, in any order.

    Parameters
    ----------
    text : str
        Such as ``bass middle=d transpose=-24 name="Basso I"``.

    Returns
    -------
    ParsedProperties
    """
    found: dict[str, str] = {}
    unsupported = []

    def take(match: re.Match[str]) -> str:
        if _is_accidental(match):
            return match[0]
        name = _NAMES.get((match[1] or match[2]).lower())
        if name:
            found[name] = match[3].strip('"')
        else:
            unsupported.append(match[0])
        return " "

    words = _PROPERTY.sub(take, text).split()
    bare = [word for word in words if _BARE_CLEF.fullmatch(word)]
    unknown = [w for w in words if _UNKNOWN_CLEF.fullmatch(w) and not _BARE_CLEF.fullmatch(w)]
    if bare:
        found.setdefault("clef", bare[-1])
    properties, wrong = _interpreted(found)
    clefs = {*bare, *unknown}
    rest = " ".join(word for word in words if word not in clefs)
    return ParsedProperties(properties, rest, (*unsupported, *unknown, *wrong))


def mask_properties(text: str) -> str:
    """Return the value of a field ``K:`` with spaces in place of clef and other properties."""

    def spaces(match: re.Match[str]) -> str:
        return match[0] if _is_accidental(match) else " " * len(match[0])

    masked = _PROPERTY.sub(spaces, text)
    return _ANY_CLEF.sub(lambda word: " " * len(word[0]), masked)


def _is_accidental(match: re.Match[str]) -> bool:
    """Whether a property is a key with an accidental, as in ``K:Dmix=c``."""
    written = (match[1] or match[2]).lower()
    is_known = written in _NAMES or written in _NOTE_VALUES
    return not is_known and bool(_ACCIDENTALS.fullmatch(match[3]))


def _interpreted(found: dict[str, str]) -> tuple[Properties, list[str]]:
    """Return the properties, and those whose values are not valid."""
    properties = Properties(
        clef=_parse_clef(found.get("clef", "")),
        middle=_parse_pitch(found.get("middle", "")),
        octave=_parse_number(found.get("octave", ""), _MOST_OCTAVES),
        transpose=_parse_number(found.get("transpose", ""), MOST_SEMITONES),
        full_name=found.get("full_name"),
        short_name=found.get("short_name"),
    )
    wrong = [
        f"{name}={value}" for name, value in found.items() if getattr(properties, name) is None
    ]
    return properties, wrong


def parse_integer(text: str) -> int | None:
    """Parse a whole number of at most three digits, with or without a sign; None for others."""
    return int(text) if _WHOLE_NUMBER.fullmatch(text) else None


def _parse_clef(text: str) -> Clef | None:
    found = _CLEF.fullmatch(text)
    if not found:
        return None
    sign, line = _CLEFS[found[1].lower()]
    octave_change = {None: 0, "8": 1, "15": 2}[found[3][1:] if found[3] else None]
    if found[3] and found[3][0] == "-":
        octave_change = -octave_change
    return Clef(text, sign, int(found[2] or line), octave_change)


def _parse_number(text: str, most: int) -> int | None:
    number = parse_integer(text)
    return number if number is not None and abs(number) <= most else None


def _parse_pitch(text: str) -> int | None:
    """Return the diatonic steps of a pitch above C0; None if it is not a pitch."""
    found = _PITCH.fullmatch(text)
    if not found:
        return None
    octave = 4 + found[1].islower() + found[2].count("'") - found[2].count(",")
    return 7 * octave + _STEPS.index(found[1].upper())


def _with_middle(clef: Clef, middle: int) -> Clef:
    """Return the clef on the line that puts ``middle`` on the third line, up to octaves."""
    if clef.sign not in _LINE_NOTES:
        return clef

    def distance(line: int) -> int:
        return middle - (_LINE_NOTES[clef.sign] + 2 * (3 - line))

    # Two steps for each line, so an octave higher may need another line.
    lines = [line for line in range(1, 6) if distance(line) % 7 == 0]
    line = min(lines, key=lambda line: abs(line - clef.line)) if lines else clef.line
    return replace(clef, line=line, display_octaves=-round(distance(line) / 7))
