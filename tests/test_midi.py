"""MIDI and MusicXML: notes worked out by hand, read back by an outside reader (mido)."""

from __future__ import annotations

import io
import os
import pickle
import re
import subprocess
import sys
import tempfile
import time
import warnings
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from abcrnn import midi
from abcrnn.notation.errors import ABCError

mido = pytest.importorskip("mido", reason="mido reads the MIDI back from outside")

HEADER = "X:1\nT:By hand\nM:4/4\nL:1/8\nK:D\n"


def heard(tune: str) -> list[tuple[float, float, int]]:
    """(onset, length, pitch) of every note, in quarter notes; fails on a note left hanging."""
    file = mido.MidiFile(file=io.BytesIO(midi.to_midi_bytes(tune)))
    notes = []
    for track in file.tracks:
        now, sounding = 0, {}
        for message in track:
            now += message.time
            if message.type == "note_on" and message.velocity:
                assert message.note not in sounding, "struck again before it was let go"
                sounding[message.note] = now
            elif message.type in ("note_off", "note_on"):
                start = sounding.pop(message.note)
                ticks = file.ticks_per_beat
                notes.append((start / ticks, (now - start) / ticks, message.note))
        assert not sounding, "a note was never let go"
    return sorted(notes)


def pitches(tune: str) -> list[int]:
    return [pitch for _, _, pitch in heard(tune)]


def lengths(tune: str) -> list[float]:
    return [round(length, 4) for _, length, _ in heard(tune)]


def measures(tune: str, folder: Path) -> list[ElementTree.Element]:
    midi.to_musicxml(tune, folder / "tune.musicxml")
    return ElementTree.parse(folder / "tune.musicxml").getroot().findall("part/measure")  # noqa: S314  (our own output)


def corpus(name: str) -> list[str]:
    folder = os.environ.get("ABCRNN_DATA")
    if not folder:
        if os.environ.get("CI") == "true":
            pytest.fail("CI must set ABCRNN_DATA to the folder of irish.abc and jigs.abc")
        pytest.skip("ABCRNN_DATA does not name the folder of irish.abc and jigs.abc")
    text = (Path(folder) / f"{name}.abc").read_text(encoding="utf-8")
    return [tune for tune in re.split(r"\n\s*\n(?=X:)", text) if tune.strip()]


# D E F# G A B c# d of D major above middle C: 62 64 66 67 69 71 73 74.
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("DEFG ABcd|", [62, 64, 66, 67, 69, 71, 73, 74]),
        ("D,D dd'|", [50, 62, 74, 86]),
        ("^G2 G g =f F|F G", [68, 68, 80, 77, 65, 66, 67]),  # for the bar, in all octaves
        ("__B ^^c _e|", [69, 74, 75]),
        ("D|E:|F|G:|A|", [62, 64, 62, 64, 66, 67, 66, 67, 69]),  # no |: anywhere
        ("D|:E|F:|G|", [62, 64, 66, 64, 66, 67]),
        ("D|E::F|G:|", [62, 64, 62, 64, 66, 67, 66, 67]),
        ("|:D|1 E:|2 F||G|", [62, 64, 62, 66, 67]),
        ("|:D|[1,3 E|A:|[2 F:|]G|", [62, 64, 69, 62, 66, 62, 64, 69, 67]),
        ("D|[1-2 E:|[3 F||G", [62, 64, 62, 64, 62, 66, 67]),
        ("|::D::|E", [62, 62, 62, 64]),
        ("A::\nB::", [69, 69, 71, 71]),  # no header field
        ("DE!\nFG!|", [62, 64, 66, 67]),  # the line break of the irish corpus
        ("!trill!D ~E .F {ga}G (AB)|", [62, 64, 66, 67, 69, 71]),
        ('"D7"DE "Ed"F"^slowly"G|', [62, 64, 66, 67]),
        ("D%EF\n%GA\nB|", [62, 71]),
        ("D\\\nE|", [62, 64]),
        ("D[K:C]F|[K:Gm]B\nK:A\nG|", [62, 65, 70, 68]),
        ("[DFA] [D2F2]|", [62, 66, 69, 62, 66]),
        ("^G-|G G|", [68, 67]),  # a tie takes its accidental over the bar line
        ("\nDE\n\nThese words belong to no tune.", [62, 64]),
    ],
)
def test_pitches_worked_out_by_hand(body: str, expected: list[int]) -> None:
    assert pitches(HEADER + body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("D D2 D/ D// D3/2 D/4", [0.5, 1, 0.25, 0.125, 0.75, 0.125]),
        ("A>B A<B A>>B", [0.75, 0.25, 0.25, 0.75, 0.875, 0.125]),
        ("(A>B) (A>(B)", [0.75, 0.25, 0.75, 0.25]),  # beside slurs
        ('A>"G"B A>{c}B', [0.75, 0.25, 0.75, 0.25]),
        ("(3ABA B", [0.3333, 0.3333, 0.3333, 0.5]),
        ("(3A/B/A/ (3:2:2A2B", [0.1667, 0.1667, 0.1667, 0.6667, 0.3333]),
        ("A-A B2-|B2", [1, 2]),
        ("A-B A - B", [0.5, 0.5, 0.5, 0.5]),  # slurs written as ties
        ("[DF]2-[DF] [D2-F2-][DF]", [1.5, 1.5, 1.5, 1.5]),
        ("A[L:1/4]A|\nL:1/16\nA", [0.5, 1, 0.25]),
        ("A2B2A2B2A2B2A2|B", [1, 1, 1, 1, 1, 1, 1, 0.5]),  # an overfull bar
    ],
)
def test_lengths_worked_out_by_hand(body: str, expected: list[float]) -> None:
    assert lengths(HEADER + body) == expected


def test_rests_keep_the_time() -> None:
    assert [onset for onset, _, _ in heard(HEADER + "zD x2 [zz]D|Z|D")] == [0.5, 2, 6.5]


@pytest.mark.parametrize(
    ("fields", "length"),
    [("M:6/8", 0.5), ("M:2/4", 0.25), ("M:C|", 0.5), ("", 0.5), ("M:none", 0.5), ("L:1/4", 1)],
)
def test_the_unit_note_length_follows_the_meter(fields: str, length: float) -> None:
    """ABC 2.1, section 3.1.7."""
    assert lengths(f"X:1\n{fields}\nK:C\nA") == [length]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("C", [65, 71, 72]),
        ("G", [66, 71, 72]),
        ("D Major", [66, 71, 73]),
        ("F", [65, 70, 72]),
        ("Am", [65, 71, 72]),
        ("E minor", [66, 71, 72]),
        ("Ador", [66, 71, 72]),
        (" D Mixolydian", [66, 71, 72]),
        ("Bb", [65, 70, 72]),
        ("B locrian", [65, 71, 72]),
        ("Fb lyd", [64, 70, 71]),
        ("HP", [65, 71, 72]),
        ("none", [65, 71, 72]),
        ("D =c", [66, 71, 72]),
        ("D exp _B", [65, 70, 72]),
        ("G clef=treble", [66, 71, 72]),
    ],
)
def test_keys(key: str, expected: list[int]) -> None:
    assert pitches(f"X:1\nL:1/8\nK:{key}\nFBc|") == expected


@pytest.mark.parametrize(
    ("tempo", "microseconds"),
    [("", 500_000), ("Q:1/4=60", 10**6), ('Q:"Fast" 3/8=120', 333_333), ("Q:120", 10**6)],
)
def test_tempo(tempo: str, microseconds: int) -> None:
    data = midi.to_midi_bytes(f"X:1\nL:1/8\n{tempo}\nK:C\nABcd|")
    messages = [m for track in mido.MidiFile(file=io.BytesIO(data)).tracks for m in track]
    (found,) = [message.tempo for message in messages if message.type == "set_tempo"]
    assert found == pytest.approx(microseconds, abs=1)


HOSTILE = {
    "a long note": HEADER + "A9999|",
    "a long rest": HEADER + "z1000000|",
    "more digits than int takes": HEADER + "A" + "9" * 9_000,
    "a division by nothing": HEADER + "A/0|",
    "a length of nothing": HEADER + "A0|",
    "slashes": HEADER + "A" + "/" * 9_000,
    "octaves": HEADER + "c" + "'" * 9_000,
    "broken rhythm": HEADER + "A" + ">" * 9_000 + "B",
    "an absurd meter": "X:1\nM:99999/4\nK:C\nAB|",
    "a meter of no beats": "X:1\nM:0/4\nK:C\nAB|",
    "a meter of many parts": "X:1\nM:" + "1+" * 9_000 + "1/4\nK:C\nAB|",
    "an absurd unit": "X:1\nL:1/0\nK:C\nAB|",
    "an absurd tempo": "X:1\nQ:1/4=0\nK:C\nAB|",
    "an absurd key": "X:1\nK:H\nAB|",
    "too many sharps": "X:1\nK:G# lydian\nAB|",
    "many bars on one line": HEADER + "A2 B2 c2 d2|" * 2_000,
    "many notes in one bar": HEADER + "ABcd" * 1_000,
    "many keys": HEADER + "[K:A]A|[K:G]B|" * 1_000,
    "a megabyte": HEADER + "A" * 1_000_000,
    "a NUL": HEADER + "AB\0cd|",
    "a lone surrogate": HEADER + "AB\ud800cd|",
    "two tunes": HEADER + "AB|\n\n" + HEADER + "cd|",
    "two tunes without a gap": HEADER + "AB|\n" + HEADER + "cd|",
    "two voices": HEADER + "V:1\nAB|\nV:2\ncd|",
    "an overlay": HEADER + "AB & cd|",
    "no key": "X:1\nM:4/4\nL:1/8\nABcd|",
    "no notes": HEADER + "|: z4 :|",
    "nothing": "",
    "an open quotation": HEADER + '"Am AB|cd|',
    "an open chord": HEADER + "[ceg AB|",
    "many brackets": HEADER + "[" * 20_000,
    "many inline fields": HEADER + "[K:" * 15_000,
    "many braces": HEADER + "{" * 20_000 + "AB0",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_refused_at_once(name: str, tmp_path: Path) -> None:
    import music21.midi.translate  # noqa: F401  (its import is not what is timed)

    start = time.perf_counter()
    with pytest.raises(ABCError):
        midi.to_midi_bytes(HOSTILE[name])
    with pytest.raises(ABCError):
        midi.to_musicxml(HOSTILE[name], tmp_path / "tune.musicxml")
    assert time.perf_counter() - start < 4
    assert list(tmp_path.iterdir()) == []


def test_repeats_do_not_multiply_without_end(tmp_path: Path) -> None:
    tune = HEADER + ("|:" + "ABcd" * 30 + "::|") * 20
    with pytest.raises(ABCError, match="once the repeats are played"):
        midi.to_midi_bytes(tune)
    assert len(measures(tune, tmp_path)) == 20  # there they are but signs


def test_an_error_says_where() -> None:
    with pytest.raises(ABCError) as caught:
        midi.to_midi_bytes(HEADER + "ABcd|\nAB A9999|")
    assert (caught.value.line, caught.value.column) == (7, 4)


def test_what_music21_raises_becomes_an_abc_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from music21.midi import translate

    def fail(stream: object) -> None:
        raise ZeroDivisionError("from within")

    monkeypatch.setattr(translate, "streamToMidiFile", fail)
    with pytest.raises(ABCError, match="from within") as caught:
        midi.to_midi_bytes(HEADER + "AB|")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@settings(
    max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(
    st.lists(
        st.sampled_from(
            [*"ABcdezxy^_='," "0123456789/|:[]()<>-{}!~.+&%\\\" \n", '"G7"', ":|", "[1", "(3",
             "[K:A]", "[M:3/4]", "\nM:6/8\n", "[CE]", "::", "Z", "A>B", "w:la", "V:1"]
        ),
        max_size=60,
    )
)  # fmt: skip
def test_any_text_gives_music_or_an_abc_error(pieces: list[str]) -> None:
    tune = HEADER + "DE" + "".join(pieces)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            heard_notes = heard(tune)
            data = midi._musicxml(midi._Reader(tune))
        except ABCError:
            return
    assert heard_notes
    ElementTree.fromstring(data)  # noqa: S314  (our own output)


@pytest.mark.parametrize("name", ["irish", "jigs"])
def test_a_sample_of_each_corpus_converts(name: str, tmp_path: Path) -> None:
    for tune in corpus(name)[::20]:
        assert heard(tune)
    for tune in corpus(name)[::60]:
        assert measures(tune, tmp_path)


# One jig of the Nottingham book leaves a chord open: "A7"[e3-c3][e2c2(3A/2B/2c/2|
@pytest.mark.slow
@pytest.mark.parametrize(("name", "refused"), [("irish", []), ("jigs", ["Joy of the Dance"])])
def test_every_tune_converts(name: str, refused: list[str], tmp_path: Path) -> None:
    failed = []
    for tune in corpus(name):
        try:
            assert heard(tune)
            assert measures(tune, tmp_path)
        except ABCError:
            failed.append(re.search(r"^T:\s*(.*)", tune, re.MULTILINE)[1])
    assert failed == refused


def test_equal_tunes_give_equal_bytes(tmp_path: Path) -> None:
    tune = HEADER + '"D7"DE [FA]2-|[FA]2 (3GAB|1 c2:|2 d2|]'
    program = (
        "import sys; from abcrnn import midi\n"
        f"midi.to_midi({tune!r}, sys.argv[1] + '.mid')\n"
        f"midi.to_musicxml({tune!r}, sys.argv[1] + '.musicxml')\n"
    )
    for name, seed in (("a", "1"), ("b", "2")):
        run(program, str(tmp_path / name), PYTHONHASHSEED=seed)
    assert (tmp_path / "a.mid").read_bytes() == (tmp_path / "b.mid").read_bytes()
    text = (tmp_path / "a.musicxml").read_text(encoding="utf-8")
    assert text == (tmp_path / "b.musicxml").read_text(encoding="utf-8")
    assert "usic21" not in text
    assert "encoding-date" not in text


def run(program: str, *arguments: str, **environment: str) -> str:
    root = str(Path(midi.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-B", "-W", "error", "-c", program, *arguments],
        env={**os.environ, "PYTHONPATH": root, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_module_does_not_import_music21() -> None:
    run("import sys, abcrnn.midi; sys.exit('music21' in sys.modules)")


def test_only_the_file_asked_for_is_written_and_no_pickle_read(tmp_path: Path) -> None:
    program = f"""
import os, sys
def watch(event, arguments):
    writes = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if writes and not isinstance(arguments[0], int):
        print("wrote", arguments[0])
    if event in ("pickle.find_class", "socket.connect", "socket.getaddrinfo"):
        print("met", event, arguments)
sys.addaudithook(watch)
from abcrnn import midi
midi.to_midi({HEADER + "ABcd|"!r}, sys.argv[1])
midi.to_musicxml({HEADER + "ABcd|"!r}, sys.argv[2])
"""
    out = tmp_path / "out"
    home = tmp_path / "home"
    home.mkdir()
    targets = str(out / "a.mid"), str(out / "a.musicxml")
    printed = run(program, *targets, HOME=str(home), TMPDIR=str(home))
    assert sorted(file.name for file in out.iterdir()) == ["a.mid", "a.musicxml"]
    assert all(line.startswith(f"wrote {out}") for line in printed.splitlines()), printed
    assert list(home.iterdir()) == []


def test_music21s_converter_is_never_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """converter.parse loads pickles that anybody may have planted in the temp folder."""
    from music21 import converter

    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("converter or pickle was asked")

    for name in ("parse", "parseData", "parseFile", "thaw"):
        monkeypatch.setattr(converter, name, refuse)
    monkeypatch.setattr(pickle, "loads", refuse)
    monkeypatch.setattr(pickle, "load", refuse)
    monkeypatch.setattr(tempfile, "gettempdir", refuse)
    midi.to_midi(HEADER + "ABcd|", tmp_path / "a.mid")
    midi.to_musicxml(HEADER + "ABcd|", tmp_path / "a.musicxml")


@pytest.mark.parametrize("write", [midi.to_midi, midi.to_musicxml])
def test_a_failing_write_leaves_what_stood_there(
    write: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "tune"
    target.write_bytes(b"before")

    def full(descriptor: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        write(HEADER + "ABcd|", target)
    assert [file.name for file in tmp_path.iterdir()] == ["tune"]
    assert target.read_bytes() == b"before"


def test_musicxml_keeps_bars_repeats_endings_and_chord_symbols(tmp_path: Path) -> None:
    tune = HEADER + 'F|"D"DE^F2 "A7/C#"G5|^G2 G2 G4|1 A8:|2 A,4 z4|]'
    bars = measures(tune, tmp_path)
    steps = [[note.findtext("pitch/step", "") for note in bar.findall("note")] for bar in bars]
    # Five eighths are no single note: a half tied to an eighth.
    assert steps == [["F"], list("DEFGG"), list("GGG"), ["A"], ["A", ""]]
    assert [bar.get("number") for bar in bars] == ["0", "1", "2", "3", "4"]

    def found(tag: str, attribute: str = "") -> list[str | None]:
        elements = [element for bar in bars for element in bar.iter(tag)]
        return [element.get(attribute) if attribute else element.text for element in elements]

    assert found("ending", "number") == ["1", "1", "2", "2"]
    assert found("repeat", "direction") == ["backward"]
    assert found("kind") == ["major", "dominant"]
    assert found("accidental") == ["sharp"]
    assert [bool(list(bar.iter("accidental"))) for bar in bars].index(True) == 2
    assert bars[0].findtext("attributes/key/fifths") == "2"
    assert bars[0].findtext("attributes/time/beats") == "4"


def test_musicxml_has_the_title_and_composer(tmp_path: Path) -> None:
    midi.to_musicxml("X:1\nT:A & <B>\nC:Trad.\nK:C\nAB|", tmp_path / "a.musicxml")
    root = ElementTree.parse(tmp_path / "a.musicxml").getroot()  # noqa: S314  (our own output)
    assert root.findtext("work/work-title") == "A & <B>"
    assert root.findtext("identification/creator") == "Trad."


@pytest.mark.parametrize(
    "symbol",
    ["G", "Gm", "Gmin", "G7", "Gm7", "Gmaj7", "G6", "Gm6", "G9", "Gm9", "Gdim", "Gdim7", "Gaug",
     "G+", "Gsus4", "Gsus2", "Bb", "F#m7", "D/F#", "Cd", "N.C.", "^above", ">", "", "Z#b9"],
)  # fmt: skip
def test_no_chord_symbol_stops_musicxml(symbol: str, tmp_path: Path) -> None:
    assert len(measures(f'{HEADER}"{symbol}"AB|"{symbol}"c|', tmp_path)) == 2
