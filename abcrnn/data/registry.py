"""The registry of named corpora: where their files come from and what they contain.

Each corpus has a card, a small TOML file in ``corpora/``. The tunes are not part of
this package: they are read from the installed music21 package, or fetched on first
use into a cache folder (``ABCRNN_DATA``, or the user's cache folder) and verified
by SHA-256.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

#: Environment variable that names the cache folder.
CACHE_VARIABLE = "ABCRNN_DATA"


@dataclass(frozen=True)
class Card:
    """Description of a named corpus.

    Parameters
    ----------
    name, title, licence, homepage : str
    tunes, duplicates, vocabulary_size : int
        Number of tunes, of tunes with the body of an earlier tune, and of distinct
        characters.
    bytes : int
        Size of all files.
    text_bytes, tidied_bytes : int
        Size of :attr:`Corpus.text` in UTF-8, as it is and with formatted tunes; 0 if unknown.
    base_url : str
        URL of the folder of the files, pinned to a commit; empty if music21 has them.
    files : dict of str to str
        SHA-256 of each file by its name, in reading order; empty if music21 has them.
    music21_folder : str
        Folder in ``music21/corpus`` with the files; empty if they are fetched.
    """

    name: str
    title: str
    licence: str
    homepage: str
    tunes: int
    duplicates: int
    vocabulary_size: int
    bytes: int
    text_bytes: int = 0
    tidied_bytes: int = 0
    base_url: str = ""
    files: dict[str, str] = field(default_factory=dict)
    music21_folder: str = ""


def card_names() -> list[str]:
    """Return the names of the corpora in alphabetical order."""
    return sorted(path.stem for path in _card_folder().glob("*.toml"))


def read_card(name: str) -> Card:
    """Read the card of a corpus; ``ValueError`` if there is no corpus of that name."""
    if name not in card_names():
        raise ValueError(f"no corpus {name!r}; the corpora are {', '.join(card_names())}")
    with open(_card_folder() / f"{name}.toml", "rb") as file:
        return Card(name=name, **tomllib.load(file))


def fetch_card(card: Card) -> list[Path]:
    """Return the paths of the files of a corpus, fetching files that are not in the cache.

    Raises
    ------
    ConnectionError
        If a file cannot be fetched; no partial file remains.
    ValueError
        If the SHA-256 of a file differs from that on the card, or music21 lacks it.
    """
    if card.music21_folder:
        return _find_in_music21(card)
    return [_fetch(card, name) for name in card.files]


def is_here(card: Card) -> bool:
    """Return whether the corpus can be read without a network."""
    if card.music21_folder:
        return True
    return all((cache_folder() / name).is_file() for name in card.files)


def cache_folder() -> Path:
    """Return the folder of fetched corpora and of other cached data."""
    if os.environ.get(CACHE_VARIABLE):
        return Path(os.environ[CACHE_VARIABLE]).expanduser()
    import pooch

    return Path(pooch.os_cache("abcrnn"))


def _card_folder() -> Path:
    # In a wheel the cards are inside the package, in a checkout next to it.
    package = Path(__file__).resolve().parents[1]
    inside = package / "corpora"
    return inside if inside.is_dir() else package.parent / "corpora"


def _find_in_music21(card: Card) -> list[Path]:
    # Without importing music21, which takes a third of a second.
    spec = find_spec("music21")
    if spec is None or spec.origin is None:
        raise ValueError(f"{card.name} is part of music21, which is not installed")
    folder = Path(spec.origin).parent / "corpus" / card.music21_folder
    files = sorted(folder.glob("*.abc"))
    if not files:
        raise ValueError(
            f"the installed music21 lacks the folder {folder}; "
            "install the complete music21 package from PyPI"
        )
    return files


def _fetch(card: Card, name: str) -> Path:
    import pooch
    import requests

    url, sha256 = card.base_url + name, card.files[name]
    path = cache_folder() / name
    if path.is_file() and pooch.file_hash(str(path)) != sha256:
        # It may be a file of the user's; pooch would overwrite it.
        raise ValueError(
            f"{path} is not the file of the corpus {card.name} (its SHA-256 differs): "
            "move it to another folder to fetch the corpus again, or load it by its path"
        )
    try:
        fetched = pooch.retrieve(
            url, known_hash=f"sha256:{sha256}", fname=name, path=cache_folder(), progressbar=True
        )
    except requests.RequestException as error:
        raise ConnectionError(
            f"{name} of the corpus {card.name} could not be fetched from {url} ({error}). "
            f"If you have the file, put it into {cache_folder()} or set {CACHE_VARIABLE} "
            "to its folder; the corpora airds, essen, oneills and ryans need no network"
        ) from error
    except ValueError as error:
        raise ValueError(
            f"the file fetched from {url} is not that of the corpus {card.name} (its SHA-256 "
            "differs): it was truncated or modified; nothing was saved"
        ) from error
    return Path(fetched)
