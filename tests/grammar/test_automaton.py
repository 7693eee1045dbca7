"""The automata against check_tune, real tunes and abc2midi."""

import random
import re

import pytest
from helpers.abc2midi import find_or_skip, play
from helpers.walks import METERS, UNITS, Walker, header, run, valid_walks

from abcrnn.grammar import END, START, PitchAutomaton, PitchState, TuneAutomaton
from abcrnn.grammar.states import Kind, State, Token
from abcrnn.notation import check_tune

ALPHABET = "\n !\"#'()+,-./0123456789:<>=ABCDEFGHKLMPSTX[\\]^_abcdefgmnuvz{|}~"
PLAIN = "\nX1:MLKD|] ABCDEFGabcdefgz23468/<>(-"
POOR = "\nX1:MKC/DAabc2|"  # hardly more than a tune needs


def follows(automaton, text):
    return automaton.follow(text)[1] == len(text)


# Random walks: every completed tune is valid ---------------------------------------------------


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2))])
def test_random_walks_are_valid(homemade, seed):
    alphabets = ["".join(sorted(set(homemade.read_text("utf-8")))), ALPHABET]
    assert run(alphabets, 40, seed, 250) == 40


@pytest.mark.slow
def test_many_random_walks_are_valid(irish, jigs, oneills):
    alphabets = ["".join(sorted(set(corpus.text))) for corpus in (irish, jigs, oneills)]
    assert run([*alphabets, ALPHABET], 3000, 0, 350) == 3000


@pytest.mark.parametrize(
    "unit", [u if u == "1/8" else pytest.param(u, marks=pytest.mark.slow) for u in UNITS]
)
@pytest.mark.parametrize("meter", METERS)
def test_every_meter_and_unit(meter, unit):
    tunes = valid_walks(PLAIN + meter + unit, 4, 1, 250, header(meter, unit))
    assert len(set(tunes)) == 4


@pytest.mark.slow
def test_random_walks_use_every_kind_of_notation():
    """Otherwise the other tests of walks would prove little."""
    tunes = valid_walks(ALPHABET, 400, 3, 600, header("6/8", "1/8"))
    music = "".join(tune.split("K:D\n", 1)[1] for tune in tunes)
    signs = ["|", "||", ":|", "|:", "::", "[1", "|1", ":|2", "(3", "[", "{", "-", ">", "<", '"']
    signs += ["z", "/2", "3/2", "=", "^", "_", ",", "'", "!\n", "\\\n", "M:", "L:", "K:", "P:"]
    assert not [sign for sign in signs if sign not in music]


# No dead ends ------------------------------------------------------------------------------------


def completion(automaton, state):
    """Complete a tune by always choosing the character after which the need is least."""
    text, need = "", automaton.need(state)
    while state != END:
        after = automaton.successors(state)
        c, state = min(after.items(), key=lambda pair: (automaton.need(pair[1]), pair[0]))
        text += c
        assert automaton.need(state) < need, (text, state)
        need = automaton.need(state)
    return text


REQUESTS = [{}, {"bars": 1}, {"bars": 4}, {"form": ((2, True), (None, False), (1, True))}]


@pytest.mark.parametrize("requests", REQUESTS)
@pytest.mark.parametrize(
    "alphabet",
    [pytest.param(ALPHABET, marks=pytest.mark.slow), POOR],
    ids=["rich", "poor"],
)
def test_every_state_can_be_completed_within_its_need(alphabet, requests):
    automaton = TuneAutomaton(alphabet, **requests)
    walker = Walker(automaton, random.Random(5))  # noqa: S311
    prompts = ["", "X:1\nM:C\nK:C\n", "X:1\nM:C|\nK:C\n"]
    for number in range(12):
        tune = walker.walk(300, prompts[number % 3])
        state = START
        for index, c in enumerate(tune):
            need = automaton.need(state)
            assert need is not None and need <= 300 - index
            if index % 7 == number % 7:
                end = completion(automaton, state)
                assert len(end) <= need
                assert check_tune((tune[:index] + end)[:-2]) == [], (tune[:index], end)
            state = automaton.step(state, c)


@pytest.mark.parametrize(
    ("without", "is_enough"),
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
def test_alphabets_without_some_characters(without, is_enough):
    """Either all walks are valid, or the start state has no completion."""
    alphabet = "".join(c for c in ALPHABET if c not in without)
    assert (TuneAutomaton(alphabet).need(START) is not None) == is_enough
    if is_enough:
        assert len(valid_walks(alphabet, 12, 2, 200)) == 12


def test_the_start_has_no_need_if_no_field_value_is_possible():
    assert TuneAutomaton(ALPHABET, values={"K": ()}).need(START) is None
    assert TuneAutomaton(ALPHABET, values={"M": ("13/7",)}).need(START) is None


def test_walks_have_the_requested_form():
    tunes = valid_walks(PLAIN + "[]", 30, 4, 300, header("3/4"), form=((3, True), (2, False)))
    for tune in tunes:
        assert len(re.findall(r":\|", tune.split("K:D\n", 1)[1])) == 1


def test_bars_of_any_length_are_read_or_refused():
    """A very long bar must not exceed the recursion limit."""
    automaton = TuneAutomaton(ALPHABET, strict=False)
    for unit, followed in [("1/1", True), ("1/8", True), ("1/512", False)]:
        text = f"X:1\nM:128/1\nL:{unit}\nK:C\n"
        assert follows(automaton, text) == followed
        assert not followed or automaton.need(automaton.follow(text)[0])


# Real tunes -------------------------------------------------------------------------------------


def count_followed(corpus, strict):
    """The number of valid tunes that the automaton follows to the end."""
    automaton = TuneAutomaton("".join(sorted(set(corpus.text))), strict=strict)
    valid = [tune for tune in corpus.tunes if not check_tune(tune)]
    return sum(follows(automaton, tune + "\n\n") for tune in valid)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "loose", "strict"),
    [("irish", 766, 714), ("jigs", 313, 278), ("oneills", 1581, 1093)],
)
def test_real_tunes_are_followed(name, loose, strict, request):
    """The numbers of docs/abc-support.md. Their share depends on how many tunes are valid."""
    corpus = request.getfixturevalue(name)
    assert count_followed(corpus, strict=False) == loose
    assert count_followed(corpus, strict=True) == strict


@pytest.mark.parametrize(
    "name",
    ["jigs", *(pytest.param(name, marks=pytest.mark.slow) for name in ("irish", "oneills"))],
)
def test_no_invalid_tune_is_followed_to_the_end(name, request):
    """Not even with strict=False."""
    corpus = request.getfixturevalue(name)
    automaton = TuneAutomaton("".join(sorted(set(corpus.text))), strict=False)
    invalid = [tune for tune in corpus.tunes if check_tune(tune)]
    assert invalid
    for tune in invalid:
        state, count = automaton.follow(tune + "\n\n")
        assert (state, count) != (END, len(tune) + 2), tune


MUSIC = "X:1\nM:6/8\nL:1/8\nK:D\n"


@pytest.mark.parametrize(
    ("music", "strict", "loose"),
    [
        ("A|:d3 def:|", True, True),  # a pickup before the repeat
        ("A|dAF DF||d|fed dA|]", True, True),  # a double bar that cuts a bar in two
        ("A|dAF DF||d|fed dA:|", True, True),  # back to the d or to the A: both complete the bar
        ("A|dAF DFA|d3 d3||fed fed|d3 d2:|", False, False),  # back to the full bar after ||
        ("A|dAF DFA|d3 d3||fed fed|d3 d3:|", False, True),  # some programs go back to the A
        ("A|dAF DFA|d3 d3|||:fed fed|d3 d3:|fed fed:|", True, True),
        ("A||dAF DFA|d3 d3:|", False, True),
        ("d6:|d6|[1d6:|[2d5||d|d6|[1d5:|[2d6||", False, True),
        ("d6:|[1d6:|[2d6:|", False, False),  # a last ending closed by :|
        ("A|dAF DFA||d|fed dA|]", False, False),  # the bar before the | is not short
        ("A|dAF DFA|d3 d2||\n|| e|fed edc|d3 d2|]", True, True),
        ('"(D7)"d3 "A"def|', False, False),  # the only bar, not closed
        ('"(D7)"d3 "A"def||', True, True),
        ('"(D7)"d3 ">"def||', False, True),  # music21 loses the note after it
        ("d>(e f) def||", True, True),
        ("(3.d.e.f (3{g}fed de||", True, True),
        ("d3 def:||", True, True),
        ("d|def def|d3 d2:||", False, True),  # a program may count an empty bar
        ("z:|", False, False),  # no note
        ("d6:|\nz::d6|]", False, False),
        ("d6||\nz6||", True, True),
        ("d3-z3||", False, False),
        ("d3-e3||", True, True),  # pitches are left to PitchAutomaton
        (":|", False, False),
        ("zzz zzz:|", False, False),
        ("d6|[1d6:|[2d6||", True, True),
        ("d6||:d6::d6:|", True, True),
        ("d6:|d6||:d6::d6:|", False, True),  # abc2midi finds no |: in it
        ("d6:|d6|:d6::d6:|", True, True),
        ("d6:|:d6:|", False, True),
        ("d6:|d6|[1d6:|[2d6||", False, True),  # some programs need |: before endings
    ],
)
def test_strict_and_other_modes(music, strict, loose):
    text = MUSIC + music + "\n\n"
    assert follows(TuneAutomaton(ALPHABET), text) == strict
    assert follows(TuneAutomaton(ALPHABET, strict=False), text) == loose


def test_the_meter_may_change_after_the_key():
    assert follows(TuneAutomaton(ALPHABET), "X:1\nM:4/4\nK:G\nM:6/8\nP:A\nd3 def||\n\n")


def test_no_line_of_music_begins_with_a_letter_and_a_colon():
    """Some programs read z:| as a field; it is the end of a repeat."""
    for letter in "zb":
        music = f"zzz zz\n{letter}" if letter == "z" else f"bbb bb\n{letter}"
        text = MUSIC + "d6|" + music
        assert follows(TuneAutomaton(ALPHABET), text)
        assert not follows(TuneAutomaton(ALPHABET), text + ":")
        assert follows(TuneAutomaton(ALPHABET, strict=False), text + ":|\n\n") == (letter == "z")


# Successors --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["d", "z", "d3", ":|", "|", "d6", "d6:|", "d6:|[2", "d>", '"G"d'])
def test_successors_are_the_steps_with_a_need(text):
    """Although rows are shared between tokens that lead to the same state."""
    for start in (MUSIC, MUSIC + "d3 def|", MUSIC + "d3 def|\n", MUSIC + "|:d3 dAF|[1 "):
        automaton = TuneAutomaton(ALPHABET)
        state, count = automaton.follow(start + text)
        if count < len(start + text):
            continue
        rows = {c: automaton.step(state, c) for c in ALPHABET}
        expected = {c: after for c, after in rows.items() if after and automaton.need(after)}
        assert automaton.successors(state) == expected


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


def test_only_the_given_pitches_are_allowed():
    automaton = PitchAutomaton(frozenset(("D", "d", "d'", "A,")))
    state = PitchState()
    for c in 'X:1\nT:EF\nK:E\n"E7"Dd':
        state = automaton.step(state, c)
    assert automaton.step(state, "'") and not automaton.step(state, ",")
    assert not automaton.step(state, "e") and automaton.step(state, "A")
    bare = automaton.step(state, "A")
    assert automaton.step(bare, ",") and not automaton.step(bare, "2")


def test_states_know_whether_they_are_in_the_header():
    assert State(Token(Kind.LINE)).in_header
    assert not TuneAutomaton(ALPHABET).follow(MUSIC)[0].in_header


# abc2midi ----------------------------------------------------------------------------------------


@pytest.mark.oracle
def test_abc2midi_reports_no_errors_in_walks(irish, jigs, tmp_path):
    program = find_or_skip()
    tunes = []
    for number, corpus in enumerate((irish, jigs)):
        alphabet = "".join(sorted(set(corpus.text)))
        for meter in ("6/8", "C", "3/4", "2/4"):
            tunes += valid_walks(alphabet, 60, number, 400, header(meter))
            requests = {"form": ((2, True), (3, True))}
            tunes += valid_walks(alphabet, 60, number, 400, header(meter), **requests)
    complaints = [
        line
        for tune in tunes
        for line in play(program, tune, tmp_path)[1].splitlines()
        if line.startswith("Error") or "time units" in line
    ]
    assert len(complaints) <= 0.01 * len(tunes), complaints
