"""Distributions of the metrics of tunes, and how typical a tune is."""

import json
import math

import pytest

from abcrnn import load_corpus
from abcrnn.evaluation.metric_distributions import (
    MAX_TUNES,
    MetricDistributions,
    classes_of,
    recorded_metrics,
)
from abcrnn.evaluation.tune_metrics import measure
from abcrnn.notation import read_tune

HEADER = "X:1\nM:2/4\nL:1/8\nK:D\n"
TYPICAL = HEADER + "FA d2|FA d2|BAGF|D4|]"
OTHER = HEADER + "FA d'2|De'fg|"


def metrics(tune):
    return measure(read_tune(tune), len(tune))


def test_classes():
    assert classes_of(metrics(TYPICAL)) == {
        "ending": 0,
        "last note": 4,
        "leaps": 0,
        "returning": 2,  # a quarter
        "returning rhythms": 2,
        "returning pairs": 0,
        "bars": 4,
    }
    assert classes_of(metrics(OTHER)) == {
        "ending": 2,
        "last note": 2,
        "leaps": 3,
        "returning": 0,
        "returning rhythms": 0,
        "returning pairs": 0,
        "bars": 2,
    }
    without_key = classes_of(metrics(TYPICAL.replace("K:D", "K:none")))
    assert "ending" not in without_key and without_key["bars"] == 4
    assert "returning pairs" not in classes_of(metrics(HEADER + "d4|]"))
    long = metrics(HEADER + "d4|" * 300 + "d//z//z3|]")
    assert (classes_of(long)["bars"], classes_of(long)["last note"]) == (65, 0)
    assert classes_of(long)["returning"] == 8


def test_surprise_by_hand():
    distributions = MetricDistributions.of_tunes([TYPICAL] * 3 + [OTHER, "X:9\nK:D\nZ9999|"])
    assert distributions.tunes == 4
    # In the order of the kinds: tunes in the class of the tune, and number of classes.
    classes = (3, 5, 4, 9, 9, 9, 66)
    typical, other = (3, 3, 3, 3, 3, 4, 3), (1, 1, 1, 1, 1, 4, 1)
    for tune, counts in (TYPICAL, typical), (OTHER, other):
        bits = [math.log2((4 + c) / (n + 1)) for n, c in zip(counts, classes, strict=True)]
        assert distributions.surprise(metrics(tune)) == pytest.approx(sum(bits) / 7)
    assert distributions.surprise(metrics(HEADER + "z4|]")) > distributions.surprise(
        metrics(TYPICAL)
    )


def test_real_tunes_are_more_typical_than_mixed_up_ones(homemade):
    """Tunes with the notes in alphabetical order have the same lengths but not the same form."""
    tunes = load_corpus(homemade).tunes
    distributions = MetricDistributions.of_tunes(tunes)
    real = [distributions.surprise(metrics(tune)) for tune in tunes]
    strange = []
    for tune in tunes:
        head, body = tune.split("\nK:")
        key, music = body.split("\n", 1)
        strange.append(metrics(f"{head}\nK:{key}\n" + music.rstrip("|]: \n") + " c'''/4 B,,/4|]"))
    assert max(real) < min(map(distributions.surprise, strange))


def test_the_record_is_json_and_is_read_again():
    record = recorded_metrics([TYPICAL, OTHER])
    read = MetricDistributions(json.loads(json.dumps(record)))
    assert read.to_dict() == record and repr(read) == "MetricDistributions(tunes=2)"
    assert recorded_metrics(["X:1\nK:D\n", "no tune"]) is None


def test_a_large_part_is_measured_in_part():
    tunes = [TYPICAL] * (3 * MAX_TUNES) + [OTHER] * (3 * MAX_TUNES)
    record = recorded_metrics(tunes)
    assert sum(record["bars"]) == MAX_TUNES and record["ending"] == [
        MAX_TUNES // 2,
        0,
        MAX_TUNES // 2,
    ]
    assert recorded_metrics([TYPICAL, TYPICAL + "\nd4|" * 10_000])["bars"][4] == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"ending": None},
        {"ending": [1, 2]},
        {"ending": [1, 2, 3, 4]},
        {"ending": [1, 2, -1]},
        {"ending": [1, 2, 1.5]},
        {"ending": [1, 2, True]},
        {"ending": [1, 2, 10**30]},
        {"ending": "123"},
    ],
)
def test_wrong_records_are_refused(wrong):
    record = recorded_metrics([TYPICAL])
    with pytest.raises(ValueError, match="the metric 'ending' must have a list of 3 numbers"):
        MetricDistributions({**record, **wrong})
    with pytest.raises(ValueError, match="the metric 'bars' must"):
        MetricDistributions({kind: counts for kind, counts in record.items() if kind != "bars"})
