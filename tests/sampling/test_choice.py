"""How the next character is chosen: probabilities, filters, and a choice of one's own."""

import numpy as np
import pytest
import tensorflow as tf

from abcrnn import Sampler, Vocabulary
from abcrnn.models.compilation import count_traces
from abcrnn.sampling import Choice, RandomChoice

LETTERS = Vocabulary.from_text("abcdefghijklmnopqrstuvwxyz")
SHARES = np.array([0.5, 0.3, 0.15, 0.05])
ROWS = 20_000


def shares_of(choice, logits):
    """Share of each id over evenly spaced random numbers: exact to 1 / ROWS."""
    uniform = (np.arange(ROWS, dtype=np.float32) + 0.5) / ROWS
    rows = tf.tile(tf.constant(logits, tf.float32)[None], (ROWS, 1))
    ids = choice(rows, tf.constant(uniform, tf.float32), choice.parameters)
    assert ids.dtype == tf.int32
    return np.bincount(ids, minlength=len(logits)) / ROWS


def softmax(logits):
    powers = np.exp(np.asarray(logits, np.float64))
    return powers / powers.sum()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_ids_are_sampled_with_their_probability(temperature):
    logits = np.array([0.0, 1.0, 2.0, -1.0, -30.0])
    expected = softmax(logits / temperature)
    assert shares_of(RandomChoice(temperature), logits) == pytest.approx(expected, abs=2e-4)


def test_a_forbidden_id_is_never_sampled():
    found = shares_of(RandomChoice(1e30), [-np.inf, 3.0, -np.inf, 4.0, -np.inf])
    assert found == pytest.approx([0, 0.5, 0, 0.5, 0], abs=2e-4)


@pytest.mark.parametrize("top_k", [1, 2, 3, 4, 2**40])
def test_top_k_keeps_the_k_likeliest(top_k):
    expected = np.where(np.arange(4) < top_k, SHARES, 0)
    found = shares_of(RandomChoice(top_k=top_k), np.log(SHARES))
    assert found == pytest.approx(expected / expected.sum(), abs=2e-4)


def test_top_k_keeps_ties_with_the_last():
    assert shares_of(RandomChoice(top_k=1), [1.0, 1.0, 0.0]) == pytest.approx([0.5, 0.5, 0])


@pytest.mark.parametrize(
    ("top_p", "kept"), [(0.4, 1), (0.55, 2), (0.8 + 1e-3, 3), (0.94, 3), (1.0, 4)]
)
def test_top_p_keeps_the_fewest_that_reach_p(top_p, kept):
    expected = np.where(np.arange(4) < kept, SHARES, 0)
    found = shares_of(RandomChoice(top_p=top_p), np.log(SHARES))
    assert found == pytest.approx(expected / expected.sum(), abs=2e-4)


@pytest.mark.parametrize(
    ("min_p", "kept"), [(0.05, 4), (0.2, 3), (0.5, 2), (0.59, 2), (0.61, 1), (1, 1)]
)
def test_min_p_keeps_what_is_likely_enough_compared_with_the_likeliest(min_p, kept):
    expected = np.where(np.arange(4) < kept, SHARES, 0)
    found = shares_of(RandomChoice(min_p=min_p), np.log(SHARES))
    assert found == pytest.approx(expected / expected.sum(), abs=2e-4)


def test_filters_apply_in_turn():
    found = shares_of(RandomChoice(top_k=2, top_p=0.7), np.log(SHARES))  # 0.7 of the two
    assert found == pytest.approx([0.5 / 0.8, 0.3 / 0.8, 0, 0], abs=2e-4)
    found = shares_of(RandomChoice(top_k=3, top_p=0.9, min_p=0.5), np.log(SHARES))
    assert found == pytest.approx([0.5 / 0.8, 0.3 / 0.8, 0, 0], abs=2e-4)


def test_filters_apply_after_temperature():
    hot = softmax(np.log(SHARES) / 4)  # 0.33, 0.29, 0.24, 0.19: all within a half of the first
    assert shares_of(RandomChoice(4.0, min_p=0.5), np.log(SHARES)) == pytest.approx(hot, abs=2e-4)


def test_choices_that_differ_in_numbers_only_share_a_compiled_function():
    assert RandomChoice(0.5, top_k=3).key == RandomChoice(0.7, min_p=0.1).key

    class Subclass(RandomChoice):
        pass

    assert Subclass().key != Subclass().key
    assert Subclass().key != RandomChoice().key


# A choice of one's own ---------------------------------------------------------------------


class NextLetter:
    """Model that is sure of the next letter of the alphabet, and next most of the one after."""

    vocabulary = LETTERS

    def initial_state(self, batch_size):
        return ()

    def step(self, ids, state, active=None):
        first, second = (tf.one_hot((ids + n) % 26, 26) for n in (1, 2))
        return 100 * first + 50 * second, state


class Nth(Choice):
    """Always the n-th likeliest, counted from 0."""

    def __init__(self, n):
        self.n = n

    def __call__(self, logits, uniform, parameters):
        return tf.math.top_k(logits, self.n + 1).indices[:, self.n]


class Shift(Choice):
    """The likeliest, moved on by a number that is a parameter."""

    key = "shift"

    def __init__(self, by):
        self.parameters = {"by": by}

    def __call__(self, logits, uniform, parameters):
        return (tf.argmax(logits, 1, tf.int32) + parameters["by"]) % 26


@pytest.mark.parametrize(("choice", "text"), [(Nth(0), "xyzabcdef"), (Nth(1), "xzbdfhjln")])
def test_a_choice_of_ones_own_writes_an_exact_string(choice, text):
    assert Sampler(NextLetter(), choice=choice).sample("x", length=8) == [text]


def test_choices_with_attributes_of_their_own_do_not_share_a_compiled_function():
    model = NextLetter()
    texts = [Sampler(model, choice=Nth(n)).sample("a", length=4) for n in (0, 1, 0)]
    assert texts == [["abcde"], ["acegi"], ["abcde"]]


def test_parameters_of_a_choice_are_run_time_values():
    model = NextLetter()
    texts = [Sampler(model, choice=Shift(by)).sample("a", length=4) for by in (0, 1, 2)]
    assert texts == [["abcde"], ["acegi"], ["adgjm"]]
    assert count_traces(model) == 1


class Uniform(Choice):
    """Any letter, each with the same probability."""

    def __call__(self, logits, uniform, parameters):
        return tf.cast(uniform * 26, tf.int32)


def test_random_numbers_come_from_the_seed_and_the_stream():
    texts = Sampler(NextLetter(), choice=Uniform(), seed=5).sample("a", length=10, n=3)
    for stream, text in enumerate(texts):
        numbers = np.random.default_rng([5, stream]).random(10, dtype=np.float32)
        assert text == "a" + "".join(LETTERS.characters[int(x * 26)] for x in numbers)


# Arguments -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": 0}, "temperature must be a positive number, not 0 .*top_k=1 always takes"),
        ({"temperature": -0.5}, "temperature must be a positive number, not -0.5"),
        ({"temperature": float("nan")}, "temperature must be"),
        ({"top_k": 0}, "top_k must be a whole number of at least 1, not 0"),
        ({"top_p": 1.5}, "top_p must be above 0 and at most 1, not 1.5"),
        ({"top_p": 0.0}, "top_p must be"),
        ({"min_p": 0}, "min_p must be above 0 and at most 1, not 0"),
        ({"min_p": "0.1"}, "min_p must be above 0 and at most 1, not '0.1'"),
        ({"choice": "likeliest"}, "choice must be an abcrnn.sampling.Choice, not 'likeliest'"),
        ({"choice": Nth(0), "top_p": 0.9}, "choice replaces temperature, top_k, top_p and min_p"),
    ],
)
def test_an_invalid_argument_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        Sampler(NextLetter(), **options)
