"""``abcrnn tidy`` and ``abcrnn check --json``."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

UNTIDY = "X: 1\nT: One\nM:6/8\nL:1/8\nK: D\nABc  def | gab agf|]\n"
TIDY = "X:1\nT:One\nM:6/8\nL:1/8\nK:D\nABc def|gab agf|]\n"
BAD = "X:2\nT:Bad\nM:6/8\nK: D\nA/0 | B\n"


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "book.abc"
    path.write_text(UNTIDY)
    return path


def test_the_text_is_printed(book, run):
    code, output, errors = run("tidy", book)
    assert (code, output, errors) == (0, TIDY, "1 of 1 tune changed\n")
    assert book.read_text() == UNTIDY


def test_the_text_goes_into_another_file(book, tmp_path, run):
    assert run("tidy", book, "-o", tmp_path / "new.abc")[0] == 0
    assert (tmp_path / "new.abc").read_text() == TIDY
    assert book.read_text() == UNTIDY


def test_files_are_changed_only_with_write(book, tmp_path, run):
    other = tmp_path / "other.abc"
    other.write_text(TIDY)
    before = other.stat()
    os.chmod(book, 0o640)
    code, output, errors = run("tidy", tmp_path, "--write")
    assert (code, output) == (0, "")
    assert errors == "1 of 2 tunes changed\n"
    assert book.read_text() == TIDY
    assert stat.S_IMODE(book.stat().st_mode) == 0o640
    assert other.stat().st_mtime_ns == before.st_mtime_ns
    assert run("tidy", tmp_path, "--check")[0] == 0


def test_check_lists_files_that_would_change(book, tmp_path, run):
    (tmp_path / "tidy.abc").write_text(TIDY)
    code, output, errors = run("tidy", tmp_path, "--check")
    assert (code, output) == (1, f"{book}: 1 tune of 1 would change\n")
    assert errors == "1 of 2 tunes would change\n"
    assert book.read_text() == UNTIDY


def test_diff(book, run):
    code, output, _ = run("tidy", book, "--diff")
    assert code == 0
    assert output.splitlines()[:2] == [f"--- {book}", f"+++ {book}"]
    assert "-ABc  def | gab agf|]" in output
    assert "+ABc def|gab agf|]" in output
    assert run("tidy", book, "--diff", "--check")[0] == 1


def test_bad_tunes_are_reported_and_kept(tmp_path, run):
    book = tmp_path / "book.abc"
    book.write_bytes(f"{UNTIDY}\n{BAD}".encode() + b"\n% caf\xe9\r\n")
    code, output, errors = run("tidy", book, "--write")
    assert (code, output) == (1, "")
    assert errors == (
        f"{book}:12:1: tune 2 (Bad) is not formatted: a note length is divided by 0\n"
        "1 of 2 tunes changed; 1 skipped\n"
    )
    assert book.read_bytes() == f"{TIDY}\n{BAD}".encode() + b"\n% caf\xe9\r\n"


def test_a_file_that_cannot_be_read_is_skipped(book, tmp_path, run):
    (tmp_path / "a.abc").write_bytes(b"X:1\0\n")
    (tmp_path / "b.abc").write_bytes(b"no tune")
    (tmp_path / "c.abc").write_bytes(b"")
    code, _, errors = run("tidy", tmp_path, "--write")
    assert code == 1
    assert errors.count("the file is skipped") == 3
    assert book.read_text() == TIDY
    assert (tmp_path / "a.abc").read_bytes() == b"X:1\0\n"


def test_encodings_are_kept(tmp_path, run):
    text = UNTIDY.replace("One", "Caf\u00e9").replace("agf", 'a"caf\u00e9"gf')
    expected = TIDY.replace("One", "Caf\u00e9").replace("agf", 'a"caf\u00e9"gf')
    for encoding in ("utf-8", "utf-8-sig", "latin-1"):
        path = tmp_path / f"{encoding}.abc"
        path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
        assert run("tidy", path, "--write")[0] == 0
        assert path.read_bytes() == expected.replace("\n", "\r\n").encode(encoding)


def test_the_options_of_the_layout(book, run):
    _, output, _ = run("tidy", book, "--bars-per-line", 1, "--unit", "1/16")
    assert output.endswith("L:1/16\nK:D\nA2B2c2 d2e2f2|\ng2a2b2 a2g2f2|]\n")


def test_repairs_are_reported(tmp_path, run):
    path = tmp_path / "book.abc"
    path.write_text(TIDY.replace("ABc", "A\u266fBc"), "utf-8")
    code, output, errors = run("tidy", path, "--fix")
    assert (code, output) == (0, TIDY.replace("ABc", "A^Bc"))
    assert errors == f"{path}:6:2: \u266f is replaced by ^\n1 of 1 tune changed\n"
    assert run("tidy", path, "--check")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--unit", "0"], "--unit: must be a length from 1/512 to 1, such as '1/8', not '0'"),
        (["--bars-per-line", "0"], "--bars-per-line: must be a whole number of at least 1"),
        (["--write", "--check"], "not allowed with"),
        (["--write", "--diff"], "--diff writes no file"),
        (["-", "--write"], "- is standard input"),
    ],
)
def test_wrong_arguments(book, run, capsys, arguments, message):
    with pytest.raises(SystemExit) as stopped:
        run("tidy", book, *arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_two_files_need_two_outputs(book, tmp_path, run, capsys):
    (tmp_path / "two.abc").write_text(TIDY)
    with pytest.raises(SystemExit):
        run("tidy", tmp_path, "-o", tmp_path / "new.abc")
    assert "--output is for one file, not for 2" in capsys.readouterr().err


def test_in_a_process(book):
    command = [sys.executable, "-m", "abcrnn", "tidy", "-"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        command, input=UNTIDY.encode(), capture_output=True, env=environment, check=False
    )
    assert (done.returncode, done.stdout) == (0, TIDY.encode())
    done = subprocess.run(
        [*command[:-1], str(book), "--check"], capture_output=True, env=environment, check=False
    )
    assert (done.returncode, done.stdout) == (1, f"{book}: 1 tune of 1 would change\n".encode())


# check --json ---------------------------------------------------------------------------------


def test_check_json(tmp_path, run):
    book = tmp_path / "book.abc"
    book.write_text(
        'X:7\nT:Long\nM:4/4\nL:1/4\nK:C\nCDEF | CDEFG "^x"| [K:D]CDEF|]\ns:!p!\n\nfree text\n'
    )
    code, output, errors = run("check", book, "--json")
    assert code == 1
    found = [json.loads(line) for line in output.splitlines()]
    assert found[0] == {
        "file": str(book), "line": 6, "column": 8, "end_column": 18, "severity": "error",
        "code": "bar", "message": "the bar is too long: 5 of 4 quarters",
        "tune": 1, "reference": "7", "title": "Long",
    }  # fmt: skip
    assert [item["code"] for item in found] == ["bar", "unsupported", "outside"]
    assert [item["severity"] for item in found] == ["error", "warning", "warning"]
    assert found[2] == {
        "file": str(book), "line": 9, "column": 1, "end_column": 10, "severity": "warning",
        "code": "outside", "message": "text outside tunes is not read: 'free text'",
        "tune": None, "reference": None, "title": None,
    }  # fmt: skip
    assert errors == "0 of 1 tune valid: 1 bar, 1 outside, 1 unsupported\n"


def test_check_json_has_a_line_for_a_file_that_cannot_be_read(book, tmp_path, run):
    code, output, _ = run("check", book, tmp_path / "none.abc", "--json")
    assert code == 1
    [found] = [json.loads(line) for line in output.splitlines()]
    assert found["code"] == "file"
    assert "no such file or folder" in found["message"]
