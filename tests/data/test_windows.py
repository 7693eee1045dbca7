from itertools import pairwise

import numpy as np
import pytest

from abcrnn.data import corpus as corpus_module
from abcrnn.data import windows as batches_module
from abcrnn.data.corpus import load_corpus
from abcrnn.data.vocabulary import Vocabulary
from abcrnn.data.windows import RandomWindows, Streams, encode_tunes

VOCABULARY = Vocabulary.from_text("X:1\nabcdefg|")
TUNES = encode_tunes(VOCABULARY, [f"X:1\n{c * 5}|" for c in "abcdefg"])


def windows_of(batches, epoch, start=0):
    """The windows of an epoch; checks what the batches record about them."""
    found = list(batches.epoch(epoch, start))
    size, before = batches.size(epoch), batches.size(epoch, start)
    assert size.batches == start + len(found)
    predictions = [int(batch.predictions.sum()) for batch in found]
    assert size.predictions - before.predictions == sum(predictions)
    return [batch.window for batch in found]


def test_tunes_are_closed_by_a_blank_line():
    assert VOCABULARY.decode(TUNES[0]) == "X:1\naaaaa|\n\n"


def test_an_unknown_character_names_the_tune():
    with pytest.raises(ValueError, match=r"tune 2 of 2 \('X:1 h'\): the character 'h' at line 2"):
        encode_tunes(VOCABULARY, ["X:1\na", "X:1\nh"])


def test_streams_go_on_where_they_stopped():
    batches = Streams(TUNES, batch_size=2, seq_length=5, seed=0)
    windows = windows_of(batches, 0)
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
    first, again, second = (np.stack(windows_of(batches, n)) for n in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, second)
    other = np.stack(windows_of(Streams(TUNES, 2, 5, seed=2), 0))
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    "batches", [Streams(TUNES, 2, 5, 0), RandomWindows(TUNES, 2, 5, 0, steps=6)]
)
def test_an_epoch_can_be_entered_in_the_middle(batches):
    whole = windows_of(batches, 3)
    np.testing.assert_array_equal(whole[4:], windows_of(batches, 3, start=4))
    assert whole[0].shape == (2, 6) and whole[0].dtype == np.int32


def test_random_windows_are_pieces_of_the_text():
    batches = RandomWindows(TUNES, 4, 9, seed=0, steps=50)
    text = VOCABULARY.decode(np.concatenate(TUNES))
    starts = {text.index(VOCABULARY.decode(row)) for w in windows_of(batches, 0) for row in w}
    assert batches.windows == 50
    assert len(starts) > 40


def test_streams_carry_their_state_through_an_epoch_and_random_windows_do_not():
    streams = Streams(TUNES, 2, 5, 0)
    assert [b.begins for b in streams.epoch(1)] == [True] + [False] * (streams.windows - 1)
    assert [b.begins for b in streams.epoch(1, start=2)] == [False] * (streams.windows - 2)
    assert [b.begins for b in RandomWindows(TUNES, 2, 5, 0, steps=3).epoch(1)] == [True] * 3


def test_text_shorter_than_one_window_is_refused():
    with pytest.raises(ValueError, match=r"84 characters in all.*needs 121 \(2 x 60 \+ 1\)"):
        Streams(TUNES, 2, 60, 0)
    with pytest.raises(ValueError, match=r"one window needs 101 \(100 \+ 1\)"):
        RandomWindows(TUNES, 2, 100, 0, steps=1)


# Against the joined text itself, wherever the tunes are kept. -------------------------------


@pytest.fixture(params=["in memory", "in a file"])
def encoded(request, few_tunes, tmp_path, monkeypatch):
    """The tunes of a part of a corpus, and the same as plain arrays."""
    monkeypatch.setenv("ABCRNN_DATA", str(tmp_path))
    monkeypatch.setattr(
        corpus_module, "_MAX_BYTES_IN_MEMORY", 0 if request.param == "in a file" else 10**9
    )
    (tmp_path / "few.abc").write_text(few_tunes.text)
    train, _, _ = load_corpus(tmp_path / "few.abc").split(0.2, 0.2, seed=1)
    vocabulary = train.vocabulary
    plain = [vocabulary.encode(tune + "\n\n") for tune in train.tunes]
    return encode_tunes(vocabulary, train.tunes), plain


def test_encoded_tunes_are_their_ids(encoded):
    tunes, plain = encoded
    assert len(tunes) == len(plain)
    for one, other in zip(tunes, plain, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(tunes.lengths, [len(ids) for ids in plain])


@pytest.fixture(params=[1, 400, 2**16])
def read_ahead(request, monkeypatch):
    """As many characters read at once; one window at least."""
    monkeypatch.setattr(batches_module, "_READ_AHEAD", request.param)


@pytest.mark.parametrize(("batch", "time"), [(16, 32), (3, 7), (2, 1500)])
@pytest.mark.parametrize("start", [0, 2])
def test_streams_are_pieces_of_the_shuffled_text(encoded, read_ahead, batch, time, start):
    tunes, plain = encoded
    streams = Streams(tunes, batch, time, seed=9)
    text = np.concatenate([plain[i] for i in np.random.default_rng([9, 4]).permutation(len(plain))])
    count = (len(text) - 1) // (batch * time)
    windows = windows_of(streams, 4, start)
    assert len(windows) == count - start
    for number, window in enumerate(windows, start):
        begins = [row * count * time + number * time for row in range(batch)]
        expected = [text[begin : begin + time + 1] for begin in begins]
        np.testing.assert_array_equal(window, expected)
        assert window.dtype == np.int32


@pytest.mark.parametrize(("batch", "time"), [(16, 32), (3, 1500)])
@pytest.mark.parametrize("start", [0, 4])
def test_random_windows_are_pieces_of_the_text_as_it_is(encoded, read_ahead, batch, time, start):
    tunes, plain = encoded
    windows = windows_of(RandomWindows(tunes, batch, time, seed=9, steps=11), 2, start)
    text = np.concatenate(plain)
    drawn = np.random.default_rng([9, 2]).integers(len(text) - time, size=(11, batch))[start:]
    expected = [[text[begin : begin + time + 1] for begin in row] for row in drawn]
    np.testing.assert_array_equal(windows, expected)


@pytest.mark.parametrize(
    "kind", [Streams, lambda *words, **rows: RandomWindows(*words, steps=9, **rows)]
)
def test_the_rows_of_several_readers_are_the_whole(encoded, kind):
    whole = kind(encoded[0], 6, 20, 3)
    shares = [kind(encoded[0], 6, 20, 3, rows=rows) for rows in (range(4), range(4, 6))]
    assert {share.windows for share in shares} == {whole.windows}
    for start in (0, 5):
        pieces = zip(*(windows_of(share, 1, start) for share in shares), strict=True)
        stacked = [np.concatenate(piece) for piece in pieces]
        np.testing.assert_array_equal(stacked, windows_of(whole, 1, start))
