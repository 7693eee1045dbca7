"""Melodies in the cache folder equal those that are read from the tunes."""

import os

import numpy as np
import pytest

from abcrnn import Corpus
from abcrnn.data import melody_cache, novelty
from abcrnn.data.melody_cache import load_melodies
from abcrnn.data.novelty import NoveltyIndex
from abcrnn.storage.archive import write_archive

BODIES = "ABcd e4|", "BdAF D4|", "Bcde f4|", "A9999999", "A,,2a'6|"
TUNES = tuple(f"X:{n}\nM:4/4\nL:1/8\nK:D\n{BODIES[n % 5]}" for n in range(100))
CORPUS = Corpus("made", TUNES)


@pytest.fixture
def files(own_cache):
    return lambda: sorted((own_cache / "melodies").glob("*"))


@pytest.fixture
def refuse(monkeypatch):
    """Let reading a tune fail from now on."""

    def fail(*_):
        raise AssertionError("the tunes are read again")

    return lambda: monkeypatch.setattr(novelty, "read_tune", fail)


def assert_equal(one, other):
    for name, array in one.to_arrays().items():
        np.testing.assert_array_equal(array, other.to_arrays()[name])


def test_tunes_are_read_once(files, refuse):
    expected = NoveltyIndex(TUNES)
    assert expected.unread == 20
    assert_equal(load_melodies(CORPUS), expected)
    assert len(files()) == 1
    refuse()
    assert_equal(load_melodies(Corpus("of another name", TUNES)), expected)


def test_real_tunes(jigs, files, refuse):
    made = load_melodies(jigs)
    assert made.unread == 0
    refuse()
    assert_equal(load_melodies(jigs), made)


def test_other_tunes_or_code_have_other_files(files, monkeypatch):
    load_melodies(CORPUS)
    assert_equal(load_melodies(Corpus("made", TUNES[::-1])), NoveltyIndex(TUNES[::-1]))
    monkeypatch.setattr(melody_cache, "_code_digest", lambda: "of another version")
    load_melodies(CORPUS)
    assert len(files()) == 3


def test_few_tunes_are_not_cached(files):
    assert_equal(load_melodies(Corpus("few", TUNES[:99])), NoveltyIndex(TUNES[:99]))
    assert files() == []


@pytest.mark.parametrize("damage", ["truncated", "no archive", "another format", "fewer tunes"])
def test_a_damaged_file_is_replaced(files, caplog, damage):
    load_melodies(CORPUS)
    file = files()[0]
    content = file.read_bytes()
    if damage in ("truncated", "no archive"):
        file.write_bytes(content[: len(content) // 2] if damage == "truncated" else b"X:1\n")
    elif damage == "another format":
        write_archive(file, "abcrnn model 1", {}, NoveltyIndex(TUNES).to_arrays())
    else:
        write_archive(file, "abcrnn melodies 1", {}, NoveltyIndex(TUNES[1:]).to_arrays())
    assert_equal(load_melodies(CORPUS), NoveltyIndex(TUNES))
    assert "the melodies are read again" in caplog.text
    assert file.read_bytes() == content


def test_only_the_files_used_last_stay(files, own_cache, monkeypatch):
    monkeypatch.setattr(melody_cache, "_MAX_FILES", 2)
    corpora = [Corpus("made", TUNES[n:] + TUNES[:n]) for n in range(3)]
    for time, corpus in enumerate(corpora[:2]):
        load_melodies(corpus)
        for file in files():
            os.utime(file, (time, time))
    load_melodies(corpora[0])
    load_melodies(corpora[2])
    assert len(files()) == 2
    monkeypatch.setattr(melody_cache, "progress_bar", None)
    load_melodies(corpora[0])


def test_a_full_disk_is_only_logged(files, full_disk, caplog):
    with full_disk:
        assert_equal(load_melodies(CORPUS), NoveltyIndex(TUNES))
    assert "the melodies could not be cached" in caplog.text
    assert files() == []
