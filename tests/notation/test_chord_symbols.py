"""Chord symbols."""

import pytest

from abcrnn.notation.chord_symbols import parse_chord_symbol


@pytest.mark.parametrize(
    ("symbol", "pitches"),
    [("G", [55, 59, 62]), ("(Em)", [52, 55, 59]), ("D7/a", [45, 50, 54, 57, 60]),
     ("A/c+", [49, 57, 61, 64]), ("Gm/bb", [46, 55, 58, 62]), ("Bsus", [59, 64, 66]),
     ("Cmaj7", [48, 52, 55, 59]), ("C/c", [36, 48, 52, 55]), ("Ea", None), ("N.C.", None),
     ("", None), ("A3/2B/2", None)],
)  # fmt: skip
def test_pitches_of_chord_symbols(symbol: str, pitches: list[int] | None) -> None:
    chord = parse_chord_symbol(symbol)
    assert (chord and chord.pitches) == pitches
