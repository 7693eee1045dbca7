"""The melodies of a corpus, kept in the cache folder.

Parsing takes a few milliseconds for each tune, so half a minute for all named corpora. A
file holds the index of one corpus; its name is a digest of the tunes and of the code that
reads them. An index that was read equals one newly made.
"""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

from abcrnn.data import novelty
from abcrnn.data.cached_files import code_digest, keep_last_used
from abcrnn.data.corpus import Corpus
from abcrnn.data.novelty import NoveltyIndex
from abcrnn.data.registry import cache_folder
from abcrnn.storage.archive import read_archive, write_archive
from abcrnn.storage.progress import progress_bar

_logger = logging.getLogger(__name__)

_FORMAT = "abcrnn melodies 1"
_MIN_TUNES = 100  # fewer are read in half a second
_MAX_FILES = 16


def load_melodies(corpus: Corpus) -> NoveltyIndex:
    """Return the index of the tunes of a corpus, from the cache folder if it is there.

    The index of at least 100 tunes is written to the subfolder ``melodies`` of the cache
    folder, which keeps the 16 that were used last.

    Parameters
    ----------
    corpus : Corpus

    Returns
    -------
    NoveltyIndex
    """
    if len(corpus.tunes) < _MIN_TUNES:
        return NoveltyIndex(corpus.tunes)
    key = hashlib.sha256(f"{_code_digest()} {corpus.fingerprint}".encode()).hexdigest()
    file = cache_folder() / "melodies" / f"{key[:32]}.index"
    index = _read(file, len(corpus.tunes))
    if index is None:
        tunes = progress_bar(
            corpus.tunes, desc=f"reading the melodies of {corpus.name}", unit="tune", leave=False
        )
        index = NoveltyIndex(tunes)
        _write(file, index)
    return index


def _code_digest() -> str:
    """Return a digest of the modules that read melodies."""
    return code_digest(novelty)


def _read(file: Path, tunes: int) -> NoveltyIndex | None:
    """Return the index in a file; None if there is none, or an invalid one."""
    try:
        _, arrays = read_archive(file, _FORMAT)
        index = NoveltyIndex.from_arrays(arrays)
        if len(arrays["ends"]) != tunes:
            raise ValueError(f"it has {len(arrays['ends'])} tunes, not {tunes}")
        file.touch()  # the files that were used last are kept
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        _logger.warning("%s cannot be used (%s); the melodies are read again", file, error)
        return None
    return index


def _write(file: Path, index: NoveltyIndex) -> None:
    """Write a file, and remove those that were not used for longest; errors are only logged."""
    try:
        write_archive(file, _FORMAT, {}, index.to_arrays())
        keep_last_used(file, _MAX_FILES)
    except OSError as error:
        _logger.warning("the melodies could not be cached: %s", error)
