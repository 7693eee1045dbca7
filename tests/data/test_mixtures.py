"""Several corpora as one."""

import numpy as np
import pytest

from abcrnn import Corpus
from abcrnn.data import join_corpora, leave_out_copies
from abcrnn.data.mixtures import part_origins
from abcrnn.data.store import StoredTunes
from abcrnn.data.store_writer import store_tunes
from abcrnn.evaluation.held_out import held_out_part, knows_training_tunes, training_part
from abcrnn.notation import Block


@pytest.fixture(scope="module")
def corpora(jigs, oneills):
    return Corpus("jigs", jigs.tunes[:60]), Corpus("book", oneills.tunes[:90])


class Trained:
    def __init__(self, train):
        self.about = {"corpus": train.describe()}
        self.trained_digests = train.body_digests()


def test_joined_tunes_are_those_of_each_in_order(corpora):
    jigs, book = corpora
    joined = join_corpora(corpora)
    assert joined.name == "jigs+book" and joined.tunes == jigs.tunes + book.tunes
    often = join_corpora(corpora, [2, 3])
    assert often.tunes == jigs.tunes * 2 + book.tunes * 3
    assert [part["weight"] for part in often.origin["parts"]] == [2, 3]
    assert join_corpora([jigs]) is jigs
    assert join_corpora([jigs], [2]).tunes == jigs.tunes * 2


@pytest.mark.parametrize("weights", [[1], [1, 2, 3], [0, 1], [1, 1.5], ["2", 1]])
def test_weights_are_whole_numbers_one_for_each_corpus(corpora, weights):
    with pytest.raises(ValueError, match="weights must "):
        join_corpora(corpora, weights)


def test_corpora_without_different_fields_are_refused(corpora):
    jigs, book = corpora
    with pytest.raises(ValueError, match="the same header fields left out, not '' and 'Z'"):
        join_corpora([jigs, book.without_fields("Z")])
    with pytest.raises(ValueError, match="0 weights and 0 corpora"):
        join_corpora([])


def test_held_out_and_training_part_of_each_corpus_are_found(corpora):
    jigs, book = corpora
    first, second = jigs.split(0.1, 0.2, 3), book.split(0, 0.2, 3)
    trains = [
        leave_out_copies(train.without_fields("Z"), first[1], first[2], second[2])
        for train in (first[0], second[0])
    ]
    model = Trained(join_corpora(trains, [2, 1]))
    for corpus, split, train in zip(corpora, (first, second), trains, strict=True):
        assert held_out_part(model, corpus) == split[2].without_fields("Z")
        assert training_part(model, corpus).tunes == train.tunes
        assert knows_training_tunes(model, corpus)
    other = Corpus("other", jigs.tunes[10:40])
    assert training_part(model, other) is None
    assert not set(held_out_part(model, other).tunes) & set(trains[0].tunes)


def test_a_corpus_that_was_not_split_has_no_held_out_part(corpora):
    jigs, book = corpora
    model = Trained(join_corpora([jigs.split(0, 0.2)[0], book]))
    with pytest.raises(ValueError, match="trained on all tunes of book: none is held out"):
        held_out_part(model, book)
    assert training_part(model, book) == book
    assert held_out_part(model, jigs) == jigs.split(0, 0.2)[2]


def test_stored_tunes_are_joined_in_a_store(corpora, own_cache, tmp_path):
    jigs, book = corpora
    store = store_tunes(tmp_path / "store", [Block(tune, 1, ()) for tune in book.tunes])
    stored = Corpus("book", StoredTunes(store, np.arange(20, 50, dtype=np.uint32)))
    plain = Corpus("book", book.tunes[20:50])
    for _ in range(2):  # written, then found
        joined = join_corpora([jigs, stored], [1, 2])
        assert isinstance(joined.tunes, StoredTunes)
        expected = join_corpora([jigs, plain], [1, 2])
        assert tuple(joined.tunes) == expected.tunes
        assert joined.describe() == expected.describe()
    assert len(list((own_cache / "stored").iterdir())) == 1


@pytest.mark.parametrize("origin", [None, 3, {"parts": 3}, {"parts": [3, None]}])
def test_origins_of_other_types_have_no_parts(origin):
    assert list(part_origins(origin)) == []
