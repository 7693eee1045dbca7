"""Comment lines in a tune with rewritten bars that record how to generate them again."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from abcrnn.composition.provenance import Settings, require_seed
from abcrnn.composition.record_lines import (
    REWRITING_LINES,
    invalid_values,
    parse_values,
    search_lines,
)
from abcrnn.storage.validation import require_count

_MAX_MUSIC = 20_000  # characters
_SETTINGS = "temperature", "top_p"
_REWRITING = "bars", "music", "number", "source"
_NUMBER = re.compile(r"X:[^\n]{0,100}")


@dataclass(frozen=True)
class RewritingRecord:
    """Everything needed to generate rewritten bars again, in the tune that has them.

    Parameters
    ----------
    version : str
        Version of abcrnn.
    model : str
        First 16 digits of the model's fingerprint.
    seed, stream : int
    temperature : float
    top_p : float, optional
        Sampling settings.
    bars : tuple of two int
        First and last of the rewritten bars.
    music : str
        What they were before.
    number : str
        The first line of the tune, such as ``X:1``, which the model read; a tunebook may
        have another number.
    source : str
        :func:`abcrnn.composition.provenance.digest` of the tune with these bars.
    tune : str
        The digest of the tune with the new bars.

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    version: str
    model: str
    seed: int
    stream: int
    temperature: float
    top_p: float | None
    bars: tuple[int, int]
    music: str
    number: str
    source: str
    tune: str = ""

    def __post_init__(self) -> None:
        require_seed(self.seed)
        Settings(self.temperature, self.top_p, 1, None)  # validates both
        for bar in self.bars:
            require_count("bars", bar, least=0)
        if not isinstance(self.music, str) or len(self.music) > _MAX_MUSIC:
            raise ValueError(f"music must be text of at most {_MAX_MUSIC} characters")
        if not isinstance(self.source, str):
            raise ValueError(f"source must be text, not {self.source!r}")
        if not isinstance(self.number, str) or not _NUMBER.fullmatch(self.number):
            raise ValueError(f"number must be a line such as 'X:1', not {self.number!r}")

    def lines(self) -> str:
        """Return the comment lines (ABC 2.1, section 2.2.3)."""
        settings = {"temperature": self.temperature, "top_p": self.top_p}
        rewriting = {
            "bars": list(self.bars),
            "music": self.music,
            "number": self.number,
            "source": self.source,
        }
        return (
            f"% rewritten by abcrnn {self.version}\n"
            f"% model {self.model}, seed {self.seed}, stream {self.stream}, tune {self.tune}\n"
            f"% settings {json.dumps(settings)}\n"
            f"% rewriting {json.dumps(rewriting)}"
        )


def is_rewriting(tune: str) -> bool:
    """Whether a tune has the comment lines of rewritten bars."""
    return REWRITING_LINES.search(tune) is not None


def parse_rewriting(tune: str) -> RewritingRecord:
    """Return the record of a tune with rewritten bars.

    Raises
    ------
    ValueError
        If the tune has no such lines.
    ABCError
        If a line is not valid; it has the number of the line.
    """
    found = search_lines(REWRITING_LINES, tune)
    settings = parse_values(found, "settings", _SETTINGS, _SETTINGS)
    rewriting = parse_values(found, "rewriting", _REWRITING, _REWRITING)
    try:
        Settings(settings["temperature"], settings["top_p"], 1, None)
    except ValueError as error:
        raise invalid_values(found, "settings", error) from error
    bars = rewriting.pop("bars")
    try:
        if not isinstance(bars, list) or len(bars) != 2:
            raise ValueError(f"bars must be two numbers, such as [5, 6], not {bars!r:.80}")
        return RewritingRecord(
            version=found["version"],
            model=found["model"],
            seed=int(found["seed"]),
            stream=int(found["stream"]),
            tune=found["tune"],
            bars=(bars[0], bars[1]),
            **settings,
            **rewriting,
        )
    except ValueError as error:
        raise invalid_values(found, "rewriting", error) from error
