"""What is usual in a corpus, and who keeps to it."""

import pytest

from abcrnn.composition.requests import Orders, bars_of, form_of, masks_for
from abcrnn.notation import read_tune
from abcrnn.reports.request_rates import obeyed, usual_orders

BAR = {"6/8": "GBd gdB|", "4/4": "GBdB gdBG|", "3/4": "GB dB gd|"}


def tune_of(meter, bars, key="G", rhythm="", repeated=False, bar=""):
    rhythm = f"R:{rhythm}\n" if rhythm else ""
    music = ((bar or BAR[meter]) * bars)[:-1] + (":|" if repeated else "||")
    return f"X:1\n{rhythm}M:{meter}\nK:{key}\n{music}"


BOOK = [
    *[tune_of("6/8", 8, "D", "jig", True)] * 3,
    *[tune_of("6/8", 8, "A", "jig", True)] * 2,
    *[tune_of("6/8", 4, "G")] * 3,
    *[tune_of("4/4", 16, "G", "reel")] * 7,  # the commonest key and length are not of a jig
]


def test_orders_that_go_together():
    """The meter first, and then what is usual among its tunes."""
    jig = {"meter": "6/8", "bars": 8, "form": "AA", "key": "D", "rhythm": "jig"}
    assert usual_orders(BOOK) == Orders(**jig, pitches="D whistle")
    assert usual_orders(BOOK[5:]).meter == "4/4"
    assert usual_orders(BOOK[5:]).bars == 16


def test_the_narrowest_range():
    ranges = {"D whistle": ("D", "b"), "C whistle": ("C", "a"), "fiddle": ("G,", "b")}
    for name, (low, high) in ranges.items():
        tune = tune_of("6/8", 4, bar=f"{low}Bd gd{high}|")
        assert usual_orders([tune]).pitches == name
    assert usual_orders([tune_of("6/8", 4, bar="E,Bd gdB|")]).pitches is None


def test_what_cannot_be_ordered_is_left_out():
    assert not usual_orders([])
    assert not usual_orders(["no tune", "X:1\nK:D\n"])
    no_beat = "X:1\nM:none\nK:HP\nABc d|ABc dA|"
    found = usual_orders([no_beat])
    assert found.meter is None and found.key is None
    uneven = tune_of("6/8", 4) + "\nGBd gdB||"
    assert usual_orders([uneven]).form is None
    assert usual_orders([tune_of("6/8", 40)]).bars is None  # too long for the cap
    six = [tune_of("6/8", 8, rhythm=f"dance {n}") for n in range(6)]
    assert usual_orders(six).rhythm is None and usual_orders(six[:5]).rhythm == "dance 0"


def test_each_and_all_are_counted():
    orders = Orders(key="D", meter="6/8", bars=8)
    tunes = [
        tune_of("6/8", 8, "D"),
        tune_of("6/8", 8, "Dmaj"),
        tune_of("6/8", 8, "G"),
        tune_of("3/4", 7, "D"),
        "nothing that can be read",
    ]
    found = obeyed(orders, tunes, 7)
    assert (found.tunes, found.all) == (7, 2)
    assert found.each == {"key": 3, "meter": 3, "bars": 3}


@pytest.mark.parametrize("name", ["irish", "jigs", "oneills"])
def test_real_books_have_something_usual(name, request):
    tunes = request.getfixturevalue(name).tunes[::20]
    orders = usual_orders(tunes)
    assert orders.form == "AABB" and orders.bars == 16
    assert masks_for("X:1234\nM6/8C|KGDAEBFGabcdefg", orders)  # which some tune could keep to
    found = obeyed(orders, tunes, len(tunes))
    assert 0 < found.all < len(tunes)
    alike = [read_tune(tune) for tune in tunes if not orders.disobeyed(tune)]
    assert {(bars_of(tune), form_of(tune)) for tune in alike} == {(16, "AABB")}
