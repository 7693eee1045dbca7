"""Tables in Markdown, with the measurements behind them."""

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
        Text below the table.
    figures : dict
        All measurements, for ``--json``.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str
    figures: dict[str, Any] = field(default_factory=dict)

    def markdown(self) -> str:
        """Return the table in Markdown, as in docs/results.md."""
        rule = ["---"] * len(self.header)
        lines = ["| " + " | ".join(row) + " |" for row in (self.header, rule, *self.rows)]
        return "\n".join([f"### {self.title}", "", *lines, "", self.note, ""])


def rate(spread: Spread) -> list[str]:
    """Return two cells: the median rate, and its minimum and maximum."""
    return [f"{spread.median:,.0f}", f"{spread.minimum:,.0f} to {spread.maximum:,.0f}"]


def times(spread: Spread) -> str:
    """Return one cell: a ratio with its minimum and maximum."""
    return f"{spread.median:.2f} ({spread.minimum:.2f} to {spread.maximum:.2f})"


def seconds(spread: Spread) -> str:
    """Return one cell: seconds with minimum and maximum."""
    return f"{spread.median:.3f} ({spread.minimum:.3f} to {spread.maximum:.3f})"


def share(part: float, whole: float) -> str:
    """Return one cell: a share in per cent."""
    return f"{100 * part / whole:.1f} %"


def gigaflops(peaks: Sequence[float]) -> str:
    """Return the measured peak with minimum and maximum."""
    peak = Spread.of([p / 1e9 for p in peaks])
    return f"{peak.median:.0f} GFLOP/s ({peak.minimum:.0f} to {peak.maximum:.0f})"


def machine() -> str:
    """Return one line: date, processor, load, and versions."""
    packages = ("tensorflow", "keras", "torch", "numpy")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in packages)
    return (
        f"{datetime.date.today()}: {processor()}, {os.cpu_count()} processors{_load()}, "
        f"{platform.system()}, Python {platform.python_version()}, {versions}"
    )


def _load() -> str:
    if not hasattr(os, "getloadavg"):  # Windows
        return ""
    return f" (load {os.getloadavg()[0]:.1f} before)"


def processor() -> str:
    """Return the name of the processor."""
    described = Path("/proc/cpuinfo")
    if described.exists():
        for line in described.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
