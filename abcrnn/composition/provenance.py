"""Where a composed tune comes from: comment lines that it carries, enough to give it again."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from abcrnn.composition.requests import Orders
from abcrnn.storage.validation import require_count, require_positive

_LONGEST = 20_000  # characters of a tune: more than any that one page holds
_MOST_DIGITS = 19  # of a seed
_LEAST = 0.01  # of temperature and top_p: below, nothing is left of the numbers they divide

_LINES = re.compile(
    r"^% composed by abcrnn (?P<version>[\w.+-]{1,40})\n"
    r"% model (?P<model>[0-9a-f]{16}), seed (?P<seed>\d{1,19}), stream (?P<stream>\d{1,9}), "
    r"tune (?P<tune>[0-9a-f]{16})\n"
    r"% settings (?P<settings>\{.*\})\n"
    r"% orders (?P<orders>\{.*\})$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Settings:
    """How the tunes of a composition are drawn.

    Parameters
    ----------
    temperature : float
    top_p : float, optional
    max_length : int
        Longest tune, in characters.
    prompt : str, optional
        What each tune begins with, instead of what the orders ask for.
    """

    temperature: float
    top_p: float | None
    max_length: int
    prompt: str | None

    def __post_init__(self) -> None:
        require_positive("temperature", self.temperature)
        if not _LEAST <= self.temperature <= 1 / _LEAST:
            raise ValueError(f"temperature must be from {_LEAST} to 100, not {self.temperature!r}")
        if self.top_p is not None:
            require_positive("top_p", self.top_p)
            if not _LEAST <= self.top_p <= 1:
                raise ValueError(f"top_p must be from {_LEAST} to 1, not {self.top_p!r}")
        require_count("max_length", self.max_length)
        if self.max_length > _LONGEST:
            raise ValueError(f"max_length must be at most {_LONGEST}, not {self.max_length}")
        if not isinstance(self.prompt, str | None):
            raise ValueError(f"prompt must be text, not {self.prompt!r}")
        if self.prompt is not None and "\n\n" in self.prompt:
            raise ValueError("the prompt must not hold a blank line, which would end the tune")


@dataclass(frozen=True)
class Provenance:
    """Where a tune comes from.

    Parameters
    ----------
    version : str
        Of abcrnn.
    model : str
        The first 16 digits of its fingerprint.
    seed, stream : int
    settings : Settings
    orders : Orders
    tune : str
        What :func:`digest` gives of it.
    """

    version: str
    model: str
    seed: int
    stream: int
    settings: Settings
    orders: Orders
    tune: str = ""

    def __post_init__(self) -> None:
        require_count("seed", self.seed, least=0)
        if self.seed >= 10**_MOST_DIGITS:
            raise ValueError(f"seed must have at most {_MOST_DIGITS} digits, not {self.seed}")

    def lines(self) -> str:
        """Return the comment lines (ABC 2.1, section 2.2.3)."""
        orders = {name: value for name, value in self.orders.as_dict().items() if value is not None}
        return (
            f"% composed by abcrnn {self.version}\n"
            f"% model {self.model}, seed {self.seed}, stream {self.stream}, "
            f"tune {self.tune}\n"
            f"% settings {json.dumps(asdict(self.settings))}\n"
            f"% orders {json.dumps(orders)}"
        )


def parse_provenance(tune: str) -> Provenance:
    """Read the lines that a composed tune carries.

    Raises
    ------
    ValueError
        If there are none, or they are not what :meth:`Provenance.lines` writes.
    """
    found = _LINES.search(tune)
    if not found:
        raise ValueError(
            "the tune carries no lines such as '% composed by abcrnn ...': "
            "only tunes of abcrnn compose can be given again"
        )
    try:
        settings = Settings(**_fields(found["settings"]))
        orders = Orders(**_fields(found["orders"]))
    except (TypeError, RecursionError, ValueError) as error:
        raise ValueError(
            f"the lines that say how the tune was composed are not whole: {str(error)[:300]}"
        ) from error
    return Provenance(
        found["version"],
        found["model"],
        int(found["seed"]),
        int(found["stream"]),
        settings,
        orders,
        found["tune"],
    )


def digest(tune: str) -> str:
    """Return 16 digits that tell a tune from others, whatever its number; without the lines."""
    _, _, numberless = tune.partition("\n")
    return hashlib.sha256(numberless.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def unsigned(tune: str) -> str:
    """Return a tune without the lines that say how it was composed."""
    return _LINES.sub("", tune).rstrip("\n")


def _fields(text: str) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(text)
    return fields
