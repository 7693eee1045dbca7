"""Stores of tunes: a stored corpus behaves like the same corpus in memory."""

import json
import logging
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from unicodedata import category, is_normalized

import numpy as np
import pytest
from helpers.fuzz_json import mutations

import abcrnn
from abcrnn import CharLSTM, Trainer
from abcrnn.cli.corpora import check_corpora
from abcrnn.data import corpus, store, store_writer
from abcrnn.data.corpus import Corpus, load_corpus
from abcrnn.data.store import StoredTunes, TuneStore
from abcrnn.data.store_writer import store_tunes
from abcrnn.data.windows import encode_tunes
from abcrnn.evaluation.scoring import Scorer
from abcrnn.notation import Block, split_tunebook

HERE = Path(__file__).parents[1]


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache. Every file counts as large; limits are so small that each is exceeded."""
    monkeypatch.setenv("ABCRNN_DATA", str(tmp_path / "cache"))
    monkeypatch.setattr(corpus, "_MAX_BYTES_IN_MEMORY", 0)
    monkeypatch.setattr(store_writer, "_CHARACTERS_PER_WRITE", 3000)
    monkeypatch.setattr(store, "_READS_PER_RELEASE", 7)
    monkeypatch.setattr(store, "_TUNES_PER_READ", 6)
    return tmp_path / "cache" / "stored"


@pytest.fixture
def book(tmp_path, few_tunes) -> Path:
    """Forty real tunes, some of them twice, with text between them."""
    tunes = [*few_tunes.tunes[:30], *few_tunes.tunes[10:15], *few_tunes.tunes[30:]]
    path = tmp_path / "book.abc"
    path.write_text("a preface: é\n\n" + "\n\nwords\n\n".join(tunes) + "\n", "utf-8")
    return path


def in_memory(book: Path, monkeypatch) -> Corpus:
    with monkeypatch.context() as patch:
        patch.setattr(corpus, "_MAX_BYTES_IN_MEMORY", 10**9)
        return load_corpus(book)


@pytest.fixture
def both(book, cache, monkeypatch) -> tuple[Corpus, Corpus]:
    plain, stored = in_memory(book, monkeypatch), load_corpus(book)
    assert isinstance(plain.tunes, tuple) and isinstance(stored.tunes, StoredTunes)
    return plain, stored


# Equal to the corpus in memory ----------------------------------------------------------------


def assert_equal(plain: Corpus, stored: Corpus):
    assert tuple(stored.tunes) == plain.tunes
    assert [stored.tunes[i] for i in range(len(plain.tunes))] == list(plain.tunes)
    assert stored.describe() == plain.describe()
    assert stored.text == plain.text
    assert stored.character_counts == plain.character_counts
    assert stored.vocabulary == plain.vocabulary == abcrnn.Vocabulary.from_text(plain.text)
    assert stored.duplicates == plain.duplicates
    assert stored.fragments == plain.fragments


def test_stored_corpus_equals_the_one_in_memory(both):
    plain, stored = both
    assert_equal(plain, stored)
    assert stored.duplicates == 5 and len(stored.fragments) == 45


@pytest.mark.parametrize("rule", ["hash", "shuffle"])
@pytest.mark.parametrize(("validation", "test", "seed"), [(0.1, 0.1, 0), (0.3, 0, 7)])
def test_parts_equal_those_in_memory(both, validation, test, seed, rule):
    plain, stored = (one.split(validation, test, seed, rule) for one in both)
    assert stored == both[1].split(validation, test, seed, rule)
    assert stored != both[1].split(validation, test, seed + 1, rule)
    for one, other in zip(plain, stored, strict=True):
        assert isinstance(other.tunes, StoredTunes)
        if one.tunes:
            assert_equal(one, other)
    # Also a part of a part.
    assert_equal(plain[0].split(0.2, 0.2, 1)[0], stored[0].split(0.2, 0.2, 1)[0])


def test_tunes_are_a_sequence(both):
    plain, stored = both[0].tunes, both[1].tunes
    for place in (slice(3, 9), slice(None, None, -2), slice(40, 90)):
        assert tuple(stored[place]) == plain[place]
    assert stored[-1] == plain[-1]
    assert plain[7] in stored and "X:1" not in stored
    assert stored.index(plain[7]) == 7
    with pytest.raises(IndexError):
        stored[len(plain)]


def test_tunes_without_fields_are_in_a_store_of_their_own(both):
    plain, stored = (one.without_fields("BZ") for one in both)
    assert isinstance(stored.tunes, StoredTunes) and plain.tunes == tuple(stored.tunes)
    assert plain.describe() == stored.describe()
    parts = [part.without_fields("ZB") for part in both[1].split(0.2, 0.2, 1)]
    for part, expected in zip(parts, both[0].split(0.2, 0.2, 1), strict=True):
        assert tuple(part.tunes) == expected.without_fields("BZ").tunes
        assert part.tunes.store.folder == stored.tunes.store.folder


def test_corpora_check_prints_the_same(both, book, capsys, monkeypatch):
    class Words:
        sources = (str(book),)
        join_blank = False

    assert check_corpora(Words) == 0
    printed = capsys.readouterr().out
    monkeypatch.setattr(corpus, "_MAX_BYTES_IN_MEMORY", 10**9)
    assert check_corpora(Words) == 0
    assert capsys.readouterr().out == printed


@pytest.mark.slow
def test_scores_and_windows_are_bit_equal(both):
    model = CharLSTM(both[0].vocabulary, embedding_dim=8, units=16, num_layers=1, dropout=0)
    scorer = Scorer(model)
    bits, windows = [], []
    for one in both:
        train, validation, _ = one.split(0.2, 0, seed=0)
        bits.append(scorer.score(validation.tunes).bits)
        trainer = Trainer(model, train, validation=validation, batch_size=4, seq_length=32)
        windows.append([batch.window for batch in trainer._batches.epoch(1)])
    np.testing.assert_array_equal(*bits)
    np.testing.assert_array_equal(*windows)


def test_characters_outside_the_vocabulary_are_named(tmp_path, cache):
    tunes = [f"X:{number}\nK:C\n{'cde' * number}" for number in range(1, 9)]
    (tmp_path / "one.abc").write_text("\n\n".join([*tunes, "X:1\nK:C\né"]), "utf-8")
    stored = load_corpus(tmp_path / "one.abc")
    vocabulary = abcrnn.Vocabulary.from_text("\n\n".join(tunes))
    with pytest.raises(ValueError, match=r"tune 9 of 9 \('X:1 K:C é.*'é' at line 3, column 1"):
        encode_tunes(vocabulary, stored.tunes)
    ids = encode_tunes(vocabulary, stored.tunes[:8])  # which do not contain the é
    assert [vocabulary.decode(ids[i]) for i in range(8)] == [tune + "\n\n" for tune in tunes]


# Files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "width"), [(256, 1), (257, 2), (65537, 4)])
def test_ids_are_widened_for_a_larger_alphabet(tmp_path, cache, size, width):
    known = set("X:\nK1")
    others = [c for c in map(chr, range(0x3000, 0x3000 + 0x20000)) if not c.isspace()]
    others = [c for c in others if c.isprintable() and category(c)[0] != "M"]
    others = [c for c in others if is_normalized("NFC", c)][: size - len(known)]
    tunes = ["X:1\nK:" + "".join(others[at : at + 500]) for at in range(0, len(others), 500)]
    (tmp_path / "signs.abc").write_text("\n\n".join(tunes), "utf-8")
    stored = load_corpus(tmp_path / "signs.abc")
    assert tuple(stored.tunes) == tuple(tunes)
    assert len(stored.vocabulary) == size
    files = {path.name: path.stat().st_size for path in next(cache.iterdir()).iterdir()}
    characters = sum(len(tune) + 2 for tune in tunes)
    assert files == {
        f"ids.u{width}": characters * width,
        "offsets": 8 * (len(tunes) + 1),
        "bodies": 8 * len(tunes),
        "about.json": files["about.json"],
    }


def test_equal_files_are_encoded_once(book, cache, monkeypatch, tmp_path):
    first = load_corpus(book)
    monkeypatch.setattr(corpus, "store_tunes", None)  # no further store is written
    assert load_corpus(book).tunes == first.tunes
    copy = tmp_path / "copy.abc"
    copy.write_bytes(book.read_bytes())
    assert load_corpus(copy).tunes == first.tunes
    monkeypatch.undo()
    monkeypatch.setattr(corpus, "_MAX_BYTES_IN_MEMORY", 0)
    monkeypatch.setenv("ABCRNN_DATA", str(cache.parent))
    copy.write_bytes(book.read_bytes() + b"\nX:99\nK:C\ncc\n")
    assert load_corpus(copy).tunes[-1] == "X:99\nK:C\ncc"
    assert len(list(cache.iterdir())) == 2


@pytest.mark.parametrize("name", ["ids.u1", "offsets", "bodies", "about.json"])
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_damaged_store_is_written_again_with_a_warning(book, cache, caplog, name, damage):
    tunes = tuple(load_corpus(book).tunes)
    hurt = next(cache.glob(f"*/{name}"))
    if damage == "cut":
        hurt.write_bytes(hurt.read_bytes()[:-1])
    else:
        hurt.unlink()
    with caplog.at_level(logging.WARNING):
        assert tuple(load_corpus(book).tunes) == tunes
    assert "is not a valid store of tunes" in caplog.text and "written again" in caplog.text


def test_store_of_another_version_is_written_again(book, cache, caplog):
    tunes = tuple(load_corpus(book).tunes)
    about = next(cache.glob("*/about.json"))
    about.write_text(json.dumps({**json.loads(about.read_text()), "format": "abcrnn tunes 0"}))
    assert tuple(load_corpus(book).tunes) == tunes
    assert "its format is 'abcrnn tunes 0'" in caplog.text


def test_failed_write_leaves_no_files(book, cache, full_disk):
    wanted = "book cannot be encoded into .*stored .*No space left.*set ABCRNN_DATA to a folder"
    with full_disk, pytest.raises(OSError, match=wanted):
        load_corpus(book)
    assert list(cache.iterdir()) == []

    def broken():
        yield Block("X:1\nK:C\nc", 1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store_tunes(cache / "some", broken())
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [("words\n", "holds no tune"), ("X:1\nK:C\nc\n\0", "NUL byte in line 4")],
)
def test_invalid_large_files_are_refused(tmp_path, cache, content, message):
    (tmp_path / "bad.abc").write_text(content)
    with pytest.raises(ValueError, match=f"bad.abc .*{message}"):
        load_corpus(tmp_path / "bad.abc")
    assert list(cache.iterdir()) == []


def test_files_of_a_killed_process_are_removed_after_a_day(book, cache):
    for name, age in ((".a.x.part", 25), (".b.x.part", 1)):
        (cache / name / "store").mkdir(parents=True)
        begun = time.time() - 3600 * age
        os.utime(cache / name, (begun, begun))
    load_corpus(book)
    assert [path.name for path in cache.glob(".*")] == [".b.x.part"]


def test_store_of_a_faster_process_is_used(cache):
    tunes = [Block(f"X:{number}\nK:C\nc", 1) for number in range(5)]

    def overtaken():
        yield tunes[0]
        store_tunes(cache / "some", tunes)

    store = store_tunes(cache / "some", overtaken())
    assert list(StoredTunes(store)) == [tune.text for tune in tunes]
    assert [path.name for path in cache.iterdir()] == ["some"]


def test_of_many_fragments_the_first_are_kept_and_all_counted(tmp_path, cache):
    words = "\n\n".join(f"word {number}" for number in range(250))
    (tmp_path / "wordy.abc").write_text(f"X:1\nK:C\nc\n\n{words}\n")
    stored = load_corpus(tmp_path / "wordy.abc")
    assert [block.text for block in stored.fragments] == [f"word {n}" for n in range(100)]
    assert stored.fragments[0].line == 5
    assert stored.more_fragments == 150


# Memory ------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's /proc")
def test_memory_does_not_grow_with_the_corpus(irish, tmp_path, monkeypatch):
    from helpers.big_corpus import make_book

    monkeypatch.setenv("ABCRNN_DATA", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(HERE.parent))
    measured = []
    for megabytes, moves in ((1, 1), (200, 4)):
        book = tmp_path / f"{megabytes}.abc"
        make_book(book, irish.tunes, megabytes * 10**6, moves)
        done = subprocess.run(
            [sys.executable, HERE / "helpers" / "big_corpus.py", "train", book, "--steps", "400"],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        measured.append(json.loads(re.search(r"^\{.*\}$", done.stdout, re.MULTILINE).group()))
        book.unlink()
    small, large = measured
    assert large["characters"] > 150 * small["characters"]
    # The ids, which are 200 MB, must not stay in memory; the lists of tunes are about 40 MB.
    for field in ("resident", "peak"):
        assert large[field] - small[field] < 100, (field, small, large)


def test_every_value_of_a_store_is_validated(tmp_path, homemade):
    blocks = [*split_tunebook(homemade.read_text("utf-8"))[0], Block("a text", 3)]
    store_tunes(tmp_path / "store", blocks)
    path = tmp_path / "store" / "about.json"
    whole = json.loads(path.read_text())
    refused = 0
    for what, changed in mutations(whole):
        path.write_text(json.dumps(changed))
        try:
            stored = TuneStore(tmp_path / "store")
        except ValueError as error:
            assert "is not a valid store of tunes" in str(error), what
            assert len(str(error)) < 500, what
            refused += 1
            continue
        tunes = Corpus("x", StoredTunes(stored))
        assert len(list(tunes.tunes)) == len(blocks) - 1, what
        assert tunes.character_counts.total() >= 0 and len(tunes.fingerprint) >= 0, what
        assert all(text and line >= 0 for text, line, _ in stored.fragments if text), what
    assert refused > 150
    path.write_text(json.dumps(whole))
    ids = tmp_path / "store" / "ids.u1"
    ids.write_bytes(b"\xff" * ids.stat().st_size)
    with pytest.raises(ValueError, match="store is damaged"):
        list(StoredTunes(TuneStore(tmp_path / "store")))
