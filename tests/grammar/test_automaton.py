"""The automata against check_tune, real tunes and abc2midi."""

import random
import re
from functools import partial

import pytest
from helpers.abc2midi import find_or_skip, play
from helpers.walks import METERS, UNITS, Walker, header, run, valid_walks

from abcrnn import tidy
from abcrnn.grammar import END, START, PitchAutomaton, PitchState, TuneAutomaton
from abcrnn.grammar.states import Kind, State, Token
from abcrnn.notation import check_tune

ALPHABET = "\n !\"#'()+,-./0123456789:<>=ABCDEFGHKLMPSTX[\\]^_abcdefgmnuvz{|}~"
PLAIN = "\nX1:MLKD|] ABCDEFGabcdefgz23468/<>(-"
PRINTABLE = "\n" + "".join(map(chr, range(32, 127)))
POOR = "\nX1:MKC/DAabc2|"  # hardly more than a tune needs


def follows(automaton, text):
    return automaton.follow(text)[1] == len(text)


# Random walks: every completed tune is valid ---------------------------------------------------


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2))])
def test_random_walks_are_valid(homemade, seed):
    alphabets = ["".join(sorted(set(homemade.read_text("utf-8")))), ALPHABET]
    assert run(alphabets, 40, seed, 250) == 40


@pytest.mark.parametrize(
    "count",
    [pytest.param(600, marks=pytest.mark.slow), pytest.param(12_000, marks=pytest.mark.long)],
)
def test_many_random_walks_are_valid(irish, jigs, oneills, count):
    alphabets = ["".join(sorted(set(corpus.text))) for corpus in (irish, jigs, oneills)]
    assert run([*alphabets, ALPHABET], count, 0, 350, batch=count // 12) == count


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


@pytest.mark.slow
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


@pytest.mark.slow
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


def count_followed(corpus, strict, edit=str):
    """The number of valid tunes that the automaton follows to the end, after an edit."""
    automaton = TuneAutomaton("".join(sorted(set(corpus.text))), strict=strict)
    valid = [tune for tune in corpus.tunes if not check_tune(tune)]
    return sum(follows(automaton, edit(tune) + "\n\n") for tune in valid)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "loose", "strict"),
    [("irish", 766, 714), ("jigs", 315, 207), ("oneills", 1584, 628)],
)
def test_real_tunes_are_followed(name, loose, strict, request):
    """The numbers of docs/abc-support.md. Their share depends on how many tunes are valid."""
    corpus = request.getfixturevalue(name)
    assert count_followed(corpus, strict=False) == loose
    assert count_followed(corpus, strict=True) == strict


@pytest.mark.parametrize(
    ("name", "least", "with_repeats"),
    [
        pytest.param("irish", 713, 760, marks=pytest.mark.slow),
        pytest.param("jigs", 272, 274, marks=pytest.mark.slow),
        pytest.param("oneills", 1165, 1244, marks=pytest.mark.long),
    ],
)
def test_formatted_tunes_can_be_generated(name, least, with_repeats, request):
    corpus = request.getfixturevalue(name)
    assert count_followed(corpus, strict=True, edit=tidy) >= least
    explicit = partial(tidy, repeats=True)
    assert count_followed(corpus, strict=True, edit=explicit) >= with_repeats


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
        ("A|:d3 def|d3 def:|", True, True),  # a pickup before the repeat
        ("A|dAF DFA|dAF DF||d|fed fed|fed dA|]", True, True),  # a double bar that cuts a bar in two
        # Back to the d or to the A: both complete the bar.
        ("A|dAF DFA|dAF DF||d|fed fed|fed dA:|", True, True),
        ("A|dAF DFA|d3 d3||fed fed|d3 d2:|", False, False),  # back to the full bar after ||
        ("A|dAF DFA|d3 d3||fed fed|d3 d3:|", False, True),  # some programs go back to the A
        ("A|dAF DFA|d3 d3|||:fed fed|d3 d3:|fed fed|fed fed:|", True, True),
        ("A||dAF DFA|d3 d3:|", False, True),
        ("d6|d6:|d6|[1d6:|[2d5||d|d6|[1d5:|[2d6||", False, True),
        ("d6:|[1d6:|[2d6:|", False, False),  # a last ending closed by :|
        ("A|dAF DFA||d|fed dA|]", False, False),  # the bar before the | is not short
        ("A|dAF DFA|d3 d2||\n|| e|fed edc|d3 d2|]", True, True),
        ('"(D7)"d3 "A"def|', False, False),  # the only bar, not closed
        ('"(D7)"d3 "A"def|d6||', True, True),
        ('"(D7)"d3 ">"def|d6||', False, True),  # music21 loses the note after it
        ("d>(e f) def|d6||", True, True),
        ("(3.d.e.f (3{g}fed de|d6||", True, True),
        ("d6|d3 def:||", True, True),
        ("d|def def|d3 d2:||", False, True),  # a program may count an empty bar
        ("z:|", False, False),  # no note
        ("d6:|\nz::d6|]", False, False),
        ("d6|d6||\nz6|z6||", True, True),
        ("d3-z3||", False, False),
        ("d3-e3|d6||", True, True),  # pitches are left to PitchAutomaton
        (":|", False, False),
        ("zzz zzz:|", False, False),
        ("d6|[1d6:|[2d6||", True, True),
        ("d6|d6||:d6|d6::d6|d6:|", True, True),
        ("d6|d6:|d6|d6||:d6|d6::d6|d6:|", False, True),  # abc2midi finds no |: in it
        ("d6|d6:|d6|d6|:d6|d6::d6|d6:|", True, True),
        ("d6|d6:|:d6|d6:|", False, True),
        ("d6|d6:|d6|[1d6:|[2d6||", False, True),  # some programs need |: before endings
    ],
)
def test_strict_and_other_modes(music, strict, loose):
    text = MUSIC + music + "\n\n"
    assert follows(TuneAutomaton(ALPHABET), text) == strict
    assert follows(TuneAutomaton(ALPHABET, strict=False), text) == loose


def test_the_meter_may_change_after_the_key():
    assert follows(TuneAutomaton(ALPHABET), "X:1\nM:4/4\nK:G\nM:6/8\nP:A\nd3 def|d6||\n\n")


def test_no_line_of_music_begins_with_a_letter_and_a_colon():
    """Some programs read z:| as a field; it is the end of a repeat."""
    for letter in "zb":
        music = f"zzz zz\n{letter}" if letter == "z" else f"bbb bb\n{letter}"
        text = MUSIC + "d6|d6|" + music
        assert follows(TuneAutomaton(ALPHABET), text)
        assert not follows(TuneAutomaton(ALPHABET), text + ":")
        assert follows(TuneAutomaton(ALPHABET), text + " |")
        assert not follows(TuneAutomaton(ALPHABET), text + " :")
        assert follows(TuneAutomaton(ALPHABET, strict=False), text + ":|\n\n") == (letter == "z")


# Clean output ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("music", "strict"),
    [
        ("def dfa | d6 |]", True),
        ("def  dfa|d6|]", False),
        ("def dfa  |d6|]", False),
        ("def dfa|  d6|]", False),
        (" def dfa|d6|]", False),
        ("def dfa|\n d6|]", False),
        ("def dfa| \nd6|]", False),
        ("def dfa|d6|] ", False),
        ("def dfa| !\nd6|]", False),
        ('"G" def dfa|d6|]', True),
        ('"G"  def dfa|d6|]', False),
        ("d3- d3|d6|]", True),
        ("d3 -d3|d6|]", True),  # one in three tunes of jigs
        ("d3  -d3|d6|]", False),
        ("d3 - d3|d6|]", True),
        ("(3 def d4|d6|]", False),
        ("(3d ef d4|d6|]", True),
        ("(def ) d3|d6|]", False),
        ("d> e d4|d6|]", False),
        ("|: def dfa | d6 :|", True),
        ("|:  def dfa | d6 :|", False),
    ],
)
def test_generated_music_has_single_spaces(music, strict):
    text = MUSIC + music + "\n\n"
    assert follows(TuneAutomaton(ALPHABET), text) == strict
    assert follows(TuneAutomaton(ALPHABET, strict=False), text)


@pytest.mark.parametrize(
    ("header_text", "strict"),
    [
        ("X: 1\nT: The Lark\nM: 6/8\nL: 1/8\nK: D\n", True),
        ("X:  1\nT:The Lark\nM:6/8\nK:D\n", False),
        ("X:1\nT:  The Lark\nM:6/8\nK:D\n", False),
        ("X:1\nT:The  Lark\nM:6/8\nK:D\n", False),
        ("X:1\nT:The Lark \nM:6/8\nK:D\n", False),
        ("X:1\nT:\nM:6/8\nK:D\n", False),
        ("X:1\nT: \nM:6/8\nK:D\n", False),
        ("X:1\n% a comment\nM:6/8\nK:D\n", True),
        ("X:1\n%  a comment\nM:6/8\nK:D\n", False),
        ("X:1\n% \nM:6/8\nK:D\n", False),
        ("X:1\nM:  6/8\nK:D\n", False),
        ("X:1\nM:6/8\nK:  D\n", False),
        ("X:1\nM:6/8\nK:D  minor\n", False),
    ],
)
def test_generated_fields_have_single_spaces(header_text, strict):
    alphabet = "".join(sorted({*ALPHABET, *"%ehiklorty"}))
    text = header_text + "def dfa|d6|]\n\n"
    assert follows(TuneAutomaton(alphabet), text) == strict
    if "  minor" not in text:
        assert follows(TuneAutomaton(alphabet, strict=False), text)


@pytest.mark.parametrize(
    ("text", "is_name"),
    [
        ('The Lark (or: "Foo"), No. 2', True),
        ("O'Neill's & Co. [1]", True),
        ("'Twas - a Jig!", True),
        ("The (Lark", False),
        ("Lark)", False),
        ("The (Lark]", False),
        ('"Lark', False),
        ("((((Lark))))", False),
        ("()", False),
        ('The "" Lark', False),
        ("-", False),
        ("Lark -", False),
        ("A Lark !", True),
        ("The {Lark}", False),
        ("<b>Lark", False),
        ("Lark^2", False),
    ],
)
def test_generated_titles_have_words_and_paired_brackets(text, is_name):
    for letter in "TC":
        tune = f"X:1\n{letter}:{text}\nM:6/8\nK:D\n"
        assert follows(TuneAutomaton(PRINTABLE), tune) == is_name
        assert follows(TuneAutomaton(PRINTABLE, strict=False), tune)
    assert follows(TuneAutomaton(PRINTABLE), f"X:1\nN:{text}\nM:6/8\nK:D\n")


@pytest.mark.parametrize(
    ("tempo", "strict"),
    [("90", True), (" 120", True), ("1/4=90", True), ("3/8=116", True), ("", False), ("900", False),
     ("7", False), ("1/4", False), ("Allegro", False), ("1/4=1/4", False)],
)  # fmt: skip
def test_tempos(tempo, strict):
    tune = f"X:1\nQ:{tempo}\nM:6/8\nK:D\n"
    assert follows(TuneAutomaton(PRINTABLE), tune) == strict
    assert follows(TuneAutomaton(PRINTABLE, strict=False), tune)


def test_an_open_bracket_of_a_prompt_is_closed():
    state, _ = TuneAutomaton(PRINTABLE, strict=False).follow("X:1\nT:The Lark (or")
    after = TuneAutomaton(PRINTABLE).successors(state)
    assert ")" in after and "\n" not in after
    assert completion(TuneAutomaton(PRINTABLE), state).startswith(")\nM")


@pytest.mark.parametrize(
    ("fields", "strict"),
    [
        ("M:6/8\nR:jig", True),
        ("R:jig\nM:6/8", True),
        ("R:slip jig\nM:9/8", True),
        ("R: Slow Hornpipe\nM:C|", True),
        ("R:hornpipe\nM:3/2", True),
        ("R:air\nM:6/8", True),
        ("R:jiggly\nM:C", True),
        ("R:hornpipe\nM:6/8", False),
        ("M:6/8\nR:hornpipe", False),
        ("M:6/8\nR:Reels", False),
        ("M:6/8\nR:slip jig", False),
        ("R:slip jig\nM:6/8", False),
        ("R:reel\nR:jig\nM:6/8", False),
        ("R:waltz\nM:C", False),
        ("R:reel jig\nM:C", False),
        ("R:\nM:6/8", False),
    ],
)
def test_generated_rhythms_suit_the_meter(fields, strict):
    tune = f"X:1\n{fields}\nK:D\n"
    assert follows(TuneAutomaton(PRINTABLE), tune) == strict
    assert follows(TuneAutomaton(PRINTABLE, strict=False), tune)


def test_a_requested_meter_decides_which_rhythms_are_generated():
    automaton = TuneAutomaton(PRINTABLE, values={"M": ("6/8",)})
    assert follows(automaton, "X:1\nR:jig\nM:6/8\n") and not follows(automaton, "X:1\nR:reel\n")
    # A contradiction in the request itself is not an error.
    given, _ = TuneAutomaton(PRINTABLE, strict=False).follow("X:1\nR:reel\n")
    assert completion(automaton, given).startswith("M:6/8\n")


@pytest.mark.parametrize(
    ("music", "strict"),
    [
        ("(de)f d3|d6|]", True),
        ("(d2)f d3|d6|]", False),
        ("(d)ef d3|d6|]", False),
        ("(d-d) ef (3(de)f d|d6|]", False),
        ("de (ef) d2|d6|]", True),
        ("def d2(e|d6)|]", True),  # a slur across a bar line
        ("def d2(e|d6)|d6|]", True),
        ("def d2(e|d3 d3|d6)|]", False),
        ("def d2(e|z6)|]", False),
        ("d6|def (d2e|\nd3) d3|d6|]", True),
        ("def d2(e:|d6)|]", False),
        ("def d2(e|]d6)|d6|]", False),
        ("def d2(e |d6)|]", True),
        ("def d2(e| d6)|]", True),
        ("(dz)f d3|d6|]", False),
        ("([df]a)f d3|d6|]", True),
        ("d3/2e/ d2 d/e/f|d6|]", True),
        ("d/4e/4f/ d4 e|d6|]", True),
        ("d3/4e/4f d4|d6|]", False),
        ("d/4f d3 e3/4|d6|]", False),
        ("d/ef/ d4|d6|]", False),
        ("d1 ef d3|d6|]", False),
        ("d1/2e1/2f d4|d6|]", False),
        ("d7/2e/ d2|d6|]", False),
        ("(3d3/2e3/2f3/2 d3|d6|]", False),
        ('"G""D"def d3|d6|]', True),  # 1 in 20 tunes of jigs
        ('"G""D""A"def d3|d6|]', False),
        ("def d3|\nd6|]", False),  # a line of one bar
        ("def d3|d6|\nd6|]", False),
        ("def d3|d6|\ndef d3|d6|]", True),
        ("d6|]", False),
        ("d|d6|d3 d2||d||d6|d6|]", False),  # a pickup between double bars
        ("d|d6|d3 d2||d|d6|d6||", True),
        ("d6|d6:|d6:|", False),
        ("d6|d6:||:d6|d6:|", True),
        ("d6|d6:| |:d6|d6:|", False),
        ("d6|[1d6:|[2d6||", True),
        ("d6|d6|[1d6:|\n[2d6||", True),
        ("d6|d6|d6\n|d6|]", False),  # a line that begins with a bar line
        ("d6|d6\n|:d6|d6:|", True),
        ("d6|d6\n||:d6|d6:|", False),
        ("d6|d6\nd6|d6:|", False),
        ("d6|d6\n::d6|d6:|", False),
        ("|:d6|d6\n|:d6|d6:|", False),
        ("{c}(3def d4|d6|]", True),
        ("{cdc}(3def d4|d6|]", False),
        ("({c}(3def) d4|d6|]", True),
        ("ud2-d d3|d6|]", True),
        ("~d2-d d3|d6|]", False),  # abc2midi: could not find note to be tied
        (".d2-d d3|d6|]", False),  # abc2midi: no note before the tie
        ("Td2-d d3|d6|]", False),  # abc2midi: a note that is too long
        ("~d>d d4|d6|]", True),
        (".d>d d4|d6|]", False),  # abc2midi: cannot apply broken rhythm
        ("d6|d6|\n|d6|d6|]", True),  # repeats that of the line before
        ("d6|d6::\nd6|d6:|", True),
        ("d6|d6||:\nd6|d6:|", True),
        ("|:\nd6|d6:|", False),
        ("d6|d6|\n|\nd6|d6|]", False),
        ("d|d6|d3 d2:|d|\nd6|d3 d2:|", True),  # a pickup at the end of a line
        ("d|\nd6|d3 d2:|", False),
        ("d6|d6|\\\nd6|d6|]", False),
        ("d6|d6|d3\\\nd3|d6|]", True),
        ("d6|d6|!\nd6|d6|]!\n", True),
        ("{gfe}d{gf}d{g}d/{c}d/ d3|d6|]", True),
        ("{gf}d/d/d d4|d6|]", False),  # abc2midi: the grace notes are longer than the note
        ("{g}d/d/d d4|d6|]", True),
        ("d//{g}d//d/d d4|d6|]", False),
        ("(3{gf}ddd d4|d6|]", True),
        ("(3{gfe}ddd d4|d6|]", False),
        ("{g}d2<d2 d2|d6|]", True),
        ("{gf}d<d d4|d6|]", False),
        ("{gf}d2>d2 d2|d6|]", True),
        ("{g}~d3 d3|d6|]", False),  # abc2midi plays both as grace notes
        ("{g}.d{gf}.d2 d3|d6|]", True),
        ("{gf}.d5|d6|]", False),
        ("{gf}.d d2 d3|d6|]", False),  # abc2midi plays half of the note
        ("(3{gf}.ded d4|d6|]", False),
        ("d2 (3d2{g}e2d2|d6|]", False),  # abc2midi: different length notes in tuple
        ("d2 (3d2e2d2|d6|]", True),
        ("{g}.d3 d3|d6|]", True),
        ("~d//e//~f/ d4 d|d6|]", False),
        ("e//d//~f/ d4 d|d6|]", True),
        ("d6|d6||||:d6|d6:|", False),
        ("d6|d6||:d6|d6:|", True),
        ("d||:d6|d6:|", False),  # abc2midi then finds no |: in it
        ("d|:d6|d6:|", True),
        ("d6|d6||\n|:d6|d6:|", True),
        ("!!d6|d6|]", False),
        ("Td2ud2vd2|.d3~d3|]", True),
        ("Md6|d6|]", False),
        ("Ld6|d6|]", False),
        ("Pd6|d6|]", False),
        ("d>>d d<d d2|d6|]", True),
        ("d<<d d2 d2|d6|]", False),
        ("++d6|d6|]", False),
        ("!trill!d6|d6|]", False),
        ("d6|d6|\n|:d6|d6:|", True),  # as abcrnn tidy breaks "d6|d6|:d6|d6:|"
        ("d6|d6| |:d6|d6:|", False),
        ("d2 (ed>)d d|d6|]", True),
        ("d2 (d>)d d2|d6|]", False),
        ("d>ud vd<d d2|d6|]", True),
        ("d>.d d4|d6|]", False),  # abc2midi: cannot apply broken rhythm
        ("d>~d d4|d6|]", False),
        ("({c}d2)f d3|d6|]", True),
        ("({c}d2-d) d3|d6|]", True),
        ("{c/d/}d2f d3|d6|]", True),
        ("{c'/d}d2f d3|d6|]", True),
        ("{c//}d2f d3|d6|]", False),
        ("(3{c}ded d4|d6|]", True),
        ("(3{c/}ded d4|d6|]", False),  # abc2midi: different length notes in tuple
        ("{c2}d2f d3|d6|]", False),
        ("{/}d2f d3|d6|]", False),
        ("d6|d6|\nP:S\nd6|d6|]", True),
        ("d6|d6||\nM:6/8\nd6|d6|]", True),
        ("d6|d6|d3||\nM:6/8\nd3|d6|d6|]", False),  # abc2midi: 9 time units
        ("d6|d6|d3||\nK:G\nd3|d6|d6|]", True),
        ("d6|d6|\nd3\nP:B\nd3|d6|]", False),
    ],
)
def test_generated_music_has_no_odd_notation(music, strict):
    assert follows(TuneAutomaton(PRINTABLE), MUSIC + music + "\n\n") == strict


@pytest.mark.parametrize(
    ("unit", "bar", "strict"),
    [
        ("1/4", "d3/4e/4 f2", True),  # a dotted eighth note and a sixteenth note
        ("1/16", "d3/2e/2 f2 e8", False),
        ("1/16", "de2f d8", True),
        ("1/16", "d/2e/2f3 d8", True),
        ("1/16", "d/4e/4f/2f3 d8", False),
        ("1/16", "d12", True),
        ("1/4", "d6/2", False),
    ],
)
def test_generated_lengths_depend_on_the_unit(unit, bar, strict):
    text = f"X:1\nM:3/4\nL:{unit}\nK:D\n{bar}|{bar}|]\n\n"
    assert follows(TuneAutomaton(PRINTABLE), text) == strict


@pytest.mark.parametrize("requests", [{"bars": 3}, {"bars": 5}, {"form": ((3, False), (5, True))}])
def test_requested_bars_leave_no_single_bar_alone(requests):
    for tune in valid_walks(PLAIN + "6/8", 15, 6, 250, header("6/8"), **requests):
        for line in tune.split("K:D\n", 1)[1].split("\n"):
            bars = [bar for bar in re.split(r"[|:\[\]]+", line) if re.search("[A-Ga-gz]", bar)]
            assert len(bars) > 1 or re.match("[KLMP]:", line), tune


def test_no_space_is_generated_after_a_prompt_that_ends_in_spaces():
    state, _ = TuneAutomaton(ALPHABET, strict=False).follow(MUSIC + "d3   ")
    after = TuneAutomaton(ALPHABET).successors(state)
    assert " " not in after and "d" in after


# Successors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["d", "z", "\nd", "\nz", "d3", ":|", "|", "d6", "d6:|", "d6:|[2", "d>", '"G"d']
)
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
            tunes += valid_walks(alphabet, 30, number, 400, header(meter))
            requests = {"form": ((2, True), (3, True))}
            tunes += valid_walks(alphabet, 30, number, 400, header(meter), **requests)
    complaints = [
        line
        for tune in tunes
        for line in play(program, tune, tmp_path)[1].splitlines()
        if line.startswith("Error") or "time units" in line
    ]
    assert len(complaints) <= 0.01 * len(tunes), complaints
