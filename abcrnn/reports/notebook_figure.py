"""Figures of matplotlib that a notebook shows as pictures."""

from __future__ import annotations

import io

from matplotlib.figure import Figure


class NotebookFigure(Figure):
    """A figure that is a picture as the last line of a cell of a notebook.

    A notebook shows other figures as text unless pyplot is imported, which has global state and
    may need a display.
    """

    def _repr_png_(self) -> bytes:
        return png_bytes(self)


def png_bytes(figure: Figure) -> bytes:
    """Return a figure as a PNG file. Equal figures give equal bytes."""
    picture = io.BytesIO()
    # Without date and version.
    figure.savefig(picture, format="png", dpi=120, metadata={"Software": None})
    return picture.getvalue()
