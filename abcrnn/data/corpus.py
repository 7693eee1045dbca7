r"""Corpora: tunes by name or from one's own files, cleaned and split.

A corpus holds whole tunes as text: lines end in ``\n``, a tune has no blank
line and no line end at its close. A split is by tune, and tunes with the same
body never stand on two sides of it. Tunes from large files are not held in
memory: they are encoded once into the cache folder, and decoded when asked for.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from abcrnn.data.registry import (
    CACHE_VARIABLE,
    Card,
    cache_folder,
    card_names,
    fetch_card,
    read_card,
)
from abcrnn.data.store import BOUNDARY, FORMAT, StoredTunes
from abcrnn.data.store_writer import body_digest, open_store, store_tunes
from abcrnn.data.vocabulary import Vocabulary
from abcrnn.notation import Block, drop_fields, read_blocks
from abcrnn.storage.validation import require_shares

_logger = logging.getLogger(__name__)

_IN_MEMORY = 32 * 2**20  # bytes of files; the tunes of larger ones are kept in a store

_PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Corpus:
    """Tunes to learn from.

    Parameters
    ----------
    name : str
    tunes : sequence of str
        A tuple, or :class:`abcrnn.data.store.StoredTunes` where the files are large.
    fragments : tuple of Block
        What stood outside tunes; not trained on. Of large files only the first.
    origin : dict
        Where the tunes were taken from, so that a saved model can tell which
        ones it has not seen: the whole corpus and how it was split.
    more_fragments : int
        How many there were beyond those in ``fragments``.
    """

    name: str
    tunes: Sequence[str]
    fragments: tuple[Block, ...] = ()
    origin: dict[str, Any] | None = None
    more_fragments: int = 0

    @cached_property
    def text(self) -> str:
        """All tunes, a blank line between two, one line end at the close; all of it in memory."""
        return "\n\n".join(self.tunes) + "\n"

    @cached_property
    def character_counts(self) -> Counter[str]:
        """How often each character comes in the text."""
        if isinstance(self.tunes, StoredTunes):
            return self.tunes.counts - Counter("\n")  # each of its tunes is closed by two
        return Counter(self.text)

    @property
    def vocabulary(self) -> Vocabulary:
        """The characters of the text."""
        return Vocabulary("".join(sorted(self.character_counts)))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the text, in hexadecimal."""
        if isinstance(self.tunes, StoredTunes) and self.tunes.is_whole:
            return self.tunes.store.fingerprint
        digest, between = hashlib.sha256(), ""
        for tune in self.tunes:
            digest.update((between + tune).encode("utf-8", "surrogatepass"))
            between = BOUNDARY
        digest.update(b"\n")
        return digest.hexdigest()

    @property
    def duplicates(self) -> int:
        """Number of tunes whose body, white space aside, an earlier tune has too."""
        return len(self.tunes) - len(np.unique(_bodies(self.tunes)))

    def split(
        self, validation: float = 0.1, test: float = 0.1, seed: int = 0
    ) -> tuple[Corpus, Corpus, Corpus]:
        """Split by tune, the same way for the same seed.

        Parameters
        ----------
        validation, test : float
            Shares of the tunes, from 0; together less than 1.
        seed : int

        Returns
        -------
        train, validation, test : Corpus
            Tunes in the order of the corpus.

        Raises
        ------
        ValueError
            If a share is out of range, or there are too few tunes for it.
        """
        require_shares(validation, test)
        part_of = self._deal(
            round(validation * len(self.tunes)), round(test * len(self.tunes)), seed
        )
        for part, share in (("train", 1.0), ("validation", validation), ("test", test)):
            if share > 0 and not (part_of == _PARTS.index(part)).any():
                raise ValueError(
                    f"{self.name} has {len(self.tunes)} tunes, too few to set {share:g} of them "
                    f"aside for {part}; give validation=0 and test=0 to train on all"
                )
        how = {"validation": validation, "test": test, "seed": seed}
        whole = {"corpus": self.name, "fingerprint": self.fingerprint, "split": how}
        train, held_out, unseen = (self._part(part, part_of, whole) for part in _PARTS)
        return train, held_out, unseen

    def without_fields(self, letters: str) -> Corpus:
        """Leave header fields out of every tune.

        A model that learns to write ``Z:Transcribed by ...`` credits people with
        what they never did, and spends itself on it.

        Parameters
        ----------
        letters : str
            Of the fields, such as ``"BNSZ"``; not ``X`` or ``K``, which make a tune.

        Returns
        -------
        Corpus
            Its tunes are in memory, also where these are kept in a file.
        """
        if set(letters) & set("XK"):
            raise ValueError(f"a tune needs its X: and K: fields; cannot leave out {letters!r}")
        tunes = tuple(drop_fields(tune, letters) for tune in self.tunes)
        return replace(self, tunes=tunes, origin={**(self.origin or {}), "without": letters})

    def describe(self) -> dict[str, Any]:
        """Name, size, fingerprint and origin, as saved with runs and models."""
        return {
            "name": self.name,
            "tunes": len(self.tunes),
            "fingerprint": self.fingerprint,
            "origin": self.origin,
        }

    def _deal(self, validation: int, test: int, seed: int) -> NDArray[np.int8]:
        """Deal the tunes out: of each, its place in ``_PARTS``.

        Tunes of one body go together, shuffled bodies first to the test, until it
        has enough tunes, then to the validation, then to the training.
        """
        body = _number_bodies(_bodies(self.tunes))
        sizes = np.bincount(body)
        order = np.random.default_rng(seed).permutation(len(sizes))
        before = np.cumsum(sizes[order]) - sizes[order]  # tunes dealt before each body
        tested = np.searchsorted(before, test)
        validated = np.searchsorted(before, sizes[order[:tested]].sum() + validation)
        part_of = np.zeros(len(sizes), np.int8)
        part_of[order[:validated]] = _PARTS.index("validation")
        part_of[order[:tested]] = _PARTS.index("test")
        return part_of[body]

    def _part(self, name: str, part_of: NDArray[np.int8], whole: dict[str, Any]) -> Corpus:
        places = np.flatnonzero(part_of == _PARTS.index(name))
        tunes: Sequence[str]
        if isinstance(self.tunes, StoredTunes):
            tunes = StoredTunes(self.tunes.store, self.tunes.places[places])
        else:
            tunes = tuple(self.tunes[place] for place in places.tolist())
        return Corpus(f"{self.name}/{name}", tunes, origin={**whole, "part": name})


def load_corpus(source: str | os.PathLike[str]) -> Corpus:
    """Load a corpus by name, or from a file or folder of one's own.

    Parameters
    ----------
    source : str or path-like
        A name of ``abcrnn corpora list`` (fetched on first use), or the path of
        an ``.abc`` file, or of a folder, in which every ``.abc`` file is read. More
        than 32 MiB are encoded into the cache folder, once for the same content.

    Raises
    ------
    FileNotFoundError
        If it is neither a name nor a path.
    ValueError
        If a file is empty, not text, or holds no tune (no line ``X:``); or if a
        fetched file is not what the card says.
    ConnectionError
        If a corpus has to be fetched and cannot be.
    OSError
        If a file cannot be read, or a large one not be encoded into the cache folder.
    """
    if str(source) in card_names():
        card = read_card(str(source))
        return _from_files(card.name, fetch_card(card))
    path = Path(source)
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.suffix.lower() == ".abc" and p.is_file())
        if not files:
            raise ValueError(f"{path} holds no .abc file")
        return _from_files(path.resolve().name, files)
    if path.is_file():
        return _from_files(path.stem, [path])
    raise FileNotFoundError(
        f"{source} is neither a file or folder nor a corpus; "
        f"the corpora are {', '.join(card_names())}"
    )


def read_lines(path: str | os.PathLike[str]) -> Iterator[str]:
    r"""Read text line by line as UTF-8; a line that is not is read as Latin-1, said in the log.

    Yields
    ------
    str
        A line, ending in ``\n`` whatever the file's line ends are.

    Raises
    ------
    ValueError
        If the file is empty or binary.
    """
    with open(path, "rb") as file:
        if file.read(2) in (b"\xff\xfe", b"\xfe\xff"):
            raise ValueError(f"{path} is UTF-16; save it as UTF-8")
    empty, latin = True, 0
    with open(path, encoding="utf-8-sig", errors="surrogateescape") as file:
        for number, line in enumerate(file, start=1):
            if "\0" in line:
                raise ValueError(f"{path} is not text: it has a NUL byte in line {number}")
            if not line.isascii() and any("\udc80" <= c <= "\udcff" for c in line):
                line = line.encode("utf-8", "surrogateescape").decode("latin-1")
                latin = latin or number
            empty = empty and not line.strip()
            yield line
    if empty:
        raise ValueError(f"{path} is empty; a tunebook in ABC notation was expected")
    if latin:
        _logger.warning("%s is not all UTF-8: lines such as %d read as Latin-1", path, latin)


def _from_files(name: str, files: list[Path]) -> Corpus:
    if sum(file.stat().st_size for file in files) > _IN_MEMORY:
        return _stored(name, files)
    blocks = list(_blocks(name, files))
    tunes = tuple(block.text for block in blocks if block.is_tune)
    return Corpus(name, tunes, tuple(block for block in blocks if not block.is_tune))


def _stored(name: str, files: list[Path]) -> Corpus:
    folder = cache_folder() / "stored" / _content_key(files)
    try:
        store = open_store(folder) or store_tunes(folder, _shown(name, files))
    except OSError as error:
        raise OSError(
            f"{name} could not be encoded into {folder.parent} ({error}): "
            f"set {CACHE_VARIABLE} to a folder that has room for it"
        ) from error
    fragments = tuple(Block(*fragment) for fragment in store.fragments)
    more = store.fragment_count - len(fragments)
    return Corpus(name, StoredTunes(store), fragments, more_fragments=more)


def _content_key(files: list[Path]) -> str:
    """Name what is in files: a file of a store's form and these contents is always the same."""
    key = hashlib.sha256(FORMAT.encode())
    for path in files:
        with open(path, "rb") as file:
            key.update(hashlib.file_digest(file, "sha256").digest())
    return key.hexdigest()


def _blocks(name: str, files: list[Path]) -> Iterator[Block]:
    tunes = 0
    for file in files:
        for block in read_blocks(read_lines(file)):
            tunes += block.is_tune
            yield block
    if not tunes:
        where = str(files[0]) if len(files) == 1 else f"{name} ({len(files)} files)"
        raise ValueError(f"{where} holds no tune: in ABC notation each begins with a line X:")


def _shown(name: str, files: list[Path]) -> Iterator[Block]:
    """Yield the blocks of files under a bar that shows how far they are read."""
    total = sum(file.stat().st_size for file in files)
    with tqdm(
        total=total, desc=f"encoding {name}", unit="B", unit_scale=True, disable=None, leave=False
    ) as bar:
        for block in _blocks(name, files):
            yield block
            bar.update(len(block.text) + 2)


def _bodies(tunes: Sequence[str]) -> NDArray[np.uint64]:
    if isinstance(tunes, StoredTunes):
        return tunes.bodies()
    return np.frombuffer(b"".join(map(body_digest, tunes)), "<u8")


def _number_bodies(bodies: NDArray[np.uint64]) -> NDArray[np.intp]:
    """Return the number of each tune's body, counted from 0 in order of first appearance."""
    _, first, body = np.unique(bodies, return_index=True, return_inverse=True)
    numbers = np.empty(len(first), np.intp)
    numbers[np.argsort(first)] = np.arange(len(first))
    return numbers[body]


__all__ = ["Card", "Corpus", "load_corpus", "read_lines"]
