"""The error that ABC text raises."""

from __future__ import annotations


class ABCError(ValueError):
    """ABC text that cannot be parsed or exceeds a limit.

    Parameters
    ----------
    message : str
        What is wrong and what is expected.
    line, column : int, optional
        Position in the text, counted from 1; 0 if unknown.
    """

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        self.message = message
        self.line = line
        self.column = column
        where = (
            f"line {line}, column {column}: "
            if line and column
            else f"line {line}: "
            if line
            else ""
        )
        super().__init__(where + message)


class NotOneTuneError(ABCError):
    """Text that is not exactly one tune: it is empty, or another tune begins in it."""
