"""The sampling loop: prompts, rows that wait, rows that start again, and what is compiled."""

import numpy as np
import pytest
import tensorflow as tf

from abcrnn import CharLSTM, Sampler, Vocabulary, load_corpus, load_model, rewrite
from abcrnn.evaluation.scoring import Scorer
from abcrnn.grammar import transition_tables
from abcrnn.grammar.transition_tables import TransitionTables
from abcrnn.models.compilation import count_traces
from abcrnn.sampling import RandomChoice, decoder
from abcrnn.sampling.decoder import STEPS_PER_CALL, Decoder, Streams

LETTERS = Vocabulary.from_text("abcdefghijklmnopqrstuvwxyz")
# Few characters, so that few transitions have to be computed.
ABC = Vocabulary.from_text("X:1\nM6/8KGDABc|-2,")


class NextLetter:
    """Model that is sure of the next letter of the alphabet; its state counts the steps."""

    vocabulary = LETTERS

    def initial_state(self, batch_size):
        return (tf.zeros((batch_size,), tf.int32),)

    def step(self, ids, state):
        return 100 * tf.one_hot((ids + 1) % 26, 26), (state[0] + 1,)


class Memory:
    """Model with a large state: it writes one position per step, and reads another.

    The logits are those of the character read ``lag`` steps ago, from a table.
    """

    def __init__(self, positions, width, lag=3, seed=0):
        self.vocabulary, self.positions, self.width, self.lag = ABC, positions, width, lag
        # Whole numbers, so that a reference in NumPy has the same logits.
        self.table = np.random.default_rng(seed).integers(0, 4, (len(ABC), len(ABC)))

    def initial_state(self, batch_size):
        memory = tf.zeros((batch_size, self.positions, self.width))
        return tf.zeros((batch_size,), tf.int32), memory

    def step(self, ids, state, active=None):
        count, memory = state
        if active is None:
            active = tf.ones_like(ids, tf.bool)
        rows = tf.range(ids.shape[0])
        place = tf.stack([rows, count % self.positions], axis=1)
        value = tf.tile(tf.cast(ids, tf.float32)[:, None], (1, self.width))
        # Rows that are not active write what is there already: one position, not the state.
        value = tf.where(active[:, None], value, tf.gather_nd(memory, place))
        memory = tf.tensor_scatter_nd_update(memory, place, value)
        earlier = tf.stack([rows, (count - self.lag) % self.positions], axis=1)
        read = tf.cast(tf.gather_nd(memory, earlier)[:, 0], tf.int32)
        logits = tf.gather(tf.constant(self.table, tf.float32), read)
        return logits, (count + tf.cast(active, tf.int32), memory)

    def reference_logits(self, ids):
        """Logits after some ids, in NumPy, from the ids alone."""
        before = len(ids) - 1 - self.lag
        return self.table[ids[before] if before >= 0 else 0].astype(np.float32)


def sample_reference(model, tables, prompt, max_length, seed, stream):
    """One tune, one character at a time, each from all characters before it."""
    ids = model.vocabulary.encode("\n\n" + prompt).tolist()
    prefix = tables.read_prefix(prompt)
    tune, pitch, remaining = prefix.tune, prefix.pitch, max_length + 2 - len(prompt)
    uniform = np.random.default_rng([seed, stream]).random(max_length + 4, dtype=np.float32)
    while tune != 0:
        tables.compute(np.array([tune], np.int32))
        allowed = (tables.next_tune[tune] >= 0) & (tables.next_pitch[pitch] >= 0)
        allowed &= tables.chars_to_end[tune] < remaining
        logits = np.where(allowed, model.reference_logits(ids), -np.inf)
        powers = np.exp(logits - logits.max())
        cumulative = np.cumsum(powers / powers.sum())
        chosen = int((cumulative <= uniform[len(ids) - 1] * cumulative[-1]).sum())
        tune, pitch = int(tables.next_tune[tune, chosen]), int(tables.next_pitch[pitch, chosen])
        remaining -= 1
        ids.append(chosen)
    return model.vocabulary.decode(np.array(ids)).strip("\n")


@pytest.fixture
def counts(monkeypatch):
    """Number of characters that each call gave each row."""
    found, advance = [], Streams.advance

    def counted(streams):
        rows = advance(streams)
        found.append([len(row) for row in rows])
        return rows

    monkeypatch.setattr(Streams, "advance", counted)
    return found


# The loop ------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [5, STEPS_PER_CALL, 2 * STEPS_PER_CALL + 1])
@pytest.mark.parametrize("prompt", ["x", "abcq", "z" * (STEPS_PER_CALL + 3)])
def test_the_alphabet_from_any_prompt(prompt, length):
    first = LETTERS.characters.index(prompt[-1]) + 1
    letters = "".join(LETTERS.characters[(first + n) % 26] for n in range(length))
    assert Sampler(NextLetter()).sample(prompt, length, n=2) == [prompt + letters] * 2


def test_prompts_of_different_lengths():
    prompts = [LETTERS.encode(text) for text in ("a", "abcdef" * 40, "xyz")]
    sampled = Decoder(NextLetter(), RandomChoice()).sample(prompts, 30, seed=0)
    texts = [LETTERS.decode(ids) for ids in sampled]
    alphabet = LETTERS.characters * 3
    assert texts == [alphabet[1:31], alphabet[6:36], alphabet[:30]]


def test_a_new_stream_starts_from_the_initial_state():
    model = NextLetter()
    streams = Streams(Decoder(model, RandomChoice()), 16, seed=0)
    for row in range(16):
        streams.start(row, row, np.zeros(1, np.int32))
    streams.advance()
    streams.start(3, 16, np.full(1, 7, np.int32))
    rows = streams.advance()
    assert rows[3][:2].tolist() == [8, 9]
    expected = np.full(16, 2 * STEPS_PER_CALL)
    expected[3] = STEPS_PER_CALL
    np.testing.assert_array_equal(streams._carry.state[0], expected)


def test_rows_whose_tune_has_ended_start_the_next(trained, monkeypatch, counts):
    model = load_model(trained)
    in_parallel = Sampler(model, seed=2).tunes(9)
    monkeypatch.setattr(decoder, "_BATCH_SIZES", (2,))
    counts.clear()
    assert Sampler(model, seed=2).tunes(9) == in_parallel
    # Two at a time, the shorter of each pair would have to wait for the longer.
    needed = [-(-(len(tune) + 4) // STEPS_PER_CALL) for tune in in_parallel]
    assert len(counts) <= (sum(needed) + max(needed)) / 2


# A large state -------------------------------------------------------------------------------


def test_waiting_rows_of_a_model_with_a_state_of_32_megabytes(counts):
    """Tunes equal those of an unrolled reference, though rows waited while others went on."""
    model = Memory(positions=64, width=2**17 // 16)
    assert model.initial_state(16)[1].numpy().nbytes == 2**25
    prompt = "X:1\nM:6/8\nK:G\n"
    sampler = Sampler(model, seed=4, constraint="bars")
    numbers = iter(range(32))
    tunes = dict(sampler.streams(prompt, 60, lambda: next(numbers, None), 16))
    tables = TransitionTables(ABC.characters)
    expected = [sample_reference(model, tables, prompt, 60, 4, stream) for stream in range(32)]
    assert [tunes[stream] for stream in range(32)] == expected
    assert len(set(expected)) > 16
    assert any(min(rows) < max(rows) for rows in counts)  # some waited


# Shared transition tables --------------------------------------------------------------------


def test_samplers_that_share_transition_tables():
    """Each gets the rows that the other had computed."""
    model, prompt = Memory(positions=8, width=1), "X:1\nM:6/8\nK:G\n"
    tables = TransitionTables(ABC.characters)
    first, second = (Sampler(model, seed=seed, constraint=tables) for seed in (1, 2))
    found = [
        sampler.tunes(2, prompt=prompt, max_length=60) for sampler in (first, second, first, second)
    ]
    assert found[0] == found[2] and found[1] == found[3]
    alone = Sampler(model, seed=2, constraint="bars").tunes(2, prompt=prompt, max_length=60)
    assert found[1] == alone


def test_tables_that_grow_while_they_are_in_use(monkeypatch):
    model, prompt = Memory(positions=8, width=1), "X:1\nM:6/8\nK:G\n"
    unlimited = Sampler(model, seed=1, constraint="bars")
    expected = unlimited.tunes(3, prompt=prompt, max_length=60)
    states = int(unlimited._tables.next_tune.max()) + 1
    monkeypatch.setattr(transition_tables, "_INITIAL_ROWS", states * 2 // 3)
    growing = Sampler(model, seed=1, constraint="bars")
    assert growing.tunes(3, prompt=prompt, max_length=60) == expected
    assert len(growing._tables.computed) == 2 * (states * 2 // 3)


# What is compiled ----------------------------------------------------------------------------


@pytest.fixture
def model(trained):
    """A model on which nothing is compiled yet."""
    return load_model(trained)


def test_a_second_sampler_compiles_nothing(model):
    Sampler(model, seed=3).tunes(8)
    assert count_traces(model) == 1
    for n in (5, 12):
        Sampler(model, temperature=0.7).tunes(n)
    Sampler(model, seed=1, temperature=2).sample("X:1", length=5, n=7)
    assert count_traces(model) == 1


def test_one_function_for_each_number_of_rows():
    model = NextLetter()
    for n, traces in ((1, 1), (2, 2), (16, 2), (17, 3), (64, 3), (65, 3), (1, 3)):
        Sampler(model).sample("abc", length=5, n=n)
        assert count_traces(model) == traces


def test_one_function_for_each_set_of_filters():
    model = NextLetter()
    for values in ((5, 0.9, 0.1), (6, 0.8, 0.2)):
        top_k, top_p, min_p = values
        for filters in ({"top_p": top_p}, {"min_p": min_p}, {"top_k": top_k, "top_p": top_p}):
            Sampler(model, **filters).sample("abc", length=5)
    assert count_traces(model) == 3


def test_a_second_sampler_under_a_constraint_compiles_nothing(model, homemade):
    Sampler(model, seed=1).sample("X:1", length=5, n=2)
    assert count_traces(model) == 1
    options = {"constraint": "bars", "top_p": 0.95}
    Sampler(model, seed=1, **options).tunes(17, max_length=80)
    assert count_traces(model) == 2
    Sampler(model, seed=1, temperature=0.8, **options).tunes(17, max_length=90)
    assert count_traces(model) == 2
    tune = load_corpus(homemade).tunes[0]
    Scorer(model).score([tune] * 2)
    assert count_traces(model) == 3
    assert rewrite(model, tune, 2, 2, seed=1, top_p=0.9, temperature=1.2)
    Scorer(model).score([tune] * 3)
    assert count_traces(model) == 3


def test_training_goes_into_the_compiled_function(model):
    """Weights are read when the function runs, not when it is compiled."""
    before = Sampler(model, top_k=1).sample("X:1", length=20)
    other = CharLSTM(model.vocabulary, **{**model.config, "seed": 9})
    model.set_weight_arrays(other.weight_arrays())
    after = Sampler(model, top_k=1).sample("X:1", length=20)
    assert after == Sampler(other, top_k=1).sample("X:1", length=20) != before
    assert count_traces(model) == 1
