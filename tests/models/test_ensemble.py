"""Ensemble: the mean of several models, its file, and what it knows of their training."""

import copy
import json
import pickle

import numpy as np
import pytest
import tensorflow as tf
from helpers.oracles import softmax

from abcrnn import CharacterModel, CharLSTM, Corpus, Ensemble, Sampler, Vocabulary, load_model
from abcrnn.data.novelty import NoveltyIndex
from abcrnn.evaluation import Scorer, evaluate
from abcrnn.evaluation.held_out import fields_left_out, held_out_part
from abcrnn.models.model_archive import OtherFormatError
from abcrnn.storage.archive import read_archive, write_archive

VOCABULARY = Vocabulary.from_text("X:1\nL:1/8\nM:4/4\nK:D abcdefgz2|")
TUNES = ["X:1\nK:D\nabc|def|", "X:1\nK:D\ngfe|dcb|abc|", "X:1\nK:D\nd|d|"]


def member(seed, **config):
    model = CharLSTM(VOCABULARY, **{"embedding_dim": 6, "units": 8, "seed": seed, **config})
    rng = np.random.default_rng(seed)
    arrays = model.weight_arrays()
    model.set_weight_arrays(
        {n: rng.normal(size=a.shape).astype(np.float32) for n, a in arrays.items()}
    )
    return model


@pytest.fixture(scope="module")
def members():
    return [member(1), member(2, num_layers=1), member(3, units=5)]


@pytest.fixture(scope="module")
def ensemble(members):
    return Ensemble(members)


@pytest.fixture
def ids():
    return np.random.default_rng(0).integers(len(VOCABULARY), size=(3, 20)).astype(np.int32)


# Predictions -------------------------------------------------------------------------------


def test_it_predicts_the_mean_of_the_probabilities(members, ensemble, ids):
    mean = np.mean([softmax(np.asarray(model(ids), np.float64)) for model in members], axis=0)
    np.testing.assert_allclose(np.exp(ensemble(ids)), mean, atol=1e-6)
    assert np.abs(softmax(np.asarray(members[0](ids))) - mean).max() > 0.1


def test_weights_are_divided_by_their_sum(members, ids):
    weighted = Ensemble(members[:2], weights=[30, 10])
    mean = sum(
        share * softmax(np.asarray(model(ids), np.float64))
        for share, model in zip([0.75, 0.25], members[:2], strict=True)
    )
    np.testing.assert_allclose(np.exp(weighted(ids)), mean, atol=1e-6)


def test_extreme_weights_and_logits_give_finite_outputs(ids):
    sure = member(4)
    arrays = sure.weight_arrays()
    sure.set_weight_arrays({name: 100 * array for name, array in arrays.items()})
    pair = Ensemble([sure, member(5)], weights=[1e-300, 1e300])
    assert np.isfinite(pair(ids)).all()
    np.testing.assert_allclose(np.exp(pair(ids)).sum(axis=-1), 1, atol=1e-5)


def test_an_ensemble_of_ensembles_is_flat(members, ids):
    nested = Ensemble([Ensemble(members[:2], weights=[1, 3]), members[2]], weights=[2, 2])
    flat = Ensemble(members, weights=[0.5, 1.5, 2])
    assert nested.members == flat.members
    np.testing.assert_allclose(nested(ids), flat(ids), atol=1e-6)


@pytest.mark.slow
def test_scores_and_samples(members, ensemble):
    costs = Scorer(ensemble).costs(TUNES)
    each = [Scorer(model).costs(TUNES) for model in members]
    for cost, *others in zip(costs, *each, strict=True):
        mean = np.mean([2.0**-bits for bits in others], axis=0)
        np.testing.assert_allclose(2.0**-cost, mean, atol=1e-5)
    text = Sampler(ensemble, seed=1).sample("X:1\n", 50)
    assert text == Sampler(ensemble, seed=1).sample("X:1\n", 50) and len(text[0]) == 54
    tunes = Sampler(ensemble, seed=1, constraint="bars").tunes(2, max_length=200)
    assert len(tunes) == 2


@pytest.mark.slow
def test_members_with_a_tune_memory(members, ids, tmp_path):
    memory = member(7, memory_dim=4, memory_heads=2, memory_characters=1)
    pair = Ensemble([members[0], memory])
    mean = np.mean([softmax(np.asarray(m(ids), np.float64)) for m in pair.members], axis=0)
    np.testing.assert_allclose(np.exp(pair(ids)), mean, atol=1e-6)
    state, steps = pair.initial_state(len(ids)), []
    assert {leaf.shape[0] for leaf in tf.nest.flatten(state)} == {len(ids)}
    for column in ids.T:
        logits, state = pair.step(tf.constant(column), state)
        steps.append(np.exp(logits))
    np.testing.assert_allclose(np.stack(steps, axis=1), mean, atol=1e-5)
    pair.save(tmp_path / "pair.abcrnn")
    np.testing.assert_array_equal(load_model(tmp_path / "pair.abcrnn")(ids), pair(ids))


def test_it_is_a_keras_model_with_all_weights(members, ensemble):
    assert ensemble.count_params() == sum(model.count_params() for model in members)
    rebuilt = Ensemble.from_config(ensemble.get_config())
    assert rebuilt.get_config() == ensemble.get_config()


@pytest.mark.parametrize(
    "copier",
    [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))],  # noqa: S301
)
def test_copies_share_no_weights(members, ids, copier):
    original = Ensemble([copy.copy(model) for model in members], weights=[1, 2, 3])
    original.about = {"corpus": {"origin": {"without": "C"}}}
    before = np.asarray(original(ids))
    other = copier(original)
    original.members[0].head.bias.assign(100 * tf.ones_like(original.members[0].head.bias))
    np.testing.assert_array_equal(other(ids), before)
    assert other.about == {"corpus": {"origin": {"without": "C"}}}


@pytest.mark.parametrize(
    ("models", "weights", "error", "message"),
    [
        (lambda m: [], None, ValueError, "models must be 1 to 32 models, not 0"),
        (lambda m: m[0], None, TypeError, "models must be a list of models"),
        (lambda m: "ab", None, TypeError, "models must be a list of models"),
        (lambda m: [m[0], "b.abcrnn"], None, TypeError, "not 'b.abcrnn'"),
        (lambda m: [m[0], m[1], m[0]], None, ValueError, "one of them occurs twice"),
        (lambda m: m, [1, 2], ValueError, "one number for each of 3 models, not 2"),
        (lambda m: m, [1, 2, 0], ValueError, "weights must be a positive number, not 0"),
        (lambda m: m, [1, 2, float("nan")], ValueError, "weights must be a positive number"),
    ],
)
def test_invalid_arguments_are_refused(members, models, weights, error, message):
    with pytest.raises(error, match=message):
        Ensemble(models(members), weights)


def test_models_with_other_characters_are_refused(members):
    other = CharLSTM(Vocabulary.from_text("X:1\nL:1/8\nM:4/4\nK:D abcdefgx|"), units=4)
    with pytest.raises(ValueError, match="same characters: '2xz' is known to only one of models 1"):
        Ensemble([members[0], other])


def test_too_many_models_are_refused(members):
    many = [CharLSTM(Vocabulary("ab"), embedding_dim=1, units=1) for _ in range(33)]
    with pytest.raises(ValueError, match="models must be 1 to 32 models, not 33"):
        Ensemble(many)


# What it knows of the training of its members ------------------------------------------------


def trained(seed, corpus, without=""):
    """A model that records that it was trained on half of a corpus."""
    train, _, _ = corpus.split(validation=0, test=0.5, seed=seed)
    model = member(seed)
    about = train.describe()
    about["origin"] = {**about["origin"], "without": without}
    model.about = {"corpus": about, "epoch": seed}
    model.novelty = NoveltyIndex(train.tunes)
    model.trained_digests = train.body_digests()
    return model, train


@pytest.fixture(scope="module")
def corpus():
    tunes = [f"X:1\nK:D\n{a}{b}{c}|ddd|eee|" for a in "abc" for b in "def" for c in "gab"]
    return Corpus("small", tunes)


def test_models_of_one_split_keep_it(corpus):
    (one, train), (two, _) = trained(1, corpus), trained(1, corpus)
    pair = Ensemble([one, two])
    assert pair.about == {"corpus": one.about["corpus"]}
    assert pair.novelty is one.novelty
    test = held_out_part(pair, corpus)
    assert sorted(test.tunes + train.tunes) == sorted(corpus.tunes)


def test_tunes_that_any_member_was_trained_on_are_not_held_out(corpus):
    (one, first), (two, second) = trained(1, corpus), trained(2, corpus)
    pair = Ensemble([one, two])
    used = set(first.tunes) | set(second.tunes)
    assert len(used) > max(len(first.tunes), len(second.tunes))
    assert set(held_out_part(pair, corpus).tunes) == set(corpus.tunes) - used
    for tune in used:
        assert pair.novelty.compare(tune).bars >= 3 or pair.novelty.compare(tune).notes == 9
    two.trained_digests = None
    assert Ensemble([one, two]).trained_digests is None
    one.novelty = None
    assert Ensemble([one, two]).novelty is None


def test_fields_left_out_must_agree(corpus):
    (one, _), (two, _) = trained(1, corpus, "CZ"), trained(2, corpus, "CZ")
    assert fields_left_out(Ensemble([one, two])) == "CZ"
    with pytest.raises(ValueError, match="left out, not '' and 'CZ'"):
        Ensemble([one, trained(2, corpus)[0]])


# The file ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_one_file_holds_the_whole_ensemble(corpus, ids, tmp_path):
    (one, _), (two, _) = trained(1, corpus), trained(2, corpus)
    pair = Ensemble([one, two], weights=[1, 3])
    pair.save(tmp_path / "pair.abcrnn")
    loaded = load_model(tmp_path / "pair.abcrnn")
    assert isinstance(loaded, Ensemble)
    np.testing.assert_array_equal(loaded(ids), pair(ids))
    assert loaded.fingerprint == pair.fingerprint != Ensemble([one, two]).fingerprint
    assert [model.about for model in loaded.members] == [one.about, two.about]
    np.testing.assert_array_equal(loaded.trained_digests, pair.trained_digests)
    assert loaded.novelty.compare(corpus.tunes[0]) == pair.novelty.compare(corpus.tunes[0])
    test = Corpus("test", corpus.tunes[:4])
    assert evaluate(loaded, test) == evaluate(pair, test)


class Other(CharacterModel):
    def __init__(self, vocabulary):
        super().__init__(vocabulary)
        self.built = True


def test_members_of_other_classes_cannot_be_saved(members, tmp_path):
    pair = Ensemble([members[0], Other(VOCABULARY)])
    with pytest.raises(ValueError, match="an ensemble with a Other cannot be saved"):
        pair.save(tmp_path / "pair.abcrnn")
    assert not list(tmp_path.iterdir())


def test_another_class_is_refused(members, tmp_path):
    Ensemble(members).save(tmp_path / "e.abcrnn")
    with pytest.raises(OtherFormatError, match=r"file of an Ensemble: open it without model_class"):
        load_model(tmp_path / "e.abcrnn", model_class=Other)
    assert len(load_model(tmp_path / "e.abcrnn", model_class=Ensemble).members) == 3
    members[0].save(tmp_path / "m.abcrnn")
    with pytest.raises(OtherFormatError, match="file of a CharLSTM"):
        load_model(tmp_path / "m.abcrnn", model_class=Ensemble)


def edit(path, change):
    """Write a file of an ensemble again with a change, as a stranger could."""
    contents, arrays = read_archive(path, "abcrnn ensemble 1")
    contents = json.loads(json.dumps(contents))
    change(contents, arrays)
    write_archive(path, contents.pop("format"), contents, arrays)


def set_config(key, value):
    return lambda contents, arrays: contents["config"].__setitem__(key, value)


def set_member(key, value):
    return lambda contents, arrays: contents["config"]["members"][1].__setitem__(key, value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_config("weights", [1, 1]), "weights must have one number for each of 3"),
        (set_config("weights", [1, 1, -1]), "weights must be a positive number"),
        (set_config("weights", [1, 1, 10**400]), "not a valid abcrnn ensemble file"),
        (set_config("weights", [1, 1, "a"]), "weights must be a positive number"),
        (set_config("weights", None), "a list of weights and the members"),
        (set_config("class", "os.system"), "a list of weights and the members"),
        (set_config("members", []), "its members must be 1 to 32"),
        (set_config("members", [{}] * 10_000), "its members must be 1 to 32"),
        (set_config("members", ["CharLSTM"] * 3), "its members must be a list of objects"),
        (set_member("units", 10**9), "needs a weight of shape"),
        (set_member("num_layers", 10**9), "needs a weight of shape"),
        (set_member("class_name", "os.system"), "no argument 'class_name'"),
        (lambda c, a: c.update(members_about=[{}]), "its members must be 1 to 32"),
        (lambda c, a: c.update(members_about=[{}, {}, {"epoch": "x"}]), "about.epoch must be"),
        (lambda c, a: c.pop("members_about"), "it has no 'members_about'"),
        (lambda c, a: c.update(vocabulary="abc"), "needs a weight of shape"),
        (lambda c, a: c.update(config=[]), "its config must be an object"),
        (lambda c, a: a.update({"3/head/bias": a["0/head/bias"]}), "belong to no member: 3/head"),
        (lambda c, a: a.pop("1/head/bias"), "needs a weight of shape"),
        (lambda c, a: a.update({"1/x": a["1/head/bias"]}), "do not fit the configuration: x"),
        (lambda c, a: a.update({"0/head/bias": a["0/head/bias"].astype(float)}), "is float64"),
    ],
)
def test_files_from_strangers_are_refused(members, tmp_path, change, message):
    path = tmp_path / "e.abcrnn"
    Ensemble(members).save(path)
    edit(path, change)
    with pytest.raises(ValueError, match=message):
        load_model(path)
