"""The program ``abcrnn``: it imports the commands and runs one."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command of the command line; see :func:`abcrnn.cli.entry_point.main`."""
    try:
        from abcrnn.cli import entry_point
    except KeyboardInterrupt:  # the imports take a part of a second
        print("\nstopped", file=sys.stderr)
        return 130
    return entry_point.main(argv)
