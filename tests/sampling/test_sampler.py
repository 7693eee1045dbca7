"""Sampler: prompts, seeds and complete tunes."""

import logging

import numpy as np
import pytest
import tensorflow as tf

from abcrnn import CharLSTM, Sampler, Vocabulary
from abcrnn.sampling.tune_text import header_prompt


class Certain:
    """A model that is sure of the next character of a text that repeats."""

    def __init__(self, text):
        self.vocabulary = Vocabulary.from_text(text)
        following = dict(zip(text, text[1:] + text[0], strict=True))
        ids = [self.vocabulary.characters.index(following[c]) for c in self.vocabulary.characters]
        self.logits = 100 * tf.one_hot(ids, len(ids))

    def initial_state(self, batch_size):
        return ()

    def step(self, ids, state):
        return tf.gather(self.logits, ids), state


@pytest.fixture(scope="module")
def model(few_tunes):
    return CharLSTM(Vocabulary.from_text(few_tunes.text), embedding_dim=8, units=16, num_layers=2)


def test_the_model_reads_the_prompt(model):
    """Compare with the likeliest character after each prefix, from the logits of the whole."""
    prompt = "X:1\nT: "
    [text] = Sampler(model, top_k=1, seed=0).sample(prompt=prompt, length=150)
    assert text.startswith(prompt) and len(text) == len(prompt) + 150
    ids = model.vocabulary.encode("\n\n" + text)
    logits = model(ids[None, :-1])[0].numpy()
    np.testing.assert_array_equal(logits.argmax(axis=1)[len(prompt) + 1 :], ids[len(prompt) + 2 :])


@pytest.mark.slow
def test_a_seed_gives_the_same_text_again_for_any_number_of_texts(model):
    sampler = Sampler(model, seed=3)
    five = sampler.sample("X:", length=200, n=5)
    assert five == sampler.sample("X:", length=200, n=5)
    assert five == Sampler(model, seed=3).sample("X:", length=200, n=5)
    assert len(set(five)) == 5
    assert Sampler(model, seed=3).sample("X:", length=100, n=20)[:5] == [t[:102] for t in five]
    assert Sampler(model, seed=4).sample("X:", length=200) != five[:1]
    assert Sampler(model).sample("X:", length=200) != Sampler(model).sample("X:", length=200)


def test_more_than_one_batch_of_streams(model):
    texts = Sampler(model, seed=1).sample(length=20, n=70)
    assert [len(text) for text in texts] == [20] * 70
    assert len(set(texts)) == 70


# Complete tunes ----------------------------------------------------------------------------


class Scripted:
    """A model that writes one text, character by character, whatever it reads."""

    def __init__(self, text):
        self.vocabulary = Vocabulary.from_text(text)
        self.ids = tf.constant(self.vocabulary.encode(text))

    def initial_state(self, batch_size):
        return (tf.zeros((batch_size,), tf.int32),)

    def step(self, ids, state):
        place = (state[0] + 1) % len(self.ids)
        return 100 * tf.one_hot(tf.gather(self.ids, place), len(self.vocabulary)), (place,)


TUNE = "X:1\nK:D\nabc|def|\nABC|]"


def test_a_tune_ends_at_the_blank_line():
    sampler = Sampler(Scripted("\n\n" + TUNE), seed=0)
    assert sampler.tunes(3) == [TUNE] * 3
    assert sampler.tunes(2, prompt="X:1\nK:D\n") == [TUNE] * 2


def test_a_tune_that_exceeds_max_length_is_reported(caplog):
    sampler = Sampler(Scripted("\n\n" + TUNE), seed=0)
    with caplog.at_level(logging.WARNING):
        assert sampler.tunes(2, max_length=len(TUNE) - 1) == []
    wanted = f"24 of 24 sampled tunes did not end within {len(TUNE) - 1} characters"
    assert wanted in caplog.text and "0 of 2 are complete" in caplog.text
    caplog.clear()
    assert sampler.tunes(1, max_length=len(TUNE)) == [TUNE]
    assert not caplog.text


@pytest.mark.slow
def test_tunes_that_are_too_long_are_replaced_and_logged(model, caplog):
    sampler, prompt = Sampler(model, seed=1), "X:1\nK:D\n"
    whole = sampler.tunes(8, prompt=prompt, max_length=5000)
    longest = max(map(len, whole))
    with caplog.at_level(logging.WARNING):
        shorter = sampler.tunes(8, prompt=prompt, max_length=longest - 1)
    assert len(shorter) == 8 and max(map(len, shorter)) < longest
    assert [t for t in whole if len(t) < longest][:5] == shorter[:5]
    assert "they were replaced" in caplog.text


def test_two_tunes_without_a_blank_line_between_are_incomplete():
    book = "X:1\nK:D\nabc|\nX:2\nK:G\nd|"
    assert Sampler(Scripted("\n\n" + book), seed=0).tunes(1, max_length=60) == []


def test_a_header_without_music_is_incomplete(caplog):
    with caplog.at_level(logging.WARNING):
        assert Sampler(Scripted("\n\nX:1\nK:D\n"), seed=0).tunes(1, max_length=50) == []
    assert "no music" in caplog.text


@pytest.mark.slow
def test_a_seed_gives_the_same_tunes_again(model):
    # Untrained, the model ends a tune when it samples two line ends by chance.
    sampler = Sampler(model, seed=1)
    prompt = "X:1\nK:D\n"
    tunes = sampler.tunes(3, prompt=prompt, max_length=5000)
    assert tunes == sampler.tunes(3, prompt=prompt, max_length=5000)
    assert all(t.startswith("X:1\nK:D") and "\n\n" not in t for t in tunes)


# Prompts and arguments ---------------------------------------------------------------------


def test_header_prompt():
    assert header_prompt() == "X:1\n"
    assert header_prompt("The Byte", "jig", "6/8", " D ") == (
        "X:1\nT:The Byte\nR:jig\nM:6/8\nK:D\n"
    )
    with pytest.raises(ValueError, match=r"K: must be one line of text, not 'D\\nabc'"):
        header_prompt(key="D\nabc")
    with pytest.raises(ValueError, match="T: must be one line"):
        header_prompt(title=" ")


def test_a_prompt_without_a_number_field_is_refused(model):
    with pytest.raises(ValueError, match=r"begins with X:, and so must its prompt.*not 'K:D\\n'"):
        Sampler(model).tunes(1, prompt="K:D\n")


def test_unknown_characters_in_a_prompt_are_named(model):
    with pytest.raises(ValueError, match="'é' at line 2, column 3 is not among the"):
        Sampler(model).sample("X:1\nT:é")


def test_a_vocabulary_without_line_ends_needs_a_prompt_and_has_no_tunes():
    sampler = Sampler(Certain("abc"))
    with pytest.raises(ValueError, match="has no line end: give a prompt"):
        sampler.sample()
    with pytest.raises(ValueError, match="has no line end: it cannot write tunes"):
        Sampler(Certain("X:1")).tunes(1)


@pytest.mark.parametrize(
    ("seed", "message"),
    [(-1, "seed must be a whole number of at least 0, not -1"), (1.5, "seed must be a whole")],
)
def test_an_invalid_seed_is_named(model, seed, message):
    with pytest.raises(ValueError, match=message):
        Sampler(model, seed=seed)


@pytest.mark.parametrize("argument", ["length", "n"])
def test_an_invalid_count_is_named(model, argument):
    with pytest.raises(ValueError, match=f"{argument} must be a whole number"):
        Sampler(model).sample(**{argument: 0})
