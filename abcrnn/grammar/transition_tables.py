"""The automata as arrays of state numbers, for a loop that samples many tunes in parallel.

States are numbered when they are first reached. The transitions of a state are
computed when they are first needed: a model visits few of the possible states.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
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

_FORBIDDEN = -1
_INITIAL_ROWS = 16_384


class PrefixState(NamedTuple):
    """The states after the beginning of a tune.

    Parameters
    ----------
    tune, pitch : int
        State numbers; row indices of the tables.
    length : int
        Number of characters read: all, or those before the first one that is not valid.
    """

    tune: int
    pitch: int
    length: int


class TransitionTables:
    """Transitions between numbered states: which characters may follow, and the state after each.

    A tune has two states: one of the tune automaton (header, bars, repeats) and one of
    the pitch automaton (range, ties). A character is allowed if both have a transition
    for it. Tune state 0 is the end of a tune, pitch state 0 the beginning of one. The
    mask of allowed characters for tune states ``t`` and pitch states ``p``, both of
    shape (batch,), is ``(next_tune[t] >= 0) & (next_pitch[p] >= 0)``, shape
    (batch, vocab_size).

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
    next_tune : ndarray, shape (rows, vocab_size), int32
        Number of the tune state after each character; -1 where it is not allowed. The
        number of rows doubles when it is exceeded.
    chars_to_end : ndarray, shape (rows, vocab_size), int16
        Upper bound on the characters needed to finish the tune after each character,
        including the blank line.
    computed : ndarray, shape (rows,), bool
        Whether the transitions of a tune state are computed.
    computed_rows : list of int
        The computed tune states, in the order in which they were computed.
    next_pitch : ndarray, shape (pitch states, vocab_size), int32
        Number of the pitch state after each character; -1 where it is not allowed. All
        rows are computed.

    Raises
    ------
    ValueError
        If no valid tune can be written with these characters.
    """

    def __init__(
        self,
        characters: str,
        form: Form = (),
        bars: int | None = None,
        pitches: frozenset[str] = PITCHES,
        values: Mapping[str, Collection[str]] = MappingProxyType({}),
        ending: str | None = None,
    ) -> None:
        self.characters = characters
        self._automaton = TuneAutomaton(characters, True, form, bars, values, ending, pitches)
        # A prompt may contain what is never sampled, such as a tie to another pitch.
        self._prompt_automaton = TuneAutomaton(
            characters, False, form, bars, ending=ending, pitches=pitches
        )
        self._pitch_automaton, self._any_pitch = PitchAutomaton(pitches), PitchAutomaton()
        shape = _INITIAL_ROWS, len(characters)
        self.next_tune = np.full(shape, _FORBIDDEN, np.int32)
        self.chars_to_end = np.zeros(shape, np.int16)
        self.computed = np.zeros(_INITIAL_ROWS, bool)
        self.computed_rows = [0]
        self._states = [END]
        self._numbers = {END: 0}
        self.next_tune[0], self.computed[0] = 0, True
        self._pitch_numbers = {PitchState(): 0, ANY_PITCH: 1}
        self.next_pitch = self._compute_pitch_rows()
        if self._automaton.need(START) is None:
            raise ValueError(
                "no tune can be written with the characters this model knows: "
                f"{characters!r}; it takes at least X: M: K: with values, a note and | or :|"
            )

    def read_prefix(self, text: str) -> PrefixState:
        """Return the states after the beginning of a tune, read as far as it is valid."""
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
        return PrefixState(self._number(state), pitch_number, length)

    def length_to_end(self, prefix: PrefixState) -> int:
        """Return an upper bound on the characters needed to finish the tune after a prefix.

        The blank line that closes the tune is included.
        """
        return self._automaton.need(self._states[prefix.tune]) or 0

    def compute(self, numbers: NDArray[np.int32]) -> None:
        """Compute the transitions of tune states, unless they are computed already.

        Parameters
        ----------
        numbers : ndarray, shape (states,), int32
            Tune states; they may repeat.
        """
        missing = np.unique(numbers[~self.computed[numbers]])
        for number in missing.tolist():
            self._compute_row(number)

    def _compute_row(self, number: int) -> None:
        successors = self._automaton.successors(self._states[number])
        row = np.full(len(self.characters), _FORBIDDEN, np.int32)
        to_end = np.zeros(len(self.characters), np.int16)
        for column, character in enumerate(self.characters):
            state = successors.get(character)
            if state is not None:
                row[column] = self._number(state)
                to_end[column] = self._automaton.need(state) or 0
        self.next_tune[number], self.chars_to_end[number] = row, to_end
        self.computed[number] = True
        self.computed_rows.append(number)

    def _number(self, state: State) -> int:
        number = self._numbers.get(state)
        if number is None:
            number = self._numbers[state] = len(self._states)
            self._states.append(state)
            if number == len(self.computed):
                self._double()
        return number

    def _double(self) -> None:
        self.next_tune = np.concatenate([self.next_tune, np.full_like(self.next_tune, _FORBIDDEN)])
        self.chars_to_end = np.concatenate([self.chars_to_end, np.zeros_like(self.chars_to_end)])
        self.computed = np.concatenate([self.computed, np.zeros_like(self.computed)])

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
