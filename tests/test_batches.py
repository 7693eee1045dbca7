from itertools import pairwise

import numpy as np
import pytest

from abcrnn.batches import RandomWindows, Streams, encode_tunes
from abcrnn.vocabulary import Vocabulary

VOCABULARY = Vocabulary.from_text("X:1\nabcdefg|")
TUNES = encode_tunes(VOCABULARY, [f"X:1\n{c * 5}|" for c in "abcdefg"])


def test_tunes_are_closed_by_a_blank_line():
    assert VOCABULARY.decode(TUNES[0]) == "X:1\naaaaa|\n\n"


def test_an_unknown_character_names_the_tune():
    with pytest.raises(ValueError, match=r"tune 2 of 2 \('X:1 h'\): the character 'h' at line 2"):
        encode_tunes(VOCABULARY, ["X:1\na", "X:1\nh"])


def test_streams_go_on_where_they_stopped():
    batches = Streams(TUNES, batch_size=2, seq_length=5, seed=0)
    windows = list(batches.epoch(0))
    assert len(windows) == batches.windows == (7 * 12 - 1) // 10
    rows = [
        np.concatenate([w[row, :-1] for w in windows] + [windows[-1][row, -1:]]) for row in (0, 1)
    ]
    for before, after in pairwise(windows):
        np.testing.assert_array_equal(before[:, -1], after[:, 0])
    # The second stream begins where the first ends; together they are whole tunes, shuffled.
    text = VOCABULARY.decode(np.concatenate([rows[0][:-1], rows[1]]))
    tunes = text.split("\n\n")
    assert all(tune in {f"X:1\n{c * 5}|" for c in "abcdefg"} for tune in tunes[:-1])
    assert len(set(tunes)) == len(tunes)


def test_each_epoch_has_its_own_order_from_the_seed():
    batches = Streams(TUNES, 2, 5, seed=1)
    first, again, second = (np.stack(list(batches.epoch(n))) for n in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, second)
    other = np.stack(list(Streams(TUNES, 2, 5, seed=2).epoch(0)))
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    "batches", [Streams(TUNES, 2, 5, 0), RandomWindows(TUNES, 2, 5, 0, steps=6)]
)
def test_an_epoch_can_be_entered_in_the_middle(batches):
    whole = list(batches.epoch(3))
    np.testing.assert_array_equal(whole[4:], list(batches.epoch(3, start=4)))
    assert whole[0].shape == (2, 6) and whole[0].dtype == np.int32


def test_random_windows_are_pieces_of_the_text():
    batches = RandomWindows(TUNES, 4, 9, seed=0, steps=50)
    text = VOCABULARY.decode(np.concatenate(TUNES))
    starts = {text.index(VOCABULARY.decode(row)) for w in batches.epoch(0) for row in w}
    assert batches.windows == 50
    assert len(starts) > 40


def test_text_shorter_than_one_window_is_refused():
    with pytest.raises(ValueError, match=r"84 characters in all.*needs 121 \(2 x 60 \+ 1\)"):
        Streams(TUNES, 2, 60, 0)
    with pytest.raises(ValueError, match=r"one window needs 101 \(100 \+ 1\)"):
        RandomWindows(TUNES, 2, 100, 0, steps=1)
