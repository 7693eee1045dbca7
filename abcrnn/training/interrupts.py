"""Ctrl-C in training: the step in progress is finished and a checkpoint written."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


@contextlib.contextmanager
def catch_interrupts(requested: threading.Event) -> Iterator[threading.Event]:
    """Set an event at the first Ctrl-C; raise ``KeyboardInterrupt`` at the second.

    Parameters
    ----------
    requested : threading.Event
        Cleared at the end. Outside the main thread, which alone can handle
        signals, Ctrl-C does not set it.

    Yields
    ------
    threading.Event
        The argument.
    """
    if threading.current_thread() is not threading.main_thread():
        try:
            yield requested
        finally:
            requested.clear()
        return

    def request(_number: int, _frame: FrameType | None) -> None:
        if requested.is_set():
            raise KeyboardInterrupt
        requested.set()

    previous = signal.signal(signal.SIGINT, request)
    try:
        yield requested
    finally:
        signal.signal(signal.SIGINT, previous)
        requested.clear()
