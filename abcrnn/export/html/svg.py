"""The SVG of a score, reduced to what a page needs: no scripts, styles or foreign addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from xml.etree.ElementTree import Element, fromstring

from abcrnn.export.pdf import room_for
from abcrnn.export.svg_reader import Run

_TAGS = {
    "circle", "defs", "ellipse", "g", "line", "path", "polygon", "polyline", "rect", "text",
    "tspan", "use",
}  # fmt: skip
_ATTRIBUTES = {
    "cx", "cy", "d", "fill", "fill-opacity", "font-family", "font-size", "font-style",
    "font-weight", "height", "lengthAdjust", "opacity", "points", "r", "rx", "ry", "stroke",
    "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "stroke-opacity", "stroke-width",
    "text-anchor", "textLength", "transform", "visibility", "width", "x", "x1", "x2", "y", "y1",
    "y2",
}  # fmt: skip
# Those that page.css and the player use.
_CLASSES = {
    "dir", "dynam", "ending", "fing", "label", "labelAbbr", "mNum", "note", "reh", "tempo"
}  # fmt: skip
_LABELS = {"label", "labelAbbr"}  # names of voices
_LABEL_MARGIN = 180.0  # units of the drawing, on the left of the longest name
_NOTE_ID = re.compile(r"v\d+n\d+")
_GLYPH_ID = re.compile(r"#?([0-9A-F]{4,5})-\w+")
_BLACK = {"black", "#000", "#000000"}


def clean_systems(pages: Sequence[str], prefix: str) -> str:
    """Return the systems of a score as SVG elements for an HTML page.

    A ``ParseError`` is raised if a page is not XML.

    Parameters
    ----------
    pages : sequence of str
        From verovio: an SVG document for each system.
    prefix : str
        Begins all ids. Those of notes are ``prefix`` and the id in the MusicXML.
    """
    glyphs: set[str] = set()  # a glyph is defined once for all systems
    texts = []
    for number, page in enumerate(pages, start=1):
        root = fromstring(page)  # noqa: S314  # expat 2.4.1 and later bound entities
        content = next((each for each in root if _tag(each) == "svg"), root)
        box = [f"{float(value):g}" for value in content.get("viewBox", "").split()]
        body = "".join(_clean(each, prefix, glyphs) for each in _parts(root, content))
        label = f"Score, line {number} of {len(pages)}"
        texts.append(
            f'<svg class="abcrnn-system" viewBox="{" ".join(box)}" role="img" '
            f'aria-label="{label}">{body}</svg>'
        )
    return "\n".join(texts)


def _parts(root: Element, content: Element) -> Iterator[Element]:
    for each in root:
        if _tag(each) == "defs":
            yield each
    yield from content


def _tag(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _clean(element: Element, prefix: str, glyphs: set[str]) -> str:
    """Return an element without unneeded parts; an empty group is left out."""
    tag = _tag(element)
    classes = element.get("class", "").split()
    if tag not in _TAGS or "placeholder" in classes:
        return ""
    attributes = {
        name: _value(name, element.get(name, ""))
        for name in _ATTRIBUTES.intersection(element.keys())
    }
    if kept := sorted(_CLASSES.intersection(classes)):
        attributes["class"] = " ".join(kept)
    if _LABELS.intersection(classes):
        _fit_label(element)
    identifier = element.get("id", "")
    if "note" in classes and _NOTE_ID.fullmatch(identifier):
        attributes["id"] = prefix + identifier
    elif glyph := _GLYPH_ID.fullmatch(identifier):
        attributes["id"] = f"{prefix}g{glyph[1]}"
        if glyph[1] in glyphs:
            return ""
        glyphs.add(glyph[1])
    if tag == "use":
        glyph = _GLYPH_ID.fullmatch(element.get("href", ""))
        if not glyph:
            return ""
        attributes["href"] = f"#{prefix}g{glyph[1]}"
    body = escape(element.text or "", quote=False)
    body += "".join(
        _clean(child, prefix, glyphs) + escape(child.tail or "", quote=False) for child in element
    )
    if tag == "g" and not attributes:
        return body
    if tag in ("g", "text", "tspan", "defs") and not body:
        return ""
    text = "".join(f' {name}="{escape(value)}"' for name, value in sorted(attributes.items()))
    return f"<{tag}{text}>{body}</{tag}>" if body else f"<{tag}{text}/>"


def _fit_label(label: Element) -> None:
    """Limit the name of a voice to its room: verovio measures in Times, a page may have another."""
    for text in label.iter():
        if _tag(text) != "text" or text.get("text-anchor") != "end":
            continue
        room = float(text.get("x", 0)) - _LABEL_MARGIN
        size = max(_font_size(span) for span in text.iter())
        name = Run("".join(text.itertext()), size, False, False, False)
        if 0 < room < room_for(name):
            text.set("textLength", f"{room:g}")
            text.set("lengthAdjust", "spacingAndGlyphs")


def _font_size(element: Element) -> float:
    return float(element.get("font-size", "0px").removesuffix("px"))


def _value(name: str, value: str) -> str:
    """Return the value of an attribute: shorter, and in the colour of the text."""
    if name in ("fill", "stroke"):
        return "currentColor" if value.lower() in _BLACK else value
    if name == "transform":
        value = value.replace(", ", " ").replace(") ", ")")
        return re.sub(r"scale\((\S+) \1\)", r"scale(\1)", value)
    return value
