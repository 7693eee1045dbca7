"""Marks, texts and lyrics in MusicXML, element by element."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from helpers.musicxml_schema import schema_errors
from helpers.written_score import xml_of

HEADER = "X:1\nT:Marks\nM:4/4\nL:1/4\nK:C\n"


def notes_with(root: Element, path: str) -> list[int]:
    """Return the indices of the notes that have an element."""
    notes = [note for note in root.iter("note") if note.find("grace") is None]
    return [n for n, note in enumerate(notes) if note.find(path) is not None]


@pytest.mark.parametrize(
    ("sign", "path"),
    [
        (".", "articulations/staccato"), ("L", "articulations/accent"),
        ("!>!", "articulations/accent"), ("!emphasis!", "articulations/accent"),
        ("!tenuto!", "articulations/tenuto"), ("!wedge!", "articulations/staccatissimo"),
        ("!^!", "articulations/strong-accent"), ("!breath!", "articulations/breath-mark"),
        ("!slide!", "articulations/scoop"), ("!longphrase!", "articulations/caesura"),
        ("u", "technical/up-bow"), ("v", "technical/down-bow"), ("!1!", "technical/fingering"),
        ("!5!", "technical/fingering"), ("!snap!", "technical/snap-pizzicato"),
        ("!open!", "technical/open-string"), ("!thumb!", "technical/thumb-position"),
        ("!+!", "technical/stopped"), ("~", "ornaments/turn"), ("!roll!", "ornaments/turn"),
        ("T", "ornaments/trill-mark"), ("!trill!", "ornaments/trill-mark"),
        ("M", "ornaments/mordent"), ("P", "ornaments/inverted-mordent"),
        ("!turn!", "ornaments/turn"), ("!invertedturn!", "ornaments/inverted-turn"),
        ("!//!", "ornaments/tremolo"), ("H", "fermata"), ("!arpeggio!", "arpeggiate"),
    ],
)  # fmt: skip
def test_decorations(sign: str, path: str, tmp_path: Path) -> None:
    root = xml_of(f"{HEADER}C{sign}DEF|", tmp_path)
    assert notes_with(root, f"notations/{path}") == [1]


def test_fingerings_and_fermatas_have_their_kind(tmp_path: Path) -> None:
    root = xml_of(f"{HEADER}!3!CH!4!D !invertedfermata!E F|", tmp_path)
    assert [e.text for e in root.iter("fingering")] == ["3", "4"]
    assert [e.get("type") for e in root.iter("fermata")] == ["upright", "inverted"]


def test_a_decoration_is_on_the_first_of_tied_notes_and_a_fermata_on_the_last(
    tmp_path: Path,
) -> None:
    root = xml_of(f"{HEADER}!accent!HC5/2 D3/2|", tmp_path)
    assert notes_with(root, "notations/articulations/accent") == [0]
    assert notes_with(root, "notations/fermata") == [1]


def directions(root: Element, path: str) -> list[tuple[int, int, Element]]:
    """Return the elements of directions, with their measure and the notes before them."""
    found = []
    for number, measure in enumerate(root.iter("measure")):
        before = 0
        for element in measure:
            before += element.tag == "note" and element.find("grace") is None
            found += [(number, before, e) for e in element.findall(f"direction-type/{path}")]
    return found


def placed_words(root: Element) -> list[tuple[int, int, str | None]]:
    return [(bar, before, words.text) for bar, before, words in directions(root, "words")]


def test_dynamics_and_hairpins(tmp_path: Path) -> None:
    music = "!p!C!<(!DE!<)!F|!ff!G!crescendo(!A!crescendo)!Bc|!>(!cB!>)!|!diminuendo(!AG|"
    root = xml_of(HEADER + music, tmp_path)
    found = [(bar, before, e[0].tag) for bar, before, e in directions(root, "dynamics")]
    assert found == [(0, 0, "p"), (1, 0, "ff")]
    found = [(bar, before, e.get("type")) for bar, before, e in directions(root, "wedge")]
    assert found == [
        (0, 1, "crescendo"), (0, 4, "stop"), (1, 1, "crescendo"), (1, 3, "stop"),
        (2, 0, "diminuendo"), (2, 2, "stop"), (3, 0, "diminuendo"), (3, 2, "stop"),
    ]  # fmt: skip


def test_a_tremolo_has_as_many_strokes_as_the_text(tmp_path: Path) -> None:
    root = xml_of(f"{HEADER}!/!C!//!D!///!E!////!F|", tmp_path)
    assert [e.text for e in root.iter("tremolo")] == ["1", "2", "3", "4"]


def test_a_long_trill(tmp_path: Path) -> None:
    root = xml_of(f"{HEADER}C!trill(!DE!trill)!F|", tmp_path)
    assert notes_with(root, "notations/ornaments/wavy-line") == [1, 3]


def test_slurs(tmp_path: Path) -> None:
    root = xml_of(f"{HEADER}(C(DE)F)|(GA|Bc)|", tmp_path)
    kinds = [[e.get("type") for e in note.iter("slur")] for note in root.iter("note")]
    assert kinds == [["start"], ["start"], ["stop"], ["stop"], ["start"], [], [], ["stop"]]
    numbers = {e.get("number") for n in list(root.iter("note"))[:4] for e in n.iter("slur")}
    assert len(numbers) == 2  # one inside the other


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("({g}A) B (ef)", "start,stop,,start,stop"),
        ("({ga}A B)", "start,,,stop"),
        ("{(ga}A B)", "start,,,stop"),
        ("{g}(A B)", ",start,stop"),
        ("({g}(A B) c)", "start,start,stop,stop"),
        ("(c d ({g}e) f)", "start,,start,stop,stop"),
        ("(c d (e) f g)", "start,,stop start,,stop"),  # the standard's example
        ("A-B c", "start,stop,"),  # a tie to another pitch
        ("A-|B c", "start,stop,"),
        ("A-{g}B", "start,,stop"),
        ("[CE]-D", "start,,stop"),
        ("[CE]-C", ",,"),  # a tie
        ("A-z B", ",,"),
        ("A-A B", ",,"),
    ],
)
def test_slurs_of_grace_notes_and_ties(music: str, expected: str, tmp_path: Path) -> None:
    root = xml_of(f"{HEADER}{music}|", tmp_path)
    kinds = [sorted([e.get("type") or "" for e in n.iter("slur")])[::-1] for n in root.iter("note")]
    assert [" ".join(kind) for kind in kinds] == expected.split(",")
    assert schema_errors(tmp_path / "tune.musicxml") == []


def test_the_accidental_of_a_grace_note_is_before_it(tmp_path: Path) -> None:
    root = xml_of(f"{HEADER}{{^f}}f f {{=f}}f {{f}}f|", tmp_path)
    signs = [note.findtext("accidental") for note in root.iter("note")]
    assert signs == ["sharp", None, None, "natural", None, None, None]


def test_annotations_have_their_placement(tmp_path: Path) -> None:
    root = xml_of(f'{HEADER}"^above"C"_below"D"<left"E"dolce"F"^end"|', tmp_path)
    assert placed_words(root) == [
        (0, 0, "above"), (0, 1, "below"), (0, 2, "left"), (0, 3, "dolce"), (0, 4, "end")
    ]  # fmt: skip
    placements = [e.get("placement") for e in root.iter("direction")]
    assert placements == ["above", "below", "above", "above", "above"]
    [left] = [words for words in root.iter("words") if words.text == "left"]
    assert left.get("justify") == "right"


def test_parts_tempos_and_their_words(tmp_path: Path) -> None:
    header = HEADER.replace("K:", 'Q:"Slowly" 1/4=80\nK:')
    root = xml_of(f'{header}P:A\nCD[Q:"rit."]EF|\nP:Coda\n[Q:3/8=92]G4|', tmp_path)
    assert [e.text for e in root.iter("rehearsal")] == ["A", "Coda"]
    assert placed_words(root) == [(0, 0, "Slowly"), (0, 2, "rit.")]
    metronomes = [e for _, _, e in directions(root, "metronome")]
    assert [e.findtext("per-minute") for e in metronomes] == ["80", "92"]
    assert [e.findtext("beat-unit") for e in metronomes] == ["quarter", "quarter"]
    assert [e.find("beat-unit-dot") is not None for e in metronomes] == [False, True]


@pytest.mark.parametrize(
    ("fields", "speed"), [("", "120"), ("R:jig\nM:6/8\n", "174"), ("Q:Allegro\n", "120"),
                          ("Q:1/4=77\n", "77"), ("Q:3/8=60\n", "90")],
)  # fmt: skip
def test_the_speed_is_that_of_midi(fields: str, speed: str, tmp_path: Path) -> None:
    root = xml_of(HEADER.replace("K:", fields + "K:") + "CDEF|", tmp_path)
    assert [e.get("tempo") for e in root.iter("sound")] == [speed]


def test_marks_of_repetition(tmp_path: Path) -> None:
    music = "!segno!CD!coda!EF|GA!fine!|cB!D.C. al Fine!|AG!D.S.alcoda!|cc!dacoda!|]"
    root = xml_of(HEADER + music, tmp_path)
    assert [(bar, before) for bar, before, _ in directions(root, "segno")] == [(0, 0)]
    assert [(bar, before) for bar, before, _ in directions(root, "coda")] == [(0, 2)]
    assert placed_words(root) == [
        (1, 2, "Fine"), (2, 2, "D.C. al Fine"), (3, 2, "D.S. al Coda"), (4, 2, "To Coda")
    ]  # fmt: skip
    assert [dict(e.attrib) for e in root.iter("sound") if not e.get("tempo")] == [
        {"segno": "segno"}, {"coda": "coda"}, {"fine": "yes"}, {"dacapo": "yes"},
        {"dalsegno": "segno"}, {"tocoda": "coda"},
    ]  # fmt: skip


def test_unknown_decorations_are_words(tmp_path: Path) -> None:
    assert placed_words(xml_of(f"{HEADER}CD!wow!EF|", tmp_path)) == [(0, 2, "wow")]


def test_grace_notes_with_and_without_a_slash(tmp_path: Path) -> None:
    root = xml_of(f"{HEADER}{{g}}C{{/g}}D{{ga}}E F|", tmp_path)
    assert [e.get("slash") for e in root.iter("grace")] == ["no", "yes", "no", "no"]
    graces = [note for note in root.iter("note") if note.find("grace") is not None]
    assert [note.findtext("type") for note in graces] == ["eighth", "eighth", "16th", "16th"]
    assert [[b.text for b in note.iter("beam")] for note in graces] == [
        [], [], ["begin", "begin"], ["end", "end"]
    ]  # fmt: skip


def test_lyrics(tmp_path: Path) -> None:
    root = xml_of(f"{HEADER}CDE F|\nw: syl-la-ble is\nw: time__ *\nGABc|\nw: a~b\n", tmp_path)
    notes = list(root.iter("note"))

    def verse(number: str) -> list[tuple[str | None, str | None]]:
        lyrics = [e for n in notes for e in n.iter("lyric") if e.get("number") == number]
        return [(e.findtext("syllabic"), e.findtext("text")) for e in lyrics]

    assert verse("1") == [
        ("begin", "syl"), ("middle", "la"), ("end", "ble"), ("single", "is"), ("single", "a b")
    ]  # fmt: skip
    assert verse("2") == [("single", "time"), (None, None), (None, None)]
    assert [e.get("type") for e in root.iter("extend")] == ["start", "continue", "stop"]


def test_the_line_that_extends_a_syllable_ends_once(tmp_path: Path) -> None:
    root = xml_of(f"{HEADER}CDEF|GABc|\nw:Ah_ _ _|_ _ b_\n", tmp_path)
    kinds = [note.find("lyric/extend") for note in root.iter("note")]
    assert [None if e is None else e.get("type") for e in kinds] == [
        "start", "continue", "continue", "continue", "continue", "stop", "start", "stop"
    ]  # fmt: skip


def test_chord_symbols_as_written(tmp_path: Path) -> None:
    root = xml_of(f'{HEADER}"Gadd9"C"N.C."D"F#m7/C#"E"^x""Cx?"F|', tmp_path)
    harmonies = list(root.iter("harmony"))
    kinds = [(e.findtext("kind"), e.find("kind").get("text")) for e in harmonies]  # type: ignore[union-attr]
    assert kinds == [("major", "add9"), ("none", "N.C."), ("minor-seventh", "m7")]
    assert [e.findtext("degree/degree-value") for e in harmonies] == ["9", None, None]
    assert harmonies[2].findtext("bass/bass-step") == "C"
    assert [text for _, _, text in placed_words(root)] == ["x", "Cx?"]  # not a chord: as words


@pytest.mark.parametrize(
    ("symbol", "root", "quality", "bass"),
    [
        ("Am7/G", None, "m7", None),
        ("B♭", None, None, None),
        ("(Am)", "(A", "m)", None),
        ("(F#m/C#)", "(F", "m", "C#)"),
        ("(B♭", "(B", None, None),
        ("G(Em)", None, "(Em)", None),
        ("am", "a", "m", None),
        ("H7", "H", "7", None),
        ("Cis", "Cis", None, None),
        ("D/f+", None, None, "f+"),
        ("C7/G/E", None, "7/G/E", None),
        ("Am D7", None, "m D7", None),
        ("C,G", None, ",G", None),
        ("C D E", None, " D E", None),
    ],
)
def test_the_spelling_of_chord_symbols_is_kept(
    symbol: str, root: str | None, quality: str | None, bass: str | None, tmp_path: Path
) -> None:
    [harmony] = xml_of(f'{HEADER}"{symbol}"C|', tmp_path).iter("harmony")

    def text(path: str) -> str | None:
        element = harmony.find(path)
        return None if element is None else element.get("text")

    assert (text("root/root-step"), text("kind"), text("bass/bass-step")) == (root, quality, bass)
    hidden = [e.tag for e in harmony.iter() if e.get("print-object") == "no"]
    expected = {"Cis": ["root-alter"], "(F#m/C#)": ["bass-alter"], "D/f+": ["bass-alter"]}
    assert hidden == expected.get(symbol, [])  # where the text has the accidental
    assert schema_errors(tmp_path / "tune.musicxml") == []


def test_fermatas_and_dots_of_bar_lines(tmp_path: Path) -> None:
    root = xml_of(f"{HEADER}C4H|D4.|E4!fermata!:|", tmp_path)
    lines = [measure.findall("barline") for measure in root.iter("measure")]
    assert [[e.tag for e in line] for found in lines for line in found] == [
        ["fermata"], ["bar-style"], ["bar-style", "fermata", "repeat"]
    ]  # fmt: skip
    assert [e.text for e in root.iter("bar-style")] == ["dotted", "light-heavy"]
