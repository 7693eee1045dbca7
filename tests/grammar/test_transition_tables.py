"""Transition tables, compared with the automaton state by state."""

import random

import numpy as np
import pytest
from helpers.walks import header

from abcrnn.grammar import END, PitchAutomaton, PitchState, TuneAutomaton, transition_tables
from abcrnn.grammar.transition_tables import TransitionTables

ALPHABET = "\n !\"#'()+,-./0123456789:=ABCDEFGKLMPTX[\\]^_abcdefgmz{|}~"
REQUESTS = [{}, {"bars": 3}, {"form": ((2, True), (2, True))}]


@pytest.mark.parametrize("requests", REQUESTS)
def test_rows_are_the_transitions_of_the_automaton(requests):
    """In each state of random walks, for every character: is it allowed, and how far is the end."""
    tables, automaton = TransitionTables(ALPHABET, **requests), TuneAutomaton(ALPHABET, **requests)
    source, checked = random.Random(0), 0  # noqa: S311
    prompts = ["X:", header("6/8"), header("C|", "1/8"), header("3/4", "1/16")]
    for prompt in prompts * 3:
        state, _ = automaton.follow(prompt)
        number = tables.read_prefix(prompt).tune
        remaining = 150
        while state != END:
            tables.compute(np.array([number], np.int32))
            choices = []
            for column, c in enumerate(ALPHABET):
                after = automaton.step(state, c)
                need = None if after is None else automaton.need(after)
                follows = tables.next_tune[number, column]
                assert (follows >= 0) == (need is not None), (state, c)
                if need is not None:
                    assert tables.chars_to_end[number, column] == need, (state, c)
                    if need < remaining:
                        choices.append((after, follows))
                checked += 1
            state, number = source.choice(choices)
            remaining -= 1
        assert number == 0
    assert checked > 10_000


def test_a_state_has_one_number():
    tables = TransitionTables(ALPHABET)
    prompt = header("6/8")
    prefix = tables.read_prefix(prompt)
    assert tables.read_prefix(prompt) == prefix
    assert tables.read_prefix(prompt + "A").tune == tables.read_prefix(prompt + "B").tune
    assert tables.read_prefix(prompt + "A").pitch != tables.read_prefix(prompt + "B").pitch


def test_each_row_is_computed_once():
    tables = TransitionTables(ALPHABET)
    number = tables.read_prefix(header("6/8")).tune
    assert tables.computed_rows == [0]
    for _ in range(2):
        tables.compute(np.array([number, number], np.int32))
        assert tables.computed_rows == [0, number]
        assert np.flatnonzero(tables.computed).tolist() == [0, number]


def test_tables_grow(monkeypatch):
    """Tables that start with 4 rows have the same contents as larger ones."""
    prompt = header("C")

    def rows(tables):
        found, numbers = [], [tables.read_prefix(prompt).tune]
        while numbers and len(found) < 60:
            number = numbers.pop(0)
            tables.compute(np.array([number], np.int32))
            found.append((tables.next_tune[number].tolist(), tables.chars_to_end[number].tolist()))
            numbers += [n for n in np.unique(tables.next_tune[number]) if n > number]
        return found, tables

    expected, large = rows(TransitionTables(ALPHABET))
    monkeypatch.setattr(transition_tables, "_INITIAL_ROWS", 4)
    found, grown = rows(TransitionTables(ALPHABET))
    assert found == expected
    size = len(grown.computed)
    assert 60 < size < len(large.computed)
    assert grown.next_tune.shape == grown.chars_to_end.shape == (size, len(ALPHABET))
    assert (grown.next_tune[~grown.computed] < 0).all()


def test_pitch_rows_are_the_transitions_of_the_pitch_automaton():
    tables, automaton = TransitionTables(ALPHABET), PitchAutomaton()
    text = "X:1\nM:C\nK:Am\nA,2-A,2 c'-\"G7\"c'2|[ceg]2 z2 (3AB-B"
    state, number = PitchState(), 0
    for c in text:
        for column, other in enumerate(ALPHABET):
            may = automaton.step(state, other) is not None
            assert (tables.next_pitch[number, column] >= 0) == may, (state, other)
        state, number = automaton.step(state, c), tables.next_pitch[number, ALPHABET.index(c)]


@pytest.mark.parametrize("without", ["X", ":", "K", "M", "|:", "ABCDEFGabcdefg", "\n"])
def test_characters_that_cannot_write_a_tune_are_refused(without):
    characters = "".join(c for c in ALPHABET if c not in without)
    with pytest.raises(ValueError, match="no tune can be written with the characters"):
        TransitionTables(characters)


def test_a_prefix_is_read_as_far_as_it_is_valid():
    tables = TransitionTables(ALPHABET)
    assert tables.read_prefix("X:1\nM:C\nK:C\nABc|").length == len("X:1\nM:C\nK:C\nABc|")
    assert tables.read_prefix("X:1\nM:C\nK:C\nABc|d2|e").length == len("X:1\nM:C\nK:C\nABc|d2|")
    assert tables.read_prefix("X:1\nK:C\n").length == len("X:1\n")
