"""The comment lines of composed and rewritten tunes: where they are, and what is wrong in them."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any

from abcrnn.notation import ABCError

# The lines that composed and rewritten tunes share.
_SOURCE = (
    r" by abcrnn (?P<version>[\w.+-]{1,40})\n"
    r"% model (?P<model>[0-9a-f]{16}), seed (?P<seed>\d{1,19}), stream (?P<stream>\d{1,9}), "
    r"tune (?P<tune>[0-9a-f]{16})\n"
    r"% settings (?P<settings>\{.*\})\n"
)
#: The lines of a composed tune. Before the word "requests" was used, they had "% orders".
COMPOSED_LINES = re.compile(
    r"^% composed" + _SOURCE + r"% (?:requests|orders) (?P<requests>\{.*\})$", re.MULTILINE
)
#: The lines of a tune with rewritten bars.
REWRITING_LINES = re.compile(
    r"^% rewritten" + _SOURCE + r"% rewriting (?P<rewriting>\{.*\})$", re.MULTILINE
)

_FIRST_LINE = re.compile(r"^% (composed|rewritten) by abcrnn\b.*", re.MULTILINE)
_FIRST_LINE_IN_FULL = re.compile(r"% \w+ by abcrnn [\w.+-]{1,40}")
_DIGITS = r"[0-9a-f]{16}", "16 hexadecimal digits"
_NUMBERS = {
    "model": _DIGITS,
    "seed": (r"\d{1,19}", "a whole number from 0, of at most 19 digits"),
    "stream": (r"\d{1,9}", "a whole number from 0, of at most 9 digits"),
    "tune": _DIGITS,
}
_EXAMPLE = "% model 0123456789abcdef, seed 1, stream 0, tune 0123456789abcdef"


def search_lines(pattern: re.Pattern[str], tune: str) -> re.Match[str]:
    """Return the comment lines of a tune.

    Parameters
    ----------
    pattern : re.Pattern
        :data:`COMPOSED_LINES` or :data:`REWRITING_LINES`.
    tune : str

    Raises
    ------
    ABCError
        If a line is not as expected; it has the line.
    ValueError
        If the tune has no such lines.
    """
    found = pattern.search(tune)
    if found:
        return found
    first = _FIRST_LINE.search(tune)
    if first:
        _require_lines(tune, first)
    kind = "composed" if pattern is COMPOSED_LINES else "rewritten"
    raise ValueError(
        f"the tune has no lines such as '% {kind} by abcrnn ...': "
        "only tunes from abcrnn compose and abcrnn rewrite can be reproduced"
    )


def line_in_tune(found: re.Match[str], group: str) -> int:
    """Return the number of the line of a group, from 1."""
    return found.string.count("\n", 0, found.start(group)) + 1


def parse_values(
    found: re.Match[str], group: str, known: Collection[str], required: Collection[str] = ()
) -> dict[str, Any]:
    """Return the values of a line, by name.

    Parameters
    ----------
    found : re.Match
        Of :func:`search_lines`.
    group : str
        Such as ``"settings"``.
    known : collection of str
        The names that the line may have.
    required : collection of str
        The names that it must have.

    Raises
    ------
    ABCError
        If the line is not JSON, has other names, or lacks a name.
    """
    text, line = found[group], line_in_tune(found, group)
    try:
        values: dict[str, Any] = json.loads(text)
    except (RecursionError, ValueError) as error:
        reason = str(error)[:100]
        raise ABCError(
            f"the values of {group} are not valid: they must be JSON, not {text!r:.80}: {reason}",
            line,
        ) from error
    for name in values:
        if name not in known:
            reason = f"{name!r:.80} is not one of {', '.join(known)}"
            raise invalid_values(found, group, ValueError(reason))
    for name in required:
        if name not in values:
            raise invalid_values(found, group, ValueError(f"{name} is missing"))
    return values


def invalid_values(found: re.Match[str], group: str, error: Exception) -> ABCError:
    """Return the error to raise for values of a line that are out of range."""
    return ABCError(
        f"the values of {group} are not valid: {str(error)[:300]}", line_in_tune(found, group)
    )


def _require_lines(tune: str, first: re.Match[str]) -> None:
    """Raise ``ABCError`` at the first comment line that is not as expected."""
    number = tune.count("\n", 0, first.start()) + 1
    lines = [*tune[first.start() :].split("\n", 4)[:4], "", "", ""]
    if not _FIRST_LINE_IN_FULL.fullmatch(lines[0]):
        raise _expected(f"% {first[1]} by abcrnn 1.0", lines[0], number)
    _require_numbers(lines[1], number + 1)
    last = ("requests", "orders") if first[1] == "composed" else ("rewriting",)
    for names, line, place in (("settings",), lines[2], 2), (last, lines[3], 3):
        if not any(_is_values(name, line) for name in names):
            raise _expected(f"% {names[0]} {{...}}", line, number + place)


def _require_numbers(line: str, number: int) -> None:
    """Raise ``ABCError`` unless a line has the model, the seed, the stream and the tune."""
    parts = [part.partition(" ") for part in line.removeprefix("% ").split(", ")]
    if not line.startswith("% ") or [name for name, _, _ in parts] != list(_NUMBERS):
        raise _expected(_EXAMPLE, line, number)
    for name, _, value in parts:
        pattern, accepted = _NUMBERS[name]
        if not re.fullmatch(pattern, value):
            raise ABCError(f"{name} must be {accepted}, not {value!r:.80}", number)


def _is_values(name: str, line: str) -> bool:
    return line.startswith(f"% {name} {{") and line.endswith("}")


def _expected(example: str, line: str, number: int) -> ABCError:
    return ABCError(f"the line must be such as {example!r}, not {line!r:.80}", number)
