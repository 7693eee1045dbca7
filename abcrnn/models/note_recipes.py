"""Named sets of hyper-parameters for note models."""

from __future__ import annotations

from abcrnn.models.recipes import Recipe

NOTE_RECIPES = {
    "default": Recipe(
        about="recommended: pitch, step and duration as classes, sampled in turn",
        epochs=20,
        model={
            "pitch_dim": 64,
            "time_dim": 32,
            "units": 256,
            "num_layers": 2,
            "head_units": 128,
            "dropout": 0.3,
        },
        training={
            "batch_size": 16,
            "seq_length": 64,
            "learning_rate": 2e-3,
            "decay_epochs": 20,
            "patience": 4,
        },
    ),
    "tutorial": Recipe(
        about="TensorFlow's tutorial: one layer of 128 on 25 notes, times by least squares",
        epochs=20,
        model={"units": 128, "seq_length": 25},
        training={
            "batch_size": 64,
            "seq_length": 25,
            "learning_rate": 5e-3,
            "clip_norm": 1e9,  # the tutorial clips nothing
            "patience": 5,
        },
    ),
}


def note_recipe(name: str) -> Recipe:
    """Return a recipe by its name; ``ValueError`` lists the names."""
    try:
        return NOTE_RECIPES[name]
    except KeyError:
        raise ValueError(
            f"no recipe {name!r} for notes; available are {', '.join(sorted(NOTE_RECIPES))}"
        ) from None
