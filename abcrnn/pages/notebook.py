"""Tunes in a notebook: scores and players below a cell."""

from __future__ import annotations

from collections.abc import Iterable

from abcrnn.export.html.frame import tune_frame
from abcrnn.storage.progress import in_notebook


def show(tunes: str | Iterable[str]) -> None:
    """Show tunes in a notebook: scores, and players to hear them.

    Works in Jupyter, JupyterLab, VS Code and Colab. The output stays in the saved notebook and
    needs no network.

    Parameters
    ----------
    tunes : str or iterable of str
        A tune of ABC with its header, or several.

    Raises
    ------
    RuntimeError
        Outside a notebook; :func:`abcrnn.write_gallery` writes a file instead.
    ImportError
        If verovio is not installed: ``pip install "abcrnn[pages]"``.
    TypeError, ValueError
        If there are no tunes, or they are not strings.

    Examples
    --------
    >>> import abcrnn
    >>> abcrnn.show(composition.tunes)  # doctest: +SKIP
    """
    if not in_notebook():
        raise RuntimeError(
            'show works in a notebook; elsewhere, use write_gallery(tunes, "tunes.html")'
        )
    from IPython.display import HTML, display

    display(HTML(tune_frame([tunes] if isinstance(tunes, str) else list(tunes))))
