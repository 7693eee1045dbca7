"""Rhythms (field ``R:``) that belong to certain meters, such as a hornpipe to 4/4 or C|.

A set of meters is written as a string with one sign for each kind of meter, in
alphabetical order; an empty string means any meter.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from abcrnn.notation.fields import parse_meter

_DUPLE, _TRIPLE, _SLOW_TRIPLE, _SIX, _NINE, _TWELVE = "2", "3", "h", "6", "9", "1"
_KINDS = {2: _DUPLE, 4: _DUPLE, 3: _TRIPLE, 6: _SIX, 9: _NINE, 12: _TWELVE}

#: Kinds of meter by the words that name rhythms.
RHYTHMS = {
    **dict.fromkeys(
        ("reel", "polka", "strathspey", "clog", "fling", "highland", "schottische", "barndance",
         "breakdown", "rant", "galop"),
        _DUPLE,
    ),
    "hornpipe": _DUPLE + _SLOW_TRIPLE,
    **dict.fromkeys(("waltz", "mazurka", "minuet", "menuet", "varsovienne"), _TRIPLE),
    "jig": _TWELVE + _SIX + _NINE,
    "slide": _TWELVE + _SIX,
    "single": _TWELVE + _SIX,
    "double": _SIX,
    **dict.fromkeys(("slip", "slipjig", "hop"), _NINE),
}  # fmt: skip


@lru_cache(256)
def meter_kind(meter: str) -> str:
    """Return the sign of a meter (value of ``M:``); empty for one that suits every rhythm."""
    parsed = parse_meter(meter)
    if parsed is None or len(parsed.beats) != 1:
        return ""
    beats = parsed.beats[0]
    return _SLOW_TRIPLE if (beats, parsed.unit) == (3, 2) else _KINDS.get(beats, "")


def suits(kinds: str, meter: str) -> bool:
    """Whether a meter is one of these kinds."""
    kind = meter_kind(meter)
    return not (kinds and kind) or kind in kinds


def both(kinds: str, others: str) -> str | None:
    """Return the kinds of meter in both sets; None if there are none."""
    if not (kinds and others):
        return kinds or others
    return "".join(kind for kind in kinds if kind in others) or None


class RhythmText:
    """Read the value of ``R:``, word by word.

    Parameters
    ----------
    strict : bool
        Refuse rhythms that suit none of the meters.
    """

    def __init__(self, strict: bool) -> None:
        self._strict = strict

    def read(self, text: str, c: str, meters: Iterable[str]) -> str | None:
        """Read a character of the value.

        Parameters
        ----------
        text : str
            The kinds of meter that the words so far allow, a colon, and the current word
            if it may become one of :data:`RHYTHMS`, otherwise a sign for it.
        c : str
        meters : iterable of str
            Meters that the tune may have.

        Returns
        -------
        str or None
            None if the character is not allowed.
        """
        kinds, _, word = text.partition(":")
        if c.isalpha():
            return self._letter(kinds, word, c.lower(), meters)
        ended = self._after_word(kinds, word, meters)
        if ended is None or (c == " " and word == " " and self._strict):
            return None
        return f"{ended}:{' ' if c == ' ' else '.'}"

    def kinds(self, text: str, meters: Iterable[str]) -> str | None:
        """Return the kinds of meter that the value allows if it ends here; None if it may not."""
        kinds, _, word = text.partition(":")
        if self._strict and word in ("", " "):
            return None
        return self._after_word(kinds, word, meters)

    def _after_word(self, kinds: str, word: str, meters: Iterable[str]) -> str | None:
        after = both(kinds, RHYTHMS.get(word, ""))
        if not self._strict:
            return after or ""
        return after if after is not None and _suits_any(after, meters) else None

    def _letter(self, kinds: str, word: str, c: str, meters: Iterable[str]) -> str | None:
        if word == "*":
            return f"{kinds}:*"
        word = word.strip(" .") + c
        possible = [name for name in RHYTHMS if name.startswith(word)]
        if not possible:
            return f"{kinds}:*"
        after = [both(kinds, RHYTHMS[name]) for name in possible]
        if self._strict and not any(k is not None and _suits_any(k, meters) for k in after):
            return None
        return f"{kinds}:{word}"


def _suits_any(kinds: str, meters: Iterable[str]) -> bool:
    return any(suits(kinds, meter) for meter in meters)
