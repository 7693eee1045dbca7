"""The tune memory of CharLSTM; its arithmetic is compared with NumPy in test_conformance.py."""

import numpy as np
import pytest
import tensorflow as tf

from abcrnn import CharLSTM, Corpus, Sampler, Trainer, Vocabulary, load_model
from abcrnn.models.memory_entries import NONE
from abcrnn.models.recipes import RECIPES

VOCABULARY = Vocabulary.from_text("\nabcdefgh|")
SIZES = {"embedding_dim": 8, "units": 16, "num_layers": 1, "dropout": 0.0}


def with_memory(**config):
    return CharLSTM(VOCABULARY, **{**SIZES, "memory_dim": 4, "memory_capacity": 8, **config})


def read(model, text, rows=1):
    ids = np.tile(VOCABULARY.encode(text), (rows, 1))
    return model.unroll(ids, model.initial_state(rows))


def test_the_memory_holds_what_followed_in_this_tune():
    model = with_memory()
    memory = read(model, "\n\nabca\n\nhead")[1][-1]
    following = memory.following.numpy()[0]
    assert VOCABULARY.decode(following[following != NONE]) == "head"
    memory = read(model, "\n\n" + "abcdefgh|gf")[1][-1]
    following = np.roll(memory.following.numpy()[0], -int(memory.written[0]))
    assert VOCABULARY.decode(following) == "defgh|gf"  # the oldest are forgotten


def test_a_blank_line_clears_it_in_a_window_and_step_by_step():
    model = with_memory()
    state = read(model, "\n\nabc\n")[1]
    assert (state[-1].following.numpy() != NONE).sum() == 4
    ids = VOCABULARY.encode("\n")
    for _, after in (model.step(ids, state), model.unroll(ids[None], state)):
        assert (after[-1].following.numpy() == NONE).all()
        assert int(after[-1].written[0]) == 0


def test_a_vocabulary_without_line_end_is_never_cleared():
    model = CharLSTM(Vocabulary.from_text("ab"), **SIZES, memory_dim=4)
    _, state = model.unroll(np.zeros((1, 5), np.int32), model.initial_state(1))
    assert int((state[-1].following != NONE).numpy().sum()) == 4


def random_tunes(count, seed):
    """Tunes of a random phrase that is played twice."""
    rng = np.random.default_rng(seed)
    phrases = ["".join(rng.choice(list("abcdefgh"), 10)) for _ in range(count)]
    return [f"{phrase}|{phrase}|" for phrase in phrases]


@pytest.mark.slow
def test_it_learns_to_repeat_a_phrase_that_it_has_not_seen():
    tunes = random_tunes(80, seed=0)
    train, held_out = Corpus("phrases", tunes), random_tunes(20, seed=1)
    bits = {}
    for name, config in {"plain": {"memory_dim": 0}, "memory": {"memory_characters": 2}}.items():
        model = with_memory(**{"memory_capacity": 64, "units": 32, **config})
        Trainer(model, train, batch_size=8, seq_length=46, learning_rate=1e-2).fit(20)
        ids = np.stack([VOCABULARY.encode(f"\n\n{tune}\n") for tune in held_out])
        logits, _ = model.unroll(ids[:, :-1], model.initial_state(len(ids)))
        costs = tf.nn.sparse_softmax_cross_entropy_with_logits(ids[:, 1:], logits).numpy()
        bits[name] = costs[:, 15:22].mean() / np.log(2)  # of the second half of the repeat
    assert bits["plain"] > 2.5  # log2(8) = 3 bits are needed for a letter that is not repeated
    assert bits["memory"] < 1


def test_it_returns_normalised_log_probabilities():
    logits, _ = read(with_memory(memory_heads=2), "\n\nabcabcabc|")
    np.testing.assert_allclose(np.exp(logits).sum(axis=-1), 1, atol=1e-5)


@pytest.mark.slow
def test_a_sampler_and_a_model_file_need_not_know_about_it(tmp_path):
    model = with_memory(memory_heads=2, memory_characters=2)
    model.save(tmp_path / "memory.abcrnn")
    loaded = load_model(tmp_path / "memory.abcrnn")
    texts = [Sampler(m, seed=3).sample("\n\nab", length=60, n=3) for m in (model, loaded)]
    assert texts[0] == texts[1]
    assert len(set(texts[0])) == 3


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"memory_dim": -1}, "memory_dim must be a whole number of at least 0, not -1"),
        ({"memory_heads": 0}, "memory_heads must be a whole number of at least 1, not 0"),
        ({"memory_characters": 3}, "memory_characters must be at most 2, not 3"),
        ({"memory_capacity": 10**9}, "memory_capacity must be at most 65536, not 1000000000"),
        ({"embedding_initializer": "zeros"}, "must be 'uniform' or 'normal', not 'zeros'"),
        ({"variational_dropout": 1}, "variational_dropout must be True or False, not 1"),
    ],
)
def test_wrong_arguments_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        with_memory(**config)


def test_without_a_memory_nothing_about_it_is_saved():
    """Files and fingerprints of plain models stay what they were before there were memories."""
    plain = {"embedding_dim", "units", "num_layers", "dropout", "recurrent_initializer", "seed"}
    assert set(CharLSTM(VOCABULARY, **SIZES, memory_heads=3).config) == plain


def test_the_embedding_is_initialised_as_requested(tmp_path):
    deviations = {"uniform": 0.1 / 12**0.5, "normal": 1.0}
    for name, deviation in deviations.items():
        model = CharLSTM(VOCABULARY, embedding_dim=500, units=4, embedding_initializer=name)
        assert float(np.std(model.embedding.embeddings)) == pytest.approx(deviation, rel=0.05)
    model.save(tmp_path / "normal.abcrnn")
    assert load_model(tmp_path / "normal.abcrnn").config["embedding_initializer"] == "normal"


def test_recipes_of_others_keep_their_parameter_counts():
    counts = {"mit": (83, 5_353_299), "jigs": (86, 1_904_214)}
    for name, (size, parameters) in counts.items():
        assert "memory_dim" not in RECIPES[name].model
        vocabulary = Vocabulary("".join(map(chr, range(40, 40 + size))))
        assert CharLSTM.from_recipe(name, vocabulary).count_params() == parameters
