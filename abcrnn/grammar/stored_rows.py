"""Rows of transition tables, as they are stored for another process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from abcrnn.grammar.automaton import TuneAutomaton
from abcrnn.grammar.states import END, State

_ROWS_CHECKED = 8


class StoredRows(NamedTuple):
    """Rows of :class:`abcrnn.grammar.transition_tables.TransitionTables`.

    Parameters
    ----------
    states : sequence of State
        The state of each number.
    computed_states : ndarray, shape (rows,), int32
    next_tune : ndarray, shape (rows, vocab_size), int32
    chars_to_end : ndarray, shape (rows, vocab_size), int16
        As the attributes of the tables with these names.
    """

    states: Sequence[State]
    computed_states: NDArray[np.int32]
    next_tune: NDArray[np.int32]
    chars_to_end: NDArray[np.int16]

    def are_in_range(self, vocab_size: int) -> bool:
        """Whether shapes and numbers fit, and row 0 and state 0 are the end of a tune."""
        states, computed, reached = self.states, self.computed_states, self.next_tune
        shape = len(computed), vocab_size
        return bool(
            len(computed)
            and reached.shape == self.chars_to_end.shape == shape
            and states[0] == END
            and len(set(states)) == len(states)
            and computed[0] == 0
            and not reached[0].any()
            and len(np.unique(computed)) == len(computed)
            and computed.min() >= 0
            and max(computed.max(), reached.max()) < len(states)
            and reached.min() >= -1
        )

    def sample_equals(self, automaton: TuneAutomaton, characters: str) -> bool:
        """Whether a few rows equal newly computed ones: the last, and some before it."""
        last = len(self.computed_states) - 1
        rows = np.linspace(1, last, _ROWS_CHECKED).astype(int) if last else ()
        return all(self._equals(row, automaton, characters) for row in set(map(int, rows)))

    def _equals(self, row: int, automaton: TuneAutomaton, characters: str) -> bool:
        before = self.states[self.computed_states[row]]
        computed = {
            c: (after, automaton.required_room(before, after) or 0)
            for c, after in automaton.successors(before).items()
        }
        numbers, rooms = self.next_tune[row].tolist(), self.chars_to_end[row].tolist()
        stored = {
            c: (self.states[number], room)
            for c, number, room in zip(characters, numbers, rooms, strict=True)
            if number >= 0
        }
        return stored == computed
