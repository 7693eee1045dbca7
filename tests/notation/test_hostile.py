"""Any text gives a Tune or an ABCError, in bounded steps and memory."""

import tracemalloc

import pytest
from helpers import fuzz
from hypothesis import given, settings
from hypothesis import strategies as st

from abcrnn.notation import check_tune

HEADER = "X:1\nT:hostile\nM:4/4\nL:1/8\nK:D\n"

HOSTILE = {
    "a note without end": "A9999|",
    "a rest without end": "z1000000|",
    "a meter of thousands": "[M:99999/4]abc|",
    "divided by nothing": "A/0|",
    "a tuplet of nothing": "(0abc|",
    "a tuplet too long": "(99:99:99" + "a" * 50,
    "an unclosed quotation": '"Am abc|def|',
    "an unclosed chord": "[ceg abc|def|",
    "unclosed grace notes": "{abc def|",
    "an unclosed decoration": "!trill abc|",
    "an unclosed inline field": "[K:G abc|",
    "inline fields without end": "[K:" * 5000,
    "NULs": "ab\0c|",
    "surrogates": "ab\ud800c|\udfff",
    "a number of 10,000 digits": "A" + "9" * 10_000,
    "a fraction of 10,000 digits": "A/" + "9" * 10_000,
    "slashes": "A" + "/" * 10_000,
    "bars of rest": "Z999" * 100,
    "octaves": "c" + "'" * 1000 + "C" + "," * 1000,
    "deep nesting": "([{" * 5000 + "a" + "}])" * 5000,
    "repeats of repeats": "|:a" * 3000 + ":|" * 3000,
    "colons": ":" * 10_000 + "|",
    "endings": "[1 a " * 5000,
    "endings from to to to": "|:a[1-26-26-26b:|[1,2-3,4-1-2c|]",
    "parts": "P:" + "(" * 50 + "A" + "9)" * 50 + "\nP:A\nabc|",
    "broken rhythm": "a" + ">" * 10_000 + "b|",
    "ties": "a-" * 5000,
    "2000 bars on one line": "ABcd efga|" * 2000,
    "digits of another script": "A\u0663|",
    "many problems, many odd characters": "{" * 10_000 + "\x01" * 10_000,
    "music above the key": "\nX:2\n" + "a" * 10_000,
    "voices": "".join(f"V:{n}\na|\n" for n in range(2000)),
}


def read_play_and_check(text):
    fuzz.survives(text)
    check_tune(text, unsupported=True)


LONG = {"2000 bars on one line", "endings", "music above the key"}
NAMES = [pytest.param(n, marks=pytest.mark.slow) if n in LONG else n for n in HOSTILE]

# Not both in one test: tracing memory makes counting steps several times slower.


@pytest.mark.parametrize("name", NAMES)
def test_hostile_text_is_read_or_refused_in_bounded_steps(name):
    text = HEADER + HOSTILE[name]
    with fuzz.step_limit(text):
        read_play_and_check(text)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_hostile_text_takes_bounded_memory(name):
    tracemalloc.start()
    read_play_and_check(HEADER + HOSTILE[name])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < fuzz.MAX_BYTES


@pytest.mark.parametrize("text", ["", "\n", "X:1", "K:C", "abc", "%", "X:1\nK:", "\x7fELF"])
def test_incomplete_tunes_have_problems(text):
    assert check_tune(text)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(st.characters(), max_size=200))
def test_any_text(text):
    fuzz.survives(text)
    fuzz.survives(HEADER + text)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(fuzz.PIECES), max_size=80))
def test_any_pieces_of_music(pieces):
    fuzz.survives(HEADER + "".join(pieces))


@pytest.mark.slow
def test_mutated_tunes(oneills):
    resource = pytest.importorskip("resource", reason="Windows has no resource module")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = fuzz.run(list(oneills.tunes), count=3000, seed=1)
    assert result["read"] > 1000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < fuzz.MAX_BYTES / 1024
