"""Each rival in a process of its own, kept waiting between its turns.

Two libraries in one process would share its threads, its memory and the settings
of OpenMP; two processes that take turns meet only in the caches.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self, TypeVar

from benchmarks.clock import Rival, Timing

_T = TypeVar("_T")


class Child:
    """A process that holds one rival at a time.

    Parameters
    ----------
    name : str
        What the rival is called in the table.
    home : str
        Its class: ``"module:Class"``, imported in the child alone.
    """

    def __init__(self, name: str, home: str) -> None:
        self.name = name
        #: Largest share of one core that the child used while it waited.
        self.waiting_share = 0.0
        #: Seconds of all cores together that it has used in its runs.
        self.used = 0.0
        self._home = home
        # Progress bars and warnings go into a file, shown if the child dies.
        self._errors = tempfile.NamedTemporaryFile()  # noqa: SIM115  # closed by __exit__
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._errors.name))
        self._process.start()
        theirs.close()

    def make(self, *arguments: Any, **options: Any) -> int:
        """Make the rival for a workload and warm it up; return its number of parameters."""
        parameters: int = self._ask("make", self._home, arguments, options)
        return parameters

    def run(self) -> Timing:
        """Have it do its work once."""
        timing, used, waiting_share = self._ask("run")
        self.used += used
        self.waiting_share = max(self.waiting_share, waiting_share)
        return Timing(*timing)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pipe.close()  # the child reads the end of the pipe, and ends
        self._process.join(timeout=10)
        self._process.kill()
        self._errors.close()

    def _ask(self, *question: Any) -> Any:
        self._pipe.send(question)
        try:
            return self._pipe.recv()
        except EOFError:
            self._errors.seek(0)
            last_words = self._errors.read().decode(errors="replace")[-2000:]
            raise RuntimeError(f"{self.name} died:\n{last_words}") from None


def in_fresh_process(function: Callable[..., _T], *arguments: Any) -> _T:
    """Call a function in a process that begins for it and ends with it."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=_hush) as pool:
        return pool.submit(function, *arguments).result()


def _hush() -> None:
    """Send what TensorFlow says while it loads to nowhere; exceptions come back all the same."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _serve(pipe: Connection, errors: str) -> None:
    """Answer questions until the pipe is closed."""
    with open(errors, "ab", buffering=0) as file:
        os.dup2(file.fileno(), 2)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    rival: Rival | None = None
    while True:
        waited, used = time.perf_counter(), time.process_time()
        try:
            word, *rest = pipe.recv()
        except EOFError:
            return
        share = (time.process_time() - used) / (time.perf_counter() - waited)
        if word == "make":
            rival = None  # the one before must not take memory while the next is made
            rival = _make(*rest)
            pipe.send(rival.parameters)
        elif rival is not None:
            used = time.process_time()
            timing = tuple(rival.run())
            pipe.send((timing, time.process_time() - used, share))


def _make(home: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> Rival:
    module, name = home.split(":")
    rival: Rival = getattr(importlib.import_module(module), name)(*arguments, **options)
    rival.warm_up()
    return rival
