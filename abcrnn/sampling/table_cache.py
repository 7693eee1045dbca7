"""Transition tables in the cache folder, so that a new process need not compute them again.

A file holds the rows for one alphabet and one set of requests; its name is a digest of these
and of the grammar's code. Stored rows equal newly computed ones, so what is sampled does not
depend on the cache.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sys
import threading
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

import abcrnn.grammar
from abcrnn.data.cached_files import code_digest, keep_last_used
from abcrnn.data.registry import cache_folder
from abcrnn.grammar.state_records import decode_states, encode_states
from abcrnn.grammar.stored_rows import StoredRows
from abcrnn.grammar.transition_tables import TransitionTables
from abcrnn.storage.archive import read_archive, write_archive

_logger = logging.getLogger(__name__)

_FORMAT = "abcrnn transition tables 1"
_MAX_FILES = 16
#: Fewer rows than this are computed in a fraction of a second.
MIN_NEW_ROWS = 200
_MIN_GROWTH = 1.25  # of the rows in the file, before it is written again

# Of tables that have a file: its path, and the number of rows in it.
_files: WeakKeyDictionary[TransitionTables, tuple[Path, int]] = WeakKeyDictionary()
_lock = threading.Lock()


def restore_tables(tables: TransitionTables, arguments: object) -> None:
    """Read the rows of new tables from the cache folder, if they are there.

    Parameters
    ----------
    tables : TransitionTables
    arguments : object
        What the tables were created with; ``repr`` must be the same in every process.
    """
    file = cache_folder() / "transitions" / f"{_key(arguments)}.tables"
    _files[tables] = file, 0
    try:
        about, arrays = read_archive(file, _FORMAT)
        states = decode_states(about["parts"], arrays.pop("states"))
        if not tables.restore(StoredRows(states, **arrays)):
            raise ValueError("its rows are not those of these requests")
        file.touch()  # the files that were used last are kept
    except FileNotFoundError:
        return
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        _logger.warning("%s cannot be used (%s); its transitions are computed again", file, error)
        return
    _files[tables] = file, len(tables.computed_states)


def store_tables(tables: TransitionTables | None) -> None:
    """Write the rows of tables to their file in the cache folder, if many are new.

    The folder keeps the 16 files that were used last. A file holds at most half of the rows
    that tables may have: :data:`abcrnn.grammar.transition_tables.MAX_ROWS`. Errors are only
    logged.

    Parameters
    ----------
    tables : TransitionTables or None
        Nothing is written without tables, and for tables that were never looked for in the
        folder.
    """
    if tables is None or tables not in _files or sys.is_finalizing():
        return
    with _lock, tables.lock:
        file, stored = _files[tables]
        rows, states = len(tables.computed_states), tables.numbering.states
        is_worth_it = rows >= max(stored + MIN_NEW_ROWS, _MIN_GROWTH * stored)
        if not is_worth_it or not tables.has_room_for(rows, len(states)):
            return
        _files[tables] = file, rows  # also if it fails: it would fail again
        parts, indices = encode_states(states)
        arrays = {
            "states": indices,
            "computed_states": np.array(tables.computed_states, np.int32),
            "next_tune": tables.next_tune[:rows].copy(),
            "chars_to_end": tables.chars_to_end[:rows].copy(),
        }
    _write(file, parts, arrays)


def _write(file: Path, parts: list[list[Any]], arrays: dict[str, Any]) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_archive(file, _FORMAT, {"parts": parts}, arrays)
        keep_last_used(file, _MAX_FILES)
    except OSError as error:
        _logger.warning("the transitions could not be cached: %s", error)


def _key(arguments: object) -> str:
    content = json.dumps([_FORMAT, _code_digest(), repr(arguments)])
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def _code_digest() -> str:
    """Return a digest of the modules that compute transitions."""
    return code_digest(abcrnn.grammar)
