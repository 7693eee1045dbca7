"""Optional packages of the benchmark, and versions of all that matter for a result."""

from __future__ import annotations

import importlib
import platform
from importlib import metadata
from typing import Any


def require_package(name: str) -> Any:
    """Import a package of the extra ``bench``.

    Raises
    ------
    ImportError
        If it is not installed; the message names the extra.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"this row needs {name}, which is not installed: python -m pip install '.[bench]'"
        ) from error


def versions(*packages: str) -> dict[str, str]:
    """Return the versions of Python, of abcrnn and of packages."""
    found = {name: metadata.version(name) for name in packages}
    return {"python": platform.python_version(), **found}
