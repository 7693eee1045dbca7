"""Keys and chord symbols in transposed text (sections 3.1.14 and 4.18)."""

from __future__ import annotations

import re

from abcrnn.notation.chord_symbols import note_names, parse_name
from abcrnn.notation.clefs import mask_properties
from abcrnn.notation.fields import LINE_OF_FIFTHS, Key, parse_key_field
from abcrnn.notation.intervals import fifths_of, interval_of, move_name, name_at

#: Accidentals of notes by their semitones.
ACCIDENTALS = {2: "^^", 1: "^", 0: "=", -1: "_", -2: "__"}
_SIGNS = {sign: alter for alter, sign in ACCIDENTALS.items()}
_ALTERS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1, "sharp": 1, "flat": -1}

_KEY = re.compile(r"\s*([A-Ga-g])([#b♯♭]?)(\s*(?i:flat|sharp)(?![A-Za-z])|)")
_EXPLICIT = re.compile(r"(?<![A-Za-z])(?:[A-Ga-g][#b♯♭]?\s*)?(exp)(?![A-Za-z])", re.IGNORECASE)
_KEY_ACCIDENTAL = re.compile(r"(\^\^|\^|__|_|=)([A-Ga-g])")
_NO_TONIC = ("none", "HP", "exp")

_ALTERED = re.compile(r"[#b♯♭]\d{1,2}")

_Edit = tuple[int, int, str]  # start, end and new text


def move_key(value: str, semitones: int, preferred: int | None = None) -> tuple[str, int]:
    """Transpose the value of a field ``K:``; clef and other properties stay the same.

    Parameters
    ----------
    value : str
    semitones : int
    preferred : int, optional
        See :func:`~abcrnn.notation.intervals.interval_of`.

    Returns
    -------
    str
        The new value.
    int
        The fifths by which the notes in this key move.
    """
    key = parse_key_field(value).key or Key("none", 0)
    masked = mask_properties(value)
    found = _KEY.match(masked)
    if found is None or key.name in _NO_TONIC:
        return value, interval_of(key, None, semitones, preferred)
    letter, sign, word = found.groups()
    alter = _ALTERS[sign or word.strip().lower()]
    fifths = interval_of(key, fifths_of(letter, alter), semitones, preferred)
    edits = [(found.start(1), found.end(), move_name(letter, alter, sign, fifths))]
    explicit = _EXPLICIT.search(masked)
    if explicit:
        edits.append((explicit.end(), explicit.end(), _explicit_accidentals(key, fifths)))
        for accidental in _KEY_ACCIDENTAL.finditer(masked):
            spaces = accidental.start() - len(value[: accidental.start()].rstrip())
            edits.append((accidental.start() - spaces, accidental.end(), ""))
    else:
        edits += [_accidental(found, fifths) for found in _KEY_ACCIDENTAL.finditer(masked)]
    return _edited(value, edits), fifths


def _accidental(found: re.Match[str], fifths: int) -> _Edit:
    step, alter = name_at(fifths_of(found[2], _SIGNS[found[1]]) + fifths, most=2)
    new = ACCIDENTALS[alter] + (step if found[2].isupper() else step.lower())
    return found.start(), found.end(), new


def _explicit_accidentals(key: Key, fifths: int) -> str:
    """Return the accidentals after ``exp``; letters that were natural may need one now."""
    alters = {**dict(key.changes), **dict.fromkeys(LINE_OF_FIFTHS, 0), **key.alters()}
    moved = [name_at(fifths_of(step, alter) + fifths, most=2) for step, alter in alters.items()]
    return "".join(f" {ACCIDENTALS[alter]}{step.lower()}" for step, alter in moved if alter)


def move_chords(symbol: str, fifths: int) -> str:
    """Transpose a chord symbol, also with alternatives as in ``G(Em)``; words stay the same."""
    if fifths == 0:
        return symbol
    edits = []
    for start, end in note_names(symbol):
        letter, alter = parse_name(symbol[start:end])
        new = move_name(letter, alter, symbol[start + 1 : end], fifths)
        altered = _ALTERED.match(symbol, end)
        if altered and len(new) == 1:  # "Ebb9" moved must not become "Eb9"
            edits.append((start, altered.end(), f"{new}({altered[0]})"))
        else:
            edits.append((start, end, new))
    return _edited(symbol, edits)


def _edited(text: str, edits: list[_Edit]) -> str:
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text
