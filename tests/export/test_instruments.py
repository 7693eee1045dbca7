"""Instruments of General MIDI."""

import pretty_midi
import pytest

from abcrnn.export.instruments import INSTRUMENTS, program_number


def test_names_are_those_of_general_midi() -> None:
    assert list(INSTRUMENTS) == list(pretty_midi.constants.INSTRUMENT_MAP)
    assert [program_number(name) for name in INSTRUMENTS] == list(range(128))


@pytest.mark.parametrize(
    ("instrument", "message"),
    [
        (
            "fluet",
            r"no instruments of General MIDI are called 'fluet'; did you mean Flute \(73\)\?",
        ),
        ("viloin", r"did you mean Violin \(40\)\?"),
        ("sax", "4 instruments of General MIDI are called 'sax'; take one name or number: Soprano"),
        ("", "a number from 0 to 127 or a name, not ''"),
        ("-1", "a number from 0 to 127 or a name, not -1"),
        (True, "a number from 0 to 127 or a name, not True"),
        ("9" * 5000, "a number from 0 to 127 or a name, not 9{20}$"),
        ("x" * 5000, "no instruments of General MIDI are called 'x{40}'"),
    ],
)
def test_unknown_instruments_get_a_hint(instrument, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        program_number(instrument)
