"""Fixtures: real corpora where they are to be had, and a small model to try things on."""

import contextlib
import errno
import os
from pathlib import Path

import pytest

from abcrnn.data.corpus import Corpus, load_corpus
from abcrnn.data.registry import is_here, read_card


def load_or_skip(name: str) -> Corpus:
    """A corpus that needs a network or ABCRNN_DATA: skipped without them, but never in CI."""
    if not is_here(read_card(name)) and os.environ.get("CI") != "true":
        pytest.skip(f"{name} is not here: set ABCRNN_DATA, or run abcrnn corpora fetch {name}")
    return load_corpus(name)


@pytest.fixture(scope="session")
def irish() -> Corpus:
    return load_or_skip("irish")


@pytest.fixture(scope="session")
def jigs() -> Corpus:
    return load_or_skip("jigs")


@pytest.fixture(scope="session")
def oneills() -> Corpus:
    return load_corpus("oneills")


@pytest.fixture(scope="session")
def few_tunes(oneills: Corpus) -> Corpus:
    """Forty real tunes, enough for a small model."""
    return Corpus("few", oneills.tunes[:40])


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch):
    """A context in which every file fails to reach the disk, half written."""

    def fail(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    @contextlib.contextmanager
    def full():
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fail)
            yield

    return full()


@pytest.fixture(scope="session")
def homemade() -> Path:
    """The little tunebook that comes with the project."""
    return Path(__file__).parents[1] / "corpora" / "homemade.abc"


@pytest.fixture(scope="session")
def trained(homemade: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file that knows the little tunebook by heart, so that it writes whole tunes."""
    from abcrnn import CharLSTM, Trainer, Vocabulary

    corpus = load_corpus(homemade)
    vocabulary = Vocabulary.from_text(corpus.text)
    model = CharLSTM(vocabulary, embedding_dim=16, units=64, num_layers=1, dropout=0)
    Trainer(model, corpus, batch_size=4, seq_length=32, learning_rate=1e-2).fit(80)
    path = tmp_path_factory.mktemp("trained") / "homemade.abcrnn"
    model.save(path)
    return path


@pytest.fixture(scope="session")
def midi_folder(few_tunes: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of MIDI files, of forty real tunes."""
    from abcrnn.export.tunebook import convert_tunes

    folder = tmp_path_factory.mktemp("midi")
    convert_tunes(few_tunes.tunes, folder)
    return folder


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own, where nothing was read before."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("ABCRNN_DATA", str(folder))
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    """Run a command in this process: (exit code, output, errors)."""
    from abcrnn.cli import main

    def run_words(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        return code, *capsys.readouterr()

    return run_words
