"""Keras with TensorFlow as its backend.

All modules import Keras from here, so that another backend is refused in one line.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def _configured_backend() -> str:
    """Return the backend that Keras will use."""
    if name := os.environ.get("KERAS_BACKEND"):
        return name
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    try:
        configured = json.loads((home / "keras.json").read_text(encoding="utf-8"))["backend"]
    except (OSError, ValueError, KeyError, TypeError):
        return "tensorflow"  # the default of Keras
    return str(configured)


_refusal = (
    "abcrnn needs Keras with the backend tensorflow, not {!r}: unset KERAS_BACKEND or set it to "
    "tensorflow (it takes precedence over the file keras.json)"
)

# Before Keras is imported: it would import the other backend, if that is installed.
if "keras" not in sys.modules and (_name := _configured_backend()) != "tensorflow":
    raise ImportError(_refusal.format(_name))

import keras as keras  # noqa: E402

if (_name := keras.config.backend()) != "tensorflow":
    raise ImportError(_refusal.format(_name))
