"""Beams, numbers of measures, voices, signatures, systems and titles in MusicXML."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from helpers.musicxml_schema import schema_errors
from helpers.written_score import xml_of

from abcrnn.notation.errors import ABCError

HEADER = "X:1\nT:Layout\nM:4/4\nL:1/8\nK:C\n"
TRIALS = {
    "beams": "CDEF GABc|C D E F GABc|CD EF GA Bc|\nM:6/8\nCDEFGA|CD EFG A|C D E F G A|]",
    "cut": "|:D2|G2A2B2c2|d6:|:B2|c2B2A2G2|D6:|",
}


def beams(root: Element, level: int = 1) -> list[list[str]]:
    """Return the beams of each measure at a level, a dash for a note without one."""
    found = []
    for measure in root.iter("measure"):
        notes = [
            n for n in measure.iter("note") if n.find("grace") is None and n.find("chord") is None
        ]
        found.append([n.findtext(f"beam[@number='{level}']", "-") for n in notes])
    return found


def test_beams_follow_the_spaces_in_every_meter(tmp_path: Path) -> None:
    four, pair, one = ["begin", "continue", "continue", "end"], ["begin", "end"], ["-"]
    assert beams(xml_of(HEADER + TRIALS["beams"], tmp_path)) == [
        four * 2, one * 4 + four, pair * 4,
        ["begin", *["continue"] * 4, "end"], [*pair, "begin", "continue", "end", "-"], one * 6,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("CDzEF|", "begin end - begin end"),
        ("CDE2FG|", "begin end - begin end"),
        ("C`D ``EF|", "begin end begin end"),
        ("(3CDEF (3GAB|", "begin continue continue end begin continue end"),
        ("C{g}D {ga}EF|", "begin end begin end"),
        ('C"G"D ~E(F|G)', "begin end begin end"),
        ("[CE][DF] [EG]2|", "begin end -"),
        ("C>DE<F|", "begin continue continue end"),
        ("CD\\\nEF|", "begin continue continue end"),
        ("CD\nEF|", "begin end begin end"),
        ("C", "-"),
        ("C5D|", "- begin end"),
    ],
)
def test_beams(music: str, expected: str, tmp_path: Path) -> None:
    assert beams(xml_of(HEADER + music, tmp_path))[0] == expected.split()


def test_beams_end_at_a_bar_line(tmp_path: Path) -> None:
    assert beams(xml_of(f"{HEADER}CD|EF|", tmp_path)) == [["begin", "end"]] * 2


def test_beams_of_shorter_notes(tmp_path: Path) -> None:
    root = xml_of(f"{HEADER}C/D/E F>G A/B/c/d/ C3/D/|", tmp_path)
    assert beams(root, 2)[0] == [
        "begin", "end", "-", "-", "backward hook", "begin", "continue", "continue", "end",
        "-", "backward hook",
    ]  # fmt: skip
    root = xml_of(f"{HEADER}C3/2D/ D/C3/2|", tmp_path)
    assert beams(root, 2)[0] == ["-", "backward hook", "forward hook", "-"]


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("(3ABc d2|", "start,,stop,"),
        ("(3A2B2c2 (3ABc|", "start,,stop,start,,stop"),
        ("(3A2B (3zAB|", "start,stop,start,,stop"),
        ("(5ABcde (3:2:4ABcd|", "start,,,,stop,start,,,stop"),
        ("(3A|Bc|", "start,,stop"),
        ("(3AB", "start,stop"),
        ("A2/3B|", "startstop,"),
        ("(3A5Bc|", "start,,,stop"),
    ],
)
def test_brackets_of_tuplets(music: str, expected: str, tmp_path: Path) -> None:
    root = xml_of(HEADER + music, tmp_path)
    kinds = ["".join(e.get("type", "") for e in n.iter("tuplet")) for n in root.iter("note")]
    assert ",".join(kinds) == expected
    assert schema_errors(tmp_path / "tune.musicxml") == []


def numbering(music: str, folder: Path) -> list[str]:
    measures = xml_of(HEADER + music, folder).iter("measure")
    return [f"{m.get('number')}{' implicit' * (m.get('implicit') == 'yes')}" for m in measures]


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        (TRIALS["cut"], "0 implicit,1,2,X1 implicit,3,4"),
        ("D2|:GABc d2e2|f6 D2:|", "0 implicit,1,2"),
        ("C8|D8|", "1,2"),
        ("C8|D4 [1 E4:|[2 F4||G8|]", "1,2,X1 implicit,X2 implicit,3"),
        ("C8|1 D6:|2 D6|:E2|F8|]", "1,2,3,X1 implicit,4"),
        ("C8|D6||E2|F8|]", "1,2,X1 implicit,3"),
        ("C8|D4|E8|", "1,2,3"),  # too short between bar lines: a mistake, and counted
        ("M:none\nC8|D2|E|", "1,2,3"),
        ("C8||E2|F8|D6|]", "1,X1 implicit,2,3"),
        ("C8|[P:B]D4[P:C]E4|F8|", "1,2,X1 implicit,3"),  # a bar in two pieces, counted once
        ("C8:|D4[1 E4:|[2 F4||G8|]", "1,2,X1 implicit,X2 implicit,3"),
        ("C2||D8|E6||F2||G8|]", "0 implicit,1,2,X1 implicit,3"),
        ("C4|:D4|E8|F4:|G4|A8|]", "1,X1 implicit,2,3,X2 implicit,4"),
        ("C2|:D2|E8|F6:|", "0 implicit,0 implicit,1,2"),
        ("C8:|D2[P:B]E8|F8|]", "1,X1 implicit,2,3"),
        ("C8|D6|\nT:Another\nE2|F8|G6|]", "1,2,X1 implicit,3,4"),
    ],
)
def test_numbers_of_measures(music: str, expected: str, tmp_path: Path) -> None:
    assert numbering(music, tmp_path) == expected.split(",")


def test_voices_of_unequal_length_have_rests(tmp_path: Path) -> None:
    root = xml_of(f"{HEADER}V:1\nC8|D8|E4|\nV:2\nC6|\n", tmp_path)
    parts = [list(part.iter("measure")) for part in root.findall("part")]
    lengths = [[sum(int(d.text or 0) for d in m.iter("duration")) for m in part] for part in parts]
    assert lengths == [[40320, 40320, 20160]] * 2
    rests = [[n.find("rest") is not None for n in m.iter("note")] for m in parts[1]]
    assert rests == [[False, True], [True], [True]]


def test_many_voices_are_written_without_warnings_or_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    voices = "".join(f"V:{n}\n%%MIDI program {n}\nCD|\n" for n in range(1, 41))
    root = xml_of(HEADER + voices, tmp_path)
    assert capfd.readouterr().err == ""
    channels = [int(e.text or 0) for e in root.iter("midi-channel")]
    assert len(channels) == 40
    assert set(channels) == set(range(1, 17)) - {10}
    assert [e.text for e in root.iter("midi-program")] == [str(n + 1) for n in range(1, 41)]
    assert schema_errors(tmp_path / "tune.musicxml") == []
    many = "V:1\n" + "C|" * 900 + "".join(f"\nV:{n}\nC|" for n in range(2, 150))
    with pytest.raises(ABCError, match="more than 2500"):  # 150 voices of 900 measures
        xml_of(HEADER + many, tmp_path)


def test_invisible_rests_and_rests_of_a_bar(tmp_path: Path) -> None:
    root = xml_of(f"{HEADER}x4 z4|Z|X2|C8|", tmp_path)
    notes = list(root.iter("note"))
    assert [n.get("print-object", "yes") for n in notes] == ["no", "yes", "yes", "no", "no", "yes"]
    whole = [n.find("rest[@measure='yes']") is not None for n in notes]
    assert whole == [False, False, True, True, True, False]


def test_no_meter(tmp_path: Path) -> None:
    root = xml_of("X:1\nM:none\nL:1/8\nK:C\nCDEF|\nM:2/4\nCDEF|", tmp_path)
    assert [[e.tag for e in time] for time in root.iter("time")] == [
        ["senza-misura"], ["beats", "beat-type"]
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("D exp _b _e ^f", [("B", "-1"), ("E", "-1"), ("F", "1")]),
        ("Dphr ^f", [("B", "-1"), ("E", "-1"), ("F", "1")]),
        ("D =c", "1"),  # the signature of G major
        ("Dmix", "1"),
        ("C exp ^f", "1"),
        ("HP", "2"),
    ],
)
def test_key_signatures(key: str, expected: object, tmp_path: Path) -> None:
    root = xml_of(f"X:1\nM:4/4\nL:1/8\nK:{key}\nA8|", tmp_path)
    signature = root.find(".//key")
    assert signature is not None
    steps = [e.text for e in signature.findall("key-step")]
    alters = [e.text for e in signature.findall("key-alter")]
    assert (sorted(zip(steps, alters, strict=True)) or signature.findtext("fifths")) == expected
    assert not list(root.iter("accidental"))


def test_changes_inside_a_bar_are_at_their_place(tmp_path: Path) -> None:
    music = "c2B2A2G2|F2E2[K:A]F2G2|A2F2E2C2|\n[K:F]c2B2[K:D]A2F2|]"
    root = xml_of(HEADER + music, tmp_path)
    found = []
    for number, measure in enumerate(root.iter("measure"), start=1):
        notes = 0
        for element in measure:
            notes += element.tag == "note"
            found += [(number, notes, e.text) for e in element.findall("key/fifths")]
    assert found == [(1, 0, "0"), (2, 2, "3"), (4, 0, "-1"), (4, 2, "2")]
    altered = [n.findtext("pitch/alter", "0") for n in list(root.iter("measure"))[1].iter("note")]
    assert altered == ["0", "0", "1", "1"]
    assert not list(root.iter("accidental"))


def test_a_meter_inside_a_bar(tmp_path: Path) -> None:
    root = xml_of(f"{HEADER}AB[M:3/4]cd|AA|", tmp_path)
    times = [[e.findtext("beats") for e in m.iter("time")] for m in root.iter("measure")]
    assert times == [["4", "3"], []]


def test_lines_of_the_score_are_systems_of_the_first_part(tmp_path: Path) -> None:
    root = xml_of(f"{HEADER}V:1\nC8|D8|\nE8|\nV:2\nC8|D8|\nE8|\n", tmp_path)
    systems = [
        [m.find("print[@new-system='yes']") is not None for m in part.iter("measure")]
        for part in root.findall("part")
    ]
    assert systems == [[False, False, True], [False, False, False]]


def test_all_titles_authors_and_words(tmp_path: Path) -> None:
    tune = "X:1\nT:First\nT:Second\nC:One\nC:Two\nM:4/4\nK:C\nC8|\nW:La la\nW:la\n"
    root = xml_of(tune, tmp_path)
    assert root.findtext("work/work-title") == "First"
    assert root.findtext("movement-title") == "Second"
    assert [e.text for e in root.findall("identification/creator")] == ["One", "Two"]
    credits = [(e.findtext("credit-type"), e.findtext("credit-words")) for e in root.iter("credit")]
    assert credits == [
        ("title", "First"), ("subtitle", "Second"), ("composer", "One"), ("composer", "Two"),
        ("lyrics", "La la\nla"),
    ]  # fmt: skip


def test_a_title_between_the_tunes_of_a_set_is_above_its_first_bar(tmp_path: Path) -> None:
    music = "C8|]\nT:Se\\'an\nT:(a jig)\nV:1\nD8|\nV:2\nE8|\nT:Below\nF8|\n"
    root = xml_of(HEADER + "V:1\n" + music, tmp_path)
    assert words_of_parts(root) == [[[], ["Seán\n(a jig)"]], [[], ["Below"]]]
    assert schema_errors(tmp_path / "tune.musicxml") == []


def words_of_parts(root: Element) -> list[list[list[str | None]]]:
    """Return the words above each measure of each part."""
    return [
        [[words.text for words in measure.iter("words")] for measure in part.iter("measure")]
        for part in root.findall("part")
    ]


def test_parts_and_tempos_of_a_lower_voice_are_shown_once(tmp_path: Path) -> None:
    music = (
        'V:1\nP:A\nC8|D8|E8|\nV:2\nP:A\nC8|[P:B]D4[Q:"slower"]D4|[Q:"free"]E8|\n'
        'V:3\nC8|D4[Q:"slower"]D4|[Q:"wild"]E8|\n'
    )
    root = xml_of(HEADER.replace("K:", 'Q:"calm"\nK:') + music, tmp_path)
    assert words_of_parts(root) == [
        [["calm"], [], []], [[], ["slower"], ["free"]], [[], [], ["wild"]]
    ]  # fmt: skip
    parts = [[e.text for e in part.iter("rehearsal")] for part in root.findall("part")]
    assert parts == [["A"], ["B"], []]


def test_chord_symbols_do_not_change_the_clef(tmp_path: Path) -> None:
    low, high = "C,,D,,E,,F,,|", '"Em9"A"Cmaj13"B"D7/A"A"G13"B|'
    root = xml_of(f"{HEADER}V:1\n{high}\nV:2\n{low}\n", tmp_path)
    assert [e.findtext("sign") for e in root.iter("clef")] == ["G", "F"]
