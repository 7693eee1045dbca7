"""Qualities of chord symbols, such as ``m7b5``: the intervals above the root.

A quality is read from left to right, as musicians build it: a triad, a seventh or higher
extension, then alterations, added and omitted notes. So combinations that no list contains,
such as ``maj9#11no3``, are read too.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

# Semitones of a degree above the root, as in a major scale except for the minor seventh.
_SEMITONES = {2: 2, 4: 5, 5: 7, 6: 9, 7: 10, 8: 12, 9: 14, 10: 16, 11: 17, 13: 21}
_SHIFTS = {"": 0, "b": -1, "-": -1, "#": 1, "+": 1}
_NORMAL = str.maketrans({
    "♭": "b", "♯": "#", "♮": None, "∆": "Δ", "△": "Δ", "▵": "Δ", "º": "°", "˚": "°", "Ø": "ø",
    "⌀": "ø", "∅": "ø", "\N{MINUS SIGN}": "-", "\N{EN DASH}": "-", "—": "-",
    **dict.fromkeys(" \t,.()[]{}^"),
})  # fmt: skip
_DEGREE = "13|11|10|[2-9]"
_TOKEN = re.compile(
    rf"""(?P<sixth_ninth>6[/+-]?(?:add)?9)
    | (?P<major>(?i:major|maj|ma(?!dd|lt))|M(?![iI])|Δ|[jJ](?=7|9))
    | (?P<minor>(?i:minor|min|mi)|m|(?<!.)-(?!5))
    | (?P<half>ø|(?i:half-?dim(?:inished)?|hdim)|h(?=7|9|$))
    | (?P<diminished>(?i:diminished|dim)|°|(?<!.)o(?=$|7|9|M|/)|(?<!.)d(?=$|7))
    | (?P<augmented>(?i:augmented|aug)|(?<!.)\+(?!5))
    | (?P<dominant>(?i:dom(?:inant)?)(?=7|9|11|13))
    | (?P<altered>(?i:altered|alt))
    | (?P<sus>(?i:sus(?:pended)?)(?:2/?4|4/?2|[b\#]?[24])?)
    | (?:(?i:add)|/)(?P<added>[b\#+-]?(?:{_DEGREE}))
    | (?i:no|omit|without|drop)(?P<omitted>13|11|[13579])(?i:rd|th)?
    | (?P<altering>[b\#+-](?:{_DEGREE}))
    | (?P<number>13|11|[2-9])
    | (?P<raised>\+)
    | (?P<slash>/(?=[a-zA-ZΔ]))""",
    re.VERBOSE,
)
_TRIADS = {(4, 7): "major", (3, 7): "minor", (4, 8): "augmented", (3, 6): "diminished"}
_SEVENTHS = {
    (4, 7, 10): "dominant", (4, 7, 11): "major", (3, 7, 10): "minor", (3, 7, 11): "minor-major",
    (3, 6, 10): "half-diminished", (3, 6, 9): "diminished", (4, 8, 10): "augmented",
}  # fmt: skip
_EXTENDED = ("dominant", "major", "minor")  # MusicXML has ninths to thirteenths of these only
_EXTENSIONS = {9: "ninth", 11: "11th", 13: "13th"}


class Quality(NamedTuple):
    """A quality of chord.

    Parameters
    ----------
    semitones : tuple of int
        Semitones of the notes above the root, ascending; 0 is the root.
    kind : str
        The nearest kind of chord as music21 names it, such as ``minor-seventh``.
    degrees : tuple of (int, int, str)
        What differs from the kind: degree, alteration in semitones, and ``add``, ``alter`` or
        ``subtract``. As in MusicXML, an added degree is relative to a dominant chord: 7 is minor.
    """

    semitones: tuple[int, ...]
    kind: str
    degrees: tuple[tuple[int, int, str], ...] = ()


@lru_cache(maxsize=1024)
def parse_quality(text: str) -> Quality | None:
    """Parse what follows the root of a chord symbol, such as ``m7`` or ``7(b9,#5)``.

    Returns
    -------
    Quality or None
        None if the text cannot be interpreted.

    Examples
    --------
    >>> parse_quality("m7b5").semitones
    (0, 3, 6, 10)
    >>> parse_quality("ine") is None
    True
    """
    text = text.translate(_NORMAL)
    chord = _Chord()
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found or not chord.apply(found.lastgroup or "", found[found.lastgroup or 0], at):
            return None
        at = found.end()
    return chord.quality()


class _Chord:
    """A chord while its quality is read."""

    def __init__(self) -> None:
        self.third, self.fifth, self.seventh = 4, 7, 0  # semitones; 0 for none
        self.top = 0  # 9, 11 or 13: the highest of the notes stacked on the seventh
        self.named = False  # whether a triad is named
        self.major_seventh = False  # whether the next seventh is major
        self.implied_seventh = 0  # of the signs for major and half-diminished sevenths
        self.suspended: set[int] = set()  # semitones in place of the third
        self.added: dict[int, set[int]] = {}  # by degree: semitones
        self.omitted: set[int] = set()

    def apply(self, group: str, text: str, at: int) -> bool:
        """Apply the token at a position of the text; return False if it has no meaning there."""
        if group == "number":
            return self._number(int(text), first=at == 0)
        done: bool | None = getattr(self, f"_{group}")(text)
        return done is not False

    def _name_triad(self, third: int, fifth: int) -> bool:
        if self.named or self.seventh:
            return False
        self.named, self.third, self.fifth = True, third, fifth
        return True

    def _minor(self, text: str) -> bool:
        return self._name_triad(3, 7)

    def _diminished(self, text: str) -> bool:
        return self._name_triad(3, 6)

    def _half(self, text: str) -> bool:
        self.implied_seventh = 10
        return self._name_triad(3, 6)

    def _augmented(self, text: str) -> None:
        self.fifth = 8

    _raised = _augmented

    def _major(self, text: str) -> None:
        self.major_seventh = True
        if self.seventh:  # as in C7M
            self.seventh = 11
        elif text == "Δ":
            self.implied_seventh = 11

    def _dominant(self, text: str) -> None:
        """Do nothing: the number that follows gives the seventh."""

    _slash = _dominant

    def _altered(self, text: str) -> None:
        self.seventh, self.fifth = 10, 8
        self.added[9] = {13, 15}

    def _sus(self, text: str) -> None:
        shift = _SHIFTS[text[-2]] if text[-2] in "b#" else 0
        digits = re.findall("[24]", text) or ["4"]
        self.suspended |= {_SEMITONES[int(digit)] + shift for digit in digits}

    def _sixth_ninth(self, text: str) -> None:
        self._add(6)
        self._add(9)

    def _number(self, number: int, first: bool) -> bool:
        if number in (3, 8) and first:
            return False
        if number in (2, 4) and first:
            self.suspended.add(_SEMITONES[number])
        elif number == 5 and first:
            self.omitted.add(3)
        elif number in (7, 9, 11, 13) and not self.seventh:
            self._extend(number)
        elif number not in (3, 5, 7):
            self._add(number)
        return True

    def _extend(self, number: int) -> None:
        """Add a seventh, and the ninth and the number above it."""
        diminished = self.named and (self.third, self.fifth) == (3, 6) and not self.implied_seventh
        self.seventh = 11 if self.major_seventh else 9 if diminished else 10
        if number > 7:
            self.top = number
            self._add(9)
            self._add(number)

    def _added(self, text: str) -> bool:
        degree = int(text.lstrip("b#+-"))
        if degree not in _SEMITONES:
            return False
        self._add(degree, _SHIFTS[text[: -len(str(degree))]])
        return True

    def _omitted(self, text: str) -> None:
        self.omitted.add(int(text))

    def _altering(self, text: str) -> bool:
        shift, degree = _SHIFTS[text[0]], int(text[1:])
        if degree == 5 and self.fifth == 7:
            self.fifth += shift
        elif degree == 7:
            self.seventh = 11 if shift > 0 else 10
        elif degree == 3:
            self.third = 3
            return shift < 0
        else:
            if degree != 5:  # 7b5#5 has both
                self.added.get(degree, set()).discard(_SEMITONES[degree])
            self._add(degree, shift)
        return True

    def _add(self, degree: int, shift: int = 0) -> None:
        self.added.setdefault(degree, set()).add(_SEMITONES[degree] + shift)

    # The result ------------------------------------------------------------------------------

    def quality(self) -> Quality:
        """Return the quality of all tokens applied."""
        self.seventh = self.seventh or self.implied_seventh
        if self.fifth == 8:  # 7#5 with #5 again, as in aug#5
            self.added.get(5, set()).discard(8)
        tones = {0, self.fifth, *(self.suspended or {self.third})}
        tones |= {self.seventh} | {tone for added in self.added.values() for tone in added}
        if self.top == 11 and self.third == 4 and not self.major_seventh:
            tones.discard(4)  # the third of an eleventh chord is not played
        gone = {1: 0, 3: self.third, 5: self.fifth, 7: self.seventh}
        tones -= {gone[degree] for degree in self.omitted if degree in gone}
        tones |= set() if 1 in self.omitted else {0}
        kind, contained = self._kind()
        return Quality(tuple(sorted(tones)), kind, tuple(self._degrees(kind, contained)))

    def _kind(self) -> tuple[str, set[int]]:
        """Return the nearest kind, and the degrees above the fifth that it contains."""
        if self.suspended:
            return "suspended-second" if self.suspended == {2} else "suspended-fourth", set()
        if 3 in self.omitted and not self.seventh:
            return "power", set()
        fifth = self.fifth
        if (self.third, fifth, self.seventh) not in _SEVENTHS and (self.third, fifth) != (4, 8):
            fifth = 7 if (self.third, fifth) not in _TRIADS or self.seventh else fifth
        if not self.seventh:
            name = _TRIADS[self.third, fifth]
            if self.added.get(6) == {9} and fifth == 7:
                return f"{name}-sixth", {6}
            return name, set()
        name = _SEVENTHS.get((self.third, fifth, self.seventh), "diminished")
        if (self.third, fifth, self.seventh) not in _SEVENTHS and self.seventh > 9:
            name = _SEVENTHS[self.third, 7, self.seventh]  # such as maj7#5
        if name in _EXTENDED and self.top:
            contained = {degree for degree in (7, 9, 11, 13) if degree <= self.top}
            return f"{name}-{_EXTENSIONS[self.top]}", contained
        return f"{name}-seventh", {7}

    def _degrees(self, kind: str, contained: set[int]) -> list[tuple[int, int, str]]:
        degrees: list[tuple[int, int, str]] = []
        fifths = {"augmented": 8, "diminished": 6, "half-diminished": 6}
        fifth = next((fifths[name] for name in fifths if kind.startswith(name)), 7)
        if self.fifth != fifth:
            degrees.append((5, self.fifth - 7, "alter"))
        if self.seventh and 7 not in contained:
            degrees.append((7, self.seventh - 10, "add"))
        if kind == "suspended-fourth":
            degrees += [(2 if t < 4 else 4, t - (2 if t < 4 else 5), "add")
                        for t in sorted(self.suspended - {5})]  # fmt: skip
        for degree, tones in sorted(self.added.items()):
            for tone in sorted(tones):
                shift = tone - _SEMITONES[degree]
                if degree not in contained:
                    degrees.append((degree, shift, "add"))
                elif shift:
                    degrees.append((degree, shift, "alter"))
        held = self.omitted - ({3} if kind == "power" else set())
        return degrees + [(degree, 0, "subtract") for degree in sorted(held)]
