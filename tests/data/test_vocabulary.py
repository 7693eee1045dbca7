import json

import numpy as np
import pytest
from helpers.fuzz_json import mutations
from hypothesis import given
from hypothesis import strategies as st

from abcrnn import Corpus, Vocabulary


@given(st.text(st.characters(), min_size=1))
def test_encode_and_decode_any_text(text):
    vocabulary = Vocabulary.from_text(text)
    assert vocabulary.characters == "".join(sorted(set(text)))
    ids = vocabulary.encode(text)
    assert ids.dtype == np.int32
    assert ids.tolist() == [vocabulary.characters.index(c) for c in text]
    assert vocabulary.decode(ids) == text


def test_unknown_character_is_named_with_its_position():
    vocabulary = Vocabulary.from_text("abc\n")
    with pytest.raises(ValueError, match=r"'é' at line 2, column 2 is not among the 4"):
        vocabulary.encode("abc\naéb")


def test_accented_letters_are_written_as_the_vocabulary_has_them():
    composed, combined = "Bourr\u00e9e", "Bourre\u0301e"
    for known in (composed, combined):
        vocabulary = Vocabulary.from_text(known)
        for text in (composed, combined):
            assert vocabulary.normalize(text) == known
    both = Vocabulary.from_text(composed + combined)
    assert (both.normalize(composed), both.normalize(combined)) == (composed, combined)
    assert Vocabulary("ab").normalize(combined) == composed  # known in neither form
    assert Vocabulary("ab").normalize("b\na") == "b\na"


def test_unknown_characters_are_ignored_or_replaced():
    vocabulary = Vocabulary.from_text("abc ?")
    assert vocabulary.decode(vocabulary.encode("a\u4e2db", errors="ignore")) == "ab"
    assert vocabulary.decode(vocabulary.encode("a\u4e2db", errors="replace")) == "a?b"
    spaced = Vocabulary.from_text("ab ")
    assert spaced.decode(spaced.encode("a?b", errors="replace")) == "a b"
    with pytest.raises(ValueError, match="needs '\\?' or a space"):
        Vocabulary.from_text("ab").encode("c", errors="replace")
    with pytest.raises(ValueError, match="not 'skip'"):
        vocabulary.encode("a", errors="skip")


def test_ids_out_of_range_are_refused():
    vocabulary = Vocabulary.from_text("ab")
    assert vocabulary.decode([]) == ""
    with pytest.raises(ValueError, match="from 0 to 1, not 0 to 2"):
        vocabulary.decode([0, 2])
    with pytest.raises(ValueError, match="whole numbers"):
        vocabulary.decode([0.5])


@pytest.mark.parametrize("characters", ["", "ba", "aa", None])
def test_characters_must_be_distinct_and_in_order(characters):
    with pytest.raises(ValueError, match="characters must be"):
        Vocabulary(characters)


def test_empty_text_is_refused():
    with pytest.raises(ValueError, match="text is empty"):
        Vocabulary.from_text("")


def test_text_must_be_a_string():
    corpus = Corpus("one", ("X:1\nK:C\nc",))
    message = r"text must be a string, such as corpus.text, not Corpus\('one', tunes=1\)"
    with pytest.raises(TypeError, match=message):
        Vocabulary.from_text(corpus)


def test_saved_and_loaded_is_equal(tmp_path):
    vocabulary = Vocabulary.from_text('X:1\n"é\ud800\U0001f3b5')
    vocabulary.save(tmp_path / "v.json")
    loaded = Vocabulary.load(tmp_path / "v.json")
    assert loaded == vocabulary
    assert hash(loaded) == hash(vocabulary)
    assert loaded != Vocabulary.from_text("X")
    assert repr(Vocabulary.from_text("ba")) == "Vocabulary('ab')"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "other"}', "[" * 100_000, '"x"'])
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "v.json").write_text(content)
    with pytest.raises(ValueError, match="not a vocabulary saved by abcrnn"):
        Vocabulary.load(tmp_path / "v.json")


def test_every_value_of_a_file_is_validated(tmp_path):
    path = tmp_path / "vocabulary.json"
    Vocabulary("ab").save(path)
    assert Vocabulary.load(path) == Vocabulary("ab")
    for what, changed in mutations(json.loads(path.read_text())):
        path.write_text(json.dumps(changed))
        try:
            assert isinstance(Vocabulary.load(path).characters, str), what
        except ValueError as error:
            assert "is not a vocabulary saved by abcrnn" in str(error), what
            assert len(str(error)) < 500 and "\n" not in str(error), what
