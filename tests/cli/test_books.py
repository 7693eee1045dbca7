"""Commands about tunebooks and corpora: convert, check, corpora, surprise."""

import re

import pytest


def test_convert_reports_and_skips_a_bad_tune(tmp_path, homemade, run):
    book = tmp_path / "book.abc"
    book.write_text(homemade.read_text() + "\nX:9\nT:../../Nowhere\nM:6/8\nno music\n")
    for form, ending in (("midi", ".mid"), ("musicxml", ".musicxml")):
        code, _, errors = run("convert", book, "--out", tmp_path / form, "--to", form)
        assert code == 1
        assert "tune 9 not converted: " in errors
        assert f"8 of 9 tunes converted into {tmp_path / form}" in errors
        names = sorted(path.name for path in (tmp_path / form).iterdir())
        assert len(names) == 8
        assert names[0] == f"0001-the-lost-byte{ending}"


def test_check_prints_problems_with_their_positions(tmp_path, homemade, run):
    assert run("check", homemade) == (0, "8 of 8 tunes valid\n", "")
    book = tmp_path / "book.abc"
    one, two = (
        "X:1\nM:2/4\nL:1/4\nK:D\nAB|ABc|de|]\nw:a b c d e f g la\n",
        "X:2\nM:2/4\nK:C\n[ce|\n",
    )
    book.write_text(f"% mine\n\n{one}\n{two}")
    code, out, _ = run("check", book)
    assert code == 1
    assert out.splitlines() == [
        f"{book}:7:4: bar: the bar is too long: 3 of 2 quarters",
        f"{book}:8:1: unsupported: lyrics without a note, from 'la' on",
        f"{book}:10:1: empty: the tune has no notes",
        f"{book}:13:1: chord: the chord is not closed by ] in its bar",
        "0 of 2 tunes valid: 1 bar, 1 chord, 1 empty, 1 unsupported",
    ]


def test_check_reads_a_folder(tmp_path, homemade, run):
    (tmp_path / "books" / "more").mkdir(parents=True)
    (tmp_path / "books" / "a.abc").write_text(homemade.read_text())
    (tmp_path / "books" / "more" / "b.abc").write_text("X:1\nM:2/4\nL:1/4\nK:D\nABc|\n")
    code, out, _ = run("check", tmp_path / "books")
    assert code == 1
    assert out.startswith(f"{tmp_path / 'books' / 'more' / 'b.abc'}:5:1: bar: ")
    assert out.endswith("8 of 9 tunes valid: 1 bar\n")
    code, _, errors = run("check", tmp_path / "none.abc")
    assert (code, errors) == (1, f"abcrnn: {tmp_path / 'none.abc'}: no such file or folder\n")
    (tmp_path / "empty").mkdir()
    code, _, errors = run("check", tmp_path / "empty")
    assert code == 1 and "empty holds no .abc file" in errors


def test_surprise_marks_the_unusual_bar(tmp_path, homemade, trained, run):
    book = tmp_path / "mine.abc"
    book.write_text(homemade.read_text().replace("|e2d B2A|", "|e2d BA|", 1))
    code, out, errors = run("surprise", trained, book)
    assert (code, errors) == (0, "")
    lines = out.splitlines()
    assert re.fullmatch(rf"{book}:3: The Lost Byte: \d\.\d+ bits per character", lines[0])
    assert re.match(rf"  {book}:9:11: \d+\.\d bits, \d+\.\d more than usual", lines[1])
    assert lines[2] == "    |:A2d dcd|e2d BA|A2d dcd|e2f g3|"
    assert lines[3].strip(" ~") == "^" and lines[3].startswith(" " * 14 + "~")
    assert sum(line.startswith(str(book)) for line in lines) == 8

    book.write_text("X:1\nT:Café\nK:D\nabc|\n\n" + homemade.read_text())
    code, out, errors = run("surprise", trained, book)
    assert code == 1
    assert f"{book}:1: tune skipped: the character 'é' at line 2, column 6" in errors
    assert f"{book}:8: The Lost Byte: " in out
    book.write_text("la la la")
    code, _, errors = run("surprise", trained, book)
    assert code == 1 and "mine.abc holds no tune" in errors


def test_corpora(run, homemade, jigs):
    code, out, _ = run("corpora", "list")
    assert code == 0 and "oneills" in out
    code, out, _ = run("corpora", "check", "jigs", homemade)
    assert code == 0
    assert "      340 tunes, 129,329 characters\n          3 duplicates\n" in out
    assert "86 different characters; these occur once: & ? V j" in out
    assert "homemade.abc:\n          8 tunes" in out
    code, out, _ = run("corpora", "fetch", "oneills")
    assert code == 0 and out.startswith("oneills: 39 files in ")


def test_counts_of_one_are_singular(tmp_path, run):
    (tmp_path / "one.abc").write_text("% mine\n\nX:1\nM:2/4\nL:1/4\nK:D\nAB|\n")
    _, out, _ = run("corpora", "check", tmp_path / "one.abc")
    assert "        1 tune, " in out and "        0 duplicates" in out
    assert "        1 fragment outside tunes" in out
    assert run("check", tmp_path / "one.abc")[1] == "1 of 1 tune valid\n"


@pytest.mark.parametrize(
    ("name", "hint"), [("jig", "; did you mean jigs?"), ("xyz", "; the corpora are airds, essen")]
)
def test_fetching_an_unknown_corpus(run, name, hint):
    code, _, errors = run("corpora", "fetch", name)
    assert code == 1 and f"there is no corpus '{name}'{hint}" in errors


def test_patterns_and_the_home_folder_where_no_shell_expands_them(
    homemade, tmp_path, monkeypatch, run
):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for name in ("b.abc", "a.abc", "a.txt"):
        (tmp_path / name).write_bytes(homemade.read_bytes())
    (tmp_path / "bad[1].abc").write_text("X:1\nM:4/4\nL:1/4\nK:C\nCDEFG|]\n")
    code, out, _ = run("check", tmp_path / "?.abc", "~/a.abc")
    assert (code, out) == (0, "24 of 24 tunes valid\n")
    code, out, _ = run("check", "~/bad[1].abc")
    assert code == 1 and out.startswith(f"{tmp_path}/bad[1].abc:5:")
    code, _, errors = run("convert", "~/[ab].abc", "--out", "~/midi")
    assert (code, errors) == (0, "16 of 16 tunes converted into ~/midi\n")
    assert len(list((tmp_path / "midi").iterdir())) == 16
    code, _, errors = run("check", "~/*.mid")
    assert (code, errors) == (1, "abcrnn: ~/*.mid: no such file or folder\n")


def test_a_path_that_cannot_be_is_one_line(homemade, tmp_path, run):
    (tmp_path / "file").touch()
    for arguments, message in (
        (["convert", homemade, "--out", tmp_path / "file"], f"{tmp_path}/file: not a directory"),
        (["convert", homemade, "--out", ""], "a path must not be empty"),
        (["convert", homemade, "--out", "a\0b"], "a path must not contain a NUL character: "),
        (["check", ""], "a path must not be empty"),
    ):
        code, out, errors = run(*arguments)
        assert (code, out) == (1, "")
        assert errors.startswith(f"abcrnn: {message}") and errors.count("\n") == 1
