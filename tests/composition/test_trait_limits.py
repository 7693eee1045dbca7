"""Limits on traits of accepted tunes, against the shares in the training tunes."""

import itertools

import pytest

from abcrnn import CharLSTM, Vocabulary, load_corpus
from abcrnn.composition.composer import compose
from abcrnn.composition.requests import Requests
from abcrnn.composition.trait_limits import TraitLimits, limits_of, training_shares, traits_of
from abcrnn.data.novelty import NoveltyIndex
from abcrnn.evaluation.metric_distributions import MetricDistributions, recorded_metrics
from abcrnn.evaluation.tune_metrics import measure, measure_all
from abcrnn.notation import read_tune

BEGINNING = "X:1\nM:6/8\nK:G\n"
OFF_TONIC = {"ends off the tonic": True}


def traits(music):
    return traits_of(measure(read_tune(f"{BEGINNING}{music}")))


def test_traits_of_tunes():
    plain = {"leaps over an octave": False, "ends off the tonic": False, "no bar returns": False}
    assert traits("GABcde|GABcde|G6|") == plain
    assert traits("GABcde|GABcde|A6|") == {**plain, "ends off the tonic": True}
    assert traits("GABcde|G6|") == {**plain, "no bar returns": True}
    assert traits("GABcde|GABcde|GABG,b3|G6|") == {**plain, "leaps over an octave": True}


def test_shares_are_those_of_the_training_tunes():
    tunes = load_corpus("irish").tunes[:80]
    shares = training_shares(MetricDistributions.of_tunes(tunes))
    metrics = measure_all(tunes)
    off = [m.ending != "tonic" for m in metrics if m.ending is not None]
    assert shares["ends off the tonic"] == sum(off) / len(off)
    assert shares["leaps over an octave"] == sum(m.leaps > 0 for m in metrics) / len(metrics)
    full = [m.returning == 0 for m in metrics if m.full_bars]
    assert shares["no bar returns"] == sum(full) / len(full)


@pytest.mark.parametrize("share", [0.0, 0.17, 0.5])
def test_at_most_the_share_of_the_accepted_tunes_has_a_trait(share):
    limits = TraitLimits({"ends off the tonic": share}, seed=3)
    accepted = []
    for has_trait in [True, True, False] * 300:
        if limits.refusal({"ends off the tonic": has_trait}) is None:
            accepted.append(has_trait)
    for n, having in enumerate(itertools.accumulate(accepted), 1):
        assert having <= share * n + 1
    assert sum(accepted) == pytest.approx(len(accepted) * share, abs=1)


def test_the_expected_share_of_a_single_tune_is_that_of_the_training_tunes():
    # 2,000 seeds; the standard error is 0.008.
    accepted = [TraitLimits({"ends off the tonic": 0.17}, seed).refusal(OFF_TONIC) is None
                for seed in range(2000)]  # fmt: skip
    assert sum(accepted) / 2000 == pytest.approx(0.17, abs=0.03)


def test_at_most_two_tunes_are_refused_for_each_accepted_one():
    limits = TraitLimits({"ends off the tonic": 0.0}, seed=0)
    found = [limits.refusal(OFF_TONIC) for _ in range(30)]
    assert found.count(None) == 10 and found[:3] == ["ends off the tonic"] * 2 + [None]


def test_tunes_without_the_trait_are_accepted():
    limits = TraitLimits({"ends off the tonic": 0.0, "no bar returns": 0.0}, seed=0)
    assert limits.refusal({"ends off the tonic": False}) is None
    assert limits.refusal({}) is None


def make_model():
    model = CharLSTM(
        Vocabulary.from_text("X:1234\nM6/8RjigKEDGABcde|"),
        embedding_dim=8, units=16, num_layers=1, dropout=0, seed=0,
    )  # fmt: skip
    model.novelty = NoveltyIndex([f"{BEGINNING}GABcde|"])
    model.about = {"tune_metrics": recorded_metrics([f"{BEGINNING}GABcde|GABG,b3|G6|"] * 9)}
    return model


def test_a_model_without_metrics_has_no_limits():
    model = make_model()
    model.about = {}
    assert limits_of(model, Requests(), 0) is None


def test_a_requested_ending_is_not_limited():
    limits = limits_of(make_model(), Requests(ending="chord"), 0)
    assert all(limits.refusal({**OFF_TONIC, "leaps over an octave": False}) is None
               for _ in range(9))  # fmt: skip


def test_composed_tunes_match_the_training_tunes():
    # The training tunes all leap, no bar of them returns, and they end on the tonic.
    settings = {"prompt": BEGINNING, "bars": 4, "max_length": 120, "seed": 1}
    model = make_model()
    limited, free = (compose(model, 8, match_training=match, **settings) for match in (True, False))
    reason = "ends off the tonic, more often than training tunes"
    assert limited.report.refused[reason] and reason not in free.report.refused

    def off_tonic(made):
        return sum(metrics.ending != "tonic" for metrics in measure_all(made.tunes))

    assert off_tonic(limited) < off_tonic(free)
