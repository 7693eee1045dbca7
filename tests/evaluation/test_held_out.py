"""The scores of a model, with header and body apart, and the held-out part of a corpus."""

import math

import numpy as np
import pytest

import abcrnn
from abcrnn import CharLSTM, Vocabulary, load_model
from abcrnn.data.corpus import Corpus
from abcrnn.evaluation.held_out import training_part, unseen_part


@pytest.fixture(scope="module")
def model(trained):
    return load_model(trained)


def by_hand(model, tune, first, end):
    """What the characters first to end of a tune cost, by the definition, in bits."""
    ids = model.vocabulary.encode("\n\n" + tune + "\n\n")
    logits = model(ids[None, :-1])[0].numpy().astype(np.float64)[1:]
    likelihood = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    costs = -likelihood[np.arange(len(tune) + 2), ids[2:]] / math.log(2)
    return costs[first:end].sum()


# Scores --------------------------------------------------------------------------------------


def test_header_and_body_apart():
    headers = ["X:1\nT:K:\nM:2/4\nK:D\n", "X:2\nM:none\nK:G\n", "X:3\nK:C"]
    bodies = ["AB\nK:A\nc2|", "g|", ""]  # a change of key is in the body
    tunes = [header + body for header, body in zip(headers, bodies, strict=True)]
    model = CharLSTM(Vocabulary.from_text("\n".join(tunes)), 8, units=16, num_layers=1, seed=3)
    found = abcrnn.evaluate(model, Corpus("three", tuple(tunes)))
    header_bits = sum(by_hand(model, t, 0, len(h)) for t, h in zip(tunes, headers, strict=True))
    body_bits = sum(by_hand(model, t, len(h), None) for t, h in zip(tunes, headers, strict=True))
    in_headers = sum(map(len, headers))
    in_bodies = sum(len(body) + 2 for body in bodies)
    assert found["header_bits_per_char"] == pytest.approx(header_bits / in_headers, rel=1e-5)
    assert found["body_bits_per_char"] == pytest.approx(body_bits / in_bodies, rel=1e-5)
    whole = (header_bits + body_bits) / (in_headers + in_bodies)
    assert found["bits_per_char"] == pytest.approx(whole, rel=1e-5)
    assert found["characters"] == in_headers + in_bodies


def test_what_a_model_was_trained_on(model, few_tunes):
    kept, model_about = dict(model.about), model.about
    train, _, test = few_tunes.split(0.1, 0.2, seed=4)
    try:
        model.about = {"corpus": train.describe()}
        assert training_part(model, few_tunes) == train
        model.about = {"corpus": train.without_fields("BZ").describe()}
        assert training_part(model, few_tunes) == train.without_fields("BZ")
        assert unseen_part(model, few_tunes) == test.without_fields("BZ")
        assert training_part(model, Corpus("other", few_tunes.tunes[:5])) is None
        model.about = {}
        assert training_part(model, few_tunes) is None
    finally:
        model.about = model_about
    assert model.about == kept
