"""The tables of numbers against a plain reading of the automaton, state by state."""

import random

import numpy as np
import pytest
from helpers.walks import header

from abcrnn.grammar import END, PitchAutomaton, PitchState, TuneAutomaton
from abcrnn.grammar import transition_tables as masks
from abcrnn.grammar.transition_tables import Masks

ALPHABET = "\n !\"#'()+,-./0123456789:=ABCDEFGKLMPTX[\\]^_abcdefgmz{|}~"
ORDERS = [{}, {"bars": 3}, {"form": ((2, True), (2, True))}]


@pytest.mark.parametrize("orders", ORDERS)
def test_rows_are_what_the_automaton_says(orders):
    """Along walks: each character by itself, stepped and asked for its end."""
    tables, automaton = Masks(ALPHABET, **orders), TuneAutomaton(ALPHABET, **orders)
    source, checked = random.Random(0), 0  # noqa: S311
    prompts = ["X:", header("6/8"), header("C|", "1/8"), header("3/4", "1/16")]
    for prompt in prompts * 3:
        state, _ = automaton.follow(prompt)
        number = tables.position(prompt).tune
        room = 150
        while state != END:
            tables.learn(np.array([number], np.int32))
            choices = []
            for column, c in enumerate(ALPHABET):
                after = automaton.step(state, c)
                need = None if after is None else automaton.need(after)
                follows = tables.after[number, column]
                assert (follows >= 0) == (need is not None), (state, c)
                if need is not None:
                    assert tables.needs[number, column] == need, (state, c)
                    if need < room:
                        choices.append((after, follows))
                checked += 1
            state, number = source.choice(choices)
            room -= 1
        assert number == 0
    assert checked > 10_000


def test_a_state_has_one_number():
    tables = Masks(ALPHABET)
    prompt = header("6/8")
    position = tables.position(prompt)
    assert tables.position(prompt) == position
    assert tables.position(prompt + "A").tune == tables.position(prompt + "B").tune
    assert tables.position(prompt + "A").pitch != tables.position(prompt + "B").pitch


def test_rows_are_worked_out_once():
    tables = Masks(ALPHABET)
    number = tables.position(header("6/8")).tune
    asked = np.array([number, number], np.int32)
    assert tables.learn(asked).tolist() == [number]
    assert tables.learn(asked).tolist() == []


def test_tables_grow(monkeypatch):
    """The same rows whether there was room from the beginning or not."""
    prompt = header("C")

    def rows(tables):
        found, numbers = [], [tables.position(prompt).tune]
        while numbers and len(found) < 60:
            number = numbers.pop(0)
            tables.learn(np.array([number], np.int32))
            found.append((tables.after[number].tolist(), tables.needs[number].tolist()))
            numbers += [n for n in np.unique(tables.after[number]) if n > number]
        return found, tables

    wanted, roomy = rows(Masks(ALPHABET))
    monkeypatch.setattr(masks, "_LEAST_STATES", 4)
    got, grown = rows(Masks(ALPHABET))
    assert got == wanted
    size = len(grown.known)
    assert 60 < size < len(roomy.known)
    assert grown.after.shape == grown.needs.shape == (size, len(ALPHABET))
    assert (grown.after[~grown.known] < 0).all()


def test_pitches_are_those_of_their_automaton():
    tables, automaton = Masks(ALPHABET), PitchAutomaton()
    text = "X:1\nM:C\nK:Am\nA,2-A,2 c'-\"G7\"c'2|[ceg]2 z2 (3AB-B"
    state, number = PitchState(), 0
    for c in text:
        for column, other in enumerate(ALPHABET):
            may = automaton.step(state, other) is not None
            assert (tables.pitch_after[number, column] >= 0) == may, (state, other)
        state, number = automaton.step(state, c), tables.pitch_after[number, ALPHABET.index(c)]


@pytest.mark.parametrize("without", ["X", ":", "K", "M", "|:", "ABCDEFGabcdefg", "\n"])
def test_characters_that_write_no_tune_are_refused(without):
    characters = "".join(c for c in ALPHABET if c not in without)
    with pytest.raises(ValueError, match="no tune can be written with the characters"):
        Masks(characters)


def test_a_prompt_that_cannot_be_followed_says_how_far():
    tables = Masks(ALPHABET)
    assert tables.position("X:1\nM:C\nK:C\nABc|").read == len("X:1\nM:C\nK:C\nABc|")
    assert tables.position("X:1\nM:C\nK:C\nABc|d2|e").read == len("X:1\nM:C\nK:C\nABc|d2|")
    assert tables.position("X:1\nK:C\n").read == len("X:1\n")
