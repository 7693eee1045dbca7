"""The queue in front of the models: one generates at a time, and the others wait.

A job is cancelled when nobody reads its events any more. It then ends within one stretch of
sampling, so that a closed tab does not keep the others waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from abcrnn.composition.composition_report import YieldError
from abcrnn.sampling.cancellation import cancelled_by

_logger = logging.getLogger(__name__)

#: What a job sends to the page; ``event`` names its kind.
Event = dict[str, Any]

MAX_WAITING = 32
_STOPPED = "the studio was stopped"


class CancelledError(Exception):
    """Raised in a job whose result nobody waits for."""


class BusyError(RuntimeError):
    """Raised if too many jobs wait, or the studio was stopped."""


class Job:
    """Work that a page waits for.

    Parameters
    ----------
    work : callable
        Takes the job and returns an iterator of events.
    send : callable
        Takes an event, or None after the last one. It is called from the thread of the queue.
    """

    def __init__(
        self, work: Callable[[Job], Iterator[Event]], send: Callable[[Event | None], None]
    ) -> None:
        self._work, self.send = work, send
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """End the job before the next stretch of sampling, or the next event."""
        self._cancelled.set()

    def require_wanted(self) -> None:
        """Raise ``CancelledError`` if nobody waits for the job."""
        if self._cancelled.is_set():
            raise CancelledError

    def run(self) -> None:
        """Do the work and send its events; errors become events too."""
        try:
            with cancelled_by(self.require_wanted):
                for event in self._work(self):
                    self.require_wanted()
                    self.send(event)
        except CancelledError:
            pass
        except (ValueError, ArithmeticError, OSError, YieldError) as error:
            self.send({"event": "error", "message": str(error)})
        except Exception:  # the thread must survive, and the page must not wait for ever
            _logger.exception("a job of the studio failed")
            self.send({"event": "error", "message": "the studio failed: see its terminal"})
        self.send(None)


class Events:
    """Iterator over the events of a job, which is cancelled when it is closed.

    Parameters
    ----------
    queue : asyncio.Queue
        Of events, and None after the last one.
    withdraw : callable
        Cancels the job.
    """

    def __init__(self, queue: asyncio.Queue[Event | None], withdraw: Callable[[], None]) -> None:
        self._queue, self._withdraw = queue, withdraw

    def __aiter__(self) -> Events:
        return self

    async def __anext__(self) -> Event:
        event = await self._queue.get()
        if event is None:
            raise StopAsyncIteration
        return event

    def close(self) -> None:
        """Cancel the job, also before its first event."""
        self._withdraw()


class Jobs:
    """A queue of jobs and the thread that runs them."""

    def __init__(self) -> None:
        self._waiting: deque[Job] = deque()
        self._running: Job | None = None
        self._changed = threading.Condition()
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="studio", daemon=True)
        self._thread.start()

    def events(self, work: Callable[[Job], Iterator[Event]]) -> Events:
        """Add a job; return its events: its position in the queue, then those of its work.

        Raises
        ------
        BusyError
            If :data:`MAX_WAITING` jobs wait, or the studio was stopped.
        """
        loop, queue = asyncio.get_running_loop(), asyncio.Queue[Event | None]()

        def send(event: Event | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
                loop.call_soon_threadsafe(queue.put_nowait, event)

        job = Job(work, send)
        self._submit(job)
        return Events(queue, lambda: self._withdraw(job))

    def cancel_all(self) -> None:
        """Cancel all jobs and end their events at once; later jobs are refused."""
        with self._changed:
            self._is_closed = True
            for job in (*self._waiting, *([self._running] if self._running else [])):
                job.cancel()
                job.send({"event": "error", "message": _STOPPED})
                job.send(None)
            self._changed.notify_all()

    def close(self) -> None:
        """Cancel all jobs, and wait a few seconds for the one that runs."""
        self.cancel_all()
        self._thread.join(timeout=10)

    def _submit(self, job: Job) -> None:
        with self._changed:
            if self._is_closed:
                raise BusyError(_STOPPED)
            if len(self._waiting) >= MAX_WAITING:
                raise BusyError(
                    f"{MAX_WAITING} requests already wait for the model: try again later"
                )
            self._waiting.append(job)
            self._changed.notify_all()
            self._send_positions()

    def _withdraw(self, job: Job) -> None:
        job.cancel()
        with self._changed:
            if job in self._waiting:
                self._waiting.remove(job)
                self._send_positions()

    def _send_positions(self) -> None:
        """Tell each waiting job how many are before it."""
        before = 0 if self._running is None else 1
        for position, job in enumerate(self._waiting, start=before):
            job.send({"event": "position", "before": position})

    def _run(self) -> None:
        while True:
            with self._changed:
                self._running = None
                self._changed.wait_for(lambda: self._waiting or self._is_closed)
                if self._is_closed:
                    return
                self._running = self._waiting.popleft()
                self._send_positions()
            self._running.send({"event": "begin"})
            self._running.run()
