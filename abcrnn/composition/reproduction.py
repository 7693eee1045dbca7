"""Generate composed tunes and rewritten bars again, from their comment lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from abcrnn.composition.accompaniment import accompanied_again
from abcrnn.composition.candidates import Candidates
from abcrnn.composition.layout import recorded_text
from abcrnn.composition.provenance import (
    NOT_REPRODUCED,
    Provenance,
    parse_provenance,
    provenance_lines,
    recorded_model,
    require_model,
)
from abcrnn.composition.rewriting import rewrite_again
from abcrnn.composition.rewriting_record import is_rewriting, parse_rewriting
from abcrnn.models.base import require_character_model
from abcrnn.models.model_file import load_model
from abcrnn.models.pretrained import PretrainedModel, find_fingerprint, pretrained_names
from abcrnn.notation import renumber

_NUMBER = re.compile(r"X:\s*([0-9]{1,9})\s*\n")


def reproduce(tune: str, model: Any = None) -> str:
    """Generate a composed tune again, byte for byte.

    Parameters
    ----------
    tune : str
        A tune from :func:`compose`. Its comment lines record the model, the seed, the
        settings and the requests; its music is not used. Or a tune from
        :func:`abcrnn.rewrite`: its comment lines record what the rewritten bars were
        before; the other bars must be unchanged.
    model : CharLSTM, optional
        The model that composed the tune, or rewrote it. By default it is the model of
        :func:`abcrnn.pretrained` that the comment lines record.

    Returns
    -------
    str
        The tune as :func:`compose` returned it, with the number (``X:``) and the comment
        lines of ``tune``, and with chord symbols if these lines record them.

    Raises
    ------
    ValueError
        If ``tune`` lacks the comment lines of :func:`compose`, they were changed, another
        model or a version with another grammar composed it, or this machine rounds
        differently.
    """
    if model is None:
        model = load_model(find_packaged([tune]).name)
    return reproduce_all([tune], model)[0]


def reproduce_all(tunes: Sequence[str], model: Any) -> list[str]:
    """Generate several composed tunes again, as :func:`reproduce` does for one.

    Tunes of the same composition are sampled in parallel, which is much faster than one
    call of :func:`reproduce` for each tune.

    Parameters
    ----------
    tunes : sequence of str
        Tunes from :func:`compose` or :func:`abcrnn.rewrite`; they may come from several
        calls.
    model : CharLSTM
        The model that composed the tunes.

    Returns
    -------
    list of str
        One for each tune, in order.

    Raises
    ------
    ValueError
        If a tune cannot be reproduced; see :func:`reproduce`.
    """
    require_character_model(model)
    composed = [tune for tune in tunes if not is_rewriting(tune)]
    again = iter(_compose_again(composed, model))
    return [rewrite_again(tune, model) if is_rewriting(tune) else next(again) for tune in tunes]


def validate_record(tune: str) -> None:
    """Raise ``ValueError`` unless a tune has valid comment lines of compose or rewrite.

    The error is an :class:`abcrnn.notation.ABCError` with a line where one of them is not
    valid.
    """
    parse_rewriting(tune) if is_rewriting(tune) else parse_provenance(tune)


def find_packaged(tunes: Sequence[str]) -> PretrainedModel:
    """Return the card of the model of the package that composed or rewrote tunes.

    Parameters
    ----------
    tunes : sequence of str
        Tunes with the comment lines of one model.

    Raises
    ------
    ValueError
        If a tune lacks these lines, the tunes are of several models, or the model is not one
        of the package.
    """
    recorded = [recorded_model(tune) for tune in tunes]
    if None in recorded:
        parse_provenance(tunes[recorded.index(None)])  # raises the error
    if len(set(recorded)) > 1:
        digits = ", ".join(sorted(map(str, set(recorded))))
        raise ValueError(f"the tunes were composed with several models ({digits}): name them")
    card = find_fingerprint(str(recorded[0]))
    if card is None:
        raise ValueError(
            f"the tune was composed with model {recorded[0]}, which is not a model of this version "
            f"of the package ({', '.join(pretrained_names())}): name the model"
        )
    return card


def _compose_again(tunes: Sequence[str], model: Any) -> list[str]:
    """Generate tunes of :func:`compose` again."""
    sources = [_source_of(tune, model) for tune in tunes]
    compositions: dict[str, list[Provenance]] = {}
    for source in sources:
        compositions.setdefault(_composition_key(source), []).append(source)
    generated: dict[tuple[str, int], str | None] = {}
    for key, same in compositions.items():
        streams = sorted({source.stream for source in same})
        for stream, tune in Candidates(model, same[0]).sample_again(streams):
            generated[key, stream] = tune
    return [
        _reproduced(tune, source, generated[_composition_key(source), source.stream])
        for tune, source in zip(tunes, sources, strict=True)
    ]


def _source_of(tune: str, model: Any) -> Provenance:
    source = parse_provenance(tune)
    require_model(source.model, model)
    return source


def _composition_key(source: Provenance) -> str:
    """Return text that is equal for tunes of the same composition."""
    return repr(replace(source, stream=0, tune=""))


def _reproduced(tune: str, source: Provenance, generated: str | None) -> str:
    text = generated and recorded_text(generated, source.requests, source.settings, source.tune)
    if not text:
        raise ValueError(NOT_REPRODUCED)
    number = _NUMBER.match(tune)
    again = renumber(f"{text}\n{provenance_lines(tune)}", int(number[1]) if number else 1)
    return accompanied_again(again, tune)
