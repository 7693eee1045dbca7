"""ABC as music: the reading of the notation, on the standard library alone.

Standard followed: The abc music standard 2.1, December 2011. What is read,
and how, is listed in docs/abc-support.md.
"""

from abcrnn.notation.checks import check_tune
from abcrnn.notation.errors import ABCError
from abcrnn.notation.playing import played_bars, played_notes
from abcrnn.notation.reader import read_tune
from abcrnn.notation.transposition import transpose
from abcrnn.notation.tune import Bar, Event, Note, Pitch, Problem, Tune, Voice
from abcrnn.notation.tunebook import (
    Block,
    drop_fields,
    read_blocks,
    renumber,
    split_tunebook,
    tune_body,
)

__all__ = [
    "ABCError",
    "Bar",
    "Block",
    "Event",
    "Note",
    "Pitch",
    "Problem",
    "Tune",
    "Voice",
    "check_tune",
    "drop_fields",
    "played_bars",
    "played_notes",
    "read_blocks",
    "read_tune",
    "renumber",
    "split_tunebook",
    "transpose",
    "tune_body",
]
