"""Vocabulary: characters to ids and back.

The id of a character is its index among the sorted distinct characters, so the same
text always gives the same vocabulary. Arrays of ids are int32.
"""

from __future__ import annotations

import itertools
import json
import os
import unicodedata
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from abcrnn.data.store import codes_of, text_of
from abcrnn.storage.atomic import write_text
from abcrnn.storage.paths import as_path

_FORMAT = "abcrnn vocabulary 1"


class Vocabulary:
    r"""The characters of a model, with their ids.

    Parameters
    ----------
    characters : str
        At least one character; distinct, in the order of their code points.

    Raises
    ------
    ValueError
        If characters are repeated or not in order, or there is none.

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
                "characters must be distinct and in ascending order; "
                "use Vocabulary.from_text(text) for any text"
            )
        self.characters = characters
        self._codes = codes_of(characters)
        self._ids = np.full(int(self._codes[-1]) + 1, -1, dtype=np.int32)
        self._ids[self._codes] = np.arange(len(characters), dtype=np.int32)

    @classmethod
    def from_text(cls, text: str) -> Vocabulary:
        """Return the vocabulary of the distinct characters of a text.

        Raises
        ------
        TypeError
            If ``text`` is not a string.
        ValueError
            If ``text`` is empty.
        """
        if not isinstance(text, str):
            raise TypeError(f"text must be a string, such as corpus.text, not {text!r:.80}")
        if not text:
            raise ValueError("the text is empty: a vocabulary needs at least one character")
        return cls(text_of(np.unique(codes_of(text))))

    def normalize(self, text: str) -> str:
        r"""Return a text with accented letters as this vocabulary has them.

        An accented letter may be one character (Unicode's form NFC) or a letter and an accent
        (NFD). Tunebooks are read as NFC; earlier versions did not change them.

        Parameters
        ----------
        text : str

        Returns
        -------
        str
            The text itself if all its characters are known, otherwise in the first of NFC and
            NFD in which they are; in NFC if they are known in neither.

        Examples
        --------
        >>> Vocabulary("\xe9").normalize("e\u0301") == "\xe9"
        True
        """
        forms = [text, *(unicodedata.normalize(form, text) for form in ("NFC", "NFD"))]
        known = set(self.characters)
        return next((form for form in forms if known.issuperset(form)), forms[1])

    def encode(
        self, text: str, errors: Literal["strict", "ignore", "replace"] = "strict"
    ) -> NDArray[np.int32]:
        """Return the ids of a text.

        Parameters
        ----------
        text : str
        errors : {"strict", "ignore", "replace"}
            Handling of characters outside the vocabulary: ``"strict"`` raises an
            error, ``"ignore"`` leaves them out, ``"replace"`` encodes ``?`` instead
            (or a space if the vocabulary has no ``?``).

        Returns
        -------
        ndarray, shape (characters,), int32

        Raises
        ------
        ValueError
            If a character is not in the vocabulary and ``errors`` is ``"strict"``; the
            message names the character, its line and column.
        """
        if errors not in ("strict", "ignore", "replace"):
            raise ValueError(f"errors must be 'strict', 'ignore' or 'replace', not {errors!r}")
        ids = self.lookup(text)
        unknown = ids < 0
        if not unknown.any():
            return ids
        if errors == "ignore":
            return ids[~unknown]
        if errors == "replace":
            return np.where(unknown, self._replacement(), ids)
        raise ValueError(self._unknown_message(text, int(np.argmax(unknown))))

    def lookup(self, text: str) -> NDArray[np.int32]:
        """Return the ids of a text, -1 for each character outside the vocabulary.

        Returns
        -------
        ndarray, shape (characters,), int32
        """
        if not isinstance(text, str):
            raise TypeError(f"text must be a string, such as corpus.text, not {text!r:.80}")
        codes = codes_of(text)
        return np.where(
            codes < len(self._ids), self._ids[np.minimum(codes, len(self._ids) - 1)], np.int32(-1)
        )

    def decode(self, ids: ArrayLike) -> str:
        """Return the text of ids.

        Parameters
        ----------
        ids : array-like, shape (characters,), int

        Raises
        ------
        ValueError
            If an id is below 0 or not below the size of the vocabulary.
        """
        array = np.asarray(ids)
        if array.size == 0:
            return ""
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise ValueError(f"ids must be a list of whole numbers, not {ids!r:.80}")
        if array.min() < 0 or array.max() >= len(self):
            raise ValueError(
                f"ids must be from 0 to {len(self) - 1}, not {array.min()} to {array.max()}"
            )
        return text_of(self._codes[array])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save the vocabulary as a JSON file."""
        write_text(path, json.dumps({"format": _FORMAT, "characters": self.characters}) + "\n")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Vocabulary:
        """Load a vocabulary saved by :meth:`save`; ``ValueError`` if the file is not one."""
        try:
            content = json.loads(as_path(path).read_text(encoding="utf-8"))
            if content["format"] != _FORMAT:
                raise ValueError(f"its format is {content['format']!r}")
            return cls(content["characters"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ValueError(
                f"{path} is not a vocabulary saved by abcrnn: {error!s:.300}"
            ) from error

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

    def _unknown_message(self, text: str, index: int) -> str:
        line = text.count("\n", 0, index) + 1
        column = index - (text.rfind("\n", 0, index) + 1) + 1
        return (
            f"the character {text[index]!r} at line {line}, column {column} is not among the "
            f"{len(self)} that the model knows: {self.characters!r}"
        )
