from pathlib import Path

import pytest

from abcrnn.storage.paths import as_path, find_files, make_folder


@pytest.mark.parametrize("kind", [str, Path, str.encode])
def test_strings_paths_and_bytes_with_the_home_folder_expanded(monkeypatch, tmp_path, kind):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert as_path(kind("~/tunes/jigs.abc")) == tmp_path / "tunes" / "jigs.abc"
    assert as_path(kind("~")) == tmp_path
    assert as_path(kind("tunes/~/a~b.abc")) == Path("tunes/~/a~b.abc")
    assert as_path(kind("~no-such-user-here/x")) == Path("~no-such-user-here/x")


@pytest.mark.parametrize("path", ["", b""])
def test_an_empty_path_is_refused(path):
    with pytest.raises(ValueError, match="^a path must not be empty$"):
        as_path(path)


def test_a_nul_character_is_refused():
    with pytest.raises(ValueError, match=r"^a path must not contain a NUL character: 'a\\x00b'$"):
        as_path("a\0b")


@pytest.mark.parametrize("path", [1, True, None, 1.5, ["a"]])
def test_other_types_are_refused(path):
    with pytest.raises(TypeError, match="^a path must be a string or a Path, not "):
        as_path(path)


def test_a_pattern_is_expanded_in_alphabetical_order(tmp_path):
    for name in ("b.abc", "a.abc", "c.txt", "[x].abc", "deep/d.abc"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    def names(pattern):
        return [path.relative_to(tmp_path).as_posix() for path in find_files(tmp_path / pattern)]

    assert names("*.abc") == ["[x].abc", "a.abc", "b.abc"]
    assert names("[ab].abc") == ["a.abc", "b.abc"]
    assert names("?.txt") == ["c.txt"]
    assert names("**/d.abc") == ["deep/d.abc"]
    assert names("[x].abc") == ["[x].abc"]  # a path that exists is no pattern
    assert names("*.mid") == ["*.mid"]  # for the caller to report
    assert names("missing.abc") == ["missing.abc"]


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path):
    (tmp_path / "file").touch()
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    for path in ("file", "file/a/b"):
        with pytest.raises(NotADirectoryError) as caught:
            make_folder(tmp_path / path)
        assert caught.value.filename == str(tmp_path / "file")
