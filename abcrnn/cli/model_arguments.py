"""Find the model files that a command is given, and load them.

A model is a file, a run folder for its best model, or the name of a model that comes with
the package. Files and folders are recognised by their content.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from abcrnn.cli.arguments import UsageError
from abcrnn.cli.parser import suggestion
from abcrnn.cli.terminal import import_tensorflow
from abcrnn.data.registry import card_names
from abcrnn.models.pretrained import (
    DEFAULT,
    find_model_file,
    pretrained_names,
    pretrained_path,
)
from abcrnn.storage.paths import as_path, find_files

_ZIP = b"PK"  # a model file is a zip archive
_BEST = "best.abcrnn"  # the best model of a run folder


def find_models(arguments: argparse.Namespace) -> list[Path]:
    """Return the paths of the model files that MODEL or the options ``--model`` name.

    Without either it is the default model, whatever files there are.

    Raises
    ------
    FileNotFoundError
        If there is neither a file nor a packaged model of a name, or a run folder has no
        model yet.
    UsageError
        If the only positional argument is a model, and FILE is missing.
    ValueError
        If a file is not a model file.
    """
    if not arguments.models:
        _require_file(arguments)
        return [pretrained_path(DEFAULT)]
    return [_find_model(name, arguments.parser) for name in arguments.models]


def _find_model(name: str, parser: argparse.ArgumentParser) -> Path:
    path = as_path(name)
    if (path / _BEST).is_file():
        path /= _BEST
    else:
        try:
            path = find_model_file(name)
        except FileNotFoundError:
            raise FileNotFoundError(
                f"{path}: no such file or run folder, and no packaged model of that name"
                f"{suggestion(name, pretrained_names())}; {_accepted(parser)}"
            ) from None
        if path.is_dir():
            raise FileNotFoundError(f"{name} is not a run folder: it has no {_BEST}")
    if not _is_archive(path):
        positional = [action.metavar for action in parser._actions if not action.option_strings]
        usage = " ".join([parser.prog, *(str(metavar).strip("[]") for metavar in positional)])
        raise ValueError(f"{path} is not a model file; usage: {usage}; {_accepted(parser)}")
    return path


def _accepted(parser: argparse.ArgumentParser) -> str:
    if any(action.dest == "model" and action.required for action in parser._actions):
        return "MODEL is a model file (.abcrnn) or a run folder"  # no packaged model is of notes
    names = ", ".join(pretrained_names())
    return f"MODEL is a model file (.abcrnn), a run folder, or a packaged model ({names})"


def _is_archive(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(len(_ZIP)) == _ZIP


def _is_model(name: str) -> bool:
    """Return whether an argument names a model: a model file, a run folder, a packaged model."""
    path = as_path(name)
    if path.is_dir():
        return (path / _BEST).is_file()
    return _is_archive(path) if path.is_file() else name in pretrained_names()


def _require_file(arguments: argparse.Namespace) -> None:
    """Check FILE, the only positional argument, where a command takes MODEL and FILE."""
    given = getattr(arguments, "tunes", None)
    if not isinstance(given, str) or given == "-":  # evaluate has an option --tunes N
        return
    if _is_model(given):
        raise UsageError("the following arguments are required: FILE")
    if given not in card_names() and not any(path.exists() for path in find_files(given)):
        near = suggestion(given, pretrained_names())
        raise FileNotFoundError(
            f"{given}: no such file or folder, and no packaged model of that name{near}; "
            f"FILE is an .abc file; {_accepted(arguments.parser)}"
        )


def load_model(arguments: argparse.Namespace) -> Any:
    """Import TensorFlow, and load the character model; several models as an ensemble."""
    models = load_models(arguments)
    if len(models) == 1:
        return models[0]
    from abcrnn.models.ensemble import Ensemble

    return Ensemble(models)


def load_models(arguments: argparse.Namespace) -> list[Any]:
    """Import TensorFlow, and load each character model that is given."""
    paths = find_models(arguments)  # first, because importing TensorFlow takes seconds
    if not arguments.models:
        print(f"abcrnn: no MODEL given: using the packaged model {DEFAULT}", file=sys.stderr)
    import_tensorflow()
    from abcrnn.models.model_file import load_model as load

    return [_load_kind(load, path) for path in paths]


def load_note_model(arguments: argparse.Namespace) -> Any:
    """Import TensorFlow, and load the note model that MODEL or ``--model`` names."""
    if len(arguments.models) > 1:
        raise UsageError("argument --model: models of notes cannot be combined: give one")
    [path] = find_models(arguments)
    import_tensorflow()
    from abcrnn.models.note_model import load_note_model as load

    return _load_kind(load, path)


def model_names(arguments: argparse.Namespace) -> list[str]:
    """Return the models as they are given, or the name of the default model."""
    return arguments.models or [DEFAULT]


def _load_kind(load: Callable[[Path], Any], path: Path) -> Any:
    """Load a model; for one of another kind, name the commands that take it."""
    from abcrnn.models.model_archive import CHARACTERS, CUSTOM, ENSEMBLE, NOTES, OtherFormatError

    characters = "a model of characters; use abcrnn sample, abcrnn compose or abcrnn evaluate"
    advice = {
        CHARACTERS: characters,
        ENSEMBLE: characters,
        CUSTOM: "a model of a class of your own, which only Python can open",
        NOTES: "a model of notes; use abcrnn events sample or abcrnn events evaluate",
    }
    try:
        return load(path)
    except OtherFormatError as error:
        raise ValueError(f"{path} is {advice[error.found]}") from None


def require_characters(model: Any, arguments: argparse.Namespace, names: Iterable[str]) -> None:
    """Raise ``ValueError`` if the text of an option has a character the model does not know."""
    characters = model.vocabulary.characters
    for name in names:
        text = model.vocabulary.normalize(getattr(arguments, name) or "")
        for number, character in enumerate(text, start=1):
            if character not in characters:
                raise ValueError(
                    f"--{name}: {character!r} (character {number}) is not among the "
                    f"{len(characters)} characters that the model knows: {characters!r}"
                )
