"""The first part of ``abcrnn quickstart``: tunes by the packaged model."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from abcrnn.cli.terminal import import_tensorflow, load_corpus, report_unconverted
from abcrnn.models.pretrained import DEFAULT, pretrained_path
from abcrnn.storage.atomic import write_text
from abcrnn.storage.extras import is_installed

#: Subfolder of the quickstart's folder for these tunes.
SUBFOLDER = DEFAULT

#: File name of a page with tunes.
PAGE = "tunes.html"

_TUNES = 4  # as many as are composed in well under half a minute


def show_packaged_tunes(folder: Path, seed: int) -> bool:
    """Print tunes by the packaged model, and write them, a page, and a MIDI file of each.

    Tunes that an earlier call wrote into the folder are printed again. If the packaged model
    is damaged, or too few of its tunes are accepted, the reason is printed instead.

    Parameters
    ----------
    folder : Path
        Folder of the quickstart.
    seed : int

    Returns
    -------
    bool
        Whether there are tunes.
    """
    from abcrnn.export.tunebook import convert_tunes

    book = folder / SUBFOLDER / "tunes.abc"
    try:
        if not book.is_file():
            write_text(book, "\n\n".join(_compose(seed)) + "\n")
        tunes = load_corpus(str(book)).tunes
    except ValueError as error:
        print(f"abcrnn: no tunes by the packaged model: {error}", file=sys.stderr)
        return False
    print("", *tunes, sep="\n\n", end="\n\n", flush=True)
    if write_page(tunes, book.parent / PAGE):
        print(f"To see and hear them, open {book.parent / PAGE} in a browser.")
    report_unconverted(convert_tunes(tunes, book.parent / "midi"))
    return True


def write_page(tunes: Sequence[str], path: Path) -> bool:
    """Write a gallery if verovio is installed and there are tunes; return whether it is written."""
    from abcrnn.pages.gallery import write_gallery

    if not (tunes and is_installed("verovio")):
        return False
    write_gallery(tunes, path)
    return True


def _compose(seed: int) -> list[str]:
    """Return tunes that the packaged model composes."""
    path = pretrained_path(DEFAULT)  # first, because importing TensorFlow takes seconds
    print(f"Composing {_TUNES} tunes with the packaged model {DEFAULT} ...", flush=True)
    import_tensorflow()
    from abcrnn.composition.composer import compose
    from abcrnn.models.model_file import load_model

    return compose(load_model(path), _TUNES, seed=seed).tunes
