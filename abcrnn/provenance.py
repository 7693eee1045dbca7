"""Where a composed tune comes from: comment lines that it carries, enough to give it again."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from abcrnn.arguments import require_count
from abcrnn.orders import Orders

_LINES = re.compile(
    r"^% composed by abcrnn (?P<version>[\w.+-]{1,40})\n"
    r"% model (?P<model>[0-9a-f]{16}), seed (?P<seed>\d{1,19}), stream (?P<stream>\d{1,9})\n"
    r"% settings (?P<settings>\{.{0,2000}\})\n"
    r"% orders (?P<orders>\{.{0,4000}\})$",
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
    """

    version: str
    model: str
    seed: int
    stream: int
    settings: Settings
    orders: Orders

    def lines(self) -> str:
        """Return the comment lines (ABC 2.1, section 2.2.3)."""
        orders = {name: value for name, value in self.orders.as_dict().items() if value is not None}
        return (
            f"% composed by abcrnn {self.version}\n"
            f"% model {self.model}, seed {self.seed}, stream {self.stream}\n"
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
        if settings.prompt is not None and not isinstance(settings.prompt, str):
            raise ValueError("the prompt is no text")
        require_count("max_length", settings.max_length)
        orders = Orders(**_fields(found["orders"]))
    except (TypeError, AttributeError, RecursionError, ValueError) as error:
        raise ValueError(
            f"the lines that say how the tune was composed are not whole: {error}"
        ) from error
    return Provenance(
        found["version"],
        found["model"],
        int(found["seed"]),
        int(found["stream"]),
        settings,
        orders,
    )


def unsigned(tune: str) -> str:
    """Return a tune without the lines that say how it was composed."""
    return _LINES.sub("", tune).rstrip("\n")


def _fields(text: str) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(text)
    return fields
