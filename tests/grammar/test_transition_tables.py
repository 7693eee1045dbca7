"""Transition tables, compared with the automaton state by state."""

import random
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from helpers.walks import header

from abcrnn.grammar import END, PitchAutomaton, PitchState, TuneAutomaton, transition_tables
from abcrnn.grammar.transition_tables import TransitionTables

ALPHABET = "\n !\"#'()+,-./0123456789:=ABCDEFGKLMPTX[\\]^_abcdefgmz{|}~"
NO_IDS = np.zeros(0, np.int32)
REQUESTS = [{}, {"bars": 3}, {"form": ((2, True), (2, True))}]


def number_of(tables, prompt):
    """Number of the tune state after a prompt."""
    zeros = np.zeros(1, np.int32)
    return int(tables.compute(zeros, None, {0: tables.read_prefix(prompt).tune})[0])


def assert_row(tables, automaton, number, state):
    """Compare the transitions of a state with the automaton; return the allowed characters."""
    row, allowed = tables.row_of[number], []
    assert tables.numbering.states[number] == state
    for column, c in enumerate(ALPHABET):
        after = automaton.step(state, c)
        need = None if after is None else automaton.need(after)
        follows = tables.next_tune[row, column]
        assert (follows >= 0) == (need is not None), (state, c)
        if need is not None:
            room = automaton.required_room(state, after)
            assert tables.chars_to_end[row, column] == room >= need, (state, c)
            assert tables.numbering.states[follows] == after, (state, c)
            allowed.append((room, after, follows))
    return allowed


def walk(tables, automaton, source, prompt):
    """A random walk from a prompt to the end of a tune; every row on the way is compared."""
    state, _ = automaton.follow(prompt)
    number = number_of(tables, prompt)
    remaining, steps = 350, 0
    while state != END:
        number = int(tables.compute(np.array([number], np.int32))[0])
        allowed = assert_row(tables, automaton, number, state)
        choices = [(after, follows) for need, after, follows in allowed if need < remaining]
        state, number = source.choice(choices)
        remaining, steps = remaining - 1, steps + 1
    assert number == 0
    return steps


@pytest.mark.slow
@pytest.mark.parametrize("requests", REQUESTS)
def test_rows_are_the_transitions_of_the_automaton(requests):
    """In each state of random walks, for every character: is it allowed, and how far is the end."""
    tables, automaton = TransitionTables(ALPHABET, **requests), TuneAutomaton(ALPHABET, **requests)
    source = random.Random(0)  # noqa: S311
    prompts = ["X:", header("6/8"), header("C|", "1/8"), header("3/4", "1/16")]
    steps = sum(walk(tables, automaton, source, prompt) for prompt in prompts * 3)
    assert steps * len(ALPHABET) > 10_000


def test_a_state_has_one_number():
    tables = TransitionTables(ALPHABET)
    prompt = header("6/8")
    assert tables.read_prefix(prompt) == tables.read_prefix(prompt)
    assert number_of(tables, prompt) == number_of(tables, prompt) > 0
    assert number_of(tables, prompt + "A") == number_of(tables, prompt + "B")
    assert tables.read_prefix(prompt + "A").pitch != tables.read_prefix(prompt + "B").pitch


def test_each_row_is_computed_once():
    tables = TransitionTables(ALPHABET)
    assert tables.computed_states == [0]
    number = number_of(tables, header("6/8"))
    for _ in range(2):
        assert tables.compute(np.array([number, number], np.int32)).tolist() == [number, number]
        assert tables.computed_states == [0, number]
        assert np.flatnonzero(tables.row_of >= 0).tolist() == [0, number]


# Memory --------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("limits", [(800, 16_384), (131_072, 60)])
def test_full_tables_forget_states_and_stay_right(limits, monkeypatch):
    """Rows that are kept, forgotten and computed again are those of the automaton."""
    monkeypatch.setattr(transition_tables, "MAX_STATES", limits[0])
    monkeypatch.setattr(transition_tables, "MAX_ROWS", limits[1])
    tables, automaton = TransitionTables(ALPHABET), TuneAutomaton(ALPHABET)
    source, numberings = random.Random(1), set()  # noqa: S311
    sizes = len(tables.next_tune), len(tables.chars_to_end), len(tables.row_of)
    for _ in range(5):
        walk(tables, automaton, source, header("6/8"))
        numberings.add(tables.numbering)
        assert len(tables.numbering.states) <= limits[0]
        assert len(tables.computed_states) <= limits[1]
        for row, number in enumerate(tables.computed_states):
            assert tables.row_of[number] == row
        assert np.count_nonzero(tables.row_of >= 0) == len(tables.computed_states)
    assert len(numberings) > 2
    assert sizes == (len(tables.next_tune), len(tables.chars_to_end), len(tables.row_of))
    assert sizes == (limits[1], limits[1], limits[0])


def test_the_rows_used_least_recently_are_forgotten(monkeypatch):
    monkeypatch.setattr(transition_tables, "MAX_ROWS", 40)
    tables = TransitionTables(ALPHABET)
    prompts = [header("6/8") + "A" * n for n in range(30)]
    valid = [prompt for prompt in prompts if tables.read_prefix(prompt).length == len(prompt)]
    meters = ("C", "3/4", "2/4", "9/8", "12/8", "3/8")
    many = valid + [header(meter) + rest for meter in meters for rest in ("", "A", "AA", "AAA")]
    first = tables.read_prefix(many[0]).tune
    for prompt in many:
        number_of(tables, prompt)
        number = tables.numbering.number(first)  # the first state stays in use
        tables.record(np.array([[number]], np.int32), tables.numbering, NO_IDS)
    # Twice as many as there is room for: one that was not used again must be gone.
    many += [header(meter, unit) for meter in meters for unit in ("1/4", "1/8", "1/16")]
    before = tables.numbering
    for prompt in many[len(valid) :]:
        number_of(tables, prompt)
        tables.record(np.array([tables.numbering.number(first)]), tables.numbering, NO_IDS)
    assert tables.numbering is not before
    assert tables.row_of[tables.numbering.number(first)] > 0
    second = tables.read_prefix(many[1]).tune
    assert tables.row_of[tables.numbering.number(second)] < 0


def test_numbers_of_an_earlier_numbering(monkeypatch):
    monkeypatch.setattr(transition_tables, "MAX_ROWS", 40)
    tables, automaton = TransitionTables(ALPHABET), TuneAutomaton(ALPHABET)
    number, before = number_of(tables, header("6/8")), tables.numbering
    source = random.Random(2)  # noqa: S311
    while tables.numbering is before:
        walk(tables, automaton, source, header("3/4"))
    renumbered = tables.compute(np.array([number, 0], np.int32), before)
    assert renumbered[1] == 0
    assert_row(tables, automaton, renumbered[0], before.states[number])
    assert tables.row_of[renumbered[0]] >= 0


@pytest.mark.slow
def test_threads_that_share_tables(monkeypatch):
    """Walks in four threads over tables that keep forgetting."""
    monkeypatch.setattr(transition_tables, "MAX_ROWS", 100)
    tables = TransitionTables(ALPHABET)

    def run(seed):
        source, automaton = random.Random(seed), TuneAutomaton(ALPHABET)  # noqa: S311
        for _ in range(2):
            state, _ = automaton.follow(header("6/8"))
            zeros, remaining = np.zeros(1, np.int32), 60
            while state != END:
                tables.compute(zeros, None, {0: state})
                with tables.lock:
                    number = int(tables.compute(zeros, None, {0: state})[0])
                    allowed = assert_row(tables, automaton, number, state)
                state = source.choice([s for need, s, _ in allowed if need < remaining])
                remaining -= 1
        return True

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(run, range(4), timeout=120))


def interrupt_after(lines):
    """Return a trace function that raises KeyboardInterrupt within the module of the tables."""
    left = lines

    def trace(frame, event, argument):
        nonlocal left
        if frame.f_code.co_filename != transition_tables.__file__:
            return None
        left -= event == "line"
        if left < 0:
            raise KeyboardInterrupt
        return trace

    return trace


def test_tables_stay_right_after_interrupts(monkeypatch):
    """As by Ctrl-C, anywhere: in new rows, new numbers and while states are forgotten."""
    monkeypatch.setattr(transition_tables, "MAX_ROWS", 30)
    tables, automaton = TransitionTables(ALPHABET), TuneAutomaton(ALPHABET)
    source, interrupted = random.Random(1), 0  # noqa: S311
    state = automaton.follow(header("6/8"))[0]
    zeros = np.zeros(1, np.int32)
    for _ in range(300):
        before = sys.gettrace()
        try:
            sys.settrace(interrupt_after(source.randrange(300)))
            tables.compute(zeros, None, {0: state}, zeros)
        except KeyboardInterrupt:
            interrupted += 1
        finally:
            sys.settrace(before)
        number = int(tables.compute(zeros, None, {0: state})[0])
        following = [after for _, after, _ in assert_row(tables, automaton, number, state)]
        state = source.choice([after for after in following if after != END] or [state])
    assert interrupted > 50


# Pitches, alphabets and prefixes -------------------------------------------------------------


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
