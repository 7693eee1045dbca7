"""A requested range: walks stay in it as played, with accidentals and in any key."""

import random

import pytest
from helpers.walks import Walker, header

from abcrnn.composition.pitch_range import is_in_range, notes_in_range
from abcrnn.composition.requests import Requests
from abcrnn.grammar import PitchAutomaton, PitchState, TuneAutomaton
from abcrnn.notation import check_tune, read_tune

ALPHABET = "\n |:]-^_=[{}'(),248/zABCDEFGabcdefgXMKL16loc"  # no I: in the music, no key changes


def walks(requests, count, seed):
    notes, key = requests.notes(), requests.key
    values = requests.header_values()
    automaton = TuneAutomaton(ALPHABET + key, values=values, pitches=notes)
    walker = Walker(automaton, random.Random(seed))  # noqa: S311
    walker.pitches = PitchAutomaton(notes)
    return [walker.walk(250, header("2/4", "1/8", key))[:-2] for _ in range(count)]


@pytest.mark.parametrize("pitches", ["D whistle", "voice", "fiddle", "B,-c", "E-F", "c-c'"])
@pytest.mark.parametrize("key", ["C", "D", "Ab", "F#", "Em", "Bdor"])
def test_walks_are_in_the_range(pitches, key):
    altered = False
    for tune in walks(Requests(pitches=pitches, key=key), 12, 3):
        assert not check_tune(tune), tune
        if "\nK:" in tune.split(f"K:{key}\n", 1)[1]:
            continue  # another key in the music
        assert is_in_range(read_tune(tune), pitches), tune
        altered |= "^" in tune or "_" in tune
    assert altered or pitches == "E-F"  # with one letter left, no accidental is possible


def test_a_sharp_or_flat_does_not_leave_the_range():
    automaton = PitchAutomaton(notes_in_range("D whistle"))

    def allowed(music):
        state = PitchState()
        for c in f"X:1\nK:G\n{music}":
            state = automaton.step(state, c)
            if state is None:
                return False
        return True

    assert (
        allowed("b")
        and allowed("_b")
        and allowed("^a")
        and allowed("^D")
        and allowed("^b") is False
    )
    # In a bar, an accidental holds for its letter in all octaves.
    assert not allowed("^B") and not allowed("_d") and not allowed("_D")
    assert allowed("=b") and allowed('"_b"b') and allowed("^cb")
    everything = PitchAutomaton()
    assert all(everything.step(PitchState(), c) for c in "X")


def test_the_key_is_taken_into_account():
    assert notes_in_range("D whistle", "Ab") == notes_in_range("D whistle") - {"D"}
    assert notes_in_range("voice", "D") == notes_in_range("voice")
    assert notes_in_range("voice", "Eb") == notes_in_range("voice") - {"A,"}
    assert notes_in_range("D-c'", "D") == notes_in_range("D-c'") - {"c'"}
