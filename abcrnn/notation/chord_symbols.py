"""Chord symbols such as ``F#m7`` (section 4.18 of ABC 2.1).

The standard's form is a root from A to G, ``#`` or ``b``, a quality and a bass after a slash.
What musicians write beyond it is read too: lower-case roots, the German H, ``♯`` and ``♭``,
parentheses, and several chords in one symbol.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from abcrnn.notation.chord_qualities import Quality, parse_quality
from abcrnn.notation.tune import Pitch

_LONGEST = 60  # characters

_SIGN = r"(?:##|bb|♯♯|♭♭)(?!5|6|9|1[13])|[#b♯♭♮𝄪𝄫]"
_ROOT = re.compile(rf"([A-Ha-h])(?:({_SIGN})|(is|es(?!us)|s(?!us)))?")
_BASS = re.compile(rf"([A-Ha-h])({_SIGN}|[+-]|is|es|s)?")
_ALTERS = {
    "#": 1, "♯": 1, "+": 1, "is": 1, "b": -1, "♭": -1, "-": -1, "es": -1, "s": -1, "♮": 0,
    "##": 2, "♯♯": 2, "𝄪": 2, "bb": -2, "♭♭": -2, "𝄫": -2,
}  # fmt: skip
# After a lower-case root only these, so that words such as "end" and "as" are not chords.
_AFTER_LOWER = re.compile(r"(?:m|min|mi|-)?(?:maj)?(?:6|7|9|11|13)?|sus[24]?|dim7?|aug|\+|°7?|ø7?")
# Alone, these are signs in old tunebooks: "f" is forte, "H" a fermata.
_SIGN_ALONE = re.compile(r"[a-hH]")
_NO_CHORD = re.compile(r"n\.? ?c\.?|no chord|tacet", re.IGNORECASE)
_ALTERNATIVE = re.compile(r"([^()\[\]]*[^()\[\]\s])\s*[(\[]\s*([A-Ha-h][^()\[\]]*)[)\]]")
_BETWEEN = re.compile(r"\s*[\s,;|/]\s*|\s*-\s*(?=[A-H])")
# After the first letter; a symbol with a digit is a chord with a mistake.
_WORDS = re.compile(
    r"[^\d#]*(?:[aeiou][a-z]|[a-z][aeiou]|\.|\s[a-z]{2})[^\d#]*|nd|ll", re.IGNORECASE
)


class ChordSymbol(NamedTuple):
    """A chord symbol.

    Parameters
    ----------
    root : Pitch or None
        In the octave below middle C; None for "no chord" (``N.C.``).
    suffix : str
        The quality as written, such as ``m7``.
    bass : Pitch, optional
        A pitch below the root.
    quality : Quality
        Intervals above the root.
    remark : str
        What a reader should know about an unusual symbol; empty if there is nothing.
    """

    root: Pitch | None
    suffix: str
    bass: Pitch | None
    quality: Quality
    remark: str = ""

    @property
    def pitches(self) -> list[int]:
        """MIDI numbers of the chord, bass first, then ascending from the root."""
        if self.root is None:
            return []
        tones = [self.root.midi + above for above in self.quality.semitones]
        return tones if self.bass is None else [self.bass.midi, *tones]

    @property
    def kind(self) -> str:
        """The nearest kind of chord as music21 names it, such as ``minor-seventh``."""
        return self.quality.kind

    @property
    def degrees(self) -> tuple[tuple[int, int, str], ...]:
        """What differs from ``kind``; see :class:`~abcrnn.notation.chord_qualities.Quality`."""
        return self.quality.degrees


@lru_cache(maxsize=1024)
def parse_chord_symbol(text: str) -> ChordSymbol | None:
    """Parse a chord symbol such as ``F#m7`` or, with a bass, ``D/f+``.

    Parameters
    ----------
    text : str
        Without the quotation marks. Of alternatives such as ``G(Em)``, the first is read.

    Returns
    -------
    ChordSymbol or None
        None if the text cannot be interpreted as a chord.

    Examples
    --------
    >>> parse_chord_symbol("Am7").pitches
    [57, 60, 64, 67]
    >>> parse_chord_symbol("Fine") is None
    True
    """
    text = text.strip()
    if not text or len(text) > _LONGEST or _SIGN_ALONE.fullmatch(text):
        return None
    if _NO_CHORD.fullmatch(text.strip("()")):
        return ChordSymbol(None, "", None, Quality((), "none"))
    pieces = _pieces(text)
    first = _single(pieces[0][1]) if pieces else None
    if first is None or len(pieces) < 2 or _ALTERNATIVE.fullmatch(text):
        return first
    remark = f'{len(pieces)} chords in one symbol; only the first, "{pieces[0][1]}", is played'
    return first._replace(remark=remark)


def looks_like_words(text: str) -> bool:
    """Whether a text that is not a chord looks like words, such as ``Fine`` or ``D.C.``."""
    return len(text) > _LONGEST or bool(_WORDS.fullmatch(text[1:]))


def note_names(text: str) -> list[tuple[int, int]]:
    """Return where the names of roots and basses are in a chord symbol, in order.

    Parameters
    ----------
    text : str
        Without the quotation marks.

    Returns
    -------
    list of (int, int)
        Start and end of each name, also of alternatives that are not played; empty if the text
        is not a chord symbol or has no name (``N.C.``).

    Examples
    --------
    >>> note_names("G7(E♭m/D)")
    [(0, 1), (3, 5), (7, 8)]
    """
    chord = parse_chord_symbol(text)
    if chord is None or chord.root is None:
        return []
    names = []
    for offset, piece in _pieces(text):
        root = _ROOT.match(piece)
        names += [(offset, offset + root.end())] if root else []
        bass = _bass_of(piece)
        if bass:
            start = offset + len(piece.rstrip()) - len(bass[0])
            names.append((start, start + len(bass[0])))
    return names


def parse_name(text: str) -> tuple[str, int]:
    """Return letter and alteration of a root or bass; the German ``H`` is ``B``.

    Examples
    --------
    >>> parse_name("Fis")
    ('F', 1)
    """
    letter = {"H": "B", "h": "b"}.get(text[0], text[0])
    return letter, _ALTERS.get(text[1:], 0)


def _pieces(text: str) -> list[tuple[int, str]]:
    """Return the chords in a symbol, each with its position; empty if they are not understood."""
    left = len(text) - len(text.lstrip())
    if _single(text.strip()):
        return [(left, text.strip())]
    inner = _without_brackets(text)
    start = text.find(inner.rstrip(")"))
    if _single(inner):
        return [(start, inner)]
    found = _ALTERNATIVE.fullmatch(text.strip())
    if found:
        pieces = [(left + found.start(1), found[1]), (left + found.start(2), found[2])]
    else:
        pieces, at = [], start
        for separator in [*_BETWEEN.finditer(text, start, start + len(inner)), None]:
            end = separator.start() if separator else start + len(inner)
            pieces += [(at, text[at:end])] if text[at:end] else []
            at = separator.end() if separator else end
    return pieces if len(pieces) < 9 and all(_single(piece) for _, piece in pieces) else []


def _without_brackets(text: str) -> str:
    """Remove parentheses around a symbol, also one without the other."""
    inner = text.strip("()[] ")
    return inner + ")" if "(" in inner and ")" not in inner else inner


def _single(text: str) -> ChordSymbol | None:
    found = _ROOT.match(text)
    if not found:
        return None
    letter, sign, german = found[1], found[2] or "", found[3] or ""
    if german == "s" and letter.upper() not in "EA":
        return None
    bass = _bass_of(text)
    suffix = text[found.end() :]
    if bass:
        suffix = suffix[: max(suffix.rfind("/"), suffix.rfind("\\"))]
    if letter.islower() and (german or not _AFTER_LOWER.fullmatch(suffix.strip())):
        return None
    quality = parse_quality(suffix)
    if quality is None:
        return None
    root = _pitch(letter, sign or german)
    remark = _remark_on_root(root, letter, german)
    suffix = suffix.strip()
    if "(" not in suffix or ")" not in suffix:
        suffix = suffix.strip("()")
    if not bass:
        return ChordSymbol(root, suffix, None, quality, remark)
    below = _pitch(bass[1], bass[2] or "")
    below = below if below.midi < root.midi else below._replace(octave=2)
    return ChordSymbol(root, suffix, below, quality, remark)


def _bass_of(text: str) -> re.Match[str] | None:
    """Match the name of the bass after the last slash of a chord; None without one."""
    _, slash, low = text.replace("\\", "/").rpartition("/")
    return _BASS.fullmatch(low.strip()) if slash else None


def _pitch(letter: str, sign: str) -> Pitch:
    return Pitch("B" if letter in "Hh" else letter.upper(), _ALTERS.get(sign, 0), 3)


def _remark_on_root(root: Pitch, letter: str, german: str) -> str:
    name = root.step + {1: "#", -1: "b", 2: "##", -2: "bb"}.get(root.alter, "")
    if letter in "Hh" or german:
        return f'the German name "{letter}{german}" is read as {name}'
    return f'the root "{letter}" is in lower case; it is read as {name}' if letter.islower() else ""
