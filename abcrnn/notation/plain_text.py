"""Plain text in a tune, such as a sentence, told apart from music by its letters.

Every letter may be a note, a rest or a decoration. A word is text if it has at least two
different letters without a meaning, and these are at least a third of the word.
"""

from __future__ import annotations

import re

from abcrnn.notation.decorations import DEFAULT_SYMBOLS

#: Letters that are music in themselves, or decorations without a U: field.
_MEANINGFUL = frozenset("ABCDEFGabcdefgxyzXZ") | DEFAULT_SYMBOLS
#: Words that musicians write and that have too few letters without a meaning.
_DIRECTIONS = frozenset(("coda", "end"))

_WORD = re.compile(r"[^\W\d_]{2,}")
# What may be in a line of music without being music.
_NOT_LETTERS = re.compile(r'"(?:[^"\\]|\\.)*+"?|\[[A-Za-z]:[^\[\]]*\]|![^!]*!|\+[^+]*\+')


def is_text_word(word: str, defined: frozenset[str]) -> bool:
    """Return whether a word of a line of music is text.

    Parameters
    ----------
    word : str
        Letters only.
    defined : frozenset of str
        Letters that ``U:`` fields define as symbols.

    Examples
    --------
    >>> is_text_word("Slowly", frozenset()), is_text_word("gABc", frozenset())
    (True, False)
    """
    if word.lower() in _DIRECTIONS:
        return True
    meaningless = [letter for letter in word if letter not in _MEANINGFUL | defined]
    return len(set(meaningless)) > 1 and 3 * len(meaningless) >= len(word)


def is_text_line(line: str, defined: frozenset[str]) -> bool:
    """Return whether a line is text.

    A line without a bar line is text if half of its letters are in words of text, or if it has
    such a word and two thirds of its letters are in words with a letter that has no meaning.
    With a bar line, three quarters must be in words of text, and each bar must have such a word.

    Parameters
    ----------
    line : str
    defined : frozenset of str
        Letters that ``U:`` fields define as symbols.

    Examples
    --------
    >>> is_text_line("This tune is a bad egg.", frozenset())
    True
    >>> is_text_line("ABcd efga | Fine |", frozenset())
    False
    """
    bare = _NOT_LETTERS.sub(" ", line)
    words = _WORD.findall(bare)
    letters = sum(character.isalpha() for character in bare)
    text = sum(len(word) for word in words if is_text_word(word, defined))
    if not text:
        return False
    if "|" in bare:
        return 4 * text >= 3 * letters and not any(
            _is_music(bar, defined) for bar in bare.split("|")
        )
    doubtful = sum(len(word) for word in words if not (_MEANINGFUL | defined).issuperset(word))
    return 2 * text >= letters or 3 * doubtful >= 2 * letters


def _is_music(bar: str, defined: frozenset[str]) -> bool:
    """Whether a bar has letters, but no word of text."""
    has_letters = any(character.isalpha() for character in bar)
    return has_letters and not any(is_text_word(word, defined) for word in _WORD.findall(bar))
