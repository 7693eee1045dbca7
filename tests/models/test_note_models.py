"""Note networks, compared with Keras layers and NumPy; the model file; sampling."""

import json
from itertools import pairwise

import keras
import numpy as np
import pytest
import tensorflow as tf

from abcrnn.data.note_windows import NoteWindows, note_streams, shuffled
from abcrnn.data.notes import notes_of_steps
from abcrnn.events import NoteModel, NoteSampler, NoteScorer, load_note_model, load_pieces
from abcrnn.models.note_lstm import START
from abcrnn.storage.archive import read_archive, write_archive

FORMAT = "abcrnn note model 1"
SMALL = {"pitch_dim": 8, "time_dim": 4, "units": 12, "num_layers": 2, "head_units": 8}


@pytest.fixture(scope="module")
def pieces(midi_folder, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ABCRNN_DATA", str(tmp_path_factory.mktemp("cache")))
        return load_pieces(midi_folder).pieces


@pytest.fixture(scope="module")
def window(pieces):
    return with_noise(NoteModel.from_recipe("tutorial", pieces, units=12, seed=3))


@pytest.fixture(scope="module")
def classes(pieces):
    return with_noise(NoteModel.from_recipe("default", pieces, seed=3, **SMALL))


def with_noise(model):
    """Add noise to the weights: as after training, biases are not zero and logits differ."""
    source = np.random.default_rng(5)
    arrays = model.weight_arrays()
    model.set_weight_arrays(
        {n: a + source.normal(0, 0.3, a.shape).astype(np.float32) for n, a in arrays.items()}
    )
    return model


def test_the_window_network_is_the_tutorials(window, pieces):
    """The same network of Keras layers, with the tutorial's loss, computes the same."""
    arrays = window.weight_arrays()
    arrays["duration/bias"] -= 1  # so that some predictions are negative and the penalty counts
    window.set_weight_arrays(arrays)
    inputs = keras.Input((25, 3))
    hidden = keras.layers.LSTM(12)(inputs)
    heads = {n: keras.layers.Dense(w, name=n)(hidden) for n, w in
             (("pitch", 128), ("step", 1), ("duration", 1))}  # fmt: skip
    theirs = keras.Model(inputs, heads)
    theirs.layers[1].set_weights(
        [arrays[f"lstm/{part}"] for part in ("kernel", "recurrent_kernel", "bias")]
    )
    for name in heads:
        theirs.get_layer(name).set_weights([arrays[f"{name}/kernel"], arrays[f"{name}/bias"]])
    rows = window.network.encode(pieces[0].notes)
    windows = np.stack([rows[n : n + 26] for n in range(8)])
    found = theirs(windows[:, :-1] / np.array([128, 1, 1], np.float32))
    hidden = window.network.read_windows(tf.constant(windows[:, :-1]))
    logits, step, duration = window.network.heads_of(hidden)
    np.testing.assert_allclose(logits, found["pitch"], atol=1e-5)
    np.testing.assert_allclose(step, found["step"][:, 0], atol=1e-5)

    def with_penalty(truth, guess):
        return float(np.mean((truth - guess) ** 2 + 10 * np.maximum(-guess, 0)))

    label = windows[:, -1]
    cost = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    loss = 0.05 * float(cost(label[:, 0], found["pitch"]))
    loss += with_penalty(label[:, 1], found["step"].numpy()[:, 0])
    loss += with_penalty(label[:, 2], found["duration"].numpy()[:, 0])
    ours, correct, _ = window.network.objective(tf.constant(windows), (), None)
    assert float(ours) == pytest.approx(loss, rel=1e-5)
    guessed = found["pitch"].numpy().argmax(axis=1)
    assert int(correct) == (guessed == label[:, 0]).sum()
    np.testing.assert_allclose(duration, found["duration"][:, 0], atol=1e-5)
    assert (duration.numpy() < 0).any()


def test_the_window_network_has_the_size_of_the_tutorials(pieces):
    model = NoteModel.from_recipe("tutorial", pieces)
    assert (
        sum(a.size for a in model.weight_arrays().values()) == 4 * 128 * (3 + 128 + 1) + 129 * 130
    )


KINDS = ["window", "classes"]


@pytest.fixture(params=KINDS)
def model(request):
    return request.getfixturevalue(request.param)


def some_rows(model, pieces, time=40):
    """Rows of two pieces, shape (2, time, 3)."""
    return np.stack([model.network.encode(piece.notes)[:time] for piece in pieces[1:3]])


def test_sampled_notes_have_the_probabilities_of_the_heads(classes, pieces):
    """Inverse CDF over a grid of uniform numbers gives each class its share."""
    network, count = classes.network, 2000
    hidden, _ = network.unroll(tf.constant(some_rows(classes, pieces)), network.initial_state(2))
    hidden = tf.repeat(hidden[:1, -1], count, axis=0)
    even = (np.arange(count, dtype=np.float32) + 0.5) / count
    uniform = tf.stack([even, 0 * even + 0.3, 0 * even + 0.6], axis=1)

    def choose(logits, numbers):
        cumulative = tf.cumsum(tf.nn.softmax(logits), axis=1)
        return tf.math.count_nonzero(cumulative <= numbers[:, None], axis=1, dtype=tf.int32)

    rows = network.sample_rows(hidden, uniform, choose).numpy()
    expected = tf.nn.softmax(network.pitch_logits(hidden[:1])[0, :128]).numpy()
    counts = np.bincount(rows[:, 0], minlength=128)
    assert len(counts) == 128
    np.testing.assert_allclose(counts / count, expected, atol=2 / count)
    pitch, step = tf.constant(rows[:, 0]), tf.constant(rows[:, 1])
    steps = choose(network.step_logits(hidden, pitch), uniform[:, 1])
    durations = choose(network.duration_logits(hidden, pitch, step), uniform[:, 2])
    np.testing.assert_array_equal(rows[:, 1:], tf.stack([steps, durations], axis=1))


def test_the_heads_are_one_distribution(classes):
    """Summed over every pitch, step and duration, the probabilities are one."""
    network = classes.network
    rng = np.random.default_rng(2)
    hidden = tf.constant(rng.normal(size=(1, 12)).astype(np.float32))
    counts = START + 1, len(classes.grid.steps), len(classes.grid.durations)
    everything = np.stack(np.meshgrid(*map(np.arange, counts), indexing="ij"), -1).reshape(-1, 3)
    outputs = tf.tile(hidden, (len(everything), 1))
    pitch, step, duration, _ = network.losses(outputs, tf.constant(everything))
    assert np.exp(-(pitch + step + duration).numpy()).sum() == pytest.approx(1, abs=1e-4)


def test_scores_are_those_of_numpy(model, window, pieces):
    some = [
        piece._replace(notes=piece.notes[:length])
        for piece, length in zip(pieces, (32, 41), strict=False)
    ]
    scores = NoteScorer(model).score(some, after=25)
    nats, right, steps = [], [], []
    for piece in some:
        rows = model.network.encode(piece.notes)
        truth = model.grid.classify(piece.notes)[0]
        hidden, state = None, model.initial_state(1)
        if model is not window:
            hidden, state = model.step(tf.constant([[START, 0, 0]]), state)
        for place, row in enumerate(rows):
            if place >= 25:
                if model is window:
                    logits, step, _ = model.network.heads_of(hidden)
                    guess = np.abs(model.grid.steps - max(0.0, float(step[0]))).argmin()
                else:
                    logits = model.network.pitch_logits(hidden)
                    likeliest = tf.argmax(logits[:, :128], axis=1, output_type=tf.int32)
                    guess = model.network.step_logits(hidden, likeliest).numpy().argmax()
                values = logits.numpy()[0].astype(np.float64)
                pitch = int(piece.notes["pitch"][place])
                nats.append(np.log(np.exp(values).sum()) - values[pitch])
                right.append(values[:128].argmax() == pitch)
                steps.append(guess == truth[place])
            hidden, state = model.step(tf.constant(row[None]), state)
    assert scores.notes == len(nats) == sum(len(piece.notes) - 25 for piece in some)
    assert scores.pitch_nats == pytest.approx(np.mean(nats), abs=1e-4)
    assert scores.pitch_accuracy == pytest.approx(np.mean(right), abs=2 / len(right))
    assert scores.step_accuracy == pytest.approx(np.mean(steps), abs=2 / len(steps))


def test_pieces_too_short_to_be_scored(window, classes, pieces):
    short = pieces[0]._replace(notes=pieces[0].notes[:20])
    with pytest.raises(ValueError, match="no piece is long enough"):
        NoteScorer(window).score([short])
    assert NoteScorer(classes).score([short]).notes == 20


# Windows and streams --------------------------------------------------------------------------


def test_windows_are_all_windows_of_the_pieces():
    rows = [np.arange(n * 3, dtype=np.float32).reshape(n, 3) + 1000 * n for n in (9, 4, 12, 3)]
    batches = NoteWindows(rows, batch_size=2, seq_length=4, seed=1)
    assert batches.windows == (5 + 8) // 2
    seen = np.concatenate([b.window for b in batches.epoch(0)])
    allowed = {r[n : n + 5].tobytes() for r in rows for n in range(len(r) - 4)}
    assert len({w.tobytes() for w in seen}) == len(seen) == 12
    assert {w.tobytes() for w in seen} <= allowed
    again = np.concatenate([b.window for b in batches.epoch(0)])
    assert (again == seen).all()
    assert (np.concatenate([b.window for b in batches.epoch(0, start=4)]) == seen[8:]).all()
    assert not (np.concatenate([b.window for b in batches.epoch(1)]) == seen).all()


def test_streams_continue_and_have_a_separator_after_each_piece():
    rows = [np.full((n, 3), n, np.int32) for n in (5, 7, 4, 6)]
    batches = note_streams(rows, batch_size=2, seq_length=3, seed=1)
    windows = [batch.window for batch in batches.epoch(0)]
    for row in range(2):
        for a, b in pairwise(windows):
            assert (a[row, -1] == b[row, 0]).all()
    stream = np.concatenate([w[0, :-1] for w in windows])[:, 0]
    ends = np.flatnonzero(stream == START)
    assert len(ends) and all(stream[e - 1] == stream[e - stream[e - 1]] for e in ends if e > 7)


def test_the_order_of_windows_depends_on_seed_and_epoch_only():
    """Not on TensorFlow's global seed; without one it is the order of Dataset.shuffle."""
    expected = tf.data.Dataset.range(60).shuffle(60, 2**40 + 3, reshuffle_each_iteration=False)
    expected = list(expected.as_numpy_iterator())
    batches = NoteWindows([np.ones((40, 3), np.float32) * np.arange(40)[:, None]], 4, 3, seed=2)
    first = [batch.window for batch in batches.epoch(1)]
    tf.random.set_seed(9)
    try:
        assert shuffled(60, 2**40 + 3).tolist() == expected
        assert (np.array(first) == [batch.window for batch in batches.epoch(1)]).all()
    finally:
        tf.random.set_seed(None)


@pytest.mark.parametrize("kind", ["windows", "streams"])
def test_rows_of_batches_are_those_of_whole_batches(kind):
    make = NoteWindows if kind == "windows" else note_streams
    pieces = [np.arange(n * 3, dtype=np.int32).reshape(n, 3) for n in (30, 24)]
    whole = [batch.window for batch in make(pieces, 4, 3, 1).epoch(2)]
    part = [batch.window for batch in make(pieces, 4, 3, 1, range(1, 3)).epoch(2)]
    assert len(whole) == len(part) > 2
    assert all((a[1:3] == b).all() for a, b in zip(whole, part, strict=True))


@pytest.mark.parametrize("make", [NoteWindows, note_streams])
def test_too_few_notes_raise(make):
    with pytest.raises(ValueError, match="use a smaller batch_size or seq_length"):
        make([np.zeros((9, 3), np.int32)], 16, 25, 0)


# The file ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_model_is_the_same_after_saving_and_loading(model, tmp_path):
    model.about = {"pieces": {"tempo": 120}}
    model.save(tmp_path / "a.abcrnn")
    again = load_note_model(tmp_path / "a.abcrnn")
    again.save(tmp_path / "b.abcrnn")
    assert (tmp_path / "a.abcrnn").read_bytes() == (tmp_path / "b.abcrnn").read_bytes()
    sampled = [NoteSampler(m, seed=2).sample(30)[0] for m in (model, again)]
    assert (sampled[0] == sampled[1]).all()


def test_digests_of_training_pieces_are_saved(classes, tmp_path, monkeypatch):
    digests = np.array([2**64 - 1, 0, 7], np.uint64)
    monkeypatch.setattr(classes, "trained_digests", digests)
    classes.save(tmp_path / "a.abcrnn")
    loaded = load_note_model(tmp_path / "a.abcrnn").trained_digests
    assert loaded.dtype == np.uint64 and loaded.tolist() == digests.tolist()


HOSTILE = [
    (lambda b, a: b.update(kind="os.system"), "its kind is 'os.system'"),
    (lambda b, a: b["config"].update(units=10**9), "its config needs a weight of shape"),
    (lambda b, a: b["config"].update(num_layers=10**9), "its config needs a weight of shape"),
    (lambda b, a: b["config"].update(pitch_dim=10**9), "its config needs a weight of shape"),
    (lambda b, a: b["config"].update(units="12"), "units must be a whole number"),
    (lambda b, a: b["config"].update(evil=1), "evil"),
    (lambda b, a: b["config"].update(dropout=2), "dropout must be"),
    (lambda b, a: b["config"].update(seed=-1), "seed must be"),
    (lambda b, a: b.update(config=[]), "its config must be an object"),
    (lambda b, a: b.update(about=3), "its about must be an object"),
    (lambda b, a: a.update({"trained/digests": np.ones(3)}), "must be one row of uint64"),
    (lambda b, a: a.pop("grid/steps"), "grid/steps"),
    (lambda b, a: a.update({"grid/steps": a["grid/steps"][::-1]}), "is not ascending"),
    (lambda b, a: a.update({"grid/steps": a["grid/steps"] * np.nan}), "is not ascending"),
    (lambda b, a: a.update({"counts/pitch": np.zeros(3, np.int64)}), "counts/pitch"),
    (lambda b, a: a.update({"leads": np.zeros((1, 2, 3), np.float32)}), "its leads are float32"),
    (lambda b, a: a.update({"leads": a["leads"] + 999}), "values that no note has"),
    (lambda b, a: a.pop("weights/pitch/bias"), "its config needs a weight of shape \\(129,\\)"),
    (lambda b, a: a.update({"weights/pitch/bias": np.zeros(129)}), "is float64"),
]


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_altered_files_raise_one_line(number, classes, tmp_path):
    change, message = HOSTILE[number]
    path = tmp_path / "model.abcrnn"
    classes.save(path)
    about, arrays = read_archive(path, FORMAT)
    about.pop("format")
    change(about, arrays)
    write_archive(path, FORMAT, json.loads(json.dumps(about)), arrays)
    with pytest.raises(ValueError, match=message) as raised:
        load_note_model(path)
    assert str(raised.value).startswith(f"{path} is not a valid abcrnn note model file: ")


def test_a_file_cannot_request_a_window_of_any_length(window, tmp_path, monkeypatch):
    monkeypatch.setitem(window.config, "seq_length", 10**9)
    window.save(tmp_path / "a.abcrnn")
    with pytest.raises(ValueError, match="seq_length must be at most 4096, not 1000000000"):
        load_note_model(tmp_path / "a.abcrnn")


def test_a_character_model_is_not_a_note_model(trained):
    with pytest.raises(ValueError, match=r"is the file of a CharLSTM: open it .*abcrnn.load_model"):
        load_note_model(trained)


# Sampling -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_sampled_notes_are_valid_and_repeat_with_the_seed(model):
    sampled = NoteSampler(model, temperature=1.5, seed=1).sample(100, n=3)
    for notes in sampled:
        assert len(notes) == 100
        assert np.isfinite(notes["end"]).all()
        assert min(notes["step"].min(), notes["duration"].min()) >= 0
        assert notes["pitch"].min() >= 0 and notes["pitch"].max() < 128
    again = NoteSampler(model, temperature=1.5, seed=1).sample(100, n=3)
    other = NoteSampler(model, temperature=1.5, seed=2).sample(100, n=3)
    assert all((a == b).all() for a, b in zip(sampled, again, strict=True))
    assert not all((a == b).all() for a, b in zip(sampled, other, strict=True))
    assert not (sampled[0]["pitch"] == sampled[1]["pitch"]).all()


@pytest.mark.slow
def test_the_first_notes_have_the_probabilities_of_the_model(classes, monkeypatch):
    monkeypatch.setattr(classes, "leads", classes.leads[:0])  # all begin in the same state
    hidden, _ = classes.step(tf.constant([[START, 0, 0]]), classes.initial_state(1))
    logits = classes.network.pitch_logits(hidden).numpy()[0, :128] / 0.7
    likely = np.exp(logits - logits.max())
    likely /= likely.sum()
    sampled = NoteSampler(classes, temperature=0.7, seed=4).sample(1, n=1000)
    counts = np.bincount([int(notes["pitch"][0]) for notes in sampled], minlength=128)
    spread = np.sqrt(1000 * likely * (1 - likely)) + 1
    assert (np.abs(counts - 1000 * likely) < 4.5 * spread).all()


@pytest.mark.slow
@pytest.mark.parametrize("temperature", [1e-40, 1e-6])
def test_a_temperature_near_zero_samples_the_most_likely(model, temperature, pieces):
    sampled = [
        NoteSampler(model, temperature, seed).sample(20, opening=pieces[0].notes)[0]
        for seed in (0, 1)
    ]
    assert (sampled[0] == sampled[1]).all()


def test_generated_notes_continue_like_an_opening(model, pieces):
    """At a temperature near zero, an opening with the notes generated after it gives the next."""
    sampler = NoteSampler(model, temperature=1e-6)
    opening = pieces[2].notes[:30]
    whole = sampler.sample(12, opening=opening)[0]
    longer = np.concatenate([opening, whole[:5]])
    assert sampler.predict_next_note(longer) == pytest.approx(
        tuple(float(whole[5][n]) for n in ("pitch", "step", "duration")), abs=1e-4
    )


def test_invalid_arguments_are_named(window, classes, pieces):
    with pytest.raises(
        ValueError, match="from the 25 before it, but is given 5: give an opening of at least 25"
    ):
        NoteSampler(window).sample(5, opening=pieces[0].notes[:5])
    with pytest.raises(ValueError, match="temperature must be a positive number"):
        NoteSampler(classes, temperature=0)
    with pytest.raises(ValueError, match="notes must be a whole number of at least 1"):
        NoteSampler(classes).sample(0)
    with pytest.raises(ValueError, match="there are no pieces to learn from"):
        NoteModel.from_recipe("default", [])
    one = notes_of_steps(np.array([60]), np.array([0.0]), np.array([0.5]))
    assert len(NoteSampler(classes).sample(3, opening=one)[0]) == 3
    with pytest.raises(ValueError, match="but is given 1: give an opening of at least 25 notes"):
        NoteSampler(window).sample(3, opening=one)


@pytest.mark.slow
def test_pieces_of_one_note_make_a_model(pieces):
    """The default network trains on them; the window network reports that it cannot."""
    single = [piece._replace(notes=piece.notes[:1]) for piece in pieces]
    model = NoteModel.from_recipe("default", single, **SMALL)
    assert np.isfinite(NoteSampler(model).sample(5)[0]["end"]).all()
    assert NoteScorer(model).score(single).notes == len(single)
    short = NoteModel.from_recipe("tutorial", single)
    with pytest.raises(ValueError, match="have 0 windows of 25 notes"):
        NoteWindows([short.network.encode(p.notes) for p in single], 64, 25, 0)
