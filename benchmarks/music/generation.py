"""Generate tunes with a model; a stopped program continues where it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from abcrnn import Sampler
from abcrnn.storage.atomic import write_text
from abcrnn.storage.progress import progress_bar

#: Tunes that are generated and stored at a time. Another number gives other tunes.
CHUNK = 40


class Settings(NamedTuple):
    """How tunes are generated, under the constraint that bars add up.

    Parameters
    ----------
    tunes : int
    temperature : float
    seed : int
    max_length : int
        Maximum length of a tune, in characters.
    """

    tunes: int = 200
    temperature: float = 0.8
    seed: int = 0
    max_length: int = 2000


def generate(model: Any, settings: Settings, folder: Path) -> list[str]:
    """Return tunes of a model.

    Parameters
    ----------
    model : CharLSTM
    settings : Settings
    folder : Path
        For a file with the tunes, which is written after every :data:`CHUNK` tunes. A run
        with the same model and settings reads the tunes that are in it.

    Returns
    -------
    list of str
    """
    name = f"{model.fingerprint[:16]}-{settings.temperature:g}-{settings.seed}"
    file = folder / f"{name}-{settings.max_length}.json"
    chunks: list[list[str]] = json.loads(file.read_text("utf-8")) if file.exists() else []
    needed = -(-settings.tunes // CHUNK)
    for number in progress_bar(range(needed), unit="chunk", leave=False):
        if number >= len(chunks):
            chunks.append(_chunk(model, settings, number))
            write_text(file, json.dumps(chunks, ensure_ascii=False))
    return [tune for chunk in chunks for tune in chunk][: settings.tunes]


def _chunk(model: Any, settings: Settings, number: int) -> list[str]:
    sampler = Sampler(
        model,
        temperature=settings.temperature,
        seed=1_000_000 * settings.seed + number,
        constraint="bars",
    )
    return sampler.tunes(CHUNK, max_length=settings.max_length)
