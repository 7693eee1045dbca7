"""Write the file and the card of a model that is to come with the package."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from abcrnn.models import pretrained
from abcrnn.models.character_model import CharacterModel
from abcrnn.models.model_file import load_model
from abcrnn.models.pretrained import PretrainedModel
from abcrnn.storage.atomic import write_text


def save_pretrained(
    model: CharacterModel,
    name: str,
    *,
    title: str,
    data: str,
    licence: str,
    scores: Mapping[str, float],
    folder: Path | None = None,
) -> PretrainedModel:
    """Save a model in half precision, with its card.

    Parameters
    ----------
    model : CharacterModel
    name : str
    title, data, licence, scores
        See :class:`abcrnn.models.pretrained.PretrainedModel`.
    folder : Path, optional
        Folder to write; the default is that of the package.

    Returns
    -------
    PretrainedModel
    """
    folder = folder or pretrained.FOLDER
    path = folder / f"{name}.abcrnn"
    model.save(path, precision="half")
    content = path.read_bytes()
    card = PretrainedModel(
        name=name,
        title=title,
        data=data,
        licence=licence,
        parameters=model.count_params(),
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        fingerprint=load_model(path).fingerprint,  # of the rounded weights
        scores=dict(scores),
    )
    values = {key: value for key, value in asdict(card).items() if key != "name"}
    write_text(folder / f"{name}.json", json.dumps(values, indent=1, ensure_ascii=False) + "\n")
    return card
