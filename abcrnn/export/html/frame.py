"""Tunes as a frame in a notebook: a page inside an ``iframe`` that keeps apart from the rest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from abcrnn.export.html.document import page
from abcrnn.export.html.fragment import Fragment, tune_fragments

_HEIGHTS = (320, 760)  # pixels, the smallest and the largest
_AROUND_SCORE = 290  # pixels of a tune without its score
_WIDTH = 832  # pixels of a score, at most
_VIEW_BOX = re.compile(r'viewBox="\S+ \S+ (\S+) (\S+)"')


def tune_frame(tunes: Sequence[str], most: int | None = None) -> str:
    """Return an ``iframe`` with scores and players of tunes.

    Parameters
    ----------
    tunes : sequence of str
    most : int, optional
        Number of tunes to show; a line says how many there are.

    Returns
    -------
    str
        Self-contained HTML, so it stays in a saved notebook.

    Raises
    ------
    ImportError
        If verovio is not installed.
    TypeError, ValueError
        If there are no tunes, or they are not strings.
    """
    fragments = tune_fragments(tunes if most is None else tunes[:most])
    total = len(tunes)
    title = f"{total} tunes" if total > 1 else fragments[0].title
    if len(fragments) < total:
        title = f"{len(fragments)} of {total} tunes"
    # Links to a heading leave a page in srcdoc, so it has no table of contents.
    document = page(fragments, title, contents=False)
    # Without allow-same-origin, nothing in it can reach the notebook.
    return (
        f'<iframe srcdoc="{escape(document)}" sandbox="allow-scripts allow-downloads" '
        f'title="{escape(title)}" style="width: 100%; height: {_height(fragments)}px; '
        'border: 0; resize: vertical"></iframe>'
    )


def _height(fragments: Sequence[Fragment]) -> int:
    """Return the height that one tune needs; several are scrolled."""
    lowest, highest = _HEIGHTS
    if len(fragments) > 1:
        return highest
    boxes = _VIEW_BOX.findall(fragments[0].html)
    score = sum(_WIDTH * float(height) / float(width) + 8 for width, height in boxes)
    return max(lowest, min(highest, round(_AROUND_SCORE + score)))
