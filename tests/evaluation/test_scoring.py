import math

import numpy as np
import pytest
import tensorflow as tf

import abcrnn
from abcrnn import CharLSTM, Vocabulary
from abcrnn.evaluation.scoring import Scorer


@pytest.fixture(scope="module")
def model(few_tunes):
    return CharLSTM(
        Vocabulary.from_text(few_tunes.text), embedding_dim=8, units=16, num_layers=2, seed=7
    )


@pytest.mark.slow
def test_costs_are_those_of_each_tune_read_alone(model, few_tunes):
    """Compare with the definition, computed from the logits of one tune at a time."""
    tunes = [min(few_tunes.tunes, key=len), max(few_tunes.tunes, key=len), *few_tunes.tunes[:40]]
    scores = Scorer(model).score(tunes)
    for tune, bits, correct, characters in zip(
        tunes[:3], scores.bits, scores.correct, scores.characters, strict=False
    ):
        ids = model.vocabulary.encode("\n\n" + tune + "\n\n")
        logits = model(ids[None, :-1])[0].numpy().astype(np.float64)[1:]
        targets = ids[2:]
        likelihood = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        expected = -likelihood[np.arange(len(targets)), targets].sum() / math.log(2)
        assert bits == pytest.approx(expected, rel=1e-5)
        assert correct == (logits.argmax(axis=1) == targets).sum()
        assert characters == len(tune) + 2


def test_a_uniform_model_needs_log2_of_the_vocabulary_size(model, few_tunes):
    uniform = CharLSTM(model.vocabulary, embedding_dim=8, units=16, num_layers=1)
    uniform.head.kernel.assign(tf.zeros_like(uniform.head.kernel))
    result = abcrnn.evaluate(uniform, few_tunes)
    assert result["bits_per_char"] == pytest.approx(math.log2(len(model.vocabulary)), rel=1e-6)
    assert result["tunes"] == 40
    assert result["characters"] == sum(len(tune) + 2 for tune in few_tunes.tunes)


def test_no_tunes_are_refused(model):
    with pytest.raises(ValueError, match="no tunes to score"):
        Scorer(model).score([])


@pytest.mark.slow
def test_a_character_that_the_model_does_not_know_costs_a_code_point(model):
    known, foreign = "X:1\nK:C\nAB|\n", "éX:1\nK:C\nA☘B|\n"
    plain, [costs] = Scorer(model).costs([known])[0], Scorer(model).costs([foreign])
    is_known = np.array([character not in "é☘" for character in foreign] + [True, True])
    np.testing.assert_allclose(costs[is_known], plain, rtol=1e-5)  # the model reads the known ones
    assert costs[~is_known].tolist() == [math.log2(1_114_112)] * 2
    scores = Scorer(model).score([known, foreign])
    assert scores.unknown.tolist() == [0, 2]
    assert scores.characters.tolist() == [len(known) + 2, len(foreign) + 2]
    assert scores.correct[0] == scores.correct[1]


@pytest.mark.parametrize("stored", [False, True])
def test_evaluate_counts_the_characters_that_the_model_does_not_know(
    model, stored, tmp_path, monkeypatch, own_cache
):
    (tmp_path / "foreign.abc").write_text("X:1\nT:Café ☘\nK:C\nabc|\n\nX:2\nK:C\nc|\n", "utf-8")
    if stored:
        monkeypatch.setattr("abcrnn.data.corpus._MAX_BYTES_IN_MEMORY", 1)
    result = abcrnn.evaluate(model, abcrnn.load_corpus(tmp_path / "foreign.abc"))
    assert (result["tunes"], result["unknown_characters"]) == (2, 2)
    assert result["characters"] == len("X:1\nT:Café ☘\nK:C\nabc|") + len("X:2\nK:C\nc|") + 4
    assert math.isfinite(result["bits_per_char"])
