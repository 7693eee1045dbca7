"""Count the work of code in calls instead of seconds, so that no test depends on a clock."""

import sys
from typing import Any


class TooManyStepsError(Exception):
    """A block made more calls than its limit."""


class StepLimit:
    """Context that counts calls of Python and C functions and raises when there are too many.

    The count is the same on a slow and on a loaded machine. It misses time spent inside one
    call of a C function, such as a regular expression that backtracks.

    Parameters
    ----------
    limit : int
        Largest number of calls accepted. One more raises ``TooManyStepsError`` in the block,
        so that an endless loop ends too.

    Attributes
    ----------
    steps : int
        Number of calls so far.
    """

    def __init__(self, limit: int) -> None:
        self.limit, self.steps = limit, 0

    def __enter__(self) -> "StepLimit":
        self._previous = sys.getprofile()
        sys.setprofile(self._count)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        sys.setprofile(self._previous)
        # Also if the block caught the exception.
        if self.steps > self.limit and kind is not TooManyStepsError:
            raise TooManyStepsError(f"more than {self.limit:,} calls")

    def _count(self, _frame: Any, event: str, _argument: Any) -> None:
        if event in ("call", "c_call"):
            self.steps += 1
            if self.steps > self.limit:
                sys.setprofile(None)
                raise TooManyStepsError(f"more than {self.limit:,} calls")
