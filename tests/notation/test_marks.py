"""Slurs, decorations, annotations, user-defined symbols, white space and ends of lines."""

from fractions import Fraction

import pytest

from abcrnn.notation import check_tune, read_tune
from abcrnn.notation.tune import Event, Key, Tempo

HEADER = "X:1\nM:4/4\nL:1/4\n"


def events(music: str, header: str = HEADER) -> list[Event]:
    return [event for bar in read_tune(f"{header}K:C\n{music}").bars() for event in bar.events]


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("(CD)EF|", [(1, 0), (0, 1), (0, 0), (0, 0)]),
        ("((CD)E)F|", [(2, 0), (0, 1), (0, 1), (0, 0)]),
        ("(CD|EF)|", [(1, 0), (0, 0), (0, 0), (0, 1)]),
        ("({g}CD)|", [(1, 0), (0, 1)]),
        ("{(ga)}CD|", [(0, 0), (0, 0)]),
        ("[(CE]D[FA)]|", [(1, 0), (0, 0), (0, 1)]),
        ("(3(CDE)F|", [(1, 0), (0, 0), (0, 1), (0, 0)]),
        (".(CD)|", [(1, 0), (0, 1)]),
    ],
)
def test_slurs(music: str, expected: list[tuple[int, int]]) -> None:
    found = events(music)
    assert [(event.slur_starts, event.slur_ends) for event in found] == expected
    assert all(event.decorations == () for event in found)  # the dot of .( is no staccato


def test_slurs_that_do_not_pair_are_reported_and_valid() -> None:
    problems = check_tune(f"{HEADER}K:C\n(CDEF|E)FGA)|", unsupported=True)
    assert [(p.line, p.column) for p in problems] == [(5, 12)]
    problems = check_tune(f"{HEADER}K:C\nC(DEF|", unsupported=True)
    assert [(p.line, p.column, p.kind) for p in problems] == [(5, 2, "unsupported")]


@pytest.mark.parametrize(
    ("music", "spaced"),
    [
        ("CD E  F", [False, False, True, True]),
        ("C`D``EF", [False] * 4),
        ('C"G"D{g}EF', [False] * 4),
        ('C "G"D ~E (F', [False, True, True, True]),
        ("C [D F]EF", [False, True, False, False]),
        ("{g a}CD", [False, False]),
        ("CD\nEF", [False, False, True, False]),
        ("CD\\\nEF", [False] * 4),
        ("C>D E<F", [False, False, True, False]),
        ("(3CDE F", [False, False, False, True]),
    ],
)
def test_white_space_between_notes(music: str, spaced: list[bool]) -> None:
    assert [event.spaced for event in events(music)] == spaced


def test_annotations_keep_their_placement() -> None:
    [event] = events('"^a""_b""<c"">d""@e""slow"C|')
    assert event.annotations == ("a", "b", "c", "d", "e", "slow")
    assert event.placements == ("^", "_", "<", ">", "@", "")


def test_rests_and_grace_notes_have_their_kind() -> None:
    found = events("z x Z | X | {/g}A {g}A")
    assert [(e.invisible, e.whole_bar) for e in found] == [
        (False, False), (True, False), (False, True), (True, True), (False, False), (False, False)
    ]  # fmt: skip
    assert [event.grace_slash for event in found[-2:]] == [True, False]


def test_marks_have_a_position() -> None:
    tune = read_tune(f"{HEADER}K:C\n!segno!CD!coda!EF|GABc!D.C.!|]\n")
    assert [bar.marks for bar in tune.bars()] == [("segno", "coda"), ("D.C.",)]
    assert [[(m.offset, m.text) for m in bar.placed_marks] for bar in tune.bars()] == [
        [(0, "segno"), (Fraction(1, 2), "coda")],
        [(1, "D.C.")],
    ]


@pytest.mark.parametrize("music", ['CDEF!fine!"^slow"H|]', 'CDEF|]!fine!"^slow"H'])
def test_marks_after_the_last_note_are_kept(music: str) -> None:
    (bar,) = read_tune(f"{HEADER}K:C\n{music}").bars()
    assert [tuple(mark) for mark in bar.placed_marks] == [
        (1, "fine", None), (1, "slow", "^"), (1, "fermata", None)
    ]  # fmt: skip


def test_a_hairpin_ends_at_the_bar_line_and_a_trill_waits_for_its_note() -> None:
    tune = read_tune(f"{HEADER}K:C\n!<(!CDEF!<)!T|GABc|")
    first, second = tune.bars()
    assert [mark.text for mark in first.placed_marks] == ["<)"]
    assert second.events[0].decorations == ("T",)


def test_symbols_are_replaced_from_their_definition_on() -> None:
    header = 'X:1\nM:4/4\nL:1/4\nU:n=!tenuto!\nU:w="_dolce"\nU:S=!nil!\n'
    first, second, third, fourth = events("nCwD|SE\nU:n=!trill!\nnF|", header)
    assert (first.decorations, fourth.decorations) == (("tenuto",), ("trill",))
    assert (second.annotations, second.placements) == (("dolce",), ("_",))
    assert third.decorations == ()


@pytest.mark.parametrize(
    ("music", "column", "message"),
    [
        ("C!<(!DEF|GABc|", 2, "!<(! is not closed; it lasts to the end"),
        ("CD!trill)!EF|", 3, "!trill)! closes nothing"),
        ("C!crescendo(!D!<)!E!<)!F|", 20, "!<)! closes nothing"),
    ],
)
def test_hairpins_and_trills_that_do_not_pair_are_reported(
    music: str, column: int, message: str
) -> None:
    (problem,) = check_tune(f"{HEADER}K:C\n{music}", unsupported=True)
    assert (problem.column, problem.kind, problem.message) == (column, "unsupported", message)
    assert check_tune(f"{HEADER}K:C\n{music}") == []


def test_directions_with_spaces_are_marks() -> None:
    (bar,) = read_tune(f"{HEADER}K:C\nCDEF!D.C. al Fine!|]").bars()
    assert bar.marks == ("D.C. al Fine",)


def test_grace_notes_without_a_note_are_reported() -> None:
    (problem,) = check_tune(f"{HEADER}K:C\nCDEF{{ga}}|]", unsupported=True)
    assert (problem.line, problem.kind) == (5, "unsupported")
    assert problem.message == "the grace notes at the end have no note after them"


def test_unknown_decorations_are_reported() -> None:
    tune = f"{HEADER}U:T=!trill!\nK:C\nC!wow!DEF|"
    assert [(p.line, p.column, p.kind) for p in check_tune(tune, unsupported=True)] == [
        (6, 2, "unsupported")
    ]


def systems(music: str, header: str = HEADER) -> list[bool]:
    return [bar.new_system for bar in read_tune(f"{header}K:C\n{music}").bars()]


@pytest.mark.parametrize(
    ("breaks", "music", "expected"),
    [
        ("", "CDEF|GABc|\ncBAG|FEDC|", [False, False, True, False]),
        ("", "CDEF|\\\nGABc|\ncBAG|", [False, False, True]),
        ("", "CDEF|$GABc|", [False, True]),
        ("", "CD\nEF|GABc|", [False, True]),
        ("", "CDEF|\n|:GABc|\nw: a b c d\ncBAG:|", [False, True, True]),
        ("I:linebreak $\n", "CDEF|\nGABc|$\ncBAG|", [False, False, True]),
        ("I:linebreak <none>\n", "CDEF|\nGABc|$cBAG|", [False, False, False]),
        ("I:linebreak !\n", "CDEF|!\nGABc|\ncBAG|", [False, True, False]),
        ("%%linebreak $\n", "CDEF|\nGABc|$\ncBAG|", [False, False, True]),
    ],
)
def test_lines_of_the_score(breaks: str, music: str, expected: list[bool]) -> None:
    assert systems(music, HEADER + breaks) == expected


def test_changes_inside_a_bar_have_a_position() -> None:
    tune = read_tune(f"{HEADER}K:C\nC>[K:G]D[Q:1/4=80]EF[Q:1/4=90]|G[M:3/4]ABc|[K:D]DEF|")
    first, second, third = tune.bars()
    assert [change.offset for change in first.changes] == [Fraction(3, 8), Fraction(1, 2)]
    assert isinstance(first.changes[0].value, Key)
    assert isinstance(first.changes[1].value, Tempo)
    assert (first.key.name, second.key.name, third.key.name) == ("C maj", "G maj", "D maj")
    assert second.tempo is not None
    assert second.tempo.per_minute == 90
    assert [(c.offset, c.value) for c in second.changes] == [(Fraction(1, 4), third.meter)]
