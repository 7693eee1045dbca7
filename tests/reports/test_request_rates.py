"""Requests typical of a corpus, and how many tunes match them."""

from types import SimpleNamespace

import pytest

from abcrnn.composition.request_checks import unmet_requests
from abcrnn.composition.requests import Requests, constraint_for
from abcrnn.composition.tune_form import count_bars, form_of
from abcrnn.data.vocabulary import Vocabulary
from abcrnn.notation import read_tune
from abcrnn.reports.request_rates import MatchCounts, count_matches, typical_requests

BAR = {"6/8": "GBd gdB|", "4/4": "GBdB gdBG|", "3/4": "GB dB gd|"}


def tune_of(meter, bars, key="G", rhythm="", repeated=False, bar=""):
    rhythm = f"R:{rhythm}\n" if rhythm else ""
    music = ((bar or BAR[meter]) * bars)[:-1] + (":|" if repeated else "||")
    return f"X:1\n{rhythm}M:{meter}\nK:{key}\n{music}"


BOOK = [
    *[tune_of("6/8", 8, "D", "jig", True)] * 3,
    *[tune_of("6/8", 8, "A", "jig", True)] * 2,
    *[tune_of("6/8", 4, "G")] * 3,
    *[tune_of("4/4", 16, "G", "reel")] * 7,  # the most frequent key and length are those of reels
]


def test_typical_requests_occur_together():
    """First the meter, then what is typical of the tunes in it."""
    jig = {"meter": "6/8", "bars": 8, "form": "AA", "key": "D", "rhythm": "jig"}
    assert typical_requests(BOOK) == Requests(**jig, pitches="D whistle")
    assert typical_requests(BOOK[5:]).meter == "4/4"
    assert typical_requests(BOOK[5:]).bars == 16


def test_the_narrowest_range():
    ranges = {"D whistle": ("D", "b"), "C whistle": ("C", "a"), "fiddle": ("G,", "b")}
    for name, (low, high) in ranges.items():
        tune = tune_of("6/8", 4, bar=f"{low}Bd gd{high}|")
        assert typical_requests([tune]).pitches == name
    assert typical_requests([tune_of("6/8", 4, bar="E,Bd gdB|")]).pitches is None


def test_what_cannot_be_requested_is_left_out():
    assert not typical_requests([])
    assert not typical_requests(["no tune", "X:1\nK:D\n"])
    no_beat = "X:1\nM:none\nK:HP\nABc d|ABc dA|"
    found = typical_requests([no_beat])
    assert found.meter is None and found.key is None
    uneven = tune_of("6/8", 4) + "\nGBd gdB||"
    assert typical_requests([uneven]).form is None
    assert typical_requests([tune_of("6/8", 40)]).bars is None  # may exceed the maximum length
    six = [tune_of("6/8", 8, rhythm=f"dance {n}") for n in range(6)]
    assert typical_requests(six).rhythm is None and typical_requests(six[:5]).rhythm == "dance 0"


def test_matches_of_each_and_of_all_requests():
    requests = Requests(key="D", meter="6/8", bars=8)
    tunes = [
        tune_of("6/8", 8, "D"),
        tune_of("6/8", 8, "Dmaj"),
        tune_of("6/8", 8, "G"),
        tune_of("3/4", 7, "D"),
        "nothing that can be read",
    ]
    each = {"key": 3, "meter": 3, "bars": 3}
    assert count_matches(requests, tunes, 7) == MatchCounts(tunes=7, all=2, each=each)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["irish", "jigs", "oneills"])
def test_real_corpora_have_typical_requests(name, request):
    tunes = request.getfixturevalue(name).tunes[::20]
    requests = typical_requests(tunes)
    assert requests.form == "AABB" and requests.bars == 16
    model = SimpleNamespace(vocabulary=Vocabulary.from_text("X:1234\nM6/8C|KGDAEBFGabcdefg"))
    assert constraint_for(model, requests)  # some tune can match
    found = count_matches(requests, tunes, len(tunes))
    assert 0 < found.all < len(tunes)
    matching = [read_tune(tune) for tune in tunes if not unmet_requests(requests, tune)]
    assert {(count_bars(tune), form_of(tune)) for tune in matching} == {(16, "AABB")}
