r"""Corpora: tunes loaded by name or from files, and split into parts.

A corpus holds whole tunes as text. Lines end in ``\n``; a tune contains no blank
line and does not end in a line end. The tunes of large files are not kept in memory:
they are encoded once into a store in the cache folder and decoded when they are read.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abcrnn.data.corpus_sources import find_source, report_lost_music, require_tunes
from abcrnn.data.registry import (
    CACHE_VARIABLE,
    cache_folder,
    card_names,
)
from abcrnn.data.splits import (
    PARTS,
    Subject,
    assign_parts,
    body_digest,
    describe_split,
    digest_array,
)
from abcrnn.data.store import BOUNDARY, FORMAT, StoredTunes
from abcrnn.data.store_writer import open_store, store_tunes, store_without_fields
from abcrnn.data.tunebook_files import (
    read_tunebooks,
)
from abcrnn.data.vocabulary import Vocabulary
from abcrnn.notation import Block, drop_fields
from abcrnn.storage.progress import progress_bar
from abcrnn.storage.validation import require_several

_logger = logging.getLogger(__name__)

_READING = 2  # number of the rules by which files become tunes; part of the name of a store
_MAX_BYTES_IN_MEMORY = 32 * 2**20  # the tunes of larger files are kept in a store


@dataclass(frozen=True)
class Corpus:
    """A collection of tunes.

    Parameters
    ----------
    name : str
    tunes : sequence of str
        A tuple, or :class:`abcrnn.data.store.StoredTunes` if the files are large.
    fragments : tuple of Block
        Text outside tunes, which is not used for training. Of large files only the
        first fragments are kept.
    origin : dict
        For a part of a corpus: the name and fingerprint of the whole corpus and how
        it was split. A saved model records it, so that its held-out tunes are known.
    more_fragments : int
        Number of fragments that are not in ``fragments``.
    digests : ndarray, shape (tunes,), uint64, optional
        For tunes whose text was changed, the result of :meth:`body_digests` before the
        change.
    """

    name: str
    tunes: Sequence[str]
    fragments: tuple[Block, ...] = ()
    origin: dict[str, Any] | None = None
    more_fragments: int = 0
    digests: NDArray[np.uint64] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        require_several("tunes", self.tunes)

    def __repr__(self) -> str:
        return f"Corpus({self.name!r}, tunes={len(self.tunes)})"

    @cached_property
    def text(self) -> str:
        """All tunes, separated by blank lines, with one line end after the last; held in memory."""
        return "\n\n".join(self.tunes) + "\n"

    @cached_property
    def character_counts(self) -> Counter[str]:
        """Number of occurrences of each character in the text."""
        if isinstance(self.tunes, StoredTunes):
            return self.tunes.counts - Counter("\n")  # the text ends in one line end, not in two
        return Counter(self.text)

    @property
    def vocabulary(self) -> Vocabulary:
        """The vocabulary of the distinct characters of the text."""
        return Vocabulary("".join(sorted(self.character_counts)))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of :attr:`text` in UTF-8, as 64 hexadecimal digits.

        The text is all tunes in order, separated by blank lines, with one line end after
        the last. Lone surrogates are encoded as ``surrogatepass`` does.
        """
        if isinstance(self.tunes, StoredTunes) and self.tunes.is_whole:
            return self.tunes.store.fingerprint
        digest, separator = hashlib.sha256(), ""
        for tune in self.tunes:
            digest.update((separator + tune).encode("utf-8", "surrogatepass"))
            separator = BOUNDARY
        digest.update(b"\n")
        return digest.hexdigest()

    @property
    def duplicates(self) -> int:
        """Number of tunes with the same body, apart from white space, as an earlier tune."""
        return len(self.tunes) - len(np.unique(self.body_digests()))

    def body_digests(self) -> NDArray[np.uint64]:
        """Return a 64-bit digest of each tune's body without its white space.

        Tunes whose headers differ but whose bodies agree have equal digests.

        Returns
        -------
        ndarray, shape (tunes,), uint64
        """
        if self.digests is not None:
            return self.digests
        if isinstance(self.tunes, StoredTunes):
            return self.tunes.body_digests()
        return digest_array(map(body_digest, self.tunes))

    def split(
        self, validation: float = 0.1, test: float = 0.1, seed: int = 0, rule: str = "hash"
    ) -> tuple[Corpus, Corpus, Corpus]:
        """Split the corpus by tune. Tunes with the same body are in the same part.

        With the default rule the part of a tune depends only on its body, the shares
        and the seed: tunes that are added to the corpus later do not move the others.
        See :mod:`abcrnn.data.splits`.

        Parameters
        ----------
        validation, test : float
            Shares of the tunes, from 0; together less than 1. The parts have about
            these shares.
        seed : int
        rule : {"hash", "shuffle"}
            ``"shuffle"`` is the earlier rule. Use it to resume a run whose ``run.json``
            records no rule.

        Returns
        -------
        train, validation, test : Corpus
            Tunes in the order of the corpus.

        Raises
        ------
        ValueError
            If an argument is out of range, or there are too few tunes for a part.
        """
        subject = Subject(self.name, "tunes", "give validation=0 and test=0 to train on all")
        part_of = assign_parts(self.body_digests(), validation, test, seed, rule, subject=subject)
        origin = {
            "corpus": self.name,
            "fingerprint": self.fingerprint,
            "split": describe_split(validation, test, seed, rule),
        }
        train, second, third = (
            self.select(
                np.flatnonzero(part_of == index), f"{self.name}/{name}", {**origin, "part": name}
            )
            for index, name in enumerate(PARTS)
        )
        return train, second, third

    def select(
        self, indices: NDArray[np.intp], name: str, origin: dict[str, Any] | None = None
    ) -> Corpus:
        """Return a corpus of the tunes with the given indices, without fragments.

        Parameters
        ----------
        indices : ndarray, shape (selected,), int
        name : str
            Name of the new corpus.
        origin : dict, optional
            Origin of the new corpus.

        Returns
        -------
        Corpus
        """
        tunes: Sequence[str]
        if isinstance(self.tunes, StoredTunes):
            tunes = StoredTunes(self.tunes.store, self.tunes.indices[indices])
        else:
            tunes = tuple(self.tunes[index] for index in indices.tolist())
        digests = None if self.digests is None else self.digests[indices]
        return Corpus(name, tunes, origin=origin, digests=digests)

    def without_fields(self, letters: str) -> Corpus:
        """Return a corpus whose tunes lack some header fields.

        A model that learns to write ``Z:Transcribed by ...`` attributes its tunes to
        people who did not write them, and spends part of its capacity on it.

        Parameters
        ----------
        letters : str
            Letters of the fields, such as ``"BNSZ"``. ``X`` and ``K`` are refused,
            because every tune needs them.

        Returns
        -------
        Corpus
            Its tunes are in a store of their own if those of this corpus are in one.

        Raises
        ------
        ValueError
            If ``letters`` is not a string, or contains X or K.
        """
        if not isinstance(letters, str):
            raise ValueError(f"letters must be a string such as 'BNSZ', not {letters!r:.80}")
        if set(letters) & set("XK"):
            raise ValueError(f"letters must not contain X or K, which a tune needs: {letters!r}")
        tunes: Sequence[str]
        if isinstance(self.tunes, StoredTunes):
            tunes = store_without_fields(self.tunes, letters)
        else:
            tunes = tuple(drop_fields(tune, letters) for tune in self.tunes)
        return replace(self, tunes=tunes, origin={**(self.origin or {}), "without": letters})

    def describe(self) -> dict[str, Any]:
        """Return name, size, fingerprint and origin, as recorded by runs and models."""
        return {
            "name": self.name,
            "tunes": len(self.tunes),
            "fingerprint": self.fingerprint,
            "origin": self.origin,
        }


def require_corpus(name: str, value: Any) -> None:
    """Raise ``TypeError`` unless an argument is a corpus."""
    if not isinstance(value, Corpus):
        raise TypeError(f"{name} must be a Corpus, such as load_corpus('jigs'), not {value!r:.80}")


def load_corpus(source: str | os.PathLike[str], join_blank: bool = False) -> Corpus:
    """Load a corpus by name, or from a file or folder.

    Skipped content, such as music outside tunes or files that cannot be read, is logged.

    Parameters
    ----------
    source : str or path-like
        A name listed by ``abcrnn corpora list`` (fetched on first use), the path of
        an ``.abc`` file, the path of a folder, in which every ``.abc`` file is read, or
        a pattern such as ``"tunes/*.abc"``. ``-`` is standard input. Files of more than
        32 MiB in all are encoded into the cache folder, once for the same content.
    join_blank : bool
        Whether music after an empty line belongs to the tune before it. By the standard,
        a tune ends at an empty line. A file in which every tune has an empty line between
        header and music, as on web pages, is always read in this way.

    Returns
    -------
    Corpus

    Raises
    ------
    FileNotFoundError
        If the source is neither a name nor an existing path.
    ValueError
        If a file is empty, is not text or contains no tune (no line ``X:``), or if
        the checksum of a fetched file is wrong. In a folder, such files are skipped.
    ConnectionError
        If a corpus cannot be fetched.
    OSError
        If a file cannot be read, or a large one cannot be encoded into the cache folder.

    Examples
    --------
    >>> load_corpus("oneills")
    Corpus('oneills', tunes=2009)
    """
    corpus = _load_files(*find_source(source), join_blank)
    if str(source) not in card_names():
        report_lost_music(corpus.name, corpus.fragments)
    return corpus


def _load_files(name: str, files: list[Path], join_blank: bool = False) -> Corpus:
    if all(map(Path.is_file, files)) and _size(files) > _MAX_BYTES_IN_MEMORY:
        return _load_into_store(name, files, join_blank)
    blocks = list(_read_files(name, files, join_blank))
    tunes = tuple(block.text for block in blocks if block.is_tune)
    return Corpus(name, tunes, tuple(block for block in blocks if not block.is_tune))


def _size(files: list[Path]) -> int:
    """Return the size of files in bytes."""
    return sum(file.stat().st_size for file in files)


def _load_into_store(name: str, files: list[Path], join_blank: bool) -> Corpus:
    folder = cache_folder() / "stored" / _content_key(files, join_blank)
    try:
        store = open_store(folder) or store_tunes(
            folder, _read_with_progress(name, files, join_blank)
        )
    except OSError as error:
        raise OSError(
            f"{name} cannot be encoded into {folder.parent} ({error}): "
            f"set {CACHE_VARIABLE} to a folder with enough space"
        ) from error
    fragments = tuple(Block(text, line, tuple(numbers)) for text, line, numbers in store.fragments)
    more = store.fragment_count - len(fragments)
    return Corpus(name, StoredTunes(store), fragments, more_fragments=more)


def _content_key(files: list[Path], join_blank: bool) -> str:
    """Return a name for the store of these files: a hash of its format and their contents."""
    key = hashlib.sha256(f"{FORMAT} {_READING} {join_blank}".encode())
    for path in files:
        with open(path, "rb") as file:
            key.update(hashlib.file_digest(file, "sha256").digest())
    return key.hexdigest()


def _read_files(name: str, files: list[Path], join_blank: bool) -> Iterator[Block]:
    tunes = 0
    for _, block in read_tunebooks(files, join_blank):
        tunes += block.is_tune
        yield block
    require_tunes(tunes, name, files)


def _read_with_progress(name: str, files: list[Path], join_blank: bool) -> Iterator[Block]:
    total = _size(files)
    with progress_bar(
        total=total, desc=f"encoding {name}", unit="B", unit_scale=True, leave=False
    ) as bar:
        for block in _read_files(name, files, join_blank):
            yield block
            bar.update(len(block.text) + 2)
