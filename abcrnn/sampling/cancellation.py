"""End sampling from outside, within one stretch of at most 64 characters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_check: ContextVar[Callable[[], None] | None] = ContextVar("check", default=None)


@contextmanager
def cancelled_by(check: Callable[[], None]) -> Iterator[None]:
    """Call a function before each stretch that this thread samples in the context.

    It does not change what is sampled.

    Parameters
    ----------
    check : callable
        An exception from it ends the sampling.

    Examples
    --------
    >>> with cancelled_by(job.require_wanted):  # doctest: +SKIP
    ...     tunes = compose(model, 16)
    """
    token = _check.set(check)
    try:
        yield
    finally:
        _check.reset(token)


def require_not_cancelled() -> None:
    """Call the function of :func:`cancelled_by`, if there is one."""
    check = _check.get()
    if check is not None:
        check()
