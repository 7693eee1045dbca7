import numpy as np
import pytest

import abcrnn
from abcrnn import CharLSTM, Vocabulary
from abcrnn.evaluation.copying import Copying, Passage, copying

TUNE = "X:1\nK:D\nabcd|abcd|abce|\nabcd|"
UNKNOWN = "X:1\nK:D\nab☘cd|abcd|"


def memory_model(**config):
    vocabulary = Vocabulary.from_text(TUNE)
    sizes = {"embedding_dim": 4, "units": 8, "num_layers": 2, "memory_dim": 5, "memory_heads": 2}
    model = CharLSTM(vocabulary, **{**sizes, "memory_characters": 2, **config})
    rng = np.random.default_rng(1)  # not the initial weights, of which some are zero
    model.set_weight_arrays(
        {n: rng.normal(size=a.shape).astype(np.float32) for n, a in model.weight_arrays().items()}
    )
    return model


@pytest.fixture(scope="module")
def model():
    """A model whose network predicts a uniform distribution, so that only copying differs."""
    model = memory_model()
    for weight in (model.head.kernel, model.head.bias):
        weight.assign(0 * weight)
    return model


@pytest.mark.slow
@pytest.mark.parametrize("tune", [TUNE, UNKNOWN])
def test_weights_and_shares_give_the_costs(model, tune):
    found = copying(model, tune)
    text = tune + "\n\n"
    assert found.weights.shape == (2, len(text), len(text))
    assert found.shares.shape == (len(text), 3)
    same = np.array([[a == b for b in text] for a in text])
    probability = found.shares[:, 0] / len(model.vocabulary) + (found.copied * same).sum(axis=1)
    known = np.array([character in model.vocabulary.characters for character in text])
    bits = abcrnn.evaluation.Scorer(model).costs([tune])[0]
    np.testing.assert_allclose(-np.log2(probability[known]), bits[known], atol=1e-4)
    assert np.ptp(bits[known]) > 1  # copying matters
    np.testing.assert_allclose(found.shares[known].sum(axis=1), 1, atol=1e-5)


def test_only_earlier_characters_of_the_tune_are_copied(model):
    found = copying(model, TUNE)
    assert not np.triu(found.weights).any()  # neither the character itself nor a later one
    sums = found.weights.sum(axis=2)
    assert np.isclose(sums, 1, atol=1e-5).sum() == 2 * (len(TUNE) + 1)
    assert not sums[:, 0].any() and (found.sources[0], found.shares[0, 0]) == (-1, 1)


def test_a_character_that_the_model_does_not_know_is_not_read(model):
    found, without = copying(model, UNKNOWN), copying(model, UNKNOWN.replace("☘", ""))
    index = UNKNOWN.index("☘")
    assert not found.weights[:, index].any() and not found.weights[:, :, index].any()
    kept = [i for i in range(len(UNKNOWN) + 2) if i != index]
    np.testing.assert_allclose(found.weights[:, kept][:, :, kept], without.weights, atol=1e-5)


def arranged(tune, sources):
    """A result in which one head copies each character whole from a source, or not at all."""
    weights = np.zeros((1, len(tune) + 2, len(tune) + 2), np.float32)
    shares = np.tile(np.float32([1, 0]), (len(tune) + 2, 1))
    for index, source in sources.items():
        weights[0, index, source], shares[index] = 1, [0.25, 0.75]
    return Copying(tune, weights, shares)


def test_passages_are_runs_of_consecutive_characters():
    tune = "X:1\nK:D\nabcd|\nabcd|"
    begin, again = 8, 14
    found = arranged(tune, {again + n: begin + n for n in range(5)} | {4: 0, 5: 1})
    assert found.passages() == [Passage(again, again + 5, begin)]
    assert found.passages(least_length=2) == [Passage(4, 6, 0), Passage(again, again + 5, begin)]
    assert found.passages(least_share=0.8) == []
    assert str(found) == "4:1: 'abcd|' from 3:1"
    assert found.sources[again] == begin and found.sources[0] == -1
    broken = arranged(tune, {14: 8, 15: 9, 16: 8, 17: 9, 18: 10})
    assert broken.passages(least_length=2) == [Passage(14, 16, 8), Passage(16, 19, 8)]
    assert str(arranged(tune, {})) == ""


def test_what_cannot_copy_is_refused(model):
    with pytest.raises(ValueError, match="no tune memory"):
        copying(memory_model(memory_dim=0), TUNE)
    with pytest.raises(ValueError, match="no tune memory"):
        copying(abcrnn.Ensemble([model]), TUNE)
    with pytest.raises(TypeError, match="must be a model"):
        copying("m.abcrnn", TUNE)
    with pytest.raises(TypeError, match="tune must be text"):
        copying(model, 7)
    with pytest.raises(ValueError, match="at most 8192 characters, not 9000"):
        copying(model, 9000 * "a")


def test_log_mixing_divides_the_share_of_the_network_by_the_exponents():
    model = memory_model(memory_log_mixing=True)
    memory = model.memory
    memory.factor_kernel.assign(0 * memory.factor_kernel)
    shares = {}
    for factor in (1e-6, 1.0):
        memory.factor_bias.assign(np.full(2, np.log(np.expm1(factor))))
        shares[factor] = copying(model, TUNE).shares[2:]
    network, heads = shares[1e-6][:, :1], shares[1e-6][:, 1:]
    divided = np.concatenate([network / 3, heads + network / 3], axis=1)
    np.testing.assert_allclose(shares[1.0], divided, atol=1e-4)
