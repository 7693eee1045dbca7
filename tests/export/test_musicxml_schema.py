"""MusicXML validated by the schema of MusicXML 4.0, and compared with music21's reading."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from helpers.musicxml_schema import schema_errors
from helpers.written_score import assert_read_as_written

from abcrnn.data.corpus import Corpus
from abcrnn.export.musicxml import to_musicxml
from abcrnn.notation.errors import ABCError

HEADER = "X:1\nT:One\nT:Two\nC:A\nC:B\nM:4/4\nL:1/8\nK:C\n"

TRICKY = {
    "lengths of several values": "A5 B3|A7B|A9-|A15/2B/2|A11z5|",
    "tuplets and broken rhythm": "(3A>Bc d<e (5ABcde|(3:2:4A2BcB (7ABcdefg|[A2c4]>B c2 z>d|",
    "grace notes at the end": "ABcd efga{g}|{ab}",
    "bars of rest": "Z4|X2|Z|ABcd efga|",
    "bars of rest in other meters": "M:5/4\nZ|M:7/8\nZ2|A2B2c3|M:15/8\nZ|",
    "double dotted": "A>>B c<<<d A7/2B/2|",
    "very short": "A/16B/16 c/32 d//// |L:1/64\nABcdefg|A/8B/16|",
    "chords of unequal lengths": "[A2c3e][CEG]3|[Ac]-[A2c2] z|[Ac-]2[Bc]2 [^FA]-[^FA]|",
    "ties across endings": "|:A4-A2 B2-|1B4 c4-:|2B4 c4|]",
    "meters": "AB[M:3/4]cd|[M:none]ABcdef|[M:C|]ABcd efga|[M:2+3/8]ABcde|",
    "keys": "K:D exp _b _e ^f\nABC|K:G#\nABC|[K:Dphr ^f]DEF|[K:HP]fgc|[K:Cb]AB|[K:D =c]c^c|",
    "tempos": '[Q:"Slow" 1/4=60 "really"]AB[Q:1/8=90]cd|[Q:5/8=40]A4|[Q:"rit."]A4|',
    "dynamics": "!p!A!<(!B!mf!c!<)!d !>(!e2 f2!>)!|!crescendo(!A!trill(!c4!trill)!|!>(!A8|",
    "decorations": "~A.B!trill!c!turn!d !fermata!euAvB|HALBMcPdTA!snap!B!slide!c|!///!A4 !wow!B4|",
    "fingerings": "!1!A!5!B!arpeggio![CEG]2 !breath!A!wedge!B !courtesy!^A!editorial!B|",
    "marks": "!segno!A!coda!B !D.C.!c!fine!d|!D.C. al Fine!A!dacoda!c|AB!D.S.!|!D.S.alcoda!A|",
    "slurs": f"(A(Bc)d)|(A|B)c(|A)|)A|{'(' * 20}A{')' * 20}|(z A)|{'(' * 30}AB{')' * 30}|(A|",
    "texts": '"^a""_b""<l"c">r"d|"@1,2 at"A"plain"B|"^&<>x"A|"^end"|',
    "lyrics": "ABcd|\nw:a-b c__\nw: sec-ond ~x \\-y\nABc|\nw: a|b *c <&>\n",
    "chord symbols": '"Am7"A"G7sus4/D"B"N.C."c"C6/9"d|"foo"A"E7#9"B"(Em)"c"B°"d|"Cx%"A"H"z|',
    "parts": "P:A\nAB|P:Verse one\nABcd efga|P:B\nA|",
    "endings": "|:ABcd efga|1,3 A8:|2 B8:|4 c8|]",
    "rests and bar lines": "x2 A2 x4|[|]A8[|]|:A8::B8:|[|:A8:|].|A8.|A8!fermata!|A8H|]",
    "long notes": "A64|z40|[CE]33|",
    "clefs": 'V:1 clef=treble-8 name="Tenor" snm="T."\nA8|\nV:2 clef=alto transpose=-2\nAB|AB|\n'
    "V:3 perc\nz8|\nV:4 bass middle=d\nd8|[K:clef=tenor]d8|",
    "voices of unequal length": "V:1\nA|ABcd efga|B8|\nV:2\nABcd efga|\nV:3\nz\n",
    "an empty voice": "V:1\nABcd efga|\nV:2\n",
    "control characters": '"\x01\x0b"A|\nw: \x02a\n',
    "words": "A8|\nW:Some words\nW:\nW:and &amp; more\n",
    "changes inside a bar": "ABcd [K:A]efga|[K:F]AB[L:1/4]c[Q:100]d|AB[K:bass]cd|A[M:6/8]BcA|",
}


@pytest.mark.parametrize("music", TRICKY.values(), ids=TRICKY)
def test_tricky_notation_is_valid_musicxml(music: str, tmp_path: Path) -> None:
    to_musicxml(HEADER + music, tmp_path / "tune.musicxml")
    assert schema_errors(tmp_path / "tune.musicxml") == []


def test_the_schema_finds_errors(tmp_path: Path) -> None:
    to_musicxml(HEADER + "ABcd|", tmp_path / "tune.musicxml")
    text = (tmp_path / "tune.musicxml").read_text(encoding="utf-8")
    (tmp_path / "tune.musicxml").write_text(text.replace("<type>eighth", "<type>eight", 1))
    (error,) = schema_errors(tmp_path / "tune.musicxml")
    assert "type" in error


def chosen(corpora: list[Corpus], count: int, seed: int) -> list[str]:
    tunes = [tune for corpus in corpora for tune in corpus.tunes]
    return random.Random(seed).sample(tunes, count)  # noqa: S311


@pytest.mark.slow
def test_some_real_tunes_are_valid_and_read_as_written(
    irish: Corpus, jigs: Corpus, oneills: Corpus, tmp_path: Path
) -> None:
    for tune in chosen([irish, jigs, oneills], 8, seed=14):
        assert_read_as_written(tune, tmp_path)
        assert schema_errors(tmp_path / "tune.musicxml") == []


@pytest.mark.slow
def test_three_hundred_real_tunes_are_valid_and_read_as_written(
    irish: Corpus, jigs: Corpus, oneills: Corpus, tmp_path: Path
) -> None:
    read = 0
    for tune in chosen([irish, jigs, oneills], 300, seed=1):
        try:
            assert_read_as_written(tune, tmp_path)
        except ABCError as error:
            assert error.message == "the tune has no notes"
            continue
        assert schema_errors(tmp_path / "tune.musicxml") == []
        read += 1
    assert read >= 295


@pytest.mark.parametrize(
    "music",
    [
        "|:D2|G2A2 B2c2|d6:|:B2|c2B2 A2G2|D6:|",
        "D2|:GABc d2e2|f6 D2:|",
        "|:ABcd efga|1 A8:|2 B8||ABcd e4|]",
        "ABcd ef||ga|A8|ABcd ef:|ga|A8|]",
        "|:ABcd e4|f4 [1 A4:|[2 B4|]",
        "A`B c`d (3efg a>b|(AB cd) {g}ef {ga}ga|A/B/c/d/ A2 Bz cd|",
    ],
)
def test_bars_by_hand_are_read_as_written(music: str, tmp_path: Path) -> None:
    assert_read_as_written(HEADER + music, tmp_path)
    assert schema_errors(tmp_path / "tune.musicxml") == []
