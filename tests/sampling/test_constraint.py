"""Sampler(constraint="bars"): valid tunes, whatever the model is."""

import numpy as np
import pytest
import tensorflow as tf

from abcrnn import CharLSTM, Sampler, Vocabulary, check_tune

# Few characters, so that few transitions have to be computed, but one of each kind of symbol.
VOCABULARY = Vocabulary.from_text('X:1234\nM6/8TWKEDGABcdez|[](-)>"m{}~^, ')
BEGINNING = "X:1\nM:6/8\nK:G\n"
MAX_LENGTH = 150


class OneCharacter:
    """A model with a logit of 1e30 for one character and 0 for all others."""

    def __init__(self, character):
        self.vocabulary = VOCABULARY
        at = VOCABULARY.characters.index(character)
        self.logits = tf.constant(np.where(np.arange(len(VOCABULARY)) == at, 1e30, 0), tf.float32)

    def initial_state(self, batch_size):
        return ()

    def step(self, ids, state, active=None):
        return tf.tile(self.logits[None], (tf.shape(ids)[0], 1)), state


@pytest.fixture(scope="module")
def model():
    return CharLSTM(VOCABULARY, embedding_dim=8, units=16, num_layers=1, dropout=0)


@pytest.fixture(scope="module")
def sampler(model):
    return Sampler(model, seed=1, constraint="bars")


@pytest.fixture(scope="module")
def tunes(sampler):
    return sampler.tunes(60, max_length=MAX_LENGTH)


def assert_valid(tunes, n, max_length=MAX_LENGTH):
    assert len(tunes) == n
    for tune in tunes:
        assert check_tune(tune) == [], tune
        assert len(tune) <= max_length and "\n\n" not in tune


def test_every_tune_is_valid_and_within_max_length(tunes):
    assert_valid(tunes, 60)
    assert len(set(tunes)) == 60
    assert max(map(len, tunes)) > MAX_LENGTH / 2  # not only the shortest possible


@pytest.mark.slow
def test_a_seed_gives_the_same_tunes_again(model, sampler, tunes, monkeypatch):
    assert sampler.tunes(60, max_length=MAX_LENGTH) == tunes  # now all transitions are computed
    assert Sampler(model, seed=1, constraint="bars").tunes(17, max_length=MAX_LENGTH) == tunes[:17]
    monkeypatch.setattr(sampler, "_seed", 2)
    assert not set(sampler.tunes(17, max_length=MAX_LENGTH)) & set(tunes)


@pytest.mark.slow
def test_tunes_begin_with_the_prompt(sampler):
    prompt = BEGINNING + "GAB|"
    tunes = sampler.tunes(20, prompt=prompt, max_length=MAX_LENGTH)
    assert_valid(tunes, 20)
    assert all(tune.startswith(prompt) for tune in tunes)


def test_max_length_may_be_as_short_as_the_message_says(sampler):
    with pytest.raises(ValueError, match="max_length must be at least") as error:
        sampler.tunes(1, prompt=BEGINNING, max_length=len(BEGINNING))
    least = int(str(error.value).split("at least ")[1].split()[0])
    with pytest.raises(ValueError, match=f"at least {least} .*not {least - 1}"):
        sampler.tunes(1, prompt=BEGINNING, max_length=least - 1)
    assert_valid(sampler.tunes(20, prompt=BEGINNING, max_length=least), 20, least)


@pytest.mark.slow
def test_the_lowest_temperature_samples_the_likeliest(model):
    tunes = Sampler(model, temperature=1e-40, seed=1, constraint="bars").tunes(3, max_length=60)
    assert_valid(tunes, 3, 60)
    assert len(set(tunes)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("temperature", [1e-40, 5e-324])
def test_temperatures_that_are_zero_in_32_bits(temperature):
    """Neither 0 / 0 nor infinity may reach the probabilities."""
    sampler = Sampler(OneCharacter("W"), temperature=temperature, seed=1)
    assert sampler.sample("X", length=200) == ["X" + "W" * 200]


@pytest.mark.slow
@pytest.mark.parametrize("character", ["W", "|"])
def test_a_model_that_is_sure_of_a_forbidden_character(character):
    """The allowed characters are equally likely: they are sampled, and every tune ends."""
    tunes = Sampler(OneCharacter(character), temperature=0.5, seed=1, constraint="bars").tunes(
        16, prompt=BEGINNING, max_length=MAX_LENGTH
    )
    assert_valid(tunes, 16)
    assert len(set(tunes)) > 8


# Invalid arguments ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "where", "character"),
    [
        (BEGINNING + "GABGABG|", "line 4, column 7", "'G'"),
        (BEGINNING + "GABGAB:||]", "line 4, column 10", "']'"),
        ("X:1\nK:G\n", "line 2, column 1", "'K'"),  # no meter
        ("X:1\nM:6/8\nM:", "line 3, column 1", "'M'"),
        ("X:1\nM:6/8\nK:W\n", "line 3, column 4", r"'\\n'"),
        (BEGINNING + "GAB GAB|\n(3GA|", "line 5, column 5", r"'\|'"),
    ],
)
def test_a_prompt_that_no_valid_tune_begins_with(sampler, prompt, where, character):
    message = f"no valid tune begins with the prompt: {where}: {character} is not allowed there"
    with pytest.raises(ValueError, match=message):
        sampler.tunes(1, prompt=prompt)


@pytest.mark.parametrize("prompt", [BEGINNING + "GAB|\n\n", BEGINNING + "G6|\n\nX:2\n"])
@pytest.mark.parametrize("constraint", [None, "bars"])
def test_a_prompt_with_a_blank_line(model, sampler, prompt, constraint):
    any_sampler = sampler if constraint else Sampler(model)
    with pytest.raises(ValueError, match="must not contain a blank line, which ends a tune"):
        any_sampler.tunes(1, prompt=prompt)


@pytest.mark.parametrize("max_length", [1, 15])
def test_no_tune_is_short_enough(sampler, max_length):
    message = f"max_length must be at least [0-9]+ for a tune with this prompt, not {max_length}"
    with pytest.raises(ValueError, match=message):
        sampler.tunes(1, max_length=max_length)


def test_text_of_a_given_length_is_not_sampled_under_a_constraint(sampler):
    with pytest.raises(ValueError, match=r"samples complete tunes: use tunes\(\), not sample\(\)"):
        sampler.sample("X:")


def test_a_vocabulary_that_cannot_write_a_tune():
    model = CharLSTM(Vocabulary.from_text("X:1\nM6/8K|"), 4, units=4, num_layers=1)
    with pytest.raises(ValueError, match="no tune can be written with the characters"):
        Sampler(model, constraint="bars")


def test_an_unknown_constraint_is_named(model):
    with pytest.raises(
        ValueError, match="constraint must be 'bars', TransitionTables or None, not 'rhyme'"
    ):
        Sampler(model, constraint="rhyme")
