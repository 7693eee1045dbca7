"""What a search tries: the table, and the values that a user requests."""

import pytest

from abcrnn.models.recipes import RECIPES, Recipe, recipe
from abcrnn.training.recipe_file import change_settings
from abcrnn.training.search_space import (
    Choices,
    Range,
    choose_space,
    default_space,
    parse_values,
)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_value_of_the_table_is_accepted(name):
    base = recipe(name)
    for setting, values in default_space(base).items():
        for value in values.ends:
            change_settings(base, {setting: value})


@pytest.mark.parametrize("name", ["default", "quick"])
def test_the_values_of_a_recipe_are_among_those_that_are_tried(name):
    base = recipe(name)
    space = default_space(base)
    for setting, value in {**base.model, **base.training}.items():
        assert setting not in space or value in space[setting], setting


def test_the_decay_follows_the_epochs():
    assert default_space(Recipe("", 8))["decay_epochs"] == Range(4, 16)
    assert default_space(Recipe("", 1))["decay_epochs"] == Range(1, 2)


def test_random_windows_stay():
    assert "windows" not in default_space(recipe("mit"))
    assert "windows" in default_space(recipe("default"))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("256", 256),
        ("-1", -1),
        ("0.5", 0.5),
        ("1e-3", 0.001),
        ("true", True),
        ("streams", "streams"),
        ("128,256", Choices((128, 256))),
        ("streams, tunes", Choices(("streams", "tunes"))),
        ("2..8", Range(2, 8)),
        ("0.1 .. 0.5", Range(0.1, 0.5)),
    ],
)
def test_values_as_a_user_writes_them(text, values):
    found = parse_values(text)
    assert found == values and type(found) is type(values)


def test_whole_numbers_stay_whole():
    found = parse_values("2..8")
    assert isinstance(found.low, int) and isinstance(found.high, int)


@pytest.mark.parametrize("text", ["8..2", "2..2", "a..b", "1..", "..", "1..nan", "nan..1"])
def test_faulty_ranges(text):
    with pytest.raises(ValueError, match="a range must be two numbers, such as 0.1..0.5, not "):
        parse_values(text)


def test_more_faulty_values():
    with pytest.raises(ValueError, match="the values must be different, not '8,8'"):
        parse_values("8,8")
    with pytest.raises(ValueError, match=r"must be above 0, not '0..1'"):
        parse_values("0..1", log=True)


def test_requests_replace_and_fix():
    requests = [("units", "16"), ("dropout", "0.1..0.2"), ("batch_size", "8,16"), ("patience", "3")]
    base, space = choose_space(recipe("quick"), requests)
    assert base.model["units"] == 16 and "units" not in space
    assert base.training["patience"] == 3
    assert space["dropout"] == Range(0.1, 0.2)
    assert space["batch_size"] == Choices((8, 16))
    assert choose_space(recipe("quick"), [("learning_rate", "1e-4..1e-2")])[1]["learning_rate"].log


def test_the_length_of_windows_is_left_to_their_kind():
    """64 characters would divide whole tunes into small pieces."""
    assert "seq_length" in recipe("quick").training
    assert "seq_length" not in choose_space(recipe("quick"), [])[0].training
    for request in (("windows", "streams"), ("seq_length", "100")):
        base, _ = choose_space(recipe("quick"), [request])
        assert base.training["seq_length"] == (100 if request[0] == "seq_length" else 64)


@pytest.mark.parametrize(
    ("requests", "message"),
    [
        ([("unit", "8")], "no setting 'unit'; did you mean units?"),
        ([("units", "0..8")], "model.units must be a whole number of at least 1, not 0"),
        ([("units", "8..100000")], "model.units must be at most 16384, not 100000"),
        ([("units", "8,x")], "model.units must be a whole number of at least 1, not 'x'"),
        ([("units", "0.5..8")], "model.units must be a whole number of at least 1, not 0.5"),
        ([("dropout", "0..1")], "model.dropout must be at least 0 and less than 1, not 1"),
        ([("dropout", "1.5")], "model.dropout must be at least 0 and less than 1, not 1.5"),
        ([("batch_size", "-8")], "training.batch_size must be a whole number of at least 1"),
        ([(name, "1") for name in ("units", "num_layers", "embedding_dim", "learning_rate",
          "batch_size", "decay_epochs", "memory_dim", "memory_heads", "memory_characters",
          "memory_match_length")]
         + [("dropout", "0"), ("windows", "streams"), ("variational_dropout", "true")],
         "nothing is left to search"),
    ],
)  # fmt: skip
def test_faulty_requests(requests, message):
    with pytest.raises(ValueError) as error:
        choose_space(recipe("quick"), requests)
    assert message in str(error.value)
