"""How many tunes a composition generates, accepts and refuses."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from abcrnn.storage.extras import is_installed

_MOST_SHOWN = 20  # tunes in a notebook; each takes about 100 kB there


@dataclass
class Report:
    """Numbers of generated, accepted and refused tunes of a composition.

    Parameters
    ----------
    generated, accepted : int
        Number of tunes.
    refused : Counter of str
        Number of refused tunes by the first reason against them.
    seconds : float
        Time taken.
    best_of : int
        Number of accepted tunes of which one is returned.
    candidates : int
        Number of candidates from which each tune was chosen.
    effective_candidates : float
        Sum over the generated tunes of the effective number of their candidates.
    """

    generated: int = 0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    best_of: int = 1
    candidates: int = 1
    effective_candidates: float = 0.0

    def __str__(self) -> str:
        share = f" ({self.accepted / self.generated:.0%})" if self.generated else ""
        counts = f"{self.generated} generated, {self.accepted} accepted{share}"
        lines = [f"{counts} in {self.seconds:.1f} s"]
        if self.best_of > 1:
            lines.append(f"{self.accepted // self.best_of:>6} returned: the best of {self.best_of}")
        if self.candidates > 1:
            lines.append(
                f"each chosen from {self.candidates} candidates, "
                f"effective sample size {self.effective_size:.1f}"
            )
        lines += [f"{count:>6} refused: {reason}" for reason, count in self.refused.most_common()]
        return "\n".join(lines)

    @property
    def effective_size(self) -> float:
        """Effective number of the candidates of a tune, mean over the generated tunes."""
        return self.effective_candidates / self.generated if self.generated else 0.0

    def count(self, reason: str | None) -> None:
        """Count a tune: refused for a reason, or accepted if there is none."""
        self.generated += 1
        if reason:
            self.refused[reason] += 1
        else:
            self.accepted += 1


class Composition(NamedTuple):
    """Composed tunes and the report of how many were generated for them.

    Parameters
    ----------
    tunes : list of str
    report : Report
    """

    tunes: list[str]
    report: Report

    def __repr__(self) -> str:
        return f"Composition(tunes={len(self.tunes)}, generated={self.report.generated})"

    def _repr_html_(self) -> str | None:
        """Return scores and players for a notebook; None without the extra ``pages``."""
        from abcrnn.export.html.frame import tune_frame

        if not (self.tunes and is_installed("verovio")):
            return None
        return tune_frame(self.tunes, most=_MOST_SHOWN)


class YieldError(RuntimeError):
    """Raised when almost no generated tune is accepted.

    Parameters
    ----------
    report : Report
        Also an attribute of the exception.
    """

    def __init__(self, report: Report) -> None:
        self.report = report
        super().__init__(
            f"stopped: {report.accepted} of {report.generated} generated tunes were accepted; "
            + ", ".join(f"{count} {reason}" for reason, count in report.refused.most_common(4))
            + "; request less, train longer, or change the temperature"
        )
