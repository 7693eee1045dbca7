"""What the wing needs besides: the extra that brings it."""

from __future__ import annotations

import warnings
from typing import Any


def import_pretty_midi() -> Any:
    """Import pretty_midi; ``ImportError`` names the extra."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of what its own imports deprecate
            import pretty_midi
    except ImportError as error:
        raise ImportError(
            'MIDI files are read with pretty_midi, which the extra "events" brings: '
            'pip install "abcrnn[events]"'
        ) from error
    return pretty_midi
