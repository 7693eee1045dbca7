"""One process at a time in a folder.

The operating system keeps the lock, on an open file, and lets go of it when the
process ends in whatever way: a killed one leaves nothing to clear up.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

_logger = logging.getLogger(__name__)

# What the systems answer when another has the lock; anything else means that there are no locks.
_TAKEN = {errno.EAGAIN, errno.EACCES, errno.EDEADLK}

if sys.platform == "win32":
    import msvcrt

    # A locked byte cannot be read there, so it is one far behind the process id.
    _BEHIND = 1 << 20

    def _lock(handle: int) -> None:
        os.lseek(handle, _BEHIND, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

    def _unlock(handle: int) -> None:
        os.lseek(handle, _BEHIND, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)


@contextlib.contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Keep others out of a folder while the block runs.

    The folder is made if need be. The file ``.lock`` in it stays, since to
    remove it would let two others lock two files of that name; while the lock
    is held it has the process id.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    BlockingIOError
        If another process has it, or another block in this one.
    OSError
        If the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        locked = _locked(handle, folder)
        _write(handle, str(os.getpid()))
        try:
            yield
        finally:
            _write(handle, "")
            if locked:
                _unlock(handle)
    finally:
        os.close(handle)


def _locked(handle: int, folder: Path) -> bool:
    try:
        _lock(handle)
    except OSError as error:
        if error.errno not in _TAKEN:
            _logger.warning("%s cannot be locked (%s): keep other processes out", folder, error)
            return False
        os.lseek(handle, 0, os.SEEK_SET)
        owner = os.read(handle, 20).decode("ascii", "replace").strip()
        raise BlockingIOError(
            f"{folder} is in use by {f'process {owner}' if owner else 'another process'}: "
            "wait until it has ended, or take another folder"
        ) from error
    return True


def _write(handle: int, text: str) -> None:
    os.ftruncate(handle, 0)
    os.lseek(handle, 0, os.SEEK_SET)
    os.write(handle, text.encode("ascii"))
