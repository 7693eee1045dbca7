"""Recipes as files: JSON with the hyper-parameters of a model and of its training.

A file has the keys of :class:`abcrnn.models.recipes.Recipe`::

    {
     "about": "what it is for",
     "epochs": 30,
     "model": {"units": 512, "num_layers": 2},
     "training": {"batch_size": 16, "learning_rate": 0.002}
    }

A setting that is left out has its default. Files may come from untrusted sources, so every value is
checked, and sizes have upper bounds.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import Any

from abcrnn.models.memory_matches import MAX_MATCH
from abcrnn.models.recipes import RECIPES, Recipe, recipe
from abcrnn.models.tune_memory import MAX_CAPACITY, MAX_KEY_CHARACTERS
from abcrnn.storage.atomic import write_text
from abcrnn.storage.paths import as_path
from abcrnn.storage.suggestions import nearest
from abcrnn.storage.validation import require_bool, require_count, require_number
from abcrnn.training.run_folder import RunFolder
from abcrnn.training.settings import TrainingSettings

_MAX_SIZE = 64 * 1024  # bytes; a recipe has less than one thousand
_MAX_EPOCHS = 1_000_000
_KEYS = ("about", "epochs", "model", "training")


def _count(name: str, value: Any, least: int, most: int) -> int:
    number = require_count(name, value, least)
    if number > most:
        raise ValueError(f"{name} must be at most {most}, not {value!r:.80}")
    return number


def _share(name: str, value: Any) -> float:
    return require_number(name, value, "at least 0 and less than 1", lambda x: 0 <= x < 1)


def _choice(name: str, value: Any, accepted: tuple[str, ...]) -> str:
    if value not in accepted:
        raise ValueError(f"{name} must be one of {', '.join(accepted)}, not {value!r:.80}")
    return str(value)


#: Checks of the arguments of :class:`abcrnn.CharLSTM`.
_MODEL: dict[str, Callable[[str, Any], Any]] = {
    "embedding_dim": partial(_count, least=1, most=16384),
    "units": partial(_count, least=1, most=16384),
    "num_layers": partial(_count, least=1, most=64),
    "dropout": _share,
    "recurrent_initializer": partial(_choice, accepted=("orthogonal", "glorot_uniform")),
    "memory_dim": partial(_count, least=0, most=4096),
    "memory_heads": partial(_count, least=1, most=64),
    "memory_characters": partial(_count, least=0, most=MAX_KEY_CHARACTERS),
    "memory_capacity": partial(_count, least=1, most=MAX_CAPACITY),
    "memory_match_length": partial(_count, least=0, most=MAX_MATCH),
    "memory_log_mixing": require_bool,
    "variational_dropout": require_bool,
    "embedding_initializer": partial(_choice, accepted=("uniform", "normal")),
}

# The seed is an option of the commands, not a part of a recipe.
_TRAINING = tuple(field.name for field in fields(TrainingSettings) if field.name != "seed")


def find_recipe(name: str) -> Recipe:
    """Return the recipe of a name, or that of a file.

    Parameters
    ----------
    name : str
        Name of a recipe in :mod:`abcrnn.models.recipes`, or the path of a recipe file. A
        name comes first: write ``./quick`` for a file of that name.

    Returns
    -------
    Recipe

    Raises
    ------
    ValueError, OSError
        See :func:`load_recipe`.
    """
    return recipe(name) if name in RECIPES else load_recipe(name)


def recipe_of_run(folder: RunFolder, chosen: Recipe) -> Recipe:
    """Return a recipe with the settings of the run in a folder.

    Parameters
    ----------
    folder : RunFolder
    chosen : Recipe
        Recipe of a new run.

    Returns
    -------
    Recipe
        ``chosen`` if the folder has no run, or if its record is damaged, which
        :meth:`RunFolder.open` reports.
    """
    recorded = folder.recorded_settings()
    if recorded is None:
        return chosen
    model, training = (
        {name: value for name, value in part.items() if name != "seed"} for part in recorded
    )
    epochs = training.get("decay_epochs") or chosen.epochs
    try:
        return validate_recipe(Recipe("the settings of the run", epochs, model, training))
    except ValueError:
        return chosen


def load_recipe(path: str | os.PathLike[str]) -> Recipe:
    """Read a recipe file.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    Recipe

    Raises
    ------
    ValueError
        If the file is not a recipe; the message names the file, the setting, its value and
        what is accepted.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> load_recipe("runs/search/best-recipe.json").epochs  # doctest: +SKIP
    30
    """
    path = as_path(path)
    try:
        return parse_recipe(_read(path))
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise ValueError(f"{path} is not a valid recipe file: {reason}") from error


def save_recipe(chosen: Recipe, path: str | os.PathLike[str]) -> None:
    """Write a recipe file that :func:`load_recipe` reads.

    Parameters
    ----------
    chosen : Recipe
    path : path-like

    Raises
    ------
    ValueError
        If a setting is not valid.
    OSError
        If the file cannot be written; no partial file remains.
    """
    content = asdict(validate_recipe(chosen))
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def parse_recipe(text: str) -> Recipe:
    """Return the recipe that a text in JSON describes; ``ValueError`` if it is not valid."""
    content = json.loads(
        text, object_pairs_hook=_object_without_duplicates, parse_constant=_refuse_constant
    )
    if not isinstance(content, dict):
        raise ValueError(f"expected an object with {', '.join(_KEYS)}, not {content!r:.80}")
    _require_known(content, _KEYS, "")
    if "epochs" not in content:
        raise ValueError("epochs is missing: the number of epochs to train, such as 30")
    return validate_recipe(Recipe(**{"about": "", **content}))


def validate_recipe(chosen: Recipe) -> Recipe:
    """Return a recipe with plain numbers; ``ValueError`` if a setting is not valid."""
    if not isinstance(chosen.about, str) or "\n" in chosen.about:
        raise ValueError(f"about must be one line of text, not {chosen.about!r:.80}")
    for name, part in (("model", chosen.model), ("training", chosen.training)):
        if not isinstance(part, dict):
            raise ValueError(f"{name} must be an object with settings, not {part!r:.80}")
    _require_known(chosen.model, tuple(_MODEL), "model.")
    _require_known(chosen.training, _TRAINING, "training.")
    try:
        settings = TrainingSettings(**chosen.training)
    except (ValueError, TypeError) as error:
        raise ValueError(f"training.{error}") from error
    return Recipe(
        chosen.about,
        _count("epochs", chosen.epochs, 1, _MAX_EPOCHS),
        {name: _MODEL[name](f"model.{name}", value) for name, value in chosen.model.items()},
        {name: getattr(settings, name) for name in chosen.training},
    )


def change_settings(base: Recipe, values: Mapping[str, Any]) -> Recipe:
    """Return a recipe with other values of some settings, of the model or of its training.

    Parameters
    ----------
    base : Recipe
    values : mapping of str to object
        Such as ``{"units": 256, "learning_rate": 0.002}``.

    Returns
    -------
    Recipe

    Raises
    ------
    ValueError
        If there is no such setting, or a value is not valid.
    """
    _require_known(values, (*_MODEL, *_TRAINING), "")
    model = {name: value for name, value in values.items() if name in _MODEL}
    training = {name: value for name, value in values.items() if name not in _MODEL}
    return validate_recipe(
        Recipe(base.about, base.epochs, {**base.model, **model}, {**base.training, **training})
    )


def _read(path: Path) -> str:
    if path.exists() and not path.is_file():
        raise ValueError("it is a folder, a pipe or a device, not a regular file")
    with open(path, "rb") as file:
        content = file.read(_MAX_SIZE + 1)
    if len(content) > _MAX_SIZE:
        raise ValueError(f"it has more than {_MAX_SIZE} bytes")
    return content.decode("utf-8-sig")


def _require_known(given: Mapping[str, Any], accepted: tuple[str, ...], where: str) -> None:
    for name in given:
        if name not in accepted:
            near = nearest(name, accepted)
            names = [f"{where}{other}" for other in accepted]
            hint = f"did you mean {where}{near}?" if near else f"accepted are {', '.join(names)}"
            raise ValueError(f"there is no setting {f'{where}{name}'!r:.80}; {hint}")


def _object_without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r:.80} is given twice")
    return content


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is not a number that JSON has")
