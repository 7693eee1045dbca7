import logging

import numpy as np
import pytest
import tensorflow as tf

from abcrnn import CharLSTM, Sampler, Vocabulary, load_model
from abcrnn.sampling import decoder as drawing
from abcrnn.sampling.sampler import header_prompt

LETTERS = Vocabulary.from_text("abcdefghijklmnopqrstuvwxyz")


class OneHot:
    """A fake model: after each character it is sure of the next; the state counts the steps."""

    def __init__(self, vocabulary, follow):
        self.vocabulary = vocabulary
        self.table = tf.one_hot([follow(i) for i in range(len(vocabulary))], len(vocabulary))

    def initial_state(self, batch_size):
        return (tf.zeros((batch_size,), tf.int32),)

    def step(self, ids, state):
        return 100 * tf.gather(self.table, ids), (state[0] + 1,)


class Fixed:
    """A fake model that always gives the same logits."""

    def __init__(self, logits):
        self.vocabulary = Vocabulary(LETTERS.characters[: len(logits)])
        self.logits = tf.constant(logits, tf.float32)

    def initial_state(self, batch_size):
        return ()

    def step(self, ids, state):
        return tf.tile(self.logits[None], (tf.shape(ids)[0], 1)), state


def cycle(text):
    """A fake model that writes a text of distinct characters round and round."""
    vocabulary = Vocabulary.from_text(text)
    following = dict(zip(text, text[1:] + text[0], strict=True))
    return OneHot(
        vocabulary, lambda i: vocabulary.characters.index(following[vocabulary.characters[i]])
    )


@pytest.fixture(scope="module")
def model(few_tunes):
    return CharLSTM(Vocabulary.from_text(few_tunes.text), embedding_dim=8, units=16, num_layers=2)


def test_an_exact_string():
    sampler = Sampler(OneHot(LETTERS, lambda i: (i + 1) % 26), seed=0)
    alphabet = LETTERS.characters
    assert sampler.sample(prompt="x", length=30) == ["xyz" + alphabet + "ab"]
    assert (
        sampler.sample(prompt="abcq", length=300, n=3)
        == ["abcq" + "".join(alphabet[(17 + i) % 26] for i in range(300))] * 3
    )


def test_the_prompt_is_read_and_not_only_repeated(model):
    """Against the model itself, one character at a time, always taking the likeliest."""
    prompt = "X:1\nT: "
    [text] = Sampler(model, top_k=1, seed=0).sample(prompt=prompt, length=150)
    assert text.startswith(prompt) and len(text) == len(prompt) + 150
    ids = model.vocabulary.encode("\n\n" + text)
    logits = model(ids[None, :-1])[0].numpy()
    np.testing.assert_array_equal(logits.argmax(axis=1)[len(prompt) + 1 :], ids[len(prompt) + 2 :])


def test_a_seed_gives_the_same_text_again_however_many_are_asked_for(model):
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


def drawn_shares(logits, **options):
    text = Sampler(Fixed(logits), seed=0, **options).sample("a", length=20_000)[0][1:]
    return [text.count(letter) / len(text) for letter in LETTERS.characters[: len(logits)]]


def softmax(logits):
    powers = np.exp(np.asarray(logits, np.float64))
    return powers / powers.sum()


def test_letters_come_as_often_as_they_are_likely():
    logits = [0.0, 1.0, 2.0, -1.0, -30.0]
    assert drawn_shares(logits) == pytest.approx(softmax(logits), abs=0.01)
    halved = softmax(np.array(logits) / 2)
    assert drawn_shares(logits, temperature=2.0) == pytest.approx(halved, abs=0.01)


def test_top_k_keeps_the_k_likeliest():
    logits = np.array([0.0, 1.0, 2.0, -1.0])
    kept = softmax(np.where(logits >= 1, logits, -np.inf))
    assert drawn_shares(logits, top_k=2) == pytest.approx(kept, abs=0.01)
    assert drawn_shares([1.0, 1.0, 0.0], top_k=1) == pytest.approx([0.5, 0.5, 0], abs=0.02)


@pytest.mark.slow
def test_top_p_keeps_the_fewest_that_reach_p():
    shares = np.array([0.5, 0.3, 0.15, 0.05])
    for top_p, kept in [(0.4, 1), (0.55, 2), (0.8 + 1e-3, 3), (0.94, 3), (1.0, 4)]:
        expected = np.where(np.arange(4) < kept, shares, 0)
        assert drawn_shares(np.log(shares), top_p=top_p) == pytest.approx(
            expected / expected.sum(), abs=0.01
        )
    both = drawn_shares(np.log(shares), top_k=2, top_p=0.7)  # p counts among the k
    assert both == pytest.approx([0.5 / 0.8, 0.3 / 0.8, 0, 0], abs=0.01)


# Complete tunes ----------------------------------------------------------------------------


class Scripted:
    """A fake model that writes one text, character by character, whatever the ids."""

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


def test_a_tune_cut_by_the_cap_is_reported(caplog):
    sampler = Sampler(Scripted("\n\n" + TUNE), seed=0)
    with caplog.at_level(logging.WARNING):
        assert sampler.tunes(2, max_length=len(TUNE) - 1) == []
    wanted = f"24 of 24 tunes begun had no end within {len(TUNE) - 1} characters"
    assert wanted in caplog.text and "0 of 2 are complete" in caplog.text
    caplog.clear()
    assert sampler.tunes(1, max_length=len(TUNE)) == [TUNE]
    assert not caplog.text


@pytest.mark.slow
def test_others_take_the_place_of_those_cut_and_it_is_said(model, caplog):
    sampler, prompt = Sampler(model, seed=1), "X:1\nK:D\n"
    whole = sampler.tunes(8, prompt=prompt, max_length=5000)
    longest = max(map(len, whole))
    with caplog.at_level(logging.WARNING):
        shorter = sampler.tunes(8, prompt=prompt, max_length=longest - 1)
    assert len(shorter) == 8 and max(map(len, shorter)) < longest
    assert [t for t in whole if len(t) < longest][:5] == shorter[:5]
    assert "others took their place" in caplog.text


def test_two_tunes_run_together_are_no_tune():
    book = "X:1\nK:D\nabc|\nX:2\nK:G\nd|"
    assert Sampler(Scripted("\n\n" + book), seed=0).tunes(1, max_length=60) == []


def test_a_header_without_music_is_no_tune(caplog):
    with caplog.at_level(logging.WARNING):
        assert Sampler(Scripted("\n\nX:1\nK:D\n"), seed=0).tunes(1, max_length=50) == []
    assert "no music" in caplog.text


@pytest.mark.slow
def test_tunes_are_the_same_again_from_a_seed(model):
    # Untrained, it ends a tune where two line ends come by chance.
    sampler = Sampler(model, seed=1)
    prompt = "X:1\nK:D\n"
    tunes = sampler.tunes(3, prompt=prompt, max_length=5000)
    assert tunes == sampler.tunes(3, prompt=prompt, max_length=5000)
    assert all(t.startswith("X:1\nK:D") and "\n\n" not in t for t in tunes)


# Prompts and arguments ---------------------------------------------------------------------


def test_rows_whose_tune_has_ended_begin_the_next(trained, monkeypatch):
    model = load_model(trained)
    beside_each_other = Sampler(model, seed=2).tunes(9)
    monkeypatch.setattr(drawing, "_BUCKETS", (2,))
    stretches = []
    draw = drawing.Rows.draw
    monkeypatch.setattr(drawing.Rows, "draw", lambda rows: stretches.append(rows) or draw(rows))
    assert Sampler(model, seed=2).tunes(9) == beside_each_other
    assert len({id(rows) for rows in stretches}) == 1
    # Two by two, each pair would have to wait for the longer tune of it.
    needed = [-(-(len(tune) + 4) // drawing.STRETCH) for tune in beside_each_other]
    assert len(stretches) <= (sum(needed) + max(needed)) / 2


def test_each_width_is_compiled_once(trained):
    sampler = Sampler(load_model(trained), seed=3)
    for n in (8, 5, 12):
        assert len(sampler.tunes(n)) == n
    assert sampler._drawer._compiled.experimental_get_tracing_count() == 1


def test_header_prompt():
    assert header_prompt() == "X:1\n"
    assert header_prompt("The Byte", "jig", "6/8", " D ") == (
        "X:1\nT:The Byte\nR:jig\nM:6/8\nK:D\n"
    )
    with pytest.raises(ValueError, match=r"K: must be one line of text, not 'D\\nabc'"):
        header_prompt(key="D\nabc")
    with pytest.raises(ValueError, match="T: must be one line"):
        header_prompt(title=" ")


def test_a_tune_must_begin_with_its_number(model):
    with pytest.raises(ValueError, match=r"begins with X:, and so must its prompt.*not 'K:D\\n'"):
        Sampler(model).tunes(1, prompt="K:D\n")


def test_foreign_characters_in_a_prompt_are_named(model):
    with pytest.raises(ValueError, match="'é' at line 2, column 3 is not among the"):
        Sampler(model).sample("X:1\nT:é")


def test_a_model_without_lines_needs_a_prompt_and_knows_no_tunes():
    sampler = Sampler(cycle("abc"))
    with pytest.raises(ValueError, match="give a prompt"):
        sampler.sample()
    with pytest.raises(ValueError, match="knows no tunes"):
        Sampler(cycle("X:1")).tunes(1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": 0}, "temperature must be a positive number, not 0 .*take top_k=1"),
        ({"temperature": -0.5}, "temperature must be a positive number, not -0.5"),
        ({"temperature": float("nan")}, "temperature must be"),
        ({"top_k": 0}, "top_k must be a whole number of at least 1, not 0"),
        ({"top_p": 1.5}, "top_p must be above 0 and at most 1, not 1.5"),
        ({"top_p": 0.0}, "top_p must be"),
        ({"seed": -1}, "seed must be a whole number of at least 0, not -1"),
        ({"seed": 1.5}, "seed must be"),
    ],
)
def test_bad_options_are_named(model, options, message):
    with pytest.raises(ValueError, match=message):
        Sampler(model, **options)


@pytest.mark.parametrize("argument", ["length", "n"])
def test_bad_counts_are_named(model, argument):
    with pytest.raises(ValueError, match=f"{argument} must be a whole number"):
        Sampler(model).sample(**{argument: 0})
