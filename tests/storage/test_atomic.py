import errno
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from abcrnn.storage.atomic import (
    remove_partial_files,
    require_writable,
    sync_folder,
    write_bytes,
    write_text,
)

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


def test_a_file_replaces_another_and_folders_are_created(tmp_path):
    path = tmp_path / "new" / "folder" / "tune.abc"
    write_bytes(path, b"old")
    write_text(path, "X:1\nT:Caf\u00e9\r\n")
    assert path.read_bytes() == b"X:1\nT:Caf\xc3\xa9\r\n"
    sync_folder(path.parent)
    assert [p.name for p in path.parent.iterdir()] == ["tune.abc"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no umask")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o027, 0o077])
def test_a_new_file_has_the_mode_of_the_umask(tmp_path, umask):
    before = os.umask(umask)
    try:
        write_bytes(tmp_path / "file", b"")
        assert os.umask(umask) == umask  # reading it did not change it
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o666 & ~umask


@pytest.mark.parametrize("files", [{}, {"file": b"old"}])
def test_a_full_disk_leaves_the_folder_as_it_was(tmp_path, full_disk, files):
    for name, content in files.items():
        write_bytes(tmp_path / name, content)
    with full_disk, pytest.raises(OSError, match="No space left"):
        write_bytes(tmp_path / "file", b"new")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files


def test_an_error_names_the_path_and_not_the_temporary_file(tmp_path, full_disk):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError) as caught:
        write_bytes(tmp_path / "folder", b"new")
    assert (caught.value.filename, caught.value.filename2) == (str(tmp_path / "folder"), None)
    with full_disk, pytest.raises(OSError, match="No space left") as caught:
        write_bytes(tmp_path / "file", b"new")
    assert caught.value.filename == str(tmp_path / "file")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError])
def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch, error):
    path = tmp_path / "file"
    write_bytes(path, b"old")

    def interrupt(*_):
        # The content is complete on disk before the name changes.
        (partial,) = tmp_path.glob(".file.*.part")
        assert partial.read_bytes() == b"new"
        raise error

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(error):
        write_bytes(path, b"new")
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"old"


def test_only_partial_files_of_the_pattern_are_removed(tmp_path, monkeypatch):
    def kill(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        # As a kill leaves it: nothing is cleaned up.
        patch.setattr(os, "replace", kill)
        patch.setattr("pathlib.Path.unlink", lambda *_, **__: None)
        with pytest.raises(KeyboardInterrupt):
            write_bytes(tmp_path / "step-1.ckpt", b"half")
    (partial,) = tmp_path.iterdir()
    others = [".curve.png.a1_b2c3d.part", "step-1.ckpt.part", "step-1.ckpt", ".step-1.ckpt.part"]
    for name in others:
        (tmp_path / name).touch()
    remove_partial_files(tmp_path / "epoch-*.ckpt")
    assert partial.exists()
    remove_partial_files(tmp_path / "step-*.ckpt")
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(others)
    remove_partial_files(tmp_path / "no such folder" / "*")


# Links, pipes, devices ---------------------------------------------------------------------

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
root = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="only root may make devices, or give away"
)


@posix
@pytest.mark.parametrize("target", ["file", "folder/file", "other/../file"])
def test_a_link_is_followed(tmp_path, target):
    (tmp_path / "other").mkdir()
    (tmp_path / "link").symlink_to(target)
    (tmp_path / "link to link").symlink_to(tmp_path / "link")
    for content in (b"first", b"second"):  # at first the link leads to no file
        write_bytes(tmp_path / "link to link", content)
        assert (tmp_path / target).read_bytes() == content
    assert (tmp_path / "link").is_symlink() and (tmp_path / "link to link").is_symlink()
    assert not list(tmp_path.rglob("*.part"))


@posix
def test_a_link_to_a_folder_is_followed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    write_bytes(tmp_path / "link" / "file", b"text")
    assert (tmp_path / "real" / "file").read_bytes() == b"text"
    with pytest.raises(IsADirectoryError):
        write_bytes(tmp_path / "link", b"text")
    assert (tmp_path / "link").is_symlink()


@posix
def test_a_loop_of_links_is_an_error_that_names_the_path(tmp_path):
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    for act in (lambda path: write_bytes(path, b"text"), require_writable):
        with pytest.raises(OSError, match="symbolic links") as caught:
            act(tmp_path / "one")
        assert caught.value.filename == str(tmp_path / "one")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


@posix
def test_a_link_to_another_file_system_is_followed(tmp_path):
    other = Path("/dev/shm")  # noqa: S108  # a file system in memory
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system")
    target = other / f"abcrnn-test-{os.getpid()}"
    (tmp_path / "link").symlink_to(target)
    try:
        for content in (b"first", b"second"):
            write_bytes(tmp_path / "link", content)
            assert target.read_bytes() == content
    finally:
        target.unlink()
    assert (tmp_path / "link").is_symlink()


@posix
@pytest.mark.parametrize("through_link", [False, True])
def test_a_pipe_is_written_to_and_stays(tmp_path, through_link):
    pipe = path = tmp_path / "pipe"
    os.mkfifo(pipe)
    if through_link:
        path = tmp_path / "link"
        path.symlink_to("pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write_text(path, "X:1\n" * 50_000)  # more than a pipe holds
    reader.join(timeout=20)
    assert read == [b"X:1\n" * 50_000]
    assert pipe.is_fifo()


@root
def test_a_device_is_written_to_and_stays(tmp_path):
    node = tmp_path / "null"
    try:
        os.mknod(node, 0o600 | stat.S_IFCHR, os.makedev(1, 3))  # a null device of our own
        node.write_bytes(b"")
    except OSError:
        pytest.skip("devices cannot be made or used here")
    (tmp_path / "link").symlink_to("null")
    for path in (node, tmp_path / "link"):
        require_writable(path)
        write_bytes(path, b"text")
    status = node.lstat()
    assert stat.S_ISCHR(status.st_mode) and stat.S_IMODE(status.st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "null"]


@root
def test_a_full_device_is_named(tmp_path):
    node = tmp_path / "full"
    try:
        os.mknod(node, 0o666 | stat.S_IFCHR, os.makedev(1, 7))  # as /dev/full
        node.open("wb").close()
    except OSError:
        pytest.skip("devices cannot be made or used here")
    with pytest.raises(OSError, match="No space left") as caught:
        write_bytes(node, b"text")
    assert caught.value.filename == str(node)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="this system has no /proc")
@pytest.mark.parametrize("output", ["stdout", "fd/1"])
def test_standard_output_is_written_to_in_order(tmp_path, output):
    # Like /dev/stdout and /dev/fd, which a test must not risk.
    (tmp_path / "stdout").symlink_to("/proc/self/fd/1")
    (tmp_path / "fd").symlink_to("/proc/self/fd")
    code = "from abcrnn.storage.atomic import write_bytes; import sys; print('before'); "
    code += "write_bytes(sys.argv[1], b'data\\n'); print('after')"
    command = [sys.executable, "-c", code, tmp_path / output]
    with open(tmp_path / "out.txt", "w") as file:
        file.write("earlier\n")
        file.flush()
        subprocess.run(command, stdout=file, check=True, env=ENVIRONMENT)
    assert (tmp_path / "out.txt").read_text() == "earlier\nbefore\ndata\nafter\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fd", "out.txt", "stdout"]
    assert (tmp_path / "stdout").is_symlink()


# Modes and owners --------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o755, 0o400])
def test_a_file_keeps_its_mode(tmp_path, mode):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(mode)
    write_bytes(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert path.read_bytes() == b"new"


@posix
def test_a_private_file_is_never_readable_by_others(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o600)
    modes = []
    fsync = os.fsync

    def look(handle):
        modes.append(stat.S_IMODE(os.fstat(handle).st_mode))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", look)
    write_bytes(path, b"secret")
    assert modes == [0o600]


@root
def test_a_file_keeps_its_owner(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    os.chown(path, 12345, 23456)
    write_bytes(path, b"new")
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 23456)


@posix
@pytest.mark.parametrize("code", [errno.EPERM, errno.ENOTSUP, errno.EINVAL])
@pytest.mark.parametrize("name", ["chmod", "chown"])
def test_a_file_system_without_owners_and_modes(tmp_path, monkeypatch, name, code):
    def refuse(path, *_):
        raise OSError(code, os.strerror(code), str(path))

    (tmp_path / "old").write_bytes(b"old")
    monkeypatch.setattr(os, name, refuse)
    for file in ("old", "new"):
        write_bytes(tmp_path / file, b"new")
        assert (tmp_path / file).read_bytes() == b"new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "old"]


# Limits of file systems --------------------------------------------------------------------


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.ENOSYS])
def test_a_file_system_that_cannot_flush(tmp_path, monkeypatch, code):
    def refuse(_handle):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    write_bytes(tmp_path / "file", b"text")
    sync_folder(tmp_path)
    assert (tmp_path / "file").read_bytes() == b"text"


@posix
def test_a_disk_that_fails_is_not_ignored_and_the_path_is_named(tmp_path, monkeypatch):
    def fail(_handle):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fail)
    for act, path in (
        (lambda: sync_folder(tmp_path), tmp_path),
        (lambda: write_bytes(tmp_path / "file", b""), tmp_path / "file"),
    ):
        with pytest.raises(OSError, match="Input/output error") as caught:
            act()
        assert caught.value.filename == str(path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EBUSY, errno.EPERM])
def test_a_file_that_cannot_be_replaced_is_overwritten(tmp_path, monkeypatch, code):
    def refuse(source, target):
        raise OSError(code, os.strerror(code), source, None, target)

    path = tmp_path / "file"
    path.write_bytes(b"old, and longer")
    monkeypatch.setattr(os, "replace", refuse)
    write_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    with pytest.raises(OSError, match=os.strerror(code)) as caught:
        write_bytes(tmp_path / "other", b"new")
    assert (caught.value.filename, caught.value.filename2) == (str(tmp_path / "other"), None)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    "name", ["a" * 255, "\u00e9" * 127, "\u97f3" * 85, "a" + "\U0001f3bb" * 63]
)
def test_names_as_long_as_the_file_system_allows(tmp_path, name):
    for content in (b"first", b"second"):
        write_bytes(tmp_path / name, content)
        assert (tmp_path / name).read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_name_that_is_too_long_is_an_error(tmp_path):
    for act in (lambda path: write_bytes(path, b""), require_writable):
        with pytest.raises(OSError, match="too long"):
            act(tmp_path / ("a" * 256))
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="bytes that are no text name files on Linux")
def test_a_name_that_is_not_utf8(tmp_path):
    write_bytes(os.fsencode(tmp_path) + b"/caf\xe9.abc", b"text")
    assert os.listdir(os.fsencode(tmp_path)) == [b"caf\xe9.abc"]


# Whether a path can be written to ----------------------------------------------------------


@pytest.mark.parametrize("name", ["new", "a/b/new", "old"])
def test_paths_that_can_be_written_to_are_left_as_they_are(tmp_path, name):
    (tmp_path / "old").write_bytes(b"old")
    require_writable(tmp_path / name)
    require_writable(str(tmp_path / name))
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert (tmp_path / "old").read_bytes() == b"old"


@pytest.mark.parametrize("act", [require_writable, lambda path: write_bytes(path, b"")])
@pytest.mark.parametrize(
    ("name", "error", "named"),
    [
        ("folder", IsADirectoryError, "folder"),
        ("new/", IsADirectoryError, "new/"),
        ("file/new", NotADirectoryError, "file"),
        ("file/a/new", NotADirectoryError, "file"),
    ],
)
def test_paths_that_cannot_be_written_to(tmp_path, act, name, error, named):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(error) as caught:
        act(f"{tmp_path}/{name}")
    assert caught.value.filename == f"{tmp_path}/{named}"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS])
def test_a_folder_that_cannot_be_written_to_is_found_before(tmp_path, monkeypatch, code):
    def refuse(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(OSError, match=os.strerror(code)) as caught:
        require_writable(tmp_path / "a" / "file")
    assert caught.value.filename == str(tmp_path / "a" / "file")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
@pytest.mark.parametrize("files", [{}, {"file": b"old"}])
def test_a_write_that_a_limit_stops_names_the_path(tmp_path, files):
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    code = """
import resource, signal, sys
from abcrnn.storage.atomic import write_bytes
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_bytes(sys.argv[1], bytes(5000))
except OSError as error:
    print(error.filename, error.strerror)
"""
    path = str(tmp_path / "file")
    command = [sys.executable, "-c", code, path]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=ENVIRONMENT)
    assert done.stdout == f"{path} {os.strerror(errno.EFBIG)}\n"
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == files
