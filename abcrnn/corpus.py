r"""Corpora: tunes by name or from one's own files, cleaned and split.

A corpus holds whole tunes as text: lines end in ``\n``, a tune has no blank
line and no line end at its close. A split is by tune, and tunes with the same
body never stand on two sides of it.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from abcrnn.cards import Card, card_names, fetch_card, read_card
from abcrnn.notation import Block, drop_fields, read_blocks, tune_body

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Corpus:
    """Tunes to learn from.

    Parameters
    ----------
    name : str
    tunes : tuple of str
    fragments : tuple of Block
        What stood outside tunes; not trained on.
    origin : dict
        Where the tunes were taken from, so that a saved model can tell which
        ones it has not seen: the whole corpus and how it was split.
    """

    name: str
    tunes: tuple[str, ...]
    fragments: tuple[Block, ...] = ()
    origin: dict[str, Any] | None = None

    @cached_property
    def text(self) -> str:
        """All tunes, a blank line between two, one line end at the close."""
        return "\n\n".join(self.tunes) + "\n"

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the text, in hexadecimal."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def duplicates(self) -> int:
        """Number of tunes whose body, white space aside, an earlier tune has too."""
        return len(self.tunes) - len(_groups(self.tunes))

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
        if not (0 <= validation < 1 and 0 <= test < 1 and validation + test < 1):
            raise ValueError(
                "validation and test must be shares from 0, together less than 1, "
                f"not {validation!r} and {test!r}"
            )
        groups = _groups(self.tunes)
        wanted = {
            "test": round(test * len(self.tunes)),
            "validation": round(validation * len(self.tunes)),
        }
        parts: dict[str, list[int]] = {"train": [], "validation": [], "test": []}
        for index in np.random.default_rng(seed).permutation(len(groups)):
            part = next((p for p, size in wanted.items() if len(parts[p]) < size), "train")
            parts[part].extend(groups[index])
        for part, share in (("train", 1.0), ("validation", validation), ("test", test)):
            if share > 0 and not parts[part]:
                raise ValueError(
                    f"{self.name} has {len(self.tunes)} tunes, too few to set {share:g} of them "
                    f"aside for {part}; give validation=0 and test=0 to train on all"
                )
        how = {"validation": validation, "test": test, "seed": seed}
        whole = {"corpus": self.name, "fingerprint": self.fingerprint, "split": how}
        return (
            self._part("train", parts, whole),
            self._part("validation", parts, whole),
            self._part("test", parts, whole),
        )

    def without_fields(self, letters: str) -> Corpus:
        """Leave header fields out of every tune.

        A model that learns to write ``Z:Transcribed by ...`` credits people with
        what they never did, and spends itself on it.

        Parameters
        ----------
        letters : str
            Of the fields, such as ``"BNSZ"``; not ``X`` or ``K``, which make a tune.
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

    def _part(self, name: str, parts: dict[str, list[int]], whole: dict[str, Any]) -> Corpus:
        tunes = tuple(self.tunes[i] for i in sorted(parts[name]))
        return replace(
            self,
            name=f"{self.name}/{name}",
            tunes=tunes,
            fragments=(),
            origin={**whole, "part": name},
        )


def load_corpus(source: str | os.PathLike[str]) -> Corpus:
    """Load a corpus by name, or from a file or folder of one's own.

    Parameters
    ----------
    source : str or path-like
        A name of ``abcrnn corpora list`` (fetched on first use), or the path of
        an ``.abc`` file, or of a folder, in which every ``.abc`` file is read.

    Raises
    ------
    FileNotFoundError
        If it is neither a name nor a path.
    ValueError
        If a file is empty, not text, or holds no tune (no line ``X:``); or if a
        fetched file is not what the card says.
    ConnectionError
        If a corpus has to be fetched and cannot be.
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
    tunes: list[str] = []
    fragments: list[Block] = []
    for file in files:
        for block in read_blocks(read_lines(file)):
            if block.is_tune:
                tunes.append(block.text)
            else:
                fragments.append(block)
    if not tunes:
        where = str(files[0]) if len(files) == 1 else f"{name} ({len(files)} files)"
        raise ValueError(f"{where} holds no tune: in ABC notation each begins with a line X:")
    return Corpus(name, tuple(tunes), tuple(fragments))


def _groups(tunes: tuple[str, ...]) -> list[list[int]]:
    """Group the indices of the tunes by body."""
    groups: dict[str, list[int]] = {}
    for index, tune in enumerate(tunes):
        groups.setdefault("".join(tune_body(tune).split()), []).append(index)
    return list(groups.values())


__all__ = ["Card", "Corpus", "load_corpus", "read_lines"]
