"""Music code with uniform spacing: one space between beams, none around bar lines.

The tokens of lines of music become items in the same order. A space is kept only where it
separates two events, and it precedes what belongs to the second one: ``A2( B`` becomes
``A2 (B``. Around notation that is not supported, white space is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from abcrnn.notation.decorations import DEFAULT_SYMBOLS
from abcrnn.notation.formatter.spelling import respell
from abcrnn.notation.lexer import Token
from abcrnn.notation.repeats import is_double
from abcrnn.notation.tune import Event

_EVENTS = ("note", "rest", "bar_rest", "chord")
_BEFORE_EVENT = ("quoted", "decoration", "slur", "tuplet", "grace", "inline", "spacer")
_MOVABLE = ("quoted", "decoration", "slur", "tuplet", "grace")
_AFTER_EVENT = ("tie", "slur_end", "broken")
_GROUPS = {"chord": "chord_end", "grace": "grace_end"}  # by the token that begins each
_KNOWN = {*_EVENTS, *_BEFORE_EVENT, *_AFTER_EVENT, *_GROUPS.values()}
_MAY_BE_TEXT = ("letter", "spacer")  # a space after them may be one between words
_ENDING = re.compile(r"[1-9][\d,-]*$")
# Directly after a bar line, these would be read as part of it.
_JOINS_BAR = re.compile(r"[|:\]\d,-]|\[\|")
#: At the end of a line, the sign of ABC 1.6 for a line that fills the page.
_FILLED_LINE = "*"


@dataclass
class Item:
    """A token, or the tokens of a chord or of grace notes.

    Parameters
    ----------
    kind : str
        ``event``, ``before`` an event, ``after`` an event, ``bar``, ``ending`` or ``loose``.
    text : str
    first_kind : str
        Kind of its first token.
    spaced : bool
        Whether a space precedes it, except at the beginning of a line.
    event : Event, optional
        The event that it is.
    """

    kind: str
    text: str
    first_kind: str
    spaced: bool = False
    event: Event | None = None

    @property
    def ending(self) -> str:
        """The numbers of the ending that a bar line begins, such as ``1`` in ``|1``."""
        found = _ENDING.search(self.text) if self.kind == "bar" else None
        return found[0] if found else ""


def opens_repeat(bar_line: str) -> bool:
    """Return whether a bar line begins a repeat, and ends none."""
    return bar_line.endswith(":") and not bar_line.startswith(":")


def _is_double_end(bar_line: str) -> bool:
    """Return whether a bar line ends a section, and begins no repeat."""
    return is_double(bar_line.lstrip(".")) and not bar_line.endswith(":")


def _kind_before_event(token: Token) -> str:
    """Return the kind of a token before an event; ``letter`` for one without a default meaning."""
    is_letter = token.kind == "decoration" and token.text.isalpha()
    return "letter" if is_letter and token.text not in DEFAULT_SYMBOLS else token.kind


class Arranger:
    """Turn the tokens of lines of music, which are joined, into items.

    Parameters
    ----------
    events : mapping of (int, int) to Event
        The events of the tune by line and column.
    layout : str
        Signs to leave out, such as ``!`` for the end of a line of the score.
    """

    def __init__(self, events: Mapping[tuple[int, int], Event], layout: str) -> None:
        self._items: list[Item] = []
        self._events = events
        self._layout = layout
        self._before: Token | None = None  # the last token
        self._closes = ""  # kind of the token that closes the open chord or grace notes
        self._group: list[str] = []  # the tokens of the open chord or grace notes
        self._gap = False  # white space since the last item
        self._beam_ends = False  # white space since the last event, not yet in the items
        self._first = 0  # index of the first item that belongs to the next event
        self._continuation: Token | None = None
        self._is_continued = False  # whether the next item follows a continuation

    def add_line(self, tokens: Sequence[Token]) -> None:
        r"""Add the tokens of a line; a ``\`` at the end of the line before is left out."""
        self._is_continued, self._continuation = self._continuation is not None, None
        for index, token in enumerate(tokens):
            following = tokens[index + 1] if index + 1 < len(tokens) else None
            self._note_gap(token)
            if following is None and token.text == "\\":
                self._continuation = token
            elif not self._is_layout(token, following):
                self._add(token)

    def finish(self) -> list[Item]:
        r"""Return the items; a ``\`` at the end of the last line is one of them."""
        self._close_group()
        if self._continuation:
            after_bar = bool(self._items) and self._items[-1].kind == "bar"
            self._items.append(Item("loose", "\\", "other", self._gap and not after_bar))
        return self._items

    def _is_layout(self, token: Token, following: Token | None) -> bool:
        if token.kind != "other":
            return False
        if following is None:
            return token.text in self._layout or token.text == _FILLED_LINE
        return token.text in self._layout and following.kind != "text"

    def _note_gap(self, token: Token) -> None:
        """Record white space before a token, where the parser finds it too."""
        before, self._before = self._before, token
        if before is None:
            return
        if token.line != before.line:
            self._gap |= before.text != "\\"
        else:
            self._gap |= token.column > before.column + len(before.text)

    def _add(self, token: Token) -> None:
        if self._closes and token.kind != "bar":
            self._extend_group(token)
        elif token.kind == "bar":
            self._close_group()
            self._add_bar(token)
        elif token.kind == "ending":
            self._add_ending(token)
        elif token.kind in _EVENTS:
            event = self._events.get((token.line, token.column))
            self._move_decorations()
            self._append(Item("event", respell(token), token.kind, event=event))
            self._place_space()
            self._open_group(token)
        elif token.kind in _BEFORE_EVENT:
            self._append(Item("before", token.text, _kind_before_event(token)))
            self._open_group(token)
        elif token.kind in _AFTER_EVENT:
            self._append(Item("after", token.text, token.kind))
        else:
            self._place_space()
            self._append(Item("loose", token.text, token.kind))
        self._gap = self._is_continued = False

    def _move_decorations(self) -> None:
        """Put single signs such as ``~`` directly before the event, as section 4.20 says."""
        start = len(self._items)
        while start and self._items[start - 1].first_kind in _MOVABLE:
            start -= 1
        run = self._items[start:]
        contents = [(item.text, item.first_kind) for item in run]
        decorations = [text for text, kind in contents if kind == "decoration"]
        is_dotted_slur = ((".", "decoration"), ("(", "slur")) in pairwise(contents)
        if is_dotted_slur or any(len(text) > 1 for text in decorations):
            return  # the order of decorations matters
        contents.sort(key=lambda content: content[1] == "decoration")
        for item, (text, first_kind) in zip(run, contents, strict=True):
            item.text, item.first_kind = text, first_kind

    def _open_group(self, token: Token) -> None:
        self._closes = _GROUPS.get(token.kind, "")
        self._group = [token.text] if self._closes else []

    def _extend_group(self, token: Token) -> None:
        spaced = self._gap and token.kind not in _KNOWN
        self._group.append(" " * spaced + respell(token))
        if token.kind == self._closes:
            self._close_group()

    def _close_group(self) -> None:
        if self._group:
            self._items[-1].text = "".join(self._group)
        self._closes, self._group = "", []

    def _add_bar(self, token: Token) -> None:
        self._place_space()
        last = self._items[-1] if self._items else None
        if last and last.kind == "bar" and not last.ending:
            # At the end of a line and the beginning of the next one, these are one bar line.
            if token.text == "|" or (token.text == "||" and _is_double_end(last.text)):
                return
            if last.text == "|" and opens_repeat(token.text):
                last.text = token.text
                return
        self._append(Item("bar", token.text, "bar"))

    def _add_ending(self, token: Token) -> None:
        last = self._items[-1] if self._items else None
        self._place_space()
        if last and last.kind == "bar" and last.text in ("|", ":|"):
            last.text += token.text[1:]
        else:
            self._append(Item("ending", token.text, "ending"))

    def _append(self, item: Item) -> None:
        self._beam_ends |= self._gap
        if self._items:
            last = self._items[-1]
            item.spaced = self._is_spaced(last, item)
            self._beam_ends &= not item.spaced or last.first_kind in _MAY_BE_TEXT
        self._items.append(item)
        if item.kind in ("bar", "ending"):
            self._beam_ends = False
        if item.kind not in ("before", "event"):
            self._first = len(self._items)

    def _is_spaced(self, last: Item, item: Item) -> bool:
        """Return whether a space separates two items whatever their beams are."""
        if last.kind == "ending" or last.ending:
            return True
        if last.first_kind in _MAY_BE_TEXT and item.kind != "after":
            return self._gap
        if "loose" in (last.kind, item.kind):
            return self._gap or self._is_continued
        if item.kind == "ending":
            return self._gap and last.kind != "bar"
        if last.kind == "bar":
            return item.kind == "bar" or bool(_JOINS_BAR.match(item.text))
        return False

    def _place_space(self) -> None:
        """Put the space between two beams in front of what belongs to the second one."""
        if self._beam_ends and 0 < self._first < len(self._items):
            before = self._items[self._first - 1]
            self._items[self._first].spaced |= before.kind != "bar"
        self._first, self._beam_ends = len(self._items), False
