"""The settings that a search varies, and the values that it tries."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from abcrnn.models.recipes import Recipe
from abcrnn.training.recipe_file import change_settings


@dataclass(frozen=True)
class Range:
    """All numbers from ``low`` to ``high``, whole numbers if both are.

    Parameters
    ----------
    low, high : int or float
        Both are included.
    step : int or float, optional
        Only ``low`` and every ``step`` above it.
    log : bool
        Sample the logarithm evenly: for values of different orders of magnitude.
    """

    low: float
    high: float
    step: float | None = None
    log: bool = False

    def __contains__(self, value: Any) -> bool:
        return isinstance(value, int | float) and self.low <= value <= self.high

    @property
    def ends(self) -> tuple[float, float]:
        """Values to validate: if both are accepted, all between them are."""
        return self.low, self.high


@dataclass(frozen=True)
class Choices:
    """Values without an order.

    Parameters
    ----------
    values : tuple
        At least two.
    """

    values: tuple[Any, ...]

    def __contains__(self, value: Any) -> bool:
        return value in self.values

    @property
    def ends(self) -> tuple[Any, ...]:
        """Values to validate: all."""
        return self.values


#: What is tried for each setting of the model and of its training.
SPACE: dict[str, Range | Choices] = {
    "units": Range(128, 1024, step=64),
    "num_layers": Range(1, 3),
    "embedding_dim": Range(16, 128, step=16),
    "dropout": Range(0.0, 0.7, step=0.05),
    "variational_dropout": Choices((False, True)),
    "memory_dim": Choices((0, 8, 32, 64)),
    "memory_heads": Range(1, 4),
    "memory_characters": Range(0, 2),
    "memory_match_length": Choices((0, 16, 32)),
    "learning_rate": Range(5e-4, 2e-2, log=True),
    "batch_size": Choices((8, 16, 32, 64)),
    "windows": Choices(("streams", "tunes")),
}


def default_space(base: Recipe) -> dict[str, Range | Choices]:
    """Return what a search tries, by the name of the setting.

    The learning rate decays over half as many epochs as a trial has at least, and over
    twice as many at most; then it has not yet reached its lowest value. Random windows are
    kept: they need a number of steps, which the other kinds do not have.

    Parameters
    ----------
    base : Recipe
    """
    space = {**SPACE, "decay_epochs": Range(max(1, base.epochs // 2), 2 * base.epochs)}
    if base.training.get("windows") == "random":
        del space["windows"]
    return space


def choose_space(
    base: Recipe, requests: Sequence[tuple[str, str]]
) -> tuple[Recipe, dict[str, Range | Choices]]:
    """Return the base recipe and the space of a search, with other values as requested.

    Parameters
    ----------
    base : Recipe
        Values of what is not varied.
    requests : sequence of (str, str)
        Name of a setting and its values: one (``"256"``), several (``"128,256"``) or a
        range (``"0.1..0.5"``). A setting with one value is not varied.

    Returns
    -------
    base : Recipe
    space : dict of str to Range or Choices

    Raises
    ------
    ValueError
        If there is no such setting, a value is not valid, or nothing is left to vary.
    """
    space = default_space(base)
    for name, text in requests:
        values = parse_values(text, log=getattr(space.get(name), "log", False))
        if isinstance(values, Range | Choices):
            for value in values.ends:
                change_settings(base, {name: value})
            space[name] = values
        else:
            base = change_settings(base, {name: values})
            space.pop(name, None)
    if not space:
        raise ValueError("all settings are fixed: nothing is left to search")
    if "windows" in space and "seq_length" not in dict(requests):
        # Each kind of windows has a default length of its own.
        training = {name: v for name, v in base.training.items() if name != "seq_length"}
        base = replace(base, training=training)
    return base, space


def parse_values(text: str, log: bool = False) -> Any:
    """Return the values that a text describes: a range, choices or a single value.

    Parameters
    ----------
    text : str
        Such as ``"256"``, ``"128,256"`` or ``"0.1..0.5"``.
    log : bool
        Whether a range is sampled logarithmically.

    Raises
    ------
    ValueError
        If the ends of a range are not numbers in ascending order, or a choice is given twice.

    Examples
    --------
    >>> parse_values("128,256")
    Choices(values=(128, 256))
    """
    if ".." in text:
        low, high = (_parse_value(part) for part in text.split("..", 1))
        if not _is_number(low) or not _is_number(high) or not low < high:
            raise ValueError(f"a range must be two numbers, such as 0.1..0.5, not {text!r:.80}")
        if log and not low > 0:
            raise ValueError(f"this range must be above 0, not {text!r:.80}")
        return Range(low, high, log=log)
    values = tuple(_parse_value(part) for part in text.split(","))
    if len(set(values)) < len(values):
        raise ValueError(f"the values must be different, not {text!r:.80}")
    return values[0] if len(values) == 1 else Choices(values)


def _parse_value(text: str) -> Any:
    text = text.strip()
    if re.fullmatch(r"[+-]?\d{1,18}", text):
        return int(text)
    if text in ("true", "false"):
        return text == "true"
    try:
        return float(text)
    except ValueError:
        return text


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
