"""Model files and run folders made by commit 2bae4a2 open, and resume to the stored result."""

import csv
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from abcrnn import load_model
from abcrnn.cli import main
from abcrnn.events import load_note_model
from abcrnn.models import note_recipes, recipes
from abcrnn.models.recipes import Recipe
from abcrnn.storage.archive import read_archive

#: Made by make_fixtures.py in that folder.
OLD = Path(__file__).parents[1] / "fixtures" / "2bae4a2"
CHARACTERS = ["train", str(OLD / "tunes.abc"), "--recipe", "small"]
NOTES = ["events", "train", str(OLD / "midi"), "--recipe"]
COMMANDS = {
    "characters": CHARACTERS,
    "classes": [*NOTES, "default"],
    "window": [*NOTES, "tutorial"],
}


def expected(name):
    with np.load(OLD / name / "expected.npz", allow_pickle=False) as arrays:
        return dict(arrays)


def open_model(name, folder):
    path = folder / "best.abcrnn"
    return load_model(path) if name == "characters" else load_note_model(path)


def outputs(name, model):
    """What the model computes from the input that make_fixtures.py gave it."""
    if name == "characters":
        ids = tf.constant(np.arange(40).reshape(2, 20) % len(model.vocabulary), tf.int32)
        return model.unroll(ids, model.initial_state(2))[0]
    rows = model.leads[:2, :8]
    if name == "classes":
        return model.unroll(tf.constant(rows), model.initial_state(2))[0]
    hidden = model.network.read_windows(tf.constant(rows))
    logits, step, duration = model.network.heads_of(hidden)
    return tf.concat([logits, step[:, None], duration[:, None]], axis=1)


@pytest.mark.parametrize("name", COMMANDS)
def test_an_old_model_file_opens_with_the_same_weights(name):
    model, stored = open_model(name, OLD / name), expected(name)
    digest = hashlib.sha256()
    for weight, array in sorted(model.weight_arrays().items()):
        digest.update(weight.encode() + array.tobytes())
    assert digest.hexdigest() == str(stored["sha256"])
    np.testing.assert_allclose(outputs(name, model), stored["outputs"], rtol=0, atol=1e-5)


def rows_of(folder):
    with open(folder / "history.csv", newline="") as file:
        return list(csv.reader(file))[1:]


def use_recipe(name, run, monkeypatch):
    """Register the recipe that the old run was trained with."""
    left_out = {"seed", "checkpoint_epochs", "checkpoint_minutes"}
    if name != "characters":
        left_out |= {"kind", "windows", "steps_per_epoch"}
    model, training = (
        {key: value for key, value in run[part].items() if key not in left_out}
        for part in ("model", "training")
    )
    recipe = Recipe("", 1, model, training)
    monkeypatch.setitem(recipes.RECIPES, "small", recipe)
    for known in note_recipes.NOTE_RECIPES:
        monkeypatch.setitem(note_recipes.NOTE_RECIPES, known, recipe)


@pytest.mark.parametrize(
    "name",
    ["characters", *(pytest.param(n, marks=pytest.mark.slow) for n in ("classes", "window"))],
)
def test_an_old_run_resumes_by_the_command_that_began_it(name, tmp_path, own_cache, monkeypatch):
    stored, folder = expected(name), tmp_path / "run"
    shutil.copytree(OLD / name, folder)
    use_recipe(name, json.loads((folder / "run.json").read_text()), monkeypatch)
    first = rows_of(folder)
    command = [*COMMANDS[name], "--seed", "3", "--epochs", "4", "--out", str(folder)]
    assert main(command) == 0
    rows = rows_of(folder)
    assert rows[:1] == first  # seconds too: the first epoch was not trained again
    found = np.array([[float(value) for value in row[:-2]] for row in rows])
    np.testing.assert_allclose(found, stored["history"], rtol=1e-5)
    newest = sorted((folder / "checkpoints").iterdir())[-1]
    _, arrays = read_archive(newest, "abcrnn checkpoint 2")
    ends = {key.removeprefix("end/"): a for key, a in stored.items() if key.startswith("end/")}
    assert len(ends) > 5
    for key, array in ends.items():
        np.testing.assert_allclose(arrays[key], array, rtol=0, atol=1e-5, err_msg=key)
    best = open_model(name, folder).weight_arrays()
    for key, array in best.items():
        np.testing.assert_allclose(array, ends[f"model/{key}"], rtol=0, atol=1e-5, err_msg=key)
