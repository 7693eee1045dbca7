"""The layout of composed tunes: that of :func:`abcrnn.tidy`."""

from __future__ import annotations

from abcrnn.composition.request_checks import unmet_requests
from abcrnn.composition.requests import Requests
from abcrnn.notation import ABCError, renumber
from abcrnn.notation.formatter.tune import tidy


def tidied(tune: str, requests: Requests, prompt: str | None) -> str:
    """Return an accepted tune in the layout of :func:`abcrnn.tidy`.

    Parameters
    ----------
    tune : str
    requests : Requests
    prompt : str, optional
        Text that the tune must begin with, whatever its number.

    Returns
    -------
    str
        ``tune`` itself if it cannot be formatted, or if it would no longer begin with the
        prompt or match the requests.
    """
    try:
        text = tidy(tune)
        kept = not prompt or renumber(text, 1).startswith(renumber(prompt, 1))
        return text if kept and not unmet_requests(requests, text) else tune
    except ABCError:
        return tune
