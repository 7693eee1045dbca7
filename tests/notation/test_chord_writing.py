"""Suggested chord symbols: examples harmonised by hand, and real tunebooks."""

import re

import pytest
from helpers.abc2midi import find_or_skip, play
from helpers.chord_agreement import agreement, without_chords

from abcrnn import add_chords, load_corpus, tidy, to_midi
from abcrnn.notation import ABCError, Bar, check_tune, read_tune
from abcrnn.notation.chord_writing import suggest_chords


def music(body: str, key: str = "G", meter: str = "6/8") -> str:
    return f"X:1\nT:T\nM:{meter}\nL:1/8\nK:{key}\n{body}"


def chorded(body: str, key: str = "G", meter: str = "6/8") -> str:
    """Return a body with chords."""
    return add_chords(music(body, key, meter)).partition(f"K:{key}\n")[2]


def written(tune: str) -> list[str]:
    """Return the chord symbols of the first voice."""
    events = (event for bar in read_tune(tune).voices[0].bars for event in bar.events)
    return [event.chord_symbol for event in events if event.chord_symbol]


def without_symbols(tune: str) -> list[Bar]:
    """Return all that is read of a tune, except its chord symbols and columns."""
    return [
        bar._replace(
            column=0,
            events=tuple(event._replace(chord_symbol="", column=0) for event in bar.events),
        )
        for bar in read_tune(tune).bars()
    ]


# By hand -------------------------------------------------------------------------------------


MELODIES = """
G     6/8  | "G"G3 B3|"D7"D3 F2A|"G"G6|]
G     6/8  | "G"BGB BGB|"C"cec "D7"AFD|"G"G6|]
G     6/8  | "G"B3 d3|"A7"^c3 e3|"D7"d6|"G"G6|]
D     3/4  | "D"d2 f2 d2|"G"g2 b2 g2|"D"d6|]
D     C|   | "D"D4 A4|"Em"G4 E4|"A7"A8|"D"D8|]
D     2/4  | "D"D2 F2|"A7"E2 C2|"D"D4|]
D     9/8  | "D"DFA DFA d3|"A7"ECE ECE A3|"D"D3 F3 D3|]
D     12/8 | "D"d3 f3 "A7"c3 e3|"D"d12|]
Bb    6/8  | "Bb"B3 d3|"Eb"e3 g3|"Bb"B6|]
Am    6/8  | "Am"A3 c3|"E7"^G3 B3|"Am"A6|]
Ador  6/8  | "Am"A3 c3|"G"G3 B3|"Am"A6|]
Amix  6/8  | "A"A3 c3|"G"G3 B3|"A"A6|]
HP    6/8  | "A"A3 c3|"G"=G3 B3|"A"A6|]
HP    6/8  | "D"d3 f3|"A7"e3 c3|"D"d6|]
"""


@pytest.mark.parametrize("line", MELODIES.strip().split("\n"))
def test_chords_of_plain_melodies(line):
    header, _, expected = line.partition(" | ")
    key, meter = header.split()
    assert chorded(re.sub(r'"[^"]*"', "", expected), key, meter) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("D|G3 B3|G6|]", 'D|"G"G3 B3|G6|]', id="a pickup has no chord"),
        pytest.param("GAB|G3 B3|G6|]", 'GAB|"G"G3 B3|G6|]', id="nor has one of half a bar"),
        pytest.param("G3 B3|\nG6|]", '"G"G3 B3|\n"G"G6|]', id="again at the beginning of a line"),
        pytest.param("G3 B3:|:B3 G3|G6:|", '"G"G3 B3:|:"G"B3 G3|G6:|', id="and of a section"),
        pytest.param("G3 B3|1 G6:|2 B6|]", '"G"G3 B3|1 "G"G6:|2 "G"B6|]', id="and of an ending"),
        pytest.param("G3 B3|G3 B2:|d|G3 B2|]", '"G"G3 B3|G3 B2:|d|"G"G3 B2|]', id="pickups"),
        pytest.param("{a}G3 {c}B3|G6|]", '{a}"G"G3 {c}B3|G6|]', id="below grace notes"),
        pytest.param('~"^slow"G3 B3|G6|]', '"G"~"^slow"G3 B3|G6|]', id="above decorations"),
        pytest.param("(3(GBd G3 B2|G6|]", '"G"(3(GBd G3 B2|G6|]', id="above tuplets and slurs"),
        pytest.param("[GB]3 [Bd]3|G6|]", '"G"[GB]3 [Bd]3|G6|]', id="double stops"),
        pytest.param("G3 B3-|B3 G3|]", '"G"G3 B3-|B3 G3|]', id="a tie"),
        pytest.param("z3 B3|z6|G6|]", 'z3 "G"B3|z6|G6|]', id="rests"),
        pytest.param("Z|G6|]", 'Z|"G"G6|]', id="a bar of rest"),
        pytest.param("G6|[K:D]D3 F3|D6|]", '"G"G6|[K:D]"D"D3 F3|D6|]', id="a key in the line"),
        pytest.param("G6|\nK:D\nD3 F3|D6|]", '"G"G6|\nK:D\n"D"D3 F3|D6|]', id="a key field"),
        pytest.param("G6|[M:3/4]B2 d2 B2|G6|]", '"G"G6|[M:3/4]B2 d2 B2|G6|]', id="a meter"),
        pytest.param('G6|%"C"\nB6|]', '"G"G6|%"C"\n"G"B6|]', id="comment"),
    ],
)  # fmt: skip
def test_places_of_chord_symbols(body, expected):
    assert chorded(body) == expected


def test_only_the_first_voice_has_chords():
    tune = music("V:1\nG3 B3|G6|]\nV:2\nB,3 D3|B,6|]")
    assert add_chords(tune) == tune.replace("\nG3", '\n"G"G3')


@pytest.mark.parametrize(
    ("tune", "reason"),
    [
        (music('G3 "C"B3|G6|]'), "with chord symbols"),
        (music('V:1\nG3 B3|\nV:2\n"G"B3 d3|'), "with chord symbols"),
        (music('G3 B3|\ns:"G" * |'), "with chord symbols"),
        (music('G3 B3|G6"C"|]'), "with chord symbols"),
        (music('G3 B3&"C"E6|G6|]'), "with chord symbols"),
        (music("G3 B3|", key="none"), "in a key without tonic"),
        (music("z6|"), "without bars of notes"),
        (music(""), "without bars of notes"),
        (music("G3 B3|", key="C clef=perc"), "without bars of notes"),
        (music("G3 B3 " * 9, meter="none"), "without bars of notes"),
    ],
)
def test_tunes_that_stay_as_they_are(tune, reason):
    assert suggest_chords(tune) == (tune, 0, reason)


def test_line_ends_and_byte_order_marks_stay():
    tune = "\ufeff" + music("G3 B3|\nD3 F3|\nG6|]\n").replace("\n", "\r\n")
    assert add_chords(tune).replace('"G"', "").replace('"D7"', "") == tune


def test_half_a_bar_of_two_sections_is_no_cadence_of_the_pickup():
    """The bar of the cadence is the one before the pickup that closes the section."""
    assert chorded("G3 B3|A3 F3|G3 B|d2||g3 d3|G6|]").startswith('"G"G3 B3|"D7"A3 F3|"G"G3 B|d2||')


def test_what_is_not_a_tune():
    with pytest.raises(TypeError, match="must be a string"):
        add_chords(None)  # type: ignore[arg-type]
    with pytest.raises(ABCError):
        add_chords(music("G99999"))


# Real tunebooks ------------------------------------------------------------------------------


def test_all_else_stays_the_same(homemade):
    for tune in load_corpus(str(homemade)).tunes:
        require_only_chords_added(tune)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["irish", "jigs", "oneills"])
def test_all_else_stays_the_same_in_corpora(name, request):
    for tune in request.getfixturevalue(name).tunes[::10]:
        require_only_chords_added(without_chords(tune))


def require_only_chords_added(tune: str) -> None:
    result = suggest_chords(tune)
    assert without_symbols(result.text) == without_symbols(tune)
    assert add_chords(result.text) == result.text
    assert len(check_tune(result.text)) == len(check_tune(tune))
    if result.added:
        assert len(written(result.text)) == result.added
        assert written(tidy(result.text)) == written(result.text)
        assert len(result.text) == len(tune) + sum(len(s) + 2 for s in written(result.text))


@pytest.mark.slow
def test_cadences_are_on_the_tonic(oneills):
    """Of the tunes that end on their tonic, nearly all have the tonic chord there."""
    tonics = total = 0
    for tune in oneills.tunes[::10]:
        read = read_tune(tune)
        last = next(
            e for b in reversed(read.voices[0].bars) for e in reversed(b.events) if e.pitches
        )
        key = read.voices[0].bars[-1].key
        if not key.tonic or key.tonic != (last.pitches[0].step, last.pitches[0].alter):
            continue
        total += 1
        tonic = key.tonic[0] + {0: "", 1: "#", -1: "b"}[key.tonic[1]]
        symbols = written(add_chords(without_chords(tune)))
        tonics += bool(re.fullmatch(f"{tonic}m?", symbols[-1]))
    assert total > 100
    assert tonics > 0.97 * total


@pytest.mark.slow
def test_agreement_with_the_chords_of_held_out_jigs(jigs):
    _, _, test = jigs.split(validation=0.1, test=0.1, seed=0)
    shares = agreement(test.tunes)
    assert shares["beats"] > 1500
    assert shares["root"] > 0.72
    assert shares["root and quality"] > 0.71
    assert shares["tonic"] < 0.55


@pytest.mark.slow
@pytest.mark.oracle
@pytest.mark.parametrize("name", ["irish", "jigs", "oneills"])
def test_abc2midi_plays_the_same_melody(name, request, tmp_path):
    """abc2midi reads the chord symbols without a new message; the melody keeps its notes."""
    program = find_or_skip()
    for tune in request.getfixturevalue(name).tunes[::40]:
        bare = without_chords(tune)
        chorded = suggest_chords(bare)
        before, messages = play(program, bare, tmp_path)
        assert play(program, chorded.text, tmp_path)[0] == before
        after, other_messages = play(program, chorded.text, tmp_path, chords=True)
        assert not set(before) - set(after)
        assert len(after) > len(before) or not chorded.added
        assert count_warnings(other_messages) == count_warnings(messages)


def count_warnings(messages: str) -> int:
    return len(re.findall("Warning|Error", messages))


def test_the_chords_are_played(tmp_path):
    silent, accompanied = (tmp_path / name for name in ("silent.mid", "chords.mid"))
    to_midi(music("G3 B3|G6|]"), silent)
    to_midi(add_chords(music("G3 B3|G6|]")), accompanied)
    assert len(accompanied.read_bytes()) > len(silent.read_bytes())
