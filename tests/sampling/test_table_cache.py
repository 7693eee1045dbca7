"""Transitions in the cache folder equal those that are computed."""

import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from helpers.walks import header

from abcrnn.grammar import END, START, transition_tables
from abcrnn.grammar.state_records import decode_states, encode_states
from abcrnn.grammar.stored_rows import StoredRows
from abcrnn.grammar.transition_tables import TransitionTables
from abcrnn.models.model_file import load_model
from abcrnn.sampling import Sampler, kept_tables, table_cache
from abcrnn.storage.archive import read_archive, write_archive

REQUESTS = [{}, {"form": ((2, True), (2, True))}, {"ending": "tonic", "bars": 4}]
PROMPT = header("6/8", "1/8")
ALPHABET = "\nX1:MLK|[]\" ABCDEFGacdefg23468/>(-)'{}.z"


@pytest.fixture
def files(own_cache):
    return lambda: sorted((own_cache / "transitions").glob("*"))


@pytest.fixture
def computed(monkeypatch):
    """Numbers of the states whose transitions are computed."""
    found, compute = [], TransitionTables._compute_row

    def counted(tables, number):
        found.append(number)
        compute(tables, number)

    monkeypatch.setattr(TransitionTables, "_compute_row", counted)
    return found


def new_model() -> SimpleNamespace:
    """A model without tables, as in another process."""
    return SimpleNamespace(vocabulary=SimpleNamespace(characters=ALPHABET))


def sampled(seed=1, **requests) -> tuple[list[str], TransitionTables]:
    """Random walks through the tables of a new model, which are stored; and the tables."""
    tables = kept_tables.kept_tables(new_model(), **requests)
    source = np.random.default_rng(seed)
    tunes = [walk(tables, source) for _ in range(6)]
    table_cache.store_tables(tables)
    return tunes, tables


def walk(tables: TransitionTables, source: np.random.Generator) -> str:
    prefix, text = tables.read_prefix(PROMPT), PROMPT
    [tune] = tables.compute(np.zeros(1, np.int32), starting={0: prefix.tune}).tolist()
    pitch, remaining = prefix.pitch, tables.length_to_end(prefix) + 60
    while tune:
        [tune] = tables.compute(np.array([tune], np.int32)).tolist()
        row = tables.row_of[tune]
        allowed = (tables.next_tune[row] >= 0) & (tables.next_pitch[pitch] >= 0)
        allowed &= tables.chars_to_end[row] < remaining
        column = source.choice(np.flatnonzero(allowed))
        text, remaining = text + tables.characters[column], remaining - 1
        tune, pitch = int(tables.next_tune[row, column]), int(tables.next_pitch[pitch, column])
    return text


@pytest.mark.parametrize("requests", REQUESTS, ids=str)
def test_another_process_computes_no_transition_again(files, computed, requests):
    """A new model stands for another process: it has no tables."""
    tunes, tables = sampled(**requests)
    assert len(files()) == 1 and len(computed) > table_cache.MIN_NEW_ROWS
    computed.clear()
    again, restored = sampled(**requests)
    assert again == tunes
    assert computed == []
    assert restored is not tables


@pytest.mark.slow
@pytest.mark.parametrize("requests", REQUESTS, ids=str)
def test_restored_rows_equal_those_of_the_automaton(files, requests):
    """Each restored row, also after more of them are computed, is that of the automaton."""
    sampled(**requests)
    _, tables = sampled(seed=2, **requests)
    automaton = TransitionTables(ALPHABET, **requests)._automaton
    states = tables.numbering.states
    assert len(set(states)) == len(states)
    for row, number in enumerate(tables.computed_states[1:], 1):
        assert tables.row_of[number] == row
        successors = automaton.successors(states[number])
        for column, c in enumerate(tables.characters):
            reached = tables.next_tune[row, column]
            assert (reached >= 0) == (c in successors)
            if c in successors:
                assert states[reached] == successors[c]
                room = automaton.required_room(states[number], successors[c])
                assert tables.chars_to_end[row, column] == room
    assert len(tables.computed_states) > 400


@pytest.mark.slow
def test_samplers_read_and_write_files(files, computed, trained):
    """A tune that is enough ends the sampling early; its transitions are stored too."""
    tunes = Sampler(load_model(trained), seed=1, constraint="bars").tunes(
        16, "X:1\n", max_length=200
    )
    assert len(files()) == 1 and len(computed) > table_cache.MIN_NEW_ROWS
    computed.clear()
    again = Sampler(load_model(trained), seed=1, constraint="bars")
    streams = again.streams("X:1\n", 200, iter(range(16)).__next__, 16)
    assert next(streams)[1] in tunes
    assert computed == []
    files()[0].unlink()
    other = Sampler(load_model(trained), seed=1, constraint="bars")
    streams = other.streams("X:1\n", 200, iter(range(16)).__next__, 16)
    next(streams)
    streams.close()
    assert len(files()) == 1


@pytest.mark.slow
def test_states_survive_with_their_types(files):
    _, tables = sampled()
    states = tables.numbering.states
    decoded = decode_states(*encode_states(states))
    assert [repr(state) for state in decoded] == [repr(state) for state in states]


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [[["no kind", "", 0]], [0], [], [], [], []],
        [[["note", 1, 0]], [0], [[[0, 0, False, False]]], [], [], []],
        [[["note", "", 0, 0]], [0], [], [], [], []],
        "states",
        None,
    ],
    ids=str,
)
def test_other_parts_are_refused(parts):
    with pytest.raises((ValueError, TypeError, IndexError)):
        decode_states(parts, np.zeros((1, 6), np.int32))


def test_other_requests_characters_or_code_have_other_files(files, monkeypatch):
    sampled()
    sampled(bars=8)
    monkeypatch.setattr(table_cache, "_code_digest", lambda: "of another version")
    sampled()
    assert len(files()) == 3


def test_the_file_name_is_the_same_in_every_process(own_cache):
    """Sets have another order in each process; the name must not depend on it."""
    code = (
        "from abcrnn.sampling import kept_tables as k, table_cache as t\n"
        "from types import SimpleNamespace as N\n"
        f"model = N(vocabulary=N(characters={ALPHABET!r}))\n"
        "made = k.kept_tables(model, pitches=frozenset('ABdGD'), values={'K': {'G', 'D'}})\n"
        "print(t._files[made][0].name)"
    )
    names = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in "12"
    }
    assert len(names) == 1 and names != {""}


def test_few_rows_are_not_written(files, monkeypatch):
    monkeypatch.setattr(table_cache, "MIN_NEW_ROWS", 100_000)
    sampled()
    assert files() == []


def test_a_file_is_written_again_when_its_rows_have_grown(files, monkeypatch):
    sampled()
    before = files()[0].read_bytes()
    sampled(seed=1)  # finds all of its rows
    assert files()[0].read_bytes() == before
    monkeypatch.setattr(table_cache, "MIN_NEW_ROWS", 1)
    monkeypatch.setattr(table_cache, "_MIN_GROWTH", 1)
    sampled(seed=2)
    assert len(files()[0].read_bytes()) > len(before)


DAMAGES = {
    "a row of another state": lambda a: a["next_tune"].__setitem__(slice(1, None), -1),
    "a bound that is too low": lambda a: np.subtract(a["chars_to_end"], 1, a["chars_to_end"]),
    "a state out of range": lambda a: a["next_tune"].__setitem__((5, 3), 10**6),
    "a negative state": lambda a: a["computed_states"].__setitem__(5, -2),
    "a row twice": lambda a: a["computed_states"].__setitem__(5, a["computed_states"][6]),
    "a part out of range": lambda a: a["states"].__setitem__((5, 0), 10**6),
    "a state twice": lambda a: a["states"].__setitem__(5, a["states"][6]),
    "no rows": lambda a: a.update(computed_states=a["computed_states"][:0]),
    "fewer characters": lambda a: a.update(next_tune=a["next_tune"][:, 1:]),
    "no array": lambda a: a.pop("chars_to_end"),
    "text": lambda a: a.update(states=a["states"].astype("U3")),
}


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["truncated", "another format", *DAMAGES])
def test_a_damaged_file_is_replaced(files, caplog, damage):
    tunes, _ = sampled()
    file = files()[0]
    content = file.read_bytes()
    about, arrays = read_archive(file, "abcrnn transition tables 1")
    del about["format"]
    if damage == "truncated":
        file.write_bytes(content[: len(content) // 2])
    elif damage == "another format":
        write_archive(file, "abcrnn model 1", about, arrays)
    else:
        DAMAGES[damage](arrays)
        write_archive(file, "abcrnn transition tables 1", about, arrays)
    assert sampled()[0] == tunes
    assert "its transitions are computed again" in caplog.text
    assert file.read_bytes() == content


def test_too_many_rows_are_neither_written_nor_read(files, monkeypatch, caplog):
    sampled()
    monkeypatch.setattr(transition_tables, "MAX_ROWS", 600)  # the file has more than half
    sampled()
    assert "cannot be used" in caplog.text
    files()[0].unlink()
    sampled()
    assert files() == []


def test_the_files_that_were_used_last_are_kept(files, own_cache, monkeypatch):
    monkeypatch.setattr(table_cache, "_MAX_FILES", 2)
    for time, bars in enumerate((4, 5)):
        sampled(bars=bars)
        for file in files():
            os.utime(file, (time, time))
    first = files()
    kept_tables.kept_tables(new_model(), bars=4)  # used again
    sampled(bars=6)
    assert len(files()) == 2
    assert len(set(first) & set(files())) == 1


def test_a_full_disk_is_only_logged(files, full_disk, caplog):
    with full_disk:
        sampled()
    assert "the transitions could not be cached" in caplog.text
    assert files() == []


def test_used_tables_take_over_nothing():
    """Rows of a file would get numbers that are in use."""
    tables = TransitionTables("X:1MK68GD\nABd|/ ")
    tables.compute(np.zeros(1, np.int32), starting={0: START})
    rows = np.zeros((1, len(tables.characters)))
    end = rows[:, 0].astype(np.int32), rows.astype(np.int32), rows.astype(np.int16)
    assert not tables.restore(StoredRows([END], *end))
    assert TransitionTables(tables.characters).restore(StoredRows([END], *end))
