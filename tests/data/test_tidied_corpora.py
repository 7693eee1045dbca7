"""Corpora of formatted tunes: the same split, and digests of the tunes before."""

import numpy as np
import pytest

from abcrnn import Corpus, tidy
from abcrnn.data import corpus as corpus_module
from abcrnn.data import join_corpora, leave_out_copies
from abcrnn.data.store import StoredTunes
from abcrnn.data.tidied_corpora import is_melody_only, is_tidied, tidy_corpus
from abcrnn.evaluation.held_out import held_out_for_all, held_out_part, training_part
from abcrnn.notation.formatter.plain import PLAIN_RULES, plain
from abcrnn.notation.formatter.tune import LAYOUT

BAD = "X:9\nT:Bad\nK:D\nA/0 | B"


@pytest.fixture(scope="module")
def book(oneills):
    return Corpus("book", (*oneills.tunes[:40], BAD))


class Trained:
    def __init__(self, train):
        self.about = {"corpus": train.describe()}
        self.trained_digests = train.body_digests()


@pytest.mark.slow
def test_tunes_are_formatted_or_kept(book, caplog):
    tidied = tidy_corpus(book)
    assert list(tidied.tunes) == [*map(tidy, book.tunes[:-1]), BAD]
    assert tidied.origin == {"tidy": LAYOUT}
    assert is_tidied(tidied.origin) and not is_tidied(book.origin) and not is_tidied("x")
    assert tidy_corpus(tidied).tunes == tidied.tunes


def test_the_digests_and_the_split_are_those_of_the_tunes_before(book):
    tidied = tidy_corpus(book)
    bare = Corpus("bare", tidied.tunes)
    assert not np.array_equal(bare.body_digests(), book.body_digests())
    np.testing.assert_array_equal(tidied.body_digests(), book.body_digests())
    parts, others = book.split(seed=3), tidied.split(seed=3)
    for part, other in zip(parts, others, strict=True):
        assert tidy_corpus(part).tunes == other.tunes
        np.testing.assert_array_equal(part.body_digests(), other.body_digests())


def test_held_out_and_training_part_of_a_model_are_formatted(book):
    train, validation, test = book.split(seed=1)
    train = leave_out_copies(tidy_corpus(train.without_fields("BZ")), validation, test)
    model = Trained(train)
    assert held_out_part(model, book) == tidy_corpus(test.without_fields("BZ"))
    assert training_part(model, book).tunes == train.tunes
    other = Trained(leave_out_copies(book.split(seed=1)[0].without_fields("BZ"), test))
    with pytest.raises(ValueError, match="only some of the models were trained on formatted"):
        held_out_for_all([model, other], book)


def test_joined_corpora_keep_the_digests(book, jigs):
    other = Corpus("jigs", jigs.tunes[:5])
    joined = join_corpora([tidy_corpus(book), tidy_corpus(other)], [1, 2])
    expected = np.concatenate([book.body_digests(), *[other.body_digests()] * 2])
    np.testing.assert_array_equal(joined.body_digests(), expected)
    assert is_tidied(joined.origin)
    with pytest.raises(ValueError, match="must all be formatted"):
        join_corpora([tidy_corpus(book), other])


def test_stored_tunes(book, tmp_path, monkeypatch):
    monkeypatch.setenv("ABCRNN_DATA", str(tmp_path / "cache"))
    monkeypatch.setattr(corpus_module, "_MAX_BYTES_IN_MEMORY", 1000)
    path = tmp_path / "book.abc"
    path.write_text(book.text, "utf-8")
    stored = corpus_module.load_corpus(path)
    tidied = tidy_corpus(stored)
    assert isinstance(tidied.tunes, StoredTunes)
    assert list(tidied.tunes) == list(tidy_corpus(book).tunes)
    np.testing.assert_array_equal(tidied.body_digests(), book.body_digests())
    train = stored.split(seed=3)[0]
    assert list(tidy_corpus(train).tunes) == list(tidied.split(seed=3)[0].tunes)


@pytest.mark.slow
def test_melodies_without_marks(book, jigs):
    melodies = tidy_corpus(book, melody_only=True)
    assert list(melodies.tunes) == [*map(plain, book.tunes[:-1]), BAD]
    assert melodies.origin == {"tidy": LAYOUT, "plain": PLAIN_RULES}
    assert is_melody_only(melodies.origin) and not is_melody_only(tidy_corpus(book).origin)
    np.testing.assert_array_equal(melodies.body_digests(), book.body_digests())
    train, _, test = book.split(seed=1)
    model = Trained(tidy_corpus(train, melody_only=True))
    assert held_out_part(model, book) == tidy_corpus(test, melody_only=True)
    assert training_part(model, book).tunes == tidy_corpus(train, melody_only=True).tunes
    with pytest.raises(ValueError, match="only some on plain melodies"):
        held_out_for_all([model, Trained(tidy_corpus(train))], book)
    other = Corpus("jigs", jigs.tunes[:5])
    joined = join_corpora([melodies, tidy_corpus(other, melody_only=True)])
    assert is_melody_only(joined.origin)
    with pytest.raises(ValueError, match="formatted .* in the same way"):
        join_corpora([melodies, tidy_corpus(other)])
