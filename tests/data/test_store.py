"""Tunes in a file: whatever is asked of them, the answer is that of tunes in memory."""

import json
import logging
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import abcrnn
from abcrnn import CharLSTM, Trainer
from abcrnn.cli.corpora import check_corpora
from abcrnn.data import corpus
from abcrnn.data import store as stored
from abcrnn.data import store_writer as storing
from abcrnn.data.corpus import Corpus, load_corpus
from abcrnn.data.store import StoredTunes
from abcrnn.data.store_writer import store_tunes
from abcrnn.data.windows import encode_tunes
from abcrnn.evaluation.scoring import Scorer
from abcrnn.notation import Block

HERE = Path(__file__).parents[1]


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache; every file counts as large, is encoded in many pieces, and let go often."""
    monkeypatch.setenv("ABCRNN_DATA", str(tmp_path / "cache"))
    monkeypatch.setattr(corpus, "_IN_MEMORY", 0)
    monkeypatch.setattr(storing, "_PIECE", 3000)
    monkeypatch.setattr(stored, "_READS", 7)
    monkeypatch.setattr(stored, "_TUNES", 6)
    return tmp_path / "cache" / "stored"


@pytest.fixture
def book(tmp_path, few_tunes) -> Path:
    """Forty real tunes, some twice, with words between them."""
    tunes = [*few_tunes.tunes[:30], *few_tunes.tunes[10:15], *few_tunes.tunes[30:]]
    path = tmp_path / "book.abc"
    path.write_text("a preface: é\n\n" + "\n\nwords\n\n".join(tunes) + "\n", "utf-8")
    return path


def in_memory(book: Path, monkeypatch) -> Corpus:
    with monkeypatch.context() as patch:
        patch.setattr(corpus, "_IN_MEMORY", 10**9)
        return load_corpus(book)


@pytest.fixture
def both(book, cache, monkeypatch) -> tuple[Corpus, Corpus]:
    plain, kept = in_memory(book, monkeypatch), load_corpus(book)
    assert isinstance(plain.tunes, tuple) and isinstance(kept.tunes, StoredTunes)
    return plain, kept


# The same answers --------------------------------------------------------------------------


def assert_alike(plain: Corpus, kept: Corpus):
    assert tuple(kept.tunes) == plain.tunes
    assert [kept.tunes[i] for i in range(len(plain.tunes))] == list(plain.tunes)
    assert kept.describe() == plain.describe()
    assert kept.text == plain.text
    assert kept.character_counts == plain.character_counts
    assert kept.vocabulary == plain.vocabulary == abcrnn.Vocabulary.from_text(plain.text)
    assert kept.duplicates == plain.duplicates
    assert kept.fragments == plain.fragments


def test_a_stored_corpus_is_the_one_in_memory(both):
    plain, kept = both
    assert_alike(plain, kept)
    assert kept.duplicates == 5 and len(kept.fragments) == 45


@pytest.mark.parametrize(("validation", "test", "seed"), [(0.1, 0.1, 0), (0.3, 0, 7)])
def test_its_parts_are_those_of_the_one_in_memory(both, validation, test, seed):
    plain, kept = (one.split(validation, test, seed) for one in both)
    assert kept == both[1].split(validation, test, seed)
    assert kept != both[1].split(validation, test, seed + 1)
    for one, other in zip(plain, kept, strict=True):
        assert isinstance(other.tunes, StoredTunes)
        if one.tunes:
            assert_alike(one, other)
    # A part of a part, too.
    assert_alike(plain[0].split(0.2, 0.2, 1)[0], kept[0].split(0.2, 0.2, 1)[0])


def test_its_tunes_are_a_sequence(both):
    plain, kept = both[0].tunes, both[1].tunes
    for place in (slice(3, 9), slice(None, None, -2), slice(40, 90)):
        assert tuple(kept[place]) == plain[place]
    assert kept[-1] == plain[-1]
    assert plain[7] in kept and "X:1" not in kept
    assert kept.index(plain[7]) == 7
    with pytest.raises(IndexError):
        kept[len(plain)]


def test_fields_left_out_bring_it_into_memory(both):
    plain, kept = (one.without_fields("BZ") for one in both)
    assert plain == kept


def test_the_check_of_a_stored_corpus_prints_the_same(both, book, capsys, monkeypatch):
    class Words:
        sources = (str(book),)

    assert check_corpora(Words) == 0
    printed = capsys.readouterr().out
    monkeypatch.setattr(corpus, "_IN_MEMORY", 10**9)
    assert check_corpora(Words) == 0
    assert capsys.readouterr().out == printed


def test_a_model_reads_from_it_to_the_bit(both):
    model = CharLSTM(both[0].vocabulary, embedding_dim=8, units=16, num_layers=1, dropout=0)
    scorer = Scorer(model)
    bits, windows = [], []
    for one in both:
        train, validation, _ = one.split(0.2, 0, seed=0)
        bits.append(scorer.score(validation.tunes).bits)
        trainer = Trainer(model, train, validation=validation, batch_size=4, seq_length=32)
        windows.append(list(trainer._batches.epoch(1)))
    np.testing.assert_array_equal(*bits)
    np.testing.assert_array_equal(*windows)


def test_characters_foreign_to_a_vocabulary_are_named(tmp_path, cache):
    tunes = [f"X:{number}\nK:C\n{'cde' * number}" for number in range(1, 9)]
    (tmp_path / "one.abc").write_text("\n\n".join([*tunes, "X:1\nK:C\né"]), "utf-8")
    kept = load_corpus(tmp_path / "one.abc")
    vocabulary = abcrnn.Vocabulary.from_text("\n\n".join(tunes))
    with pytest.raises(ValueError, match=r"tune 9 of 9 \('X:1 K:C é.*'é' at line 3, column 1"):
        encode_tunes(vocabulary, kept.tunes)
    ids = encode_tunes(vocabulary, kept.tunes[:8])  # the é of the store is not among these
    assert [vocabulary.decode(ids[i]) for i in range(8)] == [tune + "\n\n" for tune in tunes]


# The file ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "width"), [(256, 1), (257, 2), (65537, 4)])
def test_ids_take_more_bytes_when_their_alphabet_outgrows_them(tmp_path, cache, size, width):
    known = set("X:\nK1")
    others = [c for c in map(chr, range(0x3000, 0x3000 + 0x20000)) if not c.isspace()]
    others = [c for c in others if c.isprintable()][: size - len(known)]
    tunes = ["X:1\nK:" + "".join(others[at : at + 500]) for at in range(0, len(others), 500)]
    (tmp_path / "signs.abc").write_text("\n\n".join(tunes), "utf-8")
    kept = load_corpus(tmp_path / "signs.abc")
    assert tuple(kept.tunes) == tuple(tunes)
    assert len(kept.vocabulary) == size
    files = {path.name: path.stat().st_size for path in next(cache.iterdir()).iterdir()}
    characters = sum(len(tune) + 2 for tune in tunes)
    assert files == {
        f"ids.u{width}": characters * width,
        "offsets": 8 * (len(tunes) + 1),
        "bodies": 8 * len(tunes),
        "about.json": files["about.json"],
    }


def test_it_is_encoded_once_for_the_same_content(book, cache, monkeypatch, tmp_path):
    first = load_corpus(book)
    monkeypatch.setattr(corpus, "store_tunes", None)  # none is written any more
    assert load_corpus(book).tunes == first.tunes
    copy = tmp_path / "copy.abc"
    copy.write_bytes(book.read_bytes())
    assert load_corpus(copy).tunes == first.tunes
    monkeypatch.undo()
    monkeypatch.setattr(corpus, "_IN_MEMORY", 0)
    monkeypatch.setenv("ABCRNN_DATA", str(cache.parent))
    copy.write_bytes(book.read_bytes() + b"\nX:99\nK:C\ncc\n")
    assert load_corpus(copy).tunes[-1] == "X:99\nK:C\ncc"
    assert len(list(cache.iterdir())) == 2


@pytest.mark.parametrize("name", ["ids.u1", "offsets", "bodies", "about.json"])
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_damaged_store_is_made_anew_and_that_is_said(book, cache, caplog, name, damage):
    tunes = tuple(load_corpus(book).tunes)
    hurt = next(cache.glob(f"*/{name}"))
    if damage == "cut":
        hurt.write_bytes(hurt.read_bytes()[:-1])
    else:
        hurt.unlink()
    with caplog.at_level(logging.WARNING):
        assert tuple(load_corpus(book).tunes) == tunes
    assert "is not a valid store of tunes" in caplog.text and "made anew" in caplog.text


def test_a_store_of_another_version_is_made_anew(book, cache, caplog):
    tunes = tuple(load_corpus(book).tunes)
    about = next(cache.glob("*/about.json"))
    about.write_text(json.dumps({**json.loads(about.read_text()), "format": "abcrnn tunes 0"}))
    assert tuple(load_corpus(book).tunes) == tunes
    assert "its format is 'abcrnn tunes 0'" in caplog.text


def test_nothing_half_is_left_behind(book, cache, full_disk):
    wanted = "book could not be encoded into .*stored .*No space left.*set ABCRNN_DATA to a folder"
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
def test_large_files_are_refused_as_small_ones_are(tmp_path, cache, content, message):
    (tmp_path / "bad.abc").write_text(content)
    with pytest.raises(ValueError, match=f"bad.abc .*{message}"):
        load_corpus(tmp_path / "bad.abc")
    assert list(cache.iterdir()) == []


def test_what_a_killed_process_left_is_removed_a_day_later(book, cache):
    for name, age in ((".a.x.part", 25), (".b.x.part", 1)):
        (cache / name / "store").mkdir(parents=True)
        begun = time.time() - 3600 * age
        os.utime(cache / name, (begun, begun))
    load_corpus(book)
    assert [path.name for path in cache.glob(".*")] == [".b.x.part"]


def test_where_another_process_was_quicker_its_store_is_taken(cache):
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
    kept = load_corpus(tmp_path / "wordy.abc")
    assert [block.text for block in kept.fragments] == [f"word {n}" for n in range(100)]
    assert kept.fragments[0].line == 5
    assert kept.more_fragments == 150


# Memory ------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's /proc")
def test_training_from_a_large_corpus_takes_little_more_memory(irish, tmp_path, monkeypatch):
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
    # The ids alone are 200 MB, of which nothing may stay; some 40 MB are the lists of tunes.
    for field in ("resident", "peak"):
        assert large[field] - small[field] < 100, (field, small, large)
