"""Recipe files: what is read, what is refused and how."""

import inspect
import json
import os
from dataclasses import fields

import pytest

from abcrnn import CharLSTM, Trainer
from abcrnn.models.recipes import RECIPES, Recipe
from abcrnn.training.recipe_file import (
    _MODEL,
    change_settings,
    find_recipe,
    load_recipe,
    parse_recipe,
    save_recipe,
)
from abcrnn.training.settings import TrainingSettings

SMALL = {
    "about": "gro\N{LATIN SMALL LETTER SHARP S}",
    "epochs": 2,
    "model": {"units": 8, "embedding_dim": 4, "num_layers": 1, "dropout": 0},
    "training": {"batch_size": 2, "learning_rate": 0.01},
}


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_recipe_is_the_same_after_saving_and_loading(tmp_path, name):
    save_recipe(RECIPES[name], tmp_path / "one.json")
    assert load_recipe(tmp_path / "one.json") == RECIPES[name] == find_recipe(name)


def test_a_recipe_by_name_or_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_recipe(Recipe("mine", 3), tmp_path / "quick")
    assert find_recipe("quick") == RECIPES["quick"]
    assert find_recipe("./quick") == Recipe("mine", 3)


def test_text_and_a_byte_order_mark(tmp_path):
    text = json.dumps(SMALL, ensure_ascii=False)
    (tmp_path / "bom.json").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert load_recipe(tmp_path / "bom.json") == Recipe(**SMALL)


def test_the_settings_are_those_of_the_classes():
    """A new argument of the model or of its training is accepted in a file too."""
    parameters = inspect.signature(CharLSTM).parameters
    defaults = {name: parameter.default for name, parameter in parameters.items()}
    del defaults["vocabulary"], defaults["seed"]
    assert list(_MODEL) == list(defaults)
    training = {f.name: f.default for f in fields(TrainingSettings) if f.name != "seed"}
    chosen = parse_recipe(json.dumps({"epochs": 1, "model": defaults, "training": training}))
    assert chosen.model == defaults
    assert chosen.training == {name: getattr(TrainingSettings(), name) for name in training}


def test_a_model_is_built_and_trained_from_a_file(tmp_path, few_tunes):
    (tmp_path / "small.json").write_text(json.dumps(SMALL))
    chosen = load_recipe(tmp_path / "small.json")
    model = CharLSTM(few_tunes.vocabulary, **chosen.model)
    assert model.config["units"] == 8
    assert Trainer(model, few_tunes, **chosen.training).settings.batch_size == 2


def test_settings_are_changed_in_their_part():
    changed = change_settings(Recipe(**SMALL), {"units": 16, "learning_rate": 0.5, "dropout": 0.1})
    assert changed.model == {**SMALL["model"], "units": 16, "dropout": 0.1}
    assert changed.training == {"batch_size": 2, "learning_rate": 0.5}
    assert SMALL["model"]["units"] == 8
    with pytest.raises(ValueError, match="no setting 'unit'; did you mean units"):
        change_settings(Recipe(**SMALL), {"unit": 16})


def refused(content):
    text = content if isinstance(content, str) else json.dumps(content)
    with pytest.raises(ValueError) as error:
        parse_recipe(text)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("part", "settings", "message"),
    [
        ("model", {"units": 0}, "model.units must be a whole number of at least 1, not 0"),
        ("model", {"units": "8"}, "model.units must be a whole number of at least 1, not '8'"),
        ("model", {"units": True}, "model.units must be a whole number of at least 1, not True"),
        ("model", {"units": 8.5}, "model.units must be a whole number of at least 1, not 8.5"),
        ("model", {"units": None}, "model.units must be a whole number of at least 1, not None"),
        ("model", {"units": 10**9}, "model.units must be at most 16384, not 1000000000"),
        ("model", {"memory_heads": 0}, "model.memory_heads must be a whole number of at least 1"),
        ("model", {"memory_characters": 3}, "model.memory_characters must be at most 2, not 3"),
        ("model", {"variational_dropout": 1}, "model.variational_dropout must be"),
        ("model", {"num_layers": 65}, "model.num_layers must be at most 64, not 65"),
        ("model", {"dropout": 1}, "model.dropout must be at least 0 and less than 1, not 1"),
        ("model", {"recurrent_initializer": []}, "must be one of orthogonal, glorot_uniform"),
        ("model", {"unit": 8}, "there is no setting 'model.unit'; did you mean model.units?"),
        ("model", {"zzz": 8}, "no setting 'model.zzz'; accepted are model.embedding_dim, model."),
        ("model", {"seed": 8}, "there is no setting 'model.seed'"),
        ("training", {"seed": 8}, "there is no setting 'training.seed'"),
        ("training", {"units": 8}, "there is no setting 'training.units'"),
        ("training", {"lr": 8}, "did you mean training.learning_rate?"),
        ("training", {"learning_rate": -1}, "training.learning_rate must be a positive number"),
        ("training", {"batch_size": 0}, "training.batch_size must be a whole number of at least"),
        ("training", {"windows": "all"}, "training.windows must be 'streams'"),
        ("training", {"windows": []}, "training."),
        ("training", {"steps_per_epoch": 3}, "training.steps_per_epoch is required with windows"),
        ("training", [], "training must be an object with settings, not []"),
        ("model", None, "model must be an object with settings, not None"),
        ("epochs", 0, "epochs must be a whole number of at least 1, not 0"),
        ("epochs", 10**7, "epochs must be at most 1000000, not 10000000"),
        ("epochs", "many", "epochs must be a whole number of at least 1, not 'many'"),
        ("about", 3, "about must be one line of text, not 3"),
        ("about", "a\nb", r"about must be one line of text, not 'a\nb'"),
        ("units", 3, "there is no setting 'units'; accepted are about, epochs, model, training"),
    ],
)
def test_wrong_settings_are_named_with_what_is_accepted(part, settings, message):
    assert message in refused({**SMALL, part: settings})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expecting value"),
        ("[1]", "expected an object with about, epochs, model, training, not [1]"),
        ('{"model": {}}', "epochs is missing"),
        ('{"epochs": 1, "epochs": 2}', "'epochs' is given twice"),
        ('{"epochs": 1, "model": {"units": 1, "units": 2}}', "'units' is given twice"),
        ('{"epochs": NaN}', "NaN is not a number"),
        ('{"epochs": 1, "training": {"learning_rate": 1e999}}', "must be a positive number"),
        ('{"epochs": ' + "9" * 5000 + "}", ""),
    ],
)
def test_other_json_is_refused(text, message):
    assert message in refused(text)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe", "can't decode byte"),
        (b" " * 70_000, "it has more than 65536 bytes"),
        (b"[" * 60_000, "it is nested too deeply"),
    ],
)
def test_files_that_are_no_recipes(tmp_path, content, message):
    (tmp_path / "bad.json").write_bytes(content)
    with pytest.raises(ValueError, match=f"bad.json is not a valid recipe file: .*{message}"):
        load_recipe(tmp_path / "bad.json")


def test_a_folder_or_a_pipe_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    for path in (tmp_path, tmp_path / "pipe.json"):
        with pytest.raises(ValueError, match="a folder, a pipe or a device, not a regular file"):
            load_recipe(path)
    with pytest.raises(FileNotFoundError):
        load_recipe(tmp_path / "missing.json")


def test_a_wrong_recipe_is_not_saved(tmp_path):
    with pytest.raises(ValueError, match="model.units must be"):
        save_recipe(Recipe("", 1, {"units": 0}), tmp_path / "x.json")
    assert not (tmp_path / "x.json").exists()
