"""What the caches of computed results share: a digest of the code, and how many files stay."""

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
        Those that compute the result.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    folder = Path(abcrnn.notation.__file__).parent
    files = [*sorted(folder.glob("*.py")), *(Path(str(module.__file__)) for module in modules)]
    digest = hashlib.sha256(abcrnn.__version__.encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def keep_last_used(file: Path, most: int) -> None:
    """Remove the files beside a file, with its ending, that were not used for longest.

    Parameters
    ----------
    file : Path
    most : int
        Number of files that stay.
    """
    files = sorted(file.parent.glob(f"*{file.suffix}"), key=lambda each: each.stat().st_mtime)
    for other in files[:-most]:
        other.unlink(missing_ok=True)
