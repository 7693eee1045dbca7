"""A recipe for tests in which the model does not matter.

The recipe ``quick`` has a tune memory, which takes several times as long to compile. Tests
of the recipe itself name it.
"""

from pathlib import Path

#: A recipe file: 16 units, batches of four rows of 32 characters, three epochs.
TINY_RECIPE = str(Path(__file__).parents[1] / "fixtures" / "tiny-recipe.json")
