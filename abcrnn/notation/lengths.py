"""Numbers in music code: note lengths (section 4.3) and endings (4.9), within bounds."""

from __future__ import annotations

from fractions import Fraction

from abcrnn.notation.errors import ABCError
from abcrnn.notation.lexer import Token

_LONGEST = 1024  # unit note lengths
_FINEST = 512  # parts of one
_MOST_SLASHES = 10


def parse_length(text: str, token: Token) -> Fraction | None:
    """Parse ``3``, ``3/2``, ``/``, ``//``: in unit note lengths; None if no program plays it.

    Raises
    ------
    ABCError
        If a number is beyond any music, or divides by 0.
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
    """Parse a number; ABCError if it is above ``most``, or divides by 0.

    The count of digits is looked at first: turning very many into an integer takes long.
    """
    value = int(text) if len(text) <= 6 else most + 1
    if value > most:
        shown = text[:12] + "..." * (len(text) > 12)
        raise ABCError(f"the number {shown} is beyond any music", token.line, token.column)
    if value == 0 and "/" in token.text:
        raise ABCError("a length divided by 0", token.line, token.column)
    return value


def parse_ending(text: str) -> frozenset[int]:
    """Parse the numbers of an ending: ``1``, ``1,3``, ``1-3`` (section 4.9)."""
    numbers: set[int] = set()
    for piece in text.split(","):
        bounds = [int(number) for number in piece.split("-")]
        numbers |= set(range(bounds[0], bounds[-1] + 1))
    return frozenset(numbers)
