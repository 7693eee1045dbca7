"""The rows of the benchmark: what is compared, and its settings.

The module of a row is imported only when the row runs, so no row needs the packages of
another.
"""

from __future__ import annotations

import copy
import importlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from abcrnn.models.recipes import recipe
from benchmarks.quality.data import Data
from benchmarks.quality.options import Options
from benchmarks.quality.outcome import Outcome
from benchmarks.quality.packages import require_package


@dataclass(frozen=True)
class Row:
    """A row of the benchmark.

    Parameters
    ----------
    title : str
        Its name in the table.
    module : str
        Has ``run(data, settings, options)``.
    settings : dict
        All that the result depends on, apart from the data.
    packages : tuple of str
        Distributions that compute the result; their versions are recorded.
    """

    title: str
    module: str
    settings: dict[str, Any]
    packages: tuple[str, ...]

    def run(self, data: Data, options: Options) -> Outcome:
        """Compute the row.

        Raises
        ------
        ImportError
            If a package of the extra ``bench`` is not installed.
        """
        for package in self.packages:
            require_package(package)
        run = importlib.import_module(f"benchmarks.quality.{self.module}").run
        outcome: Outcome = run(data, self.settings, options)
        return outcome

    def with_settings(self, assignments: Sequence[str]) -> Row:
        """Return the row with other settings.

        Parameters
        ----------
        assignments : sequence of str
            Such as ``"units=256"``, or ``"model.units=256"`` for a setting in a group.
            Values are JSON; anything else is a string.

        Raises
        ------
        ValueError
            If the row has no such setting. Groups accept any name: the class that
            receives the arguments checks them.
        """
        settings = copy.deepcopy(self.settings)
        for assignment in assignments:
            name, equals, value = assignment.partition("=")
            *groups, key = name.split(".")
            target: Any = settings
            for group in groups:
                target = target.get(group) if isinstance(target, dict) else None
            if not (equals and isinstance(target, dict) and (groups or key in target)):
                raise ValueError(
                    f"--set {assignment}: it must be NAME=VALUE with a setting of the row: "
                    f"{', '.join(map(_assignable, self.settings.items()))}"
                )
            target[key] = _value(value)
        return replace(self, settings=settings)


def _assignable(setting: tuple[str, Any]) -> str:
    name, value = setting
    return f"{name}.NAME" if isinstance(value, dict) else name


def _value(text: str) -> Any:
    names = {"True": True, "False": False, "None": None}
    try:
        return names[text] if text in names else json.loads(text)
    except json.JSONDecodeError:
        return text


_TORCH = ("torch", "numpy")
_OURS = ("tensorflow", "keras", "numpy")


def recipe_row(title: str, name: str) -> Row:
    """Return the row that trains a recipe of abcrnn."""
    found = recipe(name)
    settings = {
        "epochs": found.epochs,
        "seed": 0,
        "model": dict(found.model),
        "training": dict(found.training),
    }
    return Row(title, "our_rows", settings, _OURS)


ROWS = {
    "ppmd": Row("PPMd, order 12", "ppmd", {"order": 12, "permutations": 8}, ("pyppmd", "numpy")),
    "copy": Row("copy baseline", "copying", {"max_order": 8}, ("numpy",)),
    "char-rnn": Row(
        "char-rnn, 2 x 128",
        "torch_rows",
        {
            "network": "char-rnn",
            "units": 128,
            "num_layers": 2,
            "dropout": 0.0,
            "batch_size": 50,
            "seq_length": 50,
            "optimizer": "rmsprop",
            "learning_rate": 2e-3,
            "decay": "char-rnn",
            "max_epochs": 50,
            "patience": 50,
            "clip_norm": None,
            "clip_value": 5.0,
            "seed": 0,
        },
        _TORCH,
    ),
    "seed-jigs": recipe_row("recipe `jigs`, 3 x 256", "jigs"),
    "seed-mit": recipe_row("recipe `mit`, 1 x 1024", "mit"),
    "pytorch-2x512": Row(
        "PyTorch `nn.LSTM`, 2 x 512",
        "torch_rows",
        {
            "network": "lstm",
            "embedding_dim": 64,
            "units": 512,
            "num_layers": 2,
            "dropout": 0.5,
            "batch_size": 16,
            "seq_length": 64,
            "optimizer": "adam",
            "learning_rate": 2e-3,
            "decay": "cosine",
            "max_epochs": 30,
            "patience": 6,
            "clip_norm": 1.0,
            "seed": 0,
        },
        _TORCH,
    ),
    "gpt": Row(
        "PyTorch GPT, 4 x 256",
        "torch_rows",
        {
            "network": "gpt",
            "block_size": 512,
            "units": 256,
            "num_layers": 4,
            "num_heads": 4,
            "dropout": 0.2,
            "batch_size": 8,
            "optimizer": "adamw",
            "learning_rate": 1e-3,
            "decay": "cosine",
            "max_epochs": 60,
            "patience": 10,
            "warmup_epochs": 1.0,
            "clip_norm": 1.0,
            "seed": 0,
        },
        _TORCH,
    ),
    "abcrnn-default": recipe_row("**abcrnn**, recipe `default`", "default"),
}

#: Rows that are also computed on the split by tune family.
FAMILY_ROWS = ("ppmd", "copy", "pytorch-2x512", "abcrnn-default")
