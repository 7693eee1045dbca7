"""check_tune on tunes with and without problems."""

import pytest

from abcrnn import check_tune

HEADER = "X:1\nM:6/8\nL:1/8\nK:D\n"


def kinds(music, header=HEADER):
    return [(p.line, p.kind) for p in check_tune(header + music)]


@pytest.mark.parametrize(
    "music",
    [
        "ABc def|gab afd|]",
        "A|def gab|afd d2:|",  # the pickup makes the last bar whole
        "A|def gab|afd d2|\nT:Second\nA|def gab|afd d2|]",  # a title ends a section
        "A|def gab|afd d2|\nT:Second\ndef gab|afd d3|]",
        "|:A|def gab|afd d2:|:B|def gab|afd d2:|",
        "|:A|def gab|afd dAF|1 d3 d2:|2 d3 d3||",  # as played
        "ABc|[M:9/8]def gab abc|def gab abc|]",
        "|:ABc def|[1gab afd:|[2gab d3|]",
        "(3ABcd2 ef|g>ab agf|]",
        "{g}ABc [df]2[eg]|z6|]",
        "A6-|A6|]",
        "A-B c3-c|d6|]",  # a tie to another pitch is read as a slur
    ],
)
def test_valid_tunes(music):
    assert kinds(music) == []


@pytest.mark.parametrize(
    ("music", "found"),
    [
        ("ABc defg|gab afd|]", [(5, "bar")]),
        ("ABc def|gab|\nafd def|]", [(5, "bar")]),
        ("ABc def|gab af|]|\nAfd def|]", [(6, "bar")]),  # the pieces do not add up
        ("ABc def|gab afd-|]", [(5, "tie")]),
        ("ABc def-|z6|]", [(5, "tie")]),
        ("|:ABc def|gab afd|]", [(5, "repeat")]),
        ("|:ABc def|[1gab afd:|\n", [(5, "ending")]),
        ("[ABc def|gab afd|]", [(5, "chord")]),
        ("{ABc def|gab afd|]", [(5, "grace")]),
        ('"A ABc def|gab afd|]', [(5, "empty"), (5, "quotation")]),
        ("ABc (3de|]", [(5, "tuplet")]),
        ("A/1024Bc def|gab afd|]", [(5, "length")]),
        ("", [(1, "empty")]),
        ("z6|z6|]", [(1, "empty")]),
    ],
)
def test_each_problem_is_found(music, found):
    got = kinds(music)
    for line, kind in found:
        assert (line if kind != "empty" else 1, kind) in got, got


def test_too_many_repeats_are_a_problem():
    header = HEADER.replace("K:", "P:" + "(" * 9 + "A9" + ")9" * 9 + "\nK:")
    assert kinds("P:A\n|:A6:|", header) == [(1, "length")]
    header = HEADER.replace("K:", "P:(A9)9\nK:")
    assert kinds("P:A\n" + "|:A6:|" * 100, header) == [(6, "length")]


def test_the_header():
    assert kinds("A6|", "X:1\nM:6/8\nL:1/8\n") == [(1, "empty"), (1, "header"), (4, "header")]
    assert kinds("A6|", "T:no number\nM:6/8\nL:1/8\nK:D\n") == [(1, "header")]
    assert kinds("A6|", "X:1\nL:1/8\nK:D\n") == []  # free meter
    assert kinds("A6|", "X:1\nM:six\nL:1/8\nK:D\n") == [(2, "meter")]
    assert kinds("A6|", "X:1\nM:6/8\nL:1/7x\nK:D\n") == [(3, "length")]
    assert kinds("A6|", "X:1\nM:6/8\nL:1/8\nK:Q\n") == [(4, "key")]


@pytest.mark.parametrize(
    ("music", "line", "column", "message"),
    [
        ("ABc def|gab agfe|]", 5, 9, "the bar is too long: 7 of 6 eighths"),
        ("ABc def|gab ag|d6|", 5, 9, "the bar is too short: 5 of 6 eighths"),
        ("ABc def|gab ag/|d6|", 5, 9, "the bar is too short: 9 of 12 sixteenths"),
        ("ABc def|(3gab c|d6|", 5, 11, "the bar is too short: 3 of 6 eighths"),
        ("ABc def|(7:4gabagab|d6|", 5, 13, "the bar is too short: 4 of 6 eighths"),
        ("ABc def|g/3ab|d6|", 5, 9, "the bar is too short: 7/24 instead of 3/4 of a whole note"),
        (
            "ABc def|gab af|]|\nAfd def|]", 6, 1,
            "the bar is too long: 11 of 6 eighths, including the piece of a bar played before it",
        ),
    ],
)  # fmt: skip
def test_a_problem_has_position_kind_and_message(music, line, column, message):
    problem = next(p for p in check_tune(HEADER + music) if p.kind == "bar")
    assert problem == (line, column, "bar", message)


def test_bars_of_voices_with_other_lengths_are_reported():
    header = "X:1\nT:Two voices\nM:4/4\nL:1/4\nK:C\n"
    tune = header + "V:1\nA4|B2||c2|d4|]\nV:2\nA4|B4|d4|]\n"
    assert check_tune(tune) == []
    [problem] = check_tune(tune, unsupported=True)
    assert (problem.line, problem.column, problem.kind) == (9, 4, "unsupported")
    assert problem.message == (
        "the bar of voice 2 does not have the length of that of voice 1: 4 of 2 quarters; "
        "in MusicXML, a rest fills up the shorter one"
    )
    assert [p.kind for p in check_tune("X:1\nK:C\n", unsupported=True)] == ["empty"]
    same = header + "V:1\nA|ABcd|B3|]\nV:2\nz|A4|B3|]\n"
    assert check_tune(same, unsupported=True) == []


def test_voices_of_unequal_length_are_reported():
    tune = "X:1\nM:4/4\nL:1/4\nK:C\nV:1\nCDEF|GABc|\nV:2\nCDEF|\nV:3\nZ2|\n"
    (problem,) = check_tune(tune)
    assert (problem.line, problem.column, problem.kind) == (8, 1, "voice")
    assert problem.message == "voice 2 is shorter than voice 1: 4 of 8 quarters"
