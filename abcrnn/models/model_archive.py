"""What the files of all models share: format names, checks of their contents, bounded building.

A model file is an archive (:mod:`abcrnn.storage.archive`) with a configuration and
weights. Loading builds a class of ours, or one that the caller passes; a file never
names a class. Files may come from untrusted sources, so every value is checked, and a model
may create only weights that the file contains.
"""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from abcrnn.models.records import brief, validate_about
from abcrnn.storage.archive import Arrays
from abcrnn.storage.paths import as_path

#: Formats of model files: CharLSTM, ensembles, classes of users, models of notes.
CHARACTERS = "abcrnn model 1"
ENSEMBLE = "abcrnn ensemble 1"
CUSTOM = "abcrnn custom model 1"
NOTES = "abcrnn note model 1"


class OtherFormatError(ValueError):
    """The file is a model of another kind than the caller opens.

    Parameters
    ----------
    path : path-like
    found : str
        Format of the file: one of those above.
    """

    def __init__(self, path: str | os.PathLike[str], found: str) -> None:
        advice = {
            CHARACTERS: "a CharLSTM: open it without model_class, abcrnn.load_model(path)",
            ENSEMBLE: "an Ensemble: open it without model_class, abcrnn.load_model(path)",
            CUSTOM: "a model of your own class: pass the class, "
            "load_model(path, model_class=MyModel)",
            NOTES: "a model of notes: open it with abcrnn.events.load_note_model",
        }
        super().__init__(f"{path} is the file of {advice[found]}")
        self.path, self.found = path, found


#: Type of the weights in a model file by the name of the precision.
PRECISIONS: dict[str, np.dtype[Any]] = {
    "single": np.dtype(np.float32),
    "half": np.dtype(np.float16),
}

_KERAS_ENDINGS = (".keras", ".h5", ".hdf5")

_SMALL = 16  # values; layers keep such state besides their weights, seeds for example


@contextlib.contextmanager
def valid_contents(path: str | os.PathLike[str], format_name: str) -> Iterator[None]:
    """Raise one ``ValueError`` that names the file if its contents turn out to be wrong.

    Parameters
    ----------
    path : path-like
    format_name : str
        Such as :data:`CHARACTERS`.
    """
    kind = format_name.rsplit(" ", 1)[0]
    try:
        yield
    except KeyError as error:
        raise ValueError(
            f"{path} is not a valid {kind} file: it has no {error.args[0]!r}"
        ) from error
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"{path} is not a valid {kind} file: {reason_of(error)}") from error


def reason_of(error: Exception) -> str:
    """Return the message of an error as one line of at most 300 characters."""
    # TensorFlow puts lines about where in the traced code an error was raised before it.
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:300] if lines else type(error).__name__


def model_path(path: str | os.PathLike[str]) -> Path:
    """Return the path to save a model at; ``ValueError`` if it ends as Keras's own files do."""
    found = as_path(path)
    if found.suffix.lower() in _KERAS_ENDINGS:
        raise ValueError(
            f"{path!s} has the ending of a Keras file, which abcrnn does not write: give a path "
            "that ends in .abcrnn, or save the weights alone with Keras's save_weights"
        )
    return found


def read_object(contents: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return an entry that must be a JSON object; ``ValueError`` if it is anything else."""
    value = contents.get(name)
    if not isinstance(value, dict):
        raise ValueError(f"its {name} must be an object, not {brief(value)}")
    return value


def read_about(contents: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entry ``about``; ``ValueError`` if a value in it is of the wrong type."""
    about = read_object(contents, "about")
    validate_about(about)
    return about


def take_prefixed(prefix: str, arrays: Arrays) -> Arrays:
    """Remove the arrays whose names start with a prefix; return them by the rest of the name."""
    names = [name for name in arrays if name.startswith(prefix)]
    return {name.removeprefix(prefix): arrays.pop(name) for name in names}


def validate_digests(digests: NDArray[Any]) -> NDArray[np.uint64]:
    """Return digests; raise ``ValueError`` unless they have shape (tunes,) and type uint64."""
    if digests.dtype != np.uint64 or digests.ndim != 1:
        raise ValueError(
            "the digests of the training tunes must be one row of uint64, "
            f"not {digests.dtype} of shape {digests.shape}"
        )
    return digests


def require_precision(precision: Any) -> None:
    """Raise ``ValueError`` unless a precision is one of :data:`PRECISIONS`."""
    if not isinstance(precision, str) or precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, not {precision!r}")


def round_weights(arrays: Arrays, precision: str) -> Arrays:
    """Return weights as they are stored with a precision.

    Parameters
    ----------
    arrays : dict of str to ndarray, float32
    precision : str
        One of :data:`PRECISIONS`.

    Returns
    -------
    dict of str to ndarray
        Each weight rounded to the nearest number of the type.

    Raises
    ------
    ValueError
        If a weight is finite, but too large for the type.
    """
    with np.errstate(over="ignore"):
        stored = {name: array.astype(PRECISIONS[precision]) for name, array in arrays.items()}
    for name, array in arrays.items():
        if np.isinf(stored[name]).sum() > np.isinf(array).sum():
            raise ValueError(
                f"precision must be single for this model, not {precision!r}: the weight {name} "
                f"has a value of {np.abs(array).max():g}, above {np.finfo(np.float16).max:g}"
            )
    return stored


def widen_weights(arrays: Arrays) -> Arrays:
    """Return weights of a file with those in half precision as float32; others as they are."""
    half = PRECISIONS["half"]
    return {n: a.astype(np.float32) if a.dtype == half else a for n, a in arrays.items()}


@contextlib.contextmanager
def only_weights_of(arrays: Mapping[str, NDArray[Any]]) -> Iterator[None]:
    """Let models that are built inside create only weights that the arrays can fill.

    Every variable is checked before its memory is allocated, so a configuration from
    a file can neither request more memory than the file has, nor more layers. The
    variables start as zeros; set them to the arrays afterwards.

    Raises
    ------
    ValueError
        If the model creates a weight whose shape none of the remaining arrays has.
    """
    for name, array in arrays.items():
        if array.dtype != np.float32:
            raise ValueError(f"the weight {name} is {array.dtype}, expected float32")
    unused = Counter(array.shape for array in arrays.values())
    spare = len(arrays) + _SMALL
    refusal: list[ValueError] = []

    def create(next_creator: Any, **options: Any) -> Any:
        nonlocal spare
        shape, dtype = _describe(options["initial_value"])
        if dtype.is_floating and unused[shape]:
            unused[shape] -= 1
            return next_creator(**{**options, "initial_value": lambda: tf.zeros(shape, dtype)})
        if dtype.is_integer and np.prod(shape, dtype=float) <= _SMALL and spare:
            spare -= 1
            return next_creator(**options)
        left = [f"{name} {array.shape}" for name, array in arrays.items() if unused[array.shape]]
        refusal.append(
            ValueError(
                f"its config needs a weight of shape {shape}; "
                f"the file has left {', '.join(left[:4]) or 'none'}"
            )
        )
        raise refusal[0]

    try:
        with tf.variable_creator_scope(create):
            yield
    except Exception as error:
        # TensorFlow adds lines about where in the traced code an error was raised.
        raise (refusal[0] if refusal else error) from None


def _describe(initial_value: Any) -> tuple[tuple[int, ...], tf.DType]:
    """Return shape and dtype of a variable's initial value without computing it."""
    with tf.Graph().as_default():
        value = initial_value() if callable(initial_value) else tf.convert_to_tensor(initial_value)
        return tuple(value.shape), value.dtype
