"""The nearest name for a misspelled or shortened one."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


def nearest(name: str, choices: Sequence[str]) -> str | None:
    """Return the nearest of several names; None if none is near.

    Also recognises the beginning of a name, such as ``temp`` for ``temperature``, and the
    first letters of its words, such as ``lr`` for ``learning_rate``.

    Parameters
    ----------
    name : str
    choices : sequence of str
        Words are separated by ``_`` or ``-``.
    """
    wanted = name.lower()
    for choice in choices:
        words = choice.lower().replace("-", "_").split("_")
        initials = "".join(word[:1] for word in words)
        if len(wanted) > 1 and (wanted == initials or choice.lower().startswith(wanted)):
            return choice
    near = difflib.get_close_matches(wanted, choices, n=1)
    return near[0] if near else None


def require_known(function: str, given: Iterable[str], accepted: Sequence[str]) -> None:
    """Raise ``TypeError`` for a keyword argument that a function does not have.

    Parameters
    ----------
    function : str
        Name of the function, for the message.
    given : iterable of str
        Names of the keyword arguments of a call.
    accepted : sequence of str
        Names of its arguments.
    """
    for name in given:
        if name not in accepted:
            near = nearest(name, accepted)
            hint = f"did you mean {near}?" if near else f"it has {', '.join(accepted)}"
            raise TypeError(f"{function} has no argument {name!r}; {hint}")


def suggests_arguments(function: Function) -> Function:
    """Decorate a function: an unknown keyword argument is refused with the nearest one."""
    parameters = inspect.signature(function).parameters
    accepted = [name for name in parameters if name not in ("self", "cls")]
    name = function.__qualname__.removesuffix(".__init__")

    @functools.wraps(function)
    def call(*arguments: Any, **options: Any) -> Any:
        require_known(name, options, accepted)
        return function(*arguments, **options)

    return call  # type: ignore[return-value]  # of the same signature
