"""Functions that take one tune: text that is empty or has another tune is an error."""

import pytest

import abcrnn
from abcrnn import ABCError
from abcrnn.notation import read_tune

FIRST = "X:1\nT:a\nL:1/4\nM:4/4\nK:G\nGABc|"
SECOND = "X:2\nT:b\nK:D\ndefg|\n"
NOVELTY = abcrnn.NoveltyIndex([FIRST])

FUNCTIONS = {
    "read_tune": read_tune,
    "to_midi_bytes": abcrnn.to_midi_bytes,
    "tidy": abcrnn.tidy,
    "add_chords": abcrnn.add_chords,
    "transpose": lambda tune: abcrnn.transpose(tune, 2),
    "transpose by nothing": lambda tune: abcrnn.transpose(tune, 0),
    "transpose to a key": lambda tune: abcrnn.transpose(tune, to="C"),
    "nearest": lambda tune: abcrnn.nearest(tune, abcrnn.Corpus("one", (FIRST,))),
    "compare": NOVELTY.compare,
    "shares_run": lambda tune: NOVELTY.shares_run(tune, 1, 1),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("between", ["\n\n", "\n"])
def test_another_tune_is_refused(name, between):
    line = 6 + between.count("\n")
    with pytest.raises(ABCError, match="another tune begins here; only one tune is accepted") as e:
        FUNCTIONS[name](f"{FIRST}{between}{SECOND}")
    assert (e.value.line, e.value.column) == (line, 1)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("text", ["", " \n\n"])
def test_empty_text_is_refused(name, text):
    with pytest.raises(ABCError, match="line 1, column 1: the text is empty"):
        FUNCTIONS[name](text)


def test_check_tune_reports_them():
    [problem] = abcrnn.check_tune(f"{FIRST}\n\n{SECOND}")
    assert problem[:3] == (8, 1, "header")
    assert problem.message == "another tune begins here; only one tune is accepted"
    assert [each.kind for each in abcrnn.check_tune("")] == ["header"]


def test_spaces_and_a_missing_key_do_not_hide_another_tune():
    text = "X:1\nT:a\n  X :2\nK:G\nGABc|"
    with pytest.raises(ABCError, match="line 3, column 1: another tune begins here"):
        read_tune(text)
    with pytest.raises(ABCError, match="line 3, column 1: another tune begins here"):
        abcrnn.to_midi_bytes(text)


@pytest.mark.parametrize(
    "line", ["% X:2", "X:|GABc|", "%%begintext\nX:2\n%%endtext", "[X:2]GABc|", "N:X:2"]
)
def test_what_begins_no_tune(line):
    tune = read_tune(f"X:1\nL:1/4\nM:4/4\nK:G\nGABc|\n{line}\nGABc|")
    assert sum(bool(event.pitches) for bar in tune.bars() for event in bar.events) >= 8
