"""The words that music code is spelt with, each in every form that may be drawn.

A drawn character can be judged only with what it may still become in sight, so
lengths, bar lines, keys and chord symbols are finite lists here, with the
beginnings of their words. What the reader takes besides is in docs/abc-support.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import product

from abcrnn.notation.fields import parse_key

#: Parts that a unit note length is counted in: the shortest note is one of them.
STEPS = 4

_MODES = (
    "m", "min", "minor", "maj", "major", "ion", "ionian", "mix", "mixolydian", "dor", "dorian",
    "aeo", "aeolian", "phr", "phrygian", "lyd", "lydian", "loc", "locrian",
)  # fmt: skip
_MOST_SIGNS = 7  # sharps or flats of a key
_QUALITIES = ("", "m", "7", "m7", "maj7", "6", "m6", "9", "dim", "aug", "+", "sus4")

#: Meters that may be drawn, in order of preference where one has to be chosen.
METERS = (
    "C", "6/8", "4/4", "C|", "2/4", "3/4", "9/8", "12/8", "3/8", "6/4", "2/2", "3/2", "9/4", "5/4",
    "7/8", "5/8",
)  # fmt: skip
UNITS = ("1/8", "1/16", "1/4")

#: What a bar line does, one deed after another (sections 4.8 and 4.9).
BAR_LINES: Mapping[str, tuple[str, ...]] = {
    "|": ("plain",),
    "||": ("double",),
    "|]": ("double",),
    ":|": ("repeat",),
    ":||": ("repeat",),
    "|:": ("open",),
    "||:": ("open",),
    "::": ("repeat", "open"),
    ":|:": ("repeat", "open"),
    ":||:": ("repeat", "open"),
    "[1": ("first",),
    "[2": ("second",),
    "|1": ("plain", "first"),
    ":|2": ("repeat", "second"),
    "|||": ("double",),
    "|:|": ("double",),
    "|||:": ("open",),
}
#: Those that tunebooks have and no program needs; abc2midi reads no beginning in ``:|:``.
ODD_BAR_LINES = frozenset(("|||", "|:|", "|||:", ":|:"))
#: Those that some programs take for a repeat and another bar line after an empty bar.
REPEAT_AND_BAR = frozenset((":||", ":||:"))


_LENGTHS_IN_USE = {
    **{str(n): n * STEPS for n in (1, 2, 3, 4, 6, 7, 8, 12, 16, 24)},
    **{
        "": STEPS,
        "/": 2,
        "/2": 2,
        "1/2": 2,
        "//": 1,
        "/4": 1,
        "1/4": 1,
        "3/2": 6,
        "3/": 6,
        "3/4": 3,
    },
}
# Which no note of one sign can be written for.
_ODD_LENGTHS = {
    **{str(n): n * STEPS for n in (5, 9, 10, 11, 14, 15, 18, 20)},
    **{"5/2": 10, "7/2": 14, "9/2": 18, "5/4": 5, "7/4": 7},
}


def lengths(strict: bool) -> dict[str, int]:
    """Note lengths in steps, by their spelling (section 4.3)."""
    return _LENGTHS_IN_USE if strict else _LENGTHS_IN_USE | _ODD_LENGTHS


#: Events in the time of how many, by the number that opens a tuplet (section 4.13); those
#: whose time depends on the meter are left out, for programs do not agree on them.
TUPLETS: Mapping[str, tuple[int, int]] = {"2": (2, 3), "3": (3, 2), "4": (4, 3), "6": (6, 2)}


def _key_texts() -> tuple[str, ...]:
    tonics = ["".join(pair) for pair in product("GDACEFB", ("", "#", "b"))]
    modes = [case(mode) for mode in _MODES for case in (str, str.title)]
    spelt = {f"{tonic}{gap}{mode}" for tonic, gap, mode in product(tonics, ("", " "), modes)}
    keys = {text: parse_key(text) for text in (*tonics, *sorted(spelt))}
    return tuple(text for text, key in keys.items() if key and abs(key.fifths) <= _MOST_SIGNS)


def chord_letter(before: str, c: str) -> str:
    """Return the letter that stands for all which may be where this one is in a chord symbol."""
    if c in "ABCDEFG":
        return "A"
    return "a" if before.endswith("/") and c in "abcdefg" else c


def _chord_texts() -> tuple[str, ...]:
    roots = ("A", "A#", "Ab")
    # Nottingham's books write "D/f+" for a bass of F sharp.
    basses = ("", *("/" + bass for bass in (*roots, "a", "a#", "ab", "a+")))
    return tuple("".join(parts) for parts in product(roots, _QUALITIES, basses))


KEYS = _key_texts()
#: With one letter for all seven: see :func:`chord_letter`.
CHORDS = (*_chord_texts(), *(f"({chord})" for chord in _chord_texts()))


class Words:
    """A list of words, and what each of their beginnings may still become.

    Parameters
    ----------
    words : iterable of str
    alphabet : str
        A word with another character is left out.
    """

    def __init__(self, words: Iterable[str], alphabet: str) -> None:
        characters = set(alphabet)
        self.words = frozenset(word for word in words if characters.issuperset(word))
        self._next: dict[str, str] = {}  # towards the shortest word that a beginning may become
        for word in sorted(self.words, key=lambda word: (len(word), word)):
            for end in range(len(word)):
                self._next.setdefault(word[:end], word[end])

    def may_become(self, text: str) -> bool:
        """Whether a word begins so, or is this."""
        return text in self.words or text in self._next

    def ends(self, text: str) -> str:
        """Return the next character of the shortest word that begins so; empty if this is one."""
        return "" if text in self.words else self._next[text]


def steps_of(length: Fraction, unit: Fraction) -> int | None:
    """Return a length in steps; None if it is not a whole number of them."""
    steps = length / unit * STEPS
    return int(steps) if steps.denominator == 1 else None
