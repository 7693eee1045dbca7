"""Atomic file writes: a reader sees the old file or the new one, never a part of one.

Data goes to a temporary file in the same folder, which is then renamed. A crash, a full
disk or a kill during the write leaves the old file (or none), and at most a partial file
whose name ends in ``.part``.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file completely, or leave the path as it was.

    Parameters
    ----------
    path : path-like
        File to write. Missing parent folders are created.
    data : bytes
        The whole content.

    Raises
    ------
    OSError
        If the file cannot be written. A file that was at ``path`` before is unchanged.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        _write_and_rename(target, data)
    except OSError as error:
        # The caller knows the path, not the name of the temporary file.
        error.filename, error.filename2 = str(target), None
        raise


def _write_and_rename(target: Path, data: bytes) -> None:
    # In the same folder, since a rename is atomic only within one file system.
    handle, partial = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(partial, 0o666 & ~_umask())  # mkstemp creates it for the owner alone
        os.replace(partial, target)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a UTF-8 text file completely, or leave the path as it was.

    Line ends are written as they are in ``text``. See :func:`write_bytes`.
    """
    write_bytes(path, text.encode("utf-8"))


def sync_folder(folder: Path) -> None:
    """Flush a folder's list of names to the disk.

    :func:`write_bytes` flushes the content of a file; after a loss of power its new name
    is certain only if the folder was flushed too. Does nothing on Windows, where folders
    cannot be opened.
    """
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_partial_files(pattern: Path) -> None:
    """Remove the partial files that interrupted writes left.

    Call it only while no other process may write a matching file.

    Parameters
    ----------
    pattern : Path
        Path of the complete file; the last part may have wildcards, such as ``runs/x/epoch-*``.
    """
    for partial in pattern.parent.glob(f".{pattern.name}.????????.part"):
        partial.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)  # the only way to read it is to set it
    os.umask(mask)
    return mask
