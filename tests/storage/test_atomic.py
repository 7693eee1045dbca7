import os
import stat
import sys

import pytest

from abcrnn.storage.atomic import remove_partial_files, sync_folder, write_bytes, write_text


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
