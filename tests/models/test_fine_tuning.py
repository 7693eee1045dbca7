"""A model with the weights of another one and more characters."""

import copy

import numpy as np
import pytest

from abcrnn import CharLSTM, NoveltyIndex, Vocabulary, load_model
from abcrnn.models import extend_vocabulary

TUNE = "X:1\nK:D\nDEFG|ABcd|"
MORE = "!Hz~"  # before, between and after the known characters


@pytest.fixture
def base():
    model = CharLSTM(Vocabulary.from_text(TUNE), 5, units=7, num_layers=2, seed=3)
    generator = np.random.default_rng(1)
    arrays = {
        name: generator.normal(size=array.shape).astype(np.float32)
        for name, array in model.weight_arrays().items()
    }
    model.set_weight_arrays(arrays)
    model.about = {"corpus": {"name": "mine/train"}, "epoch": 3}
    model.novelty, model.trained_digests = NoveltyIndex([TUNE]), np.array([1, 2], np.uint64)
    return model


def test_logits_of_known_characters_are_the_same(base):
    model = extend_vocabulary(base, Vocabulary.from_text(MORE))
    assert model.vocabulary.characters == "".join(sorted({*TUNE, *MORE}))
    assert model.config == base.config
    known = [model.vocabulary.characters.index(c) for c in base.vocabulary.characters]
    logits = model(model.vocabulary.encode(TUNE)[None]).numpy()
    expected = base(base.vocabulary.encode(TUNE)[None]).numpy()
    np.testing.assert_allclose(logits[..., known], expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(np.argmax(logits[..., known], -1), np.argmax(expected, -1))


def test_new_characters_have_the_mean_of_the_known_ones(base):
    model = extend_vocabulary(base, Vocabulary.from_text(MORE))
    new = [model.vocabulary.characters.index(c) for c in MORE]
    before, after = base.weight_arrays(), model.weight_arrays()
    rows, columns = after["embedding/embeddings"][new], after["head/kernel"][:, new]
    mean = before["embedding/embeddings"].mean(axis=0)
    np.testing.assert_allclose(rows, np.tile(mean, (4, 1)), rtol=1e-5)
    mean = before["head/kernel"].mean(axis=1)
    np.testing.assert_allclose(columns, np.tile(mean[:, None], 4), rtol=1e-5)
    assert (after["head/bias"][new] == before["head/bias"].min()).all()
    for name in before:
        if not name.startswith(("embedding", "head")):
            np.testing.assert_array_equal(before[name], after[name])


def test_without_new_characters_it_is_a_copy(base):
    model = extend_vocabulary(base, Vocabulary.from_text("ABc"))
    assert model is not base and model.vocabulary == base.vocabulary
    before, after = base.weight_arrays(), model.weight_arrays()
    assert all(np.array_equal(before[name], after[name]) for name in before)
    assert model.fingerprint == base.fingerprint


def test_the_record_of_the_base_is_saved(base, tmp_path):
    model = extend_vocabulary(base, Vocabulary.from_text(MORE))
    assert model.about == {"base": {"fingerprint": base.fingerprint, "corpus": "mine/train"}}
    assert model.novelty is base.novelty
    assert model.trained_digests.tolist() == [1, 2]
    model.save(tmp_path / "m.abcrnn")
    opened = load_model(tmp_path / "m.abcrnn")
    assert opened.about == model.about
    assert opened.fingerprint == copy.copy(model).fingerprint


def test_a_weight_that_depends_on_the_vocabulary_in_another_way_is_named(base):
    class Doubled(CharLSTM):
        def __init__(self, vocabulary, **config):
            super().__init__(vocabulary, **config)
            self.pairs = self.add_weight(shape=(2 * len(vocabulary), 3), name="pairs")

    model = Doubled(base.vocabulary, embedding_dim=5, units=7)
    with pytest.raises(ValueError, match=r"the weight pairs of shape \(\d+, 3\) has shape"):
        extend_vocabulary(model, Vocabulary.from_text(MORE))
