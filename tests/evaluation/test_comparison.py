import copy

import numpy as np
import pytest

from abcrnn import Corpus, compare, evaluate, load_corpus, load_model
from abcrnn.evaluation import Scorer
from abcrnn.evaluation.bootstrap import interval, resampled_ratios
from abcrnn.notation.tunebook import tune_title


@pytest.fixture(scope="module")
def models(trained):
    first = load_model(trained)
    second = copy.deepcopy(first)
    rng = np.random.default_rng(0)
    for weight in second.trainable_variables:
        weight.assign_add(rng.normal(scale=0.05, size=weight.shape))
    return {"first": first, "second": second}


@pytest.fixture(scope="module")
def corpora(homemade, few_tunes):
    return [load_corpus(homemade), Corpus("others", few_tunes.tunes[:5])]


@pytest.fixture(scope="module")
def found(models, corpora):
    return compare(models, corpora, resamples=200, seed=3)


def test_the_scores_are_those_of_evaluate(found, models, corpora):
    assert [(r["corpus"], r["model"]) for r in found.records] == [
        ("homemade", "first"), ("homemade", "second"), ("others", "first"), ("others", "second"),
    ]  # fmt: skip
    for record in found.records:
        [corpus] = [corpus for corpus in corpora if corpus.name == record["corpus"]]
        scores = evaluate(models[record["model"]], corpus)
        assert {name: record[name] for name in scores} == scores
        assert record["low"] < record["bits_per_char"] < record["high"]
        assert record["temperature"] == 1
    assert found.records[2]["unknown_characters"] > 0


def test_differences_are_paired_and_from_the_first_model(found, models, corpora):
    first, second = found.records[:2]
    assert first["difference"] is first["difference_low"] is first["difference_high"] is None
    assert second["difference"] == second["bits_per_char"] - first["bits_per_char"]
    scores = [Scorer(model).score(corpora[0].tunes) for model in models.values()]
    ratios = resampled_ratios(
        np.stack([s.bits for s in scores]), np.stack([s.characters for s in scores]), 200, 3
    )
    assert (first["low"], first["high"]) == interval(ratios[0])
    paired = interval(ratios[1] - ratios[0])
    assert (second["difference_low"], second["difference_high"]) == paired
    assert paired[0] < second["difference"] < paired[1]


def test_the_costs_of_each_tune_add_up(found, corpora):
    assert len(found.tunes) == 2 * sum(len(corpus.tunes) for corpus in corpora)
    assert [tune["tune"] for tune in found.tunes[:4]] == [0, 0, 1, 1]
    assert found.tunes[0]["title"] == tune_title(corpora[0].tunes[0]) != ""
    for record in found.records:
        own = [t for t in found.tunes if (t["corpus"], t["model"]) ==
               (record["corpus"], record["model"])]  # fmt: skip
        for part in ("", "header_", "body_"):
            bits = sum(tune[f"{part}bits"] for tune in own)
            characters = sum(tune[f"{part}characters"] for tune in own)
            assert bits / characters == pytest.approx(record[f"{part}bits_per_char"])
            for tune in own:
                ratio = tune[f"{part}bits"] / tune[f"{part}characters"]
                assert tune[f"{part}bits_per_char"] == ratio
        assert sum(t["unknown_characters"] for t in own) == record["unknown_characters"]


def test_the_seed_decides_the_intervals(found, models, corpora):
    again = compare(models, corpora, resamples=200, seed=3)
    assert again == found
    other = compare(models, corpora[0], resamples=200, seed=4)
    assert other.records[0]["low"] != found.records[0]["low"]
    assert other.records[0]["bits_per_char"] == found.records[0]["bits_per_char"]


def test_temperatures_and_models_without_names(models, corpora):
    first, second = models.values()
    [corpus, _] = corpora
    records = compare([first, first, second], corpus, [1, 1.5, 1.5], resamples=10).records
    assert [record["model"] for record in records] == ["1", "2", "3"]
    assert [record["temperature"] for record in records] == [1, 1.5, 1.5]
    expected = [
        evaluate(first, corpus),
        evaluate(first, corpus, 1.5),
        evaluate(second, corpus, 1.5),
    ]
    assert [r["bits_per_char"] for r in records] == [e["bits_per_char"] for e in expected]
    both = compare([first, second], corpus, 1.5, resamples=10).records
    assert [record["bits_per_char"] for record in both] == [
        record["bits_per_char"] for record in records[1:]
    ]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (lambda m, c: ([], c), ValueError, "models must have at least one model"),
        (lambda m, c: (["m.abcrnn"], c), TypeError, "must be a model over characters"),
        (lambda m, c: (c[0], m["first"]), TypeError, "must be a model over characters"),
        (lambda m, c: (m, []), ValueError, "corpora must have at least one corpus"),
        (lambda m, c: (m, "jigs"), TypeError, "corpora must be"),
        (lambda m, c: (m, Corpus("empty", ())), ValueError, "no tunes"),
        (lambda m, c: (m, c, [1]), ValueError, "one for each of 2 models, not 1 numbers"),
        (lambda m, c: (m, c, 0), ValueError, "temperature must be a positive number"),
        (lambda m, c: (m, c, "tuned"), ValueError, "temperature must be a positive number"),
    ],
)
def test_invalid_arguments_are_refused(models, corpora, arguments, error, message):
    with pytest.raises(error, match=message):
        compare(*arguments(models, corpora))


@pytest.mark.parametrize("options", [{"resamples": 0}, {"seed": -1}, {"resamples": 1.5}])
def test_invalid_options_are_refused(models, corpora, options):
    [name] = options
    with pytest.raises(ValueError, match=f"{name} must be a whole number"):
        compare(models, corpora, **options)
