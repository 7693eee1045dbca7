"""The cards of the named corpora: where their files are, and what must be in them.

A card is a small TOML file in ``corpora/``. The tunes are other people's: they
are read from the installed music21 package, or fetched on first use into a
cache folder (``ABCRNN_DATA``, or the user's own) and checked by SHA-256.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

CACHE_VARIABLE = "ABCRNN_DATA"


@dataclass(frozen=True)
class Card:
    """What is known of a corpus.

    Parameters
    ----------
    name, title, licence, homepage : str
    tunes, duplicates, vocabulary_size, bytes : int
        What its files must hold; duplicates are tunes whose body an earlier one has.
    base_url : str
        Address of the folder of its files, pinned to a commit; empty if embedded.
    files : dict of str to str
        File name to SHA-256, in reading order.
    music21_folder : str
        Folder of ``music21/corpus`` that has them; empty if fetched.
    """

    name: str
    title: str
    licence: str
    homepage: str
    tunes: int
    duplicates: int
    vocabulary_size: int
    bytes: int
    base_url: str = ""
    files: dict[str, str] = field(default_factory=dict)
    music21_folder: str = ""


def card_names() -> list[str]:
    """Names of the corpora, in order."""
    return sorted(path.stem for path in _card_folder().glob("*.toml"))


def read_card(name: str) -> Card:
    """Read the card of a corpus; ``ValueError`` names the corpora there are."""
    if name not in card_names():
        raise ValueError(f"no corpus {name!r}; there are {', '.join(card_names())}")
    with open(_card_folder() / f"{name}.toml", "rb") as file:
        return Card(name=name, **tomllib.load(file))


def fetch_card(card: Card) -> list[Path]:
    """Return the files of a corpus, fetching those that are not here yet.

    Raises
    ------
    ConnectionError
        If a file cannot be fetched; nothing half is left behind.
    ValueError
        If a file is not the one the card knows.
    """
    if card.music21_folder:
        return _embedded(card)
    return [_fetch(card, name) for name in card.files]


def is_here(card: Card) -> bool:
    """Whether the corpus can be read without a network."""
    if card.music21_folder:
        return True
    return all((cache_folder() / name).is_file() for name in card.files)


def cache_folder() -> Path:
    """Return where fetched corpora are kept."""
    if os.environ.get(CACHE_VARIABLE):
        return Path(os.environ[CACHE_VARIABLE]).expanduser()
    import pooch

    return Path(pooch.os_cache("abcrnn"))


def _card_folder() -> Path:
    # In a wheel the cards are inside the package, in a checkout beside it.
    package = Path(__file__).resolve().parents[1]
    inside = package / "corpora"
    return inside if inside.is_dir() else package.parent / "corpora"


def _embedded(card: Card) -> list[Path]:
    # Found without importing it: music21 takes a third of a second to import.
    spec = find_spec("music21")
    if spec is None or spec.origin is None:
        raise ValueError(f"{card.name} comes with music21, which is not installed")
    folder = Path(spec.origin).parent / "corpus" / card.music21_folder
    files = sorted(folder.glob("*.abc"))
    if not files:
        raise ValueError(f"the installed music21 has no {folder}; install music21 10 or newer")
    return files


def _fetch(card: Card, name: str) -> Path:
    import pooch
    import requests

    url = card.base_url + name
    here = cache_folder() / name
    if here.is_file() and pooch.file_hash(str(here)) != card.files[name]:
        # It may be somebody's own: pooch would fetch anew and write over it.
        raise ValueError(
            f"{here} is not the file that the card of {card.name} knows (its SHA-256 differs): "
            "move it away to have it fetched anew, or give its path to read it as your own"
        )
    wanted = f"sha256:{card.files[name]}"
    try:
        found = pooch.retrieve(
            url, known_hash=wanted, fname=name, path=cache_folder(), progressbar=True
        )
    except requests.RequestException as error:
        raise ConnectionError(
            f"{name} of the corpus {card.name} could not be fetched from {url} ({error}). "
            f"With the file at hand, put it into {cache_folder()}, or set {CACHE_VARIABLE} "
            "to its folder; the corpora oneills, airds, ryans and essen need no network"
        ) from error
    except ValueError as error:
        raise ValueError(
            f"{url} did not give the file that the card of {card.name} knows (its SHA-256 "
            "differs): it was cut off or altered on its way; nothing was kept"
        ) from error
    return Path(found)
