"""The automata as tables of numbers, for a loop that draws many characters at once.

States are numbered when they are first met, and what may follow one is worked out
when it is first asked for: of the very many there could be, a model visits few.
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
_LEAST_STATES = 16_384


class Position(NamedTuple):
    """Where a tune stands: numbers of its states, and how many characters were read."""

    tune: int
    pitch: int
    read: int


class Masks:
    """Which characters may come next, for many tunes side by side.

    Parameters
    ----------
    characters : str
        Of the vocabulary, in order.
    form, bars, values
        As in :class:`abcrnn.notation.TuneAutomaton`.
    pitches : frozenset of str
        As in :class:`abcrnn.notation.PitchAutomaton`.

    Raises
    ------
    ValueError
        If no sound tune can be written with these characters.
    """

    def __init__(
        self,
        characters: str,
        form: Form = (),
        bars: int | None = None,
        pitches: frozenset[str] = PITCHES,
        values: Mapping[str, Collection[str]] = MappingProxyType({}),
    ) -> None:
        self._characters = characters
        self._automaton = TuneAutomaton(characters, form=form, bars=bars, values=values)
        # Given text may hold what is not drawn, such as a tie to another pitch.
        self._reader = TuneAutomaton(characters, strict=False, form=form, bars=bars)
        self._pitch_automaton, self._free = PitchAutomaton(pitches), PitchAutomaton()
        self._pitch_numbers = {PitchState(): 0}
        size = len(characters)
        #: Number of the state after a character, -1 if it may not come; shape (states, characters).
        self.after = np.full((_LEAST_STATES, size), _FORBIDDEN, np.int32)
        #: Characters that the end of the tune takes after it, at most; of the same shape.
        self.needs = np.zeros((_LEAST_STATES, size), np.int16)
        #: Whether a state's row was worked out, shape (states,).
        self.known = np.zeros(_LEAST_STATES, bool)
        self._states = [END]
        self._numbers = {END: 0}
        self.after[0], self.known[0] = 0, True
        #: As ``after``, for pitches; every row is known.
        self.pitch_after = self._number_pitches()
        if self._automaton.need(START) is None:
            raise ValueError(
                "no tune can be written with the characters this model knows: "
                f"{characters!r}; it takes at least X: M: K: with values, a note and | or :|"
            )

    def position(self, text: str) -> Position:
        """Return where the beginning of a tune leads to; if it is not sound, as far as it is."""
        state, count = self._reader.follow(text)
        if count == len(text) and self._automaton.need(state) is None:
            count -= 1
        pitch = PitchState()
        for character in text[:count]:
            # What is given stands, also a tie to another pitch or a note out of range.
            pitch = (
                self._pitch_automaton.step(pitch, character)
                or self._free.step(pitch._replace(tied=False), character)
                or ANY_PITCH
            )
        number = self._pitch_numbers.get(pitch, self._pitch_numbers[ANY_PITCH])
        return Position(self._number(state), number, count)

    def need(self, position: Position) -> int:
        """Return how many characters the end of a tune takes from here at most, blank line too."""
        return self._automaton.need(self._states[position.tune]) or 0

    def learn(self, numbers: NDArray[np.int32]) -> NDArray[np.int32]:
        """Work out the rows of states that are not known yet; return their numbers."""
        unknown = np.unique(numbers[~self.known[numbers]])
        for number in unknown.tolist():
            self._learn(number)
        return unknown

    def _learn(self, number: int) -> None:
        successors = self._automaton.successors(self._states[number])
        row = np.full(len(self._characters), _FORBIDDEN, np.int32)
        needs = np.zeros(len(self._characters), np.int16)
        for column, character in enumerate(self._characters):
            state = successors.get(character)
            if state is not None:
                row[column] = self._number(state)
                needs[column] = self._automaton.need(state) or 0
        self.after[number], self.needs[number], self.known[number] = row, needs, True

    def _number(self, state: State) -> int:
        number = self._numbers.get(state)
        if number is None:
            number = self._numbers[state] = len(self._states)
            self._states.append(state)
            if number == len(self.known):
                self._grow()
        return number

    def _number_pitches(self) -> NDArray[np.int32]:
        self._pitch_numbers[ANY_PITCH] = 1
        rows: list[list[int]] = []
        states = list(self._pitch_numbers)
        while len(rows) < len(states):
            row = []
            for character in self._characters:
                state = self._pitch_automaton.step(states[len(rows)], character)
                if state is not None and state not in self._pitch_numbers:
                    self._pitch_numbers[state] = len(states)
                    states.append(state)
                row.append(_FORBIDDEN if state is None else self._pitch_numbers[state])
            rows.append(row)
        return np.array(rows, np.int32)

    def _grow(self) -> None:
        self.after = np.concatenate([self.after, np.full_like(self.after, _FORBIDDEN)])
        self.needs = np.concatenate([self.needs, np.zeros_like(self.needs)])
        self.known = np.concatenate([self.known, np.zeros_like(self.known)])
