"""Intervals that transpose a tune to a given key."""

from __future__ import annotations

import re
from typing import NamedTuple

from abcrnn.notation.errors import ABCError
from abcrnn.notation.fields import Key, parse_key, parse_key_field
from abcrnn.notation.intervals import MOST_ACCIDENTALS, fifths_of, name_at
from abcrnn.notation.lexer import Token, tokens

_TARGET = re.compile(r"[A-Ga-g][#b♯♭]?\s*([A-Za-z]*)")


class Movement(NamedTuple):
    """An interval by which a tune is transposed.

    Parameters
    ----------
    semitones : int
        Semitones to move up, or down if negative.
    fifths : int, optional
        The same on the line of fifths, which decides between F# and Gb. The default gives each
        key the fewest sharps or flats.
    """

    semitones: int
    fifths: int | None = None


class TargetKey(NamedTuple):
    """A key to transpose to.

    Parameters
    ----------
    name : str
        As given.
    tonic : int
        On the line of fifths.
    mode : int or None
        Fifths of the mode's signature above that of major; None to keep the mode.
    """

    name: str
    tonic: int
    mode: int | None


def parse_target(text: str) -> TargetKey:
    """Parse a tonic with or without a mode, such as ``Bb``, ``F#m`` or ``D dorian``.

    Raises
    ------
    ValueError
        If it is not one.
    """
    found = _TARGET.fullmatch(text.strip()) if isinstance(text, str) else None
    key = parse_key(found[0]) if found and found[1].lower() != "exp" else None
    if not (found and key and key.tonic):
        raise ValueError(f"to must be a key such as G, Bb or 'A dorian', not {text!r:.60}")
    tonic = fifths_of(*key.tonic)
    return TargetKey(found[0], tonic, key.fifths - tonic if found[1] else None)


def movement_to(text: str, to: str) -> Movement:
    """Return by how much a tune moves to a key: up or down by at most six semitones.

    Parameters
    ----------
    text : str
        One tune, from its ``X:`` line on. The key that ends its header counts.
    to : str
        See :func:`parse_target`.

    Raises
    ------
    ValueError
        If ``to`` is not a key.
    ABCError
        If the tune has no key with a tonic, has another mode, or if the new key would have
        more than seven sharps or flats.
    """
    target = parse_target(to)
    field = next((token for token in tokens(text) if token.text.startswith("K:")), None)
    if field is None or field.kind != "field":
        raise ABCError("the tune has no K: field", 1, 1)
    key = parse_key_field(field.text[2:]).key
    if key is None or key.tonic is None:
        value = field.text[2:].strip()[:40]
        raise ABCError(
            f"K:{value} has no tonic, so the tune cannot be moved to a key, only by semitones",
            field.line,
            field.column,
        )
    tonic = fifths_of(*key.tonic)
    _require_mode(key, target, field)
    fifths = target.tonic - tonic
    signature = sum(key.alters().values()) + fifths
    if abs(signature) > MOST_ACCIDENTALS:
        step, alter = name_at(target.tonic - (12 if signature > 0 else -12), most=1)
        signs = f"{abs(signature)} {'sharps' if signature > 0 else 'flats'}"
        message = f"the key of {target.name} would have {signs}; use {step}{' #b'[alter].strip()}"
        raise ABCError(message, field.line, field.column)
    semitones = 7 * fifths % 12
    return Movement(semitones if semitones <= 6 else semitones - 12, fifths)


def _require_mode(key: Key, target: TargetKey, field: Token) -> None:
    """Raise ABCError if another mode is wanted than that of the key."""
    plain = parse_key(key.name)  # without explicit accidentals
    mode = plain.fifths - fifths_of(*plain.tonic) if plain and plain.tonic else None
    if target.mode is not None and target.mode != mode:
        raise ABCError(
            f"K:{field.text[2:].strip()[:40]} has another mode than {target.name}: transposition "
            "keeps the mode; leave it out",
            field.line,
            field.column,
        )
