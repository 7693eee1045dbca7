"""Characters to ids and back.

The ids are the places of the sorted distinct characters: the same text always
gives the same vocabulary. Arrays of ids are int32.
"""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from abcrnn.data.store import codes_of, text_of
from abcrnn.storage.atomic import write_text

_FORMAT = "abcrnn vocabulary 1"


class Vocabulary:
    r"""The characters that a model knows, in order.

    Parameters
    ----------
    characters : str
        Distinct characters in rising order, at least one.

    Raises
    ------
    ValueError
        If a character comes twice or out of order, or there is none.

    Examples
    --------
    >>> vocabulary = Vocabulary.from_text("X:1\nK:D\n")
    >>> vocabulary.characters
    '\n1:DKX'
    >>> vocabulary.encode("K:D")
    array([4, 2, 3], dtype=int32)
    >>> vocabulary.decode([4, 2, 3])
    'K:D'
    """

    def __init__(self, characters: str) -> None:
        if not isinstance(characters, str) or not characters:
            raise ValueError(
                f"characters must be a string of at least one character, not {characters!r}"
            )
        if any(a >= b for a, b in itertools.pairwise(characters)):
            raise ValueError(
                "characters must be distinct and in rising order; "
                "Vocabulary.from_text(text) makes them so"
            )
        self.characters = characters
        self._codes = codes_of(characters)
        self._ids = np.full(int(self._codes[-1]) + 1, -1, dtype=np.int32)
        self._ids[self._codes] = np.arange(len(characters), dtype=np.int32)

    @classmethod
    def from_text(cls, text: str) -> Vocabulary:
        """Collect the distinct characters of a text; ``ValueError`` if it is empty."""
        if not text:
            raise ValueError("the text is empty: a vocabulary needs at least one character")
        return cls(text_of(np.unique(codes_of(text))))

    def encode(
        self, text: str, errors: Literal["strict", "ignore", "replace"] = "strict"
    ) -> NDArray[np.int32]:
        """Turn text into ids.

        Parameters
        ----------
        text : str
        errors : {"strict", "ignore", "replace"}
            What becomes of a character outside the vocabulary: an error, nothing,
            or the vocabulary's ``?`` (a space if it has no ``?``).

        Returns
        -------
        ndarray, shape (characters,), int32

        Raises
        ------
        ValueError
            For an unknown character under ``"strict"``: it names the character and its place.
        """
        if errors not in ("strict", "ignore", "replace"):
            raise ValueError(f"errors must be 'strict', 'ignore' or 'replace', not {errors!r}")
        codes = codes_of(text)
        ids = np.where(
            codes < len(self._ids), self._ids[np.minimum(codes, len(self._ids) - 1)], np.int32(-1)
        )
        unknown = ids < 0
        if not unknown.any():
            return ids
        if errors == "ignore":
            return ids[~unknown]
        if errors == "replace":
            return np.where(unknown, self._replacement(), ids)
        raise ValueError(self._unknown_message(text, int(np.argmax(unknown))))

    def decode(self, ids: ArrayLike) -> str:
        """Turn ids into text.

        Raises
        ------
        ValueError
            If an id is below 0 or not below the vocabulary's size.
        """
        array = np.asarray(ids)
        if array.size == 0:
            return ""
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise ValueError(f"ids must be a row of whole numbers, not {ids!r}")
        if array.min() < 0 or array.max() >= len(self):
            raise ValueError(
                f"ids must lie from 0 to {len(self) - 1}; got {array.min()} to {array.max()}"
            )
        return text_of(self._codes[array])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the vocabulary as a small JSON file."""
        write_text(path, json.dumps({"format": _FORMAT, "characters": self.characters}) + "\n")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Vocabulary:
        """Read what :meth:`save` wrote; ``ValueError`` if the file is something else."""
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            if content["format"] != _FORMAT:
                raise ValueError(f"its format is {content['format']!r}")
            return cls(content["characters"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ValueError(f"{path} is not a vocabulary saved by abcrnn: {error}") from error

    def __len__(self) -> int:
        return len(self.characters)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.characters == other.characters

    def __hash__(self) -> int:
        return hash(self.characters)

    def __repr__(self) -> str:
        return f"Vocabulary({self.characters!r})"

    def _replacement(self) -> np.int32:
        for character in "? ":
            if character in self.characters:
                return np.int32(self.characters.index(character))
        raise ValueError(
            "errors='replace' needs '?' or a space in the vocabulary; use errors='ignore'"
        )

    def _unknown_message(self, text: str, place: int) -> str:
        line = text.count("\n", 0, place) + 1
        column = place - (text.rfind("\n", 0, place) + 1) + 1
        return (
            f"the character {text[place]!r} at line {line}, column {column} is not among the "
            f"{len(self)} that the model knows: {self.characters!r}"
        )
