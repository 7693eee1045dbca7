"""Faithful sampling: weights, the choice among candidates, and the distribution of the tunes."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import tensorflow as tf

from abcrnn import Sampler, Vocabulary
from abcrnn.grammar.transition_tables import TransitionTables
from abcrnn.sampling import RandomChoice
from abcrnn.sampling.faithful import Candidate, Selection, choose, effective_size

VOCABULARY = Vocabulary("".join(sorted("\n16/8:GAKMX|")))
CHARACTERS = VOCABULARY.characters
PROMPT = "X:1\nM:6/8\nK:G\nG6|GGGG"
ROOM = 7  # characters after the prompt


class Pairs:
    """A model trained on 20 valid tunes: it counts pairs of characters.

    It does not count the notes of a bar, so that few of its unconstrained tunes would be
    valid.
    """

    vocabulary = VOCABULARY

    def __init__(self, tunes, seed):
        random = np.random.default_rng(seed)
        counts = np.full((len(CHARACTERS),) * 2, 0.1)
        popularity = random.dirichlet(np.ones(len(tunes)))
        for number in random.choice(len(tunes), 20, p=popularity):
            for pair in pairwise(PROMPT[-1] + list(tunes)[number]):
                counts[tuple(CHARACTERS.index(c) for c in pair)] += 1
        self.logits = np.log(counts).astype(np.float32)

    def initial_state(self, batch_size):
        return ()

    def step(self, ids, state, active=None):
        return tf.gather(tf.constant(self.logits), ids), state


def enumerate_tunes():
    """Every valid text after the prompt, each with the masks of its characters."""
    tables = TransitionTables(CHARACTERS)
    prefix = tables.read_prefix(PROMPT)
    start = int(tables.compute(np.zeros(1, np.int32), None, {0: prefix.tune})[0])
    waiting, found = [(start, prefix.pitch, ROOM + 2, "", ())], {}
    while waiting:
        tune, pitch, remaining, text, masks = waiting.pop()
        if tune == 0:
            found[text] = masks
            continue
        row = tables.row_of[tables.compute(np.array([tune], np.int32))[0]]
        allowed = (tables.next_tune[row] >= 0) & (tables.next_pitch[pitch] >= 0)
        allowed &= tables.chars_to_end[row] < remaining
        for column in np.flatnonzero(allowed):
            after = int(tables.next_tune[row, column]), int(tables.next_pitch[pitch, column])
            more = text + CHARACTERS[column], (*masks, allowed)
            waiting.append((*after, remaining - 1, *more))
    return found


@pytest.fixture(scope="module")
def tunes():
    return enumerate_tunes()


def log_probabilities(model, tunes, temperature=1.0):
    """Logarithms of the probability, and of the importance weight, of each tune."""
    logits = model.logits.astype(np.float64) / temperature
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    probability, weight = [], []
    for text, masks in tunes.items():
        ids = [CHARACTERS.index(c) for c in PROMPT[-1] + text]
        pairs = list(pairwise(ids))
        probability.append(sum(logs[pair] for pair in pairs))
        masses = [np.exp(logs[a])[mask].sum() for (a, _), mask in zip(pairs, masks, strict=True)]
        weight.append(np.log(masses).sum())
    return np.array(probability), np.array(weight)


def chosen_of(count, proposal, weights):
    """Exact distribution of the tune that is chosen from ``count`` candidates.

    It is ``count * q(x) * w(x) * E[1 / (w(x) + sum of the other weights)]``. The
    expectation is an integral over t of exp(-t w(x)) times the Laplace transform of the
    weights to the power of ``count - 1``.
    """
    weights = weights / weights.max()
    t = np.concatenate([[0], np.logspace(-8, 8, 4001)])
    transform = (proposal[:, None] * np.exp(-np.outer(weights, t))).sum(axis=0) ** (count - 1)
    integrals = [np.trapezoid(np.exp(-w * t) * transform, t) for w in weights]
    return count * proposal * weights * np.array(integrals)


def divergence(true, other):
    """Kullback-Leibler divergence in nats."""
    return float((true * np.log(true / other)).sum())


def distributions(model, tunes):
    """The true conditional distribution, and those of the tunes from 1, 3 and 10 candidates."""
    probability, weight = log_probabilities(model, tunes)
    true = np.exp(probability) / np.exp(probability).sum()
    proposal, weights = np.exp(probability - weight), np.exp(weight)
    return true, {count: chosen_of(count, proposal, weights) for count in (1, 3, 10)}


# The distribution of the tunes ---------------------------------------------------------------


def test_the_divergence_from_the_true_conditional_shrinks(tunes):
    """By a factor of 3 at least with 3 candidates, and of 5 with 10: exact, for 9 models."""
    assert len(tunes) > 40
    ratios = {3: [], 10: []}
    for seed in range(9):
        true, found = distributions(Pairs(tunes, seed), tunes)
        for count, distribution in found.items():
            assert distribution.sum() == pytest.approx(1, abs=1e-4)
            if count > 1:
                ratios[count].append(divergence(true, found[1]) / divergence(true, distribution))
    assert min(ratios[3]) >= 3
    assert min(ratios[10]) >= 5


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 3, 10])
def test_sampled_tunes_have_the_exact_distribution(tunes, count):
    model = Pairs(tunes, seed=0)
    sampler = Sampler(model, seed=1, constraint="bars", faithful=count)
    n = 1500
    sampled = Counter(sampler.tunes(n, PROMPT, max_length=len(PROMPT) + ROOM))
    texts = [PROMPT + text.removesuffix("\n\n") for text in tunes]
    assert set(sampled) <= set(texts)
    _, found = distributions(model, tunes)
    expected = n * found[count]
    observed = np.array([sampled[text] for text in texts])
    frequent = expected >= 5
    differences = (observed - expected)[frequent] ** 2 / expected[frequent]
    # Chi-squared: mean and standard deviation from the number of frequent tunes.
    assert differences.sum() < frequent.sum() + 4 * np.sqrt(2 * frequent.sum())
    if count > 1:  # so that the test can tell the two distributions apart
        others = n * found[1]
        assert ((observed - others)[frequent] ** 2 / others[frequent]).sum() > 4 * frequent.sum()


@pytest.mark.parametrize("temperature", [0.7, 1.0])
def test_weights_are_the_products_of_the_allowed_probability(tunes, temperature):
    model = Pairs(tunes, seed=3)
    _, expected = log_probabilities(model, tunes, temperature)
    weight_of = dict(zip(tunes, expected, strict=True))
    numbers = iter(range(40))
    sampler = Sampler(model, temperature, seed=2, constraint="bars", faithful=2)
    chosen = list(sampler.chosen_tunes(PROMPT, len(PROMPT) + ROOM, lambda: next(numbers, None), 32))
    assert sorted(found.number for found in chosen) == list(range(40))
    for found in chosen:
        assert found.stream // 2 == found.number
        text = found.tune.removeprefix(PROMPT) + "\n\n"
        assert found.log_weight == pytest.approx(weight_of[text], rel=1e-4)
    assert len({found.tune for found in chosen}) > 5


@pytest.mark.slow
def test_one_candidate_gives_the_tunes_of_a_sampler_without_weights(tunes):
    model = Pairs(tunes, seed=3)
    arguments = {"prompt": PROMPT, "max_length": len(PROMPT) + ROOM}
    plain = Sampler(model, seed=2, constraint="bars")
    assert Sampler(model, seed=2, constraint="bars", faithful=1).tunes(20, **arguments) == (
        plain.tunes(20, **arguments)
    )
    assert plain.effective_size == 1
    faithful = Sampler(model, seed=2, constraint="bars", faithful=4)
    chosen = faithful.tunes(20, **arguments)
    assert 1 < faithful.effective_size < 4
    candidates = Sampler(model, seed=2, constraint="bars").tunes(80, **arguments)
    for number, tune in enumerate(chosen):
        assert tune in candidates[4 * number : 4 * number + 4]
    assert chosen != candidates[::4]
    assert faithful.tunes(20, **arguments) == chosen
    assert faithful.tunes(5, **arguments) == chosen[:5]


# The choice ----------------------------------------------------------------------------------


def test_an_index_is_chosen_in_proportion_to_its_weight():
    logs = np.log([1.0, 5.0, 4.0]) - 2000  # far below the smallest float
    found = Counter(choose(logs, uniform) for uniform in np.arange(0.005, 1, 0.01))
    assert found == {0: 10, 1: 50, 2: 40}
    assert choose([-np.inf, 0.0, -np.inf], 0.999) == choose([-np.inf, 0.0, -np.inf], 0.0) == 1
    assert choose([-np.inf, -np.inf], 0.7) == 0


def test_the_effective_size():
    assert effective_size([-3.0] * 5) == pytest.approx(5)
    assert effective_size([0.0, -1000.0, -np.inf]) == pytest.approx(1)
    assert effective_size(np.log([3.0, 1.0])) == pytest.approx(1.6)


def test_a_choice_waits_for_all_candidates_and_prefers_complete_tunes():
    numbers = iter(range(2))
    selection = Selection(3, 7, lambda: next(numbers, None))
    assert [selection.next_stream() for _ in range(7)] == [0, 1, 2, 3, 4, 5, None]
    first = [Candidate(2, None, 0.0), Candidate(0, None, 0.0)]
    assert [selection.add(candidate) for candidate in first] == [None, None]
    assert selection.add(Candidate(4, "other", -1.0)) is None
    found = selection.add(Candidate(1, "tune", -50.0))
    assert (found.number, found.stream, found.tune, found.log_weight) == (0, 1, "tune", -50.0)
    assert found.effective_size == 1


class Middle(RandomChoice):
    """Another choice, without parameters."""

    @property
    def key(self):
        return "middle"


@pytest.mark.slow
def test_a_choice_of_its_own_has_weights(tunes):
    model = Pairs(tunes, seed=3)
    sampler = Sampler(model, seed=2, choice=Middle(0.7), constraint="bars", faithful=4)
    plain = Sampler(model, 0.7, seed=2, constraint="bars", faithful=4)
    arguments = {"prompt": PROMPT, "max_length": len(PROMPT) + ROOM}
    assert sampler.tunes(5, **arguments) == plain.tunes(5, **arguments)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"faithful": 0, "constraint": "bars"}, "faithful must be a whole number"),
        ({"faithful": 1001, "constraint": "bars"}, "faithful must be at most 1000, not 1001"),
        ({"faithful": 2}, "faithful needs a constraint, such as constraint='bars'"),
    ],
)
def test_invalid_numbers_of_candidates(tunes, options, message):
    with pytest.raises(ValueError, match=message):
        Sampler(Pairs(tunes, 0), **options)
