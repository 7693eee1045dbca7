"""Tables in Markdown, and the same figures for a program to read."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.rounds import Spread


@dataclass(frozen=True)
class Table:
    """One table.

    Parameters
    ----------
    title : str
    header : sequence of str
    rows : sequence of sequence of str
    note : str
        What stands below it.
    figures : dict
        Every single measurement, for ``--json``.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str
    figures: dict[str, Any] = field(default_factory=dict)

    def markdown(self) -> str:
        """Return the table as it goes into docs/results.md."""
        rule = ["---"] * len(self.header)
        lines = ["| " + " | ".join(row) + " |" for row in (self.header, rule, *self.rows)]
        return "\n".join([f"### {self.title}", "", *lines, "", self.note, ""])


def rate(spread: Spread) -> list[str]:
    """Two cells: the median rate, and from the least to the most."""
    return [f"{spread.median:,.0f}", f"{spread.least:,.0f} to {spread.most:,.0f}"]


def times(spread: Spread) -> str:
    """One cell: how many times faster."""
    return f"{spread.median:.2f} ({spread.least:.2f} to {spread.most:.2f})"


def seconds(spread: Spread) -> str:
    """One cell: seconds."""
    return f"{spread.median:.3f} ({spread.least:.3f} to {spread.most:.3f})"


def share(part: float, whole: float) -> str:
    """One cell: a share in per cent."""
    return f"{100 * part / whole:.1f} %"


def gigaflops(peaks: Sequence[float]) -> str:
    """In words: the measured peak."""
    peak = Spread.of([p / 1e9 for p in peaks])
    return f"{peak.median:.0f} GFLOP/s ({peak.least:.0f} to {peak.most:.0f})"


def machine() -> str:
    """One line: date, processor, what else it was doing, and versions."""
    packages = ("tensorflow", "keras", "torch", "numpy")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in packages)
    return (
        f"{datetime.date.today()}: {_processor()}, {os.cpu_count()} processors "
        f"(load {os.getloadavg()[0]:.1f} before), "
        f"{platform.system()}, Python {platform.python_version()}, {versions}"
    )


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    if described.exists():
        for line in described.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
