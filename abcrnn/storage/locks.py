"""A lock that lets one process at a time write to a folder.

The operating system holds the lock on an open file and releases it when the process ends,
also when it is killed, so there is never a stale lock to remove.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from abcrnn.storage.paths import make_folder

_logger = logging.getLogger(__name__)

# Errors that mean "locked by another"; any other error means that locks are not supported.
_LOCKED = {errno.EAGAIN, errno.EACCES, errno.EDEADLK}

if sys.platform == "win32":
    import msvcrt

    # Windows forbids reading a locked byte, so lock one far behind the process id.
    _OFFSET = 1 << 20

    def _lock(handle: int) -> None:
        os.lseek(handle, _OFFSET, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

    def _unlock(handle: int) -> None:
        os.lseek(handle, _OFFSET, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)


@contextlib.contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Lock a folder while the block runs.

    The lock is on the file ``.lock`` in the folder, which contains the process id meanwhile.
    The file is never removed: two processes could then lock two files of that name. Where
    the file system supports no locks, logs a warning and runs the block without a lock.

    Parameters
    ----------
    folder : Path
        Created if it does not exist.

    Raises
    ------
    BlockingIOError
        If another process holds the lock, or another block in this process. The message
        names the process.
    OSError
        If the folder cannot be written to.
    """
    make_folder(folder)
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        locked = _try_lock(handle, folder)
        _replace_content(handle, str(os.getpid()))
        try:
            yield
        finally:
            _replace_content(handle, "")
            if locked:
                _unlock(handle)
    finally:
        os.close(handle)


def _try_lock(handle: int, folder: Path) -> bool:
    """Lock the file; False if the file system supports no locks."""
    try:
        _lock(handle)
    except OSError as error:
        if error.errno not in _LOCKED:
            _logger.warning(
                "%s cannot be locked (%s): make sure that no other process writes to it",
                folder,
                error,
            )
            return False
        owner = _read_owner(handle)
        raise BlockingIOError(
            f"{folder} is in use by {f'process {owner}' if owner else 'another process'}: "
            "wait until it has ended, or use another folder"
        ) from error
    return True


def _read_owner(handle: int) -> str:
    """Return the process id in the file; empty if there is none, or if it cannot be read."""
    with contextlib.suppress(OSError):  # network shares may refuse to read a locked file
        os.lseek(handle, 0, os.SEEK_SET)
        return os.read(handle, 20).decode("ascii", "replace").strip()
    return ""


def _replace_content(handle: int, text: str) -> None:
    # The process id is only for messages: a full disk must not prevent the lock.
    with contextlib.suppress(OSError):
        os.ftruncate(handle, 0)
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, text.encode("ascii"))
