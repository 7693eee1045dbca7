"""The tunebook of kept tunes."""

from __future__ import annotations

import re
import threading
from pathlib import Path

from abcrnn.notation import renumber
from abcrnn.storage.atomic import write_bytes

_NUMBER = re.compile(rb"^X:", re.MULTILINE)


class KeptTunes:
    """A tunebook on the disk to which tunes are added.

    What the file already contains stays byte for byte, also what other programs write to it
    meanwhile.

    Parameters
    ----------
    path : Path
        It is written with the first tune.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def read(self) -> bytes:
        """Return the content of the tunebook; nothing if there is none yet."""
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return b""

    def add(self, tune: str) -> int:
        """Add a tune to the end of the file; return its number, which its ``X:`` line has.

        Raises
        ------
        OSError
            If the file cannot be written; then it is unchanged.
        """
        with self._lock:
            before = self.read()
            number = len(_NUMBER.findall(before)) + 1
            if before and not before.endswith(b"\n\n"):
                before += b"\n" if before.endswith(b"\n") else b"\n\n"
            text = renumber(tune.strip("\n"), number)
            write_bytes(self.path, before + text.encode("utf-8") + b"\n")
            return number
