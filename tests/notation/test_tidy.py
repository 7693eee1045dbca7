"""The formatter: the layout it writes, and the music that stays the same."""

import random
import re

import pytest
from helpers import fuzz
from helpers.steps import StepLimit
from helpers.tidiness import count, played, require_tidy

from abcrnn import ABCError, load_corpus, tidy
from abcrnn.data.registry import read_card
from abcrnn.notation import check_tune, read_tune
from abcrnn.notation.formatter.repairs import repair
from abcrnn.notation.formatter.spelling import spell_length
from abcrnn.notation.formatter.tune import Layout
from abcrnn.notation.formatter.tunebook import tidy_tunebook

HEADER = "X:1\nT:Tune\nM:4/4\nL:1/8\nK:D\n"


def body(music, **options):
    """Format music below a header; return the lines below the key."""
    text = tidy(HEADER + music, **options)
    require_tidy(HEADER + music, text) if not options else None
    return text.removeprefix(HEADER).split("\n")


# Header ---------------------------------------------------------------------------------------


def test_the_header_is_in_the_order_of_the_standard():
    header = "X: 3\nR:reel\nZ:me\nM:C|\nT: First\nN:note\nL: 1/8\nT:Second\nC:Trad\nK: Em\nabc|"
    assert tidy(header).split("\n") == [
        "X:3", "T:First", "T:Second", "C:Trad", "M:C|", "L:1/8", "Z:me", "N:note", "R:reel",
        "K:Em", "abc|",
    ]  # fmt: skip


def test_continuations_and_comments_stay_with_their_field():
    header = (
        "X:1\n% about the rhythm\nR:jig % six eight\nH:A history\nof two lines\n+:and a third\n"
        "% about the title\nT:Title\nK:D % sharp\nabc|"
    )
    text = tidy(header)
    require_tidy(header, text)
    assert text.split("\n") == [
        "X:1", "% about the title", "T:Title", "H:A history", "of two lines", "+:and a third",
        "% about the rhythm", "R:jig % six eight", "K:D % sharp", "abc|",
    ]  # fmt: skip


def test_music_and_text_in_the_header_stay():
    header = "X:1\nI: :: ::\nabc  |\nT:Title\nsome text\nK:D\nabc|\nI: :x\nde|"
    text = tidy(header)
    require_tidy(header, text)
    assert text.split("\n") == [
        "X:1", "I: :: ::", "abc  |", "T:Title", "some text", "K:D", "abc|", "I: :x", "de|",
    ]  # fmt: skip


def test_voices_and_directives_keep_their_order():
    header = (
        "X:1\n%%MIDI program 1\nV:1 clef=treble\n%%MIDI program 40\nV:2 clef=bass\n"
        "%%MIDI program 32\nT:Two\nM:4/4\nU:n = !snap!\nL:1/8\nK:D\nV:1\nnA8|\nV:2\nD8|"
    )
    text = tidy(header)
    require_tidy(header, text)
    assert text.startswith("X:1\nT:Two\nM:4/4\nL:1/8\n%%MIDI program 1\nV:1 clef=treble\n")


@pytest.mark.parametrize("text", ["T:no number\nK:D\nabc|", "X:1\nT:no key\nabc|", "X:1"])
def test_a_tune_without_number_or_key_is_refused(text):
    with pytest.raises(ABCError, match="must begin with its number|has no key"):
        tidy(text)


# Spaces and lengths ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "tidied"),
    [
        ("ABcd  e2f2 |  g8 |", "ABcd e2f2|g8|"),
        ("A B\u00a0c\td e4|", "A B c d e4|"),
        ("( AB c2 ) ( 3def  g2 [ A c e ]2|", "(AB c2) ( 3def g2 [Ace]2|"),
        ("(3 abc {d e}f2 { /g } a2 z2|", "(3abc {de}f2 { /g}a2 z2|"),
        ('"D" A2 ~ B2 .c2"^up" !trill! d2|', '"D"A2 ~B2 .c2 "^up"!trill!d2|'),
        ("A2 - A2 B2 -B2|", "A2- A2 B2- B2|"),
        ("A > B c <d e2 f2|", "A> B c< d e2 f2|"),
        ("A1B1/2c/2d//e///f3/2g6/4a4/2|", "AB/c/d/4e/8f3/g3/a2|"),
        ("z1 Z1|x4/2 Z2|", "z Z|x2 Z2|"),
        ("[A2c2]1/2 [A1/2c/2]4|", "[A2c2]/ [A/c/]4|"),
        ("A,,/B''3/4c'2/2 d4|", "A,,/B''3/4c' d4|"),
        ("abc | | def ||\n| gab| ||c|", "abc|def||\ngab| ||\nc|"),
        ("abc||\n||def:|\n||gab|]\n||", "abc||\ndef:|\ngab|]"),
        ("abc::\n||def| .||\ngab|||", "abc:: ||\ndef| .||\ngab|||"),
        ("~(dc) T(3def u{c}(d2 e2)|", "(~dc) (3Tdef {c}(ud2 e2)|"),
        ('v"G"(d2 u(v(c2 d2) e2)|', '"G"(vd2 ((uvc2 d2) e2)|'),
        (".(d2 c2) ~.(d2 c2)|", ".(d2 c2) ~.(d2 c2)|"),  # a dotted slur
        ("(T!2!d2 c2) T!2!(d2 c2)|", "(T!2!d2 c2) T!2!(d2 c2)|"),
        ("G3 Ivy Leaf k GAB |", "G3 Ivy Leaf k GAB|"),
        ("z!fermat:a!x |", "z!fermat:ax|"),
        ("|: abc :: def :|", "|:abc::\ndef:|"),
        ("abcd efga|[1 a8:|[2 b8|]", "abcd efga|1 a8:|2 b8|]"),
        ("abcd efga |1 a8 :|2b8|]", "abcd efga|1 a8:|2 b8|]"),
        ('abc "Fine" !D.C.! |]', 'abc "Fine"!D.C.!|]'),
        ("ab`c  d`e`f gab|", "ab`c d`e`f gab|"),
        ("[K:G] abc [M:3/4]def|", "[K:G]abc [M:3/4]def|"),
    ],
)
def test_spacing_and_lengths(written, tidied):
    assert body(written) == tidied.split("\n")


def test_numbers_apart_from_their_note_are_not_joined_to_it():
    assert body("abc | 1 def | c 3|") == ["abc| 1 def|c 3|"]


@pytest.mark.parametrize("length", ["", "1", "3", "3/2", "/", "//", "1/2", "2/4", "7/8", "12/16"])
def test_the_shortest_spelling_has_the_same_length(length):
    before, after = (read_tune(t).voices[0].bars for t in both(f"c{length}|"))
    assert before[0].length == after[0].length
    assert len(both(f"c{length}|")[1]) <= len(HEADER + f"c{length}|")


def both(music):
    return HEADER + music, tidy(HEADER + music)


def test_spell_length():
    from fractions import Fraction

    assert [spell_length(Fraction(n, 8)) for n in (1, 2, 4, 8, 12, 16)] == [
        "/8", "/4", "/", "", "3/", "2",
    ]  # fmt: skip


# Lines ----------------------------------------------------------------------------------------

BAR = "ABcd efga|"


@pytest.mark.parametrize(("bars", "lines"), [(4, [4, 4]), (3, [3, 3, 2]), (8, [8]), (1, [1] * 8)])
def test_bars_per_line(bars, lines):
    text = tidy(HEADER + BAR * 8, bars_per_line=bars).removeprefix(HEADER)
    assert [line.count("|") for line in text.split("\n")] == lines


def test_a_pickup_is_not_counted_and_sections_begin_lines():
    music = f"D2|{BAR * 4}ABcd ef:|\n|:ga|{BAR * 4}a6:|"
    assert body(music) == [f"D2|{BAR * 4}", "ABcd ef:|", f"|:ga|{BAR * 4}", "a6:|"]


def test_a_pickup_before_a_repeat_is_not_counted():
    assert body(f"D2|:{BAR * 4}{BAR * 3}a6:|") == [f"D2|:{BAR * 4}", f"{BAR * 3}a6:|"]
    assert body(f"D2 | |:{BAR * 4}") == [f"D2|:{BAR * 4}"]


def test_a_repeat_begins_a_line():
    lines = [BAR * 2, "|:ABcd efga|abcd efga:|"]
    assert body("ABcd efga|ABcd efga|:ABcd efga|abcd efga:|") == lines
    assert body("ABcd efga|ABcd efga|\n|:ABcd efga|abcd efga:|") == lines
    assert body("ABcd efga|ABcd efga||:ABcd efga|]") == [BAR * 2, "||:ABcd efga|]"]
    assert body("ABcd efga-|:a8|abcd efga:|") == ["ABcd efga-|:a8|abcd efga:|"]


def test_a_repeat_in_a_bar_ends_a_line():
    """A program that expects a full bar before "|" reads "abcd e2|" and "|:" as short bars."""
    assert body(f"{BAR * 2}abcd|:efga|{BAR * 2}abcd:|") == [
        f"{BAR * 2}abcd|:", f"efga|{BAR * 2}abcd:|",
    ]  # fmt: skip
    assert body(f"A2|{BAR}abcd ef|:ga|{BAR}a6:|") == [f"A2|{BAR}abcd ef|:", f"ga|{BAR}a6:|"]


def test_endings_are_in_one_line():
    assert body(f"{BAR * 3}|1 a8:|2 b8|]".replace("||", "|")) == [BAR * 3, "[1 a8:|2 b8|]"]
    assert body(f"{BAR * 2}[1 a8:|2 b8|]") == [f"{BAR * 2}"[:-1] + "|1 a8:|2 b8|]"]


def test_no_line_ends_in_a_tie_a_tuplet_or_grace_notes():
    assert body(f"{BAR * 3}ABcd efg-a-|a8|{BAR * 3}")[0] == BAR * 3
    assert body(f"{BAR * 3}[A-c-]8|[Ac]8|{BAR * 3}")[0] == BAR * 3
    assert body(f"{BAR * 3}ABcd ef(3g|fe d2 e2|")[0] == BAR * 3
    assert body(f"{BAR * 3}ABcd efga{{b}}|a8|")[0] == BAR * 3


def test_a_line_is_longer_where_it_may_not_break():
    assert body("a8-|" * 6 + "a8|") == ["a8-|" * 6 + "a8|"]


def test_continuations_and_line_break_signs_are_resolved():
    assert body(f"{BAR}\\\n{BAR}!\n{BAR}!{BAR}$\n{BAR}*\n{BAR}") == [BAR * 4, BAR * 2]
    assert body("abcd\\\nefga|bcde\\\n fgab|") == ["abcdefga|bcdefgab|"]
    assert body("abcd \\\nefga|abcd\nefga|") == ["abcd efga|abcd efga|"]


def test_a_continuation_of_a_field_stays():
    assert body(f"{BAR}\\\nK:G\n{BAR}") == [f"{BAR}\\", "K:G", BAR]


@pytest.mark.parametrize(("sign", "end"), [("$", "$"), ("!", "!"), ("<none>", ""), ("<EOL>", "")])
def test_declared_line_breaks(sign, end):
    header = HEADER.replace("K:D", f"I:linebreak {sign}\nK:D")
    music = f"{BAR * 2}{sign * (len(sign) == 1)}{BAR * 3}\n{BAR}"
    text = tidy(header + music)
    require_tidy(header + music, text)
    assert text == header + f"{BAR * 4}{end}\n{BAR * 2}{end}"


def test_comments_at_line_ends_keep_their_line():
    assert body(f"{BAR}% one\n{BAR}\n% two\n{BAR}") == [f"{BAR} % one", BAR, "% two", BAR]


def test_lyrics_keep_their_lines():
    music = f"{BAR}\nw: la la la la la la la la\n{BAR}\\\n{BAR}\nw: a b c\nw: d e f\nW: end"
    assert body(music) == [
        BAR, "w:la la la la la la la la", BAR * 2, "w:a b c", "w:d e f", "W:end",
    ]  # fmt: skip


def test_text_blocks_and_directives_stay():
    music = f"%%begintext\n  as  it   is\n\n  here\n%%endtext\n{BAR}\n%%vskip  1\n  %  odd  comment"
    assert body(music) == music.split("\n")


def test_voices_in_lines_of_their_own():
    assert body(f"[V:1] {BAR}[V:2] {BAR}\n[V:1]{BAR}\n[V:2]{BAR}") == [
        f"[V:1]{BAR}", f"[V:2]{BAR}", f"[V:1]{BAR}", f"[V:2]{BAR}",
    ]  # fmt: skip


# Unit note length -----------------------------------------------------------------------------


def test_the_unit_note_length():
    text = (
        "X:1\nM:4/4\nL:1/16\nQ:120\nK:D\nA4[FA]4 {c2}d4 B2>c2|\n[L:1/4]A B3/2 c/|\nL:1/8 % c\nA8|]"
    )
    tidied = tidy(text, unit="1/8")
    assert tidied == ("X:1\nM:4/4\nL:1/8\nQ:1/16=120\nK:D\nA2[FA]2 {c}d2 B>c|A2 B3 c|\n% c\nA8|]")
    assert tidy(tidied, unit="1/8") == tidied
    before, after = read_tune(text), read_tune(tidied)
    assert [b.length for b in before.bars()] == [b.length for b in after.bars()]
    assert before.tempo.whole_notes_per_minute == after.tempo.whole_notes_per_minute


def test_a_header_without_unit_gets_one():
    assert tidy("X:1\nM:2/4\nK:D\nA4B4|", unit="1/8") == "X:1\nM:2/4\nL:1/8\nK:D\nA2B2|"


@pytest.mark.parametrize("unit", ["0", "1/0", "three", 8, 0.125, ""])
def test_bad_units(unit):
    with pytest.raises(ValueError, match="unit must be a length"):
        tidy(HEADER + BAR, unit=unit)


@pytest.mark.parametrize("bars", [0, -1, 1.5, True, "4"])
def test_bad_numbers_of_bars(bars):
    with pytest.raises(ValueError, match="bars_per_line must be a whole number"):
        tidy(HEADER + BAR, bars_per_line=bars)


def test_a_second_tune_is_refused():
    with pytest.raises(ABCError, match="line 6, column 1: another tune begins here"):
        tidy("X:1\nK:D\nabc|\n% c\n\nX:2\nK:D\nabc|")


def test_bad_types():
    with pytest.raises(TypeError, match="tune must be a string"):
        tidy(None)


# Explicit repeats ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("music", "lines"),
    [
        ("d8|d8:|d8|e8:|", ["d8|d8:|", "|:d8|e8:|"]),
        ("A|d8|d7:|A|d8|e7:|", ["A|d8|d7:|", "|:A|d8|e7:|"]),
        ("|:d8|d8::e8|e8:|f8|f8:|", ["|:d8|d8::", "e8|e8:|", "|:f8|f8:|"]),
        ("d8|1 d8:|2 e8||\nf8|1 g8:|2 a8|]", ["d8|1 d8:|2 e8||", "|:f8|1 g8:|2 a8|]"]),
        ("d8|d8||e8|e8||f8|f8:|", ["d8|d8||", "e8|e8||", "|:f8|f8:|"]),
        ("d8|d8:|\n|f8|f8:|", ["d8|d8:|", "|:f8|f8:|"]),
        ('d8|d8:|\nP:B\n"G"~{c}(f8|f8):|', ["d8|d8:|", "P:B", '|:"G"{c}(~f8|f8):|']),
        ("d8|d8:|\nK:G\n[M:4/4]f8|f8:|", ["d8|d8:|", "K:G", "[M:4/4]|:f8|f8:|"]),
        ("d8|d8:|d8|e8|]", ["d8|d8:|", "d8|e8|]"]),  # played once
        ("A|d8|d7:||A|d8|e7:||", ["A|d8|d7:|", "|:A|d8|e7:|"]),
        ("|:d8|d8:||:e8|e8:||f8|", ["|:d8|d8::", "e8|e8:|", "f8|"]),
        ("|:d8|d8:|||:e8|e8:|", ["|:d8|d8::", "e8|e8:|"]),
        ("|:d8|d8:|:e8|e8:|", ["|:d8|d8::", "e8|e8:|"]),
        ("|:d8|d8:|\n|:d8|e8:|", ["|:d8|d8:|", "|:d8|e8:|"]),
        ("[V:1]d8|d8:|d8|e8:|\n[V:2]d8|d8:|d8|e8:|",
         ["[V:1]d8|d8:|", "|:d8|e8:|", "[V:2]d8|d8:|", "|:d8|e8:|"]),
    ],
)  # fmt: skip
def test_repeats_are_explicit_on_request(music, lines):
    before = HEADER + music
    text = tidy(before, repeats=True)
    assert text.removeprefix(HEADER).split("\n") == lines
    assert played(text) == played(before)
    assert tidy(text, repeats=True) == tidy(text) == text
    assert [(bar.events[0].pitches, bar.repeats) for bar in read_tune(text).bars()] == [
        (bar.events[0].pitches, bar.repeats) for bar in read_tune(before).bars()
    ]
    assert check_tune(text) == check_tune(before) == [] or "[V:1]" in music


def without_repeats(text):
    return re.sub(r":\|\|:|::|:\|\||:\||\|:|\n", "", text)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "step"), [("irish", 40), ("jigs", 20), ("oneills", 100)])
def test_explicit_repeats_of_real_tunes(name, step, request):
    changed = 0
    for before in request.getfixturevalue(name).tunes[::step]:
        text = tidy(before, repeats=True)
        assert played(text) == played(before)
        assert without_repeats(text) == without_repeats(tidy(before))
        changed += text != tidy(before)
    assert changed


@pytest.mark.parametrize("repeats", [1, "yes", None])
def test_bad_repeats(repeats):
    with pytest.raises(TypeError, match="repeats must be True or False"):
        tidy(HEADER + BAR, repeats=repeats)


def test_a_tunebook_with_explicit_repeats():
    tidied = tidy_tunebook("X:1\nK:D\nd8|d8:|d8|e8:|\n", Layout(repeats=True))
    assert tidied.text == "X:1\nK:D\nd8|d8:|\n|:d8|e8:|\n"


# Tunebooks ------------------------------------------------------------------------------------

BOOK = (
    "%abc-2.1\nM:6/8\nL:1/8\n%%MIDI program 3\n\nX: 1\r\nT: One\r\nK:G % key\r\n"
    "ABc def | gab agf % end\r\n\r\nfree text:  kept  \n\nX:2\nT:Bad\nK: D\nA/0 | B\n\n"
    "X:3\n%%begintext\n\n  text \n\n%%endtext\nK:D\nabc | def|"
)


def test_a_tunebook():
    tidied = tidy_tunebook(BOOK)
    assert tidied.text == (
        "%abc-2.1\nM:6/8\nL:1/8\n%%MIDI program 3\n\nX:1\r\nT:One\r\nK:G % key\r\n"
        "ABc def|gab agf % end\r\n\r\nfree text:  kept  \n\nX:2\nT:Bad\nK: D\nA/0 | B\n\n"
        "X:3\n%%begintext\n\n  text\n\n%%endtext\nK:D\nabc|def|"
    )
    assert (tidied.tunes, tidied.changed) == (3, 2)
    [skipped] = tidied.skipped
    assert skipped[:4] == (2, "Bad", 16, 1)
    assert tidy_tunebook(tidied.text).text == tidied.text


def test_a_byte_order_mark_inside_a_tunebook_is_reported():
    text = "X:1\nK:D\nabc |\n\ufeffX:2\nK:D\nabc |"
    tidied = tidy_tunebook(text)
    assert tidied.text == "X:1\nK:D\nabc|\n\ufeffX:2\nK:D\nabc |"
    assert [tune.line for tune in tidied.skipped] == [4]


def test_repairs_replace_characters_in_music():
    text = f"{HEADER}N:\u201cquoted\u201d\n\u201cAm\u201dA2 \u266fc2 c\u2019 a\u2013a\uff5c\n"
    fixed, repairs = repair(text)
    assert fixed == f'{HEADER}N:\u201cquoted\u201d\n"Am"A2 ^c2 c\' a-a|\n'
    assert [found[:2] for found in repairs] == [(7, 1), (7, 8), (7, 13), (7, 16), (7, 18)]
    assert repair(fixed) == (fixed, [])
    tidied = tidy_tunebook(text, Layout(fix=True))
    assert tidied.text == fixed and len(tidied.repairs) == 5
    assert tidy_tunebook(text).repairs == ()


def test_a_repair_that_makes_a_new_problem_is_left_out():
    text = HEADER + "abc \u201d def|"
    assert repair(text) == (text, [])


# Real tunes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "step"), [("irish", 160), ("jigs", 80), ("oneills", 400), ("airds", 300),
                       ("ryans", 300), ("essen", 2000)],
)  # fmt: skip
def test_real_tunes(name, step, request):
    named = name in ("irish", "jigs", "oneills")
    corpus = request.getfixturevalue(name) if named else load_corpus(name)
    counts, kept = count(corpus, step)
    assert counts["tunes"] == counts["same music and stable"] == len(corpus.tunes) // step
    assert not kept


@pytest.mark.slow
@pytest.mark.parametrize("name", ["irish", "jigs", "oneills", "airds", "ryans", "essen"])
def test_more_tunes(name, request):
    named = name in ("irish", "jigs", "oneills")
    corpus = request.getfixturevalue(name) if named else load_corpus(name)
    counts, _ = count(corpus, step=10)
    assert counts["tunes"] == counts["same music and stable"] == len(corpus.tunes) // 10


@pytest.mark.slow
@pytest.mark.parametrize("name", ["irish", "jigs", "oneills", "airds", "ryans", "essen"])
def test_every_tune_is_formatted(name, request):
    """The formatter compares each tune with the original itself, and raises if it differs."""
    named = name in ("irish", "jigs", "oneills")
    corpus = request.getfixturevalue(name) if named else load_corpus(name)
    text = "\n\n".join(map(tidy, corpus.tunes)) + "\n"
    card = read_card(name)
    assert len(corpus.tunes) == card.tunes
    assert card.text_bytes == len(corpus.text.encode())
    assert card.tidied_bytes == len(text.encode())


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "tunes"), [("irish", 804), ("jigs", 340), ("oneills", 2009), ("airds", 1180),
                        ("ryans", 1059), ("essen", 8514)],
)  # fmt: skip
def test_all_tunes(name, tunes, request):
    named = name in ("irish", "jigs", "oneills")
    corpus = request.getfixturevalue(name) if named else load_corpus(name)
    counts, _ = count(corpus)
    assert counts["tunes"] == counts["same music and stable"] == tunes


# Hostile text ---------------------------------------------------------------------------------


def survives(text):
    """Format a text: it stays the same music, or is refused."""
    try:
        tidied = tidy(text)
    except ABCError:
        return False
    require_tidy(text, tidied)
    return True


def mutations(tunes, number, seed):
    source = random.Random(seed)  # noqa: S311
    formatted = sum(survives(fuzz.mutated(tunes, source)) for _ in range(number))
    assert formatted > number / 2


def test_mutated_tunes(oneills):
    mutations(list(oneills.tunes[::20]), 12, seed=1)


@pytest.mark.slow
def test_many_mutated_tunes(oneills):
    mutations(list(oneills.tunes), 1000, seed=2)


@pytest.mark.parametrize("seed", range(3))
def test_mutated_tunebooks_keep_everything_that_is_not_formatted(oneills, seed):
    source = random.Random(seed)  # noqa: S311
    tunes = list(oneills.tunes[::50])
    text = "\n\n".join(fuzz.mutated(tunes, source) for _ in range(3))
    tidied = tidy_tunebook(text)
    assert tidy_tunebook(tidied.text).text == tidied.text
    letters = [sorted(c for c in t if c.isalpha()) for t in (text, tidied.text)]
    assert letters[0] == letters[1]


GROWTH = {
    "bars": "ABcd efga|",
    "continuations": "ABcd efga|\\\n",
    "unclosed chords": "[ABc ",
    "ties": "a-|",
    "endings": "[1 a ",
    "comments": "abc| % c\n",
    "quotations": '"a',
    "spaces": "a      ",
    "openings": "|: ",
    "a chord without end": "(a",
    "voices": "[V:1]a|",
    "adjacent bar lines": "| |",
    "fields": "K:D\nabc|\n",
}


def steps(text):
    with StepLimit(10**9) as counter:
        survives_once(text)
    return counter.steps


def survives_once(text):
    try:
        tidy(text)
    except ABCError:
        return


@pytest.mark.parametrize("name", GROWTH)
def test_the_cost_is_linear(name):
    few, many = (steps(HEADER + GROWTH[name] * n) for n in (30, 120))
    assert many < 4.5 * few


def test_formatting_does_not_make_a_tune_invalid(jigs):
    for tune in jigs.tunes[::60]:
        assert len(check_tune(tidy(tune))) == len(check_tune(tune))
