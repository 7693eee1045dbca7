"""Chord symbols: pitches worked out by hand from music theory, reports by check."""

import time

import pytest

from abcrnn.notation.checks import check_tune
from abcrnn.notation.chord_qualities import parse_quality
from abcrnn.notation.chord_symbols import looks_like_words, note_names, parse_chord_symbol
from abcrnn.notation.reader import read_tune


@pytest.mark.parametrize(
    ("symbol", "pitches"),
    [("G", [55, 59, 62]), ("(Em)", [52, 55, 59]), ("D7/a", [45, 50, 54, 57, 60]),
     ("A/c+", [49, 57, 61, 64]), ("Gm/bb", [46, 55, 58, 62]), ("Bsus", [59, 64, 66]),
     ("Cmaj7", [48, 52, 55, 59]), ("C/c", [36, 48, 52, 55]), ("Ea", None), ("N.C.", []),
     ("", None), ("A3/2B/2", None), ("H", None), ("f", None), ("Hm", [59, 62, 66])],
)  # fmt: skip
def test_pitches_of_chord_symbols(symbol: str, pitches: list[int] | None) -> None:
    chord = parse_chord_symbol(symbol)
    assert (chord.pitches if chord else None) == pitches


#: By semitones above the root: spellings of the quality.
QUALITIES = {
    (0, 4, 7): ("", "M", "maj", "major", "Maj", "MAJ", "ma"),
    (0, 3, 7): ("m", "-", "min", "mi", "minor", "MIN", "Mi"),
    (0, 3, 6): ("dim", "°", "º", "o", "d", "diminished", "mb5", "m(b5)", "-(♭5)"),
    (0, 4, 8): ("aug", "+", "+5", "(#5)", "augmented"),
    (0, 4, 6): ("(b5)", "-5", "(♭5)"),
    (0, 3, 8): ("m#5", "m+", "m(#5)"),
    (0, 5, 7): ("sus", "sus4", "4", "(sus4)", "Sus4"),
    (0, 2, 7): ("sus2", "2", "(sus2)"),
    (0, 2, 5, 7): ("sus2sus4", "sus24", "sus2/4"),
    (0, 7): ("5", "no3", "(no3)", "omit3", "(omit 3)", "no3rd"),
    (0, 7, 12): ("5(8)",),
    (0, 4, 7, 9): ("6", "add6", "maj6", "M6"),
    (0, 3, 7, 9): ("m6", "-6", "min6", "mi6"),
    (0, 3, 7, 8): ("m(b6)", "-b6", "maddb6"),
    (0, 4, 7, 9, 14): ("6/9", "69", "6add9", "(6/9)", "6-9", "maj6/9", "6(9)"),
    (0, 3, 7, 9, 14): ("m6/9", "-6/9", "m69"),
    (0, 4, 7, 14): ("add9", "(add9)", "/9", "add 9"),
    (0, 3, 7, 14): ("madd9", "m(add9)", "-add9"),
    (0, 2, 4, 7): ("add2",),
    (0, 4, 5, 7): ("add4",),
    (0, 4, 7, 17): ("add11",),
    (0, 4, 7, 10): ("7", "dom7", "(7)"),
    (0, 4, 7, 11): ("maj7", "M7", "Δ", "Δ7", "∆7", "△7", "ma7", "MA7", "Maj7", "7M", "j7"),
    (0, 3, 7, 10): ("m7", "-7", "min7", "mi7", "MI7", "\N{MINUS SIGN}7"),
    (0, 3, 7, 11): ("m(maj7)", "mM7", "mmaj7", "-maj7", "m/maj7", "minmaj7", "mΔ7", "m#7", "-Δ"),
    (0, 3, 6, 9): ("dim7", "°7", "o7", "˚7"),
    (0, 3, 6, 10): ("ø", "ø7", "Ø7", "m7b5", "m7(b5)", "-7b5", "m7-5", "m7♭5", "h7", "min7(b5)"),
    (0, 4, 8, 10): ("7#5", "+7", "aug7", "7+5", "7+", "7(#5)", "7♯5"),
    (0, 4, 8, 11): ("maj7#5", "+M7", "augmaj7", "maj7(#5)", "maj7+5"),
    (0, 4, 6, 10): ("7b5", "7-5", "7(b5)", "7♭5"),
    (0, 4, 6, 11): ("maj7b5", "maj7(b5)"),
    (0, 5, 7, 10): ("7sus4", "7sus", "sus7", "sus4(7)", "7(sus4)", "m7sus4"),
    (0, 2, 7, 10): ("7sus2",),
    (0, 5, 7, 10, 14): ("9sus4", "9sus"),
    (0, 5, 7, 10, 14, 21): ("13sus4", "13sus"),
    (0, 5, 7, 10, 13): ("7sus4b9", "7sus4(b9)", "7b9sus4"),
    (0, 4, 7, 10, 14): ("9", "7(9)", "7add9"),
    (0, 4, 7, 11, 14): ("maj9", "M9", "maj7(9)", "Δ9"),
    (0, 3, 7, 10, 14): ("m9", "-9", "min9", "mi9"),
    (0, 3, 7, 11, 14): ("mM9", "-maj9", "m(maj9)", "-Δ9", "-9+7"),
    (0, 4, 7, 10, 13): ("7b9", "7(b9)", "7-9", "7♭9"),
    (0, 4, 7, 10, 15): ("7#9", "7(#9)", "7+9", "7♯9"),
    (0, 4, 8, 10, 13): ("7b9#5", "7#5b9", "7(b9,#5)", "7(b9)(#5)", "+7b9"),
    (0, 4, 8, 10, 15): ("7#5#9", "7(#9,#5)"),
    (0, 4, 6, 10, 13): ("7b5b9", "7(b9,b5)", "7b9,b5"),
    (0, 4, 8, 10, 13, 15): ("alt", "7alt", "7(alt)"),
    (0, 7, 10, 14, 17): ("11",),
    (0, 3, 7, 10, 14, 17): ("m11", "-11", "min11"),
    (0, 4, 7, 11, 14, 17): ("maj11",),
    (0, 4, 7, 10, 18): ("7#11", "7(#11)", "7+11"),
    (0, 4, 7, 11, 18): ("maj7#11", "maj7(#11)", "M7♯11"),
    (0, 4, 7, 10, 14, 18): ("9#11", "9(#11)"),
    (0, 4, 7, 10, 14, 21): ("13", "(13)", "7(9,13)", "9(13)"),
    (0, 3, 7, 10, 14, 21): ("m13", "-13"),
    (0, 4, 7, 11, 14, 21): ("maj13", "maj7(9,13)", "M13"),
    (0, 4, 7, 10, 20): ("7b13", "7(b13)"),
    (0, 4, 7, 10, 15, 20): ("7(#9,b13)", "7#9b13"),
    (0, 4, 7, 10, 14, 18, 21): ("13#11", "13(#11)"),
    (0, 4, 8, 10, 14): ("9#5", "+9", "aug9", "9+5"),
    (0, 4, 8, 10, 14, 21): ("13#5", "13(#5)"),
    (0, 3, 7, 10, 17): ("m7add11", "m7(11)", "m7(add11)"),
    (0, 4, 10): ("7no5", "7(no5)", "7omit5"),
    (0, 7, 11, 14, 18): ("maj9#11no3",),
    (0, 3, 6, 11): ("dim(maj7)", "°M7"),
}  # fmt: skip
SPELLINGS = [(text, tones) for tones, texts in QUALITIES.items() for text in texts]


def test_qualities_on_every_root() -> None:
    """Each spelling on C, F sharp and B flat, and with a bass."""
    wrong = []
    for quality, tones in SPELLINGS:
        for root, midi in (("C", 48), ("F#", 54), ("B♭", 58)):
            for bass, below in (("", []), ("/E", [40 if midi < 53 else 52])):
                chord = parse_chord_symbol(root + quality + bass)
                expected = below + [midi + tone for tone in tones]
                if chord is None or chord.pitches != expected:
                    wrong.append((root + quality + bass, chord and chord.pitches, expected))
    assert not wrong


@pytest.mark.parametrize(
    ("quality", "kind", "degrees"),
    [
        ("m7", "minor-seventh", ()),
        ("7b9", "dominant-seventh", ((9, -1, "add"),)),
        ("7b5", "dominant-seventh", ((5, -1, "alter"),)),
        ("7sus4", "suspended-fourth", ((7, 0, "add"),)),
        ("6/9", "major-sixth", ((9, 0, "add"),)),
        ("13#11", "dominant-13th", ((11, 1, "alter"),)),
        ("maj7#5", "major-seventh", ((5, 1, "alter"),)),
        ("7no5", "dominant-seventh", ((5, 0, "subtract"),)),
        ("ø", "half-diminished-seventh", ()),
        ("5", "power", ()),
    ],
)
def test_kinds_and_degrees(quality: str, kind: str, degrees: tuple) -> None:
    found = parse_quality(quality)
    assert found
    assert (found.kind, found.degrees) == (kind, degrees)


@pytest.mark.parametrize(
    ("symbol", "same_as", "remark"),
    [
        ("G(Em)", "G", ""),  # an alternative in parentheses is not played
        ("C6/9/E", "C6/9/E", ""),
        ("Bbb5", "B♭(♭5)", ""),
        ("(G7", "G7", ""),
        ("am", "Am", "lower case; it is read as A"),
        ("bb7", "Bb7", "read as Bb"),
        ("Hm", "Bm", 'German name "H" is read as B'),
        ("Cis7", "C#7", "read as C#"),
        ("Es", "Eb", "read as Eb"),
        ("Am D7", "Am", "2 chords in one symbol"),
        ("C/G7", "C", "2 chords in one symbol"),
        ("Am7-D7", "Am7", "2 chords in one symbol"),
    ],
)
def test_unusual_spellings(symbol: str, same_as: str, remark: str) -> None:
    chord, expected = parse_chord_symbol(symbol), parse_chord_symbol(same_as)
    assert chord and expected
    assert chord.pitches == expected.pitches
    assert remark in chord.remark and bool(chord.remark) == bool(remark)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Am7", ["A"]),
        (" (F♯m/C#) ", ["F♯", "C#"]),
        ("G(Em)", ["G", "E"]),
        ("Am7-D7/F#", ["A", "D", "F#"]),
        ("(Am, D7)", ["A", "D"]),
        ("Cis7/b", ["Cis", "b"]),
        ("C6/9", ["C"]),
        ("C/G7", ["C", "G"]),
        ("(C7(b9)", ["C"]),
        ("N.C.", []),
        ("Coda", []),
        ("Am Fine", []),
    ],
)
def test_positions_of_note_names(text: str, names: list[str]) -> None:
    assert [text[start:end] for start, end in note_names(text)] == names


@pytest.mark.parametrize("text", ["Fine", "D.C.", "Coda", "Chorus", "A part", "End", "Da Capo"])
def test_words_are_not_chords(text: str) -> None:
    assert parse_chord_symbol(text) is None
    assert looks_like_words(text)
    assert not looks_like_words("Gxyz") and not looks_like_words("Cmaaj7")


def unsupported(body: str) -> list[tuple[int, str]]:
    tune = f"X:1\nM:4/4\nL:1/4\nK:C\n{body}\n"
    return [(p.column, p.message) for p in check_tune(tune, unsupported=True)]


def test_check_reports_what_is_not_a_chord_with_its_position() -> None:
    assert unsupported('"Cmaj7"C"B♭7"C"F♯m"C"C6/9"C|"N.C."z"G°7"z"Am(maj7)"z"(Em)"z|') == []
    assert unsupported('C"Gxyz"CCC|') == [
        (2, 'the chord symbol "Gxyz" is not understood and not played')
    ]
    [(column, message)] = unsupported('CCC"Fine"C|')
    assert column == 4 and message.startswith('"Fine" is not a chord symbol')
    [(column, message)] = unsupported('C"am"CCC|')
    assert column == 2 and "read as A" in message
    [(column, message)] = unsupported('"Dm""Gm"C4|')
    assert column == 5 and message == 'two chord symbols before one note: "Dm" is not played'


def test_every_chord_symbol_is_kept_as_written() -> None:
    tune = read_tune('X:1\nM:4/4\nL:1/4\nK:C\n"Gxyz"C"Fine"C"F♯m"C"Dm""Gm"C|\n')
    [bar] = tune.voices[0].bars
    assert [event.chord_symbol for event in bar.events] == ["Gxyz", "", "F♯m", "Gm"]
    assert [event.annotations for event in bar.events] == [(), ("Fine",), (), ("Dm",)]


def test_hostile_symbols_take_no_time() -> None:
    start = time.process_time()
    for text in ("C" + "(" * 50_000, "C7" * 25_000, "A" + "ae" * 25_000 + "1", "C/" * 25_000):
        assert parse_chord_symbol(text) is None
        assert looks_like_words(text)
    assert time.process_time() - start < 1


def test_check_names_a_tune_of_chords_only() -> None:
    chart = 'X:114\nM:4/4\nL:1/4\nK:C\n"C"z4|"G7"z4|]\n'
    assert [p.message for p in check_tune(chart)] == ["the tune has chords only, no notes"]
    assert [p.message for p in check_tune(chart.replace('"', ""))] != [
        "the tune has chords only, no notes"
    ]
