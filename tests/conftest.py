"""Fixtures: real corpora where they are to be had, and a small model to try things on."""

import contextlib
import errno
import os

import pytest

from abcrnn.cards import is_here, read_card
from abcrnn.corpus import Corpus, load_corpus


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
