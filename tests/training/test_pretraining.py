"""The packaged model: its corpora, and its scores on their held-out tunes."""

import json

import numpy as np
import pytest

import abcrnn
from abcrnn.data.leak_guard import find_copies
from abcrnn.data.tidied_corpora import tidy_corpus
from abcrnn.models.pretrained import FOLDER
from abcrnn.notation import check_tune
from abcrnn.training.pretraining import BENCHMARK_COPIES, held_out_scores, load_pretraining_corpora


@pytest.mark.slow
def test_the_packaged_model_has_the_scores_of_its_card():
    card = json.loads((FOLDER / "folk.json").read_text("utf-8"))
    scores = held_out_scores(abcrnn.load_model("folk"))
    assert scores.keys() == card["scores"].keys()
    for name, score in scores.items():
        assert score == pytest.approx(card["scores"][name], abs=0.002), name


@pytest.mark.slow
def test_training_tunes_are_valid_and_known_to_the_packaged_model():
    train, validation, test = load_pretraining_corpora()
    assert not any(check_tune(tune) for tune in train.tunes)
    digests = np.concatenate([train.body_digests(), validation.body_digests()])
    model = abcrnn.load_model("folk")
    np.testing.assert_array_equal(np.unique(digests), np.unique(model.trained_digests))
    assert not np.isin(test.body_digests(), digests).any()


@pytest.mark.slow
def test_copies_of_the_benchmark_are_listed(irish, jigs):
    held_out = [part for corpus in (irish, jigs) for part in corpus.split(0.1, 0.1, 0)[1:]]
    tunes = tidy_corpus(abcrnn.load_corpus("ryans"), melody_only=True)
    assert tuple(find_copies(tunes, held_out).tolist()) == BENCHMARK_COPIES["ryans"]
