"""Training on notes: to the bit the same when resumed; what it writes; what it refuses."""

import csv

import numpy as np
import pytest

from abcrnn.cli import events_arguments as words
from abcrnn.cli import events_commands as event_commands
from abcrnn.cli import main
from abcrnn.events import NoteModel, NoteTrainer, load_note_model, load_pieces, read_midi
from abcrnn.models.note_recipes import NOTE_RECIPES
from abcrnn.storage.archive import read_archive
from abcrnn.training.loop import TrainingLoop
from abcrnn.training.run_folder import RunFolder

SMALL = {
    "default": {"pitch_dim": 8, "time_dim": 4, "units": 12, "num_layers": 1, "head_units": 8},
    "tutorial": {"units": 8, "seq_length": 25},
}
SETTINGS = {
    "default": {"batch_size": 4, "seq_length": 32, "learning_rate": 2e-2, "decay_epochs": 3},
    "tutorial": {"batch_size": 256, "seq_length": 25},
}


@pytest.fixture(scope="module")
def pieces(midi_folder, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ABCRNN_DATA", str(tmp_path_factory.mktemp("cache")))
        return load_pieces(midi_folder).pieces


def trainer(recipe, pieces, folder=None):
    model = NoteModel.from_recipe(recipe, pieces[:9], seed=1, **SMALL[recipe])
    return NoteTrainer.from_recipe(
        recipe, model, pieces[:9], validation=pieces[9:12], run_dir=folder, seed=1,
        checkpoint_minutes=1e-9, **SETTINGS[recipe],
    )  # fmt: skip


def lasting(record):
    """What does not depend on how fast the machine was."""
    return record[:-2]


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["default", "tutorial"])
def test_a_run_that_is_cut_off_anywhere_ends_as_if_it_had_not_been(
    recipe, pieces, tmp_path, monkeypatch
):
    whole = trainer(recipe, pieces)
    history = whole.fit(2)
    saved = TrainingLoop._checkpoint
    for cut in (1, whole._batches.windows + 2):
        folder = tmp_path / str(cut)

        def save(loop, cut=cut):
            saved(loop)
            if loop._steps_taken() == cut:
                raise SystemExit  # as if killed: nothing after this is written

        monkeypatch.setattr(TrainingLoop, "_checkpoint", save)
        with pytest.raises(SystemExit):
            trainer(recipe, pieces, folder).fit(2)
        monkeypatch.setattr(TrainingLoop, "_checkpoint", saved)
        second = trainer(recipe, pieces, folder)
        resumed = second.fit(2)
        assert [lasting(r) for r in resumed] == [lasting(r) for r in history]
        for name, array in whole.model.weight_arrays().items():
            assert (second.model.weight_arrays()[name] == array).all(), name
        best = load_note_model(folder / "best.abcrnn")
        for name, array in whole.model.weight_arrays().items():
            assert (best.weight_arrays()[name] == array).all(), name


@pytest.mark.slow
def test_it_learns_and_the_best_is_kept(pieces, tmp_path):
    made = trainer("default", pieces, tmp_path)
    history = made.fit(6)
    losses = [record.validation_loss for record in history]
    assert losses[-1] < losses[0] - 0.5
    for record in history:
        parts = record.validation_pitch + record.validation_step + record.validation_duration
        assert record.validation_loss == pytest.approx(parts, rel=1e-5)
    with open(tmp_path / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["validation_loss"]) for row in rows] == pytest.approx(losses)
    about, _ = read_archive(tmp_path / "best.abcrnn", "abcrnn note model 1")
    assert about["about"]["epoch"] == losses.index(min(losses)) + 1


def test_a_run_of_something_else_is_not_gone_on_with(pieces, tmp_path):
    RunFolder(tmp_path).open(trainer("default", pieces)._describe_run())
    with pytest.raises(ValueError, match=r"holds another run: its model kind is 'classes'"):
        trainer("tutorial", pieces, tmp_path).fit(1)


def test_settings_of_characters_are_refused(pieces):
    model = NoteModel.from_recipe("default", pieces[:3], **SMALL["default"])
    with pytest.raises(ValueError, match="windows: only for characters"):
        NoteTrainer(model, pieces[:3], windows="random")


# The command line ---------------------------------------------------------------------------


def test_the_words_are_the_recipes():
    assert sorted(NOTE_RECIPES) == sorted(words._RECIPES)


@pytest.fixture(scope="module")
def run(midi_folder, tmp_path_factory):
    """A run folder, as the command line leaves it after an epoch."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ABCRNN_DATA", str(tmp_path_factory.mktemp("cache")))
        assert (
            main(["events", "train", str(midi_folder), "--out", str(folder), "--epochs", "1"]) == 0
        )
    return folder


def test_train_sample_evaluate(run, midi_folder, tmp_path, own_cache, capsys):
    model = str(run / "best.abcrnn")
    out, picture = tmp_path / "new.mid", tmp_path / "new.png"
    sample = ["events", "sample", model, "-o", str(out), "--notes", "60", "--seed", "4"]
    assert main([*sample, "--plot", str(picture), "--instrument", "flute"]) == 0
    assert "60 new notes in" in capsys.readouterr().err
    [piece] = read_midi(out)
    assert len(piece.notes) == 60 and piece.program == 73
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 20_000
    first = out.read_bytes()
    assert main([*sample, "--instrument", "73"]) == 0
    assert out.read_bytes() == first
    assert main(["events", "evaluate", model, str(midi_folder)]) == 0
    said = capsys.readouterr().out
    assert "4 pieces of" in said and "those set aside in training" in said and "nats" in said


def test_a_tune_is_gone_on_with_at_its_own_tempo(run, midi_folder, tmp_path):
    source = sorted(midi_folder.glob("*.mid"))[0]
    [tune] = read_midi(source)
    out = tmp_path / "more.mid"
    words = [
        "events",
        "sample",
        str(run / "best.abcrnn"),
        "--notes",
        "20",
        "--continue",
        str(source),
    ]
    for tempo, factor in ((None, 1.0), (240, 0.5)):
        more = [] if tempo is None else ["--tempo", str(tempo)]
        assert main([*words, "-o", str(out), *more]) == 0
        [found] = read_midi(out)
        assert found.tempo == pytest.approx(tempo or tune.tempo)
        begun = found.notes[: len(tune.notes)]
        assert (begun["pitch"] == tune.notes["pitch"]).all()
        np.testing.assert_allclose(begun["start"], tune.notes["start"] * factor, atol=3e-3)
        assert len(found.notes) == len(tune.notes) + 20


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "{}/nowhere", "--out", "{}/r"], "nowhere: no such file or folder"),
        (["train", "{}/empty", "--out", "{}/r"], "empty holds no MIDI file"),
        (["train", "{}/text.mid", "--out", "{}/r"], "text.mid is no MIDI file"),
        (["train", "{}/one.mid", "--out", "{}/r"], "there are 1 different MIDI files, too few"),
        (["sample", "{}/none.abcrnn", "-o", "{}/o.mid"], "none.abcrnn: no such file"),
        (["sample", "{}/text.mid", "-o", "{}/o.mid"], "text.mid is not a valid abcrnn note model"),
        (["sample", "RUN", "-o", "{}/o.mid", "--temperature", "0"], "temperature must be"),
        (["sample", "RUN", "-o", "{}/o.mid", "--instrument", "kazoo"], "called 'kazoo'"),
        (["sample", "RUN", "-o", "{}/o.mid", "--continue", "{}/text.mid"], "is no MIDI file"),
        (["sample", "RUN", "-o", "{}/o.mid", "--tempo", "0"], "tempo must be"),
        (["evaluate", "RUN", "{}/empty"], "empty holds no MIDI file"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    words, message, run, midi_folder, tmp_path, own_cache, capsys
):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.mid").write_text("X:1\nK:C\n")
    (tmp_path / "one.mid").write_bytes(sorted(midi_folder.glob("*.mid"))[0].read_bytes())
    given = [w.format(tmp_path) if w != "RUN" else str(run / "best.abcrnn") for w in words]
    assert main(["events", *given]) == 1
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1
    assert not (tmp_path / "o.mid").exists()


def test_without_the_extra_it_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "pretty_midi", None)
    (tmp_path / "a.mid").write_bytes(b"MThd")
    assert main(["events", "train", str(tmp_path), "--out", str(tmp_path / "run")]) == 1
    assert 'pip install "abcrnn[events]"' in capsys.readouterr().err


def test_without_a_folder_the_corpus_that_is_here_becomes_midi(
    few_tunes, own_cache, monkeypatch, capsys
):
    monkeypatch.setattr("abcrnn.data.corpus.load_corpus", lambda _: few_tunes)
    folder = event_commands._embedded()
    assert len(load_pieces(folder).pieces) == len(few_tunes.tunes)
    assert "this is done once" in capsys.readouterr().out
    assert event_commands._embedded() == folder
    assert not capsys.readouterr().out
