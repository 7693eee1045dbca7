"""Training on tunes that are transposed from epoch to epoch."""

import json
from dataclasses import replace

import numpy as np
import pytest

from abcrnn import CharLSTM, Corpus, Trainer, Vocabulary
from abcrnn.data.augmentation import make_key_variants
from abcrnn.data.store import StoredTunes
from abcrnn.data.store_writer import store_tunes
from abcrnn.events import NoteModel, NoteTrainer, load_pieces
from abcrnn.notation import Block
from abcrnn.training.character_task import CharacterTask
from abcrnn.training.settings import TrainingSettings

TRANSPOSED = {"transpose": True, "batch_size": 4, "learning_rate": 1e-2, "seed": 5}
WINDOWS = {
    "streams": {"windows": "streams", "seq_length": 64},
    "tunes": {"windows": "tunes", "seq_length": 64, "fit_lengths": True},
}


@pytest.fixture(scope="module")
def corpus(few_tunes):
    """Tunes of which most have several keys."""
    return Corpus("twelve", few_tunes.tunes[:12])


def make_model(corpus):
    characters = Vocabulary.from_text(corpus.text + "^_=")
    return CharLSTM(characters, embedding_dim=8, units=16, num_layers=1, dropout=0.3)


def texts_of(task, epoch, rows):
    """What each row reads in an epoch, from initial state to initial state, without padding."""
    characters = task.model.vocabulary.characters
    batches = task.make_batches(rows)
    read, count = [], 0
    for batch in batches.epoch(epoch):
        if batch.begins:
            read += [""] * len(rows)
        for number, row in enumerate(batch.window, start=len(read) - len(rows)):
            ids = row[0 if batch.begins else 1 :]
            read[number] += "".join(characters[n] for n in ids if n >= 0)
        count += 1
    assert batches.size(epoch).batches == count
    return read


@pytest.mark.parametrize("windows", WINDOWS)
def test_every_epoch_reads_one_variant_of_each_tune(corpus, windows):
    settings = TrainingSettings(**TRANSPOSED, **WINDOWS[windows])
    task = CharacterTask(make_model(corpus), corpus, None, settings)
    variants = make_key_variants(corpus.tunes, task.model.vocabulary)
    size = sum(map(len, corpus.tunes))
    epochs = []
    for epoch in range(3):
        chosen = [variants.tunes[n] for n in variants.choose(5, epoch)]
        texts = texts_of(task, epoch, range(4))
        text = "\n".join(texts)
        found = [tune for tune in chosen if tune in text]
        # The ends of the four streams divide tunes.
        assert len(found) >= len(chosen) - 4 * (windows == "streams")
        assert 0.9 * size < len(text) < 1.1 * size + 100
        epochs.append(chosen)
    assert epochs[0] != epochs[1] != epochs[2]


@pytest.mark.parametrize("windows", WINDOWS)
def test_the_last_epochs_read_the_tunes_as_they_are(corpus, windows):
    settings = TrainingSettings(**TRANSPOSED, **WINDOWS[windows])
    always = CharacterTask(make_model(corpus), corpus, None, settings)
    settings = replace(settings, transpose_epochs=2)
    task = CharacterTask(make_model(corpus), corpus, None, settings)
    rows = range(4)
    assert texts_of(task, 1, rows) == texts_of(always, 1, rows)
    last = texts_of(task, 2, rows)
    assert last != texts_of(always, 2, rows)
    text = "".join(last)
    assert sum(tune in text for tune in corpus.tunes) >= 12 - 4 * (windows == "streams")


@pytest.mark.parametrize("windows", WINDOWS)
def test_rows_of_workers_are_those_of_the_whole_batch(corpus, windows):
    settings = TrainingSettings(**TRANSPOSED, **WINDOWS[windows])
    task = CharacterTask(make_model(corpus), corpus, None, settings)
    whole = task.make_batches(range(4))
    halves = [task.make_batches(rows) for rows in (range(2), range(2, 4))]
    for epoch in range(2):
        for batch, *parts in zip(whole.epoch(epoch), *(h.epoch(epoch) for h in halves),
                                 strict=True):  # fmt: skip
            np.testing.assert_array_equal(
                batch.window, np.concatenate([part.window for part in parts])
            )
        resumed = list(whole.epoch(epoch, start=2))
        for one, other in zip(list(whole.epoch(epoch))[2:], resumed, strict=True):
            np.testing.assert_array_equal(one.window, other.window)


@pytest.mark.slow
@pytest.mark.parametrize("windows", WINDOWS)
def test_a_resumed_run_equals_an_uninterrupted_one(corpus, tmp_path, windows):
    def trainer(folder):
        options = {**TRANSPOSED, **WINDOWS[windows]}
        return Trainer(make_model(corpus), corpus, run_dir=tmp_path / folder, **options)

    whole = trainer("whole")
    whole.fit(3)
    trainer("parts").fit(1)
    parts = trainer("parts")
    parts.fit(3)
    for name, array in whole.model.weight_arrays().items():
        np.testing.assert_array_equal(array, parts.model.weight_arrays()[name])
    assert [r.loss for r in whole.history] == [r.loss for r in parts.history]


@pytest.mark.slow
def test_a_run_of_an_earlier_version_resumes(corpus, tmp_path):
    def trainer(**more):
        options = {**TRANSPOSED, **WINDOWS["streams"], "transpose": False, **more}
        return Trainer(make_model(corpus), corpus, run_dir=tmp_path, **options)

    trainer().fit(1)
    file = tmp_path / "run.json"
    recorded = json.loads(file.read_text())
    assert recorded["training"].pop("transpose") is False
    file.write_text(json.dumps(recorded))
    assert len(trainer().fit(2)) == 2
    with pytest.raises(ValueError, match="its training transpose is unset, not True"):
        trainer(transpose=True).fit(2)


@pytest.mark.parametrize("value", [1, "yes", None])
def test_the_setting_is_true_or_false(value):
    with pytest.raises(ValueError, match=f"transpose must be True or False, not {value!r}"):
        TrainingSettings(transpose=value)


def test_what_cannot_be_transposed(corpus, tmp_path, midi_folder):
    with pytest.raises(ValueError, match="transpose_epochs needs transpose=True"):
        TrainingSettings(transpose_epochs=3)
    with pytest.raises(ValueError, match="transpose_epochs must be a whole number of at least 1"):
        TrainingSettings(transpose=True, transpose_epochs=0)
    with pytest.raises(ValueError, match="transpose=True needs windows='streams' or windows='t"):
        TrainingSettings(windows="random", steps_per_epoch=3, transpose=True)
    store = store_tunes(tmp_path, [Block(tune, 1, ()) for tune in corpus.tunes])
    stored = Corpus("stored", StoredTunes(store))
    with pytest.raises(ValueError, match="needs tunes in memory; these are in files above 32 MiB"):
        Trainer(make_model(corpus), stored, **TRANSPOSED, **WINDOWS["streams"])
    pieces = load_pieces(midi_folder).pieces
    with pytest.raises(ValueError, match="transpose=True is for tunes: notes of MIDI files"):
        NoteTrainer(NoteModel.from_recipe("default", pieces), pieces, transpose=True)


def test_a_tune_that_is_read_more_often_has_a_variant_each_time(corpus):
    vocabulary = Vocabulary.from_text(corpus.text + "^_=")
    once = make_key_variants(corpus.tunes, vocabulary)
    twice = make_key_variants(corpus.tunes * 2, vocabulary)
    assert twice.tunes == once.tunes * 2
    chosen = np.array([twice.choose(0, epoch) for epoch in range(10)])
    assert (chosen[:, 12:] >= len(once.tunes)).all()
    assert (chosen[:, :12] != chosen[:, 12:] - len(once.tunes)).any()
