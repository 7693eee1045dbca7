"""Atomic file writes: a reader sees the old file or the new one, never a part of one.

Data goes to a temporary file in the same folder, which is then renamed. A crash, a full
disk or a kill during the write leaves the old file (or none), and at most a partial file
whose name ends in ``.part``.

Only regular files can be replaced like this. Symbolic links are followed first, and data
for a pipe, a device or an open file such as ``/dev/stdout`` is written straight into it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from abcrnn.storage.paths import as_path, make_folder

# File systems allow names of 255 bytes, some only 143. The name of a temporary file has the
# first bytes of the name of the file, and 15 more.
_MAX_STEM = 100

# Errors of file systems that cannot flush (CIFS, FUSE). The data is written all the same.
_CANNOT_FLUSH = {
    errno.EINVAL,
    errno.ENOTSUP,
    errno.EOPNOTSUPP,
    errno.ENOSYS,
    errno.EACCES,
    errno.EPERM,
    errno.EBADF,
}

# Errors where a file that exists can be written to, but not replaced: it is mounted by
# itself, as containers do, or its folder is protected.
_CANNOT_REPLACE = {errno.EBUSY, errno.EXDEV, errno.EACCES, errno.EPERM}

# Where /dev/stdout and /dev/fd/3 lead: the open files of a process.
_DESCRIPTOR = re.compile(r"/proc/(?P<process>\d+)(?:/task/\d+)?/fd/(?P<number>\d+)")
_MAX_LINKS = 40  # as in Linux


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file completely, or leave the path as it was.

    An existing file keeps its mode and, where the system permits it, its owner. A link is
    followed, and the file that it points to is written. A file that cannot be replaced,
    such as one that is mounted by itself, is overwritten in place.

    Parameters
    ----------
    path : path-like
        File to write. Missing parent folders are created.
    data : bytes
        The whole content.

    Raises
    ------
    OSError
        If the file cannot be written; ``filename`` is the path. A file that was at
        ``path`` before is unchanged.
    TypeError, ValueError
        If the path is not valid; see :func:`abcrnn.storage.paths.as_path`.
    """
    target = _file_path(path)
    with _errors_name(target):
        if _write_special(target, data):
            return
    resolved = _resolved(target)
    make_folder(resolved.parent)
    with _errors_name(target):
        _write_regular(resolved, data)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a UTF-8 text file completely, or leave the path as it was.

    Line ends are written as they are in ``text``. See :func:`write_bytes`.
    """
    write_bytes(path, text.encode("utf-8"))


def require_writable(path: str | os.PathLike[str]) -> None:
    """Raise ``OSError`` unless :func:`write_bytes` can write to a path.

    Call it before a long computation whose result goes there. The path is not changed: a
    temporary file is created in its folder, or in the nearest parent that exists, and
    removed.

    Parameters
    ----------
    path : path-like

    Raises
    ------
    OSError
        If the file cannot be written; ``filename`` is the path, or the parent that is
        not a folder.
    TypeError, ValueError
        If the path is not valid; see :func:`abcrnn.storage.paths.as_path`.
    """
    target = _file_path(path)
    with _errors_name(target):
        if _descriptor(target) is not None:
            return
        before = _status(target)
        if before is not None and os.access(target, os.W_OK) and not stat.S_ISDIR(before.st_mode):
            return
    resolved = _resolved(target)
    folder = next(parent for parent in resolved.parents if os.path.lexists(parent))
    make_folder(folder)  # raises if it is a file
    with _errors_name(target):
        if before is not None and not stat.S_ISREG(before.st_mode):
            code = errno.EISDIR if stat.S_ISDIR(before.st_mode) else errno.EACCES
            raise OSError(code, os.strerror(code))
        _create(partial := _partial_path(folder / resolved.name), 0o600).close()
        partial.unlink()


def sync_folder(folder: Path) -> None:
    """Flush a folder's list of names to the disk.

    :func:`write_bytes` flushes the content of a file; after a loss of power its new name
    is certain only if the folder was flushed too. Does nothing on Windows, where folders
    cannot be opened, and on file systems that cannot flush a folder.
    """
    if sys.platform == "win32":
        return
    with _errors_name(folder), _flush_errors_ignored():
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


# Paths ---------------------------------------------------------------------------------------


def _file_path(path: Any) -> Path:
    """Return the path of a file to write; ``IsADirectoryError`` if it ends in a slash."""
    target = as_path(path)
    if os.fsdecode(path).endswith((os.sep, os.altsep or os.sep)):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fsdecode(path))
    return target


def _resolved(path: Path) -> Path:
    """Return the path that a link leads to; another path as it is, for messages."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _status(path: Path) -> os.stat_result | None:
    """Return the status of the file that a path leads to; None if there is none."""
    try:
        return os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _descriptor(path: Path) -> int | None:
    """Return the number of this process's open file that a path leads to, if it is one."""
    for _ in range(_MAX_LINKS):
        found = _DESCRIPTOR.fullmatch(os.path.join(os.path.realpath(path.parent), path.name))
        if found and int(found["process"]) == os.getpid():
            return int(found["number"])
        if not path.is_symlink():
            return None
        path = path.parent / os.readlink(path)
    return None


def _partial_path(target: Path) -> Path:
    stem = os.fsencode(target.name)[:_MAX_STEM].decode("utf-8", "ignore")
    return target.with_name(f".{stem}.{secrets.token_hex(4)}.part")


@contextlib.contextmanager
def _errors_name(path: Path) -> Iterator[None]:
    """Set the path in errors: the caller knows it, not the name of a temporary file."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            error.filename, error.filename2 = str(path), None
        raise


@contextlib.contextmanager
def _flush_errors_ignored() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _CANNOT_FLUSH:
            raise


# Writing -------------------------------------------------------------------------------------


def _write_special(target: Path, data: bytes) -> bool:
    """Write to an open file, a pipe or a device; return False if the path is none of them."""
    number = _descriptor(target)
    if number is not None:
        # Duplicated, not opened: the data follows what was written before.
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        with os.fdopen(os.dup(number), "wb") as file:
            file.write(data)
        return True
    status = _status(target)
    if status is None or stat.S_ISREG(status.st_mode):
        return False
    with open(target, "wb") as file:  # raises if it is a folder
        file.write(data)
    return True


def _write_regular(target: Path, data: bytes) -> None:
    before = _status(target)
    try:
        _write_and_rename(target, data, before)
    except OSError as error:
        if before is None or error.errno not in _CANNOT_REPLACE or not os.access(target, os.W_OK):
            raise
        with open(target, "wb") as file:
            _write_and_flush(file, data)


def _write_and_rename(target: Path, data: bytes, before: os.stat_result | None) -> None:
    # In the same folder, since a rename is atomic only within one file system. A new file has
    # the mode that the umask of the process leaves.
    partial = _partial_path(target)
    file = _create(partial, 0o666 if before is None else 0o600)
    try:
        with file:
            _write_and_flush(file, data)
        if before is not None:
            _copy_owner_and_mode(before, partial)
        os.replace(partial, target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _create(path: Path, mode: int) -> IO[bytes]:
    return open(path, "xb", opener=lambda name, flags: os.open(name, flags, mode))


def _write_and_flush(file: IO[bytes], data: bytes) -> None:
    file.write(data)
    file.flush()
    with _flush_errors_ignored():
        os.fsync(file.fileno())


def _copy_owner_and_mode(before: os.stat_result, path: Path) -> None:
    """Give a file the owner and mode of another, as far as system and file system permit it."""
    now = os.stat(path)
    owners = []
    if now.st_gid != before.st_gid:
        owners.append((-1, before.st_gid))
    if now.st_uid != before.st_uid:
        owners.append((before.st_uid, -1))
    for owner in owners:
        with contextlib.suppress(OSError):
            os.chown(path, *owner)
    with contextlib.suppress(OSError):
        os.chmod(path, stat.S_IMODE(before.st_mode))  # last: a new owner clears bits of it
