"""Requests checked on finished tunes and on beginnings."""

import random

import pytest
from helpers.walks import Walker

from abcrnn.composition.request_checks import contradicted_requests, unmet_requests
from abcrnn.composition.requests import Requests
from abcrnn.grammar import TuneAutomaton
from abcrnn.notation import check_tune, read_tune
from abcrnn.notation.playing import played_bars

HEADER = "X:1\nR:jig\nM:6/8\nL:1/8\nK:G\n"
BAR = "GBd gfe|"

VALID = f"{HEADER}|:d|{BAR * 3}GBd gf:|\n|:e|{BAR * 3}Gbg gd:|"
ALL = Requests(
    key="G", meter="6/8", rhythm="jig", bars=8, form="AABB", pitches="G-b", opening="|:d|GBd"
)


@pytest.mark.parametrize(
    ("old", "new", "unmet"),
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
def test_each_unmet_request_is_named(old, new, unmet):
    assert unmet_requests(ALL, VALID) == []
    changed = VALID.replace(old, new, 1)
    assert changed != VALID
    assert unmet_requests(ALL, changed) == unmet
    assert unmet_requests(Requests(), changed) == []


@pytest.mark.parametrize(
    ("key", "last", "unmet_tonic", "unmet_chord"),
    [
        ("G", "gd:|", True, False),
        ("G", "gG:|", False, False),
        ("G", "gc:|", True, True),
        ("G", "g_B:|", True, True),
        ("Gm", "gB:|", True, False),
        ("G", "g2:|", False, False),
        ("G", "gz:|", False, False),
        ("none", "gG:|", True, True),  # no tonic to end on
    ],
)
def test_the_ending_is_checked(key, last, unmet_tonic, unmet_chord):
    tune = VALID.replace("Gbg gd:|", f"Gbg {last}").replace("K:G", f"K:{key}")
    assert tune.endswith(last)
    for ending, unmet in (("tonic", unmet_tonic), ("chord", unmet_chord)):
        assert unmet_requests(Requests(ending=ending), tune) == ["ending"] * unmet
        assert contradicted_requests(Requests(ending=ending), tune) == []


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
def test_requests_that_a_beginning_contradicts(beginning, names):
    assert contradicted_requests(ALL, beginning) == names
    assert contradicted_requests(Requests(), beginning) == []


@pytest.mark.parametrize(
    "requests",
    [
        {"bars": 1},
        {"bars": 5},
        {"form": "AABB", "bars": 4},
        {"form": "AAB", "bars": 4},
        {"form": "ABC", "bars": 3},
        pytest.param({"form": "AAB"}, marks=pytest.mark.slow),
    ],
)
def test_tunes_under_the_constraint_match_the_requests(requests):
    """The grammar and the check of the finished tune share no code."""
    requested = Requests(**requests)
    form = requested.sections()
    automaton = TuneAutomaton(
        "X:1\nM6/8LK DGABcd|2'", form=form, bars=None if form else requested.bars
    )
    walker = Walker(automaton, random.Random(5))  # noqa: S311
    matching = 0
    for _ in range(25):
        tune = walker.walk(120, "X:1\nM:6/8\nK:D\n").rstrip("\n")
        bars = [bar.length / bar.meter.length for bar in read_tune(tune).voices[0].bars]
        played = [bar.length / bar.meter.length for bar in played_bars(read_tune(tune).voices[0])]
        if check_tune(tune) or unmet_requests(requested, tune):
            continue
        matching += 1
        # A repeat that begins within a bar may separate the pickup.
        assert requested.bars in (None, int(sum(bars)), -int(-sum(bars) // 1)), tune
        if form and requested.bars:
            expected = requested.bars // len(form) * len(requested.form)
            assert expected in (int(sum(played)), -int(-sum(played) // 1)), tune
    assert matching
