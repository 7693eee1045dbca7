"""The option ``--chords``: suggested chord symbols in the tunes of a command."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence

from abcrnn.notation.chord_writing import ChordedTune
from abcrnn.notation.errors import ABCError
from abcrnn.reports.wording import count_of


def add_chords_option(parser: argparse.ArgumentParser) -> None:
    """Add the option to a command."""
    parser.add_argument(
        "--chords",
        action="store_true",
        help="add chord symbols that accompany the melody, except to tunes that have some",
    )


def add_chords_to(tunes: Sequence[str], suggest: Callable[[str], ChordedTune]) -> list[str]:
    """Return tunes with suggested chord symbols; print the number changed, and why others are not.

    Parameters
    ----------
    tunes : sequence of str
        A tune that cannot be read stays unchanged.
    suggest : callable
        Such as :func:`abcrnn.notation.chord_writing.suggest_chords`.
    """
    texts, reasons = [], Counter[str]()
    for tune in tunes:
        try:
            chorded = suggest(tune)
        except ABCError:
            chorded = ChordedTune(tune, 0, "not readable")
        texts.append(chorded.text)
        reasons[chorded.reason] += 1
    left = ", ".join(f"{number} {reason}" for reason, number in reasons.items() if reason)
    report = f"chords added to {reasons['']} of {count_of(len(tunes), 'tune')}"
    print(report + (f"; left unchanged: {left}" if left else ""), file=sys.stderr)
    return texts
