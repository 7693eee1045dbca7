"""The automata as arrays of state numbers, for a loop that samples many tunes in parallel.

States are numbered when they are first reached. The transitions of a state are
computed when they are first needed: a model visits few of the possible states. When the
tables are full, the states that were not used for the longest time are forgotten.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from abcrnn.grammar import (
    ANY_PITCH,
    END,
    PITCHES,
    START,
    Form,
    PitchAutomaton,
    PitchState,
    State,
    TuneAutomaton,
)
from abcrnn.grammar.likely_states import LikelyStates
from abcrnn.grammar.stored_rows import StoredRows

#: Largest number of tune states that tables number, and of those with transitions.
MAX_STATES, MAX_ROWS = 131_072, 16_384

_FORBIDDEN, _NOT_COMPUTED = -1, -1
_STATES_AHEAD = 8  # states looked at for each one that streams wait for, itself included
_ALWAYS = np.iinfo(np.int64).max  # time of last use of a row that is never forgotten


class Prefix(NamedTuple):
    """The states after the beginning of a tune.

    Parameters
    ----------
    tune : State
        State of the tune automaton.
    pitch : int
        Number of the pitch state; row index of :attr:`TransitionTables.next_pitch`.
    length : int
        Number of characters read: all, or those before the first one that is not valid.
    """

    tune: State
    pitch: int
    length: int


class Numbering:
    """Numbers of tune states, in the order in which they were first reached.

    Attributes
    ----------
    states : list of State
        The state of each number. Number 0 is the end of a tune.
    """

    def __init__(self, states: Sequence[State] = (END,)) -> None:
        self.states = list(states)
        self._numbers = {state: number for number, state in enumerate(self.states)}
        self._parts: dict[object, object] = {}  # equal parts of states are stored once

    def number(self, state: State) -> int:
        """Return the number of a state; a new one if it has none."""
        number = self._numbers.get(state)
        if number is None:
            parts = (self._parts.setdefault((type(part), part), part) for part in state)
            state = State(*parts)  # type: ignore[arg-type]
            number = len(self.states)
            self.states.append(state)
            self._numbers[state] = number  # last, so that Ctrl-C leaves no wrong number
        return number


class TransitionTables:
    """Transitions between numbered states: which characters may follow, and the state after each.

    A tune has two states: one of the tune automaton (header, bars, repeats) and one of
    the pitch automaton (range, ties). A character is allowed if both have a transition
    for it. Tune state 0 is the end of a tune, pitch state 0 the beginning of one. The
    mask of allowed characters for tune states ``t`` and pitch states ``p``, both of
    shape (batch,), is ``(next_tune[row_of[t]] >= 0) & (next_pitch[p] >= 0)``, shape
    (batch, vocab_size).

    Samplers may share tables, also in several threads. The tables have at most
    :data:`MAX_STATES` states and :data:`MAX_ROWS` rows. When they are full, about half
    of the rows, those used least recently, are forgotten, and the other states get new
    numbers: :attr:`numbering` is then another object.

    Parameters
    ----------
    characters : str
        Characters of the vocabulary, in the order of their ids.
    form, bars, values, ending
        Arguments of :class:`abcrnn.grammar.TuneAutomaton`.
    pitches : frozenset of str
        Argument of both automata.

    Attributes
    ----------
    characters : str
    numbering : Numbering
        Numbers of the tune states.
    row_of : ndarray, shape (MAX_STATES,), int32
        Row of the transitions of each tune state; -1 if they are not computed.
    next_tune : ndarray, shape (MAX_ROWS, vocab_size), int32
        Number of the tune state after each character; -1 where it is not allowed.
    chars_to_end : ndarray, shape (MAX_ROWS, vocab_size), int16
        Upper bound on the characters needed to finish the tune after each character,
        including the blank line; more where the header must leave room for music.
    computed_states : list of int
        The state of each row, in the order in which they were computed.
    next_pitch : ndarray, shape (pitch states, vocab_size), int32
        Number of the pitch state after each character; -1 where it is not allowed. All
        rows are computed.
    lock : RLock
        Held while the tables change.

    Raises
    ------
    ValueError
        If no valid tune can be written with these characters.
    """

    numbering: Numbering
    computed_states: list[int]

    def __init__(
        self,
        characters: str,
        form: Form = (),
        bars: int | None = None,
        pitches: frozenset[str] = PITCHES,
        values: Mapping[str, Collection[str]] = MappingProxyType({}),
        ending: str | None = None,
    ) -> None:
        self.characters, self.lock = characters, threading.RLock()
        self._columns = {character: column for column, character in enumerate(characters)}
        self._automaton = TuneAutomaton(characters, True, form, bars, values, ending, pitches)
        # A prompt may contain what is never sampled, such as a tie to another pitch.
        self._prompt_automaton = TuneAutomaton(
            characters, False, form, bars, ending=ending, pitches=pitches
        )
        self._pitch_automaton, self._any_pitch = PitchAutomaton(pitches), PitchAutomaton()
        self._max_states, self._max_rows = MAX_STATES, MAX_ROWS
        shape = self._max_rows, len(characters)
        self.next_tune = np.zeros(shape, np.int32)
        self.chars_to_end = np.zeros(shape, np.int16)
        self.row_of = np.full(self._max_states, _NOT_COMPUTED, np.int32)
        self._last_used, self._time = np.zeros(self._max_rows, np.int64), 0
        self._likely = LikelyStates(len(characters))
        self._forget_all()
        self._pitch_numbers = {PitchState(): 0, ANY_PITCH: 1}
        self.next_pitch = self._compute_pitch_rows()
        if self._automaton.need(START) is None:
            raise ValueError(
                "no tune can be written with the characters this model knows: "
                f"{characters!r}; it takes at least X: M: K: with values, a note and | or :|"
            )

    def read_prefix(self, text: str) -> Prefix:
        """Return the states after the beginning of a tune, read as far as it is valid."""
        with self.lock:
            state, length = self._prompt_automaton.follow(text)
            if length == len(text) and self._automaton.need(state) is None:
                length -= 1
        pitch = PitchState()
        for character in text[:length]:
            # A tie to another pitch and a note out of range are accepted in a prompt.
            pitch = (
                self._pitch_automaton.step(pitch, character)
                or self._any_pitch.step(pitch._replace(tied=False), character)
                or ANY_PITCH
            )
        pitch_number = self._pitch_numbers.get(pitch, self._pitch_numbers[ANY_PITCH])
        return Prefix(state, pitch_number, length)

    def length_to_end(self, prefix: Prefix) -> int:
        """Return an upper bound on the characters needed to finish the tune after a prefix.

        The blank line that closes the tune is included.
        """
        with self.lock:
            return self._automaton.need(prefix.tune) or 0

    def compute(
        self,
        numbers: NDArray[np.int32],
        numbering: Numbering | None = None,
        starting: Mapping[int, State] = MappingProxyType({}),
        last_ids: NDArray[np.int32] | None = None,
    ) -> NDArray[np.int32]:
        """Compute the transitions of tune states, unless they are computed already.

        Parameters
        ----------
        numbers : ndarray, shape (states,), int32
            Tune states; they may repeat.
        numbering : Numbering, optional
            The numbering that the numbers belong to; the current one by default.
        starting : mapping of int to State
            States that replace numbers, by their index.
        last_ids : ndarray, shape (states,), int32, optional
            Id of the character before each state. With it, transitions of states that are
            likely to follow are computed too, so that sampling pauses less often.

        Returns
        -------
        ndarray, shape (states,), int32
            The numbers of the same states in the current :attr:`numbering`.
        """
        with self.lock:
            numbers = numbers.copy()
            if numbering is not None and numbering is not self.numbering:
                numbers[:] = self._renumber(numbering, numbers)
            for index, state in starting.items():
                numbers[index] = self.numbering.number(state)
            missing = self._not_computed(numbers)
            if missing and self._is_full(len(missing)):
                before = self.numbering
                try:
                    self._forget(len(missing))
                except BaseException:  # such as Ctrl-C, in the middle of it
                    self._forget_all()
                    raise
                numbers[:] = self._renumber(before, numbers)
                missing = self._not_computed(numbers)
            for number in missing:
                self._compute_row(number)
            if last_ids is not None:
                self._compute_ahead(
                    dict(zip(numbers.tolist(), last_ids.tolist(), strict=True)), missing
                )
            return numbers

    def record(
        self, numbers: NDArray[np.int32], numbering: Numbering, ids: NDArray[np.int32]
    ) -> None:
        """Record what was sampled.

        Parameters
        ----------
        numbers : ndarray of int32
            Tune states that were visited; their rows are forgotten last.
        numbering : Numbering
            The numbering that the numbers belong to.
        ids : ndarray, shape (characters,), int32
            The sequences of ids, each followed by -1.
        """
        with self.lock:
            self._likely.count(ids)
            if numbering is self.numbering:
                self._time += 1
                rows = self.row_of[numbers]
                self._last_used[rows[rows > 0]] = self._time

    def restore(self, rows: StoredRows) -> bool:
        """Take over rows that tables with the same arguments have computed before.

        Returns
        -------
        bool
            False, and nothing is changed, if the tables are not new, the rows take more than
            half of the room, a number is out of range, or one of a few rows differs from a
            newly computed one.
        """
        count = len(rows.computed_states)
        with self.lock:
            if (
                len(self.numbering.states) > 1
                or not self.has_room_for(count, len(rows.states))
                or not rows.are_in_range(len(self.characters))
                or not rows.sample_equals(self._automaton, self.characters)
            ):
                return False
            self.numbering = Numbering(rows.states)
            self.next_tune[:count], self.chars_to_end[:count] = rows.next_tune, rows.chars_to_end
            self.computed_states = rows.computed_states.tolist()
            self.row_of[self.computed_states] = np.arange(count)
            return True

    def has_room_for(self, rows: int, states: int) -> bool:
        """Whether so many rows and states take at most half of the room."""
        return rows <= self._max_rows // 2 and states <= self._max_states // 2

    def _not_computed(self, numbers: NDArray[np.int32]) -> list[int]:
        missing: list[int] = np.unique(numbers[self.row_of[numbers] < 0]).tolist()
        return missing

    def _renumber(self, before: Numbering, numbers: NDArray[np.int32]) -> list[int]:
        return [self.numbering.number(before.states[number]) for number in numbers.tolist()]

    def _compute_row(self, number: int) -> None:
        row = len(self.computed_states)
        following, to_end = [_FORBIDDEN] * len(self.characters), [0] * len(self.characters)
        known: dict[int, tuple[int, int]] = {}  # many characters lead to the same object
        before = self.numbering.states[number]
        for character, state in self._automaton.successors(before).items():
            found = known.get(id(state))
            if found is None:
                room = self._automaton.required_room(before, state) or 0
                found = self.numbering.number(state), room
                known[id(state)] = found
            column = self._columns[character]
            following[column], to_end[column] = found
        self.next_tune[row], self.chars_to_end[row] = following, to_end
        self._last_used[row] = self._time
        self.computed_states.append(number)
        self.row_of[number] = row  # last, so that Ctrl-C leaves no incomplete row in use

    def _compute_ahead(self, last_ids: Mapping[int, int], after: Sequence[int]) -> None:
        """Compute rows of states that are likely to follow some states."""
        for first in after:
            search = self._likely.search(first, last_ids[first])
            for number in islice(search, _STATES_AHEAD):
                if self.row_of[number] < 0:
                    if self._is_full(1):
                        return
                    self._compute_row(number)
                search.add(self.next_tune[self.row_of[number]])

    def _is_full(self, new_rows: int) -> bool:
        rows = len(self.computed_states) + new_rows
        states = len(self.numbering.states) + self._new_states(new_rows)
        return rows > self._max_rows or states > self._max_states

    def _new_states(self, new_rows: int) -> int:
        """Return the largest number of states that rows add: their own, one per character."""
        return new_rows * (len(self.characters) + 1)

    def _forget(self, new_rows: int) -> None:
        """Keep the most recently used rows that take half of the room or leave enough of it."""
        rows = self._rows_to_keep(new_rows)
        reached, to_end = self.next_tune[rows], self.chars_to_end[rows]
        states_of_rows = np.array(self.computed_states)[rows]
        kept = np.unique(np.concatenate([states_of_rows, reached[reached >= 0]]))
        number = np.zeros(len(self.numbering.states), np.int32)
        number[kept] = np.arange(len(kept))  # 0, the end of a tune, keeps its number
        self.numbering = Numbering([self.numbering.states[state] for state in kept.tolist()])
        self.next_tune[: len(rows)] = np.where(reached >= 0, number[reached], _FORBIDDEN)
        self.chars_to_end[: len(rows)] = to_end
        self._last_used[: len(rows)] = self._last_used[rows]
        self.computed_states = number[states_of_rows].tolist()
        self.row_of[:] = _NOT_COMPUTED
        self.row_of[self.computed_states] = np.arange(len(rows))

    def _forget_all(self) -> None:
        self.numbering = Numbering()
        self.row_of[:] = _NOT_COMPUTED
        # After the end of a tune every character is allowed, and leads nowhere: row 0.
        self.next_tune[0], self.chars_to_end[0] = 0, 0
        self.row_of[0], self._last_used[0], self.computed_states = 0, _ALWAYS, [0]

    def _rows_to_keep(self, new_rows: int) -> NDArray[np.intp]:
        """Return the rows to keep, in the order in which they were computed."""
        count, width = len(self.computed_states), len(self.characters)
        by_use = np.argsort(self._last_used[:count], kind="stable")[::-1]
        reached, first = np.unique(self.next_tune[by_use], return_index=True)
        first_row = first[reached >= 0] // width
        # States that each row adds to those of the rows before it: its own and new ones.
        states = np.cumsum(1 + np.bincount(first_row, minlength=count))
        room = min(self._max_states // 2, self._max_states - self._new_states(new_rows))
        fitting = int(np.searchsorted(states, room, "right"))
        most = min(fitting, self._max_rows // 2, self._max_rows - new_rows)
        return np.sort(by_use[: max(1, most)])

    def _compute_pitch_rows(self) -> NDArray[np.int32]:
        rows: list[list[int]] = []
        states = list(self._pitch_numbers)
        while len(rows) < len(states):
            row = []
            for character in self.characters:
                state = self._pitch_automaton.step(states[len(rows)], character)
                if state is not None and state not in self._pitch_numbers:
                    self._pitch_numbers[state] = len(states)
                    states.append(state)
                row.append(_FORBIDDEN if state is None else self._pitch_numbers[state])
            rows.append(row)
        return np.array(rows, np.int32)
