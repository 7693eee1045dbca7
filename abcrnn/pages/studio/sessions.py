"""The sessions of a studio: one history for each tab of a browser."""

from __future__ import annotations

import re
import secrets
import threading
from pathlib import Path
from typing import NamedTuple

from abcrnn.pages.studio.fields import Fields
from abcrnn.pages.studio.history import History, read_history
from abcrnn.pages.studio.views import shown_title

_MAX_SESSIONS = 1000  # opened in one process
_MAX_LISTED = 50
_MAX_DIGITS = 100
_MAX_NODE = 10**6
_NAME = re.compile(r"history-([0-9a-f]{16})\.json")


class Summary(NamedTuple):
    """A session as it is listed.

    Parameters
    ----------
    session : str
    title : str
        Of its last tune.
    tunes : int
        Number of nodes.
    """

    session: str
    title: str
    tunes: int


class Sessions:
    """The histories in a folder.

    A request names a session by digits that the server drew, and only those that the folder
    had at the start, or that were begun since, are found: no request leads to a path.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._opened: dict[str, History] = {}
        found = {path: _NAME.fullmatch(path.name) for path in folder.glob("history-*.json")}
        newest = sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)
        self._saved = {name[1]: path for path in newest if (name := found[path])}

    def begin(self) -> str:
        """Return the digits of a new session."""
        session = secrets.token_hex(8)
        with self._lock:
            self._add(session, History(self._folder / f"history-{session}.json"))
        return session

    def find(self, session: str) -> History:
        """Return the history of a session; ``ValueError`` if there is no such session."""
        with self._lock:
            if session not in self._opened:
                if session not in self._saved:
                    raise ValueError("there is no such session: open the page again")
                self._add(session, read_history(self._saved[session]))
            return self._opened[session]

    def saved(self) -> list[Summary]:
        """Return the sessions of earlier runs, the newest first; damaged files are left out."""
        summaries = []
        for session in list(self._saved)[:_MAX_LISTED]:
            try:
                nodes = self.find(session).nodes
            except (ValueError, OSError):
                continue
            if nodes:
                summaries.append(Summary(session, shown_title(nodes[-1].abc), len(nodes)))
        return summaries

    def _add(self, session: str, history: History) -> None:
        if len(self._opened) >= _MAX_SESSIONS:
            raise ValueError(f"{_MAX_SESSIONS} sessions are open, the maximum: restart the studio")
        self._opened[session] = history


def take_session(given: Fields, sessions: Sessions) -> History:
    """Return the history of the session that a request names."""
    return sessions.find(given.text("session", _MAX_DIGITS))


def take_node(given: Fields, sessions: Sessions) -> tuple[History, int]:
    """Return the history of the session, and the number of the node, that a request names."""
    return take_session(given, sessions), given.whole("node", 0, _MAX_NODE)
