"""The layout of composed tunes: that of :func:`abcrnn.tidy`."""

from __future__ import annotations

from functools import lru_cache

from abcrnn.composition.provenance import Settings, digest
from abcrnn.composition.request_checks import unmet_requests
from abcrnn.composition.requests import Requests
from abcrnn.notation import ABCError, renumber
from abcrnn.notation.formatter.tune import tidy


def tidied(tune: str, requests: Requests, settings: Settings) -> str:
    """Return an accepted tune in the layout of :func:`abcrnn.tidy`, with explicit repeats.

    Parameters
    ----------
    tune : str
    requests : Requests
    settings : Settings

    Returns
    -------
    str
        Without explicit repeats, or ``tune`` itself, if it cannot be formatted otherwise, or if
        it would no longer begin with the prompt, match the requests or be short enough.
    """
    prompt = renumber(settings.prompt or "", 1)
    for text in (tidied_or_same(tune, repeats=True), tidied_or_same(tune)):
        if text == tune:
            return tune
        begins = renumber(text, 1).startswith(prompt)
        if begins and len(text) <= settings.max_length and not unmet_requests(requests, text):
            return text
    return tune


@lru_cache(maxsize=1024)  # a tune is formatted when it is judged, and when it is accepted
def tidied_or_same(tune: str, repeats: bool = False) -> str:
    """Return a tune in the layout of :func:`abcrnn.tidy`; itself if it cannot be formatted."""
    try:
        return tidy(tune, repeats=repeats)
    except ABCError:
        return tune


def recorded_text(
    generated: str, requests: Requests, settings: Settings, recorded: str
) -> str | None:
    """Return the text of a generated tune that has a digest; None if none has.

    Tunes are formatted. Those of earlier versions have the text that the model generated, or
    no explicit repeats.

    Parameters
    ----------
    generated : str
        As the model generates it.
    requests : Requests
    settings : Settings
    recorded : str
        From :func:`abcrnn.composition.provenance.digest`.
    """
    texts = (generated, tidied(generated, requests, settings), tidied_or_same(generated))
    return next((text for text in texts if digest(text) == recorded), None)
