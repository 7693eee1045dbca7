"""``abcrnn transpose``."""

import io
import sys

import pytest
from helpers import abc2midi

BOOK = (
    'X:1\nT:One % comment\nL:1/8\nM:4/4\nK:G\n"G"GABc dedB|"D7"d2^c2 G4|]\n\n'
    "X:2\nT:Two\nL:1/8\nM:4/4\nK:Am\nABcd e2^g2|A4 A4|]\n"
)
IN_D = (
    'X:1\nT:One % comment\nL:1/8\nM:4/4\nK:D\n"D"DEFG ABAF|"A7"A2^G2 D4|]\n\n'
    "X:2\nT:Two\nL:1/8\nM:4/4\nK:Dm\ndefg a2^c'2|d4 d4|]\n"
)


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "book.abc"
    path.write_text(BOOK)
    return path


def test_the_text_is_printed(book, run):
    assert run("transpose", book, "--to", "D") == (0, IN_D, "2 of 2 tunes changed\n")
    assert book.read_text() == BOOK


def test_by_semitones_down_and_back(book, tmp_path, run):
    there = tmp_path / "there.abc"
    assert run("transpose", book, "--by", "-3", "-o", there)[0] == 0
    assert "K:E\n" in there.read_text()
    assert run("transpose", there, "--by", "3", "-o", tmp_path / "back.abc")[0] == 0
    assert (tmp_path / "back.abc").read_text() == BOOK


def test_only_write_changes_files(book, tmp_path, run):
    other = tmp_path / "sub" / "other.abc"
    other.parent.mkdir()
    other.write_text(IN_D)
    before = other.stat()
    code, output, errors = run("transpose", tmp_path, "--to", "D", "--write")
    assert (code, output, errors) == (0, "", "2 of 4 tunes changed\n")
    assert book.read_text() == IN_D
    assert other.stat().st_mtime_ns == before.st_mtime_ns


def test_bad_tunes_are_reported_and_kept(tmp_path, run):
    path = tmp_path / "book.abc"
    bad = b"\nX:3\nT:Bad\nK:HP\nABc|\n\nX:4\nT:No key\nABc|\n% caf\xe9\r\n"
    path.write_bytes(BOOK.encode() + bad)
    code, _, errors = run("transpose", path, "--to", "D", "--write")
    assert code == 1
    assert path.read_bytes() == IN_D.encode() + bad
    first, second, last = errors.splitlines()
    assert first == (
        f"{path}:17:1: tune 3 (Bad) is not transposed: K:HP has no tonic, so the tune cannot be "
        "moved to a key, only by semitones"
    )
    assert second.startswith(f"{path}:2") and "tune 4 (No key) is not transposed" in second
    assert last == "2 of 4 tunes changed; 2 skipped"


def test_a_line_that_would_become_text_is_reported(tmp_path, run):
    path = tmp_path / "book.abc"
    tune = "X:3\nT:t\nM:none\nL:1/8\nK:Gb\nABc|\ngFinede[ce]\nABc|\n"
    path.write_text(f"{BOOK}\n{tune}")
    code, output, errors = run("transpose", path, "--by", "6")
    assert code == 1 and output.endswith(tune)
    message = "tune 3 (t) is not transposed: the tune would have other notes"
    assert errors == f"{path}:21:1: {message}\n2 of 3 tunes changed; 1 skipped\n"


def test_standard_input(monkeypatch, run):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(BOOK.encode())))
    assert run("transpose", "-", "--to", "D")[:2] == (0, IN_D)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "one of the arguments --to --by is required"),
        (["--to", "D", "--by", "2"], "not allowed with argument"),
        (["--to", "H"], "argument --to: must be a key such as G, Bb or 'A dorian', not 'H'"),
        (["--by", "1.5"], "argument --by: must be a whole number from -127 to 127"),
        (["--by", "9" * 5000], "argument --by: must be a whole number from -127 to 127"),
        (["--to", "D", "--write", "-o", "x.abc"], "not allowed with argument"),
    ],
)
def test_invalid_arguments(book, run, capsys, options, message):
    with pytest.raises(SystemExit, match="2"):
        run("transpose", book, *options)
    assert message in capsys.readouterr().err
    assert book.read_text() == BOOK


@pytest.mark.oracle
def test_abc2midi_plays_the_moved_notes(book, tmp_path, run):
    """abc2midi reads the transposed tunes as the same notes, all moved by the interval."""
    program = abc2midi.find_or_skip()
    moved = run("transpose", book, "--by", "5")[1]
    for before, after in zip(BOOK.split("\n\n"), moved.split("\n\n"), strict=True):
        original, _ = abc2midi.play(program, abc2midi.plain(before), tmp_path)
        notes, _ = abc2midi.play(program, abc2midi.plain(after), tmp_path)
        assert original
        assert notes == [(onset, duration, pitch + 5) for onset, duration, pitch in original]
