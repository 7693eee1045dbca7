"""Key variants in the cache folder equal those that are made."""

import json
import os

import numpy as np
import pytest

from abcrnn import Vocabulary
from abcrnn.data import variant_cache
from abcrnn.data.augmentation import make_key_variants
from abcrnn.data.variant_cache import load_key_variants

KEYS = "D", "G", "Am", "Em", "HP"
NOTES = "ABcd e4|", "BdAF D4|", "Bcde f4|", "cBAG E4|", "A,,2a'6|"
TUNES = [f"X:{n}\nM:4/4\nL:1/8\nK:{KEYS[n % 5]}\n{NOTES[n % 9 % 5]}\n" for n in range(100)]
KNOWN = Vocabulary.from_text("".join(TUNES) + "^_=',ABCDEFGabcdefg")


@pytest.fixture
def files(own_cache):
    return lambda: sorted((own_cache / "variants").glob("*"))


def assert_equal(one, other):
    assert (one.tunes, one.sizes, one.weights) == (other.tunes, other.sizes, other.weights)
    for epoch in range(3):
        np.testing.assert_array_equal(one.choose(5, epoch), other.choose(5, epoch))


def refuse(*_):
    raise AssertionError("the tunes are transposed again")


def test_variants_are_made_once(files, monkeypatch):
    expected = make_key_variants(TUNES, KNOWN)
    assert len(expected.tunes) > 1.5 * len(TUNES)
    assert_equal(load_key_variants(TUNES, KNOWN), expected)
    assert len(files()) == 1
    monkeypatch.setattr(variant_cache, "make_key_variants", refuse)
    assert_equal(load_key_variants(tuple(TUNES), KNOWN), expected)


@pytest.mark.slow
def test_real_tunes(jigs, files, monkeypatch):
    tunes, known = [*jigs.tunes[:99], jigs.tunes[5]], jigs.vocabulary  # one is read twice
    made = load_key_variants(tunes, known)
    monkeypatch.setattr(variant_cache, "make_key_variants", refuse)
    assert_equal(load_key_variants(tunes, known), made)


def test_other_tunes_characters_or_code_have_other_variants(files, monkeypatch):
    load_key_variants(TUNES, KNOWN)
    known = Vocabulary.from_text("".join(TUNES))
    assert_equal(load_key_variants(TUNES[::-1], known), make_key_variants(TUNES[::-1], known))
    assert_equal(load_key_variants(TUNES, known), make_key_variants(TUNES, known))
    monkeypatch.setattr(variant_cache, "_code_digest", lambda: "of another version")
    load_key_variants(TUNES, known)
    assert len(files()) == 4


def test_few_tunes_are_not_cached(files):
    assert_equal(load_key_variants(TUNES[:99], KNOWN), make_key_variants(TUNES[:99], KNOWN))
    assert files() == []


def damaged(content):
    """Contents of a damaged file, by what is wrong."""
    found = json.loads(content)
    tunes, sizes, weights = found["tunes"], found["sizes"], found["weights"]
    return {
        "truncated": content[: len(content) // 2],
        "another document": "[1, 2]",
        "nested too deeply": "[" * 100_000,
        "no sizes": json.dumps({"tunes": tunes, "weights": weights}),
        "a tune more": json.dumps({**found, "tunes": [*tunes, tunes[0]]}),
        "another tune": json.dumps({**found, "tunes": ["X:1\nK:C\nc|\n", *tunes[1:]]}),
        "not text": json.dumps({**found, "tunes": [tunes[0], ["c"], *tunes[2:]]}),
        "another character": json.dumps({**found, "tunes": [tunes[0], "\u2618", *tunes[2:]]}),
        "weight 0": json.dumps({**found, "weights": [0, *weights[1:]]}),
        "weight NaN": json.dumps({**found, "weights": [float("nan"), *weights[1:]]}),
        "size -1": json.dumps({**found, "sizes": [-1, sizes[0] + 1, *sizes[1:]]}),
    }


def test_damaged_files_are_written_again(files, caplog, monkeypatch):
    expected = load_key_variants(TUNES, KNOWN)
    (file,) = files()
    content = file.read_text()
    monkeypatch.setattr(variant_cache, "make_key_variants", lambda *_: expected)
    for what, text in damaged(content).items():
        caplog.clear()
        file.write_text(text)
        assert_equal(load_key_variants(TUNES, KNOWN), expected)
        assert f"{file} cannot be used (" in caplog.text, what
        assert file.read_text() == content, what
    caplog.clear()
    assert_equal(load_key_variants(TUNES, KNOWN), expected)
    assert caplog.text == ""


def test_the_files_that_were_used_last_are_kept(files, own_cache):
    load_key_variants(TUNES, KNOWN)
    (own,) = files()
    for number in range(20):
        other = own_cache / "variants" / f"{number:02}.json"
        other.touch()
        os.utime(other, (number, number))
    os.utime(own, (15.5, 15.5))
    load_key_variants(TUNES, KNOWN)  # it is used again
    load_key_variants(TUNES[::-1], KNOWN)
    names = {file.name for file in files()}
    assert len(names) == 16 and own.name in names
    assert {f"{number:02}.json" for number in range(6, 20)} < names


def test_a_full_disk_is_reported_and_does_not_stop_the_run(files, full_disk, caplog):
    with full_disk:
        variants = load_key_variants(TUNES, KNOWN)
    assert_equal(variants, make_key_variants(TUNES, KNOWN))
    assert "the transposed tunes could not be cached: " in caplog.text
    assert files() == []
