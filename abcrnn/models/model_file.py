"""load_model: open the file of a model over characters, by path or name."""

from __future__ import annotations

import inspect
import os
from typing import Any

import tensorflow as tf

from abcrnn.data.novelty import NoveltyIndex
from abcrnn.data.vocabulary import Vocabulary
from abcrnn.models.char_lstm import OPTIONAL_ARGUMENTS, CharLSTM
from abcrnn.models.character_model import DIGESTS, NOVELTY, VALIDATED, CharacterModel
from abcrnn.models.ensemble import MAX_MEMBERS, Ensemble
from abcrnn.models.model_archive import (
    CHARACTERS,
    CUSTOM,
    ENSEMBLE,
    NOTES,
    OtherFormatError,
    only_weights_of,
    read_about,
    read_object,
    reason_of,
    take_prefixed,
    valid_contents,
    validate_digests,
    widen_weights,
)
from abcrnn.models.pretrained import find_model_file
from abcrnn.models.records import validate_about
from abcrnn.storage.archive import Arrays, read_archive


def load_model(
    path: str | os.PathLike[str], model_class: type[CharacterModel] | None = None
) -> Any:
    """Open a model file, or a model that comes with the package; safe for untrusted files.

    The file is checked before anything is built, and never decides which class is built.

    Parameters
    ----------
    path : path-like
        A file, or the name of a model of :func:`abcrnn.pretrained`, such as ``"folk"``. If
        the working directory has a file of that name, the file is opened.
    model_class : type, optional
        The class that the model was saved from, if it is one of your own: derived from
        :class:`abcrnn.CharacterModel`. Files of classes of abcrnn need none.

    Returns
    -------
    CharacterModel
        A :class:`abcrnn.CharLSTM` or an :class:`abcrnn.Ensemble`, as the file has it, or an
        instance of ``model_class``.

    Raises
    ------
    FileNotFoundError
        If there is neither a file nor a model of that name.
    ValueError
        If the file is incomplete, damaged, not a model of abcrnn, or a model of another
        class; the message says which class to pass.

    Examples
    --------
    >>> model = abcrnn.load_model("folk")  # doctest: +SKIP
    >>> model = abcrnn.load_model("jigs.abcrnn")  # doctest: +SKIP
    >>> mine = abcrnn.load_model("gru.abcrnn", model_class=GRUModel)  # doctest: +SKIP
    """
    wanted = _require_class(model_class)
    path = find_model_file(path)
    contents, arrays = read_archive(path, CHARACTERS, ENSEMBLE, CUSTOM, NOTES)
    if model_class is None and contents["format"] == ENSEMBLE:
        wanted = Ensemble
    _require_format(path, contents["format"], wanted)
    with valid_contents(path, contents["format"]):
        vocabulary = Vocabulary(contents["vocabulary"])
        config, about = read_object(contents, "config"), read_about(contents)
        novelty = take_prefixed(NOVELTY, arrays)
        digests, validated = arrays.pop(DIGESTS, None), arrays.pop(VALIDATED, None)
        arrays = widen_weights(arrays)
    model: CharacterModel
    if wanted is Ensemble:
        model = _build_ensemble(path, vocabulary, contents, arrays)
    else:
        model = _build(path, wanted, vocabulary, config, arrays)
    model.about = about
    with valid_contents(path, contents["format"]):
        model.novelty = NoveltyIndex.from_arrays(novelty) if novelty else None
        model.trained_digests = None if digests is None else validate_digests(digests)
        model.validated_digests = None if validated is None else validate_digests(validated)
    return model


def _require_class(model_class: Any) -> type[CharacterModel]:
    if model_class is None:
        return CharLSTM
    if not (isinstance(model_class, type) and issubclass(model_class, CharacterModel)):
        raise ValueError(
            f"model_class must be a class derived from abcrnn.CharacterModel, not {model_class!r}"
        )
    return model_class


def _require_format(
    path: str | os.PathLike[str], found: str, model_class: type[CharacterModel]
) -> None:
    if found != model_class.file_format:
        raise OtherFormatError(path, found)


def _build(
    path: str | os.PathLike[str],
    model_class: type[CharacterModel],
    vocabulary: Vocabulary,
    config: dict[str, Any],
    arrays: Arrays,
) -> CharacterModel:
    """Build the model from a configuration that may be wrong, and set its weights."""
    try:
        _require_arguments(model_class, config)
        with only_weights_of(arrays):
            model = model_class(vocabulary, **config)
        model.set_weight_arrays(arrays)
    except (ValueError, TypeError, KeyError, OverflowError, tf.errors.OpError) as error:
        if model_class is CharLSTM:
            raise ValueError(
                f"{path} is not a valid abcrnn model file: {reason_of(error)}"
            ) from error
        raise ValueError(
            f"{path} is not the file of a {model_class.__name__}: {reason_of(error)}. "
            "Pass the class that it was saved from as model_class"
        ) from error
    return model


def _build_ensemble(
    path: str | os.PathLike[str], vocabulary: Vocabulary, contents: dict[str, Any], arrays: Arrays
) -> Ensemble:
    """Build the members, each from its own configuration and arrays, and the ensemble."""
    config = contents["config"]
    with valid_contents(path, ENSEMBLE):
        configs, abouts = config["members"], contents["members_about"]
        for name, values in ("members", configs), ("members_about", abouts):
            if not isinstance(values, list) or not all(isinstance(v, dict) for v in values):
                raise ValueError(f"its {name} must be a list of objects")
        if not 1 <= len(configs) <= MAX_MEMBERS or len(configs) != len(abouts):
            raise ValueError(f"its members must be 1 to {MAX_MEMBERS}, each with its about")
        for about in abouts:
            validate_about(about)
        if not isinstance(config["weights"], list) or config.keys() != {"weights", "members"}:
            raise ValueError("its config must have a list of weights and the members alone")
    members: list[CharacterModel] = []
    for number, (member_config, about) in enumerate(zip(configs, abouts, strict=True)):
        own = take_prefixed(f"{number}/", arrays)
        members.append(_build(path, CharLSTM, vocabulary, member_config, own))
        members[-1].about = about
    with valid_contents(path, ENSEMBLE):
        if arrays:
            raise ValueError(f"its weights belong to no member: {', '.join(sorted(arrays)[:4])}")
        return Ensemble(members, config["weights"])


def _require_arguments(model_class: type[CharacterModel], config: dict[str, Any]) -> None:
    parameters = dict(inspect.signature(model_class.__init__).parameters)
    accepted = [*parameters][2:]  # after self and the vocabulary
    unknown = [name for name in config if name not in accepted]
    if unknown and all(p.kind != p.VAR_KEYWORD for p in parameters.values()):
        raise ValueError(f"{model_class.__name__} has no argument {unknown[0]!r}")
    missing = [name for name in accepted if name not in config]
    # A class of the user's may have got new arguments, with defaults, since the file was saved.
    missing = [name for name in missing if name not in OPTIONAL_ARGUMENTS]
    if missing and model_class is CharLSTM:
        raise ValueError(f"its config has no {missing[0]!r}")
