"""Child processes: one for each implementation, idle between its turns.

Two libraries in one process would share its threads, its memory and its OpenMP
settings. Two processes that take turns share only the processor's caches.
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

from benchmarks.clock import Implementation, Timing

_T = TypeVar("_T")


class Child:
    """A process that runs one implementation at a time.

    Parameters
    ----------
    name : str
        Name of the implementation in the table.
    target : str
        Its class as ``"module:Class"``. Only the child imports it.
    """

    def __init__(self, name: str, target: str) -> None:
        self.name = name
        #: Largest share of one core that the child used while it was idle.
        self.waiting_share = 0.0
        #: CPU seconds that its runs have used, summed over all cores.
        self.used = 0.0
        self._target = target
        # Progress bars and warnings go to a file. It is shown if the child dies.
        self._errors = tempfile.NamedTemporaryFile()  # noqa: SIM115  # closed by __exit__
        context = multiprocessing.get_context("spawn")
        self._pipe, child_end = context.Pipe()
        self._process = context.Process(target=_serve, args=(child_end, self._errors.name))
        self._process.start()
        child_end.close()

    def make(self, *arguments: Any, **options: Any) -> int:
        """Build and warm up the implementation; return its number of parameters."""
        parameters: int = self._ask("make", self._target, arguments, options)
        return parameters

    def run(self) -> Timing:
        """Run the workload once and return its timing."""
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
        self._pipe.close()  # the child sees the closed pipe and exits
        self._process.join(timeout=10)
        self._process.kill()
        self._errors.close()

    def _ask(self, *request: Any) -> Any:
        self._pipe.send(request)
        try:
            return self._pipe.recv()
        except EOFError:
            self._errors.seek(0)
            errors = self._errors.read().decode(errors="replace")[-2000:]
            raise RuntimeError(f"the process of {self.name} ended:\n{errors}") from None


def in_new_process(function: Callable[..., _T], *arguments: Any) -> _T:
    """Call a function in a new process and return its result."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=_silence) as pool:
        return pool.submit(function, *arguments).result()


def _silence() -> None:
    """Discard TensorFlow's messages on stderr. Exceptions still reach the parent process."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _serve(pipe: Connection, errors: str) -> None:
    """Answer requests until the pipe is closed."""
    with open(errors, "ab", buffering=0) as file:
        os.dup2(file.fileno(), 2)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    implementation: Implementation | None = None
    while True:
        waited, used = time.perf_counter(), time.process_time()
        try:
            request, *rest = pipe.recv()
        except EOFError:
            return
        share = (time.process_time() - used) / (time.perf_counter() - waited)
        if request == "make":
            implementation = None  # free the previous one before the next is built
            implementation = _make(*rest)
            pipe.send(implementation.parameters)
        elif implementation is not None:
            used = time.process_time()
            timing = tuple(implementation.run())
            pipe.send((timing, time.process_time() - used, share))


def _make(target: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> Implementation:
    module, name = target.split(":")
    cls = getattr(importlib.import_module(module), name)
    implementation: Implementation = cls(*arguments, **options)
    implementation.warm_up()
    return implementation
