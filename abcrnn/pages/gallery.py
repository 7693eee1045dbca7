"""A gallery: tunes with scores and players in one HTML file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from abcrnn.export.html.document import page
from abcrnn.export.html.fragment import tune_fragments
from abcrnn.storage.atomic import require_writable, write_text

if TYPE_CHECKING:
    from abcrnn.data.nearest import KnownTunes


class NoScore(NamedTuple):
    """A tune of a gallery that has no score.

    Parameters
    ----------
    number : int
        From 1.
    problem : str
        What prevented it, in one line.
    """

    number: int
    problem: str


def write_gallery(
    tunes: Iterable[str],
    path: str | os.PathLike[str],
    title: str | None = None,
    *,
    nearest: KnownTunes | None = None,
) -> list[NoScore]:
    r"""Write tunes to one HTML file with their scores, and a player for each.

    The file is self-contained: it can be opened from a disk, mailed or published.

    Parameters
    ----------
    tunes : iterable of str
        Each is one tune of ABC with its header.
    path : path-like
        The file to write. It is written completely or not at all.
    title : str, optional
        Title of the page; the default is the number of tunes, or the title of the only one.
    nearest : MelodyIndex, Corpus, str, path-like or sequence, optional
        Known tunes, as in :func:`abcrnn.nearest`. The page names the one that each tune is
        most like, to see what is copied.

    Returns
    -------
    list of NoScore
        The tunes that are shown as text only; usually empty.

    Raises
    ------
    ValueError
        If there are no tunes, or a corpus is not valid.
    TypeError
        If ``tunes`` is one string, or has an item that is not a string.
    ImportError
        If verovio is not installed: ``pip install "abcrnn[pages]"``.
    OSError
        If the file cannot be written, or a corpus cannot be read.

    Examples
    --------
    >>> import abcrnn
    >>> abcrnn.write_gallery(["X:1\nK:D\nDEFG ABcd|"], "tunes.html")  # doctest: +SKIP
    []
    """
    require_writable(path)
    known = None
    if nearest is not None:
        from abcrnn.data.nearest import melody_index

        known = melody_index(nearest)
    fragments = tune_fragments(tunes, known=known)
    if title is None or not title.strip():
        title = fragments[0].title if len(fragments) == 1 else f"{len(fragments)} tunes"
    write_text(path, page(fragments, title))
    return [
        NoScore(number, fragment.problem)
        for number, fragment in enumerate(fragments, start=1)
        if fragment.problem
    ]
