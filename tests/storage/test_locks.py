import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from abcrnn.storage import locks
from abcrnn.storage.locks import lock_folder

HOLD = """
import sys
from pathlib import Path
from abcrnn.storage.locks import lock_folder
with lock_folder(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock of tmp_path / "run"."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path / "run"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as process:
        assert process.stdout.readline() == "locked\n"
        yield process
        process.kill()


def test_another_process_is_named_and_its_kill_releases_the_lock(holder, tmp_path):
    folder = tmp_path / "run"
    with pytest.raises(BlockingIOError) as refused, lock_folder(folder):
        pass
    assert str(refused.value) == (
        f"{folder} is in use by process {holder.pid}: "
        "wait until it has ended, or use another folder"
    )
    holder.kill()
    holder.wait()
    with lock_folder(folder):
        assert (folder / ".lock").read_text() == str(os.getpid())
    assert [p.name for p in folder.iterdir()] == [".lock"]


def test_the_lock_is_exclusive_in_one_process_and_released_by_any_error(tmp_path):
    for error in (KeyboardInterrupt, ValueError, GeneratorExit):
        with pytest.raises(error), lock_folder(tmp_path):
            message = f"in use by process {os.getpid()}"
            with pytest.raises(BlockingIOError, match=message), lock_folder(tmp_path):
                pass
            raise error
    assert (tmp_path / ".lock").read_text() == ""


def test_folders_are_locked_independently(tmp_path):
    with lock_folder(tmp_path / "one"), lock_folder(tmp_path / "two"):
        assert {p.name for p in tmp_path.iterdir()} == {"one", "two"}


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_system_without_locks_gives_a_warning(tmp_path, monkeypatch, caplog, code):
    def refuse(_handle):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(locks, "_lock", refuse)
    with lock_folder(tmp_path):
        assert f"{tmp_path} cannot be locked" in caplog.text
        assert os.strerror(code) in caplog.text
    with lock_folder(tmp_path):  # nothing left behind blocks the next process
        pass


def test_a_full_disk_does_not_prevent_a_lock(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", fail)
    with lock_folder(tmp_path):
        message = "in use by another process"
        with pytest.raises(BlockingIOError, match=message), lock_folder(tmp_path):
            pass


def test_a_locked_file_that_cannot_be_read(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    with lock_folder(tmp_path):
        monkeypatch.setattr(os, "read", refuse)  # as on network shares
        message = "in use by another process"
        with pytest.raises(BlockingIOError, match=message), lock_folder(tmp_path):
            pass


def test_a_file_in_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError) as caught, lock_folder(tmp_path / "file"):
        pass
    assert caught.value.filename == str(tmp_path / "file")
