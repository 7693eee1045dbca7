"""The tree of the steps of a session, and the file in which it is kept.

Each step leads from a tune, its parent, to another; composing has no parent. A node is never
changed, so that going back and forward returns the same text.
"""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from abcrnn.storage.atomic import write_text

#: What a step does; those of MODEL_KINDS generate with a model.
MODEL_KINDS = ("compose", "rewrite", "continue")
KINDS = (*MODEL_KINDS, "transpose", "edit")

MAX_NODES = 1000
MAX_TUNE = 20_000  # characters of a tune
_MAX_FILE = 128 * 1024 * 1024  # bytes: more than a session can have
_MAX_PROPOSED = 64  # alternatives that can be accepted
_FORMAT = "abcrnn studio history"
_TYPES: dict[str, type | tuple[type, ...]] = {
    "parent": (int, type(None)),
    "kind": str,
    "model": str,
    "fingerprint": str,
    "settings": dict,
    "abc": str,
    "kept": bool,
}


@dataclass
class Node:
    """A step and the tune that it led to.

    Parameters
    ----------
    parent : int or None
        Number of the node that the step began with; None for a composed tune.
    kind : str
        One of :data:`KINDS`.
    model, fingerprint : str
        Name and fingerprint of the model that generated; empty if none did.
    settings : dict
        Arguments of the step: requests, seed, temperature, bars, ...
    abc : str
        The tune, with the comment lines that :func:`abcrnn.reproduce` reads.
    kept : bool
        Whether the tune is in the tunebook of kept tunes.
    """

    parent: int | None
    kind: str
    model: str
    fingerprint: str
    settings: dict[str, Any]
    abc: str
    kept: bool = False


@dataclass
class History:
    """The nodes of a session, by number, and the file that contains them.

    Parameters
    ----------
    path : Path
        It is written with the first node.
    """

    path: Path
    nodes: list[Node] = field(default_factory=list)
    _proposed: dict[int, Node] = field(default_factory=dict)
    _proposals: int = 0  # so far
    _lock: Any = field(default_factory=threading.Lock)  # steps end in several threads

    def propose(self, node: Node) -> int:
        """Store an alternative that may be accepted; return its number. Old ones are dropped."""
        self._proposals += 1
        self._proposed[self._proposals] = node
        self._proposed.pop(self._proposals - _MAX_PROPOSED, None)
        return self._proposals

    def proposed(self, number: int) -> Node:
        """Return an alternative; ``ValueError`` if it was dropped or there is none."""
        if number not in self._proposed:
            raise ValueError("the alternative no longer exists: generate alternatives again")
        return self._proposed[number]

    def add(self, node: Node) -> int:
        """Add a node, write the file, and return the number of the node.

        Raises
        ------
        ValueError
            If the session has :data:`MAX_NODES` nodes, or the tune more than :data:`MAX_TUNE`
            characters.
        OSError
            If the file cannot be written; then the node is not added.
        """
        if len(node.abc) > MAX_TUNE:
            raise ValueError(f"a tune must have at most {MAX_TUNE} characters, not {len(node.abc)}")
        with self._lock:
            if len(self.nodes) >= MAX_NODES:
                raise ValueError(f"a session has a maximum of {MAX_NODES} tunes: start another one")
            self.nodes.append(node)
            try:
                self._save()
            except OSError:
                self.nodes.pop()
                raise
            return len(self.nodes) - 1

    def mark_kept(self, node: Node) -> None:
        """Record that a tune is in the tunebook of kept tunes."""
        with self._lock:
            node.kept = True
            self._save()

    def node(self, number: int) -> Node:
        """Return a node; ``ValueError`` if there is none of this number."""
        if not 0 <= number < len(self.nodes):
            raise ValueError(f"node {number} is not one of the {len(self.nodes)} of this session")
        return self.nodes[number]

    def composed(self, number: int) -> Node | None:
        """Return the composed tune that a node comes from; None if it begins with another step."""
        node = self.node(number)
        while node.parent is not None:
            node = self.nodes[node.parent]
        return node if node.kind == "compose" else None

    def _save(self) -> None:
        nodes = [asdict(node) for node in self.nodes]
        values = {"format": _FORMAT, "version": 1, "nodes": nodes}
        write_text(self.path, json.dumps(values, ensure_ascii=False, indent=1) + "\n")


def read_history(path: Path) -> History:
    """Return the history in a file.

    Raises
    ------
    ValueError
        If the file is not a history, or is damaged.
    """
    try:
        if path.stat().st_size > _MAX_FILE:
            raise ValueError(f"it has more than {_MAX_FILE} bytes")
        values = json.loads(path.read_text("utf-8"))
        if not isinstance(values, dict) or values.get("format") != _FORMAT:
            raise ValueError("it is not a history of abcrnn studio")
        if values.get("version") != 1 or not isinstance(values.get("nodes"), list):
            raise ValueError("it was written by a later version")
        nodes = [_node(number, each) for number, each in enumerate(values["nodes"])]
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not a valid history: {str(error)[:200]}") from error
    return History(path, nodes)


def _node(number: int, values: Any) -> Node:
    """Return a node of a file; ``ValueError`` if a value is missing or of another type."""
    if not isinstance(values, dict) or values.keys() != {each.name for each in fields(Node)}:
        raise ValueError(f"node {number} must have {', '.join(_TYPES)}")
    for name, kind in _TYPES.items():
        value = values[name]
        if not isinstance(value, kind) or (name == "parent" and isinstance(value, bool)):
            raise ValueError(f"{name} of node {number} has another type")
    node = Node(**values)
    if node.kind not in KINDS or len(node.abc) > MAX_TUNE:
        raise ValueError(f"node {number} is not a step of the studio")
    if node.parent is not None and not 0 <= node.parent < number:
        raise ValueError(f"node {number} has no valid parent")
    return node
