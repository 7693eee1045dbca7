"""What the commands share on the terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from abcrnn.export.tunebook import Conversion


def convert_into(tunes: Sequence[str], folder: str, form: str) -> int:
    """Write a file for each tune, say how many and why not others; return the exit code."""
    from abcrnn.export.tunebook import convert_tunes

    done = convert_tunes(tunes, folder, form)
    report_unconverted(done)
    written = sum(conversion.path is not None for conversion in done)
    print(f"{written} of {len(done)} tunes converted into {folder}", file=sys.stderr)
    return 0 if written == len(done) else 1


def report_unconverted(conversions: Sequence[Conversion]) -> None:
    """Say which tunes were not converted, and why."""
    for conversion in conversions:
        if conversion.problem:
            print(f"tune {conversion.number} not converted: {conversion.problem}", file=sys.stderr)


def import_tensorflow() -> None:
    """Import TensorFlow without its start-up notes, which mean nothing to a user.

    Some of them are written before its own log level counts, so standard error
    is set aside for the length of the import; failures still come as exceptions.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        import tensorflow  # noqa: F401
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
