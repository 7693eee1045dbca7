"""Networks of notes: Keras's own layers, NumPy and themselves, step by step, are the judges."""

import json
from itertools import pairwise

import keras
import numpy as np
import pytest
import tensorflow as tf

from abcrnn.data.note_windows import Windows, note_streams
from abcrnn.data.notes import notes_of_steps
from abcrnn.events import NoteModel, NoteSampler, NoteScorer, load_note_model, load_pieces
from abcrnn.models.note_lstm import START
from abcrnn.models.note_model import NETWORKS
from abcrnn.storage.archive import read_archive, write_archive

FORM = "abcrnn note model 1"
SMALL = {"pitch_dim": 8, "time_dim": 4, "units": 12, "num_layers": 2, "head_units": 8}


@pytest.fixture(scope="module")
def pieces(midi_folder, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ABCRNN_DATA", str(tmp_path_factory.mktemp("cache")))
        return load_pieces(midi_folder).pieces


@pytest.fixture(scope="module")
def window(pieces):
    return shaken(NoteModel.from_recipe("tutorial", pieces, units=12, seed=3))


@pytest.fixture(scope="module")
def classes(pieces):
    return shaken(NoteModel.from_recipe("default", pieces, seed=3, **SMALL))


def shaken(model):
    """As after training: biases that are not zero, and logits that are not all alike."""
    source = np.random.default_rng(5)
    arrays = model.weight_arrays()
    model.set_weight_arrays(
        {n: a + source.normal(0, 0.3, a.shape).astype(np.float32) for n, a in arrays.items()}
    )
    return model


def test_the_tutorials_network_is_the_tutorials(window, pieces):
    """Built of Keras's own layers, with the tutorial's loss, it foretells and loses the same."""
    arrays = window.weight_arrays()
    arrays["duration/bias"] -= 1  # so that some guesses are below zero, and the pressure counts
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
    logits, step, duration = window.network.outlook(tf.constant(windows[:, :-1]))
    np.testing.assert_allclose(logits, found["pitch"], atol=1e-5)
    np.testing.assert_allclose(step, found["step"][:, 0], atol=1e-5)

    def with_pressure(truth, guess):
        return float(np.mean((truth - guess) ** 2 + 10 * np.maximum(-guess, 0)))

    label = windows[:, -1]
    cost = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    loss = 0.05 * float(cost(label[:, 0], found["pitch"]))
    loss += with_pressure(label[:, 1], found["step"].numpy()[:, 0])
    loss += with_pressure(label[:, 2], found["duration"].numpy()[:, 0])
    ours, correct, _ = window.network.objective(tf.constant(windows), (), None)
    assert float(ours) == pytest.approx(loss, rel=1e-5)
    guessed = found["pitch"].numpy().argmax(axis=1)
    assert int(correct) == (guessed == label[:, 0]).sum()
    np.testing.assert_allclose(duration, found["duration"][:, 0], atol=1e-5)
    assert (duration.numpy() < 0).any()


def test_the_tutorials_network_has_its_size(pieces):
    model = NoteModel.from_recipe("tutorial", pieces)
    assert (
        sum(a.size for a in model.weight_arrays().values()) == 4 * 128 * (3 + 128 + 1) + 129 * 130
    )


def test_a_window_read_is_its_notes_read_one_by_one(classes, pieces):
    network = classes.network
    rows = network.encode(pieces[1].notes)[:40]
    begun = network.initial_state(1)
    outputs, last = network.unroll(tf.constant(rows[None]), begun)
    state = begun
    for place, row in enumerate(rows):
        state = network.advance(tf.constant(row[None]), state)
        np.testing.assert_allclose(state[-1][0][0], outputs[place, 0], atol=1e-5)
    for a, b in zip(tf.nest.flatten(state), tf.nest.flatten(last), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_the_heads_are_one_distribution(classes):
    """Summed over every pitch, step and duration, the probabilities are one."""
    network = classes.network
    h = network.initial_state(1)[-1][0]
    counts = START + 1, len(classes.grid.steps), len(classes.grid.durations)
    everything = np.stack(np.meshgrid(*map(np.arange, counts), indexing="ij"), -1).reshape(-1, 3)
    outputs = tf.tile(h, (len(everything), 1))[:, None]
    pitch, step, duration, _ = network.losses(tf.constant(everything[:, None]), outputs)
    assert np.exp(-(pitch + step + duration).numpy()).sum() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("name", ["window", "classes"])
def test_scores_are_what_numpy_makes_of_the_parts(name, request, pieces):
    model = request.getfixturevalue(name)
    some = [
        piece._replace(notes=piece.notes[:length])
        for piece, length in zip(pieces, (32, 41), strict=False)
    ]
    scores = NoteScorer(model).score(some, after=25)
    nats, right, steps = [], [], []
    for piece in some:
        rows = model.network.encode(piece.notes)
        truth = model.grid.classify(piece.notes)[0]
        state = model.network.initial_state(1)
        if name == "classes":
            state = model.network.advance(tf.constant([[START, 0, 0]]), state)
        for place, row in enumerate(rows):
            if place >= 25:
                if name == "window":
                    logits, step, _ = model.network.outlook(state[0])
                    guess = np.abs(model.grid.steps - max(0.0, float(step[0]))).argmin()
                else:
                    h = state[-1][0]
                    logits = model.network.parts["pitch"](h)
                    likeliest = tf.argmax(logits[:, :128], axis=1, output_type=tf.int32)
                    guess = model.network.step_logits(h, likeliest).numpy().argmax()
                values = logits.numpy()[0].astype(np.float64)
                pitch = int(piece.notes["pitch"][place])
                nats.append(np.log(np.exp(values).sum()) - values[pitch])
                right.append(values[:128].argmax() == pitch)
                steps.append(guess == truth[place])
            state = model.network.advance(tf.constant(row[None]), state)
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


def test_windows_are_all_that_the_pieces_have():
    rows = [np.arange(n * 3, dtype=np.float32).reshape(n, 3) + 1000 * n for n in (9, 4, 12, 3)]
    batches = Windows(rows, batch_size=2, seq_length=4, seed=1)
    assert batches.windows == (5 + 8) // 2
    seen = np.concatenate(list(batches.epoch(0)))
    allowed = {r[n : n + 5].tobytes() for r in rows for n in range(len(r) - 4)}
    assert len({w.tobytes() for w in seen}) == len(seen) == 12
    assert {w.tobytes() for w in seen} <= allowed
    again = np.concatenate(list(batches.epoch(0)))
    assert (again == seen).all()
    assert (np.concatenate(list(batches.epoch(0, start=4))) == seen[8:]).all()
    assert not (np.concatenate(list(batches.epoch(1))) == seen).all()


def test_streams_go_on_where_they_stopped_and_know_where_pieces_begin():
    rows = [np.full((n, 3), n, np.int32) for n in (5, 7, 4, 6)]
    batches = note_streams(rows, batch_size=2, seq_length=3, seed=1)
    windows = list(batches.epoch(0))
    for row in range(2):
        for a, b in pairwise(windows):
            assert (a[row, -1] == b[row, 0]).all()
    stream = np.concatenate([w[0, :-1] for w in windows])[:, 0]
    ends = np.flatnonzero(stream == START)
    assert len(ends) and all(stream[e - 1] == stream[e - stream[e - 1]] for e in ends if e > 7)


@pytest.mark.parametrize("make", [Windows, note_streams])
def test_too_few_notes_are_said(make):
    with pytest.raises(ValueError, match="take a smaller batch_size or seq_length"):
        make([np.zeros((9, 3), np.int32)], 16, 25, 0)


# The file ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["window", "classes"])
def test_a_model_comes_back_from_its_file(name, request, tmp_path):
    model = request.getfixturevalue(name)
    model.about = {"pieces": {"tempo": 120}}
    model.save(tmp_path / "a.abcrnn")
    again = load_note_model(tmp_path / "a.abcrnn")
    again.save(tmp_path / "b.abcrnn")
    assert (tmp_path / "a.abcrnn").read_bytes() == (tmp_path / "b.abcrnn").read_bytes()
    drawn = [NoteSampler(m, seed=2).sample(30)[0] for m in (model, again)]
    assert (drawn[0] == drawn[1]).all()


@pytest.mark.parametrize("name", ["window", "classes"])
def test_shapes_are_known_without_building(name, request):
    model = request.getfixturevalue(name)
    shapes = NETWORKS[model.kind].weight_shapes(model.grid, model.config)
    assert shapes == {n: a.shape for n, a in model.weight_arrays().items()}


HOSTILE = [
    (lambda b, a: b.update(kind="os.system"), "its kind is 'os.system'"),
    (lambda b, a: b["config"].update(units=10**9), "expected float32 of shape"),
    (lambda b, a: b["config"].update(num_layers=10**9), "more than any model has"),
    (lambda b, a: b["config"].update(pitch_dim=10**9), "expected float32 of shape"),
    (lambda b, a: b["config"].update(units="12"), "units must be a whole number"),
    (lambda b, a: b["config"].update(evil=1), "evil"),
    (lambda b, a: b["config"].update(dropout=2), "dropout must be"),
    (lambda b, a: b.update(config=[]), "has no attribute"),
    (lambda b, a: b.update(about=3), "not iterable"),
    (lambda b, a: a.pop("grid/steps"), "grid/steps"),
    (lambda b, a: a.update({"grid/steps": a["grid/steps"][::-1]}), "not of ascending times"),
    (lambda b, a: a.update({"grid/steps": a["grid/steps"] * np.nan}), "not of ascending times"),
    (lambda b, a: a.update({"counts/pitch": np.zeros(3, np.int64)}), "counts/pitch"),
    (lambda b, a: a.update({"leads": np.zeros((1, 2, 3), np.float32)}), "its leads are float32"),
    (lambda b, a: a.update({"leads": a["leads"] + 999}), "its leads are no notes"),
    (lambda b, a: a.pop("weights/pitch/bias"), "the weights do not fit"),
    (lambda b, a: a.update({"weights/pitch/bias": np.zeros(129)}), "is float64"),
]


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_altered_files_are_refused_in_a_line(number, classes, tmp_path):
    change, message = HOSTILE[number]
    path = tmp_path / "model.abcrnn"
    classes.save(path)
    about, arrays = read_archive(path, FORM)
    about.pop("format")
    change(about, arrays)
    write_archive(path, FORM, json.loads(json.dumps(about)), arrays)
    with pytest.raises(ValueError, match=message) as raised:
        load_note_model(path)
    assert str(raised.value).startswith(f"{path} is not a valid abcrnn note model file: ")


def test_a_model_of_characters_is_not_one_of_notes(trained):
    with pytest.raises(ValueError, match="its format is 'abcrnn model 1'"):
        load_note_model(trained)


# Drawing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["window", "classes"])
def test_what_is_drawn_is_sound_and_repeats_by_seed(name, request):
    model = request.getfixturevalue(name)
    drawn = NoteSampler(model, temperature=1.5, seed=1).sample(100, n=3)
    for notes in drawn:
        assert len(notes) == 100
        assert np.isfinite(notes["end"]).all()
        assert min(notes["step"].min(), notes["duration"].min()) >= 0
        assert notes["pitch"].min() >= 0 and notes["pitch"].max() < 128
    again = NoteSampler(model, temperature=1.5, seed=1).sample(100, n=3)
    other = NoteSampler(model, temperature=1.5, seed=2).sample(100, n=3)
    assert all((a == b).all() for a, b in zip(drawn, again, strict=True))
    assert not all((a == b).all() for a, b in zip(drawn, other, strict=True))
    assert not (drawn[0]["pitch"] == drawn[1]["pitch"]).all()


def test_first_notes_are_drawn_as_likely_as_they_are(classes, monkeypatch):
    monkeypatch.setattr(classes, "leads", classes.leads[:0])  # so that all begin alike
    network = classes.network
    logits = network.parts["pitch"](network.initial_state(1)[-1][0]).numpy()[0, :128] / 0.7
    likely = np.exp(logits - logits.max())
    likely /= likely.sum()
    drawn = NoteSampler(classes, temperature=0.7, seed=4).sample(1, n=1000)
    counts = np.bincount([int(notes["pitch"][0]) for notes in drawn], minlength=128)
    spread = np.sqrt(1000 * likely * (1 - likely)) + 1
    assert (np.abs(counts - 1000 * likely) < 4.5 * spread).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["window", "classes"])
@pytest.mark.parametrize("temperature", [1e-40, 1e-6])
def test_in_the_cold_the_likeliest_is_drawn(name, temperature, request, pieces):
    model = request.getfixturevalue(name)
    drawn = [
        NoteSampler(model, temperature, seed).sample(20, opening=pieces[0].notes)[0]
        for seed in (0, 1)
    ]
    assert (drawn[0] == drawn[1]).all()


@pytest.mark.parametrize("name", ["window", "classes"])
def test_going_on_is_as_if_it_had_been_written_so(name, request, pieces):
    """Cold, notes drawn after an opening and some of them are those drawn after the opening."""
    sampler = NoteSampler(request.getfixturevalue(name), temperature=1e-6)
    opening = pieces[2].notes[:30]
    whole = sampler.sample(12, opening=opening)[0]
    longer = np.concatenate([opening, whole[:5]])
    assert sampler.predict_next_note(longer) == pytest.approx(
        tuple(float(whole[5][n]) for n in ("pitch", "step", "duration")), abs=1e-4
    )


def test_what_cannot_be_drawn_is_said(window, classes, pieces):
    with pytest.raises(ValueError, match="looks at 25 notes .* but it is given 5"):
        NoteSampler(window).sample(5, opening=pieces[0].notes[:5])
    with pytest.raises(ValueError, match="temperature must be a positive number"):
        NoteSampler(classes, temperature=0)
    with pytest.raises(ValueError, match="notes must be a whole number of at least 1"):
        NoteSampler(classes).sample(0)
    with pytest.raises(ValueError, match="there are no pieces to learn from"):
        NoteModel.from_recipe("default", [])
    one = notes_of_steps(np.array([60]), np.array([0.0]), np.array([0.5]))
    assert len(NoteSampler(classes).sample(3, opening=one)[0]) == 3
    with pytest.raises(ValueError, match="but it is given 1: give it a longer opening"):
        NoteSampler(window).sample(3, opening=one)


def test_a_folder_of_single_notes_makes_a_model(pieces):
    """Of so little the default network learns; the tutorial's says that it cannot."""
    single = [piece._replace(notes=piece.notes[:1]) for piece in pieces]
    model = NoteModel.from_recipe("default", single, **SMALL)
    assert np.isfinite(NoteSampler(model).sample(5)[0]["end"]).all()
    assert NoteScorer(model).score(single).notes == len(single)
    short = NoteModel.from_recipe("tutorial", single)
    with pytest.raises(ValueError, match="have 0 windows of 25 notes"):
        Windows([short.network.encode(p.notes) for p in single], 64, 25, 0)
