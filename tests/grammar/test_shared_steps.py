"""Steps shared between states, compared with steps computed for each state alone."""

import random

import pytest
from helpers.walks import Walker, header

from abcrnn.grammar import END, TuneAutomaton, shared_steps

#: With one decoration, prefix and field of each kind, so that walks cross many bar lines.
PLAIN = "\nX1:MLKD|[]\" ABCDEFGacdefg23468/>(-)'{}.z"
PROMPTS = [
    header("6/8", "1/8"),
    header("6/8", "1/8") + "d|:dAF DFA|d6 ",  # a pickup in a repeat
    header("6/8", "1/8") + "d3-d3|d6:|d3   ",  # spaces as no generated tune has them
    header("C|", "1/4") + "D>E F-|\nF2 (GA|B)c ",  # a slur and a line break in a bar
    header("3/4", "1/16"),
]
REQUESTS = [
    {},
    {"bars": 6},
    {"form": ((4, True), (4, True))},
    {"form": ((1, True), (2, False), (None, True))},
    {"ending": "tonic"},
    {"ending": "chord", "form": ((2, True), (2, True))},
]


def unshared(**requests) -> TuneAutomaton:
    """An automaton that computes every step by itself."""
    automaton = TuneAutomaton(PLAIN, **requests)
    automaton._shared = None
    return automaton


def walks(automaton, begin, count):
    """Yield the states of random walks of an automaton, in order."""
    walker = Walker(automaton, random.Random(0))  # noqa: S311
    for _ in range(count):
        state, room = begin, automaton.need(begin) + 120
        while state != END:
            yield state
            choices = [(after, need) for _, after, need in walker.row(state) if need < room]
            state, room = walker.source.choice(choices)[0], room - 1


@pytest.mark.slow
@pytest.mark.parametrize("requests", REQUESTS, ids=str)
def test_shared_steps_are_those_of_each_state(requests):
    """Successors and needs are equal in all states of walks through both automata."""
    shared, alone = TuneAutomaton(PLAIN, **requests), unshared(**requests)
    prompts = TuneAutomaton(PLAIN, False, **requests)
    read = [prompts.follow(prompt) for prompt in PROMPTS]
    assert requests or [length for _, length in read] == [len(prompt) for prompt in PROMPTS]
    begins = [state for state, _ in read if alone.need(state) is not None]
    states = dict.fromkeys(state for begin in begins for state in walks(alone, begin, 2))
    for state in states:
        assert shared.need(state) == alone.need(state), state
        assert shared.successors(state) == alone.successors(state), state
        for after in shared.successors(state).values():
            assert shared.need(after) == alone.need(after), (state, after)
    assert len(states) > 400


def test_few_rows_are_computed_for_many_states():
    """Of the bars of a requested form, one is computed."""
    automaton = TuneAutomaton(PLAIN, form=((8, True), (8, True)))
    tune = header("6/8", "1/8") + ("d3 def|" * 7 + "d6:|\n|:") * 2
    state = automaton.follow(header("6/8", "1/8"))[0]
    inside = 0
    for c in tune.removeprefix(header("6/8", "1/8")).removesuffix("\n|:"):
        inside += automaton._shared.has(state)
        automaton.successors(state)
        state = automaton.step(state, c)
    assert inside > 80
    assert len(automaton._shared._rows) < inside / 2


def test_shared_steps_are_forgotten_in_time(monkeypatch):
    monkeypatch.setattr(shared_steps, "_MOST_REMEMBERED", 20)
    shared, alone = TuneAutomaton(PLAIN), unshared()
    for state in walks(alone, alone.follow(PROMPTS[0])[0], 1):
        assert shared.successors(state) == alone.successors(state)
        remembered = shared._shared
        for known in (remembered._rows, remembered._views, remembered._steps_to_end):
            assert len(known) <= 20
