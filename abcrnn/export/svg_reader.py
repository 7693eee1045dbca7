"""The shapes and words of a score in SVG, with all transformations applied.

It reads the part of SVG 1.1 that :func:`abcrnn.export.html.engraving.engrave` returns: groups,
symbols used again, paths, basic shapes, and text with spans.

References
----------
https://www.w3.org/TR/SVG11/
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple
from xml.etree.ElementTree import Element, fromstring

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_CALL = re.compile(r"(translate|scale|matrix|rotate)\s*\(([^)]*)\)")
_ROUND = 0.5522847498  # of the radius: control points of a quarter of a circle
_MAX_DEPTH = 100  # of elements within elements
#: Styles of classes, and the elements that have a line; in a page those of page.css.
STYLES = {
    **dict.fromkeys(("ending", "fing", "reh", "tempo"), ("font-weight", "bold")),
    **dict.fromkeys(("dir", "dynam", "mNum"), ("font-style", "italic")),
}
SHAPES = ("ellipse", "path", "polygon", "polyline", "rect")
#: Attributes that elements inherit from the element around them.
_INHERITED = (
    "fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray",
    "font-size", "font-style", "font-weight", "font-family", "text-anchor", "visibility",
)  # fmt: skip

#: A move, line, curve (cubic) or close, and its points.
Command = tuple[str, tuple[tuple[float, float], ...]]
_Matrix = tuple[float, float, float, float, float, float]
_Style = dict[str, str]


class Shape(NamedTuple):
    """An outline in the units of the drawing; y points down.

    Parameters
    ----------
    outline : tuple of Command
        ``("moveTo", points)``, ``"lineTo"``, ``"curveTo"`` or ``"closePath"``.
    filled : bool
    line_width : float
        0 if the outline is not drawn.
    dashes : tuple of float
        Lengths of dashes and gaps; empty for a continuous line.
    """

    outline: tuple[Command, ...]
    filled: bool
    line_width: float
    dashes: tuple[float, ...] = ()


class Run(NamedTuple):
    """Characters in one font; ``music`` if they are of a music font."""

    text: str
    size: float
    bold: bool
    italic: bool
    music: bool


class Words(NamedTuple):
    """Text at a point of its base line; ``anchor`` is start, middle or end."""

    x: float
    y: float
    anchor: str
    runs: tuple[Run, ...]


class Drawing(NamedTuple):
    """What an SVG document shows.

    Parameters
    ----------
    width, height : float
        Of the view box.
    shapes : tuple of Shape
    words : tuple of Words
    """

    width: float
    height: float
    shapes: tuple[Shape, ...]
    words: tuple[Words, ...]


def read_systems(svg: str) -> list[Drawing]:
    """Return the shapes and words of each system of a score, in the order of painting.

    Parameters
    ----------
    svg : str
        ``svg`` elements, as in :class:`abcrnn.export.html.engraving.Engraved`. A system may use
        the symbols of those before.

    Returns
    -------
    list of Drawing
    """
    root = fromstring(f"<svg>{svg}</svg>")  # noqa: S314  # expat 2.4.1 and later bound entities
    reader = _Reader(root)
    return [reader.drawing(system) for system in root]


class _Reader:
    """Collects the shapes and words of systems."""

    def __init__(self, root: Element) -> None:
        self._named = {name: each for each in root.iter() if (name := each.get("id"))}
        self._shapes: list[Shape] = []
        self._words: list[Words] = []

    def drawing(self, system: Element) -> Drawing:
        """Return what a system shows."""
        self._shapes, self._words = [], []
        _, _, width, height = _numbers(system.get("viewBox", ""))
        for child in system:
            # The default width of 1 would only outline glyphs by a hair: lines have their own.
            self.read(child, (1, 0, 0, 1, 0, 0), {"stroke-width": "0"})
        return Drawing(width, height, tuple(self._shapes), tuple(self._words))

    def read(self, element: Element, matrix: _Matrix, style: _Style, depth: int = 0) -> None:
        """Collect what an element shows."""
        tag = _tag(element)
        if depth > _MAX_DEPTH or tag == "defs":
            return
        style = _styled(element, tag, style)
        if style.get("visibility") == "hidden":
            return
        matrix = _product(matrix, _transform(element.get("transform", "")))
        if tag == "text":
            self._read_text(element, matrix, style)
        elif tag == "use":
            name = element.get("href", "").removeprefix("#")
            if name in self._named:
                x, y = (float(element.get(axis) or 0) for axis in "xy")
                used = self._named[name]
                self.read(used, _product(matrix, (1, 0, 0, 1, x, y)), style, depth + 1)
        elif (outline := _outline(element, tag)) is not None:
            self._add_shape(outline, matrix, style)
        else:
            for child in element:
                self.read(child, matrix, style, depth + 1)

    def _add_shape(self, outline: Sequence[Command], matrix: _Matrix, style: _Style) -> None:
        scale = abs(matrix[0] * matrix[3] - matrix[1] * matrix[2]) ** 0.5
        filled = style.get("fill") != "none" and float(style.get("fill-opacity", 1)) > 0
        drawn = style.get("stroke", "none") != "none" and float(style.get("stroke-opacity", 1)) > 0
        width = scale * _length(style["stroke-width"]) if drawn else 0.0
        dashes = tuple(scale * part for part in _numbers(style.get("stroke-dasharray", "")))
        if filled or width:
            moved = tuple(
                (command, tuple(_moved(point, matrix) for point in points))
                for command, points in outline
            )
            self._shapes.append(Shape(moved, filled, width, dashes))

    def _read_text(self, element: Element, matrix: _Matrix, style: _Style) -> None:
        parts: list[tuple[float, float, list[Run]]] = []  # one for each position
        self._read_spans(element, style, parts, (0.0, 0.0))
        scale = abs(matrix[3])
        for x, y, runs in parts:
            if runs:
                scaled = tuple(run._replace(size=scale * run.size) for run in runs)
                anchor = style.get("text-anchor", "start")
                self._words.append(Words(*_moved((x, y), matrix), anchor, scaled))

    def _read_spans(
        self,
        element: Element,
        style: _Style,
        parts: list[tuple[float, float, list[Run]]],
        place: tuple[float, float],
        depth: int = 0,
    ) -> None:
        """Collect the runs of a text element or span; a span with a position begins a part."""
        if not parts or element.get("x") or element.get("y"):
            x, y = (_length(element.get(axis, "")) or place[i] for i, axis in enumerate("xy"))
            place = x, y
            parts.append((x, y, []))
        size = _length(style.get("font-size", ""))
        if size and element.text:
            parts[-1][2].append(_run(element.text, size, style))
        for child in element if depth < _MAX_DEPTH else ():
            styled = _styled(child, _tag(child), style)
            self._read_spans(child, styled, parts, place, depth + 1)


def _styled(element: Element, tag: str, style: _Style) -> _Style:
    """Return the inherited style with the attributes of an element and its classes."""
    classes = (element.get("class") or "").split()
    rules = dict(STYLES[name] for name in classes if name in STYLES)
    if tag in SHAPES:
        rules["stroke"] = "black"
    own = {name: element.get(name, "") for name in _INHERITED if element.get(name)}
    return {**style, **rules, **own}


def _run(text: str, size: float, style: _Style) -> Run:
    bold, italic = style.get("font-weight") == "bold", style.get("font-style") == "italic"
    music = any("\ue000" <= character <= "\uf8ff" for character in text)
    return Run(" ".join(text.split("\n")), size, bold, italic, music)


# Elements ------------------------------------------------------------------------------------


def _outline(element: Element, tag: str) -> Sequence[Command] | None:
    """Return the outline of a shape; None for other elements."""

    def value(name: str) -> float:
        return _length(element.get(name, ""))

    if tag == "path":
        return read_path(element.get("d", ""))
    if tag == "rect":
        x, y, width, height = map(value, ("x", "y", "width", "height"))
        return _polygon([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], True)
    if tag in ("polygon", "polyline"):
        numbers = _numbers(element.get("points", ""))
        points = list(zip(numbers[::2], numbers[1::2], strict=False))
        return _polygon(points, tag == "polygon")
    if tag in ("ellipse", "circle"):
        radius = value("r")
        return _ellipse(value("cx"), value("cy"), value("rx") or radius, value("ry") or radius)
    return None


@lru_cache(maxsize=1024)  # a note head occurs in every bar
def read_path(data: str) -> tuple[Command, ...]:
    """Return the outline of a path from its data, such as ``M0 0 L5 5``."""
    from fontTools.pens.recordingPen import RecordingPen
    from fontTools.svgLib.path import parse_path

    pen = RecordingPen()
    parse_path(data, pen)
    return tuple(command for command in pen.value if command[0] != "endPath")


def _polygon(points: Sequence[tuple[float, float]], closed: bool) -> list[Command]:
    lines: list[Command] = [("lineTo", (point,)) for point in points[1:]]
    return [("moveTo", tuple(points[:1])), *lines, *([("closePath", ())] if closed else [])]


def _ellipse(x: float, y: float, width: float, height: float) -> list[Command]:
    """Return an ellipse as four curves."""

    def at(across: float, down: float) -> tuple[float, float]:
        return x + across * width, y + down * height

    quarters: list[Command] = []
    for across, down in (1, 0), (0, 1), (-1, 0), (0, -1):
        control = at(across - down * _ROUND, down + across * _ROUND)
        other = at(across * _ROUND - down, down * _ROUND + across)
        quarters.append(("curveTo", (control, other, at(-down, across))))
    return [("moveTo", (at(1, 0),)), *quarters, ("closePath", ())]


# Values --------------------------------------------------------------------------------------


def _tag(element: Element) -> str:
    """Return the name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def _numbers(text: str) -> list[float]:
    return [float(number) for number in _NUMBER.findall(text)]


def _length(text: str) -> float:
    """Return a length without its unit; 0 if it is missing."""
    return next(iter(_numbers(text)), 0.0)


def _transform(text: str) -> _Matrix:
    """Return the product of the transformations of an attribute."""
    product: _Matrix = (1, 0, 0, 1, 0, 0)
    for name, arguments in _CALL.findall(text):
        product = _product(product, _matrix(name, _numbers(arguments)))
    return product


def _matrix(name: str, numbers: Sequence[float]) -> _Matrix:
    if name == "matrix":
        a, b, c, d, e, f = numbers
        return a, b, c, d, e, f
    if name == "scale":
        return numbers[0], 0, 0, numbers[-1], 0, 0
    if name == "rotate":
        angle = math.radians(numbers[0])
        x, y = numbers[1:] or (0.0, 0.0)
        turned = (math.cos(angle), math.sin(angle), -math.sin(angle), math.cos(angle), 0, 0)
        return _product(_product((1, 0, 0, 1, x, y), turned), (1, 0, 0, 1, -x, -y))
    return 1, 0, 0, 1, numbers[0], numbers[1] if len(numbers) > 1 else 0


def _product(outer: _Matrix, inner: _Matrix) -> _Matrix:
    """Return the transformation that applies the inner one first."""
    a, b, c, d, e, f = inner
    return (
        outer[0] * a + outer[2] * b,
        outer[1] * a + outer[3] * b,
        outer[0] * c + outer[2] * d,
        outer[1] * c + outer[3] * d,
        *_moved((e, f), outer),
    )


def _moved(point: tuple[float, float], matrix: _Matrix) -> tuple[float, float]:
    x, y = point
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f
