"""``abcrnn nearest``."""

import io
import json
import sys

import pytest

KNOWN = (
    "X:1\nT:Wanted\nL:1/8\nM:4/4\nK:D\nDFAd fdAF|GBdg bgdB|ABcd efge|dAFA D4|]\n\n"
    "X:2\nT:Other\nL:1/8\nM:4/4\nK:D\nDFAF D2D2|EGBG E2E2|FAdA F4|D8|]\n"
)
MINE = "% mine\n\nX:7\nT:Mine\nL:1/16\nM:2/4\nK:G\nGBdg bgdB|cegc' e'c'ge|defg abd'b|gdBd G4|]\n"
BAD = "X:8\nT:Bad\x1b[2J\nK:D\nA9999999|\n"


@pytest.fixture
def known(tmp_path):
    path = tmp_path / "known.abc"
    path.write_text(KNOWN)
    return path


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.abc"
    path.write_text(MINE)
    return path


def test_the_table(mine, known, run):
    """Two of the 29 notes differ, the 23rd and the 24th."""
    code, output, errors = run("nearest", mine, "--corpus", known)
    first, wanted, other = output.splitlines()
    assert (code, errors, first) == (0, "", f"{mine}:3: Mine")
    assert wanted == "   93% of notes, 2.8 bars from bar 1     known 1         Wanted"
    assert other.endswith("  known 2         Other")


def test_json(mine, known, run):
    code, output, errors = run("nearest", mine, "--corpus", known, "-n", 1, "--json")
    assert (code, errors) == (0, "")
    found = json.loads(output)
    nearest = found.pop("nearest")
    assert found == {"file": str(mine), "line": 3, "tune": 1, "title": "Mine"}
    passage = {"bars": 2.75, "notes": 22, "first_bar": 1}
    assert nearest == [
        {"corpus": "known", "tune": 1, "title": "Wanted", "similarity": 0.931, "passage": passage}
    ]


def test_several_corpora_files_and_folders(mine, known, tmp_path, run):
    arguments = "nearest", tmp_path, mine, "--corpus", known, "--corpus", tmp_path, "-n", 1
    lines = run(*arguments, "--corpus", known, "--json")[1].splitlines()
    found = [json.loads(line) for line in lines]
    places = [(each["file"], each["tune"], each["title"]) for each in found]
    assert places == [
        (str(known), 1, "Wanted"), (str(known), 2, "Other"), (str(mine), 1, "Mine"),
        (str(mine), 1, "Mine"),
    ]  # fmt: skip
    names = [(each["nearest"][0]["corpus"], each["nearest"][0]["tune"]) for each in found]
    assert names == [("known", 1), ("known", 2), (tmp_path.name, 3), (tmp_path.name, 3)]


def test_the_default_corpora_are_named(mine, known, run, monkeypatch):
    monkeypatch.setattr("abcrnn.data.nearest.available_corpora", lambda: [str(known)])
    code, output, errors = run("nearest", mine)
    assert (code, len(output.splitlines())) == (0, 3)
    assert errors == f"known tunes: {known}; --corpus names others\n"


def test_tunes_that_cannot_be_compared_are_reported(known, tmp_path, run):
    path = tmp_path / "some.abc"
    path.write_text(f"{KNOWN}\n{BAD}\nX:9\nK:C\nCDE|\n")
    code, output, errors = run("nearest", path, "--corpus", known, "-n", 1)
    assert code == 1
    title = "Bad\N{REPLACEMENT CHARACTER}[2J"
    message = f"{path}:18:1: tune 3 ({title}) is not compared: the number 9999999 is too large"
    assert errors.startswith(message)
    assert output.splitlines()[-2:] == [
        f"{path}:20: X:9",
        "  no known tune has four notes in a row in common with it",
    ]


def test_tunes_without_key_or_notes_are_reported(known, tmp_path, run):
    path = tmp_path / "some.abc"
    path.write_text("X:12\nT:nokey\nABc|]\n\nX:11\nT:a\nK:\n")
    code, output, errors = run("nearest", path, "--corpus", known)
    no_key = "the tune has no K: field, such as K:D, to end its header"
    assert (code, output) == (1, "")
    assert errors.splitlines() == [
        f"{path}:1:1: tune 1 (nokey) is not compared: {no_key}",
        f"{path}:5:1: tune 2 (a) is not compared: the tune has no notes",
    ]


def test_titles_do_not_control_the_terminal(mine, tmp_path, run):
    path = tmp_path / "hostile.abc"
    path.write_text(MINE.replace("T:Mine", "T:\x1b]0;title\x07\u202e" + "long " * 100))
    shown = run("nearest", path, "--corpus", path, "-n", 1)[1]
    assert shown.replace("\n", "").isprintable()
    assert all(len(line) < 120 for line in shown.splitlines()[1:])
    found = json.loads(run("nearest", path, "--corpus", path, "-n", 1, "--json")[1])
    assert found["nearest"][0]["title"].startswith("\x1b]0;title\x07\u202elong")


def test_standard_input(known, run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(MINE.encode())))
    assert run("nearest", "-", "--corpus", known)[1].startswith("-:3: Mine\n   93%")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: FILE"),
        (["FILE", "-n", "0"], "argument -n: must be"),
        (["-", "--corpus", "-"], "- is standard input, which is either --corpus or FILE, not both"),
    ],
)
def test_invalid_arguments(mine, run, capsys, arguments, message):
    with pytest.raises(SystemExit, match="2"):
        run("nearest", *[mine if each == "FILE" else each for each in arguments])
    assert message in capsys.readouterr().err


def test_files_that_are_missing(mine, known, run):
    code, _, errors = run("nearest", mine, "--corpus", "oneils")
    assert code == 1 and "did you mean oneills?" in errors
    code, _, errors = run("nearest", known.with_name("none.abc"), "--corpus", known)
    assert code == 1 and "no such file or folder" in errors
