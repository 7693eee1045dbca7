"""Files written aside and renamed, so that a reader never meets half of one.

A crash, a full disk or a kill in the middle of a write leaves the old file
(or none), and at most a left-over whose name ends in ``.part``.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a whole file or nothing.

    Parameters
    ----------
    path : path-like
        Where the file shall stand; missing parent folders are made.
    data : bytes
        All of its contents.

    Raises
    ------
    OSError
        If the disk refuses; what stood at ``path`` before still stands there.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside the target, since a rename is atomic only within one file system.
    handle, aside = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(aside, 0o666 & ~_umask())
        os.replace(aside, target)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a whole UTF-8 text file or nothing; see :func:`write_bytes`."""
    write_bytes(path, text.encode("utf-8"))


def settle(folder: Path) -> None:
    """Make the names of files just written last through a loss of power.

    Syncing a file saves its contents, but its new name is the folder's.
    """
    if sys.platform == "win32":
        return  # folders cannot be opened there
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep(pattern: Path) -> None:
    """Remove what killed writes left of files whose names match, such as ``runs/x/epoch-*``.

    Only where nobody else may be writing one of them.
    """
    for left in pattern.parent.glob(f".{pattern.name}.????????.part"):
        left.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
