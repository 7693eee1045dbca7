"""Sampler(constraint="bars"): sound tunes, whatever the model is like."""

import numpy as np
import pytest
import tensorflow as tf

from abcrnn import CharLSTM, Sampler, Vocabulary, check_tune

# Few characters, so that few states have to be worked out; yet one of each kind of sign.
VOCABULARY = Vocabulary.from_text('X:1234\nM6/8TWKEDGABcdez|[](-)>"m{}~^, ')
BEGINNING = "X:1\nM:6/8\nK:G\n"
CAP = 150


class Wish:
    """A fake model that wants one character, beyond all measure, and cares for no other."""

    def __init__(self, character):
        self.vocabulary = VOCABULARY
        at = VOCABULARY.characters.index(character)
        self.logits = tf.constant(np.where(np.arange(len(VOCABULARY)) == at, 1e30, 0), tf.float32)

    def initial_state(self, batch_size):
        return ()

    def step(self, ids, state):
        return tf.tile(self.logits[None], (tf.shape(ids)[0], 1)), state


@pytest.fixture(scope="module")
def model():
    return CharLSTM(VOCABULARY, embedding_dim=8, units=16, num_layers=1, dropout=0)


@pytest.fixture(scope="module")
def sampler(model):
    return Sampler(model, seed=1, constraint="bars")


@pytest.fixture(scope="module")
def tunes(sampler):
    return sampler.tunes(60, max_length=CAP)


def assert_sound(tunes, many, cap=CAP):
    assert len(tunes) == many
    for tune in tunes:
        assert check_tune(tune) == [], tune
        assert len(tune) <= cap and "\n\n" not in tune


def test_every_tune_is_sound_and_within_the_cap(tunes):
    assert_sound(tunes, 60)
    assert len(set(tunes)) == 60
    assert max(map(len, tunes)) > CAP / 2  # not only the shortest way out


@pytest.mark.slow
def test_a_seed_gives_the_same_tunes_again(model, sampler, tunes, monkeypatch):
    assert sampler.tunes(60, max_length=CAP) == tunes  # by tables that know more by now
    assert Sampler(model, seed=1, constraint="bars").tunes(17, max_length=CAP) == tunes[:17]
    monkeypatch.setattr(sampler, "_seed", 2)
    assert not set(sampler.tunes(17, max_length=CAP)) & set(tunes)


def test_a_prompt_stands_as_it_is(sampler):
    prompt = BEGINNING + "GAB|"
    tunes = sampler.tunes(20, prompt=prompt, max_length=CAP)
    assert_sound(tunes, 20)
    assert all(tune.startswith(prompt) for tune in tunes)


def test_the_shortest_cap_is_enough(sampler):
    """As many characters as the message asks for."""
    with pytest.raises(ValueError, match="max_length must be at least") as refused:
        sampler.tunes(1, prompt=BEGINNING, max_length=len(BEGINNING))
    least = int(str(refused.value).split("at least ")[1].split()[0])
    with pytest.raises(ValueError, match=f"at least {least} .*not {least - 1}"):
        sampler.tunes(1, prompt=BEGINNING, max_length=least - 1)
    assert_sound(sampler.tunes(20, prompt=BEGINNING, max_length=least), 20, least)


def test_the_coldest_is_the_likeliest(model):
    tunes = Sampler(model, temperature=1e-40, seed=1, constraint="bars").tunes(3, max_length=60)
    assert_sound(tunes, 3, 60)
    assert len(set(tunes)) == 1


@pytest.mark.parametrize("temperature", [1e-40, 5e-324])
def test_cold_and_beyond_measure(temperature):
    """To 32 bits these are next to nothing and nothing: there is 0 / 0 at hand, and infinity."""
    sampler = Sampler(Wish("W"), temperature=temperature, seed=1)
    assert sampler.sample("X", length=200) == ["X" + "W" * 200]


@pytest.mark.parametrize("wish", ["W", "|"])
def test_a_model_that_wants_what_may_not_come(wish):
    """Of what may come all is as likely: that is drawn, and every tune ends."""
    tunes = Sampler(Wish(wish), temperature=0.5, seed=1, constraint="bars").tunes(
        16, prompt=BEGINNING, max_length=CAP
    )
    assert_sound(tunes, 16)
    assert len(set(tunes)) > 8


# What is refused -----------------------------------------------------------------------------


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
def test_a_prompt_that_cannot_become_sound(sampler, prompt, where, character):
    message = f"the prompt cannot become a sound tune: {where}: {character} cannot stand there"
    with pytest.raises(ValueError, match=message):
        sampler.tunes(1, prompt=prompt)


@pytest.mark.parametrize("prompt", [BEGINNING + "GAB|\n\n", BEGINNING + "G6|\n\nX:2\n"])
@pytest.mark.parametrize("constraint", [None, "bars"])
def test_a_prompt_with_a_blank_line(model, sampler, prompt, constraint):
    drawing = sampler if constraint else Sampler(model)
    with pytest.raises(ValueError, match="must not hold a blank line, which would end the tune"):
        drawing.tunes(1, prompt=prompt)


@pytest.mark.parametrize("cap", [1, 15])
def test_no_tune_is_so_short(sampler, cap):
    message = f"max_length must be at least [0-9]+ for a tune that begins so, not {cap}"
    with pytest.raises(ValueError, match=message):
        sampler.tunes(1, max_length=cap)


def test_text_is_not_drawn_under_a_constraint(sampler):
    with pytest.raises(ValueError, match=r"tunes\(\) draws whole tunes; sample\(\) does not"):
        sampler.sample("X:")


def test_characters_that_make_no_tune():
    mute = CharLSTM(Vocabulary.from_text("X:1\nM6/8K|"), 4, units=4, num_layers=1)
    with pytest.raises(ValueError, match="no tune can be written with the characters"):
        Sampler(mute, constraint="bars")


def test_another_constraint(model):
    with pytest.raises(ValueError, match="constraint must be 'bars', masks or None, not 'rhyme'"):
        Sampler(model, constraint="rhyme")
