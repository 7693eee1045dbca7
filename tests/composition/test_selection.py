"""Selection of the best of several candidates."""

import logging

import pytest

from abcrnn import CharLSTM, Ensemble, Vocabulary, load_model
from abcrnn.composition.composer import compose
from abcrnn.composition.composition_report import Report
from abcrnn.composition.provenance import parse_provenance, without_provenance
from abcrnn.composition.reproduction import reproduce_all
from abcrnn.composition.selection import BestOf, typicality
from abcrnn.data.novelty import NoveltyIndex
from abcrnn.evaluation.metric_distributions import MetricDistributions, recorded_metrics
from abcrnn.evaluation.tune_metrics import measure
from abcrnn.notation import read_tune

VOCABULARY = Vocabulary.from_text("X:1234\nM6/8RjigKEDGABcde|")
BEGINNING = "X:1\nM:6/8\nK:G\n"
SMALL = {"prompt": BEGINNING, "bars": 4, "max_length": 120, "seed": 1}
TRAINING = [f"{BEGINNING}GABcde|GABcde|BAGBAG|G6|" for _ in range(20)]


def make_model(seed=0):
    model = CharLSTM(VOCABULARY, embedding_dim=8, units=16, num_layers=1, dropout=0, seed=seed)
    model.novelty = NoveltyIndex([f"{BEGINNING}GABcde|"])
    model.about = {"tune_metrics": recorded_metrics(TRAINING)}
    return model


@pytest.fixture(scope="module")
def model():
    return make_model()


def test_groups():
    asked = []

    def rank(tunes):
        asked.append(tunes)
        return [len(tune) for tune in tunes]

    selection = BestOf(3, rank)
    candidates = ["a", "bbb", "ccc", "d", "e", "ff", "gggg"]
    found = [selection.add(stream, tune) for stream, tune in enumerate(candidates)]
    assert found == [None, None, (1, "bbb"), None, None, (5, "ff"), None]
    assert asked == [["a", "bbb", "ccc"], ["d", "e", "ff"]]


def test_without_a_rank_the_first_is_selected():
    selection = BestOf(2)
    assert selection.add(4, "a") is None and selection.add(5, "bb") == (4, "a")
    assert BestOf(1).add(7, "c") == (7, "c")


def test_a_typical_tune_has_the_higher_score(model):
    odd = f"{BEGINNING}GABcde|DDGece|BAGBAG|BAGBAc|"
    scores = typicality(model)([TRAINING[0], odd])
    distributions = MetricDistributions(model.about["tune_metrics"])
    assert scores == [
        -distributions.surprise(measure(read_tune(tune), len(tune))) for tune in (TRAINING[0], odd)
    ]
    assert scores[0] > scores[1]


@pytest.mark.slow
def test_compose_returns_the_best_of_each_group_and_reproduces_it(model):
    single = compose(model, 6, **SMALL)
    chosen = compose(model, 2, **SMALL, best_of=3)
    texts = [without_provenance(tune) for tune in single.tunes]
    rank = typicality(model)
    for number, tune in enumerate(chosen.tunes):
        group = texts[3 * number : 3 * number + 3]
        scores = rank(group)
        best = group[scores.index(max(scores))]
        assert without_provenance(tune).split("\n", 1)[1] == best.split("\n", 1)[1]
        assert tune.startswith(f"X:{number + 1}\n")
        assert parse_provenance(tune).settings.best_of == 3
    assert chosen.report.accepted == 6 and chosen.report.best_of == 3
    assert reproduce_all(chosen.tunes, model) == chosen.tunes
    assert '"best_of"' not in single.tunes[0]


def test_the_report_counts_returned_tunes():
    report = Report(best_of=3)
    for _ in range(6):
        report.count(None)
    assert str(report).splitlines() == [
        "6 generated, 6 accepted (100%) in 0.0 s",
        "     2 returned: the best of 3",
    ]


def test_a_model_without_metrics_returns_the_first_candidate(caplog):
    old = make_model()
    old.about = {}
    with caplog.at_level(logging.WARNING):
        tunes = compose(old, 2, **SMALL, best_of=3).tunes
    assert "does not record the metrics of its training tunes (tune_metrics)" in caplog.text
    assert tunes == compose(old, 2, **SMALL).tunes


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "2", 1001])
def test_invalid_numbers_of_candidates(model, value):
    with pytest.raises(ValueError, match="best_of must be"):
        compose(model, 1, **SMALL, best_of=value)


def test_a_record_of_a_stranger_is_refused(model, tmp_path):
    other = make_model()
    other.about = {"tune_metrics": {"bars": [1, 2]}}
    other.save(tmp_path / "m.abcrnn")
    with pytest.raises(ValueError, match="the metric 'ending' must have a list of 3 numbers"):
        compose(load_model(tmp_path / "m.abcrnn"), 1, **SMALL, best_of=2)


def test_an_ensemble_has_the_metrics_of_all_members(model):
    other = make_model(seed=1)
    other.about = {"tune_metrics": recorded_metrics([BEGINNING + "G6|"] * 5)}
    both = Ensemble([model, other]).about["tune_metrics"]
    assert both == recorded_metrics([*TRAINING, *[BEGINNING + "G6|"] * 5])
    same = make_model(seed=2)
    assert Ensemble([model, same]).about["tune_metrics"] == model.about["tune_metrics"]
    same.about = {}
    assert "tune_metrics" not in Ensemble([model, same]).about
