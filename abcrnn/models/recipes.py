"""Named sets of hyper-parameters, for the model and for its training."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """Arguments of a model and settings of its training.

    Parameters
    ----------
    about : str
        One line: the origin of the recipe, or its use.
    epochs : int
        Number of epochs to train.
    model : dict
        Arguments of :class:`abcrnn.CharLSTM`.
    training : dict
        Settings of :class:`abcrnn.Trainer`.
    """

    about: str
    epochs: int
    model: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)

    def settings(self, **overrides: Any) -> dict[str, Any]:
        """Return the settings of the training with some replaced.

        With another kind of ``windows``, ``seq_length`` and ``steps_per_epoch`` of the
        recipe are left out: they suit its own kind.

        Parameters
        ----------
        **overrides
            Settings of :class:`abcrnn.Trainer`.

        Returns
        -------
        dict
        """
        settings, windows = dict(self.training), self.training.get("windows", "streams")
        if overrides.get("windows", windows) != windows:
            for name in ("windows", "seq_length", "steps_per_epoch"):
                settings.pop(name, None)
        return {**settings, **overrides}


_MEMORY = {
    "memory_heads": 2,
    "memory_characters": 2,
    "memory_capacity": 512,
    "memory_match_length": 32,
    "memory_log_mixing": True,
    "embedding_initializer": "normal",
}

RECIPES = {
    "default": Recipe(
        about="recommended: two layers of 384 and a tune memory, on whole tunes in several keys",
        epochs=20,
        model={
            "embedding_dim": 64,
            "units": 384,
            "num_layers": 2,
            "dropout": 0.5,
            "memory_dim": 32,
            **_MEMORY,
        },
        training={
            "windows": "tunes",
            "fit_lengths": True,
            "batch_size": 8,
            "transpose": True,
            "learning_rate": 8e-3,
            "decay_epochs": 20,
            "average": 0.995,
            "patience": 8,
        },
    ),
    "quick": Recipe(
        about="small and fast, for a first try: one layer of 256 and a tune memory",
        epochs=4,
        model={
            "embedding_dim": 32,
            "units": 256,
            "num_layers": 1,
            "dropout": 0.0,
            "memory_dim": 32,
            **_MEMORY,
        },
        training={
            "batch_size": 16,
            "seq_length": 64,
            "learning_rate": 8e-3,
            "decay_epochs": 4,
        },
    ),
    "jigs": Recipe(
        about="three layers of 256 on the Nottingham jigs, 100 epochs (overfits after about 25)",
        epochs=100,
        model={"embedding_dim": 512, "units": 256, "num_layers": 3, "dropout": 0.2},
        training={
            "batch_size": 16,
            "seq_length": 64,
            "learning_rate": 1e-3,
            "keep_every": 10,
        },
    ),
    "mit": Recipe(
        about="MIT deep-learning lab: one layer of 1024, 3000 batches of random windows",
        epochs=15,
        model={
            "embedding_dim": 256,
            "units": 1024,
            "num_layers": 1,
            "dropout": 0.0,
            "recurrent_initializer": "glorot_uniform",
        },
        training={
            "batch_size": 8,
            "seq_length": 100,
            "learning_rate": 5e-3,
            "windows": "random",
            "steps_per_epoch": 200,
        },
    ),
}


def recipe(name: str) -> Recipe:
    """Return a recipe by its name; ``ValueError`` lists the names if it is unknown."""
    try:
        return RECIPES[name]
    except KeyError:
        raise ValueError(
            f"no recipe {name!r}; available are {', '.join(sorted(RECIPES))}"
        ) from None
