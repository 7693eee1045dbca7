"""Speeds of tunes: Q:, customary speeds, requests."""

from fractions import Fraction

import mido
import pytest
from helpers.read_back import parse_midi

from abcrnn.export.midi import to_midi_bytes
from abcrnn.export.tempos import customary_speed, initial_speed, parse_speed
from abcrnn.notation.fields import parse_meter
from abcrnn.notation.reader import read_tune


def tempos(tune: str, **options) -> list[tuple[float, float]]:
    """(onset in quarter notes, quarter notes a minute) of the changes of tempo in the file."""
    file = parse_midi(to_midi_bytes(tune, **options))
    now, found = 0, []
    for message in file.tracks[0]:
        now += message.time
        if message.type == "set_tempo":
            speed = round(mido.tempo2bpm(message.tempo), 1)
            found.append((now / file.ticks_per_beat, speed))
    return found


def tune(*fields: str, body: str = "C4|D4|E4|F4|") -> str:
    return "\n".join(["X:1", "T:t", *fields, "L:1/4", "K:C", body])


@pytest.mark.parametrize(
    ("rhythm", "meter", "beat", "slowest", "fastest"),
    [  # ranges of dance musicians, in beats a minute
        ("reel", "C|", Fraction(1, 2), 100, 124),
        ("Reel", "4/4", Fraction(1, 2), 100, 124),
        ("reel", "2/4", Fraction(1, 4), 100, 124),
        ("jig", "6/8", Fraction(3, 8), 108, 127),
        ("Double Jig", "6/8", Fraction(3, 8), 108, 127),
        ("slip jig", "9/8", Fraction(3, 8), 108, 130),
        ("slipjig", "9/8", Fraction(3, 8), 108, 130),
        ("hop jig", "9/8", Fraction(3, 8), 108, 144),
        ("hornpipe", "4/4", Fraction(1, 2), 70, 100),
        ("hornpipe", "2/4", Fraction(1, 4), 70, 100),
        ("polka", "2/4", Fraction(1, 4), 124, 140),
        ("slide", "12/8", Fraction(3, 8), 124, 140),
        ("slide", "6/8", Fraction(3, 8), 124, 140),
        ("waltz", "3/4", Fraction(1, 4), 110, 160),
        ("mazurka", "3/4", Fraction(1, 4), 110, 160),
        ("march", "4/4", Fraction(1, 4), 90, 120),
        ("march", "6/8", Fraction(3, 8), 90, 120),
        ("strathspey", "C", Fraction(1, 4), 108, 144),
        ("barndance", "4/4", Fraction(1, 4), 112, 180),
        ("slow air", "3/4", Fraction(1, 4), 50, 80),
        ("air", "3/4", Fraction(1, 4), 60, 100),
        ("", "6/8", Fraction(3, 8), 108, 127),
        ("", "9/8", Fraction(3, 8), 108, 130),
        ("unheard of", "12/8", Fraction(3, 8), 108, 140),
        ("", "C|", Fraction(1, 2), 80, 124),
    ],
)
def test_customary_speeds(rhythm, meter, beat, slowest, fastest) -> None:
    assert slowest <= customary_speed(rhythm, parse_meter(meter)) / beat <= fastest


@pytest.mark.parametrize("meter", ["4/4", "3/4", "2/4", "none", "5/8"])
def test_without_a_custom_a_quarter_note_lasts_half_a_second(meter: str) -> None:
    assert tempos(tune(f"M:{meter}")) == [(0, 120)]


def test_a_tempo_in_the_tune_comes_before_a_custom() -> None:
    assert tempos(tune("M:4/4", "R:reel", "Q:1/4=100")) == [(0, 100)]
    assert tempos(tune("M:4/4", "R:reel")) == [(0, 228)]
    assert tempos(tune("M:4/4", "R:reel", 'Q:"Lively"')) == [(0, 228)]
    assert tempos(tune("M:4/4", "R:reel", 'Q:"Andante"')) == [(0, 88)]
    assert initial_speed(read_tune(tune("M:6/8", "R:jig"))) == Fraction(3, 8) * 116


def test_tempos_inside_a_bar_and_of_other_voices() -> None:
    assert tempos(tune("M:4/4", body="CD[Q:1/4=60]EF|GABc|")) == [(0, 120), (2, 60)]
    repeated = "|:CD[Q:1/4=60]EF:|"
    expected = [(0, 120), (2, 60), (4, 120), (6, 60)]
    assert tempos(tune("M:4/4", body=repeated)) == expected
    voices = "V:1\nC4|D4|\nV:2\nC,4|[Q:1/4=60]D,4|"
    assert tempos(tune("M:4/4", body=voices)) == [(0, 120), (4, 60)]
    first = "V:1\nC4|D4|\nV:2\nQ:1/4=60\nC,4|D,4|"
    assert tempos(tune("M:4/4", "Q:1/4=100", body=first)) == [(0, 60)]
    both = "V:1\nC4|[Q:1/4=60]D4|\nV:2\nC,4|[Q:1/4=60]D,4|"
    assert tempos(tune("M:4/4", body=both)) == [(0, 120), (4, 60)]


def test_a_requested_tempo_scales_later_ones() -> None:
    text = tune("M:4/4", "Q:1/4=100", body="C4|[Q:1/4=50]D4|")
    assert tempos(text, tempo=200) == [(0, 200), (4, 100)]
    assert tempos(text, tempo="1/2=40") == [(0, 80), (4, 40)]
    assert tempos(tune("M:6/8"), tempo="3/8=100") == [(0, 150)]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("fast", "tempo must be quarter notes per minute, such as 120, or a beat.*'fast'"),
        (0, "from 5 to 1000 quarter notes per minute, not 0"),
        ("1/4=2000", "from 5 to 1000 quarter notes per minute, not 2000"),
        ("1/0=60", "tempo must be"),
        (float("nan"), "tempo must be"),
        (float("inf"), "tempo must be"),
        (-120, "tempo must be"),
    ],
)
def test_requests_that_are_no_tempo(value, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_speed(value)
    with pytest.raises(ValueError, match="tempo must be"):
        to_midi_bytes(tune("M:4/4"), tempo=value)
