"""MIDI and MusicXML: notes worked out by hand, read back by an outside reader (mido)."""

from __future__ import annotations

import io
import os
import pickle
import re
import subprocess
import sys
import tempfile
import warnings
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from contextlib import AbstractContextManager
from fractions import Fraction
from pathlib import Path

import pytest
from helpers.steps import StepLimit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from abcrnn.data.corpus import Corpus
from abcrnn.export import midi
from abcrnn.export.musicxml import _values, musicxml, read_chord
from abcrnn.notation.errors import ABCError
from abcrnn.notation.playing import played_notes
from abcrnn.notation.reader import read_tune

mido = pytest.importorskip("mido", reason="mido reads the MIDI back from outside")

HEADER = "X:1\nT:By hand\nM:4/4\nL:1/8\nK:D\n"


def read_back(tune: str, chords: bool = True) -> mido.MidiFile:
    data = midi.to_midi_bytes(tune, chords=chords)
    return mido.MidiFile(file=io.BytesIO(data), charset="utf-8")


def notes_of(track: mido.MidiTrack) -> list[tuple[int, int, int]]:
    """(onset, end, pitch) of every note, in ticks; fails on a note left hanging."""
    notes = []
    now, sounding = 0, {}
    for message in track:
        now += message.time
        if message.type == "note_on" and message.velocity:
            assert message.note not in sounding, "struck again before it was let go"
            sounding[message.note] = now
        elif message.type in ("note_off", "note_on"):
            notes.append((sounding.pop(message.note), now, message.note))
    assert not sounding, "a note was never let go"
    return sorted(notes)


def heard(tune: str) -> list[tuple[float, float, int]]:
    """(onset, length, pitch) of every note but the chord symbols', in quarter notes."""
    file = read_back(tune, chords=False)
    ticks = file.ticks_per_beat
    notes = [note for track in file.tracks for note in notes_of(track)]
    return sorted((start / ticks, (end - start) / ticks, pitch) for start, end, pitch in notes)


def meta(tune: str, kind: str) -> list[tuple[int, mido.MetaMessage]]:
    """(onset in ticks, message) of the events of a kind in the first track."""
    now, found = 0, []
    for message in read_back(tune).tracks[0]:
        now += message.time
        if message.type == kind:
            found.append((now, message))
    return found


def pitches(tune: str) -> list[int]:
    return [pitch for _, _, pitch in heard(tune)]


def lengths(tune: str) -> list[float]:
    return [round(length, 4) for _, length, _ in heard(tune)]


def measures(tune: str, folder: Path) -> list[ElementTree.Element]:
    midi.to_musicxml(tune, folder / "tune.musicxml")
    return ElementTree.parse(folder / "tune.musicxml").getroot().findall("part/measure")  # noqa: S314  (our own output)


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
        ("D|[1-2 E:|[3 F||G", [62, 64, 62, 64, 62, 66, 67]),
        ("|::D::|E", [62, 62, 62, 64]),
        ("A::\nB::", [69, 69, 71, 71]),  # no header field
        ("DE!\nFG!|", [62, 64, 66, 67]),  # the line break of the irish corpus
        ("!trill!D ~E .F G (AB)|", [62, 64, 66, 67, 69, 71]),
        ('"D7"DE "Ed"F"^slowly"G|', [62, 64, 66, 67]),
        ("D%EF\n%GA\nB|", [62, 71]),
        ("D\\\nE|", [62, 64]),
        ("D[K:C]F|[K:Gm]B\nK:A\nG|", [62, 65, 70, 68]),
        ("[DFA] [D2F2]|", [62, 66, 69, 62, 66]),
        ("^G-|G G|", [68, 67]),  # a tie takes its accidental over the bar line
        ("DE\n\nThese words belong to no tune.", [62, 64]),
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
        ('A>"G"B', [0.75, 0.25]),
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
    assert lengths("\n".join(filter(None, ["X:1", fields, "K:C", "A"]))) == [length]


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
        ("HP", [66, 71, 73]),
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
    tune = "\n".join(filter(None, ["X:1", "L:1/8", tempo, "K:C", "ABcd|"]))
    ((onset, found),) = meta(tune, "set_tempo")
    assert onset == 0
    assert found.tempo == pytest.approx(microseconds, abs=1)


def test_tempo_meter_and_key_change_inside_the_tune_and_back_in_its_repeats() -> None:
    tune = HEADER + "|:D8|\nM:6/8\nK:Gm\nQ:1/4=60\nD6|D6:|"
    quarter = 10_080
    assert [(t, m.tempo) for t, m in meta(tune, "set_tempo")] == [
        (0, 500_000), (4 * quarter, 10**6), (10 * quarter, 500_000), (14 * quarter, 10**6),
    ]  # fmt: skip
    assert [(t, m.numerator, m.denominator) for t, m in meta(tune, "time_signature")] == [
        (0, 4, 4), (4 * quarter, 6, 8), (10 * quarter, 4, 4), (14 * quarter, 6, 8),
    ]  # fmt: skip
    assert {m.key for _, m in meta(tune, "key_signature")} == {"D", "Gm"}


def test_title_and_composer_are_told() -> None:
    tune = "X:1\nT:Séamus\nT:Other\nC:Trad.\nK:C\nAB|"
    assert [m.name for _, m in meta(tune, "track_name")] == ["Séamus"]
    assert [m.text for _, m in meta(tune, "text")] == ["composer: Trad."]


def test_grace_notes_take_their_time_from_the_note_after_them() -> None:
    eighth = [(0, 0.125, 79), (0.125, 0.125, 81), (0.25, 0.25, 67)]
    assert heard(HEADER + "{ga}G|") == eighth
    # At most half of it, and what is tied or short is no less whole.
    assert heard(HEADER + "{gab}G/4|")[-1] == (0.0625, 0.0625, 67)
    assert heard(HEADER + "G-{a}G|") == [(0, 1, 67), (0.5, 0.125, 81)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('"Am7"A4|A4|', [(0, 2, {57, 60, 64, 67})]),  # to the end of its bar
        ('"D"D2"A7"A2|', [(0, 1, {50, 54, 57}), (1, 2, {57, 61, 64, 67})]),
        ('D2"D/f+"D2|', [(1, 2, {42, 50, 54, 57})]),
        ('"F#m"A2:|', [(0, 1, {54, 57, 61}), (1, 2, {54, 57, 61})]),
        ('"Cd"C2"Bbmaj7"D2|', [(0, 1, {48, 51, 54}), (1, 2, {58, 62, 65, 69})]),
        ('"G"G2"Gxyz"G2|', [(0, 1, {55, 59, 62})]),  # unreadable: left out
        ('"^G"G2|', []),
    ],
)
def test_chord_symbols_sound_in_a_track_of_their_own(
    body: str, expected: list[tuple[float, float, set[int]]]
) -> None:
    file = read_back(HEADER + body)
    assert len(file.tracks) == (3 if expected else 2)
    found: dict[tuple[float, float], set[int]] = {}
    for track in file.tracks[2:]:
        for start, end, pitch in notes_of(track):
            found.setdefault((start / 10_080, end / 10_080), set()).add(pitch)
    assert [(*times, pitches) for times, pitches in found.items()] == expected
    assert len(read_back(HEADER + body, chords=False).tracks) == 2


def test_voices_are_tracks_and_parts(tmp_path: Path) -> None:
    tune = HEADER + "V:high\nA2B2|\nV:low\nA,2[D,F,]2|"
    file = read_back(tune)
    assert [track.name for track in file.tracks] == ["By hand", "high", "low"]
    assert [pitch for _, _, pitch in notes_of(file.tracks[1])] == [69, 71]
    assert [pitch for _, _, pitch in notes_of(file.tracks[2])] == [57, 50, 54]
    channels = {message.channel for track in file.tracks for message in track
                if message.type == "note_on"}  # fmt: skip
    assert len(channels) == 2
    midi.to_musicxml(tune, tmp_path / "a.musicxml")
    root = ElementTree.parse(tmp_path / "a.musicxml").getroot()  # noqa: S314  (our own output)
    assert [name.text for name in root.iter("part-name")] == ["high", "low"]
    assert len(root.findall("part")) == 2


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
MAX_STEPS = 12_000_000  # of the longest texts; most take a tenth
BORNE = {
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
    "many endings": HEADER + "|:A|1-99 B:|" * 100,
    "chord symbols": HEADER + '"Am7/c"A' * 400,
}


@pytest.fixture(scope="module", autouse=True)
def _import_music21() -> None:
    """Its import is not among the steps that are counted."""
    import music21.midi
    import music21.musicxml.m21ToXml  # noqa: F401


def each(texts: dict[str, str], slow: set[str]) -> pytest.MarkDecorator:
    """A parameter for each text; those that take seconds run with the slow tests."""
    names = [pytest.param(name, marks=pytest.mark.slow) if name in slow else name for name in texts]
    return pytest.mark.parametrize("name", names)


@each(REFUSED, slow={"many notes in one bar"})
def test_hostile_text_is_refused_in_bounded_steps(name: str, tmp_path: Path) -> None:
    with StepLimit(MAX_STEPS):
        with pytest.raises(ABCError):
            midi.to_midi_bytes(REFUSED[name])
        with pytest.raises(ABCError):
            midi.to_musicxml(REFUSED[name], tmp_path / "tune.musicxml")
    assert list(tmp_path.iterdir()) == []


@each(BORNE, slow={"many keys", "many bars on one line"})
def test_what_is_merely_invalid_converts_in_bounded_steps(name: str, tmp_path: Path) -> None:
    with StepLimit(MAX_STEPS):
        assert heard(BORNE[name])
        assert measures(BORNE[name], tmp_path)


def test_repeats_do_not_multiply_without_end(tmp_path: Path) -> None:
    tune = "X:1\nP:" + "A" * 100 + "\nL:1/8\nK:C\nP:A\n" + "A/B/c/d/" * 60
    with pytest.raises(ABCError, match="to play"):
        midi.to_midi_bytes(tune)
    assert len(measures(tune, tmp_path)) == 1  # there they are but signs
    with StepLimit(MAX_STEPS), pytest.raises(ABCError, match="to play"):
        midi.to_midi_bytes(tune.replace("1/8", "1/512") + "[ABcd]/9" * 4_000)


@pytest.mark.parametrize(
    ("length", "values"),
    [
        ("1/4", [(1, 1)]),
        ("5/8", [(2, 1), (Fraction(1, 2), 1)]),
        ("7/16", [(Fraction(3, 2), 1), (Fraction(1, 4), 1)]),
        ("1/12", [(Fraction(1, 2), 3)]),
        ("1/20", [(Fraction(1, 4), 5)]),
        ("1/1000000", [(Fraction(1, 256), 1)]),
        ("5", [(8, 1), (8, 1), (4, 1)]),
    ],
)
def test_lengths_become_note_values(length: str, values: list[tuple[Fraction, int]]) -> None:
    assert _values(Fraction(length)) == values


@pytest.mark.parametrize(
    ("symbol", "pitches"),
    [("G", [55, 59, 62]), ("(Em)", [52, 55, 59]), ("D7/a", [45, 50, 54, 57, 60]),
     ("A/c+", [49, 57, 61, 64]), ("Gm/bb", [46, 55, 58, 62]), ("Bsus", [59, 64, 66]),
     ("Cmaj7", [48, 52, 55, 59]), ("C/c", [36, 48, 52, 55]), ("Ea", None), ("N.C.", None),
     ("", None), ("A3/2B/2", None)],
)  # fmt: skip
def test_chord_symbols_are_read(symbol: str, pitches: list[int] | None) -> None:
    chord = read_chord(symbol)
    assert (chord and chord.pitches) == pitches


def test_an_error_says_where() -> None:
    with pytest.raises(ABCError) as caught:
        midi.to_midi_bytes(HEADER + "ABcd|\nAB A99999|")
    assert (caught.value.line, caught.value.column) == (7, 4)
    with pytest.raises(ABCError) as caught:
        midi.to_midi_bytes("\r\nA word before.\r\n\r\n" + HEADER + "AB A99999|")
    assert (caught.value.line, caught.value.column) == (9, 4)
    with pytest.raises(ABCError) as caught:
        midi.to_midi_bytes(HEADER + "AB|\n\n" + HEADER + "AB|")
    assert (caught.value.line, caught.value.column) == (8, 1)


def test_what_music21_raises_becomes_an_abc_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from music21.musicxml.m21ToXml import GeneralObjectExporter

    def fail(self: object) -> None:
        raise ZeroDivisionError("from within")

    monkeypatch.setattr(GeneralObjectExporter, "parse", fail)
    with pytest.raises(ABCError, match="from within") as caught:
        midi.to_musicxml(HEADER + "AB|", tmp_path / "a.musicxml")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


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
            for track in read_back(tune).tracks:
                notes_of(track)
            data = musicxml(read_tune(tune))
        except ABCError:
            return
    ElementTree.fromstring(data)  # noqa: S314  (our own output)


def agrees(text: str) -> bool:
    """Whether mido reads the notes of ``played_notes`` to a tick; False if there are none."""
    text = re.sub(r"\{[^}]*\}", "", text)  # grace notes take time from others
    try:
        file = read_back(text, chords=False)
    except ABCError as error:
        assert error.message == "the tune has no notes"
        return False
    tune = read_tune(text)
    whole = 4 * file.ticks_per_beat
    for voice, track in zip(tune.voices, file.tracks[1:], strict=True):
        expected: dict[tuple[int, int], int] = {}
        for onset, duration, pitch in played_notes(tune, voice):
            start, end = round(onset * whole), round((onset + duration) * whole)
            # Of one pitch struck twice at once the longer is heard.
            expected[start, pitch] = max(end, expected.get((start, pitch), 0))
        found = {(start, pitch): end for start, end, pitch in notes_of(track)}
        assert found.keys() == expected.keys()
        assert all(abs(found[note] - expected[note]) <= 1 for note in found)
    return True


def reads_in_music21(text: str, folder: Path) -> None:
    """Hold music21's own reader to the bars and pitches of the MusicXML."""
    from music21 import converter, harmony, stream

    midi.to_musicxml(text, folder / "tune.musicxml")
    score = converter.parse(folder / "tune.musicxml", forceSource=True)
    tune = read_tune(text)
    for voice, part in zip(tune.voices, score.parts, strict=True):
        bars = part.getElementsByClass(stream.Measure)
        assert len(bars) == len(voice.bars)
        for measure, bar in zip(bars, voice.bars, strict=True):
            written = [n for n in measure.notes if not isinstance(n, harmony.ChordSymbol)]
            plain = [n for n in written if not n.duration.isGrace]
            starts = [n for n in plain if n.tie is None or n.tie.type == "start"]
            begun = sorted({p.midi for n in starts for p in n.pitches})
            assert set(begun) <= {p.midi for e in bar.events for p in e.pitches}
            length = sum(n.quarterLength for n in measure.notesAndRests)
            assert length == pytest.approx(float(4 * bar.length), abs=1e-3)


def test_a_sample_of_real_tunes_converts(oneills: Corpus, tmp_path: Path) -> None:
    for tune in oneills.tunes[::40]:
        assert agrees(tune)
    for tune in oneills.tunes[::150]:
        reads_in_music21(tune, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "empty"), [("irish", 2), ("jigs", 0), ("oneills", 0)])
def test_every_tune_is_played_to_the_tick(
    name: str, empty: int, request: pytest.FixtureRequest
) -> None:
    tunes = request.getfixturevalue(name).tunes
    assert [agrees(tune) for tune in tunes].count(False) == empty
    for tune in tunes:
        if agrees(tune):  # grace notes and chords included
            for track in read_back(tune).tracks:
                notes_of(track)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "empty"), [("irish", 2), ("jigs", 0)])
def test_every_tune_becomes_musicxml(
    name: str, empty: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    refused = []
    for number, tune in enumerate(request.getfixturevalue(name).tunes):
        try:
            assert measures(tune, tmp_path)
        except ABCError as error:
            refused.append(error.message)
        else:
            if number % 20 == 0:
                reads_in_music21(tune, tmp_path)
    assert refused == ["the tune has no notes"] * empty


def test_equal_tunes_give_equal_bytes(tmp_path: Path) -> None:
    tune = HEADER + '"D7"DE [FA]2-|[FA]2 (3GAB|1 c2:|2 d2|]'
    program = (
        "import sys; from abcrnn.export import midi\n"
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
    root = str(Path(midi.__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-B", "-W", "error", "-c", program, *arguments],
        env={**os.environ, "PYTHONPATH": root, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_module_does_not_import_music21() -> None:
    run("import sys, abcrnn.export.midi; sys.exit('music21' in sys.modules)")


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
from abcrnn.export import midi
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
def test_a_full_disk_leaves_what_stood_there(
    write: Callable[[str, Path], None], tmp_path: Path, full_disk: AbstractContextManager[None]
) -> None:
    target = tmp_path / "tune"
    target.write_bytes(b"before")
    with full_disk, pytest.raises(OSError, match="No space"):
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
