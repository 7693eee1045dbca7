"""Where a tune stands between two bar lines, and what a bar line may do there.

Bars have to add up in the order they are heard (sections 4.8 and 4.9 of ABC 2.1):
a piece of a bar before a repeat needs its other piece where the repeat comes back
to, and where it goes on. The rules are those of :mod:`abcrnn.notation.checks`, and
narrower where programs take repeats in different ways: a ``:|`` stands only where
every place that it could be taken to come back to begins alike.
"""

from __future__ import annotations

from typing import NamedTuple

#: Of each section of an ordered form: its bars, if given, and whether it is repeated.
Form = tuple[tuple[int | None, bool], ...]


class Place(NamedTuple):
    """A place in the music of a tune; lengths in steps.

    Parameters
    ----------
    whole : int
        A full bar.
    filled : int
        Of the bar that is being written, with the piece of it that is heard before.
    begun : bool
        Whether an event stands in it.
    pickup : bool
        Whether it is the first of the tune, which may be short.
    back : int
        What a ``:|`` must leave filled, so that the piece it comes back to makes it whole:
        0 where a full bar stands there, and until the first bar is closed; less than 0
        where none may stand before the next ``|:``.
    opened : bool
        Whether a ``|:`` waits for its ``:|``.
    ending : str
        ``first``, ``due`` (the second must follow at once), ``second``, or empty.
    repeated : bool
        Whether a ``:|`` has come.
    explicit : str
        What came, ``ending`` or ``meter``, if programs do not agree from here on where a
        ``:|`` comes back to that was not opened, or measure the bars on the way by other
        rules. By the rules followed here, the first ``:|`` after endings comes back to
        where they did, and passes over them.
    closed : str
        What the bar line before closes: ``tune`` if it may be the last, else ``section``;
        after that, only ``|:`` goes on.
    sounded : bool
        Whether the tune has a note.
    slurred : bool
        Whether a slur is open.
    section : int
        Sections closed; only counted in an ordered form.
    bar : int
        Number of the bar in its section or tune, pickup not counted; only under orders.
    """

    whole: int
    filled: int = 0
    begun: bool = False
    pickup: bool = True
    back: int = 0
    opened: bool = False
    ending: str = ""
    repeated: bool = False
    explicit: str = ""
    closed: str = ""
    sounded: bool = False
    slurred: bool = False
    section: int = 0
    bar: int = 0


class Sections:
    """What bar lines may do.

    Parameters
    ----------
    form : Form
        Sections to keep to; empty for any.
    bars : int, optional
        Bars of the whole tune, if there is no form.
    strict : bool
        Leave out what is sound and yet makes some programs stumble.
    """

    def __init__(self, form: Form = (), bars: int | None = None, strict: bool = True) -> None:
        self._form, self._bars, self._strict = form, bars, strict
        self._ordered = bool(form or bars)

    def beginning(self, whole: int) -> Place:
        """Return the place where the music begins."""
        return Place(whole, bar=int(self._ordered))

    def after(self, place: Place, deeds: tuple[str, ...]) -> Place | None:
        """Return the place after a bar line that does so much; None if it may not stand here."""
        if self._strict and deeds == ("repeat", "open") and place.repeated and not place.opened:
            return None  # some programs miss the |: before it
        moved: Place | None = place
        for deed in deeds:
            if moved is not None:
                moved = _DEEDS[deed](self, moved)
        return moved

    def may_end(self, place: Place) -> bool:
        """Whether the tune may end at this bar line."""
        return (
            place.closed == "tune"
            and place.sounded
            and not (place.begun or place.opened or place.ending)
            and not (place.slurred and self._strict)
            and (not self._ordered or self._is_over(place))
        )

    def limit(self, place: Place) -> int:
        """Return what the bar may be filled to: less than whole if a section must end in it."""
        over = self._ordered and not place.begun and self._is_over(place)
        if over or place.closed == "section" or place.ending == "due" or self._must_open(place):
            return place.filled
        return place.back if place.back and self._is_last(place) else place.whole

    def goal(self, place: Place) -> tuple[int, str]:
        """Return how far to fill the bar, and which deed then leads to an end of the tune."""
        for target in (place.back, place.whole):
            if place.filled < target or (place.filled == target and place.begun):
                closing = place._replace(filled=target, begun=True, sounded=True, slurred=False)
                for deed in ("repeat", "double"):
                    if self.after(closing, (deed,)):
                        return target, deed
        return place.whole, "plain"

    # Deeds ----------------------------------------------------------------------------------

    def _plain(self, place: Place) -> Place | None:
        if not place.begun:
            return None
        if _is_short_pickup(place):
            return _next(place, 0, back=place.whole - place.filled, bar=min(place.bar, 1))
        if place.filled != place.whole or self._is_last(place):
            return None
        return _next(place, 0, bar=self._count(place, 0))

    def _double(self, place: Place) -> Place | None:
        if _is_short_pickup(place) and not self._strict:
            return self._plain(place)
        left = place.filled % place.whole
        if not self._may_close(place) or place.ending == "first":
            return None
        if self._form and (not self._in_form(place) or self._form[place.section][1]):
            return None
        fits = left in (0, place.back)
        last = place.section + 1 == len(self._form)
        if (self._form and left and not (fits and last)) or (
            self._bars and self._is_last(place) and (place.opened or not fits)
        ):
            return None
        if not fits and self._strict and place.repeated and place.ending != "second":
            return None
        # The first :| comes back to the beginning, a later one to the double bar before it;
        # but see ``explicit``: what stands behind the endings must go on from before them.
        if place.ending:
            back = -1 if left else place.back
        elif place.repeated and not place.opened and place.explicit != "ending":
            back = left
        else:
            back = place.back
        if left and place.opened and self._strict:
            return None
        sure = fits or not (self._strict and place.repeated)
        closed = "tune" if sure else "section"
        return self._closed(place, left, back=back, closed=closed)

    def _repeat(self, place: Place) -> Place | None:
        left = place.filled % place.whole
        if not self._may_close(place) or left != place.back:
            return None
        if self._form and not (self._in_form(place) and self._form[place.section][1]):
            return None
        if self._strict and place.explicit and not place.opened:
            return None
        if place.ending == "first":
            return _next(place, 0, ending="due")
        if place.ending:
            return None
        return self._closed(place, left, opened=False, repeated=True, closed="tune")

    def _open(self, place: Place) -> Place | None:
        if place.opened or place.slurred or place.ending in ("first", "due"):
            return None
        if self._ordered and not self._may_open(place):
            return None
        if not place.begun:
            if place.pickup:  # the pickup comes after it
                return place._replace(opened=True)
            if not place.closed:
                return None
            return place._replace(opened=True, closed="", back=place.filled)
        short = _is_short_pickup(place)
        left = 0 if short else place.filled % place.whole
        odd = left not in (0, place.back) and place.ending != "second"
        if self._strict and odd:
            return None
        bar = place.bar if short else self._count(place, left)
        return _next(place, left, back=left, opened=True, ending="", bar=bar)

    def _first(self, place: Place) -> Place | None:
        fits = not (place.begun or place.filled or place.pickup or place.closed or place.ending)
        sure = place.opened or not ((place.repeated or place.explicit) and self._strict)
        if self._ordered or not fits or not sure:
            return None
        return place._replace(ending="first")

    def _second(self, place: Place) -> Place | None:
        if place.ending != "due":
            return None
        return place._replace(ending="second", opened=False, repeated=True, explicit="ending")

    # Counting -------------------------------------------------------------------------------

    def _may_close(self, place: Place) -> bool:
        """Whether a section may be closed in this bar at all."""
        if not place.begun or (place.slurred and self._strict) or place.ending == "due":
            return False
        if _is_short_pickup(place):
            return False
        bars = self._form[place.section][0] if self._in_form(place) else None
        return bars is None or place.bar == bars

    def _closed(self, place: Place, left: int, **changes: object) -> Place:
        moved = _next(place, left, ending="", **changes)
        if self._form:
            return moved._replace(section=place.section + 1, bar=int(left == 0))
        return moved._replace(bar=self._count(place, left))

    def _count(self, place: Place, left: int) -> int:
        return place.bar + 1 if self._ordered and left == 0 else place.bar

    def _in_form(self, place: Place) -> bool:
        return place.section < len(self._form)

    def _is_last(self, place: Place) -> bool:
        """Whether the section, or the tune, has to end in this bar."""
        if self._form:
            return self._in_form(place) and place.bar == self._form[place.section][0]
        return place.bar == self._bars

    def _is_over(self, place: Place) -> bool:
        """Whether all that was ordered is there."""
        if self._form:
            return not self._in_form(place)
        return bool(place.closed) and place.bar - (place.filled == 0) == self._bars

    def _must_open(self, place: Place) -> bool:
        """Whether a repeat has to begin with |: here, or it would come back over more sections."""
        later = self._in_form(place) and place.section > 0 and self._form[place.section][1]
        return later and not (place.begun or place.opened or place.repeated)

    def _may_open(self, place: Place) -> bool:
        if self._form:
            begins = place.bar == int(place.filled == 0) and not place.begun
            return begins and self._in_form(place) and self._form[place.section][1]
        return not self._is_over(place) and not (place.begun and self._is_last(place))


_DEEDS = {
    "plain": Sections._plain,
    "double": Sections._double,
    "repeat": Sections._repeat,
    "open": Sections._open,
    "first": Sections._first,
    "second": Sections._second,
}


def _is_short_pickup(place: Place) -> bool:
    return place.pickup and place.begun and place.filled < place.whole


def _next(place: Place, left: int, **changes: object) -> Place:
    """Begin the next bar, with so much of it heard before."""
    begun = place._replace(filled=left, begun=False, pickup=False, closed="")
    return begun._replace(**changes)  # type: ignore[arg-type]
