"""Imports of optional packages, with a message that names the extra to install."""

from __future__ import annotations

import warnings
from importlib import import_module
from importlib.util import find_spec
from typing import Any


def import_extra(module: str, extra: str, purpose: str) -> Any:
    """Import a package that an extra of abcrnn installs.

    Parameters
    ----------
    module : str
        Name to import, such as ``"pretty_midi"``.
    extra : str
        Extra that installs it, such as ``"events"``.
    purpose : str
        What needs it, as the start of the error message: ``"reading MIDI files"``.

    Raises
    ------
    ImportError
        If the package is not installed; names the extra.

    Examples
    --------
    >>> import_extra("no_such_package", "events", "reading MIDI files")
    Traceback (most recent call last):
    ImportError: reading MIDI files needs no_such_package: pip install "abcrnn[events]"
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pretty_midi's own imports are deprecated
            return import_module(module)
    except ImportError as error:
        raise ImportError(_message(module, extra, purpose)) from error


def require_extra(module: str, extra: str, purpose: str) -> None:
    """Raise the ImportError of :func:`import_extra` if a package is not installed.

    The package is not imported; for one that another process uses.
    """
    if not is_installed(module):
        raise ImportError(_message(module, extra, purpose))


def is_installed(module: str) -> bool:
    """Whether a package can be imported, without importing it."""
    return find_spec(module) is not None


def _message(module: str, extra: str, purpose: str) -> str:
    return f'{purpose} needs {module}: pip install "abcrnn[{extra}]"'


def import_pretty_midi() -> Any:
    """Import pretty_midi, which reads and writes MIDI files of notes."""
    return import_extra("pretty_midi", "events", "learning from MIDI files")


def import_tensorboard() -> Any:
    """Import tensorboard, so that a missing package is reported early and clearly."""
    return import_extra("tensorboard", "tensorboard", "writing TensorBoard logs")


def import_optuna() -> Any:
    """Import Optuna, which suggests hyper-parameters and stores the results."""
    return import_extra("optuna", "search", "the search for hyper-parameters")
