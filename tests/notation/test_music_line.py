"""Lines of music: what each construct plays, and how what is not music is reported."""

import pytest

from abcrnn.notation import check_tune, read_tune
from abcrnn.notation.lexer import tokens
from abcrnn.notation.plain_text import is_text_line
from abcrnn.notation.transposition import transpose

HEADER = "X:1\nM:none\nL:1/8\nK:C\n"


def notes(music):
    """Return the notes as text: ``+`` in chords, ``-`` for ties, ``|`` for bar lines."""
    return " || ".join(
        " | ".join(" ".join(map(written, bar.events)) for bar in voice.bars)
        for voice in read_tune(HEADER + music).voices
    )


def written(event):
    letters = "+".join(
        "_" * -p.alter + "^" * p.alter + (p.step if p.octave == 4 else p.step.lower())
        for p in event.pitches
    )
    length = event.duration * 8
    return (letters or "z") + (str(length) if length != 1 else "") + "-" * any(event.tied)


def found(music):
    """Return column, kind and message of the problems of the last line."""
    last = 5 + music.count("\n")
    return [p[1:] for p in check_tune(HEADER + music, unsupported=True) if p.line == last]


# What is played -------------------------------------------------------------------------------

PLAYED = {
    # Bar lines before [ (section 4.8)
    "C|][CEG]c|": "C | C+E+G c",
    "C|]\"G\"[CEG]|": "C | C+E+G",
    "C||[CEG]|": "C | C+E+G",
    "C|[CEG]|": "C | C+E+G",
    "C[|[CEG]|": "C | C+E+G",
    "C:|][CE]|": "C | C+E",
    "C|][K:G]F|": "C | ^F",
    "C|][V:2]E|": "C || E",
    "C|][|:CE:|": "C | C E",
    "C[|]D|": "C | D",
    "C.|D|": "C | D",
    "C|||D|": "C | D",
    # Chords (4.17), also of ABC 1.6
    "+EG+2+E2G2++^F_A+|": "E+G2 E+G2 ^F+_A",
    "CD+EG+c|+CEG++CEG+ CC|": "C D E+G c | C+E+G C+E+G C C",
    "+f+C+trill+D+5+E|": "C D E",
    "[c2e4g]A[ceg]2/3|": "c+e+g2 A c+e+g2/3",
    "[ce]-[ce][c-e]c|": "c+e- c+e c+e- c",
    # Decorations, line breaks, text in quotes (4.14 to 4.19)
    "CD!EF!GA|": "C D E F G A",
    "CD!E F G!|": "C D E F G",
    "C!D.C. al Fine!|": "C",
    "C!trill!D!|": "C D",
    "\"say \\\"hi\\\" now\"C|": "C",
    "\"^50\\% slow\"C|": "C",
    "\"@1,2text\"C\"\"D|": "C D",
    # Lengths, tuplets, rests
    "c//c3/c/3c1c12/8|": "c1/4 c3/2 c1/3 c c3/2",
    "(3 CDE F(3::CDE(3:2:4CDEF G|": "C2/3 D2/3 E2/3 F C2/3 D2/3 E2/3 C2/3 D2/3 E2/3 F2/3 G",
    "(3CD|E F|": "C2/3 D2/3 | E2/3 F",
    "C>>D C> D C > D|": "C7/4 D1/4 C3/2 D1/2 C3/2 D1/2",
    "x8z/X|": "z8 z1/2 z8",
    # Layout and odd spaces
    "C y2 D`E$F|": "C D E F",
    "C*D;E?F@G#A|": "C D E F G A",
    "C\u00a0D\u200bE\u3000F\ufeffG|": "C D E F G",
    # Voice overlays (7.4)
    "C&E|D|": "C | D",
    "C&E&G|D|": "C | D",
    "C|D&&E|F|G|": "C | D | G",
    "(&C|D&E|F&)G|": "C | D G",
}  # fmt: skip


@pytest.mark.parametrize("music", PLAYED)
def test_music_is_played(music):
    assert notes(music) == PLAYED[music]


def test_endings_after_thick_bar_lines():
    bars = read_tune(HEADER + "|:C|[1D:|][2E|][1F:|]").voices[0].bars
    assert [sorted(bar.ending) for bar in bars] == [[], [1], [2], [1]]
    assert [bar.closes for bar in bars] == ["|", ":|]", "|]", ":|]"]


# What is reported -----------------------------------------------------------------------------

REPORTED = {
    # Numbers
    "|:C| 1 D:| 2 E|": [(6, "ending", "number 1"), (12, "ending", "number 2")],
    "c 3 d c 2|": [(3, "length", "length 3"), (9, "length", "length 2")],
    "c 2/3|": [(3, "length", "length 2/3")],
    "( 3CDE)|": [(3, "tuplet", "number 3")],
    "[CE 2]|": [(5, "length", "length 2")],
    "(1:2:2CD|": [(1, "tuplet", "(1:2:2 is a tuplet of 1 note")],
    "(0CD|": [(1, "tuplet", "(0")],
    "(3:0CDE|": [(1, "tuplet", "(3:0")],
    "(33CDE|": [(1, "tuplet", "(33 is a tuplet of 33 notes")],
    "c0|": [(1, "length", "c0")],
    "Z0C|": [(1, "length", "Z0")],
    # Accidentals
    "^/2c^3/2e_1/2d|": [
        (1, "unsupported", "microtone ^/2"),
        (5, "unsupported", "microtone ^3/2"),
        (10, "unsupported", "microtone _1/2"),
    ],
    "^^^c|": [(1, "pitch", "^^^")],
    "=^c|": [(1, "pitch", "=^")],
    "^ c|": [(1, "unsupported", "accidental ^")],
    # Broken rhythm and ties
    "C><D|": [(3, "length", "< follows another")],
    "C>|D|": [(3, "length", "broken rhythm")],
    "C D>": [(4, "length", "broken rhythm")],
    ">C|": [(1, "length", "> has no note before it")],
    "-C|": [(1, "tie", "no note before")],
    "z-C|": [(2, "tie", "no note before")],
    # Groups
    "{[EA]}A|": [(2, "unsupported", "a chord in grace notes")],
    "{}A|": [(2, "unsupported", "{} has no grace notes")],
    "{z}A|": [(2, "unsupported", "a rest in grace notes")],
    "[zeg]|": [(2, "unsupported", "a rest in a chord")],
    "[c>e]|": [(3, "unsupported", "broken rhythm (>) in a chord")],
    "[(3ce]gab|": [(2, "unsupported", "a tuplet ((3) in a chord")],
    "[c[eg]]|": [(1, "chord", "before the next ["), (7, "chord", "] without a chord")],
    "[]C|": [(1, "chord", "no notes")],
    "{{g}A|": [(1, "grace", "not closed")],
    "{g}}A|": [(4, "grace", "} without")],
    # Endings with labels
    '|:C|["1st" D:|["2nd" E|]': [
        (5, "unsupported", 'label "1st" of an ending is read as [1'),
        (15, "unsupported", 'label "2nd" of an ending is read as [2'),
    ],
    '["A" CEG|': [(1, "ending", '["A" has no number')],
    # Symbols and decorations
    "C w i k|o p Q D|": [
        (column, "unsupported", f"the letter {letter}")
        for column, letter in [(3, "w"), (5, "i"), (7, "k"), (9, "o"), (11, "p"), (13, "Q")]
    ],
    "!unknown!C|": [(1, "unsupported", "the decoration !unknown!")],
    "C!D.S. al Coda!|": [(2, "unsupported", "not played"), (2, "unsupported", "has spaces")],
    "C!D.C.!|": [(2, "unsupported", "!D.C.! is not played")],
    "!trill CDE|": [(1, "decoration", "!trill is not closed by !")],
    "C+fermata DE|": [(2, "decoration", "+fermata is not closed by +")],
    '"Dm""Gm"C|': [(5, "unsupported", '"Dm"')],
    'C"Dm"|': [(6, "unsupported", '"Dm" has no note after it')],
    # Fields and quotations
    "[K:G CDE|": [(1, "field", "[K:G is not closed by ]")],
    "[w:la]C|": [(1, "unsupported", "w:")],
    '"50% slow"C|': [(1, "quotation", "%")],
    "m:~G=A\n~G|": [],
    # Characters
    "\u201cG\u201dC|": [(1, "quotation", "typographic")],
    "c\u2019|": [(2, "character", "RIGHT SINGLE QUOTATION MARK")],
    "c\u2013c|": [(2, "character", "EN DASH")],
    "\u266fc|": [(1, "character", "MUSIC SHARP SIGN")],
    "C\uff5cD|": [(2, "character", "FULLWIDTH VERTICAL LINE")],
    "C\u00e9|": [(2, "unsupported", "LATIN SMALL LETTER E WITH ACUTE")],
    "C\\D|": [(2, "unsupported", "\\ inside a line")],
    # Text
    "<br>C</p>|": [(1, "text", "<br> is HTML"), (6, "text", "</p> is HTML")],
    '<a href="x">C</a>|': [(1, "text", "HTML"), (14, "text", "HTML")],
    "C &nbsp; &gt;|": [(3, "text", "&nbsp;"), (10, "text", "&gt;")],
    "http://abc.net/a": [(1, "text", "web address")],
    "see www.abc.net": [(1, "text", "looks like text")],
    "C D|(repeat)|": [(6, "text", "'repeat' looks like text")],
    "C D| D.C. al Fine|": [(6, "text", "'D.C. al Fine' looks like text")],
    "C D| da capo|": [(6, "text", "'da capo' looks like text")],
    "C D|Dal Segno al Coda|": [(5, "text", "'Dal Segno al Coda' looks like text")],
    "C D| (repeat)": [(7, "text", "'repeat' looks like text")],
    '|:C|"1"D:|"2"E|]': [(11, "unsupported", "a second ending is written [2")],
    "C|P:D|": [(4, "unsupported", "the character ':'")],
    "This tune is a bad egg.": [(1, "text", "looks like text")],
    "  Played by the band": [(3, "text", "looks like text")],
    "CDEF GABc| Fine |": [(12, "text", "'Fine' looks like text")],
    "CDEF D.C.|": [(6, "text", "'D.C.' looks like text")],
}


@pytest.mark.parametrize("music", REPORTED)
def test_what_is_not_music_is_reported_with_its_name_and_column(music):
    expected = REPORTED[music]
    got = [p for p in found(music) if p[1] not in ("bar", "empty")]
    assert [p[:2] for p in got] == [p[:2] for p in expected], got
    for (_, _, message), (_, _, part) in zip(got, expected, strict=True):
        assert part in message


@pytest.mark.parametrize(
    ("music", "played"),
    [
        ("CDEF GABc| Fine |", "C D E F G A B c"),
        ("C|\nThis tune is a bad egg.\nD|", "C | D"),
        ("C|<br>\nD|", "C | D"),
        ("C|\nhttp://bagged.be/egg\nD|", "C | D"),
        ("CDEF D.C.|", "C D E F"),
        ("C|\nD.C. al Fine\nD|", "C | D"),
        ("{[EA]}C|", "C"),
        ("[K:G F|", "F"),
        ("!trill CDE|", "C D E"),
    ],
)
def test_text_and_faulty_notation_are_not_played(music, played):
    assert notes(music) == played


@pytest.mark.parametrize(
    "line",
    ["CDEF GABc|", "A<b>c <B>d", "kA kB uvTc|", "ABA bag ace|", "fade dad cab", "d2 e2 z2 x2"],
)
def test_music_is_not_text(line):
    assert not is_text_line(line, frozenset())
    assert not any(token.kind == "text" for token in tokens(HEADER + line))


def test_macros_are_reported_where_they_are_defined():
    problems = check_tune("X:1\nM:none\nm:~G2 = G/A/G\nK:C\n~G2|", unsupported=True)
    assert [(p.line, p.kind) for p in problems] == [(3, "unsupported")]
    assert "macros (m:)" in problems[0].message


# Symbols (section 4.16) -----------------------------------------------------------------------


def test_symbols_of_u_fields():
    tune = read_tune("X:1\nM:none\nL:1/8\nU:n=!snap!\nK:C\nnC [U:T=!nil!]TD WE|\nU:W=!tenuto!\nWF|")
    events = tune.voices[0].bars[0].events + tune.voices[0].bars[1].events
    assert [event.decorations for event in events] == [("snap",), (), ("W",), ("tenuto",)]
    assert [(p.line, p.column) for p in tune.problems] == [(6, 18)]


def test_a_symbol_may_stand_for_an_annotation():
    [event] = read_tune(HEADER + 'U:w="^wobble"\nwC|').voices[0].bars[0].events
    assert event.annotations == ("wobble",)


def test_a_symbol_without_a_definition_is_reported():
    assert found("U:w") == [(1, "field", "U:w defines no symbol; write U: n = !snap!")]


def test_old_chords_and_text_are_transposed_as_they_are_read():
    music = HEADER + "+EG+ C|\nThis tune is a bad egg.\n"
    assert transpose(music, 2) == music.replace("K:C", "K:D").replace("+EG+ C|", "+FA+ D|")
