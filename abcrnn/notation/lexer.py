"""ABC text split into tokens, each with its line and column (sections 2.2, 3 and 4).

One regular expression describes all tokens of music code. It never backtracks over text it
has read, so the time is proportional to the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from abcrnn.notation.errors import ABCError


class Token(NamedTuple):
    """A token of a tune: its kind, its text, and the line and column of its start (from 1).

    Kinds are the group names of the regular expression below, ``field`` (text: letter, colon,
    value) and ``directive`` (``%%``). ``other`` is a character without meaning.
    """

    kind: str
    text: str
    line: int
    column: int


#: Note lengths: ``3``, ``3/2``, ``/``, ``//`` (section 4.3).
LENGTH = r"\d*(?:/\d*)*"

#: A note's accidental, letter, octave marks and length (sections 4.1 to 4.3).
NOTE = re.compile(rf"(\^{{1,2}}|_{{1,2}}|=)?([A-Ga-g])([,']*)({LENGTH})")

_ENDING = r"[1-9]\d?(?:[,-][1-9]\d?)*"

_MUSIC = re.compile(
    rf"""(?P<space>[ \t]+)
    | (?P<note>{NOTE.pattern})
    | (?P<quoted>"[^"]*") | (?P<unquoted>"[^"]*)
    | (?P<bar>(?:\[(?=\|)|\||:(?=[|:\]]))(?:[|:]|\[(?=\|)|\](?!\[))*(?:{_ENDING})?)
    | (?P<ending>\[{_ENDING})
    | (?P<inline>\[[A-Za-z]:[^\[\]]*\])
    | (?P<chord>\[) | (?P<chord_end>\]{LENGTH})
    | (?P<rest>[xz]{LENGTH}) | (?P<bar_rest>[XZ]\d*) | (?P<spacer>y\d*)
    | (?P<tuplet>\(\d+(?::\d*)?(?::\d*)?) | (?P<slur>\() | (?P<slur_end>\))
    | (?P<grace>\{{/?) | (?P<grace_end>\}})
    | (?P<broken>>+|<+) | (?P<tie>-)
    | (?P<decoration>![^!|\s":\[\]]{{1,32}}!|\+[a-zA-Z0-9.<>()^_]{{1,32}}\+|[.~H-Wh-w])
    | (?P<overlay>&+)
    | (?P<other>.)""",
    re.VERBOSE,
)
_FIELD = re.compile(r"\s*([A-Za-z+]):(?![|:])(.*)")
_COMMENT = re.compile(r"(?<!\\)%")


def tokens(tune: str) -> Iterator[Token]:
    """Yield the tokens of one tune.

    Parameters
    ----------
    tune : str
        The text of the tune, from its ``X:`` line on.

    Raises
    ------
    ABCError
        If a line has a NUL byte.
    """
    in_header = True
    for number, line in enumerate(tune.split("\n"), start=1):
        if "\0" in line:
            raise ABCError("a NUL byte; ABC is text", number, line.index("\0") + 1)
        if line.startswith("%%"):
            yield Token("directive", line[2:].strip(), number, 1)
            continue
        comment = _COMMENT.search(line)
        code = line[: comment.start()] if comment else line
        field = _FIELD.match(code)
        if field and (in_header or _is_body_field(field[1])):
            yield Token("field", f"{field[1]}:{field[2].strip()}", number, field.start(1) + 1)
            in_header = in_header and field[1] != "K"
        else:
            yield from _music(code, number)


def _is_body_field(letter: str) -> bool:
    # Not only the fields that the standard allows in a body (section 3): tunebooks have
    # others there, and a line such as "N: twice" is not music.
    return letter == "+" or letter.isalpha()


def _music(code: str, number: int) -> Iterator[Token]:
    for found in _MUSIC.finditer(code):
        kind = found.lastgroup or "other"
        if kind != "space":
            yield Token(kind, found[0], number, found.start() + 1)
