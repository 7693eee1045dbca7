"""Transposition: examples worked out by hand, properties, and real tunebooks."""

from __future__ import annotations

import re
from contextlib import nullcontext, suppress
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abcrnn.data.corpus import Corpus
from abcrnn.notation.errors import ABCError
from abcrnn.notation.fields import parse_key
from abcrnn.notation.lexer import NOTE, tokens
from abcrnn.notation.playing import played_notes
from abcrnn.notation.reader import read_tune
from abcrnn.notation.transposition import transpose
from abcrnn.notation.tune import Note

SEMITONES = range(-12, 13)


def played(text: str, semitones: int = 0) -> list[list[Note]]:
    """Return the notes of each voice as played, moved by semitones."""
    return [
        [note._replace(pitch=note.pitch + semitones) for note in notes] for notes in _played(text)
    ]


@lru_cache(maxsize=4)
def _played(text: str) -> list[list[Note]]:
    tune = read_tune(text)
    return [list(played_notes(tune, voice)) for voice in tune.voices]


def layout(text: str) -> str:
    """Return the text without the parts that transposition may change."""
    lines = text.split("\n")
    for token in reversed(list(tokens(text))):
        start, end = token.column - 1, token.column - 1 + len(token.text)
        line = lines[token.line - 1]
        if token.kind == "note":
            found = NOTE.match(token.text)
            assert found
            kept = f"<note>{found[4]}"
        elif token.kind == "quoted" and re.match(r'"\(?[A-G]', token.text):
            kept = '"' + re.sub(r"/[a-g][#b+]?|[A-Ga-g][#b]?", "<name>", token.text[1:])
        elif token.kind == "field" and token.text.startswith("K:"):
            value = token.text[2:]
            start = line.index(value, start + 2)
            end, kept = start + len(value), re.sub(r"^[A-G][#b]?", "<tonic>", value)
        elif token.kind == "inline" and token.text.startswith("[K:"):
            kept = re.sub(r"^\[K:[A-G][#b]?", "[K:<tonic>", token.text)
        else:
            continue
        lines[token.line - 1] = line[:start] + kept + line[end:]
    return "\n".join(lines)


def moved_body(body: str, semitones: int, key: str = "C") -> str:
    """Transpose a line of music, check how it is played, and return it."""
    text = f"X:1\nL:1/8\nK:{key}\n{body}"
    moved = transpose(text, semitones)
    assert played(moved) == played(text, semitones)
    return moved.split("\n", 3)[3]


def moved_key(key: str, semitones: int) -> str:
    return transpose(f"X:1\nK:{key}\nC", semitones).split("\n")[1].removeprefix("K:")


# Keys (section 3.1.14) ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "semitones", "expected"),
    [
        ("C", 3, "Eb"),
        ("C", 1, "Db"),
        ("C", -1, "B"),
        ("C", 6, "F#"),  # six sharps going up,
        ("C", -6, "Gb"),  # six flats going down
        ("C", 12, "C"),
        ("C#", 12, "C#"),
        ("C#", 2, "Eb"),
        ("G", 1, "Ab"),
        ("E", 1, "F"),
        ("Am", 1, "Bbm"),
        ("Am", 2, "Bm"),
        ("Am", -1, "G#m"),
        ("Am", 4, "C#m"),
        ("Ddor", 1, "Ebdor"),
        ("Ddor", 2, "Edor"),
        ("Ddor", -1, "C#dor"),
        ("D Mixolydian", 2, "E Mixolydian"),
        ("F#m", -1, "Fm"),
        ("Bphr", -1, "Bbphr"),
        ("D Major", -2, "C Major"),
        ("AMix", 3, "CMix"),
        ("d minor", 2, "e minor"),
        ("d minor", -1, "c# minor"),
        ("B♭", 5, "E♭"),
        ("B♭", 4, "D"),
        ("Gdor clef=bass octave=-1", 2, "Ador clef=bass octave=-1"),
        ("D =c", 2, "E =d"),
        ("A Phr ^c", 2, "B Phr ^d"),
        ("G  ^c _B", 3, "Bb  =e _D"),
        ("none", 3, "none"),
        ("HP", 3, "HP"),
        ("Hp", 3, "Hp"),
        ("clef=bass", 3, "clef=bass"),
        ("", 3, ""),
    ],
)
def test_keys(key: str, semitones: int, expected: str):
    assert moved_key(key, semitones) == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("D exp ^f _b _e clef=bass % slow", "E exp ^g clef=bass % slow"),
        # E and B were natural: moved, they are not, and exp must say so.
        ("D exp ^c clef=bass", "E exp ^d ^f ^c clef=bass"),
        ("D mix exp ^f", "E mix exp ^g ^f ^c"),
        ("E exp ^f ^c", "F# exp ^g ^d ^f ^c"),
    ],
)
def test_explicit_accidentals_of_a_key_are_all_given(key: str, expected: str):
    text = f"X:1\nK:{key}\nDEFGABcd"
    up = transpose(text, 2)
    assert up == f"X:1\nK:{expected}\nEFGABcde"
    assert played(up) == played(text, 2)
    back = transpose(up, -2)
    assert played(back) == played(text)
    assert sorted(back) == sorted(text)  # only their order may differ


def test_keys_have_six_accidentals_at_most():
    for tonic in ["C", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"]:
        for mode in ["", "m", "dor", "mix"]:
            for semitones in SEMITONES:
                key = parse_key(moved_key(tonic + mode, semitones))
                assert key and (abs(key.fifths) <= 6 or semitones % 12 == 0)


# Notes (sections 4.1, 4.2, 4.11, 4.12, 4.17) ------------------------------------------------


@pytest.mark.parametrize(
    ("key", "body", "semitones", "expected"),
    [
        # Octaves: the letter's case and marks
        ("C", "C,,C,CBcbc'c''", 2, "D,,D,Dcdc'd'd''"),
        ("C", "C,Cc", -1, "B,,B,B"),
        ("C", "CEGc", 12, "cegc'"),
        ("C", "C2 E/2 G3/2>c//", 3, "E2 G/2 B3/2>e//"),
        # A note without an accidental stays without one
        ("D", "DEFGABcd", 2, "EFGABcde"),
        ("D", "DEFGABcd", -2, "CDEFGABc"),
        # A raised seventh stays raised, and holds to the end of the bar in every octave
        ("Am", "A^GA g|G", 3, "c=Bc b|B"),
        ("Am", "^G=G^g", 2, "^A=A^a"),
        ("Am", "^GA", 6, "^^cd"),
        ("C", "^F_B=F", -2, "=E_A_E"),
        ("G", "=F F|F", 1, "_G G|G"),
        # Ties keep an accidental over the bar line, for that octave and that note only
        ("C", "^F-|F F", 2, "^G-|G G"),
        ("C", "^F-|Ff", 5, "=B-|Bb"),
        ("C", "[^FA]-|[FA]F", 2, "[^GB]-|[GB]G"),
        ("C", "[^F-A]|F", 5, "[=B-d]|B"),
        # Chords, graces, tuplets, slurs, rests
        ("G", "[GBd]2 {^c}d {/fg}a (3(abc) z2 Z x", 2, "[Ace]2 {^d}e {/ga}b (3(bc'd) z2 Z x"),
        # Other keys from inside
        ("C", "C[K:G]F|[K:Em]^D[K:none]E", 1, "D[K:Ab]G|[K:Fm]=E[K:none]F"),
        ("C", "F\nK: A dorian % K:B\nF", 2, "G\nK: B dorian % K:B\nG"),
        # Doubles, and what would be triple
        ("C", "^^F__B", 2, "^^G_c"),
        ("E", "^^F F|F", 1, "^G G|G"),
        ("Gb", "__E|E", -1, "_D|D"),
        # What looks like a note or a key and is none
        ("C", '"^A"C !fine!D "Coda"E % A "Am"', 2, '"^A"D !fine!E "Coda"F % A "Am"'),
        ("C", "C\nw:C D E\nN:Am\n%%MIDI program 1\nD", 2, "D\nw:C D E\nN:Am\n%%MIDI program 1\nE"),
        ("C", 'C & E | "Am C [', 2, 'D & F | "Am C ['),
    ],
)
def test_notes_worked_by_hand(key: str, body: str, semitones: int, expected: str):
    assert moved_body(body, semitones, key) == expected


def test_without_a_tonic_notes_move_with_the_accidentals_they_need():
    assert moved_body("CEF|E", 1, "none") == "_DF_G|F"
    assert moved_body("CEF|E", 2, "none") == "D^FG|^F"
    assert moved_body("EFG ^G", 2, "clef=treble") == "^FGA ^A"
    assert moved_body("FGAc", 2, "HP") == "^GAB^d"
    assert moved_body("FGA", 2, "clef=bass ^f") == "^GAB"


def test_triple_accidentals_are_respelled_also_for_later_notes():
    # A to D sharp is six fifths: G thrice sharp becomes C thrice sharp, and is written on D.
    assert moved_body("^^G G A|G", 6, "Am") == "^d d d|c"
    # B becomes E, written on F, where the note that was C then needs its sharp said.
    assert moved_body("^^B2 BC|C", 6, "Am") == "^^f2 f^F|F"
    for semitones in SEMITONES:
        moved_body("^^F-F ^^G|G __E-|E e__B-B F|^^CF", semitones, "F#")
        moved_body("^^F-F ^^G|G __E-|E e__B-B F|^^CF", semitones, "Gb")


def test_voices_have_their_own_keys_and_accidentals():
    text = "X:1\nK:C\nV:1\n^F A\nV:2\nF [K:G]F\n[V:1] F|F\nV:2\n^G-|G G\n"
    assert transpose(text, 1) == ("X:1\nK:Db\nV:1\n=G B\nV:2\nG [K:Ab]G\n[V:1] G|G\nV:2\n=A-|A A\n")
    for semitones in SEMITONES:
        assert played(transpose(text, semitones)) == played(text, semitones)


def test_only_music_below_the_key_moves():
    assert transpose("X:1\nT:A B\nABC|\nM:C\n", 2) == "X:1\nT:A B\nABC|\nM:C\n"
    assert transpose('X:1\n"Am"ABc|\nK:C\n"Am"c', 2) == 'X:1\n"Am"ABc|\nK:D\n"Bm"d'


BECOMES_TEXT = "X:1\nT:t\nM:none\nL:1/8\nK:Gb\nABc|\ngFinede[ce]\nABc|\n"


@pytest.mark.parametrize("semitones", [6, -6, 7, -7])
def test_a_line_that_would_become_text_raises(semitones: int):
    """Octave marks and accidentals divide words of letters that are not notes."""
    with pytest.raises(ABCError, match="the tune would have other notes") as raised:
        transpose(BECOMES_TEXT, semitones)
    assert (raised.value.line, raised.value.column) == (7, 1)


@pytest.mark.parametrize(
    ("body", "semitones", "column"),
    [
        ("B !e!", 2, 4),  # a note between line breaks, and !f! is a decoration
        ("B,:B", 1, 1),  # two notes, and C:B is a field
    ],
)
def test_notes_that_would_become_other_notation_raise(body: str, semitones: int, column: int):
    with pytest.raises(ABCError, match="the tune would have other notes") as raised:
        transpose(f"X:1\nL:1/8\nK:C\n{body}", semitones)
    assert (raised.value.line, raised.value.column) == (4, column)


# Chord symbols (section 4.18) --------------------------------------------------------------


@pytest.mark.parametrize(
    ("symbol", "semitones", "expected"),
    [
        ("Am7", 2, "Bm7"),
        ("D/f#", 2, "E/g#"),
        ("D/F#", -2, "C/E"),
        ("D/f+", 2, "E/g+"),
        ("G7/B", 3, "Bb7/D"),
        ("F#m", 1, "Gm"),
        ("Bb", 2, "C"),
        ("Gm/bb", 2, "Am/c"),
        ("C", 1, "Db"),
        ("Bdim", 1, "Cdim"),
        ("Cd", 2, "Dd"),
        ("Csus4", 2, "Dsus4"),
        ("Cmaj7", 5, "Fmaj7"),
        ("Caug", 2, "Daug"),
        ("C+", 2, "D+"),
        ("Am7b5", 2, "Bm7b5"),
        ("E7b9", 3, "G7b9"),
        ("C6/9", 2, "D6/9"),
        ("Am(maj7)", 2, "Bm(maj7)"),
        ("(E7)", 1, "(F7)"),
        ("G(Em)", 2, "A(F#m)"),
        ("B♭", 2, "C"),
        ("B♭", 5, "E♭"),
        ("Ebb9", 4, "G(b9)"),
        ("B", 1, "C"),
        ("F#", 7, "C#"),
        ("G#", 6, "D"),  # not C with two sharps
        ("Coda", 2, "Coda"),
        ("Fine", 2, "Fine"),
        ("D.C.", 2, "D.C."),
        ("Dal Segno", 2, "Dal Segno"),
        ("Cheerful", 2, "Cheerful"),
        ("Collected by F.O'Neill", 2, "Collected by F.O'Neill"),
        ("Gaily", 2, "Gaily"),
        ("BAG", 2, "BAG"),
        ("^Am", 2, "^Am"),
        ("", 2, ""),
    ],
)
def test_chord_symbols(symbol: str, semitones: int, expected: str):
    assert moved_body(f'"{symbol}"c', semitones).split('"')[1] == expected


def test_a_long_quotation_is_not_a_chord_symbol():
    text = 'X:1\nK:C\n"' + "Cm7" * 20_000 + "!" + '"c'
    assert transpose(text, 2).endswith('!"d')


# Bounds ------------------------------------------------------------------------------------


@pytest.mark.parametrize("semitones", [1.0, "2", None, True])
def test_semitones_are_a_whole_number(semitones: object):
    with pytest.raises(ValueError, match="semitones must be a whole number"):
        transpose("X:1\nK:C\nC", semitones)  # type: ignore[arg-type]


def test_a_note_out_of_range_raises_with_line_and_column():
    with pytest.raises(ABCError, match="line 3, column 3: g'''' moved by 1 semitones") as raised:
        transpose("X:1\nK:C\nc g''''|", 1)
    assert (raised.value.line, raised.value.column) == (3, 3)
    with pytest.raises(ABCError, match="moved by -1 "):
        transpose("X:1\nK:C\nC,,,,,", -1)
    assert transpose("X:1\nK:C\nC,,,,, ^f'''", 1) == "X:1\nK:Db\nD,,,,, =g'''"
    with pytest.raises(ABCError):
        transpose("X:1\nK:C\nC", 10**9)


def test_notes_already_out_of_range_are_reported():
    with pytest.raises(ABCError, match="c''''''' is outside the MIDI range, so") as raised:
        transpose("X:1\nK:C\nc c'''''''", 2)
    assert (raised.value.line, raised.value.column) == (3, 3)


# Properties --------------------------------------------------------------------------------

_MUSIC = (
    "C ^F F _B B =c c ^^g g __e e [^CE]- [CE] [C-^G] - - | | :| {^fg} {a} z Z2 Z & [K:G] [K:Bbm] "
    '[K:F#] [K:Dphr] [K:none] [K:HP] [K:D_exp] [V:1] [V:2] (3 > [ ] } "'
)
_KEYS = st.sampled_from(
    ["C", "Em", "Bb", "F#", "Cb", "Ddor", "D exp ^c _b", "G =f", "none", "HP", ""]
)


@pytest.mark.slow
@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(_MUSIC.split()), max_size=20), _KEYS, st.integers(-14, 14))
def test_any_music_is_transposed(pieces: list[str], key: str, semitones: int):
    text = f"X:1\nL:1/8\nK:{key}\n" + " ".join(pieces).replace("[K:D_exp]", "[K:D exp ^f _e]")
    moved = transpose(text, semitones)
    assert played(moved) == played(text, semitones)
    assert played(transpose(moved, -semitones)) == played(text)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text("XKV:|[]()\"-^_=#bABCDmin exp'/,12\n%&{}!zZ", max_size=40), st.integers(-3, 3))
def test_any_parsed_text_is_transposed(text: str, semitones: int):
    text = f"X:1\nK:C\n{text}"
    try:
        before = read_tune(text)
    except ABCError:
        return
    # A pitch out of range stays. A stray sign may run into the note's own, and a stray colon
    # may make a field of the letter before it.
    broken = re.compile(r"pitch|the character '[_^=:]'")
    is_broken = any(broken.search(f"{each.kind} {each.message}") for each in before.problems)
    with suppress(ABCError) if is_broken else nullcontext():
        moved = transpose(text, semitones)
        assert is_broken or played(moved) == played(text, semitones)


def check_there_and_back(text: str, semitones: int) -> bool:
    """Move a tune there and back; return whether its text is the same again."""
    moved = transpose(text, semitones)
    assert played(moved) == played(text, semitones)
    assert layout(moved) == layout(text)
    back = transpose(moved, -semitones)
    assert back == text or played(back) == played(text)
    return back == text


@pytest.mark.slow
@pytest.mark.parametrize("name", ["irish", "jigs", "oneills"])
def test_real_tunes_by_every_interval(name: str, request: pytest.FixtureRequest):
    corpus: Corpus = request.getfixturevalue(name)
    tunes = corpus.tunes[:: len(corpus.tunes) // 6]
    assert all(transpose(tune, 0) == tune for tune in tunes)
    same = [check_there_and_back(tune, semitones) for tune in tunes for semitones in SEMITONES]
    # In jigs, "D/f+" (D over F sharp) comes back as "D/f#" where flats stood in between.
    assert sum(same) / len(same) > (0.8 if name == "jigs" else 0.97)


@pytest.mark.parametrize(
    "step", [pytest.param(12, marks=pytest.mark.slow), pytest.param(1, marks=pytest.mark.long)]
)
@pytest.mark.parametrize("name", ["irish", "jigs", "oneills"])
def test_whole_tunebooks(name: str, step: int, request: pytest.FixtureRequest):
    corpus: Corpus = request.getfixturevalue(name)
    for number, tune in enumerate(corpus.tunes[::step]):
        for semitones in SEMITONES[number % 5 :: 5]:
            check_there_and_back(tune, semitones)


# Fields that move notes, percussion, macros ----------------------------------------------------


@pytest.mark.parametrize(
    ("text", "semitones", "expected"),
    [
        ("K:C clef=treble-8\nCc", 2, "K:D clef=treble-8\nDd"),
        ("K:C\nV:1 octave=-1 transpose=-2\nC", 2, "K:D\nV:1 octave=-1 transpose=-2\nD"),
        ("K:C bass middle=d\nd", 2, "K:D bass middle=d\ne"),
        ("K:C\n%%MIDI transpose 5\nC", 2, "K:D\n%%MIDI transpose 5\nD"),
        ("K:D^c_b\nCB", 1, "K:Eb=d_c\nDc"),
        ("K:Emi\nEF", 1, "K:Fmi\nFG"),
        ("K:E-\nEF", 1, "K:F-\nFG"),
        ("K:B flat\nBE", 2, "K:C\ncF"),
        ("K:HP ^g\nG", 1, "K:HP ^g\nA"),
        ("%%propagate-accidentals not\nK:C\n^FF", 1, "%%propagate-accidentals not\nK:Db\n=GG"),
        (
            "K:C\nI:propagate-accidentals octave\n^Ff",
            1,
            "K:Db\nI:propagate-accidentals octave\n=Gg",
        ),
        ('K:C\nCDEF|\ns:"C" * "G7" !trill!', 2, 'K:D\nDEFG|\ns:"D" * "A7" !trill!'),
        ("K:C\n+CEG+c", 2, "K:D\n+DFA+d"),
        ("m:~n2 = n/o/n/m/\nK:G\n~G2", 2, "m:~n2 = n/o/n/m/\nK:A\n~A2"),
        ("m:T = !trill!\nK:G\nTG2", 2, "m:T = !trill!\nK:A\nTA2"),
        # Only the voice that K: opened is renamed, once.
        (
            "K:G\nV:1\nV:2\nK:C\nV:1\nF|\nV:2\nF|",
            2,
            "K:A\nV:1\nV:2\nK:D\nV:1\nG|\nV:2\nG|",
        ),
    ],
)
def test_fields_that_change_notes(text: str, semitones: int, expected: str):
    header = "X:1\nL:1/4\n"
    assert transpose(header + text, semitones) == header + expected
    assert played(header + expected) == played(header + text, semitones)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Accidentals keep the pitches where the key signature has changed.
        ("K:G\nV:1\nFG|\nV:2 perc\nFG|", "K:A\nV:1\nGA|\nV:2 perc\nF=G|"),
        ("K:G\nV:2 perc\n[K:D]FG|\nV:1\nFG|", "K:A\nV:2 perc\n[K:D]FG|\nV:1\nGA|"),
        ("K:C clef=perc\nCDEF|", "K:C clef=perc\nCDEF|"),
        (
            "%%MIDI channel 10\n%%MIDI drummap C 36\nK:C\nCDEF|",
            "%%MIDI channel 10\n%%MIDI drummap C 36\nK:C\nCDEF|",
        ),
        # In a drum map, the written note counts.
        (
            "%%MIDI drummap C 36\nK:C\nV:1\nCD|\nV:2\n%%MIDI channel 10\nCD|",
            "%%MIDI drummap C 36\nK:D\nV:1\nDE|\nV:2\n%%MIDI channel 10\nCD|",
        ),
    ],
)
def test_percussion_stays_the_same(text: str, expected: str):
    assert transpose(f"X:1\n{text}", 2) == f"X:1\n{expected}"


def test_macros_with_notes_raise_with_line_and_column():
    with pytest.raises(ABCError) as error:
        transpose("X:1\nm: ~G2 = G/A/G/F/\nK:G\n~G2", 2)
    assert (error.value.line, error.value.column) == (2, 1)
    assert "the macro m:~G2 = G/A/G/F/ has notes" in str(error.value)


def test_a_note_that_would_sound_out_of_range_raises():
    assert transpose("X:1\nK:C\nf''''", 2).endswith("g''''")
    with pytest.raises(ABCError, match="moved by 2 semitones is outside the MIDI range"):
        transpose("X:1\nK:C transpose=2\nf''''", 2)


@pytest.mark.parametrize(
    ("value", "semitones", "expected"),
    [
        ("clef=bass D dor ^g", 2, "clef=bass E dor ^a"),
        ('name="a ^c b" D', 2, 'name="a ^c b" E'),
        ("treble-8 D exp ^f octave=-1 _b", 2, "treble-8 E exp ^g ^f octave=-1"),
        ("D octave=1 ^c_b", 2, "E octave=1 ^d=c"),
        ("bass", 2, "bass"),
        ("alto m=c", 2, "alto m=c"),
    ],
)
def test_properties_in_a_key_field_stay_the_same(value: str, semitones: int, expected: str):
    text = f"X:1\nL:1/4\nK:C\n[K:{value}]CDEFGABc"
    moved = transpose(text, semitones)
    assert f"[K:{expected}]" in moved
    assert played(moved) == played(text, semitones)


@pytest.mark.parametrize(
    ("symbol", "semitones", "expected"),
    [
        ("Cmaj7#11", 2, "Dmaj7#11"),
        ("C7b9#5/E", 2, "D7b9#5/F#"),
        ("am", 3, "cm"),
        ("Fis", 2, "G#"),
        ("H7", 1, "C7"),
        ("H7", 12, "H7"),
        ("H", 2, "H"),
        ("G7(b9)", 2, "A7(b9)"),
        ("Am, D7", 2, "Bm, E7"),
        ("C/G(Em/B)", 2, "D/A(F#m/C#)"),
        ("N.C.", 2, "N.C."),
        ("end", 2, "end"),
    ],
)
def test_unusual_chord_symbols(symbol: str, semitones: int, expected: str):
    assert moved_body(f'"{symbol}"c', semitones).split('"')[1] == expected
