"""Note lengths in their shortest spelling (section 4.3)."""

from __future__ import annotations

from fractions import Fraction

from abcrnn.notation.errors import ABCError
from abcrnn.notation.lengths import parse_length
from abcrnn.notation.lexer import NOTE, Token


def respell(token: Token, factor: Fraction = Fraction(1)) -> str:
    """Return the text of a token with its length in the shortest spelling.

    Parameters
    ----------
    token : Token
    factor : Fraction
        What the length is multiplied by.

    Returns
    -------
    str
        A length that is not valid stays the same.
    """
    text = token.text
    if token.kind == "note" and (found := NOTE.match(text)):
        return text[: found.start(4)] + _respelled(found[4], token, factor)
    if token.kind == "rest":
        return text[0] + _respelled(text[1:], token, factor)
    if token.kind == "chord_end":
        return text[0] + _respelled(text[1:], token, Fraction(1))
    if token.kind == "bar_rest" and text[1:].lstrip("0") == "1":
        return text[0]
    return text


def spell_length(length: Fraction) -> str:
    """Return the shortest spelling of a length in unit note lengths.

    Examples
    --------
    >>> [spell_length(Fraction(n, 4)) for n in (1, 2, 3, 4, 6, 8)]
    ['/4', '/', '3/4', '', '3/', '2']
    """
    top, bottom = length.as_integer_ratio()
    shown = "" if top == 1 else str(top)
    if bottom == 1:
        return shown
    return f"{shown}/" if bottom == 2 else f"{shown}/{bottom}"


def _respelled(written: str, token: Token, factor: Fraction) -> str:
    if not written and factor == 1:
        return ""
    try:
        length = parse_length(written, token)
    except ABCError:
        return written
    if length is None:
        return written
    return spell_length(length * factor)
