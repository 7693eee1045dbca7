"""MusicXML: read back as XML and with music21's own reader."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from fractions import Fraction
from pathlib import Path

import pytest
from helpers.read_back import measures

from abcrnn.data.corpus import Corpus
from abcrnn.export.musicxml import to_musicxml
from abcrnn.export.score import to_music21
from abcrnn.export.score_notes import note_values
from abcrnn.notation.errors import ABCError
from abcrnn.notation.reader import read_tune

HEADER = "X:1\nT:By hand\nM:4/4\nL:1/8\nK:D\n"


def written_measures(tune: str, folder: Path) -> list[ElementTree.Element]:
    to_musicxml(tune, folder / "tune.musicxml")
    return measures(folder / "tune.musicxml")


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
    assert note_values(Fraction(length)) == values


def test_errors_of_music21_become_abc_errors(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from music21.musicxml.m21ToXml import ScoreExporter

    def fail(self: object) -> None:
        raise ZeroDivisionError("from within")

    monkeypatch.setattr(ScoreExporter, "parse", fail)
    with pytest.raises(ABCError, match="from within") as caught:
        to_musicxml(HEADER + "AB|", tmp_path / "a.musicxml")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def reads_in_music21(text: str, folder: Path) -> None:
    """Hold music21's own reader to the bars and pitches of the MusicXML."""
    from music21 import converter, harmony, stream

    to_musicxml(text, folder / "tune.musicxml")
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


@pytest.mark.parametrize(
    ("name", "empty", "step"),
    [
        *(pytest.param(name, 0, 5, marks=pytest.mark.slow) for name in ("irish", "jigs")),
        pytest.param("irish", 2, 1, marks=pytest.mark.long),
        pytest.param("jigs", 0, 1, marks=pytest.mark.long),
    ],
)
def test_every_tune_becomes_musicxml(
    name: str, empty: int, step: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    refused = []
    for number, tune in enumerate(request.getfixturevalue(name).tunes[::step]):
        try:
            assert written_measures(tune, tmp_path)
        except ABCError as error:
            refused.append(error.message)
        else:
            if number % (20 // step) == 0:
                reads_in_music21(tune, tmp_path)
    assert refused == ["the tune has no notes"] * empty


def test_musicxml_keeps_bars_repeats_endings_and_chord_symbols(tmp_path: Path) -> None:
    tune = HEADER + 'F|"D"DE^F2 "A7/C#"G5|^G2 G2 G4|1 A8:|2 A,4 z4|]'
    bars = written_measures(tune, tmp_path)
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
    to_musicxml("X:1\nT:A & <B>\nC:Trad.\nK:C\nAB|", tmp_path / "a.musicxml")
    root = ElementTree.parse(tmp_path / "a.musicxml").getroot()  # noqa: S314  (our own output)
    assert root.findtext("work/work-title") == "A & <B>"
    assert root.findtext("identification/creator") == "Trad."


@pytest.mark.parametrize(
    "symbol",
    ["G", "Gm", "Gmin", "G7", "Gm7", "Gmaj7", "G6", "Gm6", "G9", "Gm9", "Gdim", "Gdim7", "Gaug",
     "G+", "Gsus4", "Gsus2", "Bb", "F#m7", "D/F#", "Cd", "N.C.", "^above", ">", "", "Z#b9"],
)  # fmt: skip
def test_no_chord_symbol_stops_musicxml(symbol: str, tmp_path: Path) -> None:
    assert len(written_measures(f'{HEADER}"{symbol}"AB|"{symbol}"c|', tmp_path)) == 2


def test_voices_are_parts(tmp_path: Path) -> None:
    tune = HEADER + "V:high\nA2B2|\nV:low\nA,2[D,F,]2|"
    to_musicxml(tune, tmp_path / "a.musicxml")
    root = ElementTree.parse(tmp_path / "a.musicxml").getroot()  # noqa: S314  (our own output)
    assert [name.text for name in root.iter("part-name")] == ["high", "low"]
    assert len(root.findall("part")) == 2


def test_music21_reads_a_sample_of_real_tunes(oneills: Corpus, tmp_path: Path) -> None:
    for tune in oneills.tunes[::150]:
        reads_in_music21(tune, tmp_path)


def test_the_score_has_the_notes_as_written() -> None:
    score = to_music21(HEADER + "|:DEFG [Ac]4:|")
    (part,) = score.parts
    assert [[p.midi for p in n.pitches] for n in part.recurse().notes] == [
        [62], [64], [66], [67], [69, 73],
    ]  # fmt: skip
    with pytest.raises(ABCError, match="no notes"):
        to_music21(HEADER + "z8|")
