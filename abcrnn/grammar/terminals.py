"""The finite lists of spellings in music code: lengths, bar lines, meters, keys, chord symbols.

The automaton must know after each character which complete spellings are still possible,
so each kind of token has a finite list. The parser in :mod:`abcrnn.notation` accepts more;
docs/abc-support.md lists the differences.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import product

from abcrnn.grammar.positions import Effect
from abcrnn.notation.fields import parse_key

#: Steps in a unit note length; the shortest note has one step.
STEPS = 4

_MODES = (
    "m", "min", "minor", "maj", "major", "ion", "ionian", "mix", "mixolydian", "dor", "dorian",
    "aeo", "aeolian", "phr", "phrygian", "lyd", "lydian", "loc", "locrian",
)  # fmt: skip
_MOST_ACCIDENTALS = 7  # sharps or flats of a key
_QUALITIES = ("", "m", "7", "m7", "maj7", "6", "m6", "9", "dim", "aug", "+", "sus4")

#: Meters that may be generated, in order of preference where one must be chosen.
METERS = (
    "C", "6/8", "4/4", "C|", "2/4", "3/4", "9/8", "12/8", "3/8", "6/4", "2/2", "3/2", "9/4", "5/4",
    "7/8", "5/8",
)  # fmt: skip
#: Tempos that may be generated; what comes before them is a beat.
TEMPOS = tuple(
    f"{beat}{speed}" for beat in ("", "1/4=", "3/8=", "1/2=", "1/8=") for speed in range(40, 241)
)
UNITS = ("1/8", "1/16", "1/4")

#: The effects of each bar line, in order (sections 4.8 and 4.9).
BAR_LINES: Mapping[str, tuple[Effect, ...]] = {
    "|": (Effect.NEXT_BAR,),
    "||": (Effect.END_SECTION,),
    "|]": (Effect.END_SECTION,),
    ":|": (Effect.CLOSE_REPEAT,),
    ":||": (Effect.CLOSE_REPEAT,),
    "|:": (Effect.OPEN_REPEAT,),
    "||:": (Effect.OPEN_REPEAT,),
    "::": (Effect.CLOSE_REPEAT, Effect.OPEN_REPEAT),
    ":|:": (Effect.CLOSE_REPEAT, Effect.OPEN_REPEAT),
    ":||:": (Effect.CLOSE_REPEAT, Effect.OPEN_REPEAT),
    "[1": (Effect.FIRST_ENDING,),
    "[2": (Effect.SECOND_ENDING,),
    "|1": (Effect.NEXT_BAR, Effect.FIRST_ENDING),
    ":|2": (Effect.CLOSE_REPEAT, Effect.SECOND_ENDING),
    "|||": (Effect.END_SECTION,),
    "|:|": (Effect.END_SECTION,),
    "|||:": (Effect.OPEN_REPEAT,),
}
#: Bar lines found in tunebooks that are never generated: abc2midi finds no ``|:`` in ``:|:``.
RARE_BAR_LINES = frozenset(("|||", "|:|", "|||:", ":|:"))
#: Bar lines that some programs read as ``:|``, an empty bar and another bar line.
TWO_BAR_LINES = frozenset((":||", ":||:"))

# Steps by spelling, for the lengths that one note sign can have.
_PLAIN_LENGTHS = {
    **{str(n): n * STEPS for n in (1, 2, 3, 4, 6, 7, 8, 12, 16, 24)},
    **{"": STEPS, "/": 2, "/2": 2, "1/2": 2, "//": 1, "/4": 1, "1/4": 1},
    **{"3/2": 6, "3/": 6, "3/4": 3},
}
# Lengths that need two tied note signs.
_ODD_LENGTHS = {
    **{str(n): n * STEPS for n in (5, 9, 10, 11, 14, 15, 18, 20)},
    **{"5/2": 10, "7/2": 14, "9/2": 18, "5/4": 5, "7/4": 7},
}


# Lengths that musicians write, in whole notes; fewer than 1 in 100 tunes of irish, jigs,
# oneills, airds and ryans have another one. Shorter dotted notes are written as d>e.
_WRITTEN = frozenset(
    [*(Fraction(1, n) for n in (1, 2, 4, 8, 16, 32)), *(Fraction(3, n) for n in (4, 8, 16))]
)
# Spellings for which there is a shorter one; no tune has them.
_LONG_SPELLINGS = frozenset(("1", "1/2", "1/4"))


def note_lengths(unit: Fraction | None) -> Mapping[str, int]:
    """Return note lengths in steps by their spelling (section 4.3).

    Parameters
    ----------
    unit : Fraction or None
        Unit note length in whole notes, for the lengths that musicians write with it;
        None for all lengths.

    Returns
    -------
    mapping of str to int
    """
    if unit is None:
        return _PLAIN_LENGTHS | _ODD_LENGTHS
    return {
        text: steps
        for text, steps in _PLAIN_LENGTHS.items()
        if text not in _LONG_SPELLINGS and unit * steps / STEPS in _WRITTEN
    }


#: By the number ``p`` that opens a tuplet (section 4.13): the number of its events and ``q``.
#: Tuplets whose time depends on the meter are left out, because programs play them differently.
TUPLETS: Mapping[str, tuple[int, int]] = {"2": (2, 3), "3": (3, 2), "4": (4, 3), "6": (6, 2)}


def _key_texts() -> tuple[str, ...]:
    tonics = ["".join(pair) for pair in product("GDACEFB", ("", "#", "b"))]
    modes = [case(mode) for mode in _MODES for case in (str, str.title)]
    spellings = {f"{tonic}{gap}{mode}" for tonic, gap, mode in product(tonics, ("", " "), modes)}
    keys = {text: parse_key(text) for text in (*tonics, *sorted(spellings))}
    return tuple(text for text, key in keys.items() if key and abs(key.fifths) <= _MOST_ACCIDENTALS)


def chord_letter(text: str, c: str) -> str:
    """Return the letter that represents ``c`` after ``text`` in a chord symbol.

    All seven roots are represented by ``A`` and all seven lower case basses by ``a``, so that
    :data:`CHORDS` and the states of the automaton are few.
    """
    if c in "ABCDEFG":
        return "A"
    return "a" if text.endswith("/") and c in "abcdefg" else c


def _chord_texts() -> tuple[str, ...]:
    roots = ("A", "A#", "Ab")
    # The Nottingham tunebooks write "D/f+" for a bass of F sharp.
    basses = ("", *("/" + bass for bass in (*roots, "a", "a#", "ab", "a+")))
    return tuple("".join(parts) for parts in product(roots, _QUALITIES, basses))


KEYS = _key_texts()
#: Chord symbols, with each letter replaced by :func:`chord_letter`.
CHORDS = (*_chord_texts(), *(f"({chord})" for chord in _chord_texts()))


class WordList:
    """A finite list of words and what each of their prefixes may still become.

    Parameters
    ----------
    words : iterable of str
    alphabet : str
        Words with other characters are left out.
    """

    def __init__(self, words: Iterable[str], alphabet: str) -> None:
        characters = set(alphabet)
        self.words = frozenset(word for word in words if characters.issuperset(word))
        self._next: dict[str, str] = {}  # next character of the shortest word, by prefix
        for word in sorted(self.words, key=lambda word: (len(word), word)):
            for end in range(len(word)):
                self._next.setdefault(word[:end], word[end])

    def is_prefix(self, text: str) -> bool:
        """Whether the text is one of the words or the beginning of one."""
        return text in self.words or text in self._next

    def next_character(self, text: str) -> str:
        """Return the next character of the shortest word with this prefix; empty for a word."""
        return "" if text in self.words else self._next[text]


def steps_of(length: Fraction, unit: Fraction) -> int | None:
    """Return a length as a number of steps of the grammar.

    Parameters
    ----------
    length, unit : Fraction
        In whole notes. A unit note length has :data:`STEPS` steps.

    Returns
    -------
    int or None
        None if the number of steps is not whole.
    """
    steps = length / unit * STEPS
    return int(steps) if steps.denominator == 1 else None
