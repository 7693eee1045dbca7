"""ABC as music: the reading of the notation, on the standard library alone.

Standard followed: The abc music standard 2.1, December 2011.
"""

from abcrnn.notation.errors import ABCError
from abcrnn.notation.tunebook import (
    Block,
    drop_fields,
    renumber,
    split_tunebook,
    tune_body,
)

__all__ = ["ABCError", "Block", "drop_fields", "renumber", "split_tunebook", "tune_body"]
