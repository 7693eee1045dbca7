"""A requested last note: walks under the constraint end on it, and no prefix is a dead end."""

import random
import re

import pytest
from helpers.walks import Walker, header

from abcrnn.composition.requests import Requests
from abcrnn.grammar import END, PitchAutomaton, TuneAutomaton
from abcrnn.grammar.transition_tables import TransitionTables
from abcrnn.notation import check_tune, read_tune
from abcrnn.notation.playing import played_notes

ALPHABET = "\n !\"#'()+,-./0123456789:=>ABCDEFGKLMPTX[\\]^_abcdefglmorz{|}~"
PLAIN = "\n |:]-^12468/zABCDEFGabcdefgXMKLmloc#"
SEMITONES = {"C": 0, "G": 7, "D": 2, "A": 9, "E": 4, "B": 11, "F": 5}
FORMS = ({}, {"bars": 1}, {"bars": 3}, {"form": ((2, True), (1, False))}, {"form": ((None, True),)})


def last_interval(tune):
    """Return the semitones from the tonic of the last ``K:`` to the last notes as played."""
    letter, sign = re.findall(r"\nK: *([A-G])([#b]?)", tune)[-1]
    tonic = SEMITONES[letter] + {"": 0, "#": 1, "b": -1}[sign]
    read = read_tune(tune)
    notes = played_notes(read, read.voices[0])
    end = max(note.onset + note.duration for note in notes)
    return {(note.pitch - tonic) % 12 for note in notes if note.onset + note.duration == end}


def walks(count, seed, prompt="", cap=200, pitches=None, alphabet=ALPHABET, **options):
    if pitches:
        options["pitches"] = pitches
    walker = Walker(TuneAutomaton(alphabet, **options), random.Random(seed))  # noqa: S311
    if pitches:
        walker.pitches = PitchAutomaton(pitches)
    for _ in range(count):
        text = walker.walk(cap, prompt)
        assert not check_tune(text[:-2]), text
        yield text[:-2]


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("key", ["G", "F#m"])
def test_walks_end_on_the_tonic(form, key):
    options = {"alphabet": PLAIN, "values": {"K": [key]}, **form}
    for tune in walks(5, 1, header("2/4", "1/8", key), 120, ending="tonic", **options):
        assert last_interval(tune) == {0}, tune


@pytest.mark.parametrize(("key", "third", "fifth"), [("D", 4, 7), ("Em", 3, 7), ("B loc", 3, 6)])
def test_walks_end_on_the_chord(key, third, fifth):
    ends = set()
    options = {"alphabet": PLAIN, "values": {"K": [key]}, "bars": 1}
    for tune in walks(30, 2, header("2/4", "1/8", key), ending="chord", **options):
        assert last_interval(tune) <= {0, third, fifth}, tune
        ends |= last_interval(tune)
    assert ends == {0, third, fifth}


@pytest.mark.slow
def test_walks_with_all_notation():
    """Headers of their own, chords, grace notes and accidentals."""
    keys = set()
    for tune in walks(12, 3, cap=160, ending="tonic"):
        assert last_interval(tune) == {0}, tune
        keys.add(re.search(r"\nK: *(.)", tune)[1])
    assert len(keys) > 3


def test_the_key_may_change():
    prompt = header("2/4", "1/8") + "d4|d4|\nK:G\n"
    ends = set()
    for tune in walks(15, 4, prompt, alphabet=PLAIN, values={"K": ["D", "G"]}, ending="tonic"):
        assert last_interval(tune) == {0}, tune
        ends.add(re.findall("[A-Ga-g]", tune)[-1].upper())
    assert "G" in ends


def test_the_other_notes_of_the_last_bar_are_free():
    """Only the last note is fixed: bars with one other note before it and with many occur."""
    free = set()
    for tune in walks(60, 5, header("2/4", "1/8"), alphabet=PLAIN, ending="tonic", bars=1):
        letters = re.findall(r"[A-Ga-g]", tune.split("K:D\n")[1])
        free |= {letter.upper() for letter in letters[:-1]}
    assert free == set("ABCDEFG")


@pytest.mark.parametrize("tight", [0, 1, 5])
def test_the_ending_is_met_at_the_limit(tight):
    """The need of a state includes what the ending takes, so that no limit is exceeded."""
    prompt = header("6/8", "1/8", "G") + "A"
    automaton = TuneAutomaton(PLAIN, ending="tonic")
    need = automaton.need(automaton.follow(prompt)[0])
    cap = len(prompt) + need + tight
    for tune in walks(20, 6, prompt, cap, alphabet=PLAIN, ending="tonic"):
        assert len(tune) + 2 <= cap and last_interval(tune) == {0}


def test_every_state_of_walks_can_be_completed_within_its_need():
    automaton = TuneAutomaton(PLAIN, ending="tonic", form=((2, True), (2, True)))
    walker = Walker(automaton, random.Random(7))  # noqa: S311
    checked = 0
    for _ in range(12):
        state = automaton.follow(header("6/8"))[0]
        while state != END:
            need = automaton.need(state)
            successors = automaton.successors(state)
            best = min(automaton.need(after) for after in successors.values())
            assert best <= need - 1, state
            state = walker.source.choice(list(successors.values()))
            checked += 1
    assert checked > 300


@pytest.mark.parametrize(
    ("music", "may_end"),
    [
        ("A2D2|]", True),
        ("A2d2|]", True),
        ("D2A2|]", False),
        ("D2z2|]", True),
        ("A2z2|]", False),
        ("A2{g}d2|]", True),
        ("d2{d}A2|]", False),
        ("A4|^dAd2|]", False),  # still sharp
        ("A4|^d2|d2|]", None),
        ("^d2A2|d4|]", True),  # the bar line ends the accidental
        ("A4|^d4-|d4|]", False),  # the tie does not
        ("A4|d4-|d4|]", True),
        ("A4|A4-|A4|]", False),
        ("A4|=dAd2|]", False),  # any accidental
        ("A4|^cAd2|]", True),  # of another letter
        ("{^d}A2d2|]", False),
        ("A2[Dd]2|]", True),
        ("A2[Ad]2|]", False),
        ("A2[dA]2|]", False),
        ("A2[^dd]2|]", False),
        ("d4|\nK:G\nd4|]", False),
        ("d4|\nK:G\nG4|]", True),
        ("d4|]\nK:G\nz4|]", False),
        ("|:A4|1d4:|2A4|]", False),
        ("|:A4|1A4:|2d4|]", True),
    ],
)  # fmt: skip
def test_where_a_tune_may_end(music, may_end):
    automaton = TuneAutomaton(ALPHABET, strict=False, ending="tonic")
    text = header("2/4", "1/8") + music + "\n"
    state, count = automaton.follow(text)
    if may_end is None:
        assert count < len(text)
        return
    assert count == len(text)
    assert (automaton.step(state, "\n") == END) == may_end
    assert TuneAutomaton(ALPHABET, strict=False).follow(text + "\n")[0] == END


@pytest.mark.parametrize("pitches", ["G,-D", "d-f"])
def test_the_ending_is_in_the_range(pitches):
    notes = Requests(pitches=pitches).notes()
    letters = {note[0].upper() for note in notes}
    found = set()
    alphabet = PLAIN + ","
    for tune in walks(15, 8, cap=80, alphabet=alphabet, pitches=notes, ending="tonic", bars=1):
        assert last_interval(tune) == {0}, tune
        found.add(re.search(r"\nK: *([A-G])", tune)[1])
    assert found <= letters and len(found) > 1


def test_a_key_whose_tonic_cannot_be_written_is_not_allowed():
    automaton = TuneAutomaton(ALPHABET.replace("D", "").replace("d", ""), ending="tonic")
    assert automaton.follow("X:1\nM:2/4\nK:G\n")[1] == 14
    automaton = TuneAutomaton(ALPHABET, strict=False, ending="tonic")
    for key in ("none", "HP", "D exp _d"):
        text = f"X:1\nM:2/4\nK:{key}"
        assert automaton.follow(text + "\n")[1] == len(text)


def test_without_a_request_all_states_are_as_before():
    """The state of the ending stays the same, so that it adds no states."""
    state, _ = TuneAutomaton(ALPHABET).follow(header("2/4") + "^d2[Dd]2|d4|\nK:G\nA2")
    assert state.ending == type(state.ending)()


def test_tables_take_the_ending():
    with pytest.raises(ValueError, match="no tune can be written"):
        TransitionTables("\nX:1M2/4KGAB|", values={"K": {"F"}}, ending="tonic")
    tables = TransitionTables(ALPHABET, ending="tonic", bars=1)
    prompt = header("2/4", "1/8") + "d2A2"
    assert tables.read_prefix(prompt).length < len(prompt)
