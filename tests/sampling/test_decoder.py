"""The sampling loop: prompts, rows that wait, rows that start again, and what is compiled."""

import copy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.autograph.impl import api

from abcrnn import CharLSTM, Sampler, Vocabulary, load_corpus, load_model, rewrite
from abcrnn.evaluation.scoring import Scorer
from abcrnn.grammar import transition_tables
from abcrnn.grammar.transition_tables import TransitionTables
from abcrnn.models import compilation
from abcrnn.models.compilation import count_traces
from abcrnn.models.ensemble import Ensemble
from abcrnn.sampling import RandomChoice, decoder, kept_tables
from abcrnn.sampling.decoder import Decoder, Streams
from abcrnn.sampling.loop import STEPS_PER_CALL
from abcrnn.sampling.tune_streams import STEPS_OF_TUNE

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
    zeros = np.zeros(1, np.int32)
    [tune] = tables.compute(zeros, None, {0: prefix.tune}).tolist()
    pitch, remaining = prefix.pitch, max_length + 2 - len(prompt)
    uniform = np.random.default_rng([seed, stream]).random(max_length + 4, dtype=np.float32)
    while tune != 0:
        [tune] = tables.compute(np.array([tune], np.int32)).tolist()
        row = tables.row_of[tune]
        allowed = (tables.next_tune[row] >= 0) & (tables.next_pitch[pitch] >= 0)
        allowed &= tables.chars_to_end[row] < remaining
        logits = np.where(allowed, model.reference_logits(ids), -np.inf)
        powers = np.exp(logits - logits.max())
        cumulative = np.cumsum(powers / powers.sum())
        chosen = int((cumulative <= uniform[len(ids) - 1] * cumulative[-1]).sum())
        tune, pitch = int(tables.next_tune[row, chosen]), int(tables.next_pitch[pitch, chosen])
        remaining -= 1
        ids.append(chosen)
    return model.vocabulary.decode(np.array(ids)).strip("\n")


@pytest.fixture
def counts(monkeypatch):
    """Number of characters that each call gave each row."""
    found, advance = [], Streams.advance

    def counted(streams, *steps):
        rows = advance(streams, *steps)
        found.append([len(row) for row in rows])
        return rows

    monkeypatch.setattr(Streams, "advance", counted)
    return found


# The loop ------------------------------------------------------------------------------------


@pytest.mark.slow
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


@pytest.mark.slow
def test_rows_whose_tune_has_ended_start_the_next(trained, monkeypatch, counts):
    model = load_model(trained)
    in_parallel = Sampler(model, seed=2).tunes(9)
    monkeypatch.setattr(decoder, "_BATCH_SIZES", (2,))
    counts.clear()
    assert Sampler(model, seed=2).tunes(9) == in_parallel
    # Two at a time, the shorter of each pair would have to wait for the longer.
    needed = [-(-(len(tune) + 4) // STEPS_OF_TUNE) for tune in in_parallel]
    assert len(counts) <= (sum(needed) + max(needed)) / 2


# A large state -------------------------------------------------------------------------------


@pytest.mark.slow
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


SHARING = """
import sys, threading
sys.path[:0] = {paths!r}
from abcrnn import Sampler
from abcrnn.grammar.transition_tables import TransitionTables
from test_decoder import ABC, Memory

model, prompt = Memory(positions=8, width=1), "X:1\\nM:6/8\\nK:G\\n"
tables = TransitionTables(ABC.characters)
samplers = [Sampler(model, seed=seed, constraint=tables) for seed in range(3)]
expected = [
    Sampler(model, seed=seed, constraint="bars").tunes(17, prompt, max_length=60)
    for seed in range(3)
]

# In turn: each finds states that the others have numbered, or computed, since its last call.
numbers = [iter(range(17)) for _ in samplers]
running = [
    sampler.streams(prompt, 60, lambda own=own: next(own, None), 17)
    for sampler, own in zip(samplers, numbers)
]
found = [{{}} for _ in samplers]
while any(len(tunes) < 17 for tunes in found):
    for tunes, streams in zip(found, running):
        tunes.update([next(streams)] if len(tunes) < 17 else [])
assert [[tunes[n] for n in range(17)] for tunes in found] == expected

# At the same time, in threads.
together = [None] * 3
def work(n):
    together[n] = samplers[n].tunes(17, prompt, max_length=60)
threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert together == expected
print("all the same")
"""


@pytest.mark.slow
def test_samplers_that_share_tables_in_turn_and_in_threads():
    """In another process, which is ended if a sampler waits for rows that never arrive."""
    paths = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
    done = subprocess.run(
        [sys.executable, "-c", SHARING.format(paths=paths)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout == "all the same\n", done.stderr[-2000:]


@pytest.mark.slow
@pytest.mark.parametrize("limits", [(600, 16_384), (131_072, 40)])
def test_tables_that_forget_rows_while_they_are_in_use(limits, monkeypatch):
    model, prompt = Memory(positions=8, width=1), "X:1\nM:6/8\nK:G\n"
    expected = Sampler(model, seed=1, constraint="bars").tunes(16, prompt, max_length=60)
    monkeypatch.setattr(transition_tables, "MAX_STATES", limits[0])
    monkeypatch.setattr(transition_tables, "MAX_ROWS", limits[1])
    tables = TransitionTables(ABC.characters)
    numbering = tables.numbering
    small = Sampler(model, seed=1, constraint=tables)
    numbers = iter(range(16))
    other = Sampler(model, seed=2, constraint=tables).streams(
        prompt, 60, lambda: next(numbers, None), 16
    )
    next(other)  # other streams are under way, and their states are renumbered too
    assert small.tunes(16, prompt, max_length=60) == expected
    assert tables.numbering is not numbering
    assert len(tables.computed_states) <= limits[1]
    alone = Sampler(model, seed=2, constraint="bars").tunes(16, prompt, max_length=60)
    assert {tune for _, tune in other} < set(alone)


@pytest.fixture
def model(trained):
    """A model on which nothing is compiled yet."""
    return load_model(trained)


# Tables that are kept ------------------------------------------------------------------------


@pytest.fixture
def computed(monkeypatch):
    """Numbers of the states whose transitions are computed."""
    found, compute = [], TransitionTables._compute_row

    def counted(tables, number):
        found.append(number)
        compute(tables, number)

    monkeypatch.setattr(TransitionTables, "_compute_row", counted)
    return found


@pytest.mark.slow
def test_a_second_sampler_computes_no_transitions(computed):
    model, prompt = Memory(positions=8, width=1), "X:1\nM:6/8\nK:G\n"
    kept_tables.kept_tables(model)
    computed.clear()
    first = Sampler(model, seed=1, constraint="bars").tunes(4, prompt, max_length=60)
    assert len(computed) > 50
    computed.clear()
    assert Sampler(model, seed=1, constraint="bars").tunes(4, prompt, max_length=60) == first
    assert computed == []
    other = Memory(positions=8, width=1)
    assert Sampler(other, seed=1, constraint="bars").tunes(4, prompt, max_length=60) == first
    assert len(computed) > 50


@pytest.mark.slow
def test_tables_are_kept_by_request_and_the_oldest_are_dropped(monkeypatch):
    model = Memory(positions=8, width=1)
    kept = kept_tables.kept_tables
    for_bars = kept(model, bars=2)
    assert kept(model, bars=2) is for_bars
    assert kept(model, values={"K": {"G", "D"}}) is kept(model, values={"K": ["D", "G"]})
    others = [kept(model, bars=3), kept(model), kept(model, pitches=frozenset("GAB"))]
    others += [kept(model, form=((2, True),)), kept(model, values={"K": {"G"}})]
    assert len({id(tables) for tables in (for_bars, *others)}) == 6
    prompt = "X:1\nM:6/8\nK:G\n"
    for tables in (others[1], for_bars):
        Sampler(model, seed=1, constraint=tables).tunes(4, prompt, max_length=100)
    rows = [len(tables.computed_states) for tables in (for_bars, others[1])]
    monkeypatch.setattr(kept_tables, "MAX_KEPT_ROWS", sum(rows) + 10)
    assert kept(model, bars=2) is for_bars and kept(model) is others[1]
    monkeypatch.setattr(kept_tables, "MAX_KEPT_ROWS", max(rows) + 10)
    assert kept(model, bars=2) is for_bars
    assert kept(model) is not others[1]


def test_a_copy_of_a_model_has_no_tables(model):
    tables = kept_tables.kept_tables(model)
    copied = copy.deepcopy(model)
    assert kept_tables.kept_tables(copied) is not tables
    assert kept_tables.kept_tables(model) is tables


# What is compiled ----------------------------------------------------------------------------


@pytest.mark.slow
def test_a_second_sampler_compiles_nothing(model):
    Sampler(model, seed=3).tunes(8)
    assert count_traces(model) == 1
    for n in (5, 12):
        Sampler(model, temperature=0.7).tunes(n)
    Sampler(model, seed=1, temperature=2).sample("X:1", length=5, n=7)
    assert count_traces(model) == 1


@pytest.mark.slow
def test_one_function_for_each_number_of_rows():
    model = NextLetter()
    for n, traces in ((1, 1), (2, 2), (16, 2), (17, 3), (64, 3), (65, 3), (1, 3)):
        Sampler(model).sample("abc", length=5, n=n)
        assert count_traces(model) == traces


@pytest.mark.slow
def test_one_function_for_each_set_of_filters():
    model = NextLetter()
    for values in ((5, 0.9, 0.1), (6, 0.8, 0.2)):
        top_k, top_p, min_p = values
        for filters in ({"top_p": top_p}, {"min_p": min_p}, {"top_k": top_k, "top_p": top_p}):
            Sampler(model, **filters).sample("abc", length=5)
    assert count_traces(model) == 3


@pytest.mark.slow
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


@pytest.mark.slow
def test_training_goes_into_the_compiled_function(model):
    """Weights are read when the function runs, not when it is compiled."""
    before = Sampler(model, top_k=1).sample("X:1", length=20)
    other = CharLSTM(model.vocabulary, **{**model.config, "seed": 9})
    model.set_weight_arrays(other.weight_arrays())
    after = Sampler(model, top_k=1).sample("X:1", length=20)
    assert after == Sampler(other, top_k=1).sample("X:1", length=20) != before
    assert count_traces(model) == 1


class Looping(Memory):
    """A user's own model, with a Python condition on a tensor, which AutoGraph translates."""

    def step(self, ids, state, active=None):
        logits, state = super().step(ids, state, active)
        if tf.reduce_sum(state[0]) < 0:
            logits = -logits
        return logits, state


@pytest.mark.slow
def test_models_of_a_user_are_translated_by_autograph(model, monkeypatch):
    """Also as a member of an ensemble; our own models are not, since that takes longest."""
    expected = Sampler(Memory(positions=8, width=1), seed=1).sample("X:1\n", 20)
    assert Sampler(Looping(positions=8, width=1), seed=1).sample("X:1\n", 20) == expected
    pair = SimpleNamespace(members=[model, Looping(positions=8, width=1)])
    assert compilation.may_need_autograph(pair)
    assert not compilation.may_need_autograph(Ensemble([model]))
    assert not compilation.may_need_autograph(model)
    assert not compilation.may_need_autograph(RandomChoice())

    translated, translate = [], api._convert_actual

    def counted(entity, context):
        translated.append(entity)
        return translate(entity, context)

    monkeypatch.setattr(api, "_convert_actual", counted)
    Sampler(model, seed=1, top_p=0.9, constraint="bars").tunes(1, max_length=60)
    assert translated == []
    Sampler(Looping(positions=8, width=1), seed=1).sample("X:1\n", 20)
    assert translated
