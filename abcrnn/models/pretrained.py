"""The models that come with the package: list them, and find the file of one by its name.

The folder ``abcrnn/pretrained/`` has the file of each model, ``NAME.abcrnn``, and its card,
``NAME.json``. The card records the SHA-256 of the file, so a damaged file is recognised.
Nothing here imports TensorFlow.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from abcrnn.storage.paths import as_path

#: Folder of the models and their cards.
FOLDER = Path(__file__).parents[1] / "pretrained"

#: Name of the model that commands use by default.
DEFAULT = "folk"

_KINDS = {"str": str, "int": int, "dict[str, float]": dict}


@dataclass(frozen=True)
class PretrainedModel:
    """The card of a model that comes with the package.

    Parameters
    ----------
    name : str
        Name with which ``abcrnn.load_model(name)`` opens the model.
    title : str
    data : str
        What the model was trained on.
    licence : str
        Terms of the model and of the data.
    parameters : int
        Number of weights.
    bytes : int
        Size of the file.
    sha256 : str
        SHA-256 of the file, in hexadecimal.
    fingerprint : str
        :attr:`abcrnn.CharacterModel.fingerprint` of the model.
    scores : dict of str to float
        Scores; each key is a description that names the unit.
    """

    name: str
    title: str
    data: str
    licence: str
    parameters: int
    bytes: int
    sha256: str
    fingerprint: str
    scores: dict[str, float]

    @property
    def path(self) -> Path:
        """Path of the model file."""
        return FOLDER / f"{self.name}.abcrnn"


def pretrained() -> list[PretrainedModel]:
    """Return the cards of the models that come with the package: size, data, licence, scores.

    Returns
    -------
    list of PretrainedModel
        In alphabetical order of their names.

    Raises
    ------
    ValueError
        If a card is missing or damaged.

    Examples
    --------
    >>> [card.name for card in abcrnn.pretrained()]  # doctest: +SKIP
    ['folk']
    """
    return [read_card(name) for name in pretrained_names()]


def pretrained_names() -> list[str]:
    """Return the names of the models that come with the package."""
    return sorted({DEFAULT, *(path.stem for path in FOLDER.glob("*.json"))})


def read_card(name: str) -> PretrainedModel:
    """Return the card of a model; ``ValueError`` if it is missing or damaged."""
    path = FOLDER / f"{name}.json"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return PretrainedModel(name=name, **_validated(values))
    except OSError as error:
        raise _damaged(name, f"{path} cannot be read ({error.strerror})") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise _damaged(name, f"{path} is not a valid card: {str(error)[:200]}") from error


def pretrained_path(name: str) -> Path:
    """Return the path of the file of a model after comparing the file with its card.

    Parameters
    ----------
    name : str
        One of :func:`pretrained_names`.

    Raises
    ------
    ValueError
        If the file or the card is missing or damaged. The message says how to restore it.
    """
    card = read_card(name)
    try:
        if card.path.stat().st_size != card.bytes:
            found = f"{card.path.stat().st_size} bytes instead of {card.bytes}"
            raise _damaged(name, f"{card.path} has {found}")
        found = hashlib.sha256(card.path.read_bytes()).hexdigest()
    except OSError as error:
        raise _damaged(name, f"{card.path} cannot be read ({error.strerror})") from error
    if found != card.sha256:
        raise _damaged(name, f"the SHA-256 of {card.path} is not that on its card")
    return card.path


def find_model_file(path: str | os.PathLike[str]) -> Path:
    """Return the path of the model file that a path or a name stands for.

    Parameters
    ----------
    path : path-like
        A path, or the name of a model that comes with the package. If there is a file of
        that name in the working directory, it is the file.

    Raises
    ------
    ValueError
        If the name is that of a model of the package whose file is missing or damaged.
    FileNotFoundError
        If there is neither a file nor a model of that name.
    """
    found = as_path(path)
    if isinstance(path, str) and path in pretrained_names() and not found.is_file():
        return pretrained_path(path)
    if not found.exists():
        raise FileNotFoundError(
            f"{path}: no such file; expected an abcrnn model file, or the name of a model that "
            f"comes with the package: {', '.join(pretrained_names())}"
        )
    return found


def find_fingerprint(start: str) -> PretrainedModel | None:
    """Return the card of the model whose fingerprint starts with these digits, if there is one."""
    return next((card for card in pretrained() if card.fingerprint.startswith(start)), None)


def _validated(values: Any) -> dict[str, Any]:
    """Return the values of a card; raise ``ValueError`` if one is missing or of another type."""
    expected = {field.name: str(field.type) for field in fields(PretrainedModel)}
    del expected["name"]
    if not isinstance(values, dict) or values.keys() != expected.keys():
        raise ValueError(f"it must have {', '.join(expected)}, and nothing more")
    for name, kind in expected.items():
        if type(values[name]) is not _KINDS[kind]:
            raise ValueError(f"its {name} must be of type {kind}")
    return values


def _damaged(name: str, reason: str) -> ValueError:
    return ValueError(
        f"the model {name!r} that comes with abcrnn is missing or damaged: {reason}. Install "
        "abcrnn again: python -m pip install --force-reinstall --no-deps abcrnn (in a checkout, "
        "restore the folder abcrnn/pretrained and use . for abcrnn)"
    )
