"""What is asked of a tune, and how it is checked on the finished one."""

import random
from fractions import Fraction

import pytest
from helpers.walks import Walker

from abcrnn.composition.requests import RANGES, Orders, bars_of, form_of
from abcrnn.grammar import TuneAutomaton
from abcrnn.grammar.terminals import KEYS, METERS
from abcrnn.notation import check_tune, read_tune
from abcrnn.notation.playing import played_bars

HEADER = "X:1\nR:jig\nM:6/8\nL:1/8\nK:G\n"
BAR = "GBd gfe|"


def tune_of(body, header=HEADER):
    return read_tune(header + body)


# How bars and forms are counted --------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "bars", "form"),
    [
        ("", 0, ""),
        ("GBd|", 0, "A"),  # nothing but a pickup
        (BAR * 3, 3, "A"),
        ("|:" + BAR * 2 + "GBd gfe:|", 3, "AA"),
        (BAR * 2 + "GBd gfe:|", 3, "AA"),  # without |:
        ("d|" + BAR * 2 + "GBd gfe|]", 3, "A"),
        ("|:d|" + BAR * 2 + "GBd gf:|", 3, "AA"),
        ("|:d|" + BAR * 2 + "GBd gf:||:e|" + BAR * 2 + "GBd gf:|", 6, "AABB"),
        ("|:d|" + BAR * 2 + "GBd gf::e|" + BAR * 2 + "GBd gf:|", 6, "AABB"),
        ("d|:" + BAR * 2 + "GBd gfe:|", 3, "AA"),  # a pickup before the repeat
        ("d|" + BAR * 2 + "GBd gf||e|" + BAR * 2 + "GBd gf|]", 6, "AB"),
        ("d|" + BAR * 3 + "GBd||gfe|" + BAR * 2 + "GBd gf|]", 7, "AB"),  # a bar cut in two
        ("d|" + BAR * 3 + "GBd gfe||" + BAR * 2 + "GBd gf|]", 7, "AB"),  # counted over sections
        ("|:" + BAR + "[1GBd gfe:|2GBd g3||", 3, "AA"),
        ("|:" + BAR + "|1GBd gfe:|2GBd g3||", 3, "AA"),  # a double bar before the endings
        (BAR + "GBd gfe||" + BAR + "G6:|", 4, "AA"),  # comes back to the beginning
        ("|:" + BAR + "GBd gfe||" + BAR + "G6:|" + BAR, 5, "AAB"),
        ("|:" + BAR + "[1GBd gfe:|2GBd g3|]" + "|:" + BAR * 2 + "G6:|", 6, "AABB"),
        ("|:d|" + BAR + "[1GBd gf:|2GBd g2||", 3, "AA"),  # endings that are short
        ("|:" + BAR + "GBd[1gfe:|2g3||", 3, "AA"),  # endings in the middle of a bar
        (BAR * 2 + "GBd gfe||" + "|:" + BAR * 2 + "GBd gfe:|", 6, "ABB"),
        (BAR * 2 + "GBd gfe||\n|:" + BAR * 2 + "GBd gfe:|", 6, "ABB"),
        (BAR * 2 + "GBd gfe:||:" + BAR * 2 + "G6:||:" + BAR + "G6:|", 8, "AABBCC"),
        (BAR + "[M:9/8]GBd gfe dcB|[M:6/8]" + BAR, 3, "A"),
    ],
)
def test_bars_and_forms_by_hand(body, bars, form):
    tune = tune_of(body)
    assert (bars_of(tune), form_of(tune)) == (bars, form)


def plain(tune):
    """Whether a tune's bars can be counted by its length: sound, one meter, and no endings."""
    meters = {bar.meter.length for bar in tune.bars()}
    return len(tune.voices) == len(meters) == 1 and not any(bar.ending for bar in tune.bars())


@pytest.mark.parametrize("name", ["irish", "jigs", "oneills"])
def test_bars_of_real_tunes_are_as_many_as_fit_into_their_length(name, request):
    tunes = [read_tune(t) for t in request.getfixturevalue(name).tunes[::7] if not check_tune(t)]
    tunes = [tune for tune in tunes if plain(tune) and tune.meter.length]
    assert len(tunes) > 15
    wrong = 0
    for tune in tunes:
        bars = tune.voices[0].bars
        length = sum(bar.length for bar in bars) / bars[0].meter.length
        # A last bar may be short without a pickup that makes it whole.
        wrong += bars_of(tune) not in (int(length), -int(-length // 1))
    assert wrong <= len(tunes) // 50


@pytest.mark.parametrize("name", ["irish", "jigs"])
def test_forms_of_real_tunes_last_as_long_as_what_is_played(name, request):
    """Sections of whole bars, each as often as the form says, against the tune played out."""
    compared = wrong = 0
    for text in request.getfixturevalue(name).tunes[::3]:
        tune = read_tune(text)
        form = form_of(tune)
        if check_tune(text) or not plain(tune) or tune.parts or not tune.meter.length:
            continue
        if len(set(form)) * 8 != bars_of(tune):
            continue  # of others, nothing outside tells how long the sections are
        compared += 1
        heard = sum((bar.length for bar in played_bars(tune.voices[0])), Fraction(0))
        # A pickup may come on top.
        wrong += int(heard / tune.meter.length) != 8 * len(form)
    assert compared > 30
    assert wrong <= compared // 50


# Orders --------------------------------------------------------------------------------------


def test_every_spelling_of_a_key_is_an_order():
    for key in KEYS:
        spellings = Orders(key=key).values()["K"]
        assert key in spellings
        assert len({text[: 1 + (text[1:2] in ("#", "b"))] for text in spellings}) == 1


@pytest.mark.parametrize(
    ("key", "same", "others"),
    [
        ("G", {"G", "Gmaj", "G major", "Gion"}, {"Em", "Gm", "Gmix"}),
        ("e minor", {"Em", "E min", "Eaeolian"}, {"G", "E", "Edor"}),
        ("A dorian", {"Ador", "ADor", "A dorian"}, {"Am", "G"}),
        (" Bb ", {"Bb", "Bbmaj"}, {"B", "Gm"}),
        ("F♯ min", {"F#m", "F#min"}, {"Fm"}),
    ],
)
def test_a_key_by_any_name(key, same, others):
    spellings = Orders(key=key).values()["K"]
    assert same <= spellings
    assert not others & spellings


def test_every_meter_is_an_order():
    for meter in METERS:
        assert meter in Orders(meter=meter).values()["M"]
    assert Orders(meter="4/4").values()["M"] == {"4/4", "C"}
    assert Orders(meter="C|").values()["M"] == {"2/2", "C|"}
    assert Orders(meter=" 6 / 8").values()["M"] == {"6/8"}


@pytest.mark.parametrize(
    ("orders", "message"),
    [
        ({"key": "H"}, "key must be a tonic and a mode, such as 'G' or 'Em', not 'H'"),
        ({"key": ""}, "key must be"),
        ({"key": " "}, "key must be"),
        ({"key": "none"}, "key must be"),
        ({"key": "G exp ^f"}, "key must be"),
        ({"key": "Elephant"}, "key must be"),
        ({"key": "G\nX:2"}, "key must be"),
        ({"key": "G#"}, "key must be"),  # of eight sharps
        ({"key": 5}, "key must be text, not 5"),
        ({"meter": "6/9"}, "meter must be one of C, 6/8, .*, not '6/9'"),
        ({"meter": "none"}, "meter must be one of"),
        ({"meter": "4/4\nK:C"}, "meter must be one of"),
        ({"meter": ""}, "meter must be one of"),
        ({"meter": 68}, "meter must be text"),
        ({"rhythm": " "}, "rhythm must be one line of text"),
        ({"rhythm": "jig\nK:D"}, "rhythm must be one line"),
        ({"rhythm": "100 % jig"}, "rhythm must be one line of text without %"),
        ({"bars": 0}, "bars must be a whole number of at least 1, not 0"),
        ({"bars": True}, "bars must be a whole number"),
        ({"bars": 8.0}, "bars must be a whole number"),
        ({"bars": 257}, "bars must be at most 256, not 257"),
        ({"form": ""}, "form must be letters"),
        ({"form": "AAA"}, "form must be letters"),
        ({"form": "BA"}, "form must be letters"),
        ({"form": "ABA"}, "form must be letters"),
        ({"form": "aabb"}, "form must be letters"),
        ({"form": "ABCDEFGHI"}, "form must be letters"),
        ({"form": "AABB", "bars": 15}, "15 bars cannot be shared among the 2 sections of AABB"),
        ({"pitches": "tin can"}, "pitches must be one of D whistle, .*, or two notes .* 'tin can'"),
        ({"pitches": "b-D"}, "pitches must be"),
        ({"pitches": "D-D"}, "pitches must be"),
        ({"pitches": "D"}, "pitches must be"),
        ({"pitches": "D-"}, "pitches must be"),
        ({"pitches": "D-b-c"}, "pitches must be"),
        ({"pitches": "^D-b"}, "pitches must be"),
        ({"pitches": ""}, "pitches must be"),
        ({"opening": "abc|"}, "an opening takes a key and a meter"),
        ({"opening": "abc|", "key": "G"}, "an opening takes"),
        ({"opening": " ", "key": "G", "meter": "C"}, "opening must be music"),
        ({"opening": "a|\n\nX:2", "key": "G", "meter": "C"}, "opening must be music without a bl"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_told_in_one_line(orders, message):
    with pytest.raises(ValueError, match=message) as caught:
        Orders(**orders)
    assert "\n" not in str(caught.value)


def test_sections():
    assert Orders().sections() == ()
    assert Orders(form="AABB", bars=16).sections() == ((8, True), (8, True))
    assert Orders(form="AAB").sections() == ((None, True), (None, False))
    assert Orders(form="ABC", bars=3).sections() == ((1, False),) * 3


def test_ranges():
    octaves = ("CDEFGAB", ","), ("CDEFGABcdefgab", ""), ("cdefgab", "'")
    scale = [letter + mark for letters, mark in octaves for letter in letters]
    assert Orders().range() == set(scale)
    assert Orders(pitches="G,-b").range() == set(scale[4:21])
    assert Orders(pitches="c-c'").range() == set(scale[14:22])
    for name, (lowest, highest) in RANGES.items():
        whole = scale[scale.index(lowest) : scale.index(highest) + 1]
        assert Orders(pitches=name).range() == set(whole)


@pytest.mark.parametrize(
    ("orders", "begun", "prompt"),
    [
        ({}, None, "X:"),
        ({"key": "G", "bars": 8}, None, "X:"),
        ({"rhythm": " jig "}, None, "X:1\nR:jig\n"),
        ({"opening": " abc| ", "key": "e", "meter": "C"}, None, "X:1\nM:C\nK:E\nabc|"),
        ({"rhythm": "jig"}, "X:7\nT:a\n", "X:7\nT:a\nR:jig\n"),
        ({"rhythm": "jig"}, "X:7\nR:jig\nT:a\n", "X:7\nR:jig\nT:a\n"),
        ({"rhythm": "jig"}, "X:7\nT:a", "X:7\nT:a"),
        ({"rhythm": "jig"}, "X:7\nM:C\nK:C\n", "X:7\nM:C\nK:C\n"),
        ({"opening": "abc|", "key": "A dorian", "meter": "C"}, "X:7\nM:4/4\nL:1/4\n",
         "X:7\nM:4/4\nL:1/4\nK:A dorian\nabc|"),
    ],
)  # fmt: skip
def test_how_an_ordered_tune_begins(orders, begun, prompt):
    assert Orders(**orders).prompt(begun) == prompt


SOUND = f"{HEADER}|:d|{BAR * 3}GBd gf:|\n|:e|{BAR * 3}Gbg gd:|"
ALL = Orders(
    key="G", meter="6/8", rhythm="jig", bars=8, form="AABB", pitches="G-b", opening="|:d|GBd"
)


@pytest.mark.parametrize(
    ("old", "new", "broken"),
    [
        ("K:G", "K:Gmaj", []),
        ("K:G", "K:D", ["key"]),
        ("K:G", "K:Em", ["key"]),
        ("|:e|", "|:[K:D]e|", ["key"]),
        ("M:6/8", "M:3/4", ["meter"]),
        ("R:jig", "R: jig", []),
        ("R:jig", "R:reel", ["rhythm"]),
        ("R:jig\n", "", ["rhythm"]),
        ("|:e|" + BAR, "|:e|" + BAR * 2, ["bars", "form"]),
        ("|:e|" + BAR, "|:e|", ["bars", "form"]),
        ("|:e|", "e|", []),  # without |: it comes back to the same place
        (":|\n|:", "||\n|:", ["form"]),
        ("gd:|", "gd|]", ["form"]),
        (BAR + "GBd gf:|\n|:e|" + BAR, "GBd gf:|\n|:e|" + BAR * 2, ["form"]),  # 3 bars and 5
        ("Gbg", "Fbg", ["pitches"]),
        ("Gbg", "Gc'g", ["pitches"]),
        ("Gbg", "G^bg", ["pitches"]),
        ("Gbg", "_Gbg", ["pitches"]),
        ("Gbg", "[DG]bg", ["pitches"]),
        ("Gbg", "{D}Gbg", ["pitches"]),
        ("|:d|GBd", "|:d|GBe", ["opening"]),
        ("|:d|GBd", "|:d|\\\nGBd", ["opening"]),
    ],
)
def test_each_order_broken_is_named(old, new, broken):
    assert ALL.disobeyed(SOUND) == []
    changed = SOUND.replace(old, new, 1)
    assert changed != SOUND
    assert ALL.disobeyed(changed) == broken
    assert Orders().disobeyed(changed) == []


@pytest.mark.parametrize(
    ("beginning", "names"),
    [
        ("X:", []),
        ("X:1\nM:6/8\nR:jig\n", []),
        ("X:1\nM:3/4\n", ["meter"]),
        ("X:1\nM:6", []),
        ("X:1\nR:reel\n", ["rhythm"]),
        ("X:1\nR:jig\nM:6/8\nK:Gmaj\n|:d|GBd", []),
        ("X:1\nR:jig\nM:6/8\nK:D\n|:d|GBd", ["key"]),
        ("X:1\nM:6/8\nK:G\n|:d|GBd", ["rhythm"]),
        ("X:1\nR:jig\nM:3/4\nK:Em\n", ["key", "meter", "opening"]),  # before any bar
        ("X:1\nR:jig\nM:6/8\nK:G\n|:d|GBdg'", ["pitches"]),
        ("X:1\nR:jig\nM:6/8\nK:G\nabc", ["opening"]),
    ],
)
def test_what_a_beginning_contradicts(beginning, names):
    assert ALL.contradicted(beginning) == names
    assert Orders().contradicted(beginning) == []


@pytest.mark.parametrize(
    "orders",
    [
        {"bars": 1},
        {"bars": 5},
        {"form": "AABB", "bars": 4},
        {"form": "AAB", "bars": 4},
        {"form": "ABC", "bars": 3},
        {"form": "AAB"},
    ],
)
def test_what_the_automaton_draws_to_order_is_found_in_order(orders):
    """The automaton and the count on the finished tune know nothing of each other."""
    asked = Orders(**orders)
    form = asked.sections()
    automaton = TuneAutomaton("X:1\nM6/8LK DGABcd|2'", form=form, bars=None if form else asked.bars)
    walker = Walker(automaton, random.Random(5))  # noqa: S311
    obeyed = 0
    for _ in range(25):
        tune = walker.walk(120, "X:1\nM:6/8\nK:D\n").rstrip("\n")
        bars = [bar.length / bar.meter.length for bar in read_tune(tune).voices[0].bars]
        heard = [bar.length / bar.meter.length for bar in played_bars(read_tune(tune).voices[0])]
        if check_tune(tune) or asked.disobeyed(tune):
            continue
        obeyed += 1
        # A repeat that begins in a bar may leave the pickup alone.
        assert asked.bars in (None, int(sum(bars)), -int(-sum(bars) // 1)), tune
        if form and asked.bars:
            expected = asked.bars // len(form) * len(asked.form)
            assert expected in (int(sum(heard)), -int(-sum(heard) // 1)), tune
    assert obeyed
