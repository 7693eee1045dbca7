"""The automaton against check_tune, real tunes and other programs."""

import random
import re

import pytest
from helpers.abc2midi import find_or_skip, play
from helpers.walks import METERS, UNITS, Walker, header, run, sound_walks

from abcrnn.grammar import END, START, PitchAutomaton, PitchState, TuneAutomaton
from abcrnn.grammar.states import State
from abcrnn.notation import check_tune

ALPHABET = "\n !\"#'()+,-./0123456789:<>=ABCDEFGHKLMPSTX[\\]^_abcdefgmnuvz{|}~"
PLAIN = "\nX1:MLKD|] ABCDEFGabcdefgz23468/<>(-"
POOR = "\nX1:MKC/DAabc2|"  # of each kind the least


def follows(automaton, text):
    return automaton.follow(text)[1] == len(text)


# Walks: whatever is drawn, the tune is sound ----------------------------------------------------


def test_walks_are_sound(homemade):
    alphabets = ["".join(sorted(set(homemade.read_text("utf-8")))), ALPHABET]
    for seed in range(3):
        assert run(alphabets, 40, seed, 250) == 40


@pytest.mark.slow
def test_many_walks_are_sound(irish, jigs, oneills):
    alphabets = ["".join(sorted(set(corpus.text))) for corpus in (irish, jigs, oneills)]
    assert run([*alphabets, ALPHABET], 5000, 0, 350) == 5000


@pytest.mark.parametrize(
    "unit", [u if u == "1/8" else pytest.param(u, marks=pytest.mark.slow) for u in UNITS]
)
@pytest.mark.parametrize("meter", METERS)
def test_every_meter_and_unit(meter, unit):
    tunes = sound_walks(PLAIN + meter + unit, 4, 1, 250, header(meter, unit))
    assert len(set(tunes)) == 4


@pytest.mark.slow
def test_a_walk_takes_in_all_that_may_be_drawn():
    """Else walks would prove little: every sign of the grammar comes in some tune."""
    tunes = sound_walks(ALPHABET, 400, 3, 600, header("6/8", "1/8"))
    music = "".join(tune.split("K:D\n", 1)[1] for tune in tunes)
    signs = ["|", "||", ":|", "|:", "::", "[1", "|1", ":|2", "(3", "[", "{", "-", ">", "<", '"']
    signs += ["z", "/2", "3/2", "=", "^", "_", ",", "'", "!\n", "\\\n", "M:", "L:", "K:", "P:"]
    assert not [sign for sign in signs if sign not in music]


# Never a dead end -------------------------------------------------------------------------------


def way_to_the_end(automaton, state):
    """The shortest way that needs know of: characters, always to the state of least need."""
    text, need = "", automaton.need(state)
    while state != END:
        after = automaton.successors(state)
        c, state = min(after.items(), key=lambda pair: (automaton.need(pair[1]), pair[0]))
        text += c
        assert automaton.need(state) < need, (text, state)
        need = automaton.need(state)
    return text


ORDERS = [{}, {"bars": 1}, {"bars": 4}, {"form": ((2, True), (None, False), (1, True))}]


@pytest.mark.parametrize("orders", ORDERS)
@pytest.mark.parametrize(
    "alphabet",
    [pytest.param(ALPHABET, marks=pytest.mark.slow), POOR],
    ids=["rich", "poor"],
)
def test_from_everywhere_there_is_a_way_to_the_end(alphabet, orders):
    automaton = TuneAutomaton(alphabet, **orders)
    walker = Walker(automaton, random.Random(5))  # noqa: S311
    prompts = ["", "X:1\nM:C\nK:C\n", "X:1\nM:C|\nK:C\n"]
    for number in range(12):
        tune = walker.walk(300, prompts[number % 3])
        state = START
        for place, c in enumerate(tune):
            need = automaton.need(state)
            assert need is not None and need <= 300 - place
            if place % 7 == number % 7:
                way = way_to_the_end(automaton, state)
                assert len(way) <= need
                assert check_tune((tune[:place] + way)[:-2]) == [], (tune[:place], way)
            state = automaton.step(state, c)


@pytest.mark.parametrize(
    ("without", "may"),
    [
        ("23456789", True),
        ("0123456789", False),  # no X:1
        ("/", True),
        ("|", False),
        (":", False),
        ("X", False),
        ("K", False),
        ("M", False),
        ("\n", False),
        (",'", True),
        (" ", True),
        ("[]", True),
        ("z", True),
        ("-()<>", True),
        ("ABCDEFG", False),  # no K:
        ("abcdefg", True),
        ("C468", True),
    ],
)
def test_alphabets_that_lack_something(without, may):
    """There is a tune to be written, and all walks are sound; or it is said that there is none."""
    alphabet = "".join(c for c in ALPHABET if c not in without)
    assert (TuneAutomaton(alphabet).need(START) is not None) == may
    if may:
        assert len(sound_walks(alphabet, 12, 2, 200)) == 12


def test_orders_that_cannot_be_met_have_no_end():
    assert TuneAutomaton(ALPHABET, values={"K": ()}).need(START) is None
    assert TuneAutomaton(ALPHABET, values={"M": ("13/7",)}).need(START) is None


def test_a_form_is_kept_to():
    tunes = sound_walks(PLAIN + "[]", 30, 4, 300, header("3/4"), form=((3, True), (2, False)))
    for tune in tunes:
        assert len(re.findall(r":\|", tune.split("K:D\n", 1)[1])) == 1


# Real tunes -------------------------------------------------------------------------------------


def accepted(corpus, strict):
    """The share of the sound tunes that are followed to the letter."""
    automaton = TuneAutomaton("".join(sorted(set(corpus.text))), strict=strict)
    sound = [tune for tune in corpus.tunes if not check_tune(tune)]
    return sum(follows(automaton, tune + "\n\n") for tune in sound) / len(sound)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "loose", "strict"),
    [("irish", 0.99, 0.94), ("jigs", 0.95, 0.84), ("oneills", 0.95, 0.66)],
)
def test_real_tunes_are_followed(name, loose, strict, request):
    corpus = request.getfixturevalue(name)
    assert accepted(corpus, strict=False) >= loose
    assert accepted(corpus, strict=True) >= strict


@pytest.mark.parametrize("name", ["irish", "jigs", pytest.param("oneills", marks=pytest.mark.slow)])
def test_nothing_unsound_is_accepted(name, request):
    """Neither by the loose grammar: it follows what is given, as far as that is sound."""
    corpus = request.getfixturevalue(name)
    automaton = TuneAutomaton("".join(sorted(set(corpus.text))), strict=False)
    unsound = [tune for tune in corpus.tunes if check_tune(tune)]
    assert unsound
    for tune in unsound:
        state, count = automaton.follow(tune + "\n\n")
        assert (state, count) != (END, len(tune) + 2), tune


MUSIC = "X:1\nM:6/8\nL:1/8\nK:D\n"


@pytest.mark.parametrize(
    ("music", "strict", "loose"),
    [
        ("A|:d3 def:|", True, True),  # a pickup before the repeat
        ("A|dAF DF||d|fed dA|]", True, True),  # a double bar that cuts a bar in two
        ("A|dAF DFA||d|fed dA|]", False, False),  # no short bar stands before the |
        ("A|dAF DFA|d3 d2||\n|| e|fed edc|d3 d2|]", True, True),
        ('"(D7)"d3 "A"def|', False, False),  # one bar is a pickup or full, and not closed
        ('"(D7)"d3 "A"def||', True, True),
        ('"(D7)"d3 ">"def||', False, True),  # to music21 the note after it is lost
        ("d>(e f) def||", True, True),
        ("(3.d.e.f (3{g}fed de||", True, True),
        ("d3 def:||", True, True),
        ("d|def def|d3 d2:||", False, True),  # another bar line, after a bar not full
        ("z:|", False, False),  # no note
        ("d6:|\nz::d6|]", False, False),
        ("d6||\nz6||", True, True),
        ("d3-z3||", False, False),
        ("d3-e3||", True, True),  # a slur to some; pitches are the other automaton's work
        (":|", False, False),
        ("zzz zzz:|", False, False),
        ("d6|[1d6:|[2d6||", True, True),
        ("d6||:d6::d6:|", True, True),
        ("d6:|d6||:d6::d6:|", False, True),  # to abc2midi nothing begins there
        ("d6:|d6|:d6::d6:|", True, True),
        ("d6:|:d6:|", False, True),
        ("d6:|d6|[1d6:|[2d6||", False, True),  # to some, an ending needs |:
    ],
)
def test_what_may_be_drawn_and_what_is_followed(music, strict, loose):
    text = MUSIC + music + "\n\n"
    assert follows(TuneAutomaton(ALPHABET), text) == strict
    assert follows(TuneAutomaton(ALPHABET, strict=False), text) == loose


def test_the_meter_may_change_after_the_key():
    assert follows(TuneAutomaton(ALPHABET), "X:1\nM:4/4\nK:G\nM:6/8\nP:A\nd3 def||\n\n")


def test_a_letter_and_a_colon_begin_no_line_of_music():
    """Some programs take z:| for a field, where it is the end of a repeat."""
    for letter in "zb":
        music = f"zzz zz\n{letter}" if letter == "z" else f"bbb bb\n{letter}"
        text = MUSIC + "d6|" + music
        assert follows(TuneAutomaton(ALPHABET), text)
        assert not follows(TuneAutomaton(ALPHABET), text + ":")
        assert follows(TuneAutomaton(ALPHABET, strict=False), text + ":|\n\n") == (letter == "z")


# The order of rows ------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["d", "z", "d3", ":|", "|", "d6", "d6:|", "d6:|[2", "d>", '"G"d'])
def test_successors_are_steps(text):
    """Where rows are shared between tokens, each is still what a step says."""
    for begun in (MUSIC, MUSIC + "d3 def|", MUSIC + "d3 def|\n", MUSIC + "|:d3 dAF|[1 "):
        automaton = TuneAutomaton(ALPHABET)
        state, count = automaton.follow(begun + text)
        if count < len(begun + text):
            continue
        rows = {c: automaton.step(state, c) for c in ALPHABET}
        wanted = {c: after for c, after in rows.items() if after and automaton.need(after)}
        assert automaton.successors(state) == wanted


# Pitches ----------------------------------------------------------------------------------------


def test_a_tie_leads_to_the_same_pitch():
    automaton = PitchAutomaton()

    def may(text):
        state = PitchState()
        for c in "X:1\nK:D\n" + text:
            state = automaton.step(state, c)
            if state is None:
                return False
        return True

    assert may("c2-c|d' -d'") and may("c2-|\nc")
    assert not may("c2-d") and not may("c2-C") and not may("c'-c|") and not may("c-c'")
    assert not may('c-"Am"e') and may('c-"Am"c')
    assert not may("C''") and not may("c,")


def test_pitches_are_kept_to():
    automaton = PitchAutomaton(frozenset(("D", "d", "d'", "A,")))
    state = PitchState()
    for c in 'X:1\nT:EF\nK:E\n"E7"Dd':
        state = automaton.step(state, c)
    assert automaton.step(state, "'") and not automaton.step(state, ",")
    assert not automaton.step(state, "e") and automaton.step(state, "A")
    bare = automaton.step(state, "A")
    assert automaton.step(bare, ",") and not automaton.step(bare, "2")


def test_states_tell_the_header():
    assert State("line").in_header
    assert not TuneAutomaton(ALPHABET).follow(MUSIC)[0].in_header


# Another program as judge -----------------------------------------------------------------------


@pytest.mark.oracle
def test_abc2midi_finds_walks_sound(irish, jigs, tmp_path):
    program = find_or_skip()
    tunes = []
    for number, corpus in enumerate((irish, jigs)):
        alphabet = "".join(sorted(set(corpus.text)))
        for meter in ("6/8", "C", "3/4", "2/4"):
            tunes += sound_walks(alphabet, 60, number, 400, header(meter))
            orders = {"form": ((2, True), (3, True))}
            tunes += sound_walks(alphabet, 60, number, 400, header(meter), **orders)
    complaints = [
        line
        for tune in tunes
        for line in play(program, tune, tmp_path)[1].splitlines()
        if line.startswith("Error") or "time units" in line
    ]
    assert len(complaints) <= 0.01 * len(tunes), complaints
