"""Text of header fields that may be generated: single spaces, and in names balanced signs."""

from __future__ import annotations

#: State of a text after which anything may follow, and which may end.
ANY_TEXT = "*"

_CLOSING = {"(": ")", "[": "]", '"': '"'}
_MOST_OPEN = 2
#: Signs in titles and names of irish, jigs, oneills, airds and ryans.
_SIGNS = frozenset("'\u2019.,-&!?/:;#")

# What came before, the first character of the state of a name.
_START = ""
_SPACE = " "  # a space; a letter must still follow
_OPENED = "("  # an opening sign
_SIGN = "."  # another sign; a letter must still follow
_WORD = ANY_TEXT  # a letter or digit, and perhaps signs directly after it
_WORD_SPACE = "_"


def read_text(text: str, c: str) -> str | None:
    """Read a character of the value of a field.

    Parameters
    ----------
    text : str
        What :func:`read_text` returned for the value so far; empty at its beginning.
    c : str

    Returns
    -------
    str or None
        None if the character is not allowed.
    """
    if c == " ":
        return None if text.endswith(" ") else text + c
    return ANY_TEXT


def read_name(text: str, c: str) -> str | None:
    """Read a character of a title or name, in which brackets and quotation marks pair.

    Parameters
    ----------
    text : str
        What :func:`read_name` returned for the name so far; empty at its beginning.
    c : str

    Returns
    -------
    str or None
        None if the character is not allowed.
    """
    last, opened = text[:1], text[1:]
    if c.isalnum():
        return _WORD + opened
    if c == " ":
        after = {_START: _SPACE, _SIGN: _SPACE, _WORD: _WORD_SPACE}.get(last)
        return None if after is None else after + opened
    if last == _WORD and opened and c == _CLOSING[opened[-1]]:
        return _WORD + opened[:-1]
    if c in _CLOSING:
        is_allowed = last not in (_WORD, _SIGN) and len(opened) < _MOST_OPEN and c not in opened
        return _OPENED + opened + c if is_allowed else None
    if c not in _SIGNS:
        return None
    if last == _WORD_SPACE and c in "!?":
        return _WORD + opened
    return (_WORD if last == _WORD else _SIGN) + opened


def may_end(text: str) -> bool:
    """Whether a field may end after this text or name."""
    return text == ANY_TEXT


def closing_sign(text: str) -> str:
    """Return the sign that closes the last open bracket or quotation mark, if one may come now.

    Parameters
    ----------
    text : str
        What :func:`read_name` returned.

    Returns
    -------
    str
        Empty if no sign is open, or a word must come first.
    """
    return _CLOSING[text[-1]] if text[:1] == _WORD and text[1:] else ""
