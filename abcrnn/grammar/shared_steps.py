"""Steps inside a bar, computed once for all states that differ only in the bars before it.

Between two bar lines, the repeats, endings and sections of a tune stay the same, and they
restrict the next character in few ways: by the room in the bar, by what may follow it. A
:class:`View` has these restrictions. States that are equal except for repeats and progress,
and have equal views, allow the same characters. Their steps are computed for the first of
them; for each other one, only its own repeats and progress are put in.

Characters of bar lines and line ends change repeats and progress; they are not shared.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from abcrnn.grammar.body import CONTINUATIONS
from abcrnn.grammar.positions import Closed, Effect, Ending, Position
from abcrnn.grammar.sections import Sections
from abcrnn.grammar.states import Kind, State, Token

#: Characters with which bar lines and marks at the end of a line begin.
BOUNDARIES = frozenset("|:\n!\\")

_EVENTS = frozenset((Kind.NOTE, Kind.FIRST_NOTE, Kind.REST, Kind.FIRST_REST, Kind.CHORD_END))
_INSIDE_BARS = _EVENTS | {
    Kind.MUSIC, Kind.ACCIDENTAL, Kind.CHORD, Kind.BROKEN, Kind.PAREN, Kind.GRACE, Kind.QUOTE
}  # fmt: skip
_LETTERS = frozenset("ABCDEFGabcdefg")
_MOST_REMEMBERED = 10_000  # rows, and as many views and steps to the end

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class View(NamedTuple):
    """How repeats, endings and sections restrict what comes before the next bar line.

    Parameters
    ----------
    limit : int
        Steps that the bar may be filled to.
    may_reach_next_bar, may_end_bar, may_open_repeat : bool
        Whether a plain bar line may come when the bar is full, and whether one or a ``|:``
        may come now.
    closed : bool
        Whether the previous bar line closed a section or the tune.
    needs_second_ending : bool
        Whether ``[2`` must come now.
    """

    limit: int
    may_reach_next_bar: bool
    may_end_bar: bool
    may_open_repeat: bool
    closed: bool
    needs_second_ending: bool


class ViewOfEnd(NamedTuple):
    """What else matters on the way to the end of the tune.

    Parameters
    ----------
    view : View
    may_end : bool
        Whether the tune may end now.
    target : int
        How far to fill the bar: :meth:`abcrnn.grammar.sections.Sections.next_goal`.
    """

    view: View
    may_end: bool
    target: int


class SharedSteps:
    """Steps from states inside a bar, by one character or towards the end of the tune.

    Parameters
    ----------
    alphabet : str
    sections : Sections
    step : callable
        As :meth:`abcrnn.grammar.TuneAutomaton.step`.
    next_character : callable
        As :meth:`abcrnn.grammar.completion.Completion.next_character`.
    after_token : callable
        As :meth:`abcrnn.grammar.body.BodyGrammar.after_token`.
    """

    def __init__(
        self,
        alphabet: str,
        sections: Sections,
        step: Callable[[State, str], State | None],
        next_character: Callable[[State], str],
        after_token: Callable[[State], State | None],
    ) -> None:
        self._alphabet, self._sections, self._step = alphabet, sections, step
        self._next_character, self._after_token = next_character, after_token
        self._views: dict[Position, ViewOfEnd] = {}
        self._rows: dict[tuple[object, ...], dict[str, State]] = {}
        self._in_quotes: dict[Token, dict[str, Token]] = {}
        self._ends_of_quotes: dict[Token, tuple[Token, int]] = {}
        self._steps_to_end: dict[tuple[object, ...], tuple[State, int]] = {}

    def has(self, state: State) -> bool:
        """Whether the steps from a state are shared: it is inside a bar."""
        return state.token.kind in _INSIDE_BARS

    def row(self, state: State, characters: str) -> dict[str, State]:
        """Return the states after each of some characters that is allowed.

        Parameters
        ----------
        state : State
            Inside a bar.
        characters : str
            None of :data:`BOUNDARIES`. The same ones for each state with this kind of token.

        Returns
        -------
        dict of str to State
            Equal states are one object.
        """
        if state.token.kind == Kind.QUOTE:
            return self._row_in_quotes(state, characters)
        key = _key(state, self._view(state.position).view)
        row = self._rows.get(key)
        if row is None:
            row = self._compute_row(state, characters)
            _remember(self._rows, key, row)
        position = state.position
        placed = {id(after): _placed(after, position) for after in row.values()}
        return {c: placed[id(after)] for c, after in row.items()}

    def _compute_row(self, state: State, characters: str) -> dict[str, State]:
        row: dict[str, State] = {}
        first: dict[bool, str] = {}  # of the letters on which the tune may end, and the others
        for c in characters:
            same = c
            if c in _LETTERS:  # they differ in nothing else
                same = first.setdefault(c.upper() in state.ending.letters, c)
            after = row.get(same) if same != c else self._step(state, c)
            if after is not None:
                row[c] = after
        return row

    def _row_in_quotes(self, state: State, characters: str) -> dict[str, State]:
        """Return the row of a chord symbol: its characters depend on nothing but its text."""
        token = state.token
        tokens = self._in_quotes.get(token)
        if tokens is None:
            steps = ((c, self._step(state, c)) for c in characters if c != '"')
            tokens = {c: after.token for c, after in steps if after}
            _remember(self._in_quotes, token, tokens)
        row = {c: _with_token(state, after) for c, after in tokens.items()}
        closed = self._step(state, '"') if '"' in characters else None
        return row if closed is None else {**row, '"': closed}

    def to_end(self, state: State) -> tuple[State | None, int]:
        """Return the next state on a short way to the end of the tune.

        Parameters
        ----------
        state : State
            Inside a bar.

        Returns
        -------
        after : State or None
            None if there is no way with the characters of the alphabet.
        count : int
            Number of characters between the two; 0 if only a token ends.
        """
        if state.token.kind == Kind.QUOTE and state.token.text:
            last, count = self._last_in_quotes(state)
            if count:
                return _with_token(state, last), count
        key = _key(state, self._view(state.position))
        step = self._steps_to_end.get(key)
        if step is not None:
            return _placed(step[0], state.position), step[1]
        c = self._next_character(state)
        after, count = self._step_to_end(state, c) if c and c in self._alphabet else (None, 1)
        if after is not None and (count == 0 or c not in BOUNDARIES):
            _remember(self._steps_to_end, key, (after, count))
        return after, count

    def _last_in_quotes(self, state: State) -> tuple[Token, int]:
        """Return the token before the closing quote, and the number of characters up to it."""
        token = state.token
        found = self._ends_of_quotes.get(token)
        if found is None:
            after: State | None = state
            found, count = (token, 0), 0
            while after is not None and (c := self._next_character(after)) != '"':
                after, count = self._step(after, c) if c in self._alphabet else None, count + 1
                if after is not None:
                    found = after.token, count
            _remember(self._ends_of_quotes, token, found)
        return found

    def _step_to_end(self, state: State, c: str) -> tuple[State | None, int]:
        kind = state.token.kind
        if kind in _EVENTS and c not in CONTINUATIONS[kind]:
            return self._after_token(state), 0
        return self._step(state, c), 1

    def _view(self, position: Position) -> ViewOfEnd:
        view = self._views.get(position)
        if view is None:
            sections = self._sections
            inside = View(
                sections.bar_limit(position),
                sections.may_reach_next_bar(position),
                sections.after(position, (Effect.NEXT_BAR,)) is not None,
                sections.after(position, (Effect.OPEN_REPEAT,)) is not None,
                position.closed != Closed.NOTHING,
                position.repeats.ending == Ending.SECOND_DUE,
            )
            target, _ = sections.next_goal(position)
            view = ViewOfEnd(inside, sections.may_end(position), target)
            _remember(self._views, position, view)
        return view


def _key(state: State, view: View | ViewOfEnd) -> tuple[object, ...]:
    """Return what the steps from a state depend on."""
    token, before, position, pending, header, ending = state
    bar, _, _, _, has_note, slur = position
    return token, before, pending, header, ending, bar, has_note, slur, view


def _placed(state: State, position: Position) -> State:
    """Return a state with the repeats and the progress of a position."""
    token, before, (bar, _, _, _, has_note, slur), pending, header, ending = state
    _, repeats, progress, closed, _, _ = position
    placed = Position(bar, repeats, progress, closed, has_note, slur)
    return State(token, before, placed, pending, header, ending)


def _with_token(state: State, token: Token) -> State:
    return State(token, state.before, state.position, state.pending, state.header, state.ending)


def _remember(known: dict[_Key, _Value], key: _Key, value: _Value) -> None:
    if len(known) >= _MOST_REMEMBERED:
        known.clear()
    known[key] = value
