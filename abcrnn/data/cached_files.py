"""Shared code of the caches of computed results: a digest of the code, a limit of files."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from types import ModuleType

import abcrnn.notation


@cache
def code_digest(*modules: ModuleType) -> str:
    """Return a digest of the parser and of other modules.

    A result that another version of the code computed is not used, since the digest is part
    of the name of its file.

    Parameters
    ----------
    *modules : module
        Those that compute the result. A package stands for its modules.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    digest = hashlib.sha256(abcrnn.__version__.encode())
    for module in (abcrnn.notation, *modules):
        for file in _files_of(module):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _files_of(module: ModuleType) -> list[Path]:
    file = Path(str(module.__file__))
    return sorted(file.parent.glob("*.py")) if hasattr(module, "__path__") else [file]


def keep_last_used(file: Path, most: int) -> None:
    """Remove the least recently used files of a folder that have the extension of a file.

    Parameters
    ----------
    file : Path
    most : int
        Number of files that stay.
    """
    files = sorted(file.parent.glob(f"*{file.suffix}"), key=lambda each: each.stat().st_mtime)
    for other in files[:-most]:
        other.unlink(missing_ok=True)
