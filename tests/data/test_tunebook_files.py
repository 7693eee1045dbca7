"""Files, folders, pipes and standard input as sources of tunebooks."""

import io
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from abcrnn import load_corpus
from abcrnn.data import tunebook_files
from abcrnn.data.tunebook_files import find_tunebooks, read_lines

TUNE = "X:{0}\nT:Tune {0}\nM:4/4\nL:1/4\nK:D\nDEFG|\n"


def book(number):
    return "\n".join(TUNE.format(index) for index in range(1, number + 1))


# Pipes and standard input ------------------------------------------------------------------


@pytest.fixture
def pipe(tmp_path):
    """A function that writes bytes into a named pipe when it is opened; returns its path."""
    if not hasattr(os, "mkfifo"):
        pytest.skip("needs named pipes")
    threads = []

    def make(content):
        path = tmp_path / f"pipe{len(threads)}.abc"
        os.mkfifo(path)
        threads.append(threading.Thread(target=path.write_bytes, args=(content,), daemon=True))
        threads[-1].start()
        return path

    yield make
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def test_all_of_a_pipe_is_read(pipe):
    corpus = load_corpus(pipe(book(300).encode()))
    assert (corpus.name, len(corpus.tunes)) == ("pipe0", 300)
    assert corpus.tunes[0] == TUNE.format(1).strip()


def test_a_pipe_is_read_into_memory_also_if_files_are_not(pipe, monkeypatch):
    monkeypatch.setattr("abcrnn.data.corpus._MAX_BYTES_IN_MEMORY", 0)
    assert isinstance(load_corpus(pipe(book(3).encode())).tunes, tuple)


@pytest.mark.slow
@pytest.mark.parametrize("command", ["check", "convert", "corpora", "surprise", "rewrite"])
def test_commands_read_pipes_and_standard_input(command, pipe, trained, tmp_path, run, monkeypatch):
    content = book(300).encode()
    for source in (pipe(content), "-"):
        stdin = io.TextIOWrapper(io.BytesIO(content))
        monkeypatch.setattr(sys, "stdin", stdin)
        arguments = {
            "check": ["check", source],
            "convert": ["convert", source, "--out", tmp_path / "midi"],
            "corpora": ["corpora", "check", source],
            "surprise": ["surprise", trained, source],
            "rewrite": ["rewrite", trained, source, "--tune", "301", "--bars", "1"],
        }[command]
        code, out, errors = run(*arguments)
        wanted = {
            "check": "300 of 300 tunes valid",
            "convert": "300 of 300 tunes converted",
            "corpora": "300 tunes",
            "surprise": ":2010: Tune 288: ",
            "rewrite": "has 300 tunes, so there is no tune 301",
        }[command]
        assert wanted in out + errors
        assert code == (1 if command == "rewrite" else 0)  # the file has no tune 301


def test_standard_input_of_a_process():
    command = [sys.executable, "-m", "abcrnn", "check", "-"]
    done = subprocess.run(command, input=book(300).encode(), capture_output=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, b"300 of 300 tunes valid" + os.linesep.encode())


def test_standard_input_stays_open(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"X:1\nK:C\nc\n")))
    assert list(read_lines("-")) == ["X:1\n", "K:C\n", "c\n"]
    with pytest.raises(ValueError, match="standard input is empty"):
        list(read_lines("-"))


# Folders ------------------------------------------------------------------------------------


def test_hidden_files_are_skipped_and_reported(tmp_path, caplog):
    shown = ["a.abc", "b.ABC", "sub/c.abc"]
    hidden = [".ipynb_checkpoints/a-checkpoint.abc", "._a.abc", "sub/.c.abc", "__MACOSX/a.abc"]
    for name in [*shown, *hidden, "notes.txt"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(TUNE.format(1))
    with caplog.at_level(logging.WARNING):
        files = find_tunebooks(tmp_path)
    assert [str(file.relative_to(tmp_path)) for file in files] == list(map(os.path.normpath, shown))
    assert f"{tmp_path}: hidden files are skipped (4): " in caplog.text
    assert os.path.normpath(hidden[0]) in caplog.text
    assert find_tunebooks(tmp_path / "._a.abc") == [tmp_path / "._a.abc"]  # asked for by name


def test_a_hidden_folder_can_be_read_itself(tmp_path, caplog):
    (tmp_path / ".mine").mkdir()
    (tmp_path / ".mine" / "a.abc").write_text(TUNE.format(1))
    assert len(load_corpus(tmp_path / ".mine").tunes) == 1
    assert caplog.text == ""


BROKEN = {
    "binary.abc": b"MZ\0\0",
    "empty.abc": b"",
    "spaces.abc": b" \n\n",
    "utf16.abc": "X:1\nK:C\nc".encode("utf-16"),
}


@pytest.fixture
def folder(tmp_path):
    """A folder with a good tunebook, broken ones and a link to nothing."""
    for name, content in BROKEN.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "good.abc").write_text(book(2))
    (tmp_path / "gone.abc").symlink_to(tmp_path / "nowhere")
    return tmp_path


@pytest.mark.parametrize("limit", [10**9, 0])
def test_files_that_cannot_be_read_are_skipped_and_reported(folder, caplog, limit, monkeypatch):
    monkeypatch.setattr("abcrnn.data.corpus._MAX_BYTES_IN_MEMORY", limit)
    monkeypatch.setenv("ABCRNN_DATA", str(folder / "cache"))
    assert len(load_corpus(folder).tunes) == 2
    for name in [*BROKEN, "gone.abc"]:
        (message,) = [r.getMessage() for r in caplog.records if name in r.getMessage()]
        assert message.startswith(str(folder / name)) and message.endswith("; the file is skipped")


def test_check_names_files_that_cannot_be_read(folder, run):
    code, out, errors = run("check", folder)
    assert (code, out) == (1, "2 of 2 tunes valid\n")
    assert all(name in errors for name in [*BROKEN, "gone.abc"])
    code, out, errors = run("check", folder / "empty.abc", folder / "good.abc", folder / "no.abc")
    assert (code, out) == (1, "2 of 2 tunes valid\n")
    assert "empty.abc is empty" in errors and "no.abc: no such file or folder" in errors


def test_a_folder_of_broken_files_is_an_error(folder):
    (folder / "good.abc").unlink()
    with pytest.raises(ValueError, match="holds no tune"):
        load_corpus(folder)


def test_the_file_header_of_a_file_applies_to_its_tunes_only(tmp_path):
    (tmp_path / "a.abc").write_text("M:3/4\nL:1/4\n\nX:1\nK:C\nCDE|\n")
    (tmp_path / "b.abc").write_text("X:1\nM:4/4\nK:C\nC8|\n")
    assert load_corpus(tmp_path).tunes == (
        "X:1\nM:3/4\nL:1/4\nK:C\nCDE|", "X:1\nM:4/4\nK:C\nC8|",
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_a_path_named_like_a_corpus_is_reported(tmp_path, monkeypatch, caplog, kind):
    monkeypatch.chdir(tmp_path)
    if kind == "folder":
        Path("oneills").mkdir()
    else:
        Path("oneills").write_text(TUNE.format(1))
    assert len(load_corpus("oneills").tunes) == 2009
    (record,) = caplog.records
    own = os.path.join(".", "oneills")
    assert f"oneills is the named corpus; the {kind} oneills" in record.getMessage()
    assert record.getMessage().endswith(f"its path is {own}")
    if kind == "file":
        assert len(load_corpus(own).tunes) == 1


# Music after empty lines ---------------------------------------------------------------------


def test_lost_music_is_reported(tmp_path, caplog):
    (tmp_path / "a.abc").write_text(TUNE.format(1) + "\nGGGG|\n\nAAAA|\n\nsome words\n")
    corpus = load_corpus(tmp_path / "a.abc")
    (record,) = caplog.records
    assert "a: music outside tunes is not read (passages: 2; the first, in line 8: 'GGGG|')" in (
        record.getMessage()
    )
    assert "--join-blank" in record.getMessage()
    assert len(corpus.fragments) == 3
    caplog.clear()
    joined = load_corpus(tmp_path / "a.abc", join_blank=True)
    assert joined.tunes == (TUNE.format(1) + "GGGG|\nAAAA|",)
    assert [block.text for block in joined.fragments] == ["some words"]
    (record,) = caplog.records
    assert "read as part of the tune before it (2 times, the first in line 8)" in (
        record.getMessage()
    )


def test_a_store_depends_on_joining(tmp_path, monkeypatch):
    monkeypatch.setattr("abcrnn.data.corpus._MAX_BYTES_IN_MEMORY", 0)
    monkeypatch.setenv("ABCRNN_DATA", str(tmp_path / "cache"))
    (tmp_path / "a.abc").write_text(TUNE.format(1) + "\nGGGG|\n")
    texts = [load_corpus(tmp_path / "a.abc", join).tunes[0] for join in (False, True, False)]
    assert texts[0] == texts[2] == TUNE.format(1).strip()
    assert texts[1] == TUNE.format(1) + "GGGG|"


def test_an_empty_line_below_every_key_is_read_as_meant(tmp_path, caplog, run):
    text = book(30).replace("K:D\n", "K:D\n\n")
    (tmp_path / "web.abc").write_text(text)
    assert load_corpus(tmp_path / "web.abc").text == book(30)
    assert "read as part of the tune before it (30 times, the first in line 7)" in caplog.text
    code, out, _ = run("check", tmp_path / "web.abc")
    assert (code, out) == (0, "30 of 30 tunes valid\n")


def test_bytes_are_read_one_line_after_the_other(tmp_path, monkeypatch):
    """A reader of a tunebook does not wait for its end."""
    (tmp_path / "a.abc").write_text(book(2000))
    opened = []
    original = io.TextIOWrapper

    def recording(*arguments, **options):
        opened.append(original(*arguments, **options))
        return opened[-1]

    monkeypatch.setattr(tunebook_files.io, "TextIOWrapper", recording)
    lines = read_lines(tmp_path / "a.abc")
    assert next(lines) == "X:1\n"
    assert opened[0].buffer.tell() < (tmp_path / "a.abc").stat().st_size / 2
    lines.close()
