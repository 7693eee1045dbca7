"""NoteSampler: streams, openings and lead-ins, by the same loop as text."""

import numpy as np
import pytest
import tensorflow as tf

from abcrnn.data.notes import notes_of_steps
from abcrnn.data.time_grid import TimeGrid
from abcrnn.events import NoteModel, NoteSampler
from abcrnn.models.compilation import count_traces
from abcrnn.sampling.choice import RandomChoice
from abcrnn.sampling.decoder import STEPS_PER_CALL

CONFIGS = {
    "classes": {"pitch_dim": 8, "time_dim": 4, "units": 12, "num_layers": 2, "head_units": 8},
    "window": {"units": 12, "seq_length": 5},
}


def random_notes(count, seed=0):
    source = np.random.default_rng(seed)
    times = source.choice([0.125, 0.25, 0.5], (2, count))
    return notes_of_steps(source.integers(50, 80, count), *times)


@pytest.fixture(params=CONFIGS, scope="module")
def model(request):
    return untrained(request.param)


def untrained(kind):
    """A model with lead-ins from four pieces."""
    pieces = [random_notes(40, seed) for seed in range(4)]
    model = NoteModel(kind, TimeGrid.of(pieces), CONFIGS[kind])
    model.leads = np.stack([model.network.lead_in(notes) for notes in pieces])
    return model


def equal(first, second):
    return all((a == b).all() for a, b in zip(first, second, strict=True))


def choose(network, hidden, uniform, choice):
    """Rows of the next notes, from hidden vectors and random numbers."""

    def choose_part(logits, numbers):
        return choice(logits, numbers, choice.parameters)

    return network.sample_rows(hidden, tf.constant(uniform, tf.float32), choose_part).numpy()


def sample_reference(model, prompt, count, seed, stream, temperature, top_p):
    """Rows sampled note by note without the loop; the random numbers of one stream."""
    network = model.network
    choice = RandomChoice(temperature, top_p=top_p)
    uniform = np.random.default_rng([seed, stream]).random((len(prompt) + count, 3), np.float32)
    state, rows = network.initial_state(1), [row[None] for row in prompt]
    for step in range(len(prompt) + count - 1):
        hidden, state = network.step(tf.constant(rows[step]), state)
        if step + 1 == len(rows):
            rows.append(choose(network, hidden, uniform[step : step + 1], choice))
    return np.concatenate(rows[len(prompt) :])


@pytest.mark.slow
@pytest.mark.parametrize("top_p", [None, 0.8])
def test_notes_are_those_of_a_plain_loop(model, top_p):
    opening = random_notes(7, seed=9)
    sampler = NoteSampler(model, temperature=0.8, seed=3, top_p=top_p)
    sampled = sampler.sample(12, n=2, opening=opening)
    prompts = model.network.prompt_rows(sampler._lead_ins(2), model.network.encode(opening))
    for stream, notes in enumerate(sampled):
        rows = sample_reference(model, prompts[stream], 12, 3, stream, 0.8, top_p)
        expected = notes_of_steps(*model.network.decode(rows))
        np.testing.assert_array_equal(notes["pitch"], expected["pitch"])
        np.testing.assert_allclose(notes["step"], expected["step"], atol=1e-5)
        np.testing.assert_allclose(notes["duration"], expected["duration"], atol=1e-5)


def test_a_stream_does_not_depend_on_the_others(model):
    """16 rows are computed for 2 to 16 streams."""
    two, nine = (NoteSampler(model, seed=1).sample(40, n=n) for n in (2, 9))
    assert equal(two, nine[:2])
    assert len({notes.tobytes() for notes in nine}) == 9


def test_more_streams_than_rows(model):
    sequences = NoteSampler(model, seed=1).sample(3, n=70)
    assert [len(notes) for notes in sequences] == [3] * 70


def test_a_longer_sequence_begins_like_a_shorter_one(model):
    short, long = (NoteSampler(model, seed=1).sample(n)[0] for n in (5, STEPS_PER_CALL + 5))
    assert (short == long[:5]).all() and len(long) == STEPS_PER_CALL + 5


def test_another_seed_gives_other_notes(model):
    first, second = (NoteSampler(model, seed=seed).sample(30)[0] for seed in (1, 2))
    assert not (first["pitch"] == second["pitch"]).all()


def test_streams_begin_after_different_lead_ins(model):
    lead_ins = NoteSampler(model, seed=1)._lead_ins(12)
    assert equal(lead_ins[:3], NoteSampler(model, seed=1)._lead_ins(3))
    assert len({rows.tobytes() for rows in lead_ins}) == 4


@pytest.mark.slow
def test_an_opening_longer_than_a_call_is_read_to_its_end(model):
    """At a temperature near zero, the next pitch is the likeliest after the whole opening."""
    network, sampler = model.network, NoteSampler(model, temperature=1e-6)
    predicted = set()
    for seed in range(4):
        opening = random_notes(STEPS_PER_CALL + 9, seed)
        prompt = network.prompt_rows(sampler._lead_ins(1), network.encode(opening))
        hidden, _ = network.unroll(tf.constant(prompt), network.initial_state(1))
        [row] = choose(network, hidden[:, -1], np.full((1, 3), 0.5), RandomChoice(1e-6))
        assert sampler.predict_next_note(opening).pitch == row[0]
        predicted.add(int(row[0]))
    assert len(predicted) > 1


def test_a_low_top_p_samples_the_likeliest_pitch(model, monkeypatch):
    monkeypatch.setattr(model, "leads", model.leads[:1])
    low, all_of_it = (
        {int(notes["pitch"][0]) for notes in NoteSampler(model, top_p=top_p).sample(1, n=16)}
        for top_p in (1e-6, None)
    )
    assert len(low) == 1 and len(all_of_it) > 5


@pytest.mark.slow
@pytest.mark.parametrize("kind", CONFIGS)
def test_a_second_sampler_compiles_nothing(kind):
    model = untrained(kind)
    NoteSampler(model, seed=1).sample(5)
    assert count_traces(model.network) == 1
    NoteSampler(model, temperature=0.7, seed=2).sample(9, opening=random_notes(6))
    assert count_traces(model.network) == 1
    NoteSampler(model, top_p=0.9).sample(5)
    NoteSampler(model, top_p=0.8).sample(5)
    assert count_traces(model.network) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": 0}, "temperature must be a positive number, not 0$"),
        ({"top_p": 2}, "top_p must be above 0 and at most 1, not 2"),
        ({"seed": -1}, "seed must be a whole number of at least 0, not -1"),
    ],
)
def test_an_invalid_argument_is_named(model, options, message):
    with pytest.raises(ValueError, match=message):
        NoteSampler(model, **options)
