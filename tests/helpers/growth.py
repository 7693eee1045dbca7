"""Count the cost of code in calls and bytes allocated, so that no test depends on a clock."""

import sys
import tracemalloc
from collections.abc import Callable
from types import FrameType
from typing import Any, NamedTuple


class Cost(NamedTuple):
    """Calls of Python functions, and bytes allocated in and between them.

    The bytes show what the calls do not: copies of tuples, slices of strings, dicts built
    by one C function. Memory that is freed at once counts too.
    """

    calls: int
    allocated: int


class _Counter:
    def __init__(self) -> None:
        self.calls = self.allocated = self.before = 0

    def count(self, _frame: FrameType, _event: str, _argument: Any) -> None:
        """Count one call. Returning None keeps Python from reporting each line."""
        now, peak = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        self.allocated += peak - self.before
        self.before = now
        self.calls += 1


def cost_of(function: Callable[[], object]) -> Cost:
    """Return the cost of calling a function."""
    counter = _Counter()
    before = sys.gettrace()
    tracemalloc.start()
    counter.before = tracemalloc.get_traced_memory()[0]
    sys.settrace(counter.count)
    try:
        function()
    finally:
        sys.settrace(before)
        tracemalloc.stop()
    return Cost(counter.calls, counter.allocated)
