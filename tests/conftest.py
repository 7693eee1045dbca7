"""Fixtures: real corpora where they are available, and small models."""

import contextlib
import errno
import os
from pathlib import Path

import pytest

from abcrnn.data.corpus import Corpus, load_corpus
from abcrnn.data.registry import is_here, read_card

TESTS = Path(__file__).parent

#: Folders whose files take longest, since their tests train models; they are run first, so
#: that both processes are busy until the end.
LONGEST = (".", "training", "cli", "composition", "models")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Run the whole suite in two processes where pytest-xdist is installed.

    One process keeps one core busy: most of the time goes to compiling. Tests of one file stay
    in one process, since they share fixtures. A file or folder named on the command line, or a
    number of processes (``-n``), is left as it is.
    """
    if "PYTEST_XDIST_WORKER" in os.environ:  # this is one of the processes
        return
    option = config.option
    if getattr(option, "numprocesses", 0) is None and not (
        option.file_or_dir or option.usepdb or option.collectonly
    ):
        option.numprocesses, option.dist = 2, "loadfile"
        option.loadscopereorder = False  # by pytest_collection_modifyitems


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the files by how long they take, as far as is known."""

    def rank(item: pytest.Item) -> int:
        folder = item.path.parent
        name = str(folder.relative_to(TESTS)) if folder.is_relative_to(TESTS) else ""
        return LONGEST.index(name) if name in LONGEST else len(LONGEST)

    items.sort(key=rank)


def load_or_skip(name: str) -> Corpus:
    """Load a corpus; skip the test if it would have to be downloaded, except in CI."""
    if not is_here(read_card(name)) and os.environ.get("CI") != "true":
        pytest.skip(f"{name} is missing: set ABCRNN_DATA, or run abcrnn corpora fetch {name}")
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
    """A context in which flushing a file to the disk fails, as on a full disk."""

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
    """The small tunebook that comes with the project."""
    return TESTS.parent / "corpora" / "homemade.abc"


@pytest.fixture(scope="session")
def trained() -> Path:
    """A model file trained on the small tunebook until the model generates whole tunes."""
    return TESTS / "fixtures" / "homemade.abcrnn"


@pytest.fixture(scope="session")
def packaged_folder(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packaged models in which the small model is named folk."""
    from abcrnn import load_model
    from abcrnn.data.novelty import NoveltyIndex
    from abcrnn.models.packaging import save_pretrained

    folder, model = tmp_path_factory.mktemp("pretrained"), load_model(trained)
    model.novelty = NoveltyIndex(
        ()
    )  # the model knows few tunes, and nearly all it writes is copied
    about = {"title": "Two tunes", "data": "homemade.abc", "licence": "MIT"}
    scores = {"bits per character, homemade": 0.25}
    save_pretrained(model, "folk", **about, scores=scores, folder=folder)
    return folder


@pytest.fixture
def packaged(packaged_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the model folk, which is the small model in this test."""
    monkeypatch.setattr("abcrnn.models.pretrained.FOLDER", packaged_folder)
    return packaged_folder / "folk.abcrnn"


@pytest.fixture(scope="session")
def midi_folder(few_tunes: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the MIDI files of forty real tunes."""
    from abcrnn.export.tunebook import convert_tunes

    folder = tmp_path_factory.mktemp("midi")
    convert_tunes(few_tunes.tunes, folder, tempo=120)
    return folder


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder for one test."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("ABCRNN_DATA", str(folder))
    return folder


@pytest.fixture(autouse=True)
def no_stored_transitions(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute transitions anew, except in tests with a cache folder of their own."""
    if "own_cache" not in request.fixturenames:
        monkeypatch.setattr("abcrnn.sampling.kept_tables.restore_tables", lambda *_: None)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    """A function that runs a command in this process: (exit code, output, errors)."""
    from abcrnn.cli import main

    def run_command(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return run_command
