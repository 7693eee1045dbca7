"""What the page is sent about tunes and nodes."""

from __future__ import annotations

from typing import Any

from abcrnn.composition.provenance import without_provenance
from abcrnn.notation import check_tune, decode_text
from abcrnn.notation.text import replace_unprintable
from abcrnn.notation.tunebook import tune_title
from abcrnn.pages.studio.bars import changed_bars, first_number, written_bars
from abcrnn.pages.studio.history import History

_MAX_PROBLEMS = 50


def shown_title(tune: str) -> str:
    """Return the title of a tune; no character of it changes the direction of text around it."""
    return replace_unprintable(decode_text(tune_title(tune)))


def node_summary(history: History, number: int) -> dict[str, Any]:
    """Return what the tree shows of a node."""
    node = history.node(number)
    return {
        "id": number,
        "parent": node.parent,
        "kind": node.kind,
        "model": node.model,
        "settings": node.settings,
        "kept": node.kept,
        "title": shown_title(node.abc),
    }


def node_view(history: History, number: int) -> dict[str, Any]:
    """Return a node with its tune, its bars, and which of them the step changed.

    After a transposition, all bars are other ones; none is marked.
    """
    node = history.node(number)
    text = without_provenance(node.abc)
    changed: list[int] = []
    if node.parent is not None and node.kind != "transpose":
        changed = changed_bars(without_provenance(history.node(node.parent).abc), text)
    bars = written_bars(text)
    return node_summary(history, number) | {
        "abc": node.abc,
        "text": text,
        "bars": [{"number": bar.number, "text": bar.text} for bar in bars],
        "first": first_number(bars),
        "changed": changed,
        "problems": problems_of(text),
    }


def problems_of(text: str) -> list[dict[str, Any]]:
    """Return what ``abcrnn check`` reports about a tune."""
    problems = check_tune(text)[:_MAX_PROBLEMS]
    return [
        {"line": problem.line, "column": problem.column, "message": problem.message}
        for problem in problems
    ]
