"""The header of a tune in the order of the standard (section 3.1)."""

from __future__ import annotations

from collections.abc import Iterable

from abcrnn.notation.formatter.text_lines import LineKind, TextLine

# The order in which section 3.1 describes the fields. The others may change what follows them
# (I:, U:, V:, directives), so that they keep their order and precede K:.
_ORDER = "XTCOAMLQPZNGHRBDFS"
_LAST = {"K": len(_ORDER) + 1}


def format_header(lines: Iterable[TextLine], left_out: frozenset[int] = frozenset()) -> list[str]:
    """Return the lines of a header in the order of the standard.

    Lines that continue a field follow it, and comments precede the field that follows them. A
    header with text or music in it keeps its order.

    Parameters
    ----------
    lines : iterable of TextLine
        Of the header, including ``K:``.
    left_out : frozenset of int
        Numbers of the lines to leave out: those of the file header.
    """
    lines = list(lines)
    is_faulty = any(line.kind == LineKind.TEXT for line in lines)
    groups: list[tuple[int, list[str]]] = []
    waiting: list[str] = []  # comments before a field
    for line in lines:
        if line.number in left_out:
            continue
        if line.kind == LineKind.COMMENT:
            waiting.append(line.written)
        elif line.kind in (LineKind.FIELD, LineKind.DIRECTIVE) or not groups:
            groups.append((_position(line), [*waiting, line.written]))
            waiting = []
        else:
            groups[-1][1].extend([*waiting, line.written])
            waiting = []
    if not is_faulty:
        groups.sort(key=lambda group: group[0])
    return [text for _, texts in groups for text in texts] + waiting


def _position(line: TextLine) -> int:
    if line.letter and line.letter in _ORDER:
        return _ORDER.index(line.letter)
    return _LAST.get(line.letter, len(_ORDER))
