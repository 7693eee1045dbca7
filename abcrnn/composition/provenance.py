"""Comment lines in a composed tune that record how to generate the same tune again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from abcrnn.composition.accompaniment import CHORDS_LINE
from abcrnn.composition.record_lines import (
    COMPOSED_LINES,
    REWRITING_LINES,
    invalid_values,
    parse_values,
    search_lines,
)
from abcrnn.composition.requests import Requests
from abcrnn.sampling.faithful import MAX_FAITHFUL
from abcrnn.storage.validation import require_count, require_positive

#: Message about a tune that is not reproduced.
NOT_REPRODUCED = (
    "the tune cannot be reproduced: its comment lines were changed, this machine rounds "
    "differently, or another version of abcrnn generated it under other rules"
)

_MAX_LENGTH = 20_000  # characters of a tune, far above that of any printed tune
_MAX_BEST_OF = 1000
_MAX_SEED_DIGITS = 19
_MIN_DIVISOR = 0.01  # of temperature and top_p: below it, logits overflow when divided


@dataclass(frozen=True)
class Settings:
    """Sampling settings of a composition.

    Parameters
    ----------
    temperature : float
    top_p : float, optional
    max_length : int
        Maximum length of a tune, in characters.
    prompt : str, optional
        Text that each tune begins with, instead of the prompt that the requests imply.
    generate_title : bool
        Whether the title is sampled first, and the requested fields are written below it.
        False in the records of versions that did not.
    best_of : int
        Number of accepted candidates of which the tune is the most typical.
    faithful : int
        Number of candidates from which each tune is chosen; see
        :class:`abcrnn.Sampler`.

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    temperature: float
    top_p: float | None
    max_length: int
    prompt: str | None
    generate_title: bool = False
    best_of: int = 1
    faithful: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "temperature", require_positive("temperature", self.temperature))
        if not _MIN_DIVISOR <= self.temperature <= 1 / _MIN_DIVISOR:
            raise ValueError(
                f"temperature must be from {_MIN_DIVISOR} to 100, not {self.temperature!r}"
            )
        if self.top_p is not None:
            object.__setattr__(self, "top_p", require_positive("top_p", self.top_p))
            if not _MIN_DIVISOR <= self.top_p <= 1:
                raise ValueError(f"top_p must be from {_MIN_DIVISOR} to 1, not {self.top_p!r}")
        object.__setattr__(self, "max_length", require_count("max_length", self.max_length))
        if self.max_length > _MAX_LENGTH:
            raise ValueError(f"max_length must be at most {_MAX_LENGTH}, not {self.max_length}")
        if not isinstance(self.generate_title, bool):
            raise ValueError(f"generate_title must be true or false, not {self.generate_title!r}")
        object.__setattr__(self, "best_of", require_count("best_of", self.best_of))
        if self.best_of > _MAX_BEST_OF:
            raise ValueError(f"best_of must be at most {_MAX_BEST_OF}, not {self.best_of}")
        if not isinstance(self.prompt, str | None):
            raise ValueError(f"prompt must be text, not {self.prompt!r}")
        if self.prompt is not None and "\n\n" in self.prompt:
            raise ValueError("prompt must not contain a blank line, which would end the tune")
        object.__setattr__(self, "faithful", require_count("faithful", self.faithful))
        if self.faithful > MAX_FAITHFUL:
            raise ValueError(f"faithful must be at most {MAX_FAITHFUL}, not {self.faithful}")

    def given(self) -> dict[str, Any]:
        """Return the settings by name, without those that earlier versions did not have."""
        settings = asdict(self)
        if not self.generate_title:
            del settings["generate_title"]
        if self.best_of == 1:
            del settings["best_of"]
        if self.faithful == 1:
            del settings["faithful"]
        return settings


@dataclass(frozen=True)
class Provenance:
    """Everything needed to generate a composed tune again.

    Parameters
    ----------
    version : str
        Version of abcrnn.
    model : str
        First 16 digits of the model's fingerprint.
    seed, stream : int
        The random stream of a tune depends on these two numbers only.
    settings : Settings
    requests : Requests
    tune : str
        :func:`digest` of the tune.
    """

    version: str
    model: str
    seed: int
    stream: int
    settings: Settings
    requests: Requests
    tune: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", require_seed(self.seed))

    def lines(self) -> str:
        """Return the comment lines (ABC 2.1, section 2.2.3)."""
        return (
            f"% composed by abcrnn {self.version}\n"
            f"% model {self.model}, seed {self.seed}, stream {self.stream}, "
            f"tune {self.tune}\n"
            f"% settings {json.dumps(self.settings.given())}\n"
            f"% requests {json.dumps(self.requests.given())}"
        )


_SETTINGS = tuple(field.name for field in fields(Settings))
_REQUIRED = ("temperature", "top_p", "max_length", "prompt")  # in all versions
_REQUESTS = tuple(field.name for field in fields(Requests))


def require_seed(seed: Any) -> int:
    """Return a seed that fits into the comment lines; raise ``ValueError`` for another."""
    number: int = require_count("seed", seed, least=0)
    if number >= 10**_MAX_SEED_DIGITS:
        raise ValueError(f"seed must have at most {_MAX_SEED_DIGITS} digits, not {number}")
    return number


def parse_provenance(tune: str) -> Provenance:
    """Return the provenance of a composed tune.

    Raises
    ------
    ValueError
        If the tune has no provenance lines.
    ABCError
        If a line is not valid; it has the number of the line.
    """
    found = search_lines(COMPOSED_LINES, tune)
    settings = parse_values(found, "settings", _SETTINGS, _REQUIRED)
    requests = parse_values(found, "requests", _REQUESTS)
    try:
        checked_settings = Settings(**settings)
    except ValueError as error:
        raise invalid_values(found, "settings", error) from error
    try:
        checked_requests = Requests(**requests)
    except ValueError as error:
        raise invalid_values(found, "requests", error) from error
    return Provenance(
        found["version"],
        found["model"],
        int(found["seed"]),
        int(found["stream"]),
        checked_settings,
        checked_requests,
        found["tune"],
    )


def require_model(fingerprint: str, model: Any) -> None:
    """Raise ``ValueError`` unless a tune was generated with the model."""
    if fingerprint != model.fingerprint[:16]:
        raise ValueError(
            f"the tune was composed with model {fingerprint}, "
            f"not with this one, {model.fingerprint[:16]}"
        )


def recorded_model(tune: str) -> str | None:
    """Return the 16 digits of the model in the comment lines of a composed or rewritten tune.

    None if there are no such lines.
    """
    found = COMPOSED_LINES.search(tune) or REWRITING_LINES.search(tune)
    return found["model"] if found else None


def provenance_lines(tune: str) -> str:
    """Return the provenance lines of a tune as they are written in it.

    Raises
    ------
    ValueError
        If the tune has none.
    """
    return search_lines(COMPOSED_LINES, tune)[0]


def without_provenance(tune: str) -> str:
    """Return a tune without the lines that compose or rewrite added below the music."""
    for lines in (COMPOSED_LINES, REWRITING_LINES, CHORDS_LINE):
        tune = lines.sub("", tune)
    return tune.rstrip("\n")


def digest(tune: str) -> str:
    """Return 16 hexadecimal digits that identify a tune, whatever its number.

    Parameters
    ----------
    tune : str
        Without provenance lines. Its first line, ``X:``, is not part of the digest.
    """
    _, _, numberless = tune.partition("\n")
    return hashlib.sha256(numberless.encode("utf-8", "surrogatepass")).hexdigest()[:16]
