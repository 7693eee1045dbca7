from collections import Counter

import numpy as np
import pytest

from abcrnn import CharLSTM, evaluate, load_corpus, load_model
from abcrnn.evaluation import Scorer, tune_temperature


@pytest.fixture(scope="module")
def corpus(homemade):
    return load_corpus(homemade)


@pytest.fixture(scope="module")
def frequencies(corpus):
    """A function of a factor: a model whose logits are the factor times the log frequencies."""
    counts = Counter("".join(tune + "\n\n" for tune in corpus.tunes))
    logs = np.log([counts[character] for character in corpus.vocabulary.characters])

    def model(factor):
        model = CharLSTM(corpus.vocabulary, embedding_dim=2, units=2, num_layers=1)
        model.head.kernel.assign(0 * model.head.kernel)
        model.head.bias.assign(factor * logs)
        return model

    return model


@pytest.mark.slow
@pytest.mark.parametrize("factor", [0.55, 0.7, 1, 1.04, 1.9])
def test_the_temperature_undoes_a_factor_of_the_logits(frequencies, corpus, factor):
    """No distribution of single characters needs fewer bits than their frequencies."""
    model = frequencies(factor)
    temperature = tune_temperature(model, corpus)
    assert temperature == pytest.approx(factor, rel=0.005)
    bits = evaluate(model, corpus, temperature)["bits_per_char"]
    assert bits == pytest.approx(evaluate(frequencies(1), corpus)["bits_per_char"], abs=1e-4)
    if factor != 1:
        assert bits < evaluate(model, corpus)["bits_per_char"] - 1e-4


@pytest.mark.slow
@pytest.mark.parametrize(("factor", "limit"), [(0.2, 0.5), (5, 2)])
def test_it_is_within_its_limits(frequencies, corpus, factor, limit):
    assert tune_temperature(frequencies(factor), corpus) == limit


@pytest.mark.slow
def test_bits_at_several_temperatures_are_those_of_one_scorer_each(trained, corpus):
    model = load_model(trained)
    temperatures = [0.7, 1, 1.5]
    bits = Scorer(model).bits_at(corpus.tunes, temperatures)
    for temperature, found in zip(temperatures, bits, strict=True):
        scores = Scorer(model, temperature=temperature).score(corpus.tunes)
        assert found == pytest.approx(scores.bits.sum(), rel=1e-6)
        assert scores.correct.tolist() == Scorer(model).score(corpus.tunes).correct.tolist()
    assert len(set(bits.round(2))) == 3


def test_wrong_temperatures_are_refused(frequencies, corpus):
    for wrong in (0, -1, "warm", float("nan")):
        with pytest.raises(ValueError, match="temperature must be a positive number"):
            evaluate(frequencies(1), corpus, temperature=wrong)
        with pytest.raises(ValueError, match="temperatures must be a positive number"):
            Scorer(frequencies(1)).bits_at(corpus.tunes, [1, wrong])
    with pytest.raises(TypeError, match="corpus must be"):
        tune_temperature(frequencies(1), corpus.tunes)
