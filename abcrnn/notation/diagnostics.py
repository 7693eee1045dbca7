"""Problems of tunebooks with codes and spans, for editors and scripts."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from abcrnn.notation.checks import check_tune
from abcrnn.notation.errors import ABCError
from abcrnn.notation.fragments import check_fragment
from abcrnn.notation.lexer import Token, tokens
from abcrnn.notation.lines import LINE_END
from abcrnn.notation.tune import Problem
from abcrnn.notation.tunebook import Block

#: Codes of problems that do not make a tune invalid.
WARNINGS = ("unsupported", "outside")


class Diagnostic(NamedTuple):
    """A problem with its span in a tunebook.

    Parameters
    ----------
    line, column : int
        Where it begins, from 1.
    end_column : int
        The column after its last character, in the same line.
    severity : str
        ``"error"`` if the problem makes a tune invalid, otherwise ``"warning"``.
    code : str
        Kind of the problem, such as ``"bar"``; see :func:`abcrnn.check_tune`.
    message : str
    """

    line: int
    column: int
    end_column: int
    severity: str
    code: str
    message: str


def diagnose(block: Block, in_file_header: bool = False) -> list[Diagnostic]:
    """Return the problems of a tune, or of text outside tunes.

    Parameters
    ----------
    block : Block
        From :func:`abcrnn.notation.read_blocks`.
    in_file_header : bool
        Whether it is above the first tune.
    """
    if block.is_tune:
        problems = check_tune(block.text, unsupported=True)
    else:
        problems = check_fragment(block, in_file_header)
    if not problems:
        return []
    spans = _Spans(block.text)
    return [
        Diagnostic(
            block.line_in_book(problem.line),
            problem.column,
            spans.end_column(problem),
            "warning" if problem.kind in WARNINGS else "error",
            problem.kind,
            problem.message,
        )
        for problem in problems
    ]


class _Spans:
    """Finds where the notation ends that a problem is about."""

    def __init__(self, text: str) -> None:
        self._lines = LINE_END.split(text)
        self._tokens: dict[tuple[int, int], Token] = {}
        self._bar_lines: dict[int, list[int]] = {}  # columns of the bar lines in each line
        try:
            for token in tokens(text):
                self._tokens[token.line, token.column] = token
                if token.kind == "bar":
                    self._bar_lines.setdefault(token.line, []).append(token.column)
        except ABCError:
            return  # a NUL byte

    def end_column(self, problem: Problem) -> int:
        """Return the column after a token, or, of a problem of a bar, after the bar."""
        line, column = problem.line, problem.column
        text = self._lines[line - 1].rstrip() if line <= len(self._lines) else ""
        if problem.kind == "bar":
            bar_lines = self._bar_lines.get(line, [])
            after = bisect_right(bar_lines, column)
            end = bar_lines[after] if after < len(bar_lines) else len(text) + 1
            return column + max(1, len(text[column - 1 : end - 1].rstrip()))
        token = self._tokens.get((line, column))
        length = len(token.text) if token and token.kind != "field" else len(text) - column + 1
        return column + max(1, length)
