import math

import numpy as np
import pytest
import tensorflow as tf

import abcrnn
from abcrnn import CharLSTM, Vocabulary
from abcrnn.data.corpus import Corpus
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


def test_no_tunes_and_unknown_characters_are_refused(model):
    with pytest.raises(ValueError, match="no tunes to score"):
        Scorer(model).score([])
    with pytest.raises(ValueError, match="tune 1 of 1.*'é'"):
        abcrnn.evaluate(model, Corpus("foreign", ("é",)))
