"""Numbers in music code: note lengths (section 4.3) and endings (4.9), within limits."""

from __future__ import annotations

from fractions import Fraction

from abcrnn.notation.errors import ABCError
from abcrnn.notation.lexer import Token

_LONGEST = 1024  # unit note lengths
_FINEST = 512  # parts of a unit note length
_MOST_SLASHES = 10


def parse_length(text: str, token: Token) -> Fraction | None:
    """Parse a note length such as ``3``, ``3/2``, ``/`` or ``//``.

    Parameters
    ----------
    text : str
    token : Token
        The token with the length; errors give its position.

    Returns
    -------
    Fraction or None
        In unit note lengths. None if the length is shorter than 1/512 or longer than 1024.

    Raises
    ------
    ABCError
        If a number is above 9999 or the divisor is 0.
    """
    if not text:
        return Fraction(1)
    top, *bottoms = text.split("/")
    if len(bottoms) > _MOST_SLASHES:
        return None
    length = Fraction(parse_number(top, token) if top else 1)
    for bottom in bottoms:
        length /= parse_number(bottom, token) if bottom else 2
    return length if Fraction(1, _FINEST) <= length <= _LONGEST else None


def parse_number(text: str, token: Token, most: int = 9999) -> int:
    """Parse a whole number within a limit.

    Parameters
    ----------
    text : str
        Digits.
    token : Token
        The token with the number; errors give its position.
    most : int
        Highest number accepted.

    Returns
    -------
    int

    Raises
    ------
    ABCError
        If the number is above ``most``, or 0 in a length with ``/``.
    """
    # The number of digits is checked first: converting very many of them takes long.
    value = int(text) if len(text) <= 6 else most + 1
    if value > most:
        shown = text[:12] + "..." * (len(text) > 12)
        raise ABCError(f"the number {shown} is too large; at most {most}", token.line, token.column)
    if value == 0 and "/" in token.text:
        raise ABCError("a note length is divided by 0", token.line, token.column)
    return value


def parse_ending(text: str) -> frozenset[int]:
    """Parse the numbers of an ending: ``1``, ``1,3``, ``1-3`` (section 4.9)."""
    numbers: set[int] = set()
    for piece in text.split(","):
        bounds = [int(number) for number in piece.split("-")]
        numbers |= set(range(bounds[0], bounds[-1] + 1))
    return frozenset(numbers)
