"""Transition tables, kept in the model that they were computed for.

A second call with the same requests computes no transition again. Copies of a model
start without tables. New tables are read from the cache folder where they are there
(:mod:`abcrnn.sampling.table_cache`).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

from abcrnn.grammar import PITCHES, Form
from abcrnn.grammar.transition_tables import MAX_ROWS, TransitionTables
from abcrnn.sampling.table_cache import restore_tables

#: Largest number of rows that all tables of a model keep in total, and of tables.
MAX_KEPT_ROWS, MAX_KEPT_TABLES = 2 * MAX_ROWS, 16

_ATTRIBUTE = "_transition_tables"
_lock = threading.Lock()


def kept_tables(
    model: Any,
    form: Form = (),
    bars: int | None = None,
    pitches: frozenset[str] = PITCHES,
    values: Mapping[str, Collection[str]] = MappingProxyType({}),
    ending: str | None = None,
) -> TransitionTables:
    """Return transition tables; the same ones for the same model and arguments.

    The tables that were requested least recently are dropped when all tables of the
    model have more than :data:`MAX_KEPT_ROWS` rows.

    Parameters
    ----------
    model : SequenceModel
        With a ``vocabulary``.
    form, bars, pitches, values, ending
        Arguments of :class:`abcrnn.grammar.transition_tables.TransitionTables`.

    Returns
    -------
    TransitionTables

    Raises
    ------
    ValueError
        If no valid tune can be written with the characters of the model.
    """
    characters = model.vocabulary.characters
    spellings = frozenset((field, frozenset(texts)) for field, texts in values.items())
    key = characters, form, bars, pitches, spellings, ending
    with _lock:
        # Not setattr: Keras would track the dictionary as part of the model's state.
        kept: OrderedDict[Any, TransitionTables] = model.__dict__.setdefault(
            _ATTRIBUTE, OrderedDict()
        )
        if key not in kept:
            kept[key] = TransitionTables(characters, form, bars, pitches, values, ending)
            texts = sorted((field, sorted(values[field])) for field in values)
            restore_tables(kept[key], (characters, form, bars, sorted(pitches), texts, ending))
        kept.move_to_end(key)
        _drop_oldest(kept)
        return kept[key]


def _drop_oldest(kept: OrderedDict[Any, TransitionTables]) -> None:
    """Drop tables until the others are within the bounds; the last one stays."""
    while len(kept) > 1 and (
        len(kept) > MAX_KEPT_TABLES
        or sum(len(tables.computed_states) for tables in kept.values()) > MAX_KEPT_ROWS
    ):
        kept.popitem(last=False)
