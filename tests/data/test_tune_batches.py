"""Batches of whole tunes: every tune once in an epoch, in few shapes, resumable anywhere."""

import numpy as np
import pytest
from helpers.steps import StepLimit

from abcrnn.data import corpus as corpus_module
from abcrnn.data.corpus import load_corpus
from abcrnn.data.store import TuneIds
from abcrnn.data.tune_batches import TuneBatches
from abcrnn.data.window_lengths import EVEN, FITTED
from abcrnn.data.windows import EncodedTunes, encode_tunes


@pytest.fixture(params=["in memory", "in a file"])
def read(request, few_tunes, tmp_path, monkeypatch):
    """The vocabulary, some tunes of a corpus as texts, and the same tunes encoded."""
    monkeypatch.setenv("ABCRNN_DATA", str(tmp_path))
    monkeypatch.setattr(
        corpus_module, "_MAX_BYTES_IN_MEMORY", 0 if request.param == "in a file" else 10**9
    )
    (tmp_path / "few.abc").write_text(few_tunes.text)
    train, _, _ = load_corpus(tmp_path / "few.abc").split(0.2, 0.2, seed=1)
    return train.vocabulary, list(train.tunes), encode_tunes(train.vocabulary, train.tunes)


def batches_of(read, batch_size=4, seq_length=96, seed=3, **options):
    vocabulary, _, encoded = read
    boundary = vocabulary.encode("\n\n")
    return TuneBatches(encoded, boundary, batch_size, seq_length, seed, **options)


def rows_of(batches):
    """The ids of each row from one beginning to the next, shape (rows, time + 1) each."""
    groups = []
    for batch in batches:
        if batch.begins:
            groups.append(batch.window)
        else:
            np.testing.assert_array_equal(groups[-1][:, -1], batch.window[:, 0])
            groups[-1] = np.concatenate([groups[-1], batch.window[:, 1:]], axis=1)
    return groups


def texts_of(vocabulary, groups):
    """The text of each row; padding must be at its end only."""
    texts = []
    for row in (row for group in groups for row in group):
        ids = row[row >= 0]
        assert (row[len(ids) :] == -1).all()
        texts.append(vocabulary.decode(ids))
    return texts


@pytest.mark.slow
@pytest.mark.parametrize("fit_lengths", [False, True])
@pytest.mark.parametrize(("batch_size", "seq_length"), [(4, 96), (3, 10_000), (1, 1), (50, 61)])
def test_every_tune_is_read_once_between_blank_lines(read, batch_size, seq_length, fit_lengths):
    vocabulary, tunes, _ = read
    batches = batches_of(read, batch_size, seq_length, fit_lengths=fit_lengths)
    for epoch in (0, 1):
        found = texts_of(vocabulary, rows_of(batches.epoch(epoch)))
        expected = [f"\n\n{tune}\n\n" for tune in tunes]
        assert len(found) % batch_size == 0
        assert sorted(found) == sorted(expected + [""] * (-len(tunes) % batch_size))


def test_predictions_are_the_targets_that_are_not_padding(read):
    batches = batches_of(read)
    found = list(batches.epoch(2))
    assert any((batch.predictions == 0).any() for batch in found)
    assert not all(batch.begins for batch in found)
    for batch in found:
        np.testing.assert_array_equal(batch.predictions, (batch.window[:, 1:] >= 0).sum(axis=1))
        assert batch.predictions.sum() > 0
        assert batch.window.dtype == np.int32
    total = sum(int(batch.predictions.sum()) for batch in found)
    assert batches.size(2) == (len(found), total)
    assert total == sum(len(tune) + 3 for tune in read[1])
    for stop in range(len(found) + 1):
        done = sum(int(batch.predictions.sum()) for batch in found[:stop])
        assert batches.size(2, stop) == (stop, done)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seq_length", "shapes"),
    [(5, EVEN), (64, EVEN), (100, EVEN), (512, EVEN), (100, FITTED), (512, FITTED)],
)
def test_windows_have_few_shapes(read, seq_length, shapes):
    options = {"batch_size": 2, "seq_length": seq_length, "fit_lengths": shapes == FITTED}
    batches = batches_of(read, **options)
    widths = {b.window.shape[1] - 1 for epoch in range(20) for b in batches.epoch(epoch)}
    assert len(widths) <= shapes
    assert max(widths) <= seq_length


def test_tunes_of_similar_length_share_a_batch(read):
    batches = batches_of(read, seq_length=512)
    found = [batch for epoch in range(8) for batch in batches.epoch(epoch)]
    read_ids = sum(batch.window[:, 1:].size for batch in found)
    predictions = sum(int(batch.predictions.sum()) for batch in found)
    assert predictions > 0.75 * read_ids


@pytest.mark.parametrize("batch_size", [1, 4])
def test_fitted_lengths_leave_less_padding(read, batch_size):
    def size(**options):
        batches = batches_of(read, batch_size, 512, **options)
        return sum(b.window[:, 1:].size for epoch in range(8) for b in batches.epoch(epoch))

    assert size(fit_lengths=True) < size()


def test_the_order_of_runs_of_earlier_versions():
    """Their tunes are sorted by size, rounded up to an eighth of seq_length, then shuffled."""
    sizes = np.random.default_rng(5).integers(10, 500, 40)
    source = TuneIds(bytes(int(sizes.sum())), np.dtype(np.uint8), np.cumsum([0, *sizes]))
    encoded = EncodedTunes(source, np.arange(40, dtype=np.uint32), np.arange(9, dtype=np.int32))
    batches = TuneBatches(encoded, np.zeros(2, np.int32), 4, 100, 3)
    rng = np.random.default_rng([3, 7])
    shuffled = rng.permutation(40)
    rounded = -(-(sizes + 1) // 13) * 13
    order = sorted(shuffled, key=lambda tune: rounded[tune])
    rng.integers(10)  # the group that is not full; here all are
    groups = np.reshape(order, (10, 4))[rng.permutation(10)]
    found = [batch.predictions for batch in batches.epoch(7) if batch.begins]
    windows = -(-(sizes[groups].max(axis=1) + 1) // 100)
    widths = [batch.window.shape[1] - 1 for batch in batches.epoch(7) if batch.begins]
    for group, count, width, row in zip(groups, windows, widths, found, strict=True):
        longest = -(-(sizes[group].max() + 1) // count)
        assert width == min(-(-longest // 13) * 13, 100)
        np.testing.assert_array_equal(row, np.minimum(sizes[group] + 1, width))


def test_the_windows_of_a_long_group_are_equally_long(read):
    width, windows = 0, 0
    for batch in batches_of(read, seq_length=40).epoch(0):
        if not batch.begins:
            assert batch.window.shape[1] == width
            windows += 1
        width = batch.window.shape[1]
    assert windows > 10


def test_each_epoch_has_its_own_order_from_the_seed(read):
    def order(batches, epoch):
        return texts_of(read[0], rows_of(batches.epoch(epoch)))

    first = order(batches_of(read), 0)
    assert first == order(batches_of(read), 0)
    assert first != order(batches_of(read), 1)
    assert first != order(batches_of(read, seed=4), 0)
    used = batches_of(read)
    order(used, 1)
    assert order(used, 0) == first  # whatever epoch was read before


def test_the_tunes_that_share_a_batch_change_from_epoch_to_epoch(read):
    batches = batches_of(read)
    partners = [
        {frozenset(texts_of(read[0], [group])) for group in rows_of(batches.epoch(epoch))}
        for epoch in (0, 1)
    ]
    assert not partners[0] <= partners[1]


def test_an_epoch_can_be_entered_at_any_batch(read):
    batches = batches_of(read)
    whole = list(batches.epoch(3))
    for start in range(len(whole)):
        for one, other in zip(whole[start:], batches_of(read).epoch(3, start), strict=True):
            np.testing.assert_array_equal(one.window, other.window)
            np.testing.assert_array_equal(one.predictions, other.predictions)
            assert one.begins == other.begins


def test_the_rows_of_several_readers_are_the_whole(read):
    whole = batches_of(read, batch_size=6)
    shares = [batches_of(read, batch_size=6, rows=rows) for rows in (range(4), range(4, 6))]
    for start in (0, 3):
        pieces = zip(*(share.epoch(1, start) for share in shares), strict=True)
        for one, (first, second) in zip(whole.epoch(1, start), pieces, strict=True):
            np.testing.assert_array_equal(one.window, np.concatenate([first.window, second.window]))
            for share in (first, second):
                np.testing.assert_array_equal(one.predictions, share.predictions)
                assert one.begins == share.begins


def test_an_epoch_can_read_a_variant_of_each_tune():
    """Tunes 0 to 4 have a second, longer variant at 5 to 9."""
    variants = [f"{'ab'[n // 5]}" * (n % 5 + 20 * (n // 5) + 1) for n in range(10)]
    ids = [np.frombuffer(f"{text}\n\n".encode(), np.uint8) for text in variants]
    source = TuneIds(b"".join(map(bytes, ids)), np.dtype(np.uint8), np.cumsum([0, *map(len, ids)]))
    encoded = EncodedTunes(source, np.arange(10, dtype=np.uint32), np.arange(256, dtype=np.int32))

    def choose(epoch):
        return np.arange(5) + 5 * (np.arange(5) % 2 == epoch % 2)

    batches = TuneBatches(encoded, np.array([10, 10], np.int32), 2, 8, 0, choose=choose)
    for epoch in range(3):
        rows = [row[row >= 0] for group in rows_of(batches.epoch(epoch)) for row in group]
        texts = sorted(bytes(row.astype(np.uint8)).decode().strip() for row in rows if len(row))
        expected = [variants[n] for n in choose(epoch)]
        assert texts == sorted(expected)
        assert batches.size(epoch).predictions == sum(len(text) + 3 for text in expected)


def test_an_epoch_of_a_million_tunes_is_planned_without_a_loop():
    lengths = np.random.default_rng(0).integers(100, 2000, 1_000_000)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    source = TuneIds(b"", np.dtype(np.uint8), offsets)
    table = np.arange(100, dtype=np.int32)
    encoded = EncodedTunes(source, np.arange(1_000_000, dtype=np.uint32), table)
    batches = TuneBatches(encoded, np.zeros(2, np.int32), 16, 512, 0)
    with StepLimit(500):
        size = batches.size(0)
    assert size.predictions == lengths.sum() + 1_000_000
    assert 1_000_000 / 16 < size.batches < 3 * 1_000_000 / 16


def test_no_tunes_are_refused():
    empty = TuneIds(b"", np.dtype(np.uint8), np.zeros(1, np.int64))
    encoded = EncodedTunes(empty, np.zeros(0, np.uint32), np.arange(9, dtype=np.int32))
    with pytest.raises(ValueError, match="no tunes to train on"):
        TuneBatches(encoded, np.zeros(2, np.int32), 16, 512, 0)
