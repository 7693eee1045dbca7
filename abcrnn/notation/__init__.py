"""ABC notation as music: parse, check, play and transpose tunes. Needs only the standard library.

:func:`read_tune` parses one tune into a :class:`Tune`, :func:`played_notes` returns its notes
as played, :func:`check_tune` its problems; :func:`split_tunebook` finds the tunes of a
tunebook. A tune is *valid* if :func:`check_tune` finds no problem: its bars add up, its
repeats, endings and groups are closed, and its header is complete.

The standard followed is The abc music standard 2.1, December 2011. docs/abc-support.md lists
what is supported. To add notation: ``lexer`` finds the tokens, ``reader`` interprets them,
``voices`` collects the bars of a voice.
"""

from abcrnn.notation.checks import check_tune
from abcrnn.notation.errors import ABCError
from abcrnn.notation.playing import played_bars, played_notes
from abcrnn.notation.reader import read_tune
from abcrnn.notation.text import decode_text
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
    "decode_text",
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
