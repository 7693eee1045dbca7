"""Suggested chord symbols in composed tunes, with a comment line that records them."""

from __future__ import annotations

import re

from abcrnn._version import __version__
from abcrnn.notation.chord_writing import ChordedTune, add_chords, suggest_chords

#: The comment line, below those of :mod:`abcrnn.composition.provenance`.
CHORDS_LINE = re.compile(r"^% chords added by abcrnn [\w.+-]{1,40}$", re.MULTILINE)


def accompanied(tune: str) -> ChordedTune:
    """Return a composed tune with chord symbols, and a comment line so that it is reproducible.

    Parameters
    ----------
    tune : str
        With the comment lines of :func:`abcrnn.compose`.
    """
    chorded = suggest_chords(tune)
    if not chorded.added:
        return chorded
    return chorded._replace(text=f"{chorded.text}\n% chords added by abcrnn {__version__}")


def accompanied_again(tune: str, recorded: str) -> str:
    """Return a reproduced tune with the chord symbols that another text of it records.

    Parameters
    ----------
    tune : str
        As it was composed.
    recorded : str
        The tune itself, or with the chord symbols and the line of :func:`accompanied`.
    """
    line = CHORDS_LINE.search(recorded)
    return f"{add_chords(tune)}\n{line[0]}" if line else tune
