"""The temperature at which a model predicts given tunes best."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from abcrnn.data.corpus import Corpus, require_corpus
from abcrnn.evaluation.scoring import Scorer

#: Temperatures that are compared: 0.5 to 2, each 9 % above the one before.
_GRID = 2.0 ** np.linspace(-1, 1, 17)


def tune_temperature(model: Any, corpus: Corpus) -> float:
    """Return the temperature at which a model needs the fewest bits for a corpus.

    Tune it on tunes that the model was not trained on, and not on those that are to be
    scored: on the validation part of a split.

    Parameters
    ----------
    model : CharLSTM
    corpus : Corpus
        Such as the validation part.

    Returns
    -------
    float
        From 0.5 to 2. Dividing the logits by it gives the fewest bits per character.

    Raises
    ------
    TypeError
        If ``model`` is not a model, or ``corpus`` not a Corpus.
    ValueError
        If the corpus has no tunes.

    Notes
    -----
    The tunes are read once, for 17 temperatures. Bits are a convex function of
    1 / temperature; the minimum of the parabola through the best value and its neighbours
    is returned.

    Examples
    --------
    >>> temperature = tune_temperature(model, validation)  # doctest: +SKIP
    >>> abcrnn.evaluate(model, test, temperature)["bits_per_char"]  # doctest: +SKIP
    """
    require_corpus("corpus", corpus)
    bits = Scorer(model, progress=True).bits_at(corpus.tunes, _GRID.tolist())
    best = int(np.argmin(bits))
    if best in (0, len(_GRID) - 1):
        return float(_GRID[best])
    near = slice(best - 1, best + 2)
    return 1 / _lowest_point(1 / _GRID[near], bits[near])


def _lowest_point(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Return where the parabola through three points is lowest; the middle one is lower."""
    left, right = np.diff(y) / np.diff(x)
    curvature = (right - left) / (x[2] - x[0])
    if not curvature:  # all three are equal: the logits are zero
        return float(x[1])
    return float((x[0] + x[1]) / 2 - left / (2 * curvature))
