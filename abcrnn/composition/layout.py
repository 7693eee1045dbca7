"""The layout of composed tunes: that of :func:`abcrnn.tidy`."""

from __future__ import annotations

from functools import lru_cache

from abcrnn.composition.provenance import Settings, digest
from abcrnn.composition.request_checks import unmet_requests
from abcrnn.composition.requests import Requests
from abcrnn.notation import ABCError, renumber
from abcrnn.notation.formatter.tune import tidy


def tidied(tune: str, requests: Requests, settings: Settings) -> str:
    """Return an accepted tune in the layout of :func:`abcrnn.tidy`.

    Parameters
    ----------
    tune : str
    requests : Requests
    settings : Settings

    Returns
    -------
    str
        ``tune`` itself if it cannot be formatted, or if it would no longer begin with the prompt,
        match the requests or be short enough.
    """
    text = tidied_or_same(tune)
    if text == tune:
        return tune
    prompt = renumber(settings.prompt or "", 1)
    if len(text) > settings.max_length or not renumber(text, 1).startswith(prompt):
        return tune
    return tune if unmet_requests(requests, text) else text


@lru_cache(maxsize=1024)  # a tune is formatted when it is judged, and when it is accepted
def tidied_or_same(tune: str) -> str:
    """Return a tune in the layout of :func:`abcrnn.tidy`; itself if it cannot be formatted."""
    try:
        return tidy(tune)
    except ABCError:
        return tune


def recorded_text(
    generated: str, requests: Requests, settings: Settings, recorded: str
) -> str | None:
    """Return the text of a generated tune that has a digest; None if none has.

    Tunes are formatted. Those of earlier versions have the text that the model generated.

    Parameters
    ----------
    generated : str
        As the model generates it.
    requests : Requests
    settings : Settings
    recorded : str
        From :func:`abcrnn.composition.provenance.digest`.
    """
    texts = (generated, tidied(generated, requests, settings))
    return next((text for text in texts if digest(text) == recorded), None)
