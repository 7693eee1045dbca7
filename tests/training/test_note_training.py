"""Training on notes: resumed runs, the files of a run, the commands, and errors."""

import csv

import pytest

from abcrnn.data.midi_folder import piece_digests
from abcrnn.events import NoteModel, NoteTrainer, load_note_model, load_pieces
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
        checkpoint_minutes=0.5, **SETTINGS[recipe],
    )  # fmt: skip


def untimed(record):
    """A record without seconds and speed."""
    return record[:-2]


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["default", "tutorial"])
def test_an_interrupted_run_equals_an_uninterrupted_one(
    recipe, pieces, tmp_path, monkeypatch, step_clock
):
    whole = trainer(recipe, pieces)
    history = whole.fit(2)
    saved = TrainingLoop._checkpoint
    for cut in (1, whole._batches.windows + 2):
        folder = tmp_path / str(cut)

        def save(loop, cut=cut):
            saved(loop)
            if loop._steps_taken() == cut:
                raise SystemExit  # as if killed: nothing is written after this

        monkeypatch.setattr(TrainingLoop, "_checkpoint", save)
        with pytest.raises(SystemExit):
            trainer(recipe, pieces, folder).fit(2)
        monkeypatch.setattr(TrainingLoop, "_checkpoint", saved)
        second = trainer(recipe, pieces, folder)
        resumed = second.fit(2)
        assert [untimed(r) for r in resumed] == [untimed(r) for r in history]
        for name, array in whole.model.weight_arrays().items():
            assert (second.model.weight_arrays()[name] == array).all(), name
        best = load_note_model(folder / "best.abcrnn")
        for name, array in whole.model.weight_arrays().items():
            assert (best.weight_arrays()[name] == array).all(), name


@pytest.mark.slow
def test_the_validation_loss_falls_and_the_best_model_is_kept(pieces, tmp_path):
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


@pytest.mark.slow
def test_the_model_has_digests_of_training_and_validation_pieces(pieces):
    model = NoteModel.from_recipe("tutorial", pieces[:3], **SMALL["tutorial"])
    trainer = NoteTrainer(
        model, pieces[:3], validation=pieces[3:4], batch_size=64, seq_length=25, seed=1
    )
    trainer.fit(1)
    assert set(model.trained_digests.tolist()) == set(piece_digests(pieces[:4]).tolist())


def test_a_different_run_is_not_resumed(pieces, tmp_path):
    RunFolder(tmp_path).open(trainer("default", pieces)._describe_run())
    with pytest.raises(ValueError, match=r"holds another run: its model kind is 'classes'"):
        trainer("tutorial", pieces, tmp_path).fit(1)


def test_settings_for_tunes_only_raise(pieces):
    model = NoteModel.from_recipe("default", pieces[:3], **SMALL["default"])
    with pytest.raises(ValueError, match="windows: only for training on tunes"):
        NoteTrainer(model, pieces[:3], windows="random")
    with pytest.raises(ValueError, match="fit_lengths: only for training on tunes"):
        NoteTrainer(model, pieces[:3], fit_lengths=True)
