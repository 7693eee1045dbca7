"""Key variants of training tunes, kept in the cache folder from run to run.

Transposing takes about ten milliseconds for each variant, so half a minute for a tunebook
of a thousand tunes. A file holds the variants of one set of tunes and one vocabulary; its
name is a digest of these and of the code that transposes. Read variants equal newly made
ones, so a run does not depend on the cache.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from abcrnn.data import augmentation, novelty
from abcrnn.data.augmentation import KeyVariants, make_key_variants
from abcrnn.data.cached_files import code_digest, keep_last_used
from abcrnn.data.registry import cache_folder
from abcrnn.data.store import StoredTunes
from abcrnn.data.vocabulary import Vocabulary
from abcrnn.storage.atomic import write_text

_logger = logging.getLogger(__name__)

_FORMAT = "abcrnn key variants 1"
_MIN_TUNES = 100  # fewer are transposed in about two seconds
_MAX_FILES = 16


def load_key_variants(tunes: Sequence[str], vocabulary: Vocabulary) -> KeyVariants:
    """Return what :func:`make_key_variants` returns, from the cache folder if it is there.

    New variants of at least 100 tunes are written to the subfolder ``variants`` of the
    cache folder, which keeps the 16 sets that were used last.

    Parameters
    ----------
    tunes : sequence of str
    vocabulary : Vocabulary

    Returns
    -------
    KeyVariants

    Raises
    ------
    ValueError
        If the tunes are in a store.
    """
    if isinstance(tunes, StoredTunes) or len(tunes) < _MIN_TUNES:
        return make_key_variants(tunes, vocabulary)
    file = cache_folder() / "variants" / f"{_key(tunes, vocabulary)}.json"
    variants = _read(file, tunes, vocabulary)
    if variants is None:
        variants = make_key_variants(tunes, vocabulary)
        _write(file, variants)
    return variants


def _key(tunes: Sequence[str], vocabulary: Vocabulary) -> str:
    content = json.dumps([_FORMAT, _code_digest(), vocabulary.characters, list(tunes)])
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def _code_digest() -> str:
    """Return a digest of the modules that read and transpose tunes."""
    return code_digest(augmentation, novelty)


def _read(file: Path, tunes: Sequence[str], vocabulary: Vocabulary) -> KeyVariants | None:
    """Return the variants in a file; None if there are none, or invalid ones."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        variants = _checked(found, tunes, vocabulary)
        file.touch()  # the files that were used last are kept
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        _logger.warning("%s cannot be used (%s); the tunes are transposed again", file, error)
        return None
    return variants


def _checked(found: Any, tunes: Sequence[str], vocabulary: Vocabulary) -> KeyVariants:
    texts, sizes, weights = (found[name] for name in ("tunes", "sizes", "weights"))
    if not all(type(number) is int and number > 0 for number in (*sizes, *weights)):
        raise ValueError("it has a size or weight that is not a positive whole number")
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("it has a tune that is not text")
    variants = KeyVariants(tuple(texts), sizes, weights)
    firsts = accumulate(sizes[:-1], initial=0)
    if [texts[first] for first in firsts] != list(tunes):
        raise ValueError("its tunes differ")
    moved = set().union(*texts) - set().union(*tunes)
    if not moved.issubset(vocabulary.characters):
        raise ValueError("it has characters outside the vocabulary")
    return variants


def _write(file: Path, variants: KeyVariants) -> None:
    """Write a file, and remove those that were not used for longest; errors are only logged."""
    content = {"tunes": variants.tunes, "sizes": variants.sizes, "weights": variants.weights}
    try:
        write_text(file, json.dumps(content))
        keep_last_used(file, _MAX_FILES)
    except OSError as error:
        _logger.warning("the transposed tunes could not be cached: %s", error)
