"""Validated values of the JSON body of a request."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

_SHOWN = 60  # characters of a value in a message


class FieldError(ValueError):
    """Raised for a body or a field that is not valid."""


class Fields:
    """The fields of a request; each is taken once, by its type.

    Parameters
    ----------
    body : bytes
        A JSON object.

    Raises
    ------
    FieldError
        If the body is not valid.

    Examples
    --------
    >>> fields = Fields(b'{"bars": 16, "key": "G"}')
    >>> fields.whole("bars", 1, 256), fields.text("key", 20)
    (16, 'G')
    """

    def __init__(self, body: bytes) -> None:
        try:
            values = json.loads(body, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise FieldError(f"the body must be JSON: {str(error)[:_SHOWN]}") from None
        if not isinstance(values, dict):
            raise FieldError("the body must be a JSON object")
        self._values: dict[str, Any] = values

    def text(self, name: str, longest: int, lines: bool = False) -> str:
        """Return a text of one line, or of several; control characters are refused."""
        value = self._take(name)
        if not isinstance(value, str):
            raise _error(name, "text", value)
        if len(value) > longest:
            raise FieldError(f"{name} must have at most {longest} characters, not {len(value)}")
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise _error(name, "text without lone surrogates", value) from None
        if any(_is_control(c) and not (lines and c in "\n\t") for c in value):
            allowed = "text without control characters" + ("" if lines else ", on one line")
            raise _error(name, allowed, value)
        return value

    def optional_text(self, name: str, longest: int, lines: bool = False) -> str | None:
        """Return a text; None if it is missing, null or blank."""
        if self._is_missing(name):
            return None
        return self.text(name, longest, lines).strip() or None

    def choice(self, name: str, choices: Collection[str]) -> str:
        """Return one of several texts."""
        value = self.text(name, 1000)
        if value not in choices:
            raise _error(name, f"one of {', '.join(choices)}", value)
        return value

    def whole(self, name: str, least: int, most: int) -> int:
        """Return a whole number."""
        value = self._take(name)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise _error(name, f"a whole number from {least} to {most}", value)
        return value

    def optional_whole(self, name: str, least: int, most: int) -> int | None:
        """Return a whole number; None if it is missing or null."""
        return None if self._is_missing(name) else self.whole(name, least, most)

    def number(self, name: str, least: float, most: float) -> float:
        """Return a number."""
        value = self._take(name)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not least <= value <= most:
            raise _error(name, f"a number from {least:g} to {most:g}", value)
        return float(value)

    def end(self) -> None:
        """Raise ``FieldError`` for a field that was not taken."""
        for name in self._values:
            raise FieldError(f"{name[:_SHOWN]!r} is not a field of this request")

    def _is_missing(self, name: str) -> bool:
        if self._values.get(name) is not None:
            return False
        self._values.pop(name, None)
        return True

    def _take(self, name: str) -> Any:
        if name not in self._values:
            raise FieldError(f"the field {name} is missing")
        return self._values.pop(name)


def _is_control(c: str) -> bool:
    return ord(c) < 32 or 127 <= ord(c) < 160


def _error(name: str, accepted: str, value: Any) -> FieldError:
    shown = repr(value)
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
    return FieldError(f"{name} must be {accepted}, not {shown}")


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
