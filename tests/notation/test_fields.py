"""Keys and tempos (sections 3.1.8 and 3.1.14), also spelled as musicians spell them."""

from fractions import Fraction
from time import process_time

import pytest

from abcrnn.notation.checks import check_tune
from abcrnn.notation.fields import parse_key, parse_key_field, parse_tempo

PIPES = {"F": 1, "C": 1}


@pytest.mark.parametrize(
    ("value", "name", "altered"),
    [
        ("Hp", "HP", PIPES),
        ("HP ^g", "HP", {**PIPES, "G": 1}),
        ("Hp =c _f", "HP", {"F": -1, "C": 0}),
        ("HP exp ^d", "HP", {"D": 1}),
        ("Em", "E m", {"F": 1}),
        ("E minor", "E min", {"F": 1}),
        ("EMin", "E min", {"F": 1}),
        ("Edor", "E dor", {"F": 1, "C": 1}),
        ("E DORIAN", "E dor", {"F": 1, "C": 1}),
        ("E  mix", "E mix", {"F": 1, "C": 1, "G": 1}),
        ("F♯m", "F# m", {"F": 1, "C": 1, "G": 1}),
        ("Bb Major", "Bb maj", {"B": -1, "E": -1}),
        ("none clef=bass", "none", {}),
        ("none ^f", "none", {"F": 1}),
        ("D exp _b _e ^f", "D maj", {"B": -1, "E": -1, "F": 1}),
        ("D exp_b^f", "D maj", {"B": -1, "F": 1}),
        ("D =c", "D maj", {"F": 1, "C": 0}),
        ("D ^c _b", "D maj", {"F": 1, "C": 1, "B": -1}),
        ("D^c_b", "D maj", {"F": 1, "C": 1, "B": -1}),
        ("Dmix=c", "D mix", {"F": 1, "C": 0}),
        ("D treble-8 ^g", "D maj", {"F": 1, "C": 1, "G": 1}),
        ("^f_b bass", "none", {"F": 1, "B": -1}),
        ("", "none", {}),
    ],
)
def test_keys(value: str, name: str, altered: dict[str, int]):
    key = parse_key(value)
    assert key is not None
    assert (key.name, key.alters()) == (name, altered)


@pytest.mark.parametrize(
    ("value", "name", "problem"),
    [
        ("Emi", "E min", "'mi' is not a mode; it is read as E minor"),
        ("E-", "E min", "'-' is not a mode; it is read as E minor"),
        ("G moll", "G min", "'moll' is not a mode; it is read as G minor"),
        ("Bn", "B maj", "'n' is not a mode; it is read as B major"),
        ("A Hypodorian", "A maj", "'Hypodorian' is not a mode; it is read as A major"),
        ("B flat", "Bb maj", "the tonic is written Bb, without a word"),
        ("F sharp minor", "F# min", "the tonic is written F#, without a word"),
        ("G7", "G maj", "'7' is not part of a key"),
        ("Am/C", "A m", "'/C' is not part of a key"),
        ("D ^/f", "D maj", "'^/f' is not part of a key"),
        ("H", None, "K:H is not a key; a key is, for example, K:D or K:Am"),
        ("HPx", None, "K:HPx is not a key"),
        ("foo", None, "K:foo is not a key"),
    ],
)
def test_what_is_not_a_key_is_reported_and_never_silently_major(
    value: str, name: str | None, problem: str
):
    field = parse_key_field(value)
    assert (field.key and field.key.name) == name
    assert problem in field.problem
    assert parse_key(value) is None
    for text in (
        f"X:1\nM:4/4\nL:1/4\nK:{value}\nEFGA|",
        f"X:1\nM:4/4\nL:1/4\nK:C\n[K:{value}]EFGA|",
    ):
        found = [(p.line, p.message) for p in check_tune(text) if p.kind == "key"]
        assert found == [(4 if "[" not in text else 5, field.problem)]


@pytest.mark.parametrize("value", [" clef=bass", "perc stafflines=1", "treble-8", "octave=-1"])
def test_a_field_with_only_a_clef_is_valid_and_gives_no_key(value: str):
    assert parse_key(value) is None
    assert check_tune(f"X:1\nM:4/4\nL:1/4\nK:{value}\nEFGA|") == []


@pytest.mark.parametrize(
    ("text", "beat", "per_minute"),
    [
        ("118 =1/4", "1/4", 118),
        ("90 = 3/8", "3/8", 90),
        ("1/4=ca. 90", "1/4", 90),
        ("1/4=c.90", "1/4", 90),
        ("1/4 = circa 90", "1/4", 90),
        ("1/4=~90", "1/4", 90),
        ("C=120", "1/8", 120),
        ("C3=40", "3/8", 40),
        ("120", "1/8", 120),
        ("120 bpm", "1/8", 120),
        ("1/4=120 bpm", "1/4", 120),
        ("M.M. 1/4=96", "1/4", 96),
        ("MM=96", "1/8", 96),
        ("♩=100", "1/4", 100),
        ("♩. = 60", "3/8", 60),
        ('"Allegro" 1/4 = 120 "x"', "1/4", 120),
        ('3/8=50 "Slow"', "3/8", 50),
        ('"1/4=60" 1/4=132', "1/4", 132),
        ("Allegro 1/4=132", "1/4", 132),
        ("1/4 3/8 1/4=40", "7/8", 40),
        ("1/4+1/8=60", "3/8", 60),
        ("1/4=92.5", "1/4", "185/2"),
        ("1/4=92,5", "1/4", "185/2"),
        ("1=60", "1", 60),
    ],
)
def test_tempos(text: str, beat: str, per_minute: int | str):
    tempo = parse_tempo(text, Fraction(1, 8))
    assert (tempo.beat, tempo.per_minute) == (Fraction(beat), Fraction(per_minute))
    problems = check_tune(f"X:1\nM:4/4\nL:1/8\nQ:{text}\nK:C\nC8|", unsupported=True)
    assert problems == []


@pytest.mark.parametrize(
    "text",
    ["1/4=Allegro", "Allegro", "1/2", "1/4=0", "1/0=120", "1/4=99999", "1/4=1/8", "1.5/4=20", ""],
)
@pytest.mark.parametrize("tune", ["Q:{}\nK:C\nC8|", "K:C\nC4[Q:{}]C4|"])
def test_a_tempo_that_cannot_be_read_is_reported(text: str, tune: str):
    assert parse_tempo(text, Fraction(1, 8)).beat is None
    problems = check_tune("X:1\nM:4/4\nL:1/8\n" + tune.format(text), unsupported=True)
    assert [(p.kind, p.message) for p in problems] == [
        ("unsupported", f"the tempo in Q:{text}: not supported, ignored")
    ]


@pytest.mark.parametrize(
    "piece",
    ["^c ", "^c", "foo ", "clef=bass ", 'name="', "a=", "=", "1=1=", "120 - ", "1/4 ", "D", " "],
)
def test_time_grows_with_the_length_of_a_field(piece: str):
    size = 100_000 // len(piece)
    started = process_time()
    parse_key_field("D " + piece * size)
    for value in (f"1/4={piece * size}", piece * size):
        assert parse_tempo(value, Fraction(1, 8)).unreadable in (
            "",
            "the tempo",
            "the second tempo",
        )
    assert process_time() - started < 10  # quadratic time would be many minutes


def test_words_in_quotation_marks_alone_are_a_valid_tempo():
    tempo = parse_tempo('"Allegro"', Fraction(1, 8))
    assert (tempo.beat, tempo.words) == (None, "Allegro")
    assert check_tune('X:1\nM:4/4\nL:1/8\nQ:"Allegro"\nK:C\nC8|', unsupported=True) == []


def test_the_rest_of_a_range_of_tempos_is_reported():
    tempo = parse_tempo("1/4=100-120", Fraction(1, 8))
    assert (tempo.beat, tempo.per_minute) == (Fraction(1, 4), 100)
    problems = check_tune("X:1\nM:4/4\nL:1/8\nQ:1/4=100-120\nK:C\nC8|", unsupported=True)
    assert [problem.message for problem in problems] == [
        "the second tempo in Q:1/4=100-120: not supported, ignored"
    ]
