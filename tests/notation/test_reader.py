"""The parser compared with notes and lengths worked out by hand from the standard."""

from fractions import Fraction

import pytest

from abcrnn import check_tune, to_midi_bytes
from abcrnn.notation import ABCError, played_notes, read_tune
from abcrnn.notation.fields import parse_key, parse_meter, parse_tempo, parse_unit
from abcrnn.notation.lexer import tokens
from abcrnn.notation.parts import expand_parts

HEADER = "X:1\nM:4/4\nL:1/8\nK:C\n"
NAMES = {0: "C", 1: "^C", 2: "D", 3: "^D", 4: "E", 5: "F", 6: "^F", 7: "G", 8: "^G", 9: "A",
         10: "^A", 11: "B"}  # fmt: skip


def read(music, header=HEADER):
    return read_tune(header + music)


def events(music, header=HEADER):
    return [event for bar in read(music, header).bars() for event in bar.events]


def pitches(music, header=HEADER):
    """Return the names of all notes with their octaves (middle C is C4)."""
    return [
        " ".join(f"{NAMES[p.midi % 12]}{p.midi // 12 - 1}" for p in event.pitches) or "z"
        for event in events(music, header)
    ]


def lengths(music, header=HEADER):
    """Return durations in eighths."""
    return [event.duration * 8 for event in events(music, header)]


def played(music, header=HEADER):
    tune = read(music, header)
    return [NAMES[note.pitch % 12] for note in played_notes(tune, tune.voices[0])]


# Pitch (sections 4.1 and 4.2) ---------------------------------------------------------------


def test_octaves():
    assert pitches("C, C c c' C,, c''") == ["C3", "C4", "C5", "C6", "C2", "C7"]


def test_accidentals_apply_to_the_end_of_the_bar_in_every_octave():
    assert pitches("^f F f =f f|f _B, b B|^^c __e") == [
        "^F5",
        "^F4",
        "^F5",
        "F5",
        "F5",
        "F5",
        "^A3",
        "^A5",
        "^A4",
        "D5",
        "D5",
    ]


def test_accidentals_apply_after_a_bar_line_only_with_a_tie():
    assert pitches("^c-|c c|") == ["^C5", "^C5", "C5"]
    assert pitches("[^ce]-|[ce] c|") == ["^C5 E5", "^C5 E5", "C5"]


@pytest.mark.parametrize(
    ("value", "altered"),
    [
        ("C", {}),
        ("G", {"F": 1}),
        ("D major", {"F": 1, "C": 1}),
        ("Am", {}),
        ("A minor", {}),
        ("Bb", {"B": -1, "E": -1}),
        ("F#m", {"F": 1, "C": 1, "G": 1}),
        ("D dor", {}),
        ("DDorian", {}),
        ("E Mixolydian", {"F": 1, "C": 1, "G": 1}),
        ("Emix", {"F": 1, "C": 1, "G": 1}),
        ("C lyd", {"F": 1}),
        ("A phr", {"B": -1}),
        ("B Locrian", {}),
        ("G aeolian", {"B": -1, "E": -1}),
        ("HP", {"F": 1, "C": 1}),
        ("none", {}),
        ("", {}),
        ("D ^g", {"F": 1, "C": 1, "G": 1}),
        ("D =c", {"F": 1, "C": 0}),
        ("D exp _b ^f", {"B": -1, "F": 1}),
        ("exp ^c", {"C": 1}),
        ("G clef=bass", {"F": 1}),
        ("Amin octave=-1", {}),
        ("G# major", {"F": 2, "C": 1, "G": 1, "D": 1, "A": 1, "E": 1, "B": 1}),
        ("D =c=f", {"F": 0, "C": 0}),
        ("bass", None),
        ("baritone", None),
        ("clef=alto", None),
        ("ebm", dict.fromkeys("BEADGC", -1)),
    ],
)
def test_keys(value, altered):
    key = parse_key(value)
    assert (key.alters() if key else None) == altered


def test_a_key_inside_the_tune():
    assert pitches("f|[K:D]f c|\nK:F\nb f|") == ["F5", "^F5", "^C5", "^A5", "F5"]


def test_a_key_at_the_beginning_of_a_bar_applies_to_that_bar():
    bars = list(read("AB|[K:D]cd|ef|\nK:F\nga|b[K:G]c|").bars())
    assert [bar.key.name for bar in bars] == ["C maj", "D maj", "D maj", "F maj", "F maj"]


# Lengths (sections 4.3 to 4.5) ---------------------------------------------------------------


def test_lengths():
    assert lengths("A A2 A3/2 A/ A/2 A// A/4 A3/ z4") == [
        1,
        2,
        Fraction(3, 2),
        Fraction(1, 2),
        Fraction(1, 2),
        Fraction(1, 4),
        Fraction(1, 4),
        Fraction(3, 2),
        4,
    ]


def test_broken_rhythm():
    assert lengths("A>B c<d") == [Fraction(3, 2), Fraction(1, 2), Fraction(1, 2), Fraction(3, 2)]
    assert lengths("A>>B A<<<B") == [
        Fraction(7, 4),
        Fraction(1, 4),
        Fraction(1, 8),
        Fraction(15, 8),
    ]
    assert lengths("(A>B) A>(B c) [ce]>[df] A>{g}B A2>B2") == [
        Fraction(3, 2),
        Fraction(1, 2),
        Fraction(3, 2),
        Fraction(1, 2),
        1,
        Fraction(3, 2),
        Fraction(1, 2),
        Fraction(3, 2),
        Fraction(1, 2),
        3,
        1,
    ]


def test_tuplets():
    third = Fraction(2, 3)
    assert lengths("(3ABc d") == [third, third, third, 1]
    assert lengths("(2AB (4ABcd (6ABcdef")[:6] == [Fraction(3, 2)] * 2 + [Fraction(3, 4)] * 4
    assert lengths("(5ABcde") == [Fraction(2, 5)] * 5
    assert lengths("(5ABcde", HEADER.replace("4/4", "6/8")) == [Fraction(3, 5)] * 5
    assert lengths("(3:2:2A2B c") == [Fraction(4, 3), third, 1]
    assert lengths("(3::2AB c") == [third, third, 1]
    assert lengths("(3{g}A[Bd]z c") == [third, third, third, 1]
    assert lengths("(3A>BA") == [1, Fraction(1, 3), third]


def test_chords_and_rests():
    assert pitches("[CEG]2 z x [c2e] [A,C]/") == ["C4 E4 G4", "z", "z", "C5 E5", "A3 C4"]
    assert lengths("[CEG]2 z x [c2e] [A,C]/ [c2e2]2") == [2, 1, 1, 2, Fraction(1, 2), 4]


def test_bars_of_rest():
    tune = read("A8|Z3|B8|]")
    assert [bar.length for bar in tune.bars()] == [1] * 5
    assert [note.onset for note in played_notes(tune, tune.voices[0])] == [0, 4]


@pytest.mark.parametrize(
    ("meter", "unit"),
    [("2/4", 16), ("3/4", 8), ("C", 8), ("C|", 8), ("6/8", 8), ("5/8", 16), ("none", 8)],
)
def test_unit_note_length_depends_on_the_meter(meter, unit):
    assert read("A", f"X:1\nM:{meter}\nK:C\n").unit == Fraction(1, unit)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("C", 1),
        ("C|", 1),
        ("6/8", Fraction(3, 4)),
        ("2+3/8", Fraction(5, 8)),
        ("(2+3+2)/8", Fraction(7, 8)),
        ("none", None),
    ],
)
def test_meters(text, length):
    assert parse_meter(text).length == length


@pytest.mark.parametrize("text", ["6", "0/4", "4/5", "99999/4", "x", "4/0"])
def test_values_that_are_not_meters(text):
    assert parse_meter(text) is None


def test_unit_lengths_and_tempos():
    assert parse_unit("1/8") == Fraction(1, 8) and parse_unit("1") == 1
    assert parse_unit("1/0") is None and parse_unit("x") is None and parse_unit("1/1024") is None
    for text, rate in [
        ("1/4=120", 30), ("120", 15), ("C=120", 15), ("C2=60", 15), ("3/8=100", Fraction(75, 2)),
        ('"Allegro" 1/4=120', 30), ('1/4=120 "Allegro"', 30), ("1/4 3/8 1/4=40", 35),
        ('"Andante"', None), ("1/0=3", None), ("1/4=0", None),
    ]:  # fmt: skip
        assert parse_tempo(text, Fraction(1, 8)).whole_notes_per_minute == rate, text


# Grace notes, chord symbols, voices -----------------------------------------------------------


def test_graces_chord_symbols_and_decorations():
    [first, second] = events('{g}"Am7""^slowly"!trill!~A {/Bc2}"_below"B')
    assert (first.chord_symbol, first.annotations) == ("Am7", ("slowly",))
    assert first.decorations == ("trill", "~")
    assert [(p.step, length) for p, length in first.graces] == [("G", Fraction(1, 8))]
    assert [(p.step, length) for p, length in second.graces] == [
        ("B", Fraction(1, 8)),
        ("C", Fraction(1, 4)),
    ]


def test_line_ends_comments_and_continuations():
    assert played("AB|!\ncd\\\nef|% gab\nN: gab\n%%MIDI program 1\nw: a b c\n+: d\nA|") == list(
        "ABCDEFA"
    )
    assert read("A", "X:1\nT:One\n+:and two\nM:4/4\nK:C\n").title == "One and two"


def test_a_body_line_may_look_like_a_field():
    assert played("A:|\nB::\nc:|") == list("AABBCC")


def test_voices():
    tune = read("V:1\nAB|\nV:2\nC,D,|\nV:1\ncd|\n[V:2]E,F,|")
    assert [voice.name for voice in tune.voices] == ["1", "2"]
    assert [[n.pitch for n in played_notes(tune, v)] for v in tune.voices] == [
        [69, 71, 72, 74],
        [48, 50, 52, 53],
    ]


def test_a_voice_may_be_left_in_the_middle_of_a_bar():
    tune = read("AB\n[V:2]C,D,E,F,|\n[V:1]cd|")
    assert [[bar.length * 8 for bar in voice.bars] for voice in tune.voices] == [[4], [4]]


def test_tokens_have_line_and_column():
    tune = 'X:1\nK:C\n|: "Am"A2\\\n  [K:D] ^f\'/2 :|'
    lines = tune.split("\n")
    for token in tokens(tune):
        if token.kind != "field":
            start = token.column - 1
            assert lines[token.line - 1][start : start + len(token.text)] == token.text


def test_unsupported_notation_is_reported_by_name():
    problems = read("AB & cd|\nw:la la la\nA|").problems
    assert [(p.line, p.kind, p.message.split(":")[0]) for p in problems] == [
        (5, "unsupported", "voice overlay (&)"),
        (6, "unsupported", "lyrics without a note, from 'la' on"),
    ]


def test_an_overlay_does_not_change_the_bar():
    assert pitches("^F & =F G- | F & a | B") == ["^F4", "F4", "B4"]


@pytest.mark.parametrize("music", ["A1000000", "A/0", "A99999999999", "Z1000", "\0"])
def test_errors_beyond_limits_have_line_and_column(music):
    with pytest.raises(ABCError) as refused:
        read(music)
    assert (refused.value.line, refused.value.column) == (5, 1)


# As played (sections 4.8 to 4.11) --------------------------------------------------------------


@pytest.mark.parametrize(
    ("music", "order"),
    [
        ("A|B:|c", "ABABC"),
        ("|:A|B:|c:|d", "ABABCCD"),
        ("A:|:B:|c", "AABBC"),
        ("A::B:|c", "AABBC"),
        ("|:A|[1B:|[2c|]d", "ABACD"),
        ("|:A|1B:|2c||d", "ABACD"),
        ("|:A|[1,3B:|[2,4c:|d", "ABACABACD"),
        ("|::A::|B", "AAAB"),
        ("A|B||c|d:|e", "ABCDCDE"),
        ("A:|B||c|d:|e", "AABCDCDE"),
        ("A-|A2 B-B|", "AB"),
        ("[CE]-[CG]", "CEG"),
    ],
)
def test_repeats_and_ties(music, order):
    assert "".join(played(music)) == order


def test_parts_in_their_order():
    header = "X:1\nM:4/4\nL:1/8\nP:A(BA)2\nK:C\n"
    assert "".join(played("P:A\nAA|\nP:B\nB|", header)) == "AABAABAA"
    assert [expand_parts(p) for p in ("AABB", "A2B3", "((AB)2C)2", "A.B", "")] == [
        "AABB",
        "AABBB",
        "ABABCABABC",
        "AB",
        "",
    ]


@pytest.mark.parametrize("value", [None, 3, ["X:1\nK:C\nC"], b"X:1\nK:C\nC"])
def test_a_tune_is_a_string(value):
    for function in (read_tune, check_tune):
        with pytest.raises(TypeError, match=r"text must be a string, such as corpus\.tunes\[0\]"):
            function(value)
    if not isinstance(value, list):
        with pytest.raises(TypeError, match="text must be a string"):
            to_midi_bytes(value)
