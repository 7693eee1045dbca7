"""Repeats, endings and orders of parts as played, and what check reports about them."""

import pytest

from abcrnn import check_tune, load_corpus
from abcrnn.notation import played_bars, played_notes, read_tune

HEADER = "X:1\nM:1/4\nL:1/4\nK:C\n"
NAMES = ["C", "^C", "D", "^D", "E", "F", "^F", "G", "^G", "A", "^A", "B"]


def played(text):
    """Return the letters of the notes of each voice as played."""
    tune = read_tune(text)
    return [
        "".join(NAMES[note.pitch % 12] for note in played_notes(tune, voice))
        for voice in tune.voices
    ]


def problems(text, kind):
    return [(p.line, p.column) for p in check_tune(text, unsupported=True) if p.kind == kind]


# A :| without |: (section 4.8) ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("music", "order"),
    [
        ("A|B||C|D:|E|", "ABCDCDE"),  # the latest double bar, also for the first :|
        ("A|B|]C:|", "ABCC"),
        ("A||B||C:|", "ABCC"),
        ("A:|B:|C:|", "AABBCC"),  # the end of a repeated section
        ("|:A:|B|C:|", "AABCBC"),
        ("|:A||B:|C:|", "ABABCC"),  # the |: matches, although a double bar comes later
        ("|:A|:B:|", "ABB"),
        ("|:A|1B:|2C||D|E:|", "ABACDEDE"),  # also after endings
        ("|:A|1B:|2C||D|1E:|2F|]", "ABACDEDF"),
        ("A|1B:|2C||D|1E:|2A|]", "ABACDEDA"),
        ("|:A|1B:|2C|:D:|E:|", "ABACDDEE"),
        ("A|[|]B:|", "ABAB"),  # an invisible bar line is not a double bar
        (":|A|B:|", "ABAB"),
        ("A::B:|", "AABB"),
        ("|::A::|B|", "AAAB"),
        ("A|:|B:|", "ABB"),
    ],
)
def test_a_repeat_goes_back_to_the_latest_section(music, order):
    assert played(HEADER + music) == [order]


# Endings (sections 4.9 and 4.10) --------------------------------------------------------------


@pytest.mark.parametrize(
    ("music", "order", "column"),
    [
        ("A|[2B|C|D|]", "ABCD", 3),  # no first ending
        ("A|[2B:|C|]", "ABC", 3),
        ("|:A|[1B|[2C|]D|", "ABACD", 9),  # no :| before the second ending
        ("|:A|1B||2C|]D|", "ABACD", 7),
        ("|:A|[1B:|[3C|]D|", "ABACD", 5),
        ("|:A|[2B:|[1C|]D|", "ACABD", 5),
        ("|:A|[2B:|[3C|]D|", "ABACD", 5),
        ("|:A|[1B:|C|]", "ABAC", 5),  # the music after it is the second ending
        ("|:A|[1B:|", "AB", 5),
        ("|:A|[1B:|[2C:|D|", "ABACD", 10),  # closed by :|, but no further ending
        ("|:A|[1B:|[2C::D:|", "ABACDD", 10),
        ("|:A|[1B:|[2C:|[3D:|E|", "ABACADE", 15),
        ("|:A|1B:|2C|D|E|1F:|2G|]", "ABACDEFDEG", 7),  # as long as the first ending
    ],
)
def test_faulty_endings_are_played_and_reported(music, order, column):
    assert played(HEADER + music) == [order]
    assert (5, column) in problems(HEADER + music, "ending")


@pytest.mark.parametrize(
    ("music", "order"),
    [
        ("|:A|1B:|2C|]", "ABAC"),
        ("|:A|[1,2B:|[3C|]", "ABABAC"),
        ("|:A|[1-3B:|[4C|]", "ABABABAC"),
        ("|:A|[1,3B:|[2,4C:|D|", "ABACABACD"),
        ("|:A|[1B:|[2C:|[3D|]", "ABACAD"),
        ("|:A|1B::2C||D:|", "ABACDD"),  # ::2 does not begin a repeat
        ("|:A|1B:[|2C|]", "ABAC"),
        ("|:A|1B:|\n|2C|]", "ABAC"),
        ("A||\n:B:|", "ABB"),  # a bar line over two lines
        ("A||\\\n:B:|", "ABB"),
        ("A|B:\n|C|]", "ABABC"),
        ("|:A:|[1B:|[2C|]", "AABC"),
    ],
)
def test_endings(music, order):
    assert played(HEADER + music) == [order]
    assert check_tune(HEADER + music, unsupported=True) == []


# Orders of parts (section 3.1.9) --------------------------------------------------------------


def with_order(order, music):
    return HEADER.replace("K:", f"P:{order}\nK:") + music


AB = "P:A\nA|\nP:B\nB|"


@pytest.mark.parametrize(
    ("order", "music", "voices"),
    [
        ("ABA", AB, ["ABA"]),
        ("A(AB)3", AB, ["AABABAB"]),
        ("A2.B", AB, ["AAB"]),
        ("A, B, A", AB, ["ABA"]),
        ("BA", "P:A slow\nA|\nP:Part B\nB|", ["BA"]),
        ("AAB", "P:A\nA|\nP:segno\nC|\nP:B\nB|", ["ACACB"]),  # a mark that is not a part
        ("ba", "P:a\nA|\nP:b\nB|", ["BA"]),
        ("Verse Chorus Verse", "P:Verse\nA|\nP:Chorus\nB|", ["ABA"]),
        ("Verse2 chorus", "P:Verse\nA|\nP:Chorus\nB|", ["AAB"]),
        ("A Chorus A", "P:A\nA|\nP:Chorus\nB|", ["ABA"]),
        ("1 2 1", "P:1\nA|\nP:2\nB|", ["ABA"]),
        ("V1 A V2 A", "P:V1\nA|\nP:A\nB|\nP:V2\nC|", ["ABCB"]),
        ("Verse 2, Verse 1", "P:Verse 1\nA|\nP:Verse 2\nB|", ["BA"]),
        ("Part B Part A", "P:Part A\nA|\nP:Part B\nB|", ["BA"]),
        ("Ä B Ä", "P:Ä\nA|\nP:B\nB|", ["ABA"]),
        ("BA", "P:A\nA|\nP:D.C.\nC|\nP:B\nB|", ["BAC"]),
        ("ABA", "P:A\nA|\nP:B\nB|\nP:A\nC|", ["ABC"]),  # each turn has its own music
        ("AABB", "P:A\n|:A|B:|\nP:B\nC:|", ["ABABABABCCCC"]),
        ("ABB", "P:A\nA|\nP:B\nB:|", ["ABBBB"]),  # a :| does not go back into part A
        ("AB", "C|\nP:A\nA|\nP:B\nB|", ["CAB"]),
        # All voices follow the order, in whichever voice the parts are marked.
        ("ABA", "P:A\nV:1\nA|\nV:2\nD|\nP:B\nV:1\nB|\nV:2\nE|", ["ABA", "DED"]),
        ("ABA", "V:1\nP:A\nA|\nP:B\nB|\nV:2\nD|E|", ["ABA", "DED"]),
        ("ABA", "V:1\nA|B|\nV:2\nP:A\nD|\nP:B\nE|", ["ABA", "DED"]),
        ("BA", "V:1\n[P:A]A|[P:B]B|\nV:2\n[P:A]D|[P:B]E|", ["BA", "ED"]),
    ],
)
def test_orders_of_parts_are_followed(order, music, voices):
    assert played(with_order(order, music)) == voices
    assert check_tune(with_order(order, music), unsupported=True) == []


@pytest.mark.parametrize(
    ("order", "music", "voices", "positions"),
    [
        ("AC", AB, ["A"], [(4, 1), (8, 1)]),  # C does not exist; B is not in the order
        ("AA", AB, ["AA"], [(8, 1)]),
        ("A", AB, ["AB"], [(4, 1)]),
        ("AABB", "A|:B:|", ["ABB"], [(4, 1)]),
        ("Verse Chorus", AB, ["AB"], [(4, 1)]),
        ("VERSE CHORUS", AB, ["AB"], [(4, 1)]),
        ("Modern version", "A|B|", ["AB"], [(4, 1)]),
        ("121", "P:1\nA|\nP:2\nB|", ["AB"], [(4, 1)]),
        ("", AB, ["AB"], []),
        ("AB", "P:A\nA|\nP:B\nB|\nP:A\nC|", ["AB"], [(10, 1)]),
        ("AA", "V:1\n[P:A]A|[P:B]B|\nV:2\nD|E|", ["AA", "DD"], [(7, 8), (9, 3)]),
    ],
)
def test_orders_that_leave_music_out_or_name_other_parts_are_reported(
    order, music, voices, positions
):
    tune = with_order(order, music)
    assert played(tune) == voices
    assert problems(tune, "part") == positions


def test_a_part_that_cuts_a_repeat_is_reported():
    assert problems(with_order("AB", "P:A\n|:A|\nP:B\nB:|"), "repeat") == [(6, 1)]


# Bars that are never played -------------------------------------------------------------------


def unreported(tune_text):
    """Return the positions of bars with notes that are never played, if check reports none."""
    tune = read_tune(tune_text)
    silent = []
    for voice in tune.voices:
        bars = {id(bar) for bar in played_bars(voice, tune.parts)}
        silent += [
            (bar.line, bar.column)
            for bar in voice.bars
            if id(bar) not in bars and any(event.pitches for event in bar.events)
        ]
    return silent if not problems(tune_text, "part") else []


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("jigs", 6),
        *(pytest.param(n, 4, marks=pytest.mark.slow) for n in ("irish", "oneills", "airds")),
        *(
            pytest.param(n, 1, marks=pytest.mark.long)
            for n in ("jigs", "irish", "oneills", "airds")
        ),
    ],
)
def test_no_bar_is_silent_without_a_message(name, step, request):
    corpus = request.getfixturevalue(name) if name != "airds" else load_corpus(name)
    assert [tune for tune in corpus.tunes[::step] if unreported(tune)] == []


@pytest.mark.parametrize("separator", ["|", "||", ":|", "|:", "::", "[1", "|2", ":|2", "[3", "|]"])
def test_no_combination_of_bar_lines_silences_a_bar(separator):
    """Every sequence of four bar lines and endings around the notes is played in full."""
    signs = ["|", "||", ":|", "|:", "[1", ":|2", "|1"]
    for first in signs:
        for third in signs:
            for fourth in signs:
                music = f"C {first} D {separator} E {third} F {fourth} G |]"
                assert set(played(HEADER + music)[0]) == set("CDEFG"), music


@pytest.mark.parametrize(
    ("sign", "is_jump"),
    [
        ("!D.C.!", True),
        ("!D.S.!", True),
        ("!dacapo!", True),
        ("!dacoda!", True),
        ("!D.C.alfine!", True),
        ('"^D.C. al Fine"', True),
        ('"Da Capo"', True),
        ("!fine!", False),  # no effect without a jump
        ("!segno!", False),
        ('"^Doc"', False),
    ],
)
def test_jumps_are_reported_and_do_not_make_a_tune_invalid(sign, is_jump):
    tune = f"{HEADER}C|{sign}D|"
    assert check_tune(tune) == []
    found = [p for p in check_tune(tune, unsupported=True) if "is not played" in p.message]
    assert [(p.line, p.column) for p in found] == [(5, 3)] * is_jump
