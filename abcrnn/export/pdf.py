"""Scores as pages to print: A4 in a PDF file, which Matplotlib writes."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import east_asian_width

from abcrnn.export.music_font import UNITS_PER_EM, music_glyph
from abcrnn.export.svg_reader import Drawing, Run, Shape, Words

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties
    from matplotlib.path import Path

WIDTH, HEIGHT = 595.0, 842.0  # of a page, in points
MARGIN = 42.0
_GAP = 22.0  # between two tunes
_FAMILIES = ["DejaVu Serif", "DejaVu Sans"]  # come with Matplotlib; the second has more signs
_NO_GLYPH = "Glyph .* missing from font"  # a warning of Matplotlib
_POINTS_PER_INCH = 72.0
#: Share of the width of words that is left of their point.
_ANCHORS = {"start": 0.0, "middle": 0.5, "end": 1.0}
#: The codes of Matplotlib's paths.
_CODES = {"moveTo": 1, "lineTo": 2, "curveTo": 4, "closePath": 79}


class _Placed(NamedTuple):
    """A drawing on a page: its scale, and its top in points from the top of the page."""

    drawing: Drawing
    scale: float
    top: float


def pdf(tunes: Iterable[Sequence[Drawing]], title: str = "") -> bytes:
    """Return a PDF document with the scores of tunes; equal drawings give equal bytes.

    Parameters
    ----------
    tunes : iterable of sequence of Drawing
        Of each tune the heading and the systems: drawings one below the other, each as wide as
        the page. A tune that does not fit on the rest of a page begins on a new one; a tune
        longer than a page continues on the next one.
    title : str
        Of the document.

    Returns
    -------
    bytes
        At least one page, even without tunes.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_pdf import PdfPages

    buffer = io.BytesIO()
    about = {"Title": title, "Creator": "abcrnn", "CreationDate": None}
    with (
        rc_context({"pdf.fonttype": 42}),  # as text that can be searched
        warnings.catch_warnings(),
        PdfPages(buffer, metadata=about) as pages,
    ):
        warnings.filterwarnings("ignore", _NO_GLYPH)
        for placed in _pages(tunes):
            pages.savefig(_paint(placed))
    return buffer.getvalue()


def _pages(tunes: Iterable[Sequence[Drawing]]) -> Iterator[list[_Placed]]:
    """Yield what each page shows."""
    page: list[_Placed] = []
    top = MARGIN
    for drawings in tunes:
        heights = [drawing.height * _scale(drawing) for drawing in drawings]
        whole = sum(heights)
        for number, (drawing, height) in enumerate(zip(drawings, heights, strict=True)):
            # The heading stays with the first system, and a tune on one page if it fits.
            needed = height if number else max(sum(heights[:2]), whole if _fits(whole) else 0)
            if page and not _fits(needed, top):
                yield page
                page, top = [], MARGIN
            page.append(_Placed(drawing, _scale(drawing), top))
            top += height
        top += _GAP
    yield page


def _scale(drawing: Drawing) -> float:
    """Return points per unit: a drawing is as wide as the page, if it is not too high for it."""
    scale = (WIDTH - 2 * MARGIN) / drawing.width
    if not drawing.height:  # the heading of a tune without title and composer
        return scale
    return min(scale, (HEIGHT - 2 * MARGIN) / drawing.height)


def _fits(height: float, top: float = MARGIN) -> bool:
    return top + height <= HEIGHT - MARGIN + 0.01


# Painting ------------------------------------------------------------------------------------


def _paint(page: Sequence[_Placed]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / _POINTS_PER_INCH, HEIGHT / _POINTS_PER_INCH))
    for drawing, scale, top in page:
        painter = _Painter(figure, scale, top)
        for shape in drawing.shapes:
            painter.add_shape(shape)
        for words in drawing.words:
            painter.add_words(words)
    return figure


class _Painter:
    """Paints a drawing on a figure."""

    def __init__(self, figure: Figure, scale: float, top: float) -> None:
        from matplotlib.transforms import Affine2D

        self._figure, self._scale, self._top = figure, scale, top
        place = Affine2D().scale(scale, -scale).translate(MARGIN, HEIGHT - top)
        self._transform = place.scale(1 / _POINTS_PER_INCH) + figure.dpi_scale_trans

    def add_shape(self, shape: Shape) -> None:
        from matplotlib.patches import PathPatch

        color = "black"
        style = (0, [part * self._scale for part in shape.dashes]) if shape.dashes else "-"
        patch = PathPatch(
            _path(shape),
            transform=self._transform,
            facecolor=color if shape.filled else "none",
            edgecolor=color if shape.line_width else "none",
            linewidth=shape.line_width * self._scale,
            linestyle=style,
            capstyle="butt",
        )
        self._figure.add_artist(patch)

    def add_words(self, words: Words) -> None:
        widths = [run_width(run) for run in words.runs]
        x = words.x - _ANCHORS.get(words.anchor, 0.0) * sum(widths)
        for run, width in zip(words.runs, widths, strict=True):
            if run.music:
                self._add_signs(run, x, words.y)
            else:
                self._add_text(run, x, words.y)
            x += width

    def _add_text(self, run: Run, x: float, y: float) -> None:
        self._figure.text(
            (MARGIN + x * self._scale) / WIDTH,
            1 - (self._top + y * self._scale) / HEIGHT,
            run.text,
            fontproperties=_font(run),
            fontsize=run.size * self._scale,
            parse_math=False,  # a title may have dollar signs
            verticalalignment="baseline",
        )

    def _add_signs(self, run: Run, x: float, y: float) -> None:
        for sign in run.text:
            size = run.size / UNITS_PER_EM
            outline, width = music_glyph(sign)
            moved = tuple(
                (command, tuple((x + size * across, y - size * up) for across, up in points))
                for command, points in outline
            )
            if moved:
                self.add_shape(Shape(moved, True, 0.0))
            x += size * width


def run_width(run: Run) -> float:
    """Return the width of a run, in the units of its drawing."""
    if run.music:
        return sum(music_glyph(sign)[1] for sign in run.text) * run.size / UNITS_PER_EM
    from matplotlib.textpath import TextToPath

    font = _font(run)
    font.set_size(100)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", _NO_GLYPH)
        width, _, _ = TextToPath().get_text_width_height_descent(run.text, font, ismath=False)
    return float(width) * run.size / 100


def room_for(run: Run) -> float:
    """Return a width in which a run fits, also in the fonts of browsers, which are narrower."""
    # The fonts here have no Chinese, Japanese or Korean characters, which are wider.
    wide = sum(east_asian_width(character) in "WF" for character in run.text)
    return run_width(run) + wide * run.size / 2


def _font(run: Run) -> FontProperties:
    from matplotlib.font_manager import FontProperties

    return FontProperties(
        family=_FAMILIES,
        style="italic" if run.italic else "normal",
        weight="bold" if run.bold else "normal",
    )


def _path(shape: Shape) -> Path:
    from matplotlib.path import Path

    points: list[tuple[float, float]] = []
    codes: list[int] = []
    for command, given in shape.outline:
        own = given or points[-1:]  # Matplotlib's code for closing has a point, which it ignores
        points += own
        codes += [_CODES[command]] * len(own)
    return Path(points, codes)
