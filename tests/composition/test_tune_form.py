"""Number of bars and form of tunes: by hand, and against what is played."""

from fractions import Fraction

import pytest

from abcrnn.composition.tune_form import count_bars, form_of, split_sections
from abcrnn.notation import check_tune, read_tune
from abcrnn.notation.playing import played_bars

HEADER = "X:1\nR:jig\nM:6/8\nL:1/8\nK:G\n"
BAR = "GBd gfe|"


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
        (BAR + "GBd gfe||" + BAR + "G6:|", 4, "ABB"),  # comes back to the double bar
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
def test_bars_and_form_by_hand(body, bars, form):
    tune = read_tune(HEADER + body)
    assert (count_bars(tune), form_of(tune)) == (bars, form)


def is_plain(tune):
    """Whether the bars follow from the length: one voice, one meter, no endings."""
    meters = {bar.meter.length for bar in tune.bars()}
    return len(tune.voices) == len(meters) == 1 and not any(bar.ending for bar in tune.bars())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["irish", "jigs", "oneills"])
def test_bars_of_real_tunes_follow_from_their_length(name, request):
    tunes = [read_tune(t) for t in request.getfixturevalue(name).tunes[::7] if not check_tune(t)]
    tunes = [tune for tune in tunes if is_plain(tune) and tune.meter.length]
    assert len(tunes) > 15
    wrong = 0
    for tune in tunes:
        bars = tune.voices[0].bars
        length = sum(bar.length for bar in bars) / bars[0].meter.length
        # A last bar may be short without a pickup that completes it.
        wrong += count_bars(tune) not in (int(length), -int(-length // 1))
    assert wrong <= len(tunes) // 50


@pytest.mark.parametrize("name", ["irish", "jigs"])
def test_forms_of_real_tunes_are_as_long_as_what_is_played(name, request):
    """Sections of 8 bars, each as often as in the form, against the bars as played."""
    compared = wrong = 0
    for text in request.getfixturevalue(name).tunes[::3]:
        tune = read_tune(text)
        form = form_of(tune)
        if check_tune(text) or not is_plain(tune) or tune.parts or not tune.meter.length:
            continue
        if len(set(form)) * 8 != count_bars(tune):
            continue  # only of sections of 8 bars is the length known from elsewhere
        compared += 1
        played = sum((bar.length for bar in played_bars(tune.voices[0])), Fraction(0))
        # A pickup is played in addition.
        wrong += int(played / tune.meter.length) != 8 * len(form)
    assert compared > 30
    assert wrong <= compared // 50


def test_sections():
    tune = read_tune(f"{HEADER}{BAR * 2}GBd gfe||\n|:{BAR * 2}GBd gfe:|")
    assert split_sections(tune) == [(3, False), (3, True)]
    assert split_sections(read_tune(HEADER)) == []
