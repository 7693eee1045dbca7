"""A command does not replace what it reads, and names the files that it skips."""

import os

import pytest

ONE = "X:1\nT:One\nM:6/8\nL:1/8\nR:jig\nK:D\nABc def|]\n"
TWO = "X:2\nT:Two\nM:6/8\nL:1/8\nK:G\nGAB d2e|]\n"


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A tunebook with text outside tunes, in the current folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "book.abc"
    path.write_text(f"%%abc-2.1\nB:My book\n\nSome words.\n\n{ONE}\n{TWO}")
    return path


def usage_error(run, capsys, *arguments):
    with pytest.raises(SystemExit) as caught:
        run(*arguments)
    assert caught.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["convert", "book.abc", "--to", "abc", "--out", "."], "--out"),
        (["convert", "book.abc", "--out", "book.abc"], "--out"),
        (["convert", ".", "--out", "book.abc"], "--out"),
        (["convert", "*.abc", "--out", "./book.abc"], "--out"),
        (["gallery", "book.abc", "-o", "book.abc"], "--output"),
        (["gallery", "oneills", "--nearest", "book.abc", "-o", "link.abc"], "--output"),
        (["rewrite", "book.abc", "--bars", "1-1", "-o", "book.abc"], "--output"),
        (["reproduce", "book.abc", "-o", "book.abc"], "--output"),
        (["evaluate", "--corpus", "book.abc", "--per-tune", "book.abc"], "--per-tune"),
        (["compose", "--begin", "book.abc", "-o", "book.abc"], "--output"),
        (["compose", "--against", ".", "--gallery", "book.abc"], "--gallery"),
        (["compose", "--model", "book.abc", "-o", "book.abc"], "--output"),
        (["sample", "book.abc", "-o", "book.abc"], "--output"),
    ],
)
def test_an_input_is_not_replaced(arguments, option, book, run, capsys):
    os.link(book, "link.abc")
    before = book.read_bytes()
    error = usage_error(run, capsys, *arguments)
    assert f"argument {option}: " in error
    assert "is also read, and would be replaced; name another file" in error
    assert book.read_bytes() == before


@pytest.mark.parametrize("command", ["compose", "sample"])
def test_two_outputs_are_two_files(command, book, run, capsys):
    error = usage_error(run, capsys, command, "-o", "a.html", "--gallery", f"{book.parent}/a.html")
    assert "argument --gallery: " in error and "is also the file of --output" in error


def test_tunebooks_are_still_edited_in_place(book, run):
    assert run("transpose", book, "--by", 2, "-o", book)[0] == 0
    assert "B:My book" in book.read_text() and "K:A\n" in book.read_text()


def test_text_that_a_new_tunebook_lacks_is_reported(book, run):
    code, _, errors = run("convert", book, "--out", "new.abc")
    assert code == 0
    assert "left out: 2 passages outside tunes, the first in line 1" in errors


@pytest.mark.parametrize(
    "arguments",
    [["convert", "{}", "--out", "out"], ["nearest", "{}", "--corpus", "{}/book.abc"]],
)
def test_files_that_are_skipped_are_named(arguments, book, run):
    folder = book.parent / "tunes"
    folder.mkdir()
    for name, text in (("book.abc", ONE), ("words.abc", "no tunes here\n"), ("more.abc", TWO)):
        (folder / name).write_text(text)
    arguments = [part.format("tunes") for part in arguments]
    code, _, errors = run(*arguments)
    assert code == 1 and "words.abc holds no tune; the file is skipped" in errors
    (folder / "words.abc").unlink()
    assert run(*arguments)[0] == 0
    (folder / "gone.abc").symlink_to("nowhere.abc")
    code, _, errors = run(*arguments)
    assert code == 1 and "gone.abc: no such file or directory; the file is skipped" in errors


def test_a_tune_that_is_not_converted_has_its_file_and_line(book, run):
    folder = book.parent / "tunes"
    folder.mkdir()
    (folder / "a.abc").write_text(ONE)
    (folder / "b.abc").write_text(f"{TWO}\nX:3\nT:Rest\nM:4/4\nK:C\nz4|]\n")
    code, _, errors = run("convert", folder, "--out", "out")
    assert code == 1
    assert f"{folder}/b.abc:8:1: tune 2 (Rest) is not converted: the tune has no notes" in errors


@pytest.mark.parametrize("name", ["tunes.mp3", "tunes.txt", "tunes.html", "tunes.mxl"])
def test_an_extension_without_a_format_is_refused(name, book, run, capsys):
    error = usage_error(run, capsys, "convert", book, "--out", name)
    assert f"--out {name}: there is no format for .{name[6:]}" in error
    assert not (book.parent / name).exists()
    assert run("convert", book, "--out", f"{name}/")[0] == 0
    assert len(list((book.parent / name).iterdir())) == 2
