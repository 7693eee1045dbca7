"""What a bar line may do at a position: end a bar, a section or a repeat, begin an ending.

Bars must add up in the order they are played (sections 4.8 and 4.9 of ABC 2.1): if a
repeat cuts a bar in two, the other piece must follow both where the repeat goes back to
and where the tune continues. The rules are those of :mod:`abcrnn.notation.checks`. They
are narrower where programs play repeats differently: a ``:|`` is allowed only if all
places that a program could go back to begin with the same piece of a bar.
"""

from __future__ import annotations

from collections.abc import Callable

from abcrnn.grammar.positions import (
    NO_REPEAT,
    Ambiguity,
    Bar,
    Closed,
    Effect,
    Ending,
    Form,
    Position,
    Progress,
    Repeats,
    Run,
    Slur,
)

_AFTER_BAR = {
    Run.LINE_PIECE: Run.LINE,
    Run.PIECE: Run.SECTION,
    Run.LINE: Run.ONE,
    Run.SECTION: Run.ONE,
    Run.ONE: Run.MORE,
    Run.MORE: Run.MORE,
}


class Sections:
    """Apply bar lines to positions, within a requested form or number of bars.

    Parameters
    ----------
    form : Form
        Sections the tune must have; empty for any.
    bars : int, optional
        Bars the tune must have, if there is no form.
    strict : bool
        As in :class:`abcrnn.grammar.TuneAutomaton`.
    """

    def __init__(self, form: Form = (), bars: int | None = None, strict: bool = True) -> None:
        self._form, self._bars, self._strict = form, bars, strict
        self._counts = bool(form or bars)
        self._effects: dict[Effect, Callable[[Position], Position | None]] = {
            Effect.NEXT_BAR: self._next_bar,
            Effect.END_SECTION: self._end_section,
            Effect.CLOSE_REPEAT: self._close_repeat,
            Effect.OPEN_REPEAT: self._open_repeat,
            Effect.FIRST_ENDING: self._first_ending,
            Effect.SECOND_ENDING: self._second_ending,
        }

    def start(self, bar_length: int) -> Position:
        """Return the position before the first note, with bars of that many steps."""
        progress = Progress(bar=int(self._counts), run=Run.LINE)
        return Position(Bar(bar_length, is_first=True), progress=progress)

    def after(self, position: Position, effects: tuple[Effect, ...]) -> Position | None:
        """Return the position after a bar line with these effects; None if it is not allowed."""
        repeats = position.repeats
        if (
            self._strict
            and effects == (Effect.CLOSE_REPEAT, Effect.OPEN_REPEAT)
            and repeats.any_closed
            and not repeats.is_open
        ):
            return None  # some programs then miss the |: in it
        moved: Position | None = position
        for effect in effects:
            if moved is not None:
                moved = self._effects[effect](moved)
        return moved

    def may_end(self, position: Position) -> bool:
        """Whether the tune may end at the previous bar line."""
        repeats = position.repeats
        return (
            position.closed == Closed.TUNE
            and position.has_note
            and not (position.bar.has_event or repeats.is_open or repeats.ending)
            and not (position.slur and self._strict)
            and (not self._counts or self._is_complete(position))
        )

    def may_end_line(self, position: Position) -> bool:
        """Whether a line of music may end here.

        In strict mode it has two bars, unless a section or the second ending begins.
        """
        run, at_bar_line = position.progress.run, not position.bar.has_event
        starts_section = (
            run in (Run.SECTION, Run.PIECE) or position.repeats.ending == Ending.SECOND_DUE
        )
        if not self._strict or (at_bar_line and starts_section):
            return True
        return run == Run.MORE and not self._is_last_bar(position)

    def may_reach_next_bar(self, position: Position) -> bool:
        """Whether a plain bar line may come as soon as the bar is full."""
        bar = position.bar
        return self.bar_limit(position) == bar.length and not self._is_last_bar(position)

    def begin_line(self, position: Position) -> Position:
        """Return the position at the start of the next line."""
        progress = position.progress
        run = Run.LINE_PIECE if progress.run <= Run.PIECE else Run.LINE
        return position._replace(progress=progress._replace(run=run))

    def bar_limit(self, position: Position) -> int:
        """Return the steps that the bar may be filled to, including those already filled."""
        bar, remainder = position.bar, position.repeats.remainder
        if (
            position.closed == Closed.SECTION
            or position.repeats.ending == Ending.SECOND_DUE
            or (self._counts and not bar.has_event and self._is_complete(position))
            or self._must_open_repeat(position)
        ):
            return bar.filled
        return remainder if remainder and self._is_last_bar(position) else bar.length

    def next_goal(self, position: Position) -> tuple[int, Effect]:
        """Return how far to fill the bar to end the tune soon, and the effect that then helps."""
        bar = position.bar
        for target in (position.repeats.remainder, bar.length):
            if bar.filled < target or (bar.filled == target and bar.has_event):
                full = bar._replace(filled=target, has_event=True)
                closing = position._replace(bar=full, has_note=True, slur=Slur.NONE)
                for effect in (Effect.CLOSE_REPEAT, Effect.END_SECTION):
                    if self._effects[effect](closing):
                        return target, effect
        return bar.length, Effect.NEXT_BAR

    # Effects --------------------------------------------------------------------------------

    def _next_bar(self, position: Position) -> Position | None:
        bar, repeats, progress = position.bar, position.repeats, position.progress
        if not bar.has_event:
            return None
        if bar.is_short_pickup:
            repeats = repeats._replace(remainder=bar.length - bar.filled)
            return _begin_bar(position, 0, repeats, progress._replace(bar=min(progress.bar, 1)))
        if bar.filled != bar.length or self._is_last_bar(position):
            return None
        return _begin_bar(position, 0, repeats, self._count_bar(_with_bar(progress), 0))

    def _end_section(self, position: Position) -> Position | None:
        bar, repeats = position.bar, position.repeats
        if bar.is_short_pickup and not self._strict:
            after = self._next_bar(position)
            if after and not repeats.is_open:  # a :| goes back to the full bar after it
                after = after._replace(repeats=after.repeats._replace(remainder=0))
            return after
        if repeats.ending == Ending.FIRST or not self._may_close_section(position):
            return None
        left = bar.filled % bar.length
        is_whole = left in (0, repeats.remainder)  # whether it may also end the tune
        if not self._is_long_enough(position, left):
            return None
        if not self._request_allows_end(position, left, is_whole):
            return None
        if self._strict and not _is_unambiguous_end(repeats, left, is_whole):
            return None
        only_section = self._strict and repeats.any_closed and not is_whole
        return self._close_section(
            position,
            left,
            self._after_double_bar(repeats, left),
            Closed.SECTION if only_section else Closed.TUNE,
        )

    def _request_allows_end(self, position: Position, left: int, is_whole: bool) -> bool:
        """Whether a form or number of bars allows a section without repeat to end here."""
        if self._form:
            number = position.progress.sections
            if not self._is_in_form(position) or self._form[number][1]:
                return False
            is_last = number + 1 == len(self._form)
            if left and not (is_whole and is_last):
                return False
        closes_tune = self._bars and self._is_last_bar(position)
        return not (closes_tune and (position.repeats.is_open or not is_whole))

    def _close_repeat(self, position: Position) -> Position | None:
        bar, repeats = position.bar, position.repeats
        left = bar.filled % bar.length
        if not self._may_close_section(position) or left != repeats.remainder:
            return None
        if self._form and not self._is_in_repeated_section(position):
            return None
        if self._strict and repeats.ambiguity and not repeats.is_open:
            return None
        if repeats.ending == Ending.FIRST:
            due = repeats._replace(ending=Ending.SECOND_DUE)
            return _begin_bar(position, 0, due, _with_bar(position.progress))
        if repeats.ending or not self._is_long_enough(position, left):
            return None
        closed = repeats._replace(is_open=False, any_closed=True)
        return self._close_section(position, left, closed, Closed.TUNE)

    def _open_repeat(self, position: Position) -> Position | None:
        bar, repeats = position.bar, position.repeats
        if repeats.is_open or position.slur:
            return None
        if repeats.ending in (Ending.FIRST, Ending.SECOND_DUE):
            return None
        if self._counts and not self._request_allows_repeat(position):
            return None
        if bar.has_event:
            return self._open_repeat_in_bar(position)
        if bar.is_first:  # a pickup may follow it
            return position._replace(repeats=repeats._replace(is_open=True))
        # After a plain bar line at the end of the line before, |: does as in the same line.
        begins_line = position.progress.run == Run.LINE and not bar.filled
        if not (position.closed or begins_line):
            return None
        opened = _opened(repeats, bar.filled)
        return position._replace(repeats=opened, closed=Closed.NOTHING)

    def _open_repeat_in_bar(self, position: Position) -> Position | None:
        """Open a repeat with a ``|:`` that also ends a bar or cuts it in two."""
        bar, repeats, progress = position.bar, position.repeats, position.progress
        left = 0 if bar.is_short_pickup else bar.filled % bar.length
        is_whole = left in (0, repeats.remainder) or repeats.ending == Ending.SECOND
        if self._strict and not is_whole:
            return None
        if not bar.is_short_pickup:
            if not self._is_long_enough(position, left):
                return None
            progress = _with_section(self._count_bar(progress, left), left)
        opened = _opened(repeats, left)
        return _begin_bar(position, left, opened, progress)

    def _first_ending(self, position: Position) -> Position | None:
        bar, repeats = position.bar, position.repeats
        if self._counts or bar.has_event or bar.filled or bar.is_first:
            return None
        if position.closed or repeats.ending:
            return None
        unclear_start = (repeats.any_closed or repeats.ambiguity) and not repeats.is_open
        if self._strict and unclear_start:
            return None
        return position._replace(repeats=repeats._replace(ending=Ending.FIRST))

    def _second_ending(self, position: Position) -> Position | None:
        repeats = position.repeats
        if repeats.ending != Ending.SECOND_DUE:
            return None
        second = Repeats(repeats.remainder, False, Ending.SECOND, True, Ambiguity.ENDINGS)
        return position._replace(repeats=second)

    def _after_double_bar(self, repeats: Repeats, left: int) -> Repeats:
        """Return the repeats after a double bar, to which a later ``:|`` goes back."""
        if repeats.is_open:
            return repeats
        if not self._strict:
            return repeats._replace(remainder=left)
        if repeats.ending:  # no :| may come before the next |:
            return repeats._replace(remainder=NO_REPEAT if left else repeats.remainder)
        if repeats.any_closed and repeats.ambiguity != Ambiguity.ENDINGS:
            return repeats._replace(remainder=left)
        # Some programs go back to the beginning of the tune instead, if this is the first :|.
        if not repeats.any_closed and left != repeats.remainder and not repeats.ambiguity:
            return repeats._replace(ambiguity=Ambiguity.DOUBLE_BAR)
        return repeats

    # Requested form or number of bars -------------------------------------------------------

    def _may_close_section(self, position: Position) -> bool:
        bar = position.bar
        if not bar.has_event or bar.is_short_pickup or (position.slur and self._strict):
            return False
        if position.repeats.ending == Ending.SECOND_DUE:
            return False
        bars = self._form[position.progress.sections][0] if self._is_in_form(position) else None
        return bars is None or position.progress.bar == bars

    def _close_section(
        self, position: Position, left: int, repeats: Repeats, closed: Closed
    ) -> Position:
        progress = _with_section(position.progress, left)
        if self._form:
            progress = progress._replace(sections=progress.sections + 1, bar=int(left == 0))
        else:
            progress = self._count_bar(progress, left)
        return _begin_bar(position, left, repeats._replace(ending=Ending.NONE), progress, closed)

    def _is_long_enough(self, position: Position, left: int) -> bool:
        """Whether a section may end here: in strict mode, not after a bar that is no ending."""
        is_ending = position.repeats.ending == Ending.SECOND
        if not self._strict or is_ending or self._is_last_bar(position):
            return True
        if self._bars and left == 0 and position.progress.bar == self._bars - 1:
            return False  # the last section would have a single bar
        return position.progress.run >= Run.ONE

    def _count_bar(self, progress: Progress, left: int) -> Progress:
        """Count a bar line, unless it cuts a bar in two."""
        if self._counts and left == 0:
            return progress._replace(bar=progress.bar + 1)
        return progress

    def _is_in_form(self, position: Position) -> bool:
        return position.progress.sections < len(self._form)

    def _is_in_repeated_section(self, position: Position) -> bool:
        return self._is_in_form(position) and self._form[position.progress.sections][1]

    def _is_last_bar(self, position: Position) -> bool:
        """Whether the section (with a form) or the tune must end in this bar."""
        progress = position.progress
        if self._form:
            return self._is_in_form(position) and progress.bar == self._form[progress.sections][0]
        return progress.bar == self._bars

    def _is_complete(self, position: Position) -> bool:
        """Whether all requested sections or bars are written."""
        if self._form:
            return not self._is_in_form(position)
        written = position.progress.bar - (position.bar.filled == 0)
        return bool(position.closed) and written == self._bars

    def _must_open_repeat(self, position: Position) -> bool:
        """Whether ``|:`` must come now; without it the repeat would include earlier sections."""
        bar, repeats = position.bar, position.repeats
        return (
            position.progress.sections > 0
            and self._is_in_repeated_section(position)
            and not (bar.has_event or repeats.is_open or repeats.any_closed)
        )

    def _request_allows_repeat(self, position: Position) -> bool:
        bar = position.bar
        if self._form:
            is_start = position.progress.bar == int(bar.filled == 0) and not bar.has_event
            return is_start and self._is_in_repeated_section(position)
        ends = bar.has_event and self._is_last_bar(position)
        return not self._is_complete(position) and not ends


def _begin_bar(
    position: Position,
    filled: int,
    repeats: Repeats,
    progress: Progress,
    closed: Closed = Closed.NOTHING,
) -> Position:
    """Begin the next bar, of which ``filled`` steps were played before the bar line."""
    bar = Bar(position.bar.length, filled)
    return Position(bar, repeats, progress, closed, position.has_note, position.slur)


def _with_bar(progress: Progress) -> Progress:
    """Return the progress after one more bar of a section."""
    return progress._replace(run=_AFTER_BAR[progress.run])


def _with_section(progress: Progress, left: int) -> Progress:
    """Return the progress at the beginning of a section, ``left`` steps into a bar."""
    return progress._replace(run=Run.PIECE if left else Run.SECTION)


def _opened(repeats: Repeats, remainder: int) -> Repeats:
    """Return the repeats after a ``|:``."""
    double_bar = repeats.ambiguity == Ambiguity.DOUBLE_BAR
    ambiguity = Ambiguity.NONE if double_bar else repeats.ambiguity
    return Repeats(remainder, True, Ending.NONE, repeats.any_closed, ambiguity)


def _is_unambiguous_end(repeats: Repeats, left: int, is_whole: bool) -> bool:
    """Whether all programs play a double bar alike that leaves ``left`` steps of a bar."""
    if left and repeats.is_open:
        return False
    return is_whole or not repeats.any_closed or repeats.ending == Ending.SECOND
