"""Any text, also a hostile one: a file or an ABCError, with bounded work, and nothing else."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
import warnings
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from helpers.read_back import measures, notes_of, parse_midi
from helpers.steps import StepLimit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import abcrnn
from abcrnn.export.midi import to_midi, to_midi_bytes
from abcrnn.export.musicxml import musicxml, to_musicxml
from abcrnn.notation.errors import ABCError
from abcrnn.notation.reader import read_tune

HEADER = "X:1\nT:By hand\nM:4/4\nL:1/8\nK:D\n"
MAX_STEPS = 12_000_000  # twice what the longest of these texts takes

REFUSED = {
    "more digits than int takes": HEADER + "A" + "9" * 9_000,
    "a division by nothing": HEADER + "A/0|",
    "a long tune": HEADER + "A1000B999|" * 40,
    "bars of rest": HEADER + "A8|" + "Z999|" * 40,
    "a megabyte": HEADER + "A" * 1_000_000,
    "many notes in one bar": HEADER + "A/B/c/d/" * 5_500,
    "a NUL": HEADER + "AB\0cd|",
    "two tunes": HEADER + "AB|\n\n" + HEADER + "cd|",
    "two tunes without a gap": HEADER + "AB|\n" + HEADER + "cd|",
    "no key": "X:1\nM:4/4\nL:1/8\nABcd|",
    "no notes": HEADER + "|: z4 :|",
    "nothing": "",
    "many brackets": HEADER + "[" * 20_000,
    "many inline fields": HEADER + "[K:" * 15_000,
    "many braces": HEADER + "{" * 20_000 + "AB0",
}
CONVERTED = {
    "a long note": HEADER + "A9999|" * 100,
    "many bars on one line": HEADER + "A2 B2 c2 d2|" * 400,
    "slashes": HEADER + "A" + "/" * 9_000,
    "octaves": HEADER + "c" + "'" * 9_000,
    "broken rhythm": HEADER + "A" + ">" * 9_000 + "B",
    "an absurd meter": "X:1\nM:99999/4\nK:C\nAB|",
    "a meter of no beats": "X:1\nM:0/4\nK:C\nAB|",
    "a meter of many parts": "X:1\nM:" + "1+" * 9_000 + "1/4\nK:C\nAB|",
    "an absurd unit": "X:1\nL:1/0\nK:C\nAB|",
    "an absurd tempo": "X:1\nQ:1/4=0\nK:C\nAB|",
    "an extreme tempo": "X:1\nQ:1/4=1\nK:C\nA[Q:8/1=1000]B|[Q:1/999=1]c|",
    "an absurd key": "X:1\nK:H\nAB|",
    "too many sharps": "X:1\nK:G# lydian\nAB|",
    "many keys": HEADER + "[K:A]A|[K:G]B|" * 400,
    "a lone surrogate": "X:1\nT:a\ud800\x01b\nC:\udfff\nK:C\nV:\ud800\nAB\ud800cd|",
    "many voices": HEADER + "".join(f"V:{n}\nAB|\n" for n in range(100)),
    "an overlay": HEADER + "AB & cd|",
    "an open quotation": HEADER + 'AB "Am AB|cd|',
    "an open chord": HEADER + "AB [ceg AB|cd|",
    "one note twice": HEADER + "[AA-]A|",
    "very short notes": HEADER + "[L:1/512]A/511B/333(99c/d/e/f/|",
    "a chord of a hundred": HEADER + "[" + "ABCDEFGabcdefg" * 7 + "]|",
    "a note of many bars": HEADER + "A511|",
    "an overfull bar": HEADER + "(3ABc" * 300 + "|",
    "grace notes alone at the end": HEADER + "A{bcd}|{e}",
    "many endings": HEADER + "|:A|1-40 B:|" * 100,
    "chord symbols": HEADER + '"Am7/c"A' * 400,
}


LONG = {"many notes in one bar", "many keys", "many bars on one line", "many voices"}


def mark_slow(names: Iterable[str]) -> list[object]:
    """Mark the texts that take long while steps are counted."""
    return [pytest.param(n, marks=pytest.mark.slow) if n in LONG else n for n in names]


@pytest.fixture(scope="module", autouse=True)
def _import_music21() -> None:
    """Import it first, so that its import is not counted."""
    import music21.midi
    import music21.musicxml.m21ToXml  # noqa: F401


@pytest.mark.slow
@pytest.mark.parametrize("name", mark_slow(REFUSED))
def test_hostile_text_is_refused(name: str, tmp_path: Path) -> None:
    with StepLimit(MAX_STEPS), pytest.raises(ABCError):
        to_midi_bytes(REFUSED[name])
    with StepLimit(MAX_STEPS), pytest.raises(ABCError):
        to_musicxml(REFUSED[name], tmp_path / "tune.musicxml")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", mark_slow(CONVERTED))
def test_invalid_text_is_converted(name: str, tmp_path: Path) -> None:
    with StepLimit(MAX_STEPS):
        data = to_midi_bytes(CONVERTED[name])
    assert any(notes_of(track) for track in parse_midi(data).tracks)
    with StepLimit(MAX_STEPS):
        to_musicxml(CONVERTED[name], tmp_path / "tune.musicxml")
    assert measures(tmp_path / "tune.musicxml")


def test_repeats_cannot_multiply_without_bound(tmp_path: Path) -> None:
    tune = "X:1\nP:" + "A" * 100 + "\nL:1/8\nK:C\nP:A\n" + "A/B/c/d/" * 60
    with pytest.raises(ABCError, match="to play"):
        to_midi_bytes(tune)
    to_musicxml(tune, tmp_path / "tune.musicxml")
    assert len(measures(tmp_path / "tune.musicxml")) == 1  # as written
    with StepLimit(MAX_STEPS), pytest.raises(ABCError, match="to play"):
        to_midi_bytes(tune.replace("1/8", "1/512") + "[ABcd]/9" * 4_000)


def test_an_empty_line_below_the_header() -> None:
    assert to_midi_bytes(HEADER + "\nABcd|\n\n\nAB|") == to_midi_bytes(HEADER + "ABcd|\nAB|")
    with pytest.raises(ABCError) as caught:
        to_midi_bytes("words\n\n" + HEADER + "\nABcd|\n\nAB A99999|")
    assert (caught.value.line, caught.value.column) == (11, 4)


def test_the_file_header_of_one_tune() -> None:
    tune = "X:1\n{}K:C\nABcd|"
    fields = "M:3/4\nL:1/4\n%%MIDI program 24\n"
    assert to_midi_bytes(f"%abc-2.1\n{fields}\n" + tune.format("")) == to_midi_bytes(
        tune.format(fields)
    )


def test_errors_have_line_and_column() -> None:
    with pytest.raises(ABCError) as caught:
        to_midi_bytes(HEADER + "ABcd|\nAB A99999|")
    assert (caught.value.line, caught.value.column) == (7, 4)
    with pytest.raises(ABCError) as caught:
        to_midi_bytes("\r\nA word before.\r\n\r\n" + HEADER + "AB A99999|")
    assert (caught.value.line, caught.value.column) == (9, 4)
    with pytest.raises(ABCError) as caught:
        to_midi_bytes(HEADER + "AB|\n\n" + HEADER + "AB|")
    assert (caught.value.line, caught.value.column) == (8, 1)


@settings(
    max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(
    st.lists(
        st.sampled_from(
            [*"ABcdezxy^_='," "0123456789/|:[]()<>-{}!~.+&%\\\" \n", '"G7"', ":|", "[1", "(3",
             "[K:A]", "[M:3/4]", "[Q:1/4=9]", '"Am/c"', "(5:4", "{c", "-|",
             "\nM:6/8\n", "[CE]", "::", "Z", "A>B", "w:la", "V:1"]
        ),
        max_size=60,
    )
)  # fmt: skip
def test_any_text_gives_music_or_an_abc_error(pieces: list[str]) -> None:
    tune = HEADER + "DE" + "".join(pieces)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            for track in parse_midi(to_midi_bytes(tune)).tracks:
                notes_of(track)
            data = musicxml(read_tune(tune))
        except ABCError:
            return
    ElementTree.fromstring(data)  # noqa: S314  (our own output)


def test_equal_tunes_give_equal_bytes(tmp_path: Path) -> None:
    tune = HEADER + '"D7"DE [FA]2-|[FA]2 (3GAB|1 c2:|2 d2|]'
    program = (
        "import sys, abcrnn\n"
        f"abcrnn.to_midi({tune!r}, sys.argv[1] + '.mid')\n"
        f"abcrnn.to_musicxml({tune!r}, sys.argv[1] + '.musicxml')\n"
    )
    for name, seed in (("a", "1"), ("b", "2")):
        run(program, str(tmp_path / name), PYTHONHASHSEED=seed)
    assert (tmp_path / "a.mid").read_bytes() == (tmp_path / "b.mid").read_bytes()
    text = (tmp_path / "a.musicxml").read_text(encoding="utf-8")
    assert text == (tmp_path / "b.musicxml").read_text(encoding="utf-8")
    assert "usic21" not in text
    assert "encoding-date" not in text


def run(program: str, *arguments: str, **environment: str) -> str:
    root = str(Path(abcrnn.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-B", "-W", "error", "-c", program, *arguments],
        env={**os.environ, "PYTHONPATH": root, **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_midi_does_not_need_music21() -> None:
    run(
        f"import sys, abcrnn; abcrnn.to_midi_bytes({HEADER + 'AB|'!r});"
        "sys.exit('music21' in sys.modules)"
    )


def test_only_the_given_file_is_written_and_no_pickle_read(tmp_path: Path) -> None:
    program = f"""
import os, sys
def watch(event, arguments):
    writes = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if writes and not isinstance(arguments[0], int):
        print("wrote", arguments[0])
    if event in ("pickle.find_class", "socket.connect", "socket.getaddrinfo"):
        print("met", event, arguments)
sys.addaudithook(watch)
import abcrnn
abcrnn.to_midi({HEADER + "ABcd|"!r}, sys.argv[1])
abcrnn.to_musicxml({HEADER + "ABcd|"!r}, sys.argv[2])
"""
    out = tmp_path / "out"
    home = tmp_path / "home"
    home.mkdir()
    targets = str(out / "a.mid"), str(out / "a.musicxml")
    printed = run(program, *targets, HOME=str(home), TMPDIR=str(home))
    assert sorted(file.name for file in out.iterdir()) == ["a.mid", "a.musicxml"]
    assert all(line.startswith(f"wrote {out}") for line in printed.splitlines()), printed
    assert list(home.iterdir()) == []


def test_the_converter_of_music21_is_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """converter.parse loads pickles from the temporary folder, where anyone may put them."""
    from music21 import converter

    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("converter or pickle was used")

    for name in ("parse", "parseData", "parseFile", "thaw"):
        monkeypatch.setattr(converter, name, refuse)
    monkeypatch.setattr(pickle, "loads", refuse)
    monkeypatch.setattr(pickle, "load", refuse)
    monkeypatch.setattr(tempfile, "gettempdir", refuse)
    to_midi(HEADER + "ABcd|", tmp_path / "a.mid")
    to_musicxml(HEADER + "ABcd|", tmp_path / "a.musicxml")


@pytest.mark.parametrize("write", [to_midi, to_musicxml])
def test_a_full_disk_leaves_the_existing_file(
    write: Callable[[str, Path], None], tmp_path: Path, full_disk: AbstractContextManager[None]
) -> None:
    target = tmp_path / "tune"
    target.write_bytes(b"before")
    with full_disk, pytest.raises(OSError, match="No space"):
        write(HEADER + "ABcd|", target)
    assert [file.name for file in tmp_path.iterdir()] == ["tune"]
    assert target.read_bytes() == b"before"
